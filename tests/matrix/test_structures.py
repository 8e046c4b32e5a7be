"""What models are made of: sharing, sub-models, fields, states, steps; and every awkward name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.matrix import structures
from tests.matrix.structures import PLACES, STRUCTURES
from tests.matrix.trial import attempt, checked, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras]

#: Few, for the fast run: sharing, a state handed over, steps, a sub-model at several lengths.
FAST = {
    "shared chain with batch norm and dropout",
    "sub-model that gives a state",
    "both ways into one",
    "both ways apart, all fields",
    "each each model",
    "repeat by arithmetic",
    "slices of steps and features",
    "weights at each step, in models used twice",
    "tied to a dense layer, to a weight, in models",
}


def marks(name: str) -> list[pytest.MarkDecorator]:
    return [] if name in FAST else [pytest.mark.slow]


@pytest.mark.parametrize(
    "spec",
    [pytest.param(spec, id=name, marks=marks(name)) for name, spec in STRUCTURES.items()],
)
def test_programs_agree(spec: str, tmp_path: Path) -> None:
    attempt(spec, tmp_path, "M")


@pytest.mark.parametrize("chosen", list(structures.names(40)), ids=lambda names: names[0])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@pytest.mark.slow
def test_any_name_will_do(
    place: Callable[[Sequence[str]], str], chosen: Sequence[str], tmp_path: Path
) -> None:
    attempt(place([name for name in chosen if name not in structures.SIZES]), tmp_path, "Whole")


def test_names_of_a_spec_are_names_of_layers() -> None:
    """In files of weights, whatever Python makes of them."""
    graph = task_of(checked(structures.shared_layers(("train", "self", "lambda")), "Whole")).graph
    assert [unit.name for unit in graph.units] == ["train", "self", "lambda"]
