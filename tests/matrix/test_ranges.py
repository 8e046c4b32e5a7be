"""Targets that a loss cannot be computed with are an error before the training, not a number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.vocabulary import ENTRIES
from tests.matrix.trial import built

pytestmark = [pytest.mark.torch, pytest.mark.keras]

#: losses with what may not be in an array of them, and what is said of it
WRONG = {
    "poisson": (-1.0, "0 or more"),
    "msle": (-0.5, "0 or more"),
    "kl_divergence": (-0.1, "from 0 to 1"),
    "hinge": (-1.0, "from 0 to 1"),
    "squared_hinge": (-1.0, "from 0 to 1"),
    "categorical_hinge": (2.0, "from 0 to 1"),
    "binary_crossentropy": (2.0, "from 0 to 1"),
    "binary_focal_crossentropy": (1.5, "from 0 to 1"),
    "categorical_crossentropy": (-1.0, "from 0 to 1"),
    "categorical_focal_crossentropy": (255.0, "from 0 to 1"),
}


def spec(folder: Path, loss: str, source: str, target: str) -> Compilation:
    end = ", activation=softmax" if loss == "kl_divergence" else ""
    path = folder / "case.seq"
    path.write_text(
        f"model M(x: float[B, 2]) -> float[B, 3] {{ x -> dense(3{end}) }}\n"
        f"data d {{\n    source = {source}\n    target = {target}\n"
        f"{'    inputs = [a, b]' if 'csv' in source else ''}\n}}\n"
        f"train M {{\n    data = d\n    loss = {loss}\n}}\n"
    )
    return Compilation.of(path)


def test_every_range_is_tried() -> None:
    limited = {n for n, e in ENTRIES["loss"].items() if e.facts["range"] != (None, None)}
    assert limited == set(WRONG)


@pytest.mark.parametrize("loss", WRONG)
def test_an_array(loss: str, tmp_path: Path) -> None:
    value, said = WRONG[loss]
    y = np.eye(3)[np.arange(40) % 3]
    compilation = spec(tmp_path, loss, 'npz("d.npz")', "y")
    wrong = y.copy()
    wrong[6, 2] = value
    with built(compilation, tmp_path) as models:
        for one in models.values():
            data = one.program.module("data")
            np.savez(tmp_path / "d.npz", x=np.ones((40, 2)), y=y)
            assert len(data.load(tmp_path / "d.npz").train)
            np.savez(tmp_path / "d.npz", x=np.ones((40, 2)), y=wrong)
            with pytest.raises(data.DataError, match=rf"'y' holds {value:g} at \[6, 2\].*{said}"):
                data.load(tmp_path / "d.npz")


@pytest.mark.parametrize("loss", ["kl_divergence", "categorical_crossentropy"])
def test_shares_that_are_no_whole(loss: str, tmp_path: Path) -> None:
    rows = ["1,2,0.5,0.25,0.25"] * 30
    source = 'csv("d.csv")'
    compilation = spec(tmp_path, loss, source, "[p, q, r]")
    data_file = tmp_path / "d.csv"
    header = "a,b,p,q,r\n"
    with built(compilation, tmp_path) as models:
        for one in models.values():
            data = one.program.module("data")
            data_file.write_text(header + "\n".join(rows) + "\n")
            assert len(data.load(data_file).train)
            data_file.write_text(header + "\n".join([*rows[:4], "1,2,0.5,0.5,0.5", *rows]) + "\n")
            with pytest.raises(data.DataError, match=r"p, q, r add up to 1.5 in row 5 below"):
                data.load(data_file)
            data_file.write_text(header + "\n".join([*rows[:7], "1,2,-1,1,1", *rows]) + "\n")
            with pytest.raises(data.DataError, match=r"column 'p' holds -1 in row 8 below"):
                data.load(data_file)
