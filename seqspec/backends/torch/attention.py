"""Attention: a function of PyTorch where nothing is learnt, otherwise a class of the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr
from seqspec.backends.torch.initialisers import draw
from seqspec.backends.torch.lowering import Applied, Lowering, size_of
from seqspec.backends.torch.parts import Draw, Module, Part, Piece, Stored
from seqspec.vocabulary.spec import OwnedWeight

_Weights = Mapping[str, OwnedWeight]


def _scores(
    name: str,
    kind: str,
    sizes: tuple[Expr, ...],
    rate: float,
    draws: tuple[Draw, ...],
    weights: _Weights,
) -> tuple[Part, ...]:
    keywords = (("dropout", rate),) if rate else ()
    stored = tuple(Stored(key, (Piece(key),)) for key in weights)
    return (Part(Module(name, kind, Call(kind, sizes, keywords)), draws, stored),)


def _fixed(weight: str) -> Draw:
    """What keeps a factor from being learnt where there is none."""
    return Draw("nn.init.ones_", f"{{0}}.{weight}", after=".requires_grad_(False)", note="no scale")


def _attention(name: str, args: Mapping[str, Any], weights: _Weights) -> tuple[Part, ...]:
    if not weights:
        return ()
    kind = "ConcatAttention" if args["score_mode"] == "concat" else "ScaledAttention"
    draws = [draw(weight.initializer, f"{{0}}.{key}", weight) for key, weight in weights.items()]
    if not args["use_scale"]:
        draws.append(_fixed("scale"))
    return _scores(name, kind, (), args["dropout"], tuple(draws), weights)


def _attention_expression(applied: Applied) -> Expr:
    if applied.owner:
        return _weighed(applied)
    query, value, key = (Code(x) for x in applied.operands)
    keywords: list[tuple[str, Expr]] = []
    if applied.args["dropout"]:
        rate = applied.args["dropout"]
        keywords.append(("dropout_p", Code(f"{rate!r} if self.training else 0.0")))
    if _value_mask(applied):
        keywords.append(("attn_mask", _unseen(applied)))
    elif applied.args["causal"]:
        keywords.append(("is_causal", True))
    keywords.append(("scale", 1.0))
    function = "functional.scaled_dot_product_attention"
    return Call(function, (query, key, value), tuple(keywords), _blank(applied))


def _value_mask(applied: Applied) -> str:
    return applied.masks[1]


def _unseen(applied: Applied) -> Expr:
    """What is added to the scores so that padding is not attended to."""
    operands = (Code(applied.operands[0]), Code(_value_mask(applied)))
    return Call("unseen", operands, (("causal", True),) if applied.args["causal"] else ())


def _blank(applied: Applied) -> str:
    """What puts zeros where the query is padding."""
    return f".masked_fill(~{applied.mask}[..., None], 0.0)" if applied.mask else ""


def _additive(name: str, args: Mapping[str, Any], weights: _Weights) -> tuple[Part, ...]:
    scale = weights.get("scale")
    if scale is None:
        return _scores(name, "AdditiveAttention", (1,), args["dropout"], (_fixed("scale"),), {})
    draws = (draw(scale.initializer, "{0}.scale", scale),)
    return _scores(name, "AdditiveAttention", (size_of(scale, 0),), args["dropout"], draws, weights)


def _module(applied: Applied, *keywords: tuple[str, Expr], behind: str = "") -> Expr:
    return Call(applied.owner, tuple(Code(x) for x in applied.operands), keywords, behind)


def _weighed(applied: Applied) -> Expr:
    if _value_mask(applied):
        return _module(applied, ("unseen", _unseen(applied)), behind=_blank(applied))
    return _module(applied, *_causal(applied), behind=_blank(applied))


def _causal(applied: Applied) -> tuple[tuple[str, Expr], ...]:
    return (("causal", True),) if applied.args["causal"] else ()


# -------------------------------------------------------------------------------------- many heads


def _heads(name: str, args: Mapping[str, Any], weights: _Weights) -> tuple[Part, ...]:
    widths = {key: size_of(weights[f"{key}/kernel"], 0) for key in ("query", "value", "key")}
    heads, output = args["num_heads"], weights["attention_output/kernel"]
    keywords: list[tuple[str, Expr]] = [("heads", heads), ("key_dim", args["key_dim"])]
    if args["value_dim"] not in (None, args["key_dim"]):
        keywords.append(("value_dim", args["value_dim"]))
    if size_of(output, 2) != widths["query"]:
        keywords.append(("output", size_of(output, 2)))
    if args["dropout"]:
        keywords.append(("dropout", args["dropout"]))
    if not args["use_bias"]:
        keywords.append(("bias", False))
    build = Call("MultiHeadAttention", tuple(widths.values()), tuple(keywords))
    draws: list[Draw] = []
    stored: list[Stored] = []
    for path, weight in weights.items():
        projection, kind = path.split("/")
        projection = projection.removeprefix("attention_")
        tensor = f"{projection}.{'weight' if kind == 'kernel' else 'bias'}"
        draws.append(_draw(projection, kind, weight, heads))
        stored.append(Stored(path, (_piece(tensor, projection, weight),)))
    return (Part(Module(name, "MultiHeadAttention", build), tuple(draws), tuple(stored)),)


def _draw(projection: str, kind: str, weight: OwnedWeight, heads: int) -> Draw:
    if kind == "bias":
        return draw(weight.initializer, f"{{0}}.{projection}.bias", weight, transposed=False)
    target = f"{{0}}.{projection}.weight"
    if weight.initializer.name == "orthogonal" and projection != "output":
        # Keras takes inputs and heads as the rows of the matrix.
        gain = weight.initializer.args["gain"]
        keywords: tuple[tuple[str, Expr], ...] = (("gain", gain),) if gain != 1 else ()
        return Draw("orthogonal_heads_", target, keywords, (heads,))
    return draw(weight.initializer, target, weight, transposed=False)


def _piece(tensor: str, projection: str, weight: OwnedWeight) -> Piece:
    """Keras keeps heads on an axis of their own, PyTorch's linear layers side by side."""
    sizes = [size_of(weight, axis) for axis in range(len(weight.shape))]
    if projection == "output":
        if len(sizes) == 1:
            return Piece(tensor)
        return Piece(
            tensor, turn=f".T.unflatten(0, ({sizes[0]}, {sizes[1]}))", back=".flatten(0, 1).T"
        )
    if len(sizes) == 2:
        return Piece(tensor, turn=f".unflatten(0, ({sizes[0]}, {sizes[1]}))", back=".flatten()")
    return Piece(tensor, turn=f".T.unflatten(1, ({sizes[1]}, {sizes[2]}))", back=".flatten(1).T")


def _attending(applied: Applied) -> Expr:
    query, value, key = applied.masks
    seen = [f"{query}[:, :, None]"] if query else []
    seen += [f"{mask}[:, None]" for mask in dict.fromkeys((value, key)) if mask]
    keywords: tuple[tuple[str, Expr], ...] = (("seen", Code(" & ".join(seen))),) if seen else ()
    return _module(applied, *_causal(applied), *keywords)


LAYERS: Mapping[str, Lowering] = {
    "attention": Lowering(_attention, _attention_expression),
    "additive_attention": Lowering(_additive, _weighed),
    "multi_head_attention": Lowering(_heads, _attending),
}
