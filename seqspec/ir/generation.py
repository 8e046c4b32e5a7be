"""A generate section against its model: what is fed back, and whether that can be."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.ir.causality import sights
from seqspec.ir.graph import Graph, Value
from seqspec.ir.loops import Loop, Token
from seqspec.ir.masks import ByLengths
from seqspec.ir.sections import Section
from seqspec.ir.stepping import STEPPABLE, Stepping, beside, take_apart
from seqspec.ir.task import Generation, Training
from seqspec.shapes.dim import same_shape
from seqspec.types import Tensor
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.spec import Setting

#: The ids that ``ends`` of the data puts around each text.
_START, _STOP = 2, 3


def check(
    section: Section, graph: Graph, training: Training | None, sink: Sink
) -> Generation | None:
    """The generation of a model; None after reporting what does not fit."""
    return _Checker(section, graph, training, sink).run()


class _Checker:
    def __init__(
        self, section: Section, graph: Graph, training: Training | None, sink: Sink
    ) -> None:
        self.section = section
        self.graph = graph
        self.training = training
        self.sink = sink
        self.loop: Loop = section.values["loop"]

    def run(self) -> Generation | None:
        looped, output = self._input(), self._output()
        if looped is None or output is None:
            return None
        if not (self._same_ids(looped, output) and self._looks_back(looped, output)):
            return None
        name = next(name for name, value in self.graph.outputs if value is output)
        if not (self._shifted(looped, name) and self._steps(looped, name)):
            return None
        start, stop = self._token("start", looped), self._token("stop", looped)
        others = [value.name for value in self.graph.inputs if value is not looped]
        if start is None and others:
            what = f"nothing says what `{looped.name}` begins with"
            help = "write `start =` an id, or `ends=true` where texts are cut"
            self._refuse(what, "loop", help)
            return None
        pick: Setting = self.section.values["pick"] or Setting.plain(ENTRIES["pick"]["greedy"])
        limit: int = self.section.values["limit"]
        return Generation(looped.name, name, start, stop, limit, pick, self.section.span)

    # ---- the ends of the loop

    def _input(self) -> Value | None:
        inputs = {value.name: value for value in self.graph.inputs if not value.parts}
        if self.loop.input not in inputs:
            self._unknown("input", self.loop.input, list(inputs))
            return None
        looped = inputs[self.loop.input]
        type_ = looped.tensor
        if type_.kind == "token" and type_.rank == 2:
            return looped
        what = f"`{looped.name}` is {type_}, and what is written are tokens, one for each step"
        self._refuse(what, "loop", "such an input is `token(1000)[B, T]`", looped)
        return None

    def _output(self) -> Value | None:
        outputs = dict(self.graph.outputs)
        if self.loop.output:
            if self.loop.output not in outputs:
                self._unknown("output", self.loop.output, list(outputs))
                return None
            return outputs[self.loop.output]
        if len(outputs) == 1:
            return next(iter(outputs.values()))
        names = ", ".join(f"`{name}`" for name in outputs)
        first = f"{next(iter(outputs))} -> {self.loop.input}"
        self._refuse(
            f"`{self.graph.name}` has several outputs ({names})", "loop", f"write `loop = {first}`"
        )
        return None

    def _same_ids(self, looped: Value, output: Value) -> bool:
        """Whether the output has a number for each id, at each step of the looped input."""
        ids, given = looped.tensor, output.type
        assert ids.bound is not None
        wanted = (*ids.shape, ids.bound)
        if isinstance(given, Tensor) and same_shape(given.shape, wanted):
            return True
        self.sink.report(
            codes.LOOP_MISMATCH(
                looped=looped.name,
                declared=ids,
                output=given,
                wanted=f"float[{', '.join(map(str, wanted))}]",
            ),
            self.loop.span,
            labels=(
                Label(looped.span, "this is fed back"),
                Label(output.span, f"this is {given}"),
            ),
            help="give the output a number for each id, at each step of what is fed back",
        )
        return False

    def _shifted(self, looped: Value, name: str) -> bool:
        """Whether the model is not trained to repeat what it reads; shifted data are as good."""
        if self.training is None:
            return True
        data = self.training.data
        target = data.targets.get(name)
        if target is None or target.kind == "next_step":
            return True
        if data.late is not None or target.names != data.inputs.get(looped.name):
            return True
        (column,) = target.names
        self.sink.report(
            codes.NOT_SHIFTED(model=self.graph.name, column=column),
            self.loop.span,
            labels=(
                Label(looped.span, "what is written is read here next"),
                Label(data.span, f"its target is `{column}`, as it is read"),
            ),
            help=f"write `target = next_step([{column}])`"
            if data.windows or data.ragged
            else "let the target be an array of its own, which is one step ahead",
        )
        return False

    def _looks_back(self, looped: Value, output: Value) -> bool:
        sight = sights(self.graph)[output]
        if looped not in sight.inputs:
            self._refuse(f"the output does not depend on `{looped.name}`", "loop", "", output)
            return False
        culprit = sight.ahead.get(looped)
        if culprit is None:
            return True
        self.sink.report(
            codes.LOOP_LOOKS_AHEAD(layer=culprit.unit.kind, looped=looped.name),
            self.loop.span,
            labels=(Label(culprit.span, "this has seen later steps"),),
            help="let every layer between input and output see the past only",
        )
        return False

    def _steps(self, looped: Value, output: str) -> bool:
        """Whether the output can be computed a step at a time."""
        parts = take_apart(self.graph, looped, output)
        if isinstance(parts, Stepping):
            return all(self._counted(value) for value in beside(parts))
        self.sink.report(
            codes.NOT_STEPPED(layer=parts.node.unit.kind, reason=parts.reason),
            self.loop.span,
            labels=(Label(parts.node.span, "on the way from input to output"),),
            help=STEPPABLE,
        )
        return False

    def _counted(self, value: Value) -> bool:
        """Whether the number of steps of an input beside what is written can be told."""
        given = next(one for one in self.graph.inputs if one.name == value.name)
        pick: Setting | None = self.section.values["pick"]
        if given.mask is None:
            return True
        why, help = "", ""
        if not isinstance(given.mask, ByLengths):
            why = "its padding may stand anywhere"
            help = "write `pad=lengths`, so that the data tells how many steps there are"
        elif pick is not None and pick.entry.facts["beams"]:
            why = "a beam search compares beginnings that may all be as long as the limit"
            help = "pick one token after another: greedy() or sample()"
        if why:
            finding = codes.BESIDE(name=given.name, looped=self.loop.input, why=why)
            labels = (Label(given.span, f"this is {given.type}"),)
            self.sink.report(finding, self.section.at("loop"), labels=labels, help=help)
        return not why

    # ---- tokens

    def _token(self, setting: str, looped: Value) -> int | str | None:
        """The id or the text of a token that is written, or that the data implies."""
        written: Token | None = self.section.values[setting]
        data = self.training.data if self.training is not None else None
        if written is None:
            ends = data is not None and data.tokens is not None and data.tokens.args.get("ends")
            return {"start": _START, "stop": _STOP}[setting] if ends else None
        bound = looped.tensor.bound
        assert bound is not None
        if isinstance(written.value, str):
            what = "a quoted token needs a vocabulary, which this data does not have"
            help = "write its id"
            if data is not None and data.vocabulary:
                what = (
                    "the id of a quoted token is known only when a training has made its vocabulary"
                )
                help = (
                    "write `ends=true` where texts are cut: ids 2 and 3 begin and end each of them"
                )
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), written.span, help=help)
        elif bound.value is not None and written.value >= bound.value:
            what = f"`{looped.name}` has ids below {bound}, so {written.value} is none of them"
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), written.span)
        elif written.value == looped.tensor.pad:
            what = f"{written.value} pads `{looped.name}`, so it is never read nor written"
            help = f"take an id of its own to {setting} a sequence"
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), written.span, help=help)
        return written.value

    # ---- reports

    def _unknown(self, what: str, name: str, known: list[str]) -> None:
        self.sink.report(
            codes.UNKNOWN_NAME(name=name),
            self.loop.span,
            help=did_you_mean(name, known)
            or f"each {what} of `{self.graph.name}`: {', '.join(known)}",
        )

    def _refuse(self, what: str, setting: str, help: str, blamed: Value | None = None) -> None:
        labels = (Label(blamed.span, f"this is {blamed.type}"),) if blamed is not None else ()
        finding = codes.FORBIDDEN_VALUE(what=what)
        self.sink.report(finding, self.section.at(setting), labels=labels, help=help)
