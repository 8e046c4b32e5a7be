"""Layers other than recurrent ones: their modules, and what one application computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from seqspec.backends.python_text import Call, Choice, Code, Expr, Sum, call, flat, literal
from seqspec.backends.torch import activations, attention, images, rearranging, windows
from seqspec.backends.torch.forms import FORMS
from seqspec.backends.torch.initialisers import draw
from seqspec.backends.torch.lowering import (
    Applied,
    Lowering,
    module,
    nothing,
    parameter,
    size_of,
)
from seqspec.backends.torch.parts import Draw, Module, Part, Piece, Stored
from seqspec.vocabulary.spec import OwnedWeight

# ------------------------------------------------------------------------------------ with weights


def _embedding(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    table = weights["embeddings"]
    fixed = "" if table.trainable else ".requires_grad_(False)"
    build = Call("nn.Embedding", (size_of(table, 0), size_of(table, 1)), behind=fixed)
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
    kernel, bias = weights.get("kernel"), weights.get("bias")
    if kernel is None:  # it is another layer's
        return () if bias is None else (parameter(f"{name}_bias", "bias", bias),)
    build = Call("nn.Linear", (size_of(kernel, 0), size_of(kernel, 1)))
    draws = [draw(kernel.initializer, "{0}.weight", kernel)]
    stored = [Stored("kernel", (Piece("weight", transposed=True),))]
    if bias is None:
        build = Call(build.function, build.args, (("bias", False),))
    else:
        draws.append(draw(bias.initializer, "{0}.bias", bias))
        stored.append(Stored("bias", (Piece("bias"),)))
    return (Part(Module(name, "nn.Linear", build), tuple(draws), tuple(stored)),)


def _dense_expression(applied: Applied) -> Expr:
    result = module(applied)
    if applied.tied:
        operands = [applied.operands[0], applied.tied["kernel"]]
        operands += [f"{applied.owner}_bias"] if applied.args["use_bias"] else []
        result = Call("functional.linear", tuple(map(Code, operands)))
    return activations.apply(applied.args["activation"], result)


_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def _fixed(args: Mapping[str, Any]) -> tuple[Draw, ...]:
    """What keeps a factor or an offset, of which PyTorch has both or none, from being learnt."""
    draws: list[Draw] = []
    if not args["scale"]:
        draws.append(
            Draw("nn.init.ones_", "{0}.weight", after=".requires_grad_(False)", note="no scale")
        )
    if not args["center"]:
        draws.append(
            Draw("nn.init.zeros_", "{0}.bias", after=".requires_grad_(False)", note="no shift")
        )
    return tuple(draws)


def _batch_norm(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    # PyTorch's is the share of the new batch, Keras's that of the past.
    momentum = round(1 - args["momentum"], 12)
    keywords: list[tuple[str, Expr]] = [("eps", args["epsilon"]), ("momentum", momentum)]
    affine = args["center"] or args["scale"]
    if not affine:
        keywords.append(("affine", False))
    fixed = _fixed(args) if affine else ()
    build = Call("nn.BatchNorm1d", (size_of(weights["moving_mean"], 0),), tuple(keywords))
    stored = tuple(Stored(key, (Piece(_NORM[key]),)) for key in weights)
    note = f"Keras's momentum: {literal(args['momentum'])}"
    return (Part(Module(name, "nn.BatchNorm1d", build, note), fixed, stored),)


def _batch_norm_expression(applied: Applied) -> Expr:
    x, rank = applied.operands[0], applied.types[0].rank
    if rank == 2:
        return module(applied)
    if applied.mask:
        return call("normalise", Code(applied.owner), Code(x), Code(applied.mask))
    # One mean for each feature over samples and steps, which PyTorch takes over the first axis.
    return folded(x, rank - 2, lambda y: Call(applied.owner, (Code(y),)))


def _layer_norm(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    if not weights:
        return ()
    keywords: list[tuple[str, Expr]] = [("eps", args["epsilon"])]
    if not args["center"]:
        keywords.append(("bias", False))
    build = Call("nn.LayerNorm", (size_of(next(iter(weights.values())), 0),), tuple(keywords))
    stored = tuple(Stored(key, (Piece(_NORM[key]),)) for key in weights)
    # An offset alone still has a factor beside it, which stays one.
    fixed = () if args["scale"] else _fixed(args)
    return (Part(Module(name, "nn.LayerNorm", build), fixed, stored),)


def _layer_norm_expression(applied: Applied) -> Expr:
    if applied.owner:
        return module(applied)
    x = Code(applied.operands[0])
    width = Code(f"{x}.shape[-1:]")
    return call("functional.layer_norm", x, width, eps=applied.args["epsilon"])


def _group_norm(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    if not weights:
        return ()
    width = size_of(next(iter(weights.values())), 0)
    groups = width if args["groups"] == -1 else args["groups"]
    build = call("nn.GroupNorm", groups, width, eps=args["epsilon"])
    stored = tuple(Stored(key, (Piece(_NORM[key]),)) for key in weights)
    return (Part(Module(name, "nn.GroupNorm", build), _fixed(args), stored),)


def _group_norm_expression(applied: Applied) -> Expr:
    x, rank, args = applied.operands[0], applied.types[0].rank, applied.args
    # PyTorch has the features on the axis after the batch; all others count as steps. As axes of
    # their own, behind the features, they crash PyTorch 2.13 where the input needs no gradient.
    turn, back = (".mT", ".mT") if rank > 2 else ("", "")
    if rank > 3:
        turn, back = f".flatten(1, -2){turn}", f"{back}.unflatten(1, {x}.shape[1:-1])"
    features = Code(f"{x}{turn}")
    if applied.owner:
        return Call(applied.owner, (features,), behind=back)
    groups = Code(f"{x}.shape[-1]") if args["groups"] == -1 else args["groups"]
    normalised = call("functional.group_norm", features, groups, eps=args["epsilon"])
    return replace(normalised, behind=back)


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


def _one_hot_expression(applied: Applied) -> Expr:
    width = applied.result.shape[-1].value
    assert width is not None, "the checker has seen to it"
    return replace(call("functional.one_hot", Code(applied.operands[0]), width), behind=".float()")


def _softmax_expression(applied: Applied) -> Expr:
    return activations.apply("softmax", Code(applied.operands[0]))


def _spatial_dropout(
    name: str, args: Mapping[str, Any], weights: Mapping[str, OwnedWeight]
) -> tuple[Part, ...]:
    return (Part(Module(name, "nn.Dropout1d", call("nn.Dropout1d", args["rate"]))),)


def _spatial_dropout_expression(applied: Applied) -> Expr:
    # PyTorch drops rows of [B, F, T].
    return Call(applied.owner, (Code(f"{applied.operands[0]}.mT"),), behind=".mT")


def _noise_expression(applied: Applied) -> Expr:
    x = Code(applied.operands[0])
    noise = Code(f"{literal(applied.args['stddev'])} * torch.randn_like({x})")
    return Choice(Sum((x, noise)), Code("self.training"), x)


#: layers that apply an activation to their result at the end
ACTIVATED = frozenset({"dense", "conv_1d", "conv_2d"})

LAYERS: Mapping[str, Lowering] = {
    "embedding": Lowering(_embedding, module, stepwise=True),
    "one_hot": Lowering(nothing, _one_hot_expression, stepwise=True),
    "dense": Lowering(_dense, _dense_expression, stepwise=True),
    "activation": Lowering(nothing, _activation_expression, stepwise=True),
    "softmax": Lowering(nothing, _softmax_expression, stepwise=True),
    "dropout": Lowering(_dropout, module, stepwise=True),
    "batch_norm": Lowering(_batch_norm, _batch_norm_expression, stepwise=True),
    "spatial_dropout": Lowering(_spatial_dropout, _spatial_dropout_expression),
    "gaussian_noise": Lowering(nothing, _noise_expression, stepwise=True),
    "layer_norm": Lowering(_layer_norm, _layer_norm_expression, stepwise=True),
    "group_norm": Lowering(_group_norm, _group_norm_expression),
    **rearranging.LAYERS,
    **windows.LAYERS,
    **images.LAYERS,
    **attention.LAYERS,
}

#: the same for whatever a node of a graph may be
LOWERINGS: Mapping[str, Lowering] = {**LAYERS, **FORMS}
