"""The plan of ``data.py``: every decision about a program's data, in words for its template.

Both backends write the same ``data.py``. It needs numpy only and contains what the spec asks for:
no scaling without ``scale``, no windows without ``windows``.
"""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_doc import describe, part_note, samples_doc, summary
from seqspec.backends.data_feeds import Feed, Feeds, names_of
from seqspec.backends.data_imports import import_lines
from seqspec.backends.data_mapped import MappedPlan, plan_mapped, rows_on_disk
from seqspec.backends.data_prediction import PredictionPlan, plan_prediction, returned
from seqspec.backends.data_ragged import RaggedPlan, plan_ragged
from seqspec.backends.data_scores import ScorePlan, plan_scores
from seqspec.backends.data_series import SeriesPlan, input_rows, plan_series, target_rows
from seqspec.backends.data_sources import SCALING_DOCS, SourcePlan, plan_source
from seqspec.backends.data_split import SplitPlan, plan_split
from seqspec.backends.data_table import TablePlan, plan_table
from seqspec.backends.python_text import (
    WIDTH,
    Call,
    Code,
    Expr,
    Group,
    Pair,
    assign,
    call,
    literal,
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
    part_note: str
    load_summary: str
    all_names: str
    prediction: PredictionPlan
    holder: str
    sample_lines: tuple[str, ...]
    samples_doc: str
    tabular: bool
    source: SourcePlan
    windowed: bool
    strided: bool
    stacks: bool
    scale: str
    scaling_doc: str
    scaled_names: str
    all_scaled: bool
    target_scaled: bool
    target_stacked: bool
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
    series: SeriesPlan
    mapped: MappedPlan | None
    texts: bool
    ragged: RaggedPlan | None

    @property
    def rows_told(self) -> bool:
        """Whether it has to be told which row of the file a value is from."""
        return self.series.arranged or self.mapped is not None

    @property
    def deviates(self) -> bool:
        """Whether deviations are worked out some rows at a time."""
        return self.mapped is not None and self.mapped.deviates

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
        self.npy = self.data.source.name == "npy"
        self.feeds = Feeds(task, training)
        self.windowed = self.feeds.windowed
        self.split = plan_split(self.data)
        self.series = plan_series(self.data, self.feeds)
        self.mapped = plan_mapped(self.data, self.feeds)
        self.table = plan_table(self.data, self.series)
        # Whether more is read than numbers: what only tells rows apart.
        grouped = not self.tabular and bool(self.data.group)
        self.texts = self.series.labels or self.series.arranged or grouped
        self.ragged = plan_ragged(self.data, self.feeds)

    @property
    def _imports(self) -> tuple[str, ...]:
        given = self.data, self.table, self.split, self.mapped
        return import_lines(*given, cuts=self.series.cuts, ragged=self.ragged is not None)

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
        if not self.feeds.target.stacked:
            lines += assign("TARGET", self.feeds.target.names[0])
        if not self._constant(self.feeds.inputs, ""):
            lines += assign(self._inputs_constant, _names(self._read_for_inputs()))
        if self.tabular and not self._constant(self.feeds.all, ""):
            lines += assign("COLUMNS", self._all_columns(), note="all that are read")
        scaled = names_of(feed for feed in self.feeds.all if feed.scaled)
        if scaled and self._scaled_constant(scaled) == "SCALED":
            lines += assign("SCALED", _names(scaled))
        if not self.tabular:
            lines += assign("SHAPES", Group("{", tuple(self._shapes())))
        bounds = self.feeds.bounds()
        if bounds:
            pairs = tuple(Pair(name, bound) for name, bound in bounds.items())
            lines += assign("BOUNDS", Group("{", pairs), note="ids lie in [0, bound)")
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
        return (*lines, *(self.ragged.constants if self.ragged else ()), *self.split.constants)

    def _all_columns(self) -> Expr:
        """The columns of the inputs and the target, by their constants where none is in both."""
        inputs, target = names_of(self.feeds.inputs), self.feeds.target
        if set(inputs) & set(target.names):
            return _names(names_of(self.feeds.all))
        constant = self._constant(self.feeds.inputs, self._inputs_constant)
        own = f"*{target.constant}" if target.constant else str(target.key)
        return Group("(", (Code(f"*{constant}"), Code(own)))

    def _read_for_inputs(self) -> tuple[str, ...]:
        lengths = (feed.lengths for feed in self.feeds.inputs if feed.ragged)
        return tuple(dict.fromkeys((*names_of(self.feeds.inputs), *lengths)))

    def _shapes(self) -> list[Expr]:
        entries: dict[str, Pair] = {}
        for feed in self.feeds.all:
            sizes: list[Expr] = [dim.value or str(dim) for dim in feed.shape]
            if feed.ragged:
                entries.setdefault(feed.lengths, Pair(feed.lengths, Group("(", (sizes[0],))))
                steps = "steps" if len(self.feeds.lengths) == 1 else f"{sizes[1]} steps"
                sizes = [steps, *sizes[2:]]
            elif feed.windowed:
                sizes = ["rows", *sizes[2:]]
            elif self.windowed:
                sizes = ["rows", *sizes[1:]]
            for name in feed.names:
                entries.setdefault(name, Pair(name, Group("(", tuple(sizes))))
        if self.data.group:
            batch = self.feeds.inputs[0].shape[0]
            size = Group("(", (batch.value or str(batch),))
            entries.setdefault(self.data.group, Pair(Code("GROUP"), size))
        return list(entries.values())

    def _has_single_columns(self) -> bool:
        """Whether a series of one column is read, which may come as a plain array [rows]."""
        ranks = [(len(feed.shape) - feed.windowed, feed.shape[-1].value) for feed in self.feeds.all]
        return self.windowed and not self.tabular and (2, 1) in ranks

    # --------------------------------------------------------------------- samples and predictions

    def _window(self, rows: str, length: str) -> Code:
        stride = ", STRIDE" if self.feeds.stride > 1 else ""
        return Code(f"windows({rows}, {length}{stride})")

    def _rows(self, feed: Feed) -> str:
        return rows_on_disk(feed, "part") if self.mapped else feed.rows("part", "scaled")

    def _sample_lines(self) -> tuple[str, ...]:
        scales = any(feed.scaled for feed in self.feeds.all) and not self.mapped
        lines = ["scaled = scaling.apply(part)"] if scales else []
        if self.series.cuts:
            stride = ", STRIDE" if self.feeds.stride > 1 else ""
            lines.append(f"first = starts(part[SERIES], {self._needed()[0]}{stride})")
        cut = self._cut()
        inputs: list[Expr] = []
        for feed in self.feeds.inputs:
            if feed.counted:
                inputs.append(Code(f"{inputs[-1]}.lengths"))
                continue
            lines.append(f"{feed.variable} = {self._rows(feed)}")
            if self.series.cuts:
                inputs.append(input_rows(feed, feed.variable, self.feeds.ahead_rows))
            elif feed.stands == "ahead":
                inputs.append(self._window(f"{feed.variable}[STEPS:]", self.feeds.ahead_rows))
            elif self.windowed:
                rows = feed.variable + cut.get(self.data.target_kind, "")
                inputs.append(self._window(rows, "STEPS"))
            else:
                inputs.append(Code(feed.variable + self._shortened(feed, -1)))
        target = self.feeds.target
        twins = (feed.variable for feed in self.feeds.inputs if feed.same_rows(target))
        name = next(twins, "")
        if not name:
            name = target.variable
            lines.append(f"{name} = {self._rows(target)}")
        expr = call("Part", inputs=Group("(", tuple(inputs)), target=self._target_expr(name))
        return (*lines, *returned(expr))

    def _cut(self) -> dict[str, str]:
        """What windows leave out at the end of the rows, by the kind of target."""
        if self.series.cuts:
            return {}
        return {"ahead": "[:-HORIZON]" if self.feeds.horizon > 1 else "[:-1]", "next_step": "[:-1]"}

    def _target_expr(self, name: str) -> Code:
        if not self.windowed:
            return Code(name + self._shortened(self.feeds.target, 0))
        if self.series.cuts:
            windowed = self.feeds.target.windowed
            return target_rows(name, self.data.target_kind, windowed, self.feeds.horizon)
        if not self.feeds.ahead:
            rows = f"{name}[1:]" if self.data.target_kind == "next_step" else name
            return self._window(rows, "STEPS")
        if self.feeds.target.windowed:
            length = "HORIZON" if self.feeds.horizon > 1 else "1"
            return self._window(f"{name}[STEPS:]", length)
        return Code(f"{name}[STEPS::STRIDE]" if self.feeds.stride > 1 else f"{name}[STEPS:]")

    def _shortened(self, feed: Feed, at: int) -> str:
        """Sequences are as long as their target: without the step that has no partner."""
        alike = feed.ragged and feed.lengths == self.feeds.target.lengths
        shifted = alike and self.data.target_kind == "next_step"
        return f".shortened({at})" if shifted else ""

    # ----------------------------------------------------------------------------------- the whole

    def _part_fields(self) -> list[str]:
        shown = [f"{feed.variable} {_shape(feed)}" for feed in self.feeds.inputs]
        kind = "np.ndarray | Ragged" if self.ragged else "np.ndarray"
        target = "Ragged" if self.feeds.target.ragged else "np.ndarray"
        return [
            *_noted(
                "inputs: Inputs" if self.series.cuts else f"inputs: tuple[{kind}, ...]",
                ", ".join(shown),
            ),
            *_noted(f"target: {target}", _shape(self.feeds.target)),
        ]

    def _needed(self) -> tuple[str, str]:
        """How many rows one window and its target take: an expression, and the same in words."""
        if self.data.target_kind == "same_step":
            return "STEPS", "{STEPS} rows"
        if self.feeds.horizon > 1:
            return "STEPS + HORIZON", "{STEPS} rows and the {HORIZON} after them"
        return "STEPS + 1", "{STEPS} rows and the one after them"

    def plan(self) -> DataPlan:
        """All decisions together."""
        feeds, target = self.feeds, self.feeds.target
        scale = self.data.scale.name if self.data.scale else ""
        scaled = names_of(feed for feed in feeds.all if feed.scaled)
        what, holder = ("column", "columns") if self.tabular else ("array", "arrays")
        needed, needed_words = self._needed()
        return DataPlan(
            doc=describe(self.task, self.data),
            imports=self._imports,
            constants=self._constants(),
            tail=self._tail(),
            arrays_note=_COLUMNS if self.tabular else f"by name, {self.split.unit}s first",
            batches=self.batches,
            part_fields=tuple(self._part_fields()),
            part_note=part_note(self.data),
            load_summary=summary(self.data),
            all_names=self._constant(feeds.all, "COLUMNS") if self.tabular else "tuple(SHAPES)",
            prediction=self._prediction(),
            holder=holder,
            sample_lines=self._sample_lines(),
            samples_doc=samples_doc(self.data),
            tabular=self.tabular,
            source=plan_source(self.data.source.name),
            windowed=self.windowed,
            strided=feeds.stride > 1,
            stacks=any(feed.stacked for feed in feeds.all) and not self.mapped,
            scale=scale,
            scaling_doc=SCALING_DOCS.get(scale, "").format(what=what),
            scaled_names=self._scaled_constant(scaled),
            all_scaled=scaled == names_of(feeds.all) and not self.texts,
            target_scaled=target.scaled,
            target_stacked=target.stacked,
            what=what,
            missing=self.data.missing,
            refines=bool(self.feeds.bounds()) or self.data.missing in ("drop", "forward_fill"),
            bounds=bool(self.feeds.bounds()),
            symbols=not self.tabular and (len(names_of(feeds.all)) > 1 or bool(self.ragged)),
            swaps=self.feeds.may_be_swapped(),
            single_columns=self._has_single_columns(),
            table=self.table,
            needed=needed,
            needed_words=needed_words,
            split=self.split,
            score=plan_scores(self.training, target, origin=self.series.arranged),
            ragged=self.ragged,
            series=self.series,
            mapped=self.mapped,
            texts=self.texts,
        )

    def _prediction(self) -> PredictionPlan:
        names = self._constant(self.feeds.inputs, self._inputs_constant)
        return plan_prediction(self.data, self.feeds, self.series, names)

    def _scaled_constant(self, scaled: tuple[str, ...]) -> str:
        every = scaled == names_of(self.feeds.all) and not self.ragged
        if every and (self.tabular or not self.data.group):
            return self._constant(self.feeds.all, "COLUMNS") if self.tabular else "SHAPES"
        own = (feed.constant for feed in self.feeds.all if feed.names == scaled)
        return next((constant for constant in own if constant), "SCALED")


_COLUMNS = "columns by name, [rows] each"
_PATH_NOTE = "as in the spec, from the current folder"


def _names(names: tuple[str, ...]) -> Group:
    return Group("(", names)


def _noted(field: str, note: str) -> list[str]:
    line = f"{field}  # {note}"
    return [line] if len(line) <= WIDTH - 4 else [f"# {note}", field]


def _shape(feed: Feed) -> str:
    return "[" + ", ".join(str(dim) for dim in feed.shape) + "]"
