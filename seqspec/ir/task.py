"""A data set and a training, checked: what the backends need besides the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seqspec.ir.graph import Graph, Unit, Value
from seqspec.source import Span
from seqspec.vocabulary.spec import Setting


@dataclass(frozen=True, slots=True)
class Target:
    """What an output is compared with: columns of a table in order, or the name of one array.

    ``kind`` says when it is taken: ``"ahead"`` (the ``horizon`` steps after a window),
    ``"next_step"`` or ``"same_step"`` (one target per step of the window), ``"row"`` (no windows:
    one target per sample).
    """

    names: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class SampleWeight:
    """The column or array that weighs the loss of each sample, or of each of its steps."""

    name: str
    per_step: bool


@dataclass(frozen=True, slots=True)
class Late:
    """An input that is the array of a target one step late, behind the id ``start``."""

    input: str
    names: tuple[str, ...]
    start: int


@dataclass(frozen=True, slots=True)
class Data:
    """A data section bound to the model that trains on it.

    ``inputs`` maps each model input to what feeds it: column names of a table in order, or the
    name of one array. ``targets`` maps each output to what it is compared with, ``weights`` those
    that are weighed by the data to how.
    ``tabular`` tells a table of columns from named arrays. Splits are fractions of the rows.
    ``windows`` is None where each row is a sample.
    ``tokens`` says what texts are cut into, None where there are none.
    ``ragged`` maps each time axis along which samples have lengths of their own to the array that
    holds the lengths; ``batches`` says which samples share a batch, None where any do.
    """

    name: str
    source: Setting
    tabular: bool
    inputs: Mapping[str, tuple[str, ...]]
    targets: Mapping[str, Target]
    split: Setting
    scale: Setting | None
    missing: str
    windows: Setting | None
    span: Span
    #: for messages and docs: the columns that are read, each once, inputs first
    columns: tuple[str, ...] = ()
    #: inputs fed from the steps after a window, and those fed with one value for each series
    ahead: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    ragged: Mapping[str, str] = field(default_factory=dict[str, str])
    batches: Setting | None = None
    tokens: Setting | None = None
    weights: Mapping[str, SampleWeight] = field(default_factory=dict[str, SampleWeight])
    #: ``map`` for tables that are kept in files and read a batch at a time, else ``whole``
    memory: str = "whole"
    #: what is done to samples of the training part, in this order
    augment: tuple[Setting, ...] = ()
    #: series side by side in chunks, for a model that carries state; None where there are samples
    streams: Setting | None = None
    #: what tells several series of arrays apart that are streams: ``axis``, which is the first one
    #: of each array, or ``lengths``, one after the other; empty for one series
    apart: str = ""
    #: the input that is no array of the data but its target one step late
    late: Late | None = None

    @property
    def texts(self) -> bool:
        """Whether it is read from a text: sequences are as long as they are there."""
        return self.tokens is not None

    @property
    def vocabulary(self) -> bool:
        """Whether ids are those of a vocabulary, which is kept with the weights."""
        return self.tokens is not None and bool(self.tokens.entry.facts["vocabulary"])

    @property
    def kept(self) -> str:
        """What was found on the training part and is kept with the weights; may be empty."""
        return "vocabulary" if self.vocabulary else "scaling" if self.scale is not None else ""

    @property
    def scaled_by_series(self) -> bool:
        """Whether each series has a scale of its own."""
        return self.scale is not None and self.scale.args.get("per") == "series"

    @property
    def series(self) -> str:
        """The column that tells the series of one table apart; empty if there is but one."""
        return self.source.args.get("series") or ""

    @property
    def in_series(self) -> bool:
        """Whether there are several series."""
        return bool(self.series or self.apart)

    @property
    def order(self) -> str:
        """The column that rows are sorted by, each series for itself; empty for file order."""
        return self.source.args.get("order") or ""

    @property
    def group(self) -> str:
        """The column or array that tells the groups which a split keeps together."""
        return self.split.args.get("by") or ""


@dataclass(frozen=True, slots=True)
class Term:
    """What one output is trained for: its loss, how much that weighs, what else is measured.

    ``output`` is its name in the graph. ``loss`` and ``metrics`` are entries with their arguments.
    ``from_logits`` says whether the value that reaches a cross-entropy is logits (plain) or
    already probabilities (then the generated loss must recover the logits or say how it works);
    to a hinge, that it is a score: a yes is above zero, not above one half.
    """

    output: str
    value: Value
    loss: Setting
    from_logits: bool
    metrics: tuple[Setting, ...] = ()
    weight: float = 1.0
    #: whether what weights and outputs cost is reported as part of it: if it is the only one
    penalised: bool = False

    @property
    def class_weight(self) -> str | tuple[float, ...] | None:
        """A number for each class, or ``balanced``."""
        return self.loss.args.get("class_weight")

    @property
    def ignore_class(self) -> int | None:
        """The class id that does not count."""
        return self.loss.args.get("ignore_class")

    @property
    def counted(self) -> bool:
        """Whether not all entries count: metrics are means over those that do."""
        return self.ignore_class is not None

    def measured(self) -> tuple[Setting, ...]:
        """The metrics of an epoch besides the loss, if that is not the same number."""
        each = (m for m in self.metrics if m.entry.facts["each_epoch"])
        return tuple(m for m in each if not (self._tells(m) and self.plain))

    def _tells(self, metric: Setting) -> bool:
        """Whether the loss is the same number as a metric, where all of it counts alike."""
        return metric.name == self.loss.name and bool(metric.entry.facts["alike"])

    def held_out(self) -> tuple[Setting, ...]:
        """The metrics that are scores of a whole part."""
        return tuple(m for m in self.metrics if not m.entry.facts["each_epoch"])

    def measured_by(self, name: str) -> tuple[Setting, ...]:
        """The metrics of that name, which may differ in their arguments."""
        return tuple(m for m in self.metrics if m.name == name)

    @property
    def plain(self) -> bool:
        """Whether its loss, as reported, is the mean over all entries and nothing else."""
        return not (self.weighted or self.counted or self.penalised)

    @property
    def weighted(self) -> bool:
        """Whether samples weigh differently in its loss."""
        return self.class_weight is not None or self.loss.args.get("sample_weight") is not None

    @property
    def compares(self) -> str:
        """The kind of target that its loss wants; see :mod:`seqspec.vocabulary.training`."""
        return str(self.loss.entry.facts["target"])


@dataclass(frozen=True, slots=True)
class Frozen:
    """What training leaves as it is: a whole unit, or one weight of it.

    ``path`` is the beginning of the canonical names that are meant, ``units`` leads from the
    model to the unit. A whole one is in inference mode too, if that makes a difference.
    """

    path: str
    units: tuple[Unit, ...]
    whole: bool

    def holds(self, path: str) -> bool:
        """Whether a weight, by its canonical name, is part of it."""
        return path == self.path or path.startswith(f"{self.path}/")


def costs(graph: Graph, frozen: Sequence[Frozen]) -> bool:
    """Whether something is added to the loss: for weights that are trained, or for outputs."""
    return graph.activity or any(
        weight.regularizer and not any(one.holds(path) for one in frozen)
        for path, weight in graph.all_weights()
    )


@dataclass(frozen=True, slots=True)
class Training:
    """A train section, checked: a term for each output, in the order of the model's header."""

    data: Data
    terms: tuple[Term, ...]
    optimizer: Setting
    batch_size: int
    epochs: int
    seed: int
    shuffle: bool
    stop: Setting | None
    span: Span
    reduce: Setting | None = None
    precision: str = "float32"
    frozen: tuple[Frozen, ...] = ()
    #: when carried state is cleared; None where nothing is carried
    reset: Setting | None = None
    #: how many lanes of a stream share a batch at most; all of them if None
    lanes: int | None = None
    #: how many of the tokens that are fed back are the right ones in training
    teacher_forcing: float = 1.0

    def trains(self, path: str) -> bool:
        """Whether a weight, by its canonical name, is not frozen."""
        return not any(one.holds(path) for one in self.frozen)

    @property
    def drawn(self) -> bool:
        """Whether each epoch draws numbers for its batches: their order, or what changes them."""
        return self.shuffle or bool(self.data.augment)

    @property
    def schedule(self) -> Setting | None:
        """The schedule of the learning rate, if it is no number."""
        rate = self.optimizer.args["learning_rate"]
        return rate if isinstance(rate, Setting) else None

    @property
    def several(self) -> bool:
        """Whether several outputs are trained: programs then deal in tuples of them."""
        return len(self.terms) > 1

    @property
    def weighted(self) -> bool:
        """Whether samples weigh differently in any loss."""
        return any(term.weighted for term in self.terms)

    @property
    def counted(self) -> bool:
        """Whether metrics of some output are means over what counts of it."""
        return any(term.counted for term in self.terms)

    @property
    def forecast(self) -> bool:
        """Whether errors are scored in units of a naive forecast's."""
        return any(term.measured_by("mase") for term in self.terms)

    @property
    def split_up(self) -> bool:
        """Whether a score is told where sequences end."""
        return any(map(self.splits, self.terms))

    def splits(self, term: Term) -> bool:
        """Whether a score of an output needs to know that, since it sees steps in one row."""
        return bool(term.measured_by("edit_distance")) and (
            term.value.mask is not None or self.ragged(term)
        )

    def ragged(self, term: Term) -> bool:
        """Whether an output has steps of sequences that have lengths of their own."""
        shape = term.value.tensor.shape
        return len(shape) > 2 and shape[1].symbol in self.data.ragged

    @property
    def only(self) -> Term:
        """The term of the one output there is."""
        (term,) = self.terms
        return term


