"""Named arrays that feed inputs and targets."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from seqspec.diagnostics import codes
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.ir import files, header, ragged
from seqspec.ir.feeding import Fed, Feeder, Offered
from seqspec.ir.files import Array, Unreadable
from seqspec.ir.graph import Value
from seqspec.ir.items import Failed
from seqspec.ir.late import late_input
from seqspec.ir.outputs import Trained
from seqspec.ir.streams import streamed
from seqspec.ir.task import Target
from seqspec.ir.wanting import missing_target
from seqspec.ir.weighing import sample_weights
from seqspec.shapes.dim import Dim, Shape, same_shape, show
from seqspec.types import Tensor

# numpy's kinds of elements: floats, signed and unsigned whole numbers, truth values.
_NUMBERS = "fiub"
_SAVE_NUMBERS = "save it as an array of floats or whole numbers; objects are never unpickled"


class Arrays(Feeder):
    """A npz or npy file: its arrays, as samples or as series to cut into windows."""

    def feed(self) -> Fed | None:
        ports = self.ports()
        axes = None if ports is None else ragged.axes(ports, self.section, self.sink)
        if ports is None or axes is None or not self.roles().known():
            return None
        if axes:
            self.ragged = axes
            ports = [port for port in ports if port[0].name not in self.padded_ports()]
        kinds = self.kinds()
        if kinds is None:
            return None
        found = self._found()
        if isinstance(found, Unreadable):
            self.unreadable(found)
            return None
        late = late_input(self, self.generate, kinds, found or ())
        if isinstance(late, Failed):
            return None
        self.late = late
        inputs = self._inputs([p for p in ports if late is None or p[0].name != late.input])
        if inputs is None:
            return None
        if self.source.name == "npy" and found is not None:
            others = [name for name in inputs if late is None or name != late.input]
            if len(others) > 1:
                self.sink.report(
                    codes.NOT_FED(data=self.section.name, port=others[1]),
                    self.section.span,
                    help="a npy file holds one array; several go into a npz file",
                )
                return None
            found = {next(iter(inputs.values()))[0]: found[""]}
        if not (self._groups(found) and self._several(ports[0], inputs, found)):
            return None
        sizes: dict[str, Dim] = {}
        if found is not None and not (
            self._lengths_fit(found) and self._arrays_fit(ports, inputs, found, sizes)
        ):
            return None
        own = next(iter(inputs.values()))
        targets = {
            one.output: Target(one.target.columns or own, kinds[one.output]) for one in self.trained
        }
        return self._finish_arrays(inputs, targets, found, sizes, ports[0][1])

    def _inputs(self, ports: list[tuple[Value, Tensor]]) -> dict[str, tuple[str, ...]] | None:
        """The array of each input; None after reporting what names none."""
        given = self.given
        if given is not None and (len(ports) > 1 or len(given) != 1):
            what = "`inputs` names the one array of a model's only input"
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), self.section.at("inputs"))
            return None
        inputs = {p.name: given or (p.name,) for p, _ in ports}
        for name, columns in self.feeding.items():
            if columns.ahead or len(columns.names) != 1:
                what = f"`{name}` is fed by one array, which has a time axis of its own"
                self.sink.report(codes.FORBIDDEN_VALUE(what=what), columns.span)
                return None
            inputs[name] = columns.names
        return inputs if self.late is None else {**inputs, self.late.input: self.late.names}

    def _finish_arrays(
        self,
        inputs: Mapping[str, tuple[str, ...]],
        targets: Mapping[str, Target],
        found: Mapping[str, Array] | None,
        sizes: dict[str, Dim],
        first: Tensor,
    ) -> Fed | None:
        if [o for o in self.trained if not self._is_target(o, targets[o.output], found)]:
            return None
        weights = sample_weights(self, found)
        data = None if weights is None else self.data(inputs, targets, weights)
        if data is None:
            return None
        offered = {
            one.output: self._offered(targets[one.output], found, first, one.value)
            for one in self.trained
        }
        return Fed(data, self.section, sizes, offered)

    def _is_target(self, one: Trained, target: Target, found: Mapping[str, Array] | None) -> bool:
        """Whether what an output is compared with is one array of numbers; reports if not."""
        if len(target.names) != 1:
            what = "the target of named arrays is one array"
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), one.target.span)
            return False
        (name,) = target.names
        if found is not None and name not in found:
            missing_target(self, one, "array", name, found)
            return False
        if found is not None and found[name].kind not in _NUMBERS:
            reason = f"the array `{name}` of {self.shown} holds no numbers"
            at = one.target.at(name)
            self.sink.report(codes.BAD_DATA(reason=reason), at, help=_SAVE_NUMBERS)
            return False
        return True

    def _offered(
        self, target: Target, found: Mapping[str, Array] | None, first: Tensor, output: Value
    ) -> Offered:
        if found is None:
            return Offered(None)
        array = found[target.names[0]]
        if self.windows is not None:
            return Offered(self.window_targets(target.kind, self._width(array), first))
        return Offered((self._shape(array, output.tensor.shape),), array)

    def _shape(self, array: Array, declared: Shape) -> Shape:
        """The shape of a batch of an array; flat sequences get their time axis back."""
        name = ragged.axis(declared)
        steps = (Dim.of(name),) if name in self.ragged else ()
        return (declared[0], *steps, *(Dim.of(n) for n in array.shape[1:]))

    def _found(self) -> Mapping[str, Array] | Unreadable | None:
        """The arrays of the file; None where it is not there, or is code, which is not run here."""
        there = self.there() and not self.source.entry.facts.get("code")
        return files.arrays(self.path, self.source.name) if there else None

    @property
    def _lengths(self) -> tuple[str, ...]:
        """The arrays of lengths that the source names."""
        return self.source.args.get("lengths") or ()

    def _several(
        self,
        first: tuple[Value, Tensor],
        inputs: Mapping[str, tuple[str, ...]],
        found: Mapping[str, Array] | None,
    ) -> bool:
        """Whether a stream of several series can be read, if it is one; reports if not.

        The first input tells: its array has the series on an axis before that of the steps.
        """
        if streamed(self.section) is None:
            return True
        port, type_ = first
        array = (found or {}).get(inputs[port.name][0])
        if len(self._lengths) > 1:
            what = "the series of a stream have one array of lengths"
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), self.section.at("source"))
            return False
        if self._lengths:
            self.apart = "lengths"
        elif array is not None and len(array.shape) == type_.rank:
            self.apart = "axis"
        return not self.apart or ragged.no_gaps(self.section, self.sink)

    def _width(self, array: Array) -> int:
        """How many features a row of an array of series has."""
        row = array.shape[2 if self.apart == "axis" else 1 :]
        return row[0] if row else 1

    def _rows_fit(self, port: Value, type_: Tensor, name: str, array: Array) -> bool:
        """Whether an array of a stream has the axes of one series, or of many; reports if not."""
        if streamed(self.section) is None:
            return True
        rank = type_.rank - (self.apart != "axis")
        plain = self.apart != "axis" and type_.kind == "float" and len(array.shape) == 1
        if len(array.shape) == rank or plain:
            return True
        features = ", features" if type_.kind == "float" else ""
        help = f"one series is [steps{features}], several are [series, steps{features}], "
        help += f"or [steps of all{features}] with `lengths=`; each array alike"
        self.mismatch(port, f"the array `{name}` is {list(array.shape)}", help)
        return False

    def _lengths_fit(self, found: Mapping[str, Array]) -> bool:
        """Whether there are lengths: whole numbers, one for each sample."""
        for name in (*self.ragged.values(), *(self._lengths if self.apart == "lengths" else ())):
            array = found.get(name)
            if array is None:
                self.missing("array", name, found, "source")
                return False
            if array.kind not in "iu" or len(array.shape) != 1:
                reason = f"the array `{name}` of {self.shown} holds no lengths, "
                reason += "which are whole numbers, one for each sequence"
                at = self.section.at("source", name)
                self.sink.report(codes.BAD_DATA(reason=reason), at)
                return False
        return True

    def _groups(self, found: Mapping[str, Array] | None) -> bool:
        """Whether the groups of a split, if it has any, can be read; reports if not."""
        if not self.group or self.windows is not None or found is None:
            return True
        array = found.get(self.group)
        if array is None:
            self.missing("array", self.group, found, "split")
            return False
        if len(array.shape) != 1 or array.kind not in "iubU":
            reason = f"the array `{self.group}` of {self.shown} does not name a group a sample"
            help = "save it as [samples], whole numbers or texts"
            self.sink.report(
                codes.BAD_DATA(reason=reason), self.section.at("split", self.group), help=help
            )
            return False
        return True

    def _arrays_fit(
        self,
        ports: list[tuple[Value, Tensor]],
        inputs: Mapping[str, tuple[str, ...]],
        found: Mapping[str, Array],
        sizes: dict[str, Dim],
    ) -> bool:
        for port, type_ in ports:
            (name,) = inputs[port.name]
            array = found.get(name)
            if array is None and self.late is not None and self.late.input == port.name:
                continue  # a target that is missing is told as such
            if array is None:
                self.sink.report(
                    codes.NOT_FED(data=self.section.name, port=port.name),
                    self.section.at("source"),
                    help=self._begun(port)
                    or did_you_mean(name, found)
                    or f"{self.shown} has the arrays " + ", ".join(found),
                )
                return False
            if array.kind not in _NUMBERS:
                self.mismatch(port, f"the array `{name}` holds no numbers", _SAVE_NUMBERS)
                return False
            if self.windows is not None:
                if self.apart != "axis" and _features_first(array, type_):
                    self.swapped(port, f"{list(array.shape)}, steps last")
                    return False
                if not self._rows_fit(port, type_, name, array):
                    return False
                if not self.windows_fit(port, type_, self._width(array), sizes):
                    return False
                continue
            actual = self._shape(array, type_.shape)
            if type_.kind == "token" and array.kind not in "iu":
                self.mismatch(port, f"the array `{name}` holds fractions", "ids are whole numbers")
                return False
            header.unify([type_.shape], [actual], sizes)
            if not same_shape(tuple(d.substitute(sizes) for d in type_.shape), actual):
                if header.swapped(type_.shape, actual):
                    self.swapped(port, show(actual))
                else:
                    self.mismatch(
                        port,
                        f"the array `{name}` is {list(array.shape)}",
                        _array_advice(array, type_),
                    )
                return False
        return True

    def _begun(self, port: Value) -> str:
        """What makes an input its target one step late, if only that is missing."""
        generate = self.generate
        if generate is None or generate.values["start"] is not None:
            return ""
        if generate.values["loop"].input != port.name:
            return ""
        return "write the id that begins a sequence, such as `start = 1`, in its generate section"


def _features_first(array: Array, type_: Tensor) -> bool:
    """Whether an array to be cut into windows is as wide as the input the other way round."""
    return (
        len(array.shape) == 2
        and type_.rank == 3
        and type_.shape[2].value == array.shape[0] != array.shape[1]
    )


def _array_advice(array: Array, type_: Tensor) -> str:
    numbers = [d.value for d in type_.shape[1:]]
    known = [n for n in numbers if n is not None]
    if len(known) == len(numbers) and prod(known) == prod(array.shape[1:]):
        return f"the same numbers in another shape: save it as {[array.shape[0], *known]}"
    sample = list(array.shape[1:])
    return f"the first axis of an array counts the samples, so one sample is {sample}"
