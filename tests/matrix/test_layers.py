"""Every layer, with every kind of value of every argument, in both programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import pytest

from seqspec.reference import describe, summary
from seqspec.vocabulary import ENTRIES, LAYERS
from tests.matrix import spec_text
from tests.matrix.pairwise import cover
from tests.matrix.trial import LONG, SHORT, attempt

CASES = list(spec_text.cases())

#: Cases of the fast run: the first of each layer. All others are slow.
FIRST = {name: next(case for case, _ in CASES if case.startswith(f"{name}-")) for name in LAYERS}

RECURRENT = [spec.name for spec in LAYERS.values() if spec.states]

Numbers = tuple[Sequence[int], Sequence[int]]


def numbers_for(text: str) -> Numbers:
    """Few steps for what steps through time, enough of them for a window for all others."""
    return SHORT if any(f"{name}(" in text for name in RECURRENT) else LONG


needs_both = [pytest.mark.torch, pytest.mark.keras]


@pytest.mark.parametrize(
    ("spec", "numbers"),
    [
        pytest.param(
            text,
            numbers_for(text),
            id=case,
            marks=needs_both + ([] if case == FIRST[case.split("-")[0]] else [pytest.mark.slow]),
        )
        for case, text in CASES
    ],
)
def test_programs_agree(spec: str, numbers: Numbers, tmp_path: Path) -> None:
    """Shapes, counts, outputs, gradients and a training step; see ``attempt``."""
    attempt(spec, tmp_path, numbers=numbers)


# ---- the matrix itself


def test_every_layer_is_in_the_matrix() -> None:
    assert {case.split("-")[0] for case, _ in CASES} == set(LAYERS)
    assert not spec_text.unknown_kinds(), "kinds of arguments without samples or choices"


def test_every_argument_is_written() -> None:
    for spec in LAYERS.values():
        text = "".join(row.model() for row in spec_text.rows(spec))
        args = [arg for arg in spec.args if arg.kind.category != "weight"]  # see the structures
        absent = [arg.name for arg in args if f"{arg.name}=" not in text]
        assert not absent, f"{spec.name}: {absent}"


@pytest.mark.parametrize("category", ["activation", "initializer", "regularizer", "constraint"])
def test_every_entry_is_given_to_every_argument_that_takes_it(category: str) -> None:
    for spec in LAYERS.values():
        for arg in spec.args:
            if arg.kind.category == category:
                written = {row.written.get(arg.name, "") for row in spec_text.rows(spec)}
                names = {text.split("(")[0] for text in written}
                fitting = {entry.name for entry in spec_text.entries_for(spec, arg)}
                assert fitting <= names, f"{spec.name}.{arg.name}"


def test_what_does_not_fit_a_weight_is_refused() -> None:
    """The entries left out of the matrix are errors, not programs that fail."""
    refused = 0
    for spec in LAYERS.values():
        required = [a for a in spec.args if a.required]
        for arg in spec.args:
            fitting = spec_text.entries_for(spec, arg) if arg.kind.category in ENTRIES else []
            for entry in ENTRIES.get(arg.kind.category, {}).values():
                if entry not in fitting and not entry.facts.get("file"):
                    written = {a.name: spec_text.values_of(spec, a)[0][0] for a in required}
                    row = next(spec_text.rows(spec))
                    row = replace(row, written={**row.written, **written, arg.name: entry.name})
                    assert spec_text.errors(row.model()) == ["SEQ309"], row.model()
                    refused += 1
    assert refused, "no entry has the fact `axes`: this test has nothing to do"


def test_what_is_left_out_is_told() -> None:
    """All that the matrix goes round, `seqspec layers NAME` says."""
    for spec in LAYERS.values():
        told = {arg.name: describe(arg) for arg in spec.args}
        text = "".join(row.model() for row in spec_text.rows(spec))
        assert all(arg.alone in told[arg.name] for arg in spec.args)
        if spec_text.CARRIED in told:
            assert all(name in told[spec_text.CARRIED] for name in spec_text.APART)
        for arg in filter(spec_text.fits_few, spec.args):
            assert any(f"{arg.name}={value}" in text for value in ("[2", "2", "13")), arg.name
        for arg in spec.args:
            fitting = spec_text.entries_for(spec, arg) if arg.kind.category in ENTRIES else []
            for entry in ENTRIES.get(arg.kind.category, {}).values():
                assert entry in fitting or entry.facts.get("file") or " For " in summary(entry)


def test_pairs_are_covered() -> None:
    values = {"a": "123", "b": "xy", "c": "+-*/", "d": "0"}
    rows = cover(values, {"b": ["z"]})
    for a, b in combinations(values, 2):
        met = {(row[a], row[b]) for row in rows}
        assert met >= set(product(values[a], values[b]))
    assert "z" in {row["b"] for row in rows}
    assert len(rows) <= 15  # the full product is 24
