"""What a backend declares that it cannot say: the one gap in the matrix that is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqspec.backends import base
from seqspec.backends.base import BACKENDS
from seqspec.cli import main
from seqspec.driver import Compilation
from seqspec.vocabulary import LAYERS
from tests.matrix import spec_text

SPEC = """\
model Part(x: float[B, T, 4]) { x -> bidirectional(gru(3)) }
model M(x: float[B, T, 4]) { x -> Part -> dropout(0.5) -> dense(2) }
"""
REASON = "there is no kernel for it; use dense"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("layer", ["dropout", "bidirectional"])
def test_a_declared_gap_is_what_the_user_sees(
    backend: str,
    layer: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(base.get(backend), "UNSUPPORTED", {layer: REASON})
    compilation = Compilation.of_text(SPEC)
    assert compilation.files(backend) == ()
    (told,) = compilation.diagnostics
    assert (told.code.number, told.help) == ("SEQ802", REASON)
    assert told.span is not None
    assert compilation.source.excerpt(told.span).startswith(layer)

    spec = tmp_path / "m.seq"
    spec.write_text(SPEC)
    folder = tmp_path / "program"
    assert main(["compile", str(spec), "--backend", backend, "-o", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "SEQ802" in said
    assert REASON in said
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_else_is_missing(backend: str) -> None:
    """Every row of the matrix compiles, or its layer is declared."""
    module = base.get(backend)
    for case, text in spec_text.cases():
        if case.split("-")[0] in module.UNSUPPORTED:
            continue
        assert Compilation.of_text(text).files(backend), text
    assert set(module.UNSUPPORTED) <= set(LAYERS)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        pytest.param(
            "model M(x: float[B, T, 3], y: float[B, S, 3]) {\n"
            "    start = y -> lstm(4)\n"
            "    x -> bidirectional(lstm(4, initial=start.state))\n}\n",
            "SEQ309",
            id="a state for the layer inside",
        ),
        pytest.param(
            "model M(x: float[B, T, 3]) { x -> dense(2, bias_initializer=orthogonal) }\n",
            "SEQ309",
            id="an initialiser of matrices for a bias",
        ),
        pytest.param(
            "model M(x: float[B, S + T, 3]) { x -> gru(3) -> repeat(T) }\n",
            "SEQ411",
            id="a size that does not follow from the inputs",
        ),
        pytest.param(
            "model M(x: float[B, T, 4], y: float[B, 4]) {\n"
            "    norm = batch_norm\n"
            "    a = x -> norm -> lstm(4)\n"
            "    b = y -> norm\n"
            "    add(a, b)\n}\n",
            "SEQ409",
            id="one set of statistics for operands of different ranks",
        ),
        pytest.param(
            "model M(x: float[B, T, S, 4], y: float[B, S, 4]) {\n"
            "    s = y -> lstm(4)\n"
            "    x -> each(lstm(4, initial=s.state)) -> lstm(2)\n}\n",
            "SEQ309",
            id="one state for the sequences of every step",
        ),
        pytest.param(
            "model P(x: float[B, N, 3]) -> (s: gru(3)) {\n"
            "    h = x -> gru(3)\n    s = h.state\n}\n"
            "model M(x: float[B, T, S, 3]) { x -> each(P) }\n",
            "SEQ309",
            id="a state for each step",
        ),
    ],
)
def test_what_cannot_reach_a_program_is_an_error(spec: str, code: str) -> None:
    assert spec_text.errors(spec) == [code]
