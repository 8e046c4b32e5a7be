"""A data section against a model: what tables and arrays have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir import header
from seqspec.ir.files import Array, Unreadable
from seqspec.ir.graph import Graph, Value
from seqspec.ir.sections import Section, Target
from seqspec.ir.task import Data
from seqspec.shapes.dim import Dim, Shape, same_shape, show
from seqspec.types import State, Tensor
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.spec import Setting


@dataclass(frozen=True, slots=True)
class Fed:
    """Data bound to a model: the shapes that a target may have and what the sizes are.

    ``targets`` is None where the file is not there to tell; ``target_array`` is the array that is
    the target, where one array is.
    """

    data: Data
    section: Section
    sizes: dict[str, Dim]
    targets: tuple[Shape, ...] | None
    target_array: Array | None = None


class Feeder:
    """What tables and arrays have in common: split, target, windows against ports."""

    def __init__(
        self, section: Section, graph: Graph, folder: Path, override: Path | None, sink: Sink
    ) -> None:
        self.section = section
        self.graph = graph
        self.sink = sink
        self.source: Setting = section.values["source"]
        self.tabular = bool(self.source.entry.facts["tabular"])
        self.windows: Setting | None = section.values["windows"]
        self.target: Target = section.values["target"]
        self.path = override or folder / self.source.args["path"]
        self.shown = f"`{self.source.args['path'] if override is None else override}`"

    # ---- what both kinds of file share

    def there(self) -> bool:
        if self.path.is_file():
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

    def kind(self) -> str | None:
        """When the target is taken; None after reporting that it makes no sense here."""
        kind = self.target.kind
        if kind is not None and self.windows is None and self.tabular:
            self.sink.report(
                codes.NEEDS_WINDOWS(
                    what=f"`{kind}()` speaks of the steps of a window, but there are none"
                ),
                self.section.at("target"),
                help="add `windows = sliding(steps=…)`",
            )
            return None
        return kind or ("row" if self.windows is None else "ahead")

    def split(self) -> Setting | None:
        split: Setting | None = self.section.values["split"]
        name = "chronological" if self.windows is not None else "random"
        if split is None:
            entry = ENTRIES["split"][name]
            return Setting(entry, {a.name: a.default for a in entry.args})
        if split.name == "random" and self.windows is not None:
            self.sink.report(
                codes.RANDOM_WINDOWS(),
                self.section.at("split"),
                labels=(Label(self.section.at("windows"), "windows overlap"),),
                help="neighbouring windows share steps; write chronological(…)",
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

    def data(
        self, inputs: Mapping[str, tuple[str, ...]], target: tuple[str, ...], kind: str
    ) -> Data | None:
        split = self.split()
        if split is None:
            return None
        columns = tuple(
            dict.fromkeys([c for names in inputs.values() for c in names] + list(target))
        )
        values = self.section.values
        return Data(
            self.section.name,
            self.source,
            self.tabular,
            inputs,
            target,
            kind,
            split,
            values["scale"],
            values["missing"],
            self.windows,
            self.section.span,
            columns,
        )

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

    def mismatch(self, port: Value, data: str, help: str) -> None:
        self.sink.report(
            codes.DATA_MISMATCH(port=port.name, declared=port.type, data=data),
            port.span,
            labels=(
                Label(
                    self.section.at("inputs" if "inputs" in self.section.spans else "source"),
                    "the data",
                ),
            ),
            help=help,
        )

    # ---- windows and rows

    def windows_fit(self, port: Value, type_: Tensor, width: int, sizes: dict[str, Dim]) -> bool:
        batch = Dim.of("B")
        steps = [] if self.windows is None else [Dim.of(self.windows.args["steps"])]
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
            self.sink.report(
                codes.NEEDS_WINDOWS(
                    what=f"`{port.name}` has a time axis, but each row is a sample"
                ),
                port.span,
                labels=(Label(self.section.span, "the data"),),
                help="cut the series into windows: `windows = sliding(steps=…)`",
            )
            return False
        swapped = len(actual) == 3 and same_shape(type_.shape, (actual[0], actual[2], actual[1]))
        if swapped:
            self.swapped(port, show(actual))
            return False
        unit = "windows are" if self.windows is not None else "rows are"
        help = f"{width} column{'s' if width != 1 else ''} feed it"
        if type_.kind == "float" and len(actual) == type_.rank + 1:
            help += f"; one feature a step is an axis of its own: float{show(actual)}"
        self.mismatch(port, f"{unit} {show(actual)}", help)
        return False

    def swapped(self, port: Value, actual: str) -> None:
        self.sink.report(
            codes.SWAPPED_AXES(port=port.name, declared=port.type, actual=actual),
            port.span,
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
