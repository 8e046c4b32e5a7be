"""A data section against a model: what tables and arrays have in common."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.diagnostics.suggest import nearest
from seqspec.ir import header
from seqspec.ir.files import Array, Unreadable, source_path
from seqspec.ir.graph import Graph, Value
from seqspec.ir.inputs import Feeding
from seqspec.ir.masks import ByLengths
from seqspec.ir.outputs import Trained
from seqspec.ir.roles import Roles
from seqspec.ir.sections import Section
from seqspec.ir.streams import steps_of, streamed
from seqspec.ir.task import Data, Late, SampleWeight, Target
from seqspec.shapes.dim import Dim, Shape, same_shape, show
from seqspec.source import Span
from seqspec.types import State, Tensor
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.spec import Setting


@dataclass(frozen=True, slots=True)
class Offered:
    """What the data has to offer as the target of an output.

    ``shapes`` are those that it may have, None where the file is not there to tell; ``array`` is
    the array that is the target, where one array is.
    """

    shapes: tuple[Shape, ...] | None
    array: Array | None = None


@dataclass(frozen=True, slots=True)
class Fed:
    """Data bound to a model: what each output can be compared with, and what the sizes are."""

    data: Data
    section: Section
    sizes: dict[str, Dim]
    targets: Mapping[str, Offered]
    #: the columns of a table that is there
    present: tuple[str, ...] | None = None


class Feeder:
    """What tables and arrays have in common: split, target, windows against ports."""

    def __init__(
        self,
        section: Section,
        graph: Graph,
        trained: tuple[Trained, ...],
        folder: Path,
        override: Path | None,
        sink: Sink,
        generate: Section | None = None,
    ) -> None:
        self.section = section
        self.generate = generate
        self.graph = graph
        self.trained = trained
        self.sink = sink
        self.source: Setting = section.values["source"]
        self.tabular = bool(self.source.entry.facts["tabular"])
        self.windows: Setting | None = steps_of(section)
        #: time axes along which samples differ in length, with the arrays of their lengths
        self.ragged: dict[str, str] = {}
        #: what tells several series of arrays apart
        self.apart = ""
        #: the input that is the target one step late, if one is
        self.late: Late | None = None
        self.path = override or folder / source_path(self.source)
        self.shown = f"`{source_path(self.source) if override is None else override}`"

        split: Setting | None = section.values["split"]
        #: the column or array that a split keeps together, and the columns that arrange the rows
        self.group: str = (split.args.get("by") if split else None) or ""
        arranging = (self.source.args.get(role) for role in ("series", "order"))
        self.arranging = tuple(name for name in arranging if name)
        given: tuple[str, ...] | Feeding | None = section.values["inputs"]
        self.feeding: Feeding = given if isinstance(given, Mapping) else {}
        self.given = None if isinstance(given, Mapping) else given

    # ---- what both kinds of file share

    def there(self) -> bool:
        if os.path.isfile(self.path):  # false for names that no system takes
            return True
        self.sink.report(
            codes.NO_FILE(path=self.shown),
            self.section.at("source"),
            help="paths are relative to the spec; its columns cannot be checked",
        )
        return False

    def unreadable(self, found: Unreadable) -> None:
        self.sink.report(
            codes.BAD_DATA(reason=f"cannot read {self.shown}: {found.reason}"),
            self.section.at("source"),
        )

    def kinds(self) -> dict[str, str] | None:
        """When each output's target is taken; None after reporting that it makes no sense here."""
        kinds: dict[str, str] = {}
        for one in self.trained:
            kind = one.target.kind
            stepless = self.tabular or (kind == "next_step" and not self.ragged)
            if kind is not None and self.windows is None and stepless:
                self.sink.report(
                    codes.NEEDS_WINDOWS(
                        what=f"`{kind}()` speaks of the steps of a window, but there are none"
                    ),
                    one.target.span,
                    help="add `windows = sliding(steps=…)`",
                )
                return None
            kinds[one.output] = kind or ("row" if self.windows is None else "ahead")
        return kinds

    def split(self) -> Setting | None:
        split: Setting | None = self.section.values["split"]
        name = "chronological" if self.windows is not None else "random"
        if split is None:
            entry = ENTRIES["split"][name]
            return Setting.plain(entry)
        if not self._deals_out(split):
            return None
        if split.name == "random" and self.windows is not None:
            self.sink.report(
                codes.RANDOM_WINDOWS(),
                self.section.at("split"),
                labels=(Label(self.section.at("windows"), "windows overlap"),),
                help="neighbouring windows share steps; write chronological(…)",
                fix=self._chronological(),
            )
            return None
        total = split.args["train"] + split.args["validation"]
        if total > 1 + 1e-9 or split.args["train"] == 0:
            self.sink.report(
                codes.BAD_SPLIT(
                    total=f"{total:.0%}" if split.args["train"] else "no training part"
                ),
                self.section.at("split"),
                help="train and validation together are at most 100%; the rest is the test part",
            )
            return None
        return split

    def _deals_out(self, split: Setting) -> bool:
        """Whether there are series or groups where a split deals them out; reports if not."""
        unit = split.entry.facts["unit"]
        cut = unit == "series" or (unit == "group" and self.windows is not None)
        if not cut or self.source.args.get("series") or (self.apart and unit == "series"):
            return True
        why = "deals out whole series" if unit == "series" else "would tear windows apart"
        several = "series" in self.source.args
        column = split.args.get("by", "…")
        self.sink.report(
            codes.NO_SERIES(what=split.name, why=why, path=self.shown),
            self.section.at("split"),
            labels=(Label(self.section.at("source"), "one series, as it is read"),),
            help=f"name the column that tells the series apart: `series={column}`"
            if several
            else "write chronological(…)",
        )
        return False

    def _chronological(self) -> Fix | None:
        at = self.section.at("split", "random")
        written = self.section.values["split"].args
        return Fix(at, "chronological") if not written["seed"] else None

    def missing(
        self, what: str, name: str, present: Iterable[str], setting: str, at: Span | None = None
    ) -> None:
        """Report a column or an array that is named, in a setting or at a place, and not there."""
        found = nearest(name, present)
        at = at or self.section.at(setting, name)
        if name in ENTRIES.get(setting, {}):
            found = f"{name}()"  # its parentheses were forgotten
        self.sink.report(
            codes.UNKNOWN_COLUMN(path=self.shown, what=what, name=name),
            at,
            help=f"did you mean `{found}`?" if found else f"its {what}s: " + ", ".join(present),
            fix=Fix(at, found) if found and found.removesuffix("()").isidentifier() else None,
        )

    def data(
        self,
        inputs: Mapping[str, tuple[str, ...]],
        targets: Mapping[str, Target],
        weights: Mapping[str, SampleWeight],
    ) -> Data | None:
        split = self.split()
        if split is None:
            return None
        if not (self._follow() and self._batched()):
            return None
        if self.ragged:  # a reader of such sequences knows their lengths
            inputs = {
                value.name: inputs[self.padded_ports().get(value.name, value.name)]
                for value in self.graph.inputs
            }
        read = (*inputs.values(), *(target.names for target in targets.values()))
        weighing = (weight.name for weight in weights.values())
        columns = tuple(dict.fromkeys((*(name for names in read for name in names), *weighing)))
        values = self.section.values
        return Data(
            self.section.name,
            self.source,
            self.tabular,
            inputs,
            targets,
            split,
            values["scale"],
            values["missing"],
            values["windows"],
            self.section.span,
            columns,
            self.roles().standing("ahead"),
            self.roles().standing("static"),
            self.ragged,
            None if streamed(self.section) else values["batches"],
            values["tokens"],
            weights,
            values["memory"],
            self._augmentations(),
            streamed(self.section),
            self.apart,
            self.late,
        )

    def _follow(self) -> bool:
        """Whether rows still follow each other where that matters; reports if not."""
        if self.windows is None or self.section.values["missing"] != "drop":
            return True
        what = "`missing = drop` would make neighbours of rows that are not"
        labels = (Label(self.section.at("windows"), "windows take rows as they follow"),)
        help = "write forward_fill or interpolate, or mend the file"
        finding, at = codes.FORBIDDEN_VALUE(what=what), self.section.at("missing")
        self.sink.report(finding, at, labels=labels, help=help)
        return False

    def _augmentations(self) -> tuple[Setting, ...]:
        given: Setting | tuple[Setting, ...] | None = self.section.values["augment"]
        return (given,) if isinstance(given, Setting) else given or ()

    def _batched(self) -> bool:
        """Whether batches can be drawn by length, if that is asked for; reports if not."""
        if self.section.values["batches"] is None or self.ragged or streamed(self.section):
            return True
        what = "`bucketed` draws samples of similar length together, but all are equally long"
        help = "leave it out, or name the lengths: npz(…, lengths=lengths)"
        self.sink.report(codes.FORBIDDEN_VALUE(what=what), self.section.at("batches"), help=help)
        return False

    def roles(self) -> Roles:
        """Where the inputs stand in time."""
        return Roles(self.section, self.graph, self.feeding, self.shown, self.sink)

    def ports(self) -> list[tuple[Value, Tensor]] | None:
        ports: list[tuple[Value, Tensor]] = []
        for value in self.graph.inputs:
            if isinstance(value.type, State):
                self.sink.report(
                    codes.NOT_FED(data=self.section.name, port=value.name),
                    value.span,
                    help="a state comes from a layer, not from data; train the caller",
                )
                return None
            ports.append((value, value.type))
        return ports

    def padded_ports(self) -> dict[str, str]:
        """The inputs that say how many steps of another one are data, with that other one."""
        masks = ((value.name, value.mask) for value in self.graph.inputs)
        return {mask.lengths: name for name, mask in masks if isinstance(mask, ByLengths)}

    def mismatch(self, port: Value, data: str, help: str, setting: str = "") -> None:
        """Report a port and its data; ``setting`` is to blame, else what names the columns."""
        setting = setting or ("inputs" if "inputs" in self.section.spans else "source")
        self.sink.report(
            codes.DATA_MISMATCH(port=port.name, declared=port.type, data=data),
            port.span,
            labels=(Label(self.section.at(setting), "the data"),),
            help=help,
        )

    # ---- windows and rows

    def windows_fit(
        self, port: Value, type_: Tensor, columns: tuple[str, ...] | int, sizes: dict[str, Dim]
    ) -> bool:
        """Whether windows (or rows) of some columns fit a port; reports if not."""
        width = columns if isinstance(columns, int) else len(columns)
        batch = Dim.of("B")
        role = self.roles().role(port, type_)
        axis = {"window": "steps", "ahead": "horizon"}.get(role)
        steps = [] if self.windows is None or axis is None else [Dim.of(self.windows.args[axis])]
        features = [] if type_.kind == "token" else [Dim.of(width)]
        actual = (type_.shape[0] if type_.shape else batch, *steps, *features)
        if type_.kind == "token" and width != 1:
            self.mismatch(port, f"{width} columns feed it", "ids come from one column")
            return False
        header.unify([type_.shape], [actual], sizes)
        wanted = tuple(d.substitute(sizes) for d in type_.shape)
        if same_shape(wanted, actual):
            return True
        if self.windows is None and type_.rank == 3:
            self._no_windows(port, type_, f" {show(actual)}" if width else "")
            return False
        if header.swapped(type_.shape, actual):
            self.swapped(port, show(actual))
            return False
        self._report_windows(port, type_, actual, columns, axis or "")
        return False

    def _no_windows(self, port: Value, type_: Tensor, rows: str) -> None:
        steps = type_.shape[1].value
        window = f"windows = sliding(steps={steps or '…'})"
        end = self.section.at("source").end
        self.sink.report(
            codes.NEEDS_WINDOWS(
                what=f"`{port.name}` is {type_} with a time axis, but each row is a sample{rows}"
            ),
            port.span,
            labels=(Label(self.section.at("source"), "the data"),),
            help=f"cut the series into windows: `{window}`",
            fix=Fix(Span(end, end), f"\n    {window}") if steps else None,
        )

    def _report_windows(
        self,
        port: Value,
        type_: Tensor,
        actual: Shape,
        columns: tuple[str, ...] | int,
        axis: str,
    ) -> None:
        unit = {"steps": "windows are", "horizon": "the steps after are"}.get(axis, "rows are")
        width = columns if isinstance(columns, int) else len(columns)
        feed = "one column feeds it" if width == 1 else f"{width} columns feed it"
        if isinstance(columns, tuple) and 0 < width < 8:
            feed += ": " + ", ".join(columns)
        setting = ""
        if type_.kind == "float" and len(actual) == type_.rank + 1:
            feed = f"features are an axis of their own, however few: float{show(actual)}"
        elif axis and type_.shape[2:] == actual[2:]:
            setting = "windows"
            feed = f"write {axis}={type_.shape[1]} here, or {type_.shaped(actual)} in the header"
        self.mismatch(port, f"{unit} {show(actual)}", feed, setting)

    def swapped(self, port: Value, actual: str) -> None:
        self.sink.report(
            codes.SWAPPED_AXES(port=port.name, declared=port.type, actual=actual),
            port.span,
            here=f"the data has {actual}",
            labels=(Label(self.section.at("source"), "the data"),),
            help="the order is [batch, time, features]; change the header or the data",
        )

    def window_targets(self, kind: str, width: int, first: Tensor) -> tuple[Shape, ...]:
        batch, columns = first.shape[0], Dim.of(width)
        if kind == "row" or self.windows is None:
            return ((batch, columns),)
        steps = Dim.of(self.windows.args["steps"])
        if kind != "ahead":
            return ((batch, steps, columns),)
        horizon = Dim.of(self.windows.args["horizon"])
        options: list[Shape] = []
        if horizon.value == 1:
            options.append((batch, columns))
        options.append((batch, horizon, columns))
        if width == 1:
            options.append((batch, horizon))
        return tuple(options)
