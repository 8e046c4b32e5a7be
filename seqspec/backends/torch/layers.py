"""Layers other than recurrent ones: their modules, and what one application computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr, Group, Sum, call, flat, literal
from seqspec.backends.torch import activations
from seqspec.backends.torch.initialisers import draw
from seqspec.backends.torch.parts import Draw, Module, Part, Piece, Stored
from seqspec.shapes.dim import Dim
from seqspec.types import Tensor
from seqspec.vocabulary.spec import OwnedWeight


@dataclass(frozen=True, slots=True)
class Applied:
    """One application: the module's name, the operands with their types, sizes as expressions."""

    args: Mapping[str, Any]
    owner: str
    operands: Sequence[str]
    types: Sequence[Tensor]
    result: Tensor
    size: Callable[[Dim], str]


@dataclass(frozen=True, slots=True)
class Lowering:
    """A layer's modules and expression. ``stepwise`` says that the layer treats all but the last
    axis alike, so that applying it per step is applying it; a batch norm averages over them all.
    """

    parts: Callable[[str, Mapping[str, Any], Mapping[str, OwnedWeight]], tuple[Part, ...]]
    expression: Callable[[Applied], Expr]
    stepwise: bool = False


def _size(weight: OwnedWeight, axis: int) -> int:
    size = weight.shape[axis].value
    assert size is not None, "the checker lets no weight of unknown size through"
    return size


def _none(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    return ()


def _module(applied: Applied) -> Call:
    return Call(applied.owner, (Code(applied.operands[0]),))


# ------------------------------------------------------------------------------------ with weights


def _embedding(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    table = weights["embeddings"]
    build = call("nn.Embedding", _size(table, 0), _size(table, 1))
    first = draw(table.initializer, "{0}.weight", table, transposed=False)
    return (
        Part(
            Module(name, "nn.Embedding", build),
            (first,),
            (Stored("embeddings", (Piece("weight"),)),),
        ),
    )


def _dense(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    kernel, bias = weights["kernel"], weights.get("bias")
    build = Call("nn.Linear", (_size(kernel, 0), _size(kernel, 1)))
    draws = [draw(kernel.initializer, "{0}.weight", kernel)]
    stored = [Stored("kernel", (Piece("weight", transposed=True),))]
    if bias is None:
        build = Call(build.function, build.args, (("bias", False),))
    else:
        draws.append(draw(bias.initializer, "{0}.bias", bias))
        stored.append(Stored("bias", (Piece("bias"),)))
    return (Part(Module(name, "nn.Linear", build), tuple(draws), tuple(stored)),)


def _dense_expression(applied: Applied) -> Expr:
    return activations.apply(applied.args["activation"], _module(applied))


_BATCH_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def _batch_norm(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    # PyTorch's is the share of the new batch, Keras's that of the past.
    momentum = round(1 - args["momentum"], 12)
    keywords: list[tuple[str, Expr]] = [("eps", args["epsilon"]), ("momentum", momentum)]
    affine = args["center"] or args["scale"]
    if not affine:
        keywords.append(("affine", False))
    fixed: list[Draw] = []
    if affine and not args["scale"]:
        fixed.append(
            Draw("nn.init.ones_", "{0}.weight", after=".requires_grad_(False)", note="no scale")
        )
    if affine and not args["center"]:
        fixed.append(
            Draw("nn.init.zeros_", "{0}.bias", after=".requires_grad_(False)", note="no shift")
        )
    build = Call("nn.BatchNorm1d", (_size(weights["moving_mean"], 0),), tuple(keywords))
    stored = tuple(Stored(key, (Piece(_BATCH_NORM[key]),)) for key in weights)
    note = f"Keras's momentum: {literal(args['momentum'])}"
    return (Part(Module(name, "nn.BatchNorm1d", build, note), tuple(fixed), stored),)


def _batch_norm_expression(applied: Applied) -> Expr:
    x, rank = applied.operands[0], applied.types[0].rank
    if rank == 2:
        return _module(applied)
    # One mean for each feature over samples and steps, which PyTorch takes over the first axis.
    return folded(x, rank - 2, lambda y: Call(applied.owner, (Code(y),)))


def folded(x: str, axes: int, inside: Callable[[str], Expr]) -> Code:
    """``inside`` applied with the first ``1 + axes`` axes of ``x`` as one."""
    result = flat(inside(f"{x}.flatten(0, {axes})"))
    return Code(f"{result}.unflatten(0, {x}.shape[:{axes + 1}])")


# --------------------------------------------------------------------------------- without weights


def _dropout(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    return (Part(Module(name, "nn.Dropout", call("nn.Dropout", args["rate"]))),)


def _activation_expression(applied: Applied) -> Expr:
    return activations.apply(applied.args["function"], Code(applied.operands[0]))


def _softmax_expression(applied: Applied) -> Expr:
    return activations.apply("softmax", Code(applied.operands[0]))


def _repeat_expression(applied: Applied) -> Expr:
    steps = Code(applied.size(applied.result.shape[1]))
    return call(f"{applied.operands[0]}[:, None].expand", -1, steps, -1)


def _flatten_expression(applied: Applied) -> Expr:
    if applied.types[0].rank == 1:  # PyTorch flattens no axis that is not there
        return call(f"{applied.operands[0]}.unsqueeze", 1)
    return call(f"{applied.operands[0]}.flatten", 1)


def _concat_expression(applied: Applied) -> Expr:
    operands = Group("[", tuple(Code(x) for x in applied.operands))
    return call("torch.cat", operands, dim=applied.args["axis"])


def _add_expression(applied: Applied) -> Expr:
    return Sum(tuple(Code(x) for x in applied.operands))


LAYERS: Mapping[str, Lowering] = {
    "embedding": Lowering(_embedding, _module, stepwise=True),
    "dense": Lowering(_dense, _dense_expression, stepwise=True),
    "activation": Lowering(_none, _activation_expression, stepwise=True),
    "softmax": Lowering(_none, _softmax_expression, stepwise=True),
    "dropout": Lowering(_dropout, _module, stepwise=True),
    "batch_norm": Lowering(_batch_norm, _batch_norm_expression, stepwise=True),
    "repeat": Lowering(_none, _repeat_expression),
    "flatten": Lowering(_none, _flatten_expression),
    "concat": Lowering(_none, _concat_expression),
    "add": Lowering(_none, _add_expression),
}
