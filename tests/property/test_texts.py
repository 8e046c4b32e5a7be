"""No text makes the checker fail: it is a spec, or there are messages that can be shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from seqspec import summary
from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Severity
from seqspec.diagnostics.render import as_json, tally, text
from seqspec.driver import Compilation
from tests.property.texts import EXAMPLES, NOISE, damaged, tokens


def look_at(spec: str) -> Compilation:
    """Checks a text and shows everything there is to show."""
    compilation = Compilation.of_text(spec, "any.seq")
    found = compilation.check()
    source = compilation.source
    for diagnostic in found:
        assert diagnostic.code in codes.CATALOGUE.values()
        shown = text(diagnostic, source)
        assert diagnostic.code.number in shown
        visible = shown.replace("\n", "")
        assert visible.isprintable(), "control characters reach the terminal"
        assert text(diagnostic, source, colour=True)
        data = json.loads(json.dumps(as_json(diagnostic, source)))
        assert data["code"] == diagnostic.code.number
        spans = [diagnostic.span, *(label.span for label in diagnostic.labels)]
        if diagnostic.fix is not None:
            spans.append(diagnostic.fix.span)
        for span in spans:
            assert span is None or 0 <= span.start <= span.end <= len(spec)
    assert tally(found) or all(d.severity is Severity.NOTE for d in found)
    failed = any(d.severity is Severity.ERROR for d in found)
    assert failed == (compilation.task is None), "a task, or a message that says why there is none"
    if compilation.graph is not None and not failed:
        assert summary.of(compilation.graph).text()
        assert json.dumps(summary.of(compilation.graph).to_json())
    return compilation


@given(damaged())
@settings(max_examples=150)
def test_damaged_specs(spec: str) -> None:
    look_at(spec)


@given(NOISE)
@settings(max_examples=100)
@example("")
@example("\x00")
@example("model")
@example("model M(")
@example("seqspec 1")
@example("seqspec 99999999999999999999")
@example("model M(x: float[B, 1e999]) { x }")
@example("(" * 2000)
@example("model M(x: float[B, " + "(" * 500 + "1" + ")" * 500 + "]) { x -> dense(1) }")
@example("model M(x: float[B, 3]) { " + "x -> " * 500 + "dense(1) }")
@example("model M(x: float[B, 3]) { x" + " -> dense(1)" * 1000 + " }")
@example("param a = " + "-" * 1000 + "1")
@example("param a = a\nmodel M(x: float[B, a]) { x -> dense(a) }")
@example("param a = b\nparam b = a\nmodel M(x: float[B, a]) { x -> dense(b) }")
@example("param a = 1 / 0")
@example("param a = 9" + "*9" * 300 + "\nmodel M(x: float[B, a]) { x -> dense(a) }")
def test_any_text(spec: str) -> None:
    look_at(spec)


@given(damaged())
@settings(max_examples=400)
@pytest.mark.slow
def test_many_damaged_specs(spec: str) -> None:
    look_at(spec)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_pieces_are_the_whole(path: Path) -> None:
    """The damage is done to real specs."""
    assert "".join(tokens(path)) == path.read_text(encoding="utf-8")
