"""Where a model's inputs stand in time: in the window, ahead of it, or one for a whole series."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.diagnostics.suggest import nearest
from seqspec.ir.graph import Graph, Value
from seqspec.ir.inputs import Feeding
from seqspec.ir.sections import Section
from seqspec.ir.streams import steps_of
from seqspec.types import State, Tensor


class Roles:
    """The roles of the inputs that a data section feeds."""

    def __init__(
        self, section: Section, graph: Graph, feeding: Feeding, shown: str, sink: Sink
    ) -> None:
        self._section = section
        self._graph = graph
        self._feeding = feeding
        self._shown = shown
        self._sink = sink
        self._series = section.values["source"].args.get("series")

    def role(self, port: Value, type_: Tensor) -> str:
        """``window``, ``ahead``, ``static``, or ``row`` where there are no windows."""
        if steps_of(self._section) is None:
            return "row"
        columns = self._feeding.get(port.name)
        if columns is not None and columns.ahead:
            return "ahead"
        without_time = type_.rank == (1 if type_.kind == "token" else 2)
        # A window has to feed something: the only input has forgotten its time axis.
        told = len(self._graph.inputs) > 1 and (columns is not None or self._series)
        return "static" if without_time and told else "window"

    def standing(self, role: str) -> tuple[str, ...]:
        """The inputs of a role."""
        ports = [(v, v.type) for v in self._graph.inputs if not isinstance(v.type, State)]
        return tuple(port.name for port, type_ in ports if self.role(port, type_) == role)

    def known(self) -> bool:
        """Whether all that ``feed(…)`` names are inputs; reports if not."""
        names = [port.name for port in self._graph.inputs]
        for name, columns in self._feeding.items():
            if name not in names:
                found = nearest(name, names)
                self._sink.report(
                    codes.UNKNOWN_NAME(name=name),
                    columns.span,
                    help=f"did you mean `{found}`?" if found else "inputs: " + ", ".join(names),
                    fix=Fix(columns.span, found) if found else None,
                )
                return False
        return True

    def fits(self, port: Value, type_: Tensor, kind: str, target: tuple[str, ...]) -> bool:
        """Whether an input can stand where it does; reports if not.

        ``kind`` and ``target`` are when the target is taken and its columns.
        """
        role = self.role(port, type_)
        if role == "static" and not self._series:
            self._sink.report(
                codes.NO_SERIES(
                    what=port.name, why="takes one value for each series", path=self._shown
                ),
                port.span,
                labels=(Label(self._section.at("source"), "the data"),),
                help="name the column that tells the series apart: `series=…`; "
                f"or give `{port.name}` a time axis",
            )
            return False
        columns = self._feeding.get(port.name)
        if columns is None or not columns.ahead:
            return True
        leaks = [name for name in columns.names if name in target]
        if role == "ahead" and kind == "ahead" and not leaks:
            return True
        why = "there are no windows" if role != "ahead" else f"`{kind}()` has no horizon"
        help = "ahead([…]) goes with `windows = sliding(…, horizon=…)` and columns as the target"
        if leaks:
            why, help = f"`{leaks[0]}` is what is to be predicted there", "leave it out"
        self._sink.report(
            codes.KNOWN_AHEAD(port=port.name, why=why),
            self._section.at("inputs", leaks[0]) if leaks else columns.span,
            help=help,
        )
        return False
