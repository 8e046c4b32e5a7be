"""The plan of what ``data.py`` does to the samples of the training part, anew in each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seqspec.backends.data_feeds import Feeds
from seqspec.backends.python_text import Names, literal
from seqspec.ir.augmenting import in_time, measured
from seqspec.ir.graph import Value
from seqspec.ir.task import Task, Training


@dataclass(frozen=True, slots=True)
class AugmentPlan:
    """The template's values; see ``templates/_shared/data/augmented.j2``.

    ``lines`` are the body of ``augmented``; ``moves`` tells that samples are moved in time,
    ``shuffles`` that they are drawn in a new order each epoch, too.
    """

    constants: tuple[str, ...]
    lines: tuple[str, ...]
    doc: str
    moves: bool
    shuffles: bool


def plan_augment(task: Task, training: Training, feeds: Feeds) -> AugmentPlan | None:
    """Decides what is done to training samples; None if nothing is."""
    return _Planner(task, training, feeds).plan() if training.data.augment else None


class _Planner:
    """Names the arrays of a batch, then changes them one after another."""

    def __init__(self, task: Task, training: Training, feeds: Feeds) -> None:
        self.task = task
        self.training = training
        self.feeds = feeds
        names = Names(
            ("augmented", "batch", "key", "moved", "noise", "np", "rng", "shift")
            + (("targets", "weights") if training.several else ())
        )
        self.inputs = [names.fresh(feed.variable) for feed in feeds.inputs]
        self.targets = [names.fresh(feed.variable) for feed in feeds.targets]
        weights = ("weight",) if not training.several else (f"{t}_weight" for t in self.targets)
        self.weights = [names.fresh(name) for name in weights] if training.weighted else []

    def plan(self) -> AugmentPlan:
        """All of ``augmented``."""
        constants: list[str] = []
        lines: list[str] = []
        words: list[str] = []
        moves = False
        for setting in self.training.data.augment:
            if setting.entry.facts["moves"]:
                moves = True
                steps = literal(setting.args["steps"])
                note = "the most steps that a training sample is moved, either way"
                constants.append(f"TIME_SHIFT = {steps}  # {note}")
                words.append("moved in time")
                lines += self._move()
            else:
                note = "deviation of the noise in training"
                units = ", in scaled units" if self.training.data.scale is not None else ""
                stddev = literal(float(setting.args["stddev"]))
                constants.append(f"JITTER = {stddev}  # {note}{units}")
                words.append("with noise")
                lines += self._shake()
        stepwise = any(len(term.value.tensor.shape) > 2 for term in self.training.terms)
        batch = self._batch(taken_apart=moves and stepwise)
        return AugmentPlan(
            constants=tuple(constants),
            lines=(
                "rng = np.random.default_rng(key)",
                f"{batch} = batch",
                *lines,
                f"return {batch}",
            ),
            doc=" and ".join(words),
            moves=moves,
            shuffles=self.training.shuffle,
        )

    def _batch(self, *, taken_apart: bool) -> str:
        """The arrays of a batch, nested as in ``Batch``; targets as a whole where none changes."""
        groups = {"targets": self.targets, **({"weights": self.weights} if self.weights else {})}
        if not self.training.several:
            rest = [names[0] for names in groups.values()]
        else:
            rest = [_tuple(names) if taken_apart else name for name, names in groups.items()]
        return ", ".join([_tuple(self.inputs), *rest])

    def _move(self) -> Iterator[str]:
        moving = [
            name
            for value, name in zip(self.task.graph.inputs, self.inputs, strict=True)
            if in_time(value)
        ]
        for place, term in enumerate(self.training.terms):
            if len(term.value.tensor.shape) > 2:
                moving += [self.targets[place], *self.weights[place : place + 1]]
        yield f"shift = rng.integers(-TIME_SHIFT, TIME_SHIFT + 1, len({moving[0]}))"
        yield from (f"{name} = moved({name}, shift)" for name in moving)

    def _shake(self) -> Iterator[str]:
        changed = {value.name for value in measured(self.task.graph, self.training.data)}
        entries = zip(self.task.graph.inputs, self.feeds.inputs, self.inputs, strict=True)
        for place, (value, feed, name) in enumerate(entries):
            if value.name not in changed or feed.counted:
                continue
            yield f"noise = rng.normal(0, JITTER, {name}.shape).astype(np.float32)"
            yield from self._spared(value, name, place)
            yield f"{name} = {name} + noise"

    def _spared(self, value: Value, name: str, place: int) -> Iterator[str]:
        """The line that keeps noise out of padding, where there is some."""
        pad = value.tensor.pad
        if isinstance(pad, int | float):
            yield f"noise[({name} == {literal(pad)}).all(axis=-1)] = 0  # padding stays"
        elif pad is not None:
            lengths = self.inputs[place + 1]
            past = f"np.arange({name}.shape[1]) >= {lengths}[:, None]"
            yield f"noise[{past}] = 0  # padding stays"


def _tuple(names: list[str]) -> str:
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"