@dataclass(frozen=True, slots=True)
class Generation:
    """A generate section, checked: ``output`` feeds the input ``loop``, one token after another.

    ``start`` and ``stop`` are ids, texts of tokens, or None: then a prompt begins the sequence, or
    only the limit ends it.
    """

    loop: str
    output: str
    start: int | str | None
    stop: int | str | None
    limit: int
    pick: Setting
    span: Span


@dataclass(frozen=True, slots=True)
class Stepped:
    """What of a model is run step by step: the input that comes so, and the output asked for."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast section, checked: ``output`` feeds the input ``loop``, which has its columns.

    ``known`` are inputs that come with it step by step and have to be known beforehand, ``fixed``
    those with one value for each series. ``warm_up`` is how many steps are read before, None for
    all that are known.
    """

    loop: str
    output: str
    known: tuple[str, ...]
    fixed: tuple[str, ...]
    steps: int
    warm_up: int | None
    season: int | None
    origins: int
    span: Span


@dataclass(frozen=True, slots=True)
class Task:
    """All that a backend compiles: a graph and, if the spec says so, how it is trained.

    ``spec_name`` is the file's name without folders, ``digest`` the identity of its meaning (text
    and overrides).
    """

    graph: Graph
    training: Training | None
    spec_name: str
    spec_text: str
    digest: str
    overrides: Mapping[str, Any]
    generation: Generation | None = None
    forecast: Forecast | None = None
    stream: Stepped | None = None

    @property
    def stepped(self) -> Stepped | None:
        """What of the model is run step by step, if anything."""
        looped = self.generation or self.forecast
        return Stepped(looped.loop, looped.output) if looped is not None else self.stream

    @property
    def online(self) -> bool:
        """Whether its programs have a stepper."""
        return self.forecast is not None or self.stream is not None

    @property
    def penalised(self) -> bool:
        """Whether something is added to the loss."""
        return costs(self.graph, self.training.frozen if self.training is not None else ())

    @property
    def mixed(self) -> bool:
        """Whether layers compute in less than float32."""
        return self.training is not None and self.training.precision != "float32"

    @property
    def terms(self) -> tuple[Term, ...]:
        """What its outputs are trained for; nothing without a training."""
        return self.training.terms if self.training is not None else ()
