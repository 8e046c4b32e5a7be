"""What feeds each model input and the target: the rest of ``data.py`` follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from seqspec.backends.python_text import Code, Names, literal
from seqspec.ir.graph import Value
from seqspec.ir.masks import ByLengths
from seqspec.ir.task import Data, Task, Term, Training
from seqspec.shapes.dim import Dim, Shape

#: Names that have their meaning where the feeds' own names appear.
_RESERVED = frozenset(
    (
        "BOUNDS",
        "CHUNK",
        "Chunk",
        "LANES",
        "RESET",
        "Stream",
        "stream",
        "stream_of",
        "COLUMNS",
        "DATA_PATH",
        "GROUP",
        "HORIZON",
        "INPUT_COLUMNS",
        "JITTER",
        "INPUTS",
        "LABELS",
        "LARGEST",
        "LENGTHS",
        "MISSING",
        "ORDER",
        "ORIGIN",
        "ROW",
        "SCALED",
        "STATIC",
        "SERIES",
        "PAD",
        "START",
        "SHAPES",
        "OUTPUTS",
        "SPLIT_SEED",
        "STEPS",
        "STRIDE",
        "TIME_SHIFT",
        "TARGET",
        "TARGET_COLUMNS",
        "TRAIN",
        "VALIDATION",
        "POOL",
        "Part",
        "Windows",
        "first",
        "last",
        "Ragged",
        "np",
        "part",
        "scaled",
        "scaling",
        "stack",
        "starts",
        "windows",
    )
)


#: what numbers are read as, which matters to the model only
AS_FLOATS = ".astype(np.float32, copy=False)"


@dataclass(frozen=True, slots=True)
class Feed:
    """What feeds one model input, or the target.

    ``stacked`` columns stand side by side on a last axis; ``windowed`` arrays get a time axis.
    ``bound`` is set for ids, which lie in ``[0, bound)``. ``shape`` is the type's, in full.
    An input ``stands`` in the window, ahead of it, or static beside it: one value for each series.
    ``lengths`` names the array of its sequences' lengths, if they differ: then it has one entry
    for each step of all sequences, and ``fill`` pads a batch of them.
    ``counted`` tells the lengths of the input before it.
    ``constant`` names the columns that are stacked; ``key`` is the one name of any other feed.
    ``kind`` tells when a target is taken, ``output`` whose it is.
    ``late`` tells an input that is a target one step late, ``padded`` that its padding stays there.
    """

    variable: str
    names: tuple[str, ...]
    shape: Shape
    stacked: bool
    windowed: bool
    is_ids: bool
    bound: int | None
    scaled: bool
    constant: str
    key: Code
    stands: str = "window"
    kind: str = ""
    output: str = ""
    per_step: bool = False
    lengths: str = ""
    fill: int | float = 0
    counted: bool = False
    late: bool = False
    padded: bool = False

    def shifted(self, rows: str) -> str:
        """What the model is given, of the rows that are read."""
        if not self.late:
            return rows
        return f"{rows}.late()" if self.ragged else f"one_step_late({rows})"

    @property
    def ragged(self) -> bool:
        """Whether its samples differ in length."""
        return bool(self.lengths)

    def same_rows(self, other: Feed) -> bool:
        """Whether two feeds read the same columns in the same way."""
        return all(
            getattr(self, field) == getattr(other, field)
            for field in ("names", "stacked", "is_ids", "scaled")
        )

    def rows(self, columns: str, scaled: str) -> str:
        """The expression for its rows, [rows, ...], float32 or int64, out of two dictionaries."""
        source = scaled if self.scaled else columns
        if self.stacked:
            stacked = f"stack({source}, {self.constant})"
            return f"{stacked}.astype(np.int64)" if self.is_ids else stacked
        column = f"{source}[{self.key}]"
        if self.counted:
            return f"{column}.lengths"
        return column if self.is_ids or self.ragged else column + AS_FLOATS


class Feeds:
    """All feeds of a training, inputs and targets in model order.

    ``beyond`` is how many rows after a window its targets take; ``horizon`` those of a forecast.
    """

    def __init__(self, task: Task, training: Training) -> None:
        self._data: Data = training.data
        self._names = Names(_RESERVED)
        windows = self._data.windows
        #: rows of a stream have no time axis: chunks of them have
        self.streamed = self._data.streams is not None
        self.parted = self._data.streams is not None and self._data.streams.args["lanes"] > 1
        reset = training.reset
        self.reset = str(reset.args["column"]) if reset is not None and reset.args else ""
        self.windowed = windows is not None
        self.steps = int(windows.args["steps"]) if windows else 0
        self.stride = int(windows.args["stride"]) if windows else 1
        kinds = {target.kind for target in self._data.targets.values()}
        self.horizon = int(windows.args["horizon"]) if windows and "ahead" in kinds else 1
        self.beyond = 0 if kinds <= {"same_step", "row"} else self.horizon
        self._padded = {
            value.mask.lengths: value
            for value in task.graph.inputs
            if self._data.ragged and isinstance(value.mask, ByLengths)
        }
        #: arrays of lengths that come beside padded arrays, each with the array that it is of
        self.counts = tuple(
            (self._data.inputs[value.mask.lengths][0], self._data.inputs[value.name][0])
            for value in task.graph.inputs
            if isinstance(value.mask, ByLengths) and not (self._padded or self._data.tabular)
        )
        self.inputs = tuple(self._input(value) for value in task.graph.inputs)
        self._several = training.several
        self.targets = tuple(self._target(term) for term in training.terms)
        self.weights = {
            term.output: self._weight(term, target)
            for term, target in zip(training.terms, self.targets, strict=True)
            if term.output in self._data.weights
        }

    @property
    def target(self) -> Feed:
        """The target of the first output, or of the only one."""
        return self.targets[0]

    @property
    def lengths(self) -> tuple[str, ...]:
        """The arrays of lengths that are read, each once."""
        return tuple(dict.fromkeys(feed.lengths for feed in self.all if feed.ragged))

    @property
    def all(self) -> tuple[Feed, ...]:
        """The inputs, then the targets, then what weighs samples."""
        return (*self.inputs, *self.targets, *self.weights.values())

    @property
    def shifted(self) -> frozenset[str]:
        """The lengths of the sequences whose next step some target is."""
        shifted = (feed for feed in self.targets if feed.kind == "next_step")
        return frozenset(feed.lengths for feed in shifted if feed.ragged)

    def shortened(self, feed: Feed) -> str:
        """Sequences are as long as their target: without the step that has no partner."""
        if feed.lengths not in self.shifted:
            return ""
        return f".shortened({0 if feed.kind == 'next_step' else -1})"

    def weighs_steps(self, term: Term) -> bool:
        """Whether each step of an output has a weight of its own: by its class, or by the data."""
        feed = self.weights.get(term.output)
        return term.class_weight is not None or (feed is not None and feed.per_step)

    @property
    def ahead_rows(self) -> str:
        """The number of rows after a window that are fed or compared, as the program says it."""
        return "HORIZON" if self.horizon > 1 else "1"

    def may_be_swapped(self) -> bool:
        """Whether an array can have the wrong shape and the right one with its axes swapped."""
        return any(self._swappable(feed) for feed in self.all)

    def _swappable(self, feed: Feed) -> bool:
        sizes = [dim.value for dim in feed.shape]
        if self.windowed:
            # [rows, features] that come as [features, rows].
            return any(sizes[2 if feed.windowed else 1 :])
        return len(sizes) == 3 and not feed.ragged and sizes[1] != sizes[2]

    def bounds(self) -> dict[str, int]:
        """How many ids there are in each column or array of ids, for whatever it feeds."""
        found: dict[str, int] = {}
        for feed in self.all:
            if feed.bound is not None:
                bounds = ((name, found.get(name, feed.bound)) for name in feed.names)
                found |= {name: min(bound, feed.bound) for name, bound in bounds}
        return found

    def _input(self, value: Value) -> Feed:
        tensor = value.tensor
        of = self._padded.get(value.name, value)
        is_ids = of.tensor.kind == "token"
        static = value.name in self._data.static
        stands = "static" if static else "ahead" if value.name in self._data.ahead else "window"
        windowed = self.windowed and not static
        shape = tensor.shape if static else self._of_rows(tensor.shape)
        stacked = self._data.tabular and len(shape) - windowed == 2
        return Feed(
            variable=self._names.fresh(value.name),
            names=self._data.inputs[value.name],
            shape=shape,
            stacked=stacked,
            windowed=windowed,
            is_ids=is_ids,
            bound=tensor.bound.value if is_ids and tensor.bound is not None else None,
            scaled=self._data.scale is not None and not is_ids,
            constant=self._names.fresh(f"{value.name.upper()}_COLUMNS") if stacked else "",
            key=literal(self._data.inputs[value.name][0]),
            stands=stands,
            lengths=self._lengths(tensor.shape),
            fill=tensor.pad if isinstance(tensor.pad, int | float) else 0,
            counted=of is not value,
            late=self._data.late is not None and self._data.late.input == value.name,
            padded=isinstance(tensor.pad, int | float),
        )

    def _of_rows(self, shape: Shape) -> Shape:
        """The shape of rows of a stream, for that of chunks of them."""
        return (Dim.of("rows"), *shape[2:]) if self.streamed else shape

    def _lengths(self, shape: Shape) -> str:
        """The array of the lengths of what has this shape, if its time axis is ragged."""
        axis = shape[1].symbol if len(shape) > 1 else None
        return self._data.ragged.get(axis, "") if axis else ""

    def _target(self, term: Term) -> Feed:
        target = self._data.targets[term.output]
        classes = term.compares == "class_ids"
        whole = self._of_rows(term.value.tensor.shape)
        shape = whole[:-1] if classes else whole
        if not self.windowed:
            windowed = False
        elif target.kind != "ahead" or self.horizon > 1:
            windowed = True
        else:
            # One step ahead has a time axis only if the model's output has one.
            windowed = len(shape) == (2 if classes else 3)
        stacked = self._data.tabular and len(shape) - windowed == 2
        constant = "TARGET_COLUMNS"
        if self._several and stacked:
            constant = self._names.fresh(f"{term.output.upper()}_COLUMNS")
        return Feed(
            variable=self._names.fresh(term.output if self._several else "target"),
            names=target.names,
            shape=shape,
            stacked=stacked,
            windowed=windowed,
            is_ids=classes,
            bound=whole[-1].value if classes else None,
            scaled=self._data.scale is not None and term.loss.entry.facts["scaled"],
            constant=constant if stacked else "",
            key=literal(target.names[0]) if self._several else Code("TARGET"),
            kind=target.kind,
            output=term.output,
            lengths=self._lengths(shape),
        )

    def _weight(self, term: Term, target: Feed) -> Feed:
        weight = self._data.weights[term.output]
        whole = self._of_rows(term.value.tensor.shape)
        shape = whole[:-1] if weight.per_step and not self.streamed else whole[:1]
        return replace(
            target,
            variable="",
            names=(weight.name,),
            shape=shape,
            stacked=False,
            windowed=self.windowed and weight.per_step,
            is_ids=False,
            bound=None,
            scaled=False,
            constant="",
            key=literal(weight.name),
            lengths=self._lengths(shape),
            per_step=weight.per_step,
        )


def names_of(feeds: Iterable[Feed]) -> tuple[str, ...]:
    """The columns or arrays that feeds read, each once."""
    return tuple(dict.fromkeys(name for feed in feeds for name in feed.names))
