"""The plan of ``data.py``: every decision about a program's data, in words for its template.

Both backends write the same ``data.py``. It needs numpy only and contains what the spec asks for:
no scaling without ``scale``, no windows without ``windows``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from seqspec.backends.data_augment import AugmentPlan, plan_augment
from seqspec.backends.data_classes import ClassesPlan, plan_classes
from seqspec.backends.data_doc import describe, part_note, summary
from seqspec.backends.data_feeds import Feed, Feeds, names_of
from seqspec.backends.data_imports import import_lines
from seqspec.backends.data_late import LatePlan, counted, plan_late
from seqspec.backends.data_lists import ListsPlan
from seqspec.backends.data_mapped import Kept, MappedPlan, plan_mapped
from seqspec.backends.data_naive import NaivePlan, plan_naive
from seqspec.backends.data_part import (
    TargetsPlan,
    ignored_ids,
    needed_rows,
    part_fields,
    plan_targets,
    shapes_of,
)
from seqspec.backends.data_prediction import PredictionPlan, plan_prediction
from seqspec.backends.data_ragged import RaggedPlan, plan_ragged
from seqspec.backends.data_ranges import RangesPlan, plan_ranges
from seqspec.backends.data_samples import Samples, SamplesPlan, WeightsPlan, plan_weights
from seqspec.backends.data_scores import ScorePlan, plan_scores
from seqspec.backends.data_series import SeriesPlan, plan_series
from seqspec.backends.data_sources import SCALING_DOCS, SERIES_SCALING_DOCS, SourcePlan, plan_source
from seqspec.backends.data_split import SplitPlan, plan_split
from seqspec.backends.data_streams import StreamsPlan, assembled, plan_streams, streamed
from seqspec.backends.data_table import TablePlan, plan_table
from seqspec.backends.python_text import (
    Call,
    Code,
    Expr,
    Group,
    Pair,
    assign,
    literal,
    mapping,
)
from seqspec.ir.files import source_path
from seqspec.ir.task import Data, Task, Training


@dataclass(frozen=True, slots=True)
class DataPlan:
    """The template's values; see ``templates/_shared/data.py.j2``."""

    doc: str
    imports: tuple[str, ...]
    constants: tuple[str, ...]
    tail: tuple[str, ...]
    arrays_note: str
    batches: bool
    part_fields: tuple[str, ...]
    several: bool
    targets: TargetsPlan
    part_note: str
    load_summary: str
    all_names: str
    prediction: PredictionPlan
    samples: SamplesPlan
    tabular: bool
    source: SourcePlan
    windowed: bool
    stacks: bool
    scale: str
    scaling_doc: str
    scaled_names: str
    all_scaled: bool
    missing: str
    refines: bool
    bounds: bool
    symbols: bool
    swaps: bool
    single_columns: bool
    table: TablePlan
    what: str
    needed: str
    needed_words: str
    split: SplitPlan
    score: ScorePlan
    weights: WeightsPlan
    series: SeriesPlan
    mapped: MappedPlan | None
    texts: bool
    ragged: RaggedPlan | None
    late: LatePlan | None
    streams: StreamsPlan | None
    naive: NaivePlan
    ranges: RangesPlan
    augment: AugmentPlan | None
    classes: ClassesPlan | None
    lists: ListsPlan | None = field(default=None, kw_only=True)

    @property
    def holder(self) -> str:
        """What the rows of a file are called together."""
        return "columns" if self.tabular else "arrays"

    @property
    def edits(self) -> bool:
        """Whether sequences are compared by what has to be changed in them."""
        return any("edit_distance(" in line for line in self.score.lines)

    @property
    def by_rows(self) -> bool:
        """Whether a line of the file is not a sample of its own."""
        return False

    @property
    def shuffled(self) -> bool:
        """Whether a generator that is given draws the order of the samples, too."""
        return self.augment is None or self.augment.shuffles

    @property
    def rows_told(self) -> bool:
        """Whether it has to be told which row of the file a value is from."""
        return self.series.sorts or self.mapped is not None

    @property
    def deviates(self) -> bool:
        """Whether deviations are worked out some rows at a time."""
        return self.mapped is not None and self.mapped.deviates

    @property
    def kept(self) -> Kept | None:
        """What is made of the file, if anything."""
        return self.mapped.kept if self.mapped else None

    @property
    def mapped_arrays(self) -> bool:
        """Whether arrays are memory maps."""
        return self.mapped is not None and self.mapped.arrays

    @property
    def fitted_by_blocks(self) -> bool:
        """Whether a scaling is fitted on arrays that are memory maps."""
        return self.mapped_arrays and self.scale in ("standard", "minmax")

    @property
    def fills_numbers(self) -> bool:
        """Whether missing values are filled in beside columns that are none."""
        return self.texts and self.missing in ("forward_fill", "interpolate")

    @property
    def bucketed(self) -> bool:
        """Whether batches hold sequences of similar length."""
        return self.ragged is not None and self.ragged.bucketed


def plan(task: Task, *, batches: bool = True) -> DataPlan:
    """Decides what ``data.py`` of a task with a training says."""
    training = task.training
    assert training is not None, "a task without training has no data"
    return _Planner(task, training, batches).plan()


