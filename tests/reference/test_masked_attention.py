"""Attention over padding against its equations, and what layers do with masks against Keras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqspec.vocabulary import LAYERS
from seqspec.vocabulary.masking import Masking
from tests.matrix.trial import Array, framework
from tests.reference.test_equations import assert_equal, of, run

pytestmark = [pytest.mark.torch, pytest.mark.keras]

HEADER = "model M(x: float(pad=0)[B, T, 5], y: float(pad=lengths)[B, S, 5]) -> float[B, T, 5]"


def softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def masked(inputs: list[Array], *, causal: bool) -> tuple[Array, Array, Array, Array, Array]:
    """Queries and values in double precision, their masks, and what is seen of which step."""
    x, y = inputs[0].astype(np.float64), inputs[1].astype(np.float64)
    query, value = (x != 0).any(-1), np.arange(y.shape[1]) < inputs[2][:, None]
    assert not query.all()
    assert not value.all()
    seen = np.broadcast_to(value[:, None], (*query.shape, y.shape[1]))
    return x, y, query, value, np.tril(seen) if causal else seen


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind", ["attention", "additive_attention"])
def test_scores_of_padding_are_shut_out(kind: str, causal: bool, tmp_path: Path) -> None:
    settings = f"causal={str(causal).lower()}"
    text = f"{HEADER} {{\n    x -> {kind}(y, {settings})\n}}\n"
    inputs, weights, outputs = run(text, tmp_path)
    x, y, query, _, seen = masked(inputs, causal=causal)
    if kind == "attention":
        scores = x @ y.transpose(0, 2, 1)
    else:
        scale = of(weights, kind)["scale"]
        scores = (scale * np.tanh(x[:, :, None] + y[:, None])).sum(-1)
    expected = softmax(np.where(seen, scores, scores - 1e9)) @ y
    assert_equal(outputs, [np.where(query[..., None], expected, 0.0)])


@pytest.mark.parametrize("causal", [False, True])
def test_heads_see_data_alone(causal: bool, tmp_path: Path) -> None:
    settings = f"causal={str(causal).lower()}"
    text = f"{HEADER} {{\n    x -> multi_head_attention(2, 3, value=y, {settings})\n}}\n"
    inputs, weights, outputs = run(text, tmp_path)
    x, y, query, _, seen = masked(inputs, causal=causal)
    w = of(weights, "multi_head_attention")
    q, k, v = (
        np.einsum("btd,dhk->bhtk", array, w[f"{name}/kernel"]) + w[f"{name}/bias"][:, None]
        for name, array in (("query", x), ("key", y), ("value", y))
    )
    scores = np.einsum("bhtk,bhsk->bhts", q, k) / np.sqrt(3)
    seen = (seen & query[..., None])[:, None]
    # What sees nothing sees all alike: Keras sets all of its scores to one number.
    heads = softmax(np.where(seen, scores, -1e30)) @ v
    expected = np.einsum("bhtv,hvo->bto", heads, w["attention_output/kernel"])
    assert_equal(outputs, [expected + w["attention_output/bias"]])


#: what a layer of Keras needs to be made at all, where its word's alias is a layer of Keras
_NEEDS = {
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "Dense", "RepeatVector", "UpSampling1D"), (2,)),
    **dict.fromkeys(("Conv1D", "Conv2D", "MultiHeadAttention"), (2, 2)),
    **dict.fromkeys(("Cropping1D", "ZeroPadding1D"), (1,)),
    **dict.fromkeys(("Cropping2D", "ZeroPadding2D"), (1,)),
    **dict.fromkeys(("AveragePooling1D", "AveragePooling2D"), (2,)),
    **dict.fromkeys(("Dropout", "SpatialDropout1D", "GaussianNoise"), (0.1,)),
    "Activation": ("relu",),
    "Reshape": ((2,),),
    "Permute": ((2, 1),),
}
#: a mask of tokens is told by their type, which Keras knows nothing of; the others wrap layers
_OTHERWISE = ("embedding", "one_hot", "bidirectional", "each")


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in _OTHERWISE])
def test_masks_go_on_where_they_do_in_keras(name: str) -> None:
    layers = framework("keras").layers
    aliases = (*LAYERS[name].aliases, "".join(part.capitalize() for part in name.split("_")))
    made = next((a for a in aliases if a[0].isupper() and hasattr(layers, a)), None)
    if made is None:
        assert name in ("chain", "branches", "reverse", "concat"), "which layer of Keras is it?"
        return
    layer = getattr(layers, made)(*_NEEDS.get(made, ()))
    assert layer.supports_masking == (LAYERS[name].masking is not Masking.ENDS)
