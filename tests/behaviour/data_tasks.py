"""Tasks made by hand, so that ``data.py`` is tested without the front end and without a model."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from seqspec.backends.data_program import data_file
from seqspec.ir.graph import Graph, Value
from seqspec.ir.task import Data, Target, Task, Term, Training
from seqspec.shapes.dim import Dim
from seqspec.source import Span
from seqspec.types import Tensor
from seqspec.vocabulary.data import READERS, SCALINGS, SPLITS, WINDOWS
from seqspec.vocabulary.optimizers import OPTIMIZERS
from seqspec.vocabulary.spec import Entry, Setting
from seqspec.vocabulary.training import LOSSES, METRICS

_numbers = itertools.count()


def setting(entry: Entry, **args: object) -> Setting:
    """An entry with its arguments bound and defaults filled."""
    return Setting(entry, {arg.name: args.get(arg.name, arg.default) for arg in entry.args})


def floats(*shape: int | str) -> Tensor:
    """The type of numbers."""
    return Tensor("float", tuple(Dim.of(size) for size in shape))


def tokens(bound: int, *shape: int | str) -> Tensor:
    """The type of ids below a bound."""
    return Tensor("token", tuple(Dim.of(size) for size in shape), Dim.of(bound))


def csv(path: Path | str, **args: object) -> Setting:
    """A table."""
    return setting(READERS["csv"], path=str(path), **args)


def parquet(path: Path | str, **args: object) -> Setting:
    """A table as parquet."""
    return setting(READERS["parquet"], path=str(path), **args)


def npz(path: Path | str) -> Setting:
    """Named arrays."""
    return setting(READERS["npz"], path=str(path))


def npy(path: Path | str) -> Setting:
    """One array."""
    return setting(READERS["npy"], path=str(path))


def sliding(steps: int, **args: object) -> Setting:
    """Windows."""
    return setting(WINDOWS["sliding"], steps=steps, **args)


def chronological(train: float = 0.6, validation: float = 0.2) -> Setting:
    """A split in file order."""
    return setting(SPLITS["chronological"], train=train, validation=validation)


def randomly(train: float = 0.6, validation: float = 0.2, seed: int = 0) -> Setting:
    """A split at random."""
    return setting(SPLITS["random"], train=train, validation=validation, seed=seed)


STANDARD = setting(SCALINGS["standard"])
MINMAX = setting(SCALINGS["minmax"])


def task(
    source: Setting,
    inputs: Mapping[str, tuple[Tensor, tuple[str, ...]]],
    output: Tensor,
    target: tuple[str, ...],
    *,
    kind: str = "row",
    windows: Setting | None = None,
    split: Setting | None = None,
    scale: Setting | None = None,
    missing: str = "error",
    loss: str = "mse",
    metrics: tuple[str, ...] = (),
    from_logits: bool = True,
    text: str = "data points {}",
    ahead: tuple[str, ...] = (),
    static: tuple[str, ...] = (),
    memory: str = "whole",
) -> Task:
    """A task whose model does not matter. ``inputs`` maps names to type and columns."""
    values = tuple(Value(tensor, Span(0, 0), name) for name, (tensor, _) in inputs.items())
    outputs = (("output", Value(output, Span(0, 0))),)
    data = Data(
        name="points",
        source=source,
        tabular=source.entry.facts["tabular"],
        inputs={name: columns for name, (_, columns) in inputs.items()},
        targets={"output": Target(target, kind)},
        split=split or chronological(),
        scale=scale,
        missing=missing,
        windows=windows,
        span=Span(5, 11),
        ahead=ahead,
        static=static,
        memory=memory,
    )
    training = Training(
        data=data,
        terms=(
            Term(
                "output",
                outputs[0][1],
                setting(LOSSES[loss]),
                from_logits,
                tuple(setting(METRICS[name]) for name in metrics),
            ),
        ),
        optimizer=setting(OPTIMIZERS["adam"]),
        batch_size=32,
        epochs=10,
        seed=0,
        shuffle=True,
        stop=None,
        span=Span(0, 0),
    )
    graph = Graph("Model", "", "", values, outputs, (), Span(0, 0))
    return Task(graph, training, "model.seq", text, "0" * 64, {})


def program(of: Task, folder: Path) -> Any:
    """The generated ``data.py``, written into a folder and imported."""
    path = folder / "data.py"
    path.write_text(data_file(of).text, encoding="utf-8")
    return loaded(path)


def loaded(path: Path) -> Any:
    """A generated ``data.py``, imported as it stands."""
    spec = importlib.util.spec_from_file_location(f"generated_data_{next(_numbers)}", path)
    assert spec is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[spec.name] = module
    try:
        # Not through the loader: it would take a stale .pyc for a file that was rewritten within
        # the same second and kept its size.
        exec(compile(path.read_text(encoding="utf-8"), path, "exec"), module.__dict__)
    finally:
        del sys.modules[spec.name]
    return module