class _Planner:
    """Collects the decisions; one method for each section of the file."""

    def __init__(self, task: Task, training: Training, batches: bool) -> None:
        self.task = task
        self.batches = batches
        self.training = training
        self.data: Data = training.data
        self.tabular = self.data.tabular
        self.scale = self.data.scale.name if self.data.scale else ""
        self.what = "column" if self.tabular or self.data.texts else "array"
        self.npy = self.data.source.name == "npy"
        self.feeds = Feeds(task, training)
        self.windowed = self.feeds.windowed
        self.split = plan_split(self.data)
        self.series = plan_series(self.data, self.feeds)
        self.mapped = plan_mapped(self.data, self.feeds)
        self.table = plan_table(self.data, self.series)
        # Whether more is read than numbers: what only tells rows apart.
        grouped = not self.tabular and bool(self.data.group)
        self.texts = self.series.labels or self.series.sorts or grouped
        self.ragged = plan_ragged(training, self.feeds)
        self.late = plan_late(self.data, self.feeds)
        self.weights = plan_weights(self.feeds, training)
        self.streams = plan_streams(self.feeds, task.graph, training, self.series)
        self.naive = plan_naive(self.feeds, training)
        self.score = plan_scores(training, self.feeds.targets, origin=self.series.arranged)
        self.augment = plan_augment(task, training, self.feeds)

    @property
    def _imports(self) -> tuple[str, ...]:
        given = self.data, self.table, self.split, self.mapped
        ranges = plan_ranges(self.feeds, self.training)
        ragged, cuts, replaces = self.ragged is not None, self.series.cuts, self.score.replaces
        return import_lines(*given, ranges, cuts=cuts, ragged=ragged, replaces=replaces)

    @property
    def _inputs_constant(self) -> str:
        return "INPUT_COLUMNS" if self.tabular else "INPUTS"

    def _constant(self, feeds: tuple[Feed, ...], otherwise: str) -> str:
        """The constant that holds the names some feeds read: a feed's own if that is all."""
        wanted = names_of(feeds)
        return next((f.constant for f in feeds if f.constant and f.names == wanted), otherwise)

    # ------------------------------------------------------------------------------------- the top

    def _constants(self) -> tuple[str, ...]:
        path = literal(source_path(self.data.source))
        lines = assign("DATA_PATH", Call("Path", (path,)), note=_PATH_NOTE)
        if "function" in self.data.source.args:
            lines += assign("FUNCTION", self.data.source.args["function"].partition(":")[2])
        lines += self.series.constants
        for feed in self.feeds.all:
            if feed.constant:
                # Where the target is an input's own columns, later, it says so.
                twin = next(f.constant for f in self.feeds.all if f.constant and f.same_rows(feed))
                known = twin != feed.constant
                lines += assign(feed.constant, Code(twin) if known else _names(feed.names))
        if not self.training.several and not self.feeds.targets[0].stacked:
            lines += assign("TARGET", self.feeds.targets[0].names[0])
        if self.training.several:
            outputs = tuple(term.output for term in self.training.terms)
            lines += assign("OUTPUTS", _names(outputs), note="of the model, with a target each")
        if not self._constant(self.feeds.inputs, ""):
            lines += assign(self._inputs_constant, _names(self._read_for_inputs()))
        if self.tabular and not self._constant(self.feeds.all, ""):
            lines += assign("COLUMNS", self._all_columns(), note="all that are read")
        scaled = names_of(feed for feed in self.feeds.all if feed.scaled)
        if scaled and self._scaled_constant(scaled) == "SCALED":
            lines += assign("SCALED", _names(scaled))
        if not self.tabular:
            lines += assign("SHAPES", Group("{", shapes_of(self.data, self.feeds)))
        bounds = self.feeds.bounds()
        if bounds:
            pairs = tuple(Pair(name, bound) for name, bound in bounds.items())
            lines += assign("BOUNDS", Group("{", pairs), note="ids lie in [0, bound)")
        if ignored := ignored_ids(self.feeds, self.training):
            lines += assign("IGNORED", mapping(list(ignored.items())), note="counts in no loss")
        if self.tabular:
            lines += self.table.constants
        lines += self.mapped.constants if self.mapped else ()
        return (*lines, "", *self._tail())

    def _tail(self) -> tuple[str, ...]:
        """The constants of windows, sequences and the split."""
        lines: list[str] = []
        if self.windowed:
            lines.append(f"STEPS = {self.feeds.steps}  # rows in a window")
            if self.feeds.stride > 1:
                lines.append(f"STRIDE = {self.feeds.stride}  # from window to window")
            if self.feeds.horizon > 1:
                lines.append(f"HORIZON = {self.feeds.horizon}  # rows to predict after a window")
        lines += self.ragged.constants if self.ragged else ()
        lines += self.late.constants if self.late else ()
        lines += self.streams.constants if self.streams else ()
        lines += self.weights.constants
        lines += self.augment.constants if self.augment else ()
        return (*lines, *self.split.constants)

    def _all_columns(self) -> Expr:
        """The columns of inputs and targets, by their constants where none is in two of them."""
        inputs, targets = names_of(self.feeds.inputs), self.feeds.targets
        weights = [name for feed in self.feeds.weights.values() for name in feed.names]
        read = [*inputs, *(name for target in targets for name in target.names), *weights]
        if len(set(read)) < len(read):
            return _names(names_of(self.feeds.all))
        constant = self._constant(self.feeds.inputs, self._inputs_constant)
        own = (Code(f"*{t.constant}" if t.constant else str(t.key)) for t in targets)
        return Group("(", (Code(f"*{constant}"), *own, *weights))

    def _read_for_inputs(self) -> tuple[str, ...]:
        lengths = (feed.lengths for feed in self.feeds.inputs if feed.ragged)
        counted = [self.series.counted] if self.series.counted else []
        return tuple(dict.fromkeys((*names_of(self.feeds.inputs), *lengths, *counted)))

    def _has_single_columns(self) -> bool:
        """Whether a series of one column is read, which may come as a plain array [rows]."""
        ranks = [(len(feed.shape) - feed.windowed, feed.shape[-1].value) for feed in self.feeds.all]
        series = self.windowed or (self.feeds.streamed and self.data.apart != "axis")
        return series and not self.tabular and (2, 1) in ranks

    # ----------------------------------------------------------------------------------- the whole

    @property
    def _scaled(self) -> tuple[str, ...]:
        """The columns or arrays that have a scale."""
        return names_of(feed for feed in self.feeds.all if feed.scaled)

    def plan(self) -> DataPlan:
        """All decisions together."""
        feeds, scaled, needed = self.feeds, self._scaled, needed_rows(self.feeds)
        return DataPlan(
            doc=describe(self.task, self.data),
            imports=self._imports,
            constants=self._constants(),
            tail=self._tail(),
            arrays_note=_COLUMNS if self.tabular else f"by name, {self.split.unit}s first",
            batches=self.batches,
            part_fields=tuple(part_fields(feeds, self.training, cuts=self.series.cuts)),
            several=self.training.several,
            targets=plan_targets(feeds, self.training),
            part_note=part_note(self.data),
            load_summary=summary(self.data),
            all_names=self._constant(feeds.all, "COLUMNS") if self.tabular else "tuple(SHAPES)",
            prediction=self._prediction(),
            samples=self._samples(),
            tabular=self.tabular,
            source=plan_source(self.data.source.name, counted(self.task, self.feeds)),
            windowed=self.windowed,
            stacks=any(feed.stacked for feed in feeds.all) and not self.mapped,
            scale=self.scale,
            scaling_doc=self._scaling_doc(),
            scaled_names=self._scaled_constant(scaled),
            all_scaled=scaled == names_of(feeds.all) and not (self.texts or self.data.apart),
            what=self.what,
            missing=self.data.missing,
            refines=bool(feeds.bounds()) or self.data.missing in ("drop", "forward_fill"),
            bounds=bool(feeds.bounds()) and not self.data.texts,
            symbols=not self.tabular and (len(names_of(feeds.all)) > 1 or bool(self.ragged)),
            swaps=feeds.may_be_swapped(),
            single_columns=self._has_single_columns(),
            table=self.table,
            needed=needed[0],
            needed_words=needed[1],
            split=self.split,
            score=self.score,
            ragged=self.ragged,
            late=self.late,
            naive=self.naive,
            ranges=plan_ranges(feeds, self.training),
            weights=self.weights,
            series=self.series,
            mapped=self.mapped,
            texts=self.texts,
            streams=self.streams,
            augment=self.augment,
            classes=plan_classes(self.task, self.training, feeds, self.split),
        )

    def _samples(self) -> SamplesPlan:
        samples = Samples(self.feeds, self.training, self.series, self.naive)
        if self.streams is None:
            return samples.plan(self.weights)
        lines = assembled(self.feeds, self.training, samples)
        return samples.plan(self.weights, lines)

    def _prediction(self) -> PredictionPlan:
        names = self._constant(self.feeds.inputs, self._inputs_constant)
        if self.streams is not None:
            return streamed(self.training, self.feeds, names, named=self.series.arranged)
        return plan_prediction(self.data, self.feeds, self.series, names)

    def _scaling_doc(self) -> str:
        docs = SERIES_SCALING_DOCS if self.series.scaled else SCALING_DOCS
        return docs.get(self.scale, "").format(what=self.what)

    def _scaled_constant(self, scaled: tuple[str, ...]) -> str:
        every = scaled == names_of(self.feeds.all) and not self.ragged
        if every and (self.tabular or not (self.data.group or self.data.apart)):
            return self._constant(self.feeds.all, "COLUMNS") if self.tabular else "SHAPES"
        own = (feed.constant for feed in self.feeds.all if feed.names == scaled)
        return next((constant for constant in own if constant), "SCALED")


_COLUMNS = "columns by name, [rows] each"
_PATH_NOTE = "as in the spec, from the current folder"


def _names(names: tuple[str, ...]) -> Group:
    return Group("(", names)
