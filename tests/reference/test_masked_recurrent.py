"""Recurrent layers over padding against their equations, whatever is read of them.

Padding stands behind, before and in the midst of the data, and a sample may consist of it; with
``pad=lengths`` it follows the data. See :func:`seqspec.running.twins.random_inputs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.matrix.trial import Array
from tests.reference.equations import MERGES
from tests.reference.test_equations import RECURRENT, assert_equal, of, run

pytestmark = [pytest.mark.torch, pytest.mark.keras]
slow = pytest.mark.slow

PADDED = ("float(pad=-1)", "float(pad=lengths)")
ALL = ("last", "sequence", "state")


def mask_of(inputs: Sequence[Array], padding: str) -> Array:
    """The steps of ``x`` that are data; padding is of each kind that the type lets there be."""
    x = inputs[0]
    if "lengths" in padding:
        mask = np.arange(x.shape[1]) < inputs[1][:, None]
        assert mask.any(1).all()
    else:
        mask = (x != -1).any(-1)
        assert not mask.any(1).all(), "a sample is all padding"
        assert (mask[:, 0] < mask[:, -1]).any(), "padding stands before the data"
        assert (np.diff(mask.astype(int), axis=1) != 0).sum(1).max() > 2, "and in its midst"
    assert (mask[:, 0] > mask[:, -1]).any(), "padding stands behind the data"
    return mask


def written(call: str, padding: str, fields: Mapping[str, str], starts: Sequence[str]) -> str:
    """A model that gives fields of a layer, by their shapes; ``starts`` are its first states."""
    ports = [f"x: {padding}[B, T, 3]", *(f"{start}: float[B, 4]" for start in starts)]
    header = ", ".join(f"y{n}: float{shape}" for n, shape in enumerate(fields.values()))
    body = "".join(f"    y{n} = run.{field}\n" for n, field in enumerate(fields))
    initial = f", initial=[{', '.join(starts)}]" if starts else ""
    return (
        f"model M({', '.join(ports)}) -> ({header}) {{\n"
        f"    run = x -> {call[:-1]}{initial})\n{body}}}\n"
    )


def chosen(fields: Mapping[str, str], read: Sequence[str]) -> dict[str, str]:
    """The fields of which one word is read: ``forward.state.h`` where states are."""
    return {f: shape for f, shape in fields.items() if set(f.split(".")) & set(read)}


@pytest.mark.parametrize(
    ("read", "backwards", "start"),
    [
        (["last"], False, True),
        (["sequence"], False, False),
        pytest.param(ALL, False, True, marks=slow),
        pytest.param(ALL, True, True, marks=slow),
        pytest.param(["last"], True, False, marks=slow),
    ],
    ids=["last", "sequence", "all", "all, backwards", "last, backwards"],
)
@pytest.mark.parametrize("padding", PADDED)
@pytest.mark.parametrize("name", RECURRENT)
def test_one_way(
    name: str, padding: str, read: Sequence[str], backwards: bool, start: bool, tmp_path: Path
) -> None:
    """The state is carried over padding, at which the output before it stands again."""
    call, equation, states = RECURRENT[name]
    kind = call.split("(")[0]
    fields = {"last": "[B, 4]", "sequence": "[B, T, 4]", **{f"state.{s}": "[B, 4]" for s in states}}
    fields = chosen(fields, read)
    starts = [f"start_{state}" for state in states if start]
    call = f"{call[:-1]}, go_backwards=true)" if backwards else call
    inputs, weights, results = run(written(call, padding, fields, starts), tmp_path)
    x, mask = inputs[0], mask_of(inputs, padding)
    if backwards:  # the steps come out in that order
        x, mask = x[:, ::-1], mask[:, ::-1]
    given = tuple(inputs[-len(starts) :]) if start else ()
    sequence, state = equation(x, of(weights, f"run_{kind}"), given, mask=mask)
    # The last step is that of the data. Where a sample has none it is what was begun with.
    found = {"last": state[0], "sequence": sequence}
    found |= {f"state.{name}": array for name, array in zip(states, state, strict=True)}
    assert_equal(results, [found[field] for field in fields])


@pytest.mark.parametrize(
    ("read", "start"),
    [
        pytest.param(["last"], True, marks=slow),
        pytest.param(["sequence"], False, marks=slow),
        (ALL, True),
    ],
    ids=["last", "sequence", "all"],
)
@pytest.mark.parametrize("padding", PADDED)
@pytest.mark.parametrize("merge", [*MERGES, "none"])
@pytest.mark.parametrize(
    "name",
    [
        "lstm",
        *(pytest.param(n, marks=slow) for n in ("gru", "gru, reset before", "simple_rnn")),
    ],
)
def test_both_ways(
    name: str, merge: str, padding: str, read: Sequence[str], start: bool, tmp_path: Path
) -> None:
    """Each direction over the data alone, both in time's order; zeros where there is padding."""
    call, equation, states = RECURRENT[name]
    width = 8 if merge == "concat" else 4
    sides = ("forward", "backward")
    fields: dict[str, str] = {}
    for field in ("last", "sequence"):
        shape = f"[B, {width}]" if field == "last" else f"[B, T, {width}]"
        names = [f"{side}.{field}" for side in sides] if merge == "none" else [field]
        fields |= dict.fromkeys(names, shape)
    fields |= {f"{side}.state.{s}": "[B, 4]" for side in sides for s in states}
    fields = chosen(fields, read)
    starts = [f"start_{side}_{s}" for side in sides for s in states if start]
    call = f"bidirectional({call}, merge_mode={merge})"
    inputs, weights, results = run(written(call, padding, fields, starts), tmp_path)
    x, mask = inputs[0], mask_of(inputs, padding)
    given = tuple(inputs[-len(starts) :]) if start else ()
    half, path = len(given) // 2, "run_bidirectional"
    ahead, first = equation(x, of(weights, f"{path}/forward"), given[:half], mask=mask)
    back, second = equation(
        x[:, ::-1], of(weights, f"{path}/backward"), given[half:], mask=mask[:, ::-1]
    )
    steps = [np.where(mask[..., None], array, 0) for array in (ahead, back[:, ::-1])]
    lasts = [first[0], second[0]]
    found: dict[str, Array] = {}
    for field, two in (("last", lasts), ("sequence", steps)):
        if merge != "none":
            found[field] = MERGES[merge](*two)
        found |= {f"{side}.{field}": array for side, array in zip(sides, two, strict=True)}
    for side, state in zip(sides, (first, second), strict=True):
        found |= {f"{side}.state.{s}": array for s, array in zip(states, state, strict=True)}
    assert_equal(results, [found[field] for field in fields])
