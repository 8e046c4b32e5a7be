"""Models over padded sequences: each kind of mask with each layer that reads or passes one on."""

from __future__ import annotations

KINDS = {
    "token": ("token(13, pad=3)[B, T]", "x -> embedding(6)"),
    "value": ("float(pad=-1)[B, T, 6]", "x -> dense(6)"),
    "lengths": ("float(pad=lengths)[B, T, 6]", "x -> dense(6)"),
}

#: what follows the first layer; T names the steps
_LAYERS = {
    "lstm": "lstm(4)",
    "gru steps": "gru(4, return=sequence) -> gru(3)",
    "rnn backwards": "simple_rnn(4, return=sequence, go_backwards=true) -> gru(3)",
    "lstm backwards": "lstm(4, go_backwards=true)",
    "lstm loop steps": "lstm(4, return=sequence, activation=relu) -> lstm(3)",
    "gru loop": "gru(4, recurrent_dropout=0.1, dropout=0.1)",
    "gru early loop steps": "gru(4, return=sequence, reset_after=false) -> simple_rnn(3)",
    "concat": "bidirectional(lstm(4, return=sequence)) -> gru(3)",
    "sum": "bidirectional(gru(4), merge_mode=sum)",
    "sum steps": "bidirectional(gru(4, return=sequence), merge_mode=sum)",
    "ave two modules": "bidirectional(gru(4, return=sequence, dropout=0.2), merge_mode=ave)",
    "mul two loops": "bidirectional(lstm(4, return=sequence, activation=relu), merge_mode=mul)",
    "concat two loops": "bidirectional(simple_rnn(4, activation=softsign))",
    "normalised": "batch_norm -> dense(5) -> layer_norm -> softmax",
    "no scale": "batch_norm(scale=false, center=false) -> gru(4, return=sequence)",
    "mean": "batch_norm -> dropout(0.1) -> global_average_pooling_1d",
    "each": "each(dense(4, activation=tanh)) -> each(batch_norm) -> gru(3)",
    "features": "gru(4, return=sequence) -> reverse -> lstm(3, return=sequence)",
}


def model(kind: str, body: str, more: str = "") -> str:
    """A model over a padded input; ``{first}`` in the body is its first layer."""
    type_, first = KINDS[kind]
    return f"model M(x: {type_}{more}) {{\n    {body.replace('{first}', first)}\n}}\n"


_STATES = """h = {first}
    e = h -> lstm(4)
    d = h -> lstm(4, initial=e.state, return=sequence)
    f = d -> gru(4, initial=e.state.h, return=sequence)
    f -> gru(4, initial=e.state.h, activation=relu, return=sequence)"""

_BOTH_STATES = """h = {first}
    e = h -> bidirectional(gru(4))
    d = h -> bidirectional(gru(4, return=sequence), initial=e.state)
    g = d -> bidirectional(lstm(3, return=sequence), merge_mode=none)
    concat(g.forward.sequence, g.backward.sequence)"""

_JOINED = """h = {first}
    j = add(h, y) -> gru(4, return=sequence)
    k = concat(z, h, axis=1) -> gru(4)
    l = 2 * j - j[:, :, :] -> bidirectional(gru(2))
    add(k, l)"""

_PART = """model Part(x: float[B, T, 6], s: float[B, 4]) -> (a: float[B, T, 4], b: float[B, 6]) {
    a = x -> reverse -> gru(4, return=sequence, initial=s)
    b = x -> batch_norm -> global_average_pooling_1d
}
"""

_SELF = """h = {first}
    a = h -> attention(causal=true) -> additive_attention -> attention(use_scale=true)
    b = h -> attention(score_mode=concat) -> additive_attention(causal=true) -> gru(3)
    c = h -> multi_head_attention(2, 3) -> multi_head_attention(2, 3, causal=true)
    d = add(a, c) -> multi_head_attention(2, 3, dropout=0.1) -> global_average_pooling_1d
    concat(b, d)"""

#: with each layer that attends in the place of {attend}
_ACROSS = """h = {first}
    a = h -> {attend}(y)
    b = {attend}(h, z, causal=true)
    q = {attend}(z, h)
    d = {attend}(y, value=h, key=h * 2, causal=true)
    p = concat(a, b, d)"""

_ACROSS_MORE = """, y: float(pad=0)[B, T, 6], z: float[B, T, 6]) \
-> (p: float[B, T, 18], q: float[B, T, 6]"""

_ATTENDING = {
    "attention": "{attend}(",
    "attention scaled": "{attend}(use_scale=true, ",
    "attention concat": "{attend}(score_mode=concat, ",
    "additive_attention": "{attend}(",
    "multi_head_attention": "{attend}(num_heads=2, key_dim=3, ",
    "multi_head_attention dropped": "{attend}(num_heads=2, key_dim=3, dropout=0.1, ",
}


def _across(name: str) -> str:
    """Queries and values: padded both, one, or the other, with keys of their own."""
    settings = _ATTENDING[name].removeprefix("{attend}(").removesuffix(", ")
    lines = _ACROSS.replace("{attend}", name.split()[0])
    return lines.replace(")\n    ", f", {settings})\n    ") if settings else lines


_CALLED = """h = {first}
    s = h -> gru(4)
    a, b = Part(h, s)
    c = a -> bidirectional(gru(3))
    concat(b, c)"""

PADDING: dict[str, str] = {
    **{
        f"{kind}, {name}": model(kind, f"{{first}} -> {layers}")
        for kind in KINDS
        for name, layers in _LAYERS.items()
    },
    **{f"{kind}, states": model(kind, _STATES) for kind in KINDS},
    **{f"{kind}, states of both": model(kind, _BOTH_STATES) for kind in KINDS},
    **{
        f"{kind}, joined": model(kind, _JOINED, ", y: float(pad=0)[B, T, 6], z: float[B, 2, 6]")
        for kind in KINDS
    },
    **{f"{kind}, attending to itself": model(kind, _SELF) for kind in KINDS},
    **{
        f"{kind}, across, {name}": model(kind, _across(name), _ACROSS_MORE)
        for kind in KINDS
        for name in _ATTENDING
    },
    **{f"{kind}, called model": _PART + model(kind, _CALLED) for kind in KINDS},
}
