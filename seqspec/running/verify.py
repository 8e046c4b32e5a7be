"""Do the two programs of a spec agree with the checker, and with each other?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqspec.ir.carried import explicit
from seqspec.ir.task import Task
from seqspec.running import twins
from seqspec.running.errors import RunError
from seqspec.running.program import FRAMEWORKS, TITLES, installed
from seqspec.running.twins import Built

if TYPE_CHECKING:
    from seqspec.backends.base import OutputFile

#: How far the outputs of the programs may lie apart, for outputs up to 1 in size; larger ones
#: may differ by the same share of the largest, which is what float32 leaves.
TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: what was compared, whether it holds, and the numbers."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """All comparisons of a verification. ``note`` says what could not be looked at."""

    model: str
    backends: tuple[str, ...]
    sizes: Mapping[str, int]
    checks: tuple[Check, ...]
    note: str = ""

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)

    def text(self) -> str:
        """A line for each comparison, and a last one with the verdict."""
        width = max(len(check.name) for check in self.checks)
        bound = ", ".join(f"{name}={value}" for name, value in self.sizes.items())
        titles = " and ".join(TITLES[name] for name in self.backends)
        lines = [f"{self.model}: {titles}" + (f", with {bound}" if bound else "")]
        lines += [
            f"  {'ok    ' if check.holds else 'FAILED'}  {check.name.ljust(width)}  {check.detail}"
            for check in self.checks
        ]
        if self.note:
            lines.append(f"  note: {self.note}")
        failed = sum(not check.holds for check in self.checks)
        lines.append(
            "verified" if not failed else f"{failed} of {len(self.checks)} comparisons failed"
        )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "backends": list(self.backends),
            "sizes": dict(self.sizes),
            "holds": self.holds,
            "checks": [{"name": c.name, "holds": c.holds, "detail": c.detail} for c in self.checks],
            "note": self.note,
        }


def verify(
    task: Task,
    files: Callable[[str], Sequence[OutputFile]],
    backends: Sequence[str] | None = None,
    seed: int = 0,
) -> Report:
    """Compiles, builds and runs the programs of a task on random inputs and random weights.

    ``files(backend)`` gives a program. ``backends`` is all installed ones if left out; asking
    for one that is not installed, or having none, raises ``RunError``.
    """
    chosen = tuple(backends) if backends else tuple(filter(installed, FRAMEWORKS))
    absent = [name for name in FRAMEWORKS if name not in chosen]
    if not chosen:
        raise RunError(
            "no framework is installed: neither PyTorch nor Keras with TensorFlow",
            "install seqspec with the extra `torch` or `keras`, as the README shows",
        )
    with tempfile.TemporaryDirectory(prefix="seqspec-verify-") as scratch:
        folder = Path(scratch)
        built = [twins.build(task.graph, files(name), name, folder / name) for name in chosen]
        try:
            trial = _Trial(task, built, folder, seed)
            return Report(
                model=task.graph.name,
                backends=chosen,
                sizes=trial.sizes,
                checks=tuple(trial.run()),
                note="only one program was looked at: "
                f"{' and '.join(TITLES[name] for name in absent)} left out or not installed"
                if absent
                else "",
            )
        finally:
            for one in built:
                one.program.close()


class _Trial:
    def __init__(self, task: Task, built: Sequence[Built], folder: Path, seed: int) -> None:
        self.task = task
        self.graph = explicit(task.graph)  # what is carried goes in and comes out
        self.built = built
        self.folder = folder
        self.seed = seed
        self.sizes = twins.sizes_for(self.graph)

    def run(self) -> list[Check]:
        checks = self._counts()
        checks += self._exchange()
        if not all(check.holds for check in checks):
            return checks  # outputs of different weights say nothing
        return checks + self._outputs()

    def _counts(self) -> list[Check]:
        derived = twins.derived_counts(self.graph)
        checks: list[Check] = []
        for one in self.built:
            real = twins.real_counts(one)
            detail = str(real) if real == derived else f"{real}; declared are {derived}"
            checks.append(Check(f"parameters, {TITLES[one.backend]}", real == derived, detail))
        return checks

    def _exchange(self) -> list[Check]:
        """Hands one file of weights through all programs and back; nothing may change."""
        weights = twins.random_weights(self.graph, self.seed)
        first = self.folder / "drawn.safetensors"
        twins.write_weights(first, weights, self.task.digest, self.graph.name)
        readers = [*self.built, self.built[0]] if len(self.built) > 1 else self.built
        files = [first, *(self.folder / f"{i}.safetensors" for i in range(len(readers)))]
        checks: list[Check] = []
        for one, (source, target) in zip(readers, pairwise(files), strict=True):
            name = f"weights, {TITLES[one.backend]}"
            try:
                one.load(source)
                one.save(target)
            except ValueError as error:  # the program's WeightsError
                return [*checks, Check(name, False, str(error))]
            problem = _difference(weights, twins.read_weights(target))
            detail = problem or f"{len(weights)} arrays read and written unchanged"
            checks.append(Check(name, not problem, detail))
            if problem:
                return checks
        return checks[: len(self.built)]

    def _outputs(self) -> list[Check]:
        import numpy as np

        inputs = twins.random_inputs(self.graph, self.sizes, self.seed)
        expected = twins.output_shapes(self.graph, self.sizes)
        checks: list[Check] = []
        results = [twins.forward(one, inputs) for one in self.built]
        for one, result in zip(self.built, results, strict=True):
            real = [tuple(array.shape) for array in result]
            holds = real == [shape for _, shape in expected]
            detail = ", ".join(f"{name} {list(shape)}" for name, shape in expected)
            if not holds:
                detail = f"{', '.join(str(list(s)) for s in real)}; inferred are {detail}"
            checks.append(Check(f"shapes, {TITLES[one.backend]}", holds, detail))
        if len(results) < 2 or not all(check.holds for check in checks):
            return checks
        for (name, _), left, right in zip(expected, *results, strict=True):
            largest = float(np.abs(left).max(initial=0.0))
            apart = float(np.abs(left - right).max(initial=0.0))
            holds = bool(np.isfinite(left).all()) and apart <= TOLERANCE * max(1.0, largest)
            detail = f"largest difference {apart:.1e}, largest value {largest:.2g}"
            checks.append(Check(f"values, {name}", holds, detail))
        return checks


def _difference(drawn: Mapping[str, Any], written: Mapping[str, Any]) -> str:
    import numpy as np

    if drawn.keys() != written.keys():
        lost, added = sorted(drawn.keys() - written.keys()), sorted(written.keys() - drawn.keys())
        return "; ".join(
            f"{what}: {', '.join(names)}"
            for what, names in (("not written", lost), ("not declared", added))
            if names
        )
    changed = [name for name in drawn if not np.array_equal(drawn[name], written[name])]
    return f"changed: {', '.join(changed)}" if changed else ""
