"""A train section's losses and metrics against the outputs of its model."""

from __future__ import annotations

from dataclasses import dataclass, field

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.diagnostics.suggest import did_you_mean, nearest
from seqspec.ir.graph import Graph, Value
from seqspec.ir.losses import WrittenTerm
from seqspec.ir.sections import Section
from seqspec.ir.targets import WrittenTarget
from seqspec.vocabulary import SECTIONS

#: What a graph calls an output that the spec does not name.
_UNNAMED = "output"


@dataclass(frozen=True, slots=True)
class Trained:
    """An output with its loss, and the target that the data has to supply.

    ``metrics`` are those asked for of this output; ``shared`` those of all outputs, which are
    measured where they make sense.
    """

    output: str
    value: Value
    loss: WrittenTerm
    target: WrittenTarget
    metrics: tuple[WrittenTerm, ...] = field(default=())
    shared: tuple[WrittenTerm, ...] = field(default=())


def resolve(
    section: Section, graph: Graph, data: Section, sink: Sink
) -> tuple[Trained, ...] | None:
    """What is trained of a model, in the order of its header; None after reporting."""
    return _Resolver(section, graph, data, sink).run()


class _Resolver:
    def __init__(self, section: Section, graph: Graph, data: Section, sink: Sink) -> None:
        self.section = section
        self.graph = graph
        self.data = data
        self.sink = sink
        self.outputs = dict(graph.outputs)

    def run(self) -> tuple[Trained, ...] | None:
        losses = self._losses()
        metrics: tuple[WrittenTerm, ...] = self.section.values["metrics"]
        unknown = [metric for metric in metrics if not self._known(metric)]
        if losses is None or unknown:
            return None
        found: list[Trained] = []
        for name, value in self.graph.outputs:
            target = self._target(name, losses[name])
            if target is None:
                return None
            own = tuple(m for m in metrics if m.output is not None and m.output.text == name)
            shared = tuple(m for m in metrics if m.output is None)
            found.append(Trained(name, value, losses[name], target, own, shared))
        return tuple(found)

    # ---- losses

    def _losses(self) -> dict[str, WrittenTerm] | None:
        """The loss of each output; a loss that names no output is that of all."""
        terms: tuple[WrittenTerm, ...] = self.section.values["loss"]
        if len(terms) == 1 and terms[0].output is None:
            return (
                None if self._needless_weight(terms[0]) else dict.fromkeys(self.outputs, terms[0])
            )
        found: dict[str, WrittenTerm] = {}
        failed = False
        for term in terms:
            if term.output is None:
                self._of_which(term)
                failed = True
            elif not self._known(term):
                failed = True
            elif term.output.text in found:
                first = found[term.output.text]
                what = f"the output `{term.output.text}` has two losses"
                labels = (Label(first.span, "the first"),)
                self.sink.report(codes.FORBIDDEN_VALUE(what=what), term.span, labels=labels,
                                 help="keep one of them")  # fmt: skip
                failed = True
            else:
                found[term.output.text] = term
        if failed:
            return None
        for name, value in self.outputs.items():
            if name not in found:
                self.sink.report(
                    codes.UNTRAINED(name=name),
                    self.section.at("loss"),
                    labels=(Label(value.span, f"`{name}`"),),
                    help=f"add a loss, such as + mse({name}), or take it out of the header",
                )
                return None
        if len(found) == 1 and self._needless_weight(terms[0]):
            return None
        return found

    def _needless_weight(self, term: WrittenTerm) -> bool:
        if term.weight == 1:
            return False
        what = "a weight sets losses against each other, but there is one loss only"
        help = "leave the number out; the learning rate says how far a step goes"
        self.sink.report(codes.FORBIDDEN_VALUE(what=what), self.section.at("loss"), help=help)
        return True

    def _of_which(self, term: WrittenTerm) -> None:
        name = term.setting.name
        if len(self.outputs) == 1:
            what, help = f"`{self.graph.name}` has one output, and that has one loss", "keep one"
        else:
            what = f"`{name}` does not say which output it is computed on"
            help = f"write {name}({next(iter(self.outputs))})"
        self.sink.report(codes.FORBIDDEN_VALUE(what=what), term.span, help=help)

    def _known(self, term: WrittenTerm) -> bool:
        """Whether what a loss or a metric is computed on is an output, if it says so."""
        if term.output is None or term.output.text in self.outputs:
            return True
        name = term.output.text
        if [*self.outputs] == [_UNNAMED]:
            help = f"its only output has no name: write `{term.setting.name}` alone"
        else:
            help = did_you_mean(name, self.outputs) or "its outputs: " + ", ".join(self.outputs)
        finding = codes.UNKNOWN_OUTPUT(model=self.graph.name, name=name)
        found = nearest(name, self.outputs)
        fix = Fix(term.output.span, found) if found else None
        self.sink.report(finding, term.output.span, help=help, fix=fix)
        return False

    # ---- targets

    def _target(self, name: str, loss: WrittenTerm) -> WrittenTarget | None:
        """What an output is compared with: as the loss says, as the data says, or by its name."""
        written: WrittenTarget | None = self.data.values["target"]
        if loss.target is not None and loss.target.columns:
            return loss.target
        if loss.target is not None:  # same_step() and the like, of the output's own column
            return WrittenTarget(loss.target.kind, (name,), loss.target.span)
        if len(self.outputs) == 1 and written is not None:
            return written
        if written is not None and written.columns:
            what = "`target` names what a model's only output is compared with"
            help = "several outputs take the columns of their own names, or as the loss says: "
            help += f"{loss.setting.name}({name}, target.{written.columns[0]})"
            self.sink.report(codes.FORBIDDEN_VALUE(what=what), self.data.at("target"), help=help)
            return None
        if name == _UNNAMED:
            (arg,) = (a for a in SECTIONS["data"].args if a.name == "target")
            help = f"`target` is {arg.kind.describe}: what the model is to give"
            finding = codes.MISSING_SETTING(section="data", name="target")
            self.sink.report(finding, self.data.span, help=help)
            return None
        span = self.data.span if written is None else written.span
        return WrittenTarget(None if written is None else written.kind, (name,), span)
