"""Padding right, left, in the midst and all over: both programs agree, at padded steps too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.matrix.padding import PADDING
from tests.matrix.trial import attempt

pytestmark = [pytest.mark.torch, pytest.mark.keras]

#: Few, for the fast run: each kind of mask, each of the functions that a program may need.
FAST = {
    "token, concat",
    "token, ave two modules",
    "value, mul two loops",
    "value, joined",
    "lengths, lstm",
    "lengths, called model",
    "token, attending to itself",
    "value, across, multi_head_attention",
    "lengths, across, attention",
}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(spec, id=name, marks=[] if name in FAST else [pytest.mark.slow])
        for name, spec in PADDING.items()
    ],
)
def test_programs_agree(spec: str, tmp_path: Path) -> None:
    attempt(spec, tmp_path, "M")
