"""An output against its loss and its target: roles, shapes, kinds of target, causality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.ir import header, measuring, order, ragged
from seqspec.ir.apply import told
from seqspec.ir.causality import sights
from seqspec.ir.feeding import Fed
from seqspec.ir.files import Array
from seqspec.ir.graph import Graph, Node
from seqspec.ir.losses import WrittenTerm
from seqspec.ir.measuring import measures
from seqspec.ir.outputs import Trained
from seqspec.ir.task import Frozen, Term, costs
from seqspec.shapes.dim import Shape, same_shape, show
from seqspec.types import Role, Tensor
from seqspec.vocabulary import ENTRIES


def mismatch(metric: WrittenTerm, loss: WrittenTerm, sink: Sink) -> None:
    """Report a metric that cannot be computed where a loss is."""
    kind = loss.setting.entry.facts["target"]
    fitting = [m.name for m in ENTRIES["metric"].values() if kind in m.facts["targets"]]
    sink.report(
        codes.METRIC_MISMATCH(metric=metric.setting.name, loss=loss.setting.name),
        metric.span,
        labels=(Label(loss.span, "the loss"),),
        help="use " + _one_of(fitting),
    )


def _one_of(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


class Comparison:
    """One output, what it is compared with, and how."""

    def __init__(
        self, trained: Trained, graph: Graph, fed: Fed, frozen: Sequence[Frozen], sink: Sink
    ) -> None:
        self.trained = trained
        self.graph = graph
        self.frozen = frozen
        self.sink = sink
        self.fed = fed
        self.output = trained.value
        self.loss = trained.loss.setting
        self.at = trained.loss.span
        self.kind = str(self.loss.entry.facts["target"])
        self.sizes = fed.sizes
        self.tabular = fed.data.tabular
        self.windowed = fed.data.windows is not None
        self.ragged = ragged.axis(self.output.tensor.shape) in fed.data.ragged
        self.horizon = int(fed.data.windows.args["horizon"]) if fed.data.windows else 1
        self.target = fed.data.targets[trained.output]
        self.offered = fed.targets[trained.output]

    def term(self) -> Term | None:
        """What the output is trained for; None after reporting what does not fit."""
        if not self._loss_fits():
            return None
        # A target of another shape is a mistake of its own; what the model sees is asked after it.
        fits = self._target_fits() and self._causal() and self._weights_fit()
        for metric in self.trained.metrics:
            if not measures(metric, self.trained.loss):
                mismatch(metric, self.trained.loss, self.sink)
                fits = False
            elif measuring.report(metric, self.trained, self.fed, self.sink):
                fits = False
        if not fits:
            return None
        if self.output.tensor.rank > 2:  # a target for each step
            order.check_output(self.graph, self.output, self.sink)
        fitting = [m for m in self.trained.shared if measures(m, self.trained.loss)]
        shared = [m for m in fitting if not measuring.lacking(m, self.trained, self.fed)]
        asked = (*shared, *self.trained.metrics)
        told = [self._tells(metric) for metric in asked]
        if not all(told):
            return None
        metrics = {(m.setting.name, *m.setting.args.values()): m.setting for m in asked}
        return Term(
            self.trained.output,
            self.output,
            self.loss,
            self.kind != "same" and self.output.tensor.role is Role.PLAIN,
            tuple(metrics.values()),
            self.trained.loss.weight,
            costs(self.graph, self.frozen) and len(self.graph.outputs) == 1,
        )

    def _tells(self, metric: WrittenTerm) -> bool:
        """Whether a metric is not the same number for any prediction."""
        k, classes = metric.setting.args.get("k"), self.output.tensor.shape[-1].value
        if k is None or classes is None or k < classes:
            return True
        what = (
            f"the {k} largest of {classes} classes are all of them"
            if k == classes
            else f"there are no {k} largest of {classes} classes"
        )
        help = f"write {metric.setting.name}(k={classes - 1}), or less"
        labels = (Label(self.output.span, f"{classes} classes"),)
        self.sink.report(codes.FORBIDDEN_VALUE(what=what), metric.span, labels=labels, help=help)
        return False

    def _weights_fit(self) -> bool:
        """Whether there is a weight for each class, and for each entry of the loss."""
        weight = self.loss.args.get("class_weight")
        width = self.output.tensor.shape[-1].value
        many_steps = self.windowed and self.target.kind == "ahead" and self.output.tensor.rank == 2
        if self.kind == "binary" and weight is not None and width != 1:
            what = "`class_weight` tells no from yes, but each sample has several such answers"
            help = "give the weights in the data: sample_weight=…"
        elif weight == "balanced" and self.output.mask is not None and not self.ragged:
            what = "`balanced` counts the classes of the training part, padding among them"
            help = "give a number for each class"
        elif (
            many_steps
            and (weight is not None or self.loss.args["sample_weight"] is not None)
            and self.horizon > 1
        ):
            what = f"the loss has one entry for {self.horizon} steps, which weigh differently"
            help = "let the model give an axis of steps: [B, steps, 1]"
        elif isinstance(weight, tuple):
            return self._class_weights_fit(len(cast("tuple[float, ...]", weight)))
        else:
            return True
        self.sink.report(codes.FORBIDDEN_VALUE(what=what), self.at, help=help)
        return False

    def _class_weights_fit(self, given: int) -> bool:
        width = self.output.tensor.shape[-1].value
        classes = 2 if self.kind == "binary" else width
        if classes is None or given == classes:
            return True
        finding = codes.CLASS_WEIGHTS(
            given=given, output=str(self.output.type), classes=f"{classes} classes"
        )
        help = "first no, then yes" if self.kind == "binary" else "one number for each class id"
        labels = (Label(self.output.span, "the output"),)
        self.sink.report(finding, self.at, labels=labels, help=help)
        return False

    def _loss_fits(self) -> bool:
        loss, output = self.loss, self.output
        type_ = output.type
        label = Label(output.span, f"the output is {told(type_)}")
        help = ""
        if isinstance(type_, Tensor) and type_.kind == "float" and type_.rank > 1:
            width = type_.shape[-1].value
            facts = loss.entry.facts
            if facts["target"] in ("class_ids", "one_hot") and width == 1:
                help = "over one class everything is certain; give a unit to each class, "
                help += "or use binary_crossentropy"
            elif type_.role in facts["roles"]:
                return True
            elif type_.role is Role.PROBABILITIES:
                help = "probabilities over classes go with sparse_categorical_crossentropy "
                help += "(class ids) or categorical_crossentropy (one-hot)"
            elif type_.role is Role.PLAIN:
                help = f"{loss.name} compares distributions: end the model with softmax"
            elif type_.role is Role.MIXED:
                help = "nobody can tell whether these are probabilities: end with softmax or "
                help += "sigmoid, or join with average(...), which keeps what they are"
            else:
                help = "for one class of several write softmax instead of sigmoid, or nothing at "
                help += "all; yes-or-no answers go with binary_crossentropy"
        self.sink.report(
            codes.LOSS_MISMATCH(loss=loss.name, output=told(type_)),
            self.at,
            labels=(label,),
            help=help,
        )
        return False

    def _target_fits(self) -> bool:
        options = self.offered.shapes
        if options is None:
            return True
        ids = self.kind == "class_ids"
        shape = tuple(d.substitute(self.sizes) for d in self.output.tensor.shape)
        wanted: Shape = shape[:-1] if ids else shape
        if not self._right_kind(shape):
            return False
        options = tuple(self._ids(t) for t in options) if ids else options
        if any(same_shape(wanted, t) for t in options):
            return True
        said, names = show(options[0]), self.target.names
        self.sink.report(
            codes.TARGET_SHAPE(
                output=str(header.substitute(self.output.type, self.sizes)), target=said
            ),
            self.output.span,
            here=f"`{self.loss.name}` wants a target {show(wanted)}",
            labels=(
                Label(
                    self.trained.target.at(names[0] if len(names) == 1 else ""),
                    f"this gives {said}",
                ),
            ),
            help=self._target_advice(wanted, options[0]),
        )
        return False

    def _ids(self, target: Shape) -> Shape:
        """Class ids have no axis for the columns they come from."""
        if (self.tabular or self.windowed) and target and target[-1].value == 1:
            return target[:-1]
        return target

    def _right_kind(self, output: Shape) -> bool:
        """Class ids are whole numbers without an axis of classes; one-hot targets have one."""
        array, kind = self.offered.array, self.kind
        columns = len(self.target.names) if self.tabular else 0
        # Sequences of their own lengths lie one after another: samples and steps are one axis.
        axes = output[1:] if self.ragged else output
        if array is None:
            if kind == "one_hot" and columns == 1 and output[-1].value != 1:
                actual, wanted = "one column of class ids", "one-hot rows"
            elif kind == "class_ids" and columns > 1:
                actual, wanted = f"{columns} columns", "class ids"
            else:
                return True
        elif kind == "class_ids" and _one_hot(array, axes):
            actual, wanted = f"one-hot rows {list(array.shape)}", "class ids"
        elif kind == "class_ids" and array.kind not in "iub":
            return self._fractions(array)
        elif kind == "one_hot" and len(array.shape) == len(axes) - 1:
            actual, wanted = f"class ids {list(array.shape)}", "one-hot rows"
        else:
            return True
        ids = "sparse_categorical_crossentropy"
        other = "categorical_crossentropy" if kind == "class_ids" else ids
        fixable = columns < 2 and self.trained.loss.output is None
        self.sink.report(
            codes.CLASS_IDS(loss=self.loss.name, wanted=wanted, actual=actual),
            self.at,
            here=f"the output is {show(output)}",
            labels=(Label(self.trained.target.span, "the target"),),
            help=f"for such targets the loss is {other}",
            fix=Fix(self.at, other) if fixable else None,
        )
        return False

    def _fractions(self, array: Array) -> bool:
        self.sink.report(
            codes.CLASS_IDS(
                loss=self.loss.name,
                wanted="class ids (whole numbers)",
                actual=f"fractions {list(array.shape)}",
            ),
            self.trained.target.span,
            here="an array of floats",
            labels=(Label(self.at, "the loss"),),
            help="save the ids as integers; numbers that are no ids go with mse or mae",
        )
        return False

    def _target_advice(self, wanted: Shape, target: Shape) -> str:
        per_step = self.target.kind in ("next_step", "same_step")
        if per_step and len(wanted) < len(target):
            return "the target has a value for each step; let the recurrent layers return=sequence"
        if not per_step and len(wanted) > len(target):
            if self.windowed:
                step = "next_step()"
                if self.trained.loss.output is not None:
                    step = f"{self.loss.name}({self.trained.output}, next_step())"
                return f"for a target at each step write {step}; for the last step only, "\
                    "leave out return=sequence"  # fmt: skip
            return self._flat_advice(wanted, target)
        if not per_step and len(wanted) < len(target):
            if self.windowed:
                steps = target[1]
                return f"the target is {steps} steps long: let the last layer give {steps} "\
                    "numbers, or write horizon=1"  # fmt: skip
            return "the target has an axis more: let the recurrent layers return=sequence"
        if len(wanted) == len(target) and wanted and not wanted[-1].agrees(target[-1]):
            return f"the last layer gives {wanted[-1]} numbers, the target has {target[-1]}"
        return "nothing is broadcast: output and target have the same shape"

    def _flat_advice(self, wanted: Shape, target: Shape) -> str:
        """What to do about an array of targets that has an axis less than the output."""
        width = wanted[-1].value
        array = self.offered.array
        if width == 1 and len(wanted) == len(target) + 1:
            shape = [*(array.shape if array is not None else ()), 1]
            return f"nothing is broadcast: save the target with its last axis, as {shape}"
        if self.kind != "class_ids" and array is not None and array.kind in "iub":
            return "for class ids the loss is sparse_categorical_crossentropy"
        return "the output has a time axis, the target has none: leave out return=sequence"

    def _causal(self) -> bool:
        culprit = self._looks_ahead() if self.target.kind == "next_step" else None
        if culprit is None:
            return True
        if self.sink.allows(codes.LOOK_AHEAD, self.trained.target.span, culprit.span):
            return True
        last = any(output.type.causal for output in culprit.outputs.values())
        what = f"`{culprit.unit.kind}`"
        column = self.target.names[0]
        self.sink.report(
            codes.LOOK_AHEAD(output=f"the last step of {what}" if last else what),
            self.trained.target.span,
            here="the target of step t is the input of step t+1",
            labels=(Label(culprit.span, "this has seen later steps"),),
            help=f"predict what comes after the window instead (`target = [{column}]`), "
            "or let every layer see the past only",
        )
        return False

    def _looks_ahead(self) -> Node | None:
        """What shows the output later steps of an input that runs beside it, if something does."""
        time = self.output.tensor.shape[1]
        for value, node in sights(self.graph)[self.output].ahead.items():
            shape = value.tensor.shape if not value.parts else ()
            if len(shape) > 1 and shape[1].agrees(time):
                return node
        return None


def _one_hot(array: Array, output: Shape) -> bool:
    """Whether an array has a number for each class of an output."""
    classes = output[-1].value
    same_rank = len(array.shape) == len(output)
    return same_rank and (classes is None or array.shape[-1] == classes or array.kind == "f")
