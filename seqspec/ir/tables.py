"""Tables: columns that feed inputs and targets."""

from __future__ import annotations

from collections.abc import Mapping

from seqspec.diagnostics import codes
from seqspec.ir import files
from seqspec.ir.feeding import Fed, Feeder, Offered
from seqspec.ir.files import Unreadable
from seqspec.ir.graph import Value
from seqspec.ir.task import Target
from seqspec.ir.wanting import missing_target
from seqspec.ir.weighing import sample_weights
from seqspec.shapes.dim import Dim
from seqspec.types import Tensor


class Table(Feeder):
    """A csv or parquet file: its columns, as windows or as rows."""

    all_columns: tuple[str, ...] | None = None

    def feed(self) -> Fed | None:
        kinds = self.kinds()
        ports = self.ports()
        present = self._columns()
        if kinds is None or ports is None or isinstance(present, Unreadable):
            return None
        if not self.roles().known():
            return None
        chosen = self._choose(ports, present, kinds)
        if chosen is None:
            return None
        inputs, targets = chosen
        if present is not None and not self._known(inputs, targets, present):
            return None
        weights = sample_weights(self, None if present is None else dict.fromkeys(present))
        if weights is None:
            return None
        sizes: dict[str, Dim] = {}
        for port, type_ in ports:
            if not self.roles().fits(port, type_, *self._soonest(targets)):
                return None
            if not self.windows_fit(port, type_, inputs[port.name], sizes):
                return None
        data = self.data(inputs, targets, weights)
        if data is None:
            return None
        offered = {
            output: Offered(self.window_targets(target.kind, len(target.names), ports[0][1]))
            for output, target in targets.items()
        }
        return Fed(data, self.section, sizes, offered, self.all_columns)

    @staticmethod
    def _soonest(targets: Mapping[str, Target]) -> tuple[str, tuple[str, ...]]:
        """When targets are taken, ahead of the window if any is, and the columns of those."""
        kinds = [target.kind for target in targets.values()]
        kind = "ahead" if "ahead" in kinds else kinds[0]
        return kind, tuple(n for t in targets.values() if t.kind == kind for n in t.names)

    def _columns(self) -> tuple[str, ...] | Unreadable | None:
        if not self.there():
            return self.source.args["columns"]
        found = files.columns(self.path, self.source.args.get("delimiter"))
        if isinstance(found, Unreadable):
            self.unreadable(found)
            return found
        self.all_columns = found
        wanted: tuple[str, ...] | None = self.source.args["columns"]
        places = [(name, "source") for name in (*(wanted or ()), *self.arranging)]
        places += [(self.group, "split")] if self.group else []
        for name, setting in places:
            if name not in found:
                self.missing("column", name, found, setting)
                return Unreadable("")
        return wanted or found

    def _choose(
        self,
        ports: list[tuple[Value, Tensor]],
        present: tuple[str, ...] | None,
        kinds: Mapping[str, str],
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, Target]] | None:
        """The columns of every input and of every target."""
        given = self.given
        target = tuple(dict.fromkeys(c for one in self.trained for c in one.target.columns))
        if self.feeding:
            own = {p.name: self.feeding.get(p.name) for p, _ in ports}
            inputs = {name: (name,) if fed is None else fed.names for name, fed in own.items()}
        elif len(ports) > 1 or (given is None and self._by_name(ports[0][1])):
            inputs = {p.name: (p.name,) for p, _ in ports} if given is None else None
            if inputs is None:
                what = "`inputs` names the columns of a model's only input"
                help = "write feed(input=[…], …); inputs left out take the columns of their names"
                at = self.section.at("inputs")
                self.sink.report(codes.FORBIDDEN_VALUE(what=what), at, help=help)
                return None
            if len(ports) == 1 and present is not None and ports[0][0].name not in present:
                inputs = {ports[0][0].name: self._only(present, target)}
        elif given is None:
            if present is None:
                reason = f"{self.shown} is not there, so nobody knows which columns feed the input"
                self.sink.report(codes.BAD_DATA(reason=reason), self.section.at("source"),
                                 help="say so: csv(…, columns=[…])")  # fmt: skip
                return None
            apart = {
                column
                for one in self.trained
                if kinds[one.output] in ("row", "same_step")
                for column in one.target.columns
            }
            apart |= {one.loss.setting.args["sample_weight"] for one in self.trained}
            if self.source.args["columns"] is None:
                apart |= {*self.arranging, self.group}
            inputs = {ports[0][0].name: tuple(c for c in present if c not in apart)}
        else:
            inputs = {ports[0][0].name: given}
        first = next(iter(inputs.values()))
        return inputs, {
            one.output: Target(one.target.columns or first, kinds[one.output])
            for one in self.trained
        }

    def _by_name(self, type_: Tensor) -> bool:
        """Whether the only input has no axis of features: the column of its name feeds it."""
        return type_.rank == 1 + (self.windows is not None)

    def _only(self, present: tuple[str, ...], target: tuple[str, ...]) -> tuple[str, ...]:
        apart = (*target, *self.arranging, self.group)
        return tuple(c for c in present if c not in apart) or present

    def _known(
        self,
        inputs: Mapping[str, tuple[str, ...]],
        targets: Mapping[str, Target],
        present: tuple[str, ...],
    ) -> bool:
        for port, names in inputs.items():
            for name in names:
                if name not in present:
                    if name == port and self.given is None and port not in self.feeding:
                        self.sink.report(
                            codes.NOT_FED(data=self.section.name, port=port),
                            self.section.span,
                            help=f"{self.shown} has the columns " + ", ".join(present),
                        )
                    else:
                        self.missing("column", name, present, "inputs")
                    return False
        for one in self.trained:
            for name in targets[one.output].names:
                if name not in present:
                    missing_target(self, one, "column", name, present)
                    return False
        return True
