"""The plan of sequences of their own lengths in ``data.py``: kept flat, padded batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.backends.data_series import cuts_series
from seqspec.backends.python_text import Code, Expr, Group, Pair, assign, call
from seqspec.ir.task import Data, Task, Training


@dataclass(frozen=True, slots=True)
class RaggedPlan:
    """The template's values; see ``templates/_shared/data/ragged.j2``.

    ``scaled`` says that sequences are, ``exchanged`` that each step of the target has a weight,
    ``weighed`` that the data has these,
    ``shifted`` that the target is their next step, ``target`` that the target has as many steps,
    ``apart`` that of several outputs some have. ``least`` is the shortest sequence that is of use.
    ``bucketed`` batches are sorted by the lengths of ``sorted_by``.
    """

    constants: tuple[str, ...]
    made: tuple[str, ...]
    least: int
    scaled: bool
    exchanged: bool
    weighed: bool
    shifted: bool
    target: bool
    apart: bool
    bucketed: bool
    sorted_by: str

    @property
    def all_steps(self) -> bool:
        """Whether arrays and sequences are taken alike."""
        return self.scaled or self.apart or self.weighed

    @property
    def replaced(self) -> bool:
        """Whether sequences are made with the lengths of others."""
        return self.scaled or self.exchanged


def plan_ragged(training: Training, feeds: Feeds) -> RaggedPlan | None:
    """Decides how sequences of their own lengths are kept; None if there are none."""
    data: Data = training.data
    ragged = [feed for feed in feeds.all if feed.ragged]
    if not ragged:
        return None
    pairs: dict[str, Expr] = {name: feed.lengths for feed in ragged for name in feed.names}
    fills = {name: feed.fill for feed in ragged if feed.fill for name in feed.names}
    note = "sequences, and the array of their lengths"
    # Texts have the lengths that they have, and id 0 pads them.
    lines = [] if data.texts else assign("LENGTHS", _mapping(pairs), note=note)
    if fills and not data.texts:
        lines += assign("PADDING", _mapping(dict(fills)), note="what pads them, where not 0")
    bucketed = data.batches is not None
    if data.batches is not None:
        note = "batches of samples that are sorted by length at a time"
        lines += assign("POOL", int(data.batches.args["pool"]), note=note)
    shifted = bool(feeds.shifted)
    steps = [feed for feed in feeds.targets if feed.ragged]
    several = len(feeds.targets) > 1
    if several and steps:
        lines += assign("STEPS_OF", Group("(", tuple(_likes(feeds))), note=_STEPS_OF)
    first = next(place for place, feed in enumerate(feeds.inputs) if feed.ragged)
    return RaggedPlan(
        constants=tuple(lines),
        made=tuple(_made(ragged, bool(fills))),
        least=2 if shifted else 1,
        scaled=any(feed.scaled for feed in ragged),
        exchanged=any(map(feeds.weighs_steps, training.terms)) and bool(steps),
        weighed=any(feed.ragged for feed in feeds.weights.values()),
        shifted=shifted,
        target=bool(steps) and not several,
        apart=several and bool(steps),
        bucketed=bucketed,
        sorted_by=f"part.inputs[{first}]",
    )


_STEPS_OF = "the input whose steps each output has"


def _likes(feeds: Feeds) -> list[int | None]:
    """The place of an input that has the steps of each output, if these differ in number."""
    lengths = [feed.lengths for feed in feeds.inputs]
    return [lengths.index(feed.lengths) if feed.ragged else None for feed in feeds.targets]


def _made(ragged: list[Feed], padded: bool) -> list[str]:
    """The line that makes sequences of an array, in the type that the model takes."""
    values = "values" if any(feed.is_ids for feed in ragged) else "values.astype(np.float32)"
    if len({feed.is_ids for feed in ragged}) > 1:
        values = "values if name in BOUNDS else values.astype(np.float32)"
    padding = [Code("PADDING.get(name, 0)")] if padded else []
    made = call("Ragged", Code(values), Code("lengths.astype(np.int64)"), *padding)
    return assign("found[name]", made, indent=8)


def _mapping(entries: dict[str, Expr]) -> Group:
    return Group("{", tuple(Pair(name, value) for name, value in entries.items()))


@dataclass(frozen=True, slots=True)
class LengthsPlan:
    """What a training loop knows of sequences of their own lengths.

    ``kind`` is the type of an input and ``result`` that of a prediction. ``output`` is the input
    that has the output's steps, if these differ in number; then ``steps`` gives them one after
    another, and ``narrowed`` tells a type checker that it is there. ``apart`` tells that of several
    outputs some have such steps, ``scaled`` that data is. ``cuts`` tells windows that are cut out
    of several series.
    """

    inputs: bool
    bucketed: bool
    kind: str
    result: str
    apart: bool
    scaled: bool
    output: str
    steps: str
    narrowed: tuple[str, ...]
    cuts: bool

    @property
    def names(self) -> list[str]:
        """What comes from ``data.py`` where outputs are ``apart``."""
        given = ["Dataset", "Part", "Ragged", "all_steps", "regrouped", "score", "unpadded"]
        return [*given, *(["Scaling"] if self.scaled else [])]

    @property
    def taken(self) -> str:
        """The argument of a function that takes all inputs."""
        if self.cuts:
            return "inputs: Inputs"
        return f"inputs: tuple[{self.kind}, ...]"


def plan_lengths(task: Task, training: Training) -> LengthsPlan:
    """Decides what a training loop does about sequences of their own lengths."""
    feeds = Feeds(task, training)
    ragged = [feed.ragged for feed in feeds.inputs]
    kind = "Ragged" if all(ragged) else "np.ndarray | Ragged"
    target = feeds.target
    if training.several:
        steps = any(feed.ragged for feed in feeds.targets)
        return LengthsPlan(
            inputs=any(ragged),
            bucketed=training.data.batches is not None,
            kind=kind if any(ragged) else "np.ndarray",
            result="tuple[np.ndarray | Ragged, ...]" if steps else "tuple[np.ndarray, ...]",
            apart=steps,
            scaled=training.data.scale is not None,
            output="",
            steps="",
            narrowed=(),
            cuts=cuts_series(training.data),
        )
    like = next((i for i, feed in enumerate(feeds.inputs) if feed.lengths == target.lengths), 0)
    output = (f"inputs[{like}]" if all(ragged) else "like") if target.ragged else ""
    narrowed = (f"like = inputs[{like}]", "assert isinstance(like, Ragged)")
    return LengthsPlan(
        inputs=any(ragged),
        bucketed=training.data.batches is not None,
        kind=kind if any(ragged) else "np.ndarray",
        result="Ragged" if target.ragged else "np.ndarray",
        apart=False,
        scaled=training.data.scale is not None,
        output=output,
        narrowed=narrowed if target.ragged and not all(ragged) else (),
        steps=".values" if target.ragged else "",
        cuts=cuts_series(training.data),
    )
