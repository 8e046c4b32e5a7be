"""A train section against its model and its data: what the loss compares with what."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix, Label, Sink
from seqspec.ir import header, optimizing, order, ragged
from seqspec.ir.apply import told
from seqspec.ir.dataset import Fed
from seqspec.ir.files import Array
from seqspec.ir.graph import Graph, Value
from seqspec.ir.lengths import long_enough
from seqspec.ir.sections import Section
from seqspec.ir.task import Training
from seqspec.shapes.dim import Shape, same_shape, show
from seqspec.source import Span
from seqspec.types import Role, Tensor
from seqspec.vocabulary import ENTRIES
from seqspec.vocabulary.spec import Setting


def check(section: Section, graph: Graph, fed: Fed, sink: Sink) -> Training | None:
    """The training of a model; None after reporting what does not fit."""
    values = section.values
    if len(graph.outputs) != 1:
        sink.report(
            codes.UNTRAINED(model=graph.name, count=len(graph.outputs)),
            section.span,
            help="train a model with the one output that the target is for",
        )
        return None
    output = graph.outputs[0][1]
    loss: Setting = values["loss"]
    if not (_loss_fits(loss, output, section, sink) and _drawn(graph, fed, section, sink)):
        return None
    # A target of another shape is a mistake of its own; what the model sees is asked after it.
    fits = _target_fits(loss, output, fed, section, sink) and _causal(graph, output, fed, sink)
    fits = fits and long_enough(graph, fed, sink)
    if fits and output.tensor.rank > 2:  # a target for each step
        order.check_output(graph, output, sink)
    for metric in values["metrics"]:
        if loss.entry.facts["target"] not in _compatible(metric):
            sink.report(
                codes.METRIC_MISMATCH(metric=metric.name, loss=loss.name),
                section.at("metrics", metric.name),
                labels=(Label(section.at("loss"), "the loss"),),
                help="use " + _one_of(_metrics_for(loss)),
            )
            fits = False
    fits = _unpadded(graph, fed, section, sink) and fits
    if not fits:
        return None
    optimizer = optimizing.chosen(section, sink)
    if optimizer is None:
        return None
    cross_entropy = loss.entry.facts["target"] != "same"
    return Training(
        fed.data,
        loss,
        cross_entropy and output.tensor.role is Role.PLAIN,
        values["metrics"],
        optimizer,
        values["batch_size"],
        values["epochs"],
        values["seed"],
        values["shuffle"],
        values["stop"],
        section.span,
        values["reduce"],
        values["precision"],
    )


def _drawn(graph: Graph, fed: Fed, section: Section, sink: Sink) -> bool:
    """Whether samples can be drawn into batches as both sections say."""
    if fed.data.batches is not None and not section.values["shuffle"]:
        what = f"`{fed.data.batches.name}` draws samples in an order of its own, "
        what += "but `shuffle = false` keeps that of the file"
        labels = (Label(fed.section.at("batches"), "the order"),)
        sink.report(
            codes.FORBIDDEN_VALUE(what=what),
            section.at("shuffle"),
            labels=labels,
            help="leave out one of them",
        )
        return False
    ports = [(value, value.tensor) for value in graph.inputs if not value.parts]
    return ragged.padded(ports, fed.data.ragged, section, fed.section, sink)


def _compatible(metric: Setting) -> tuple[str, ...]:
    return tuple(metric.entry.facts["targets"])


def _unpadded(graph: Graph, fed: Fed, section: Section, sink: Sink) -> bool:
    """Whether nothing would count padding as data: a metric without a mask, a mean for scaling."""
    rooted = [m for m in section.values["metrics"] if m.name == "rmse"]
    if rooted and graph.outputs[0][1].mask is not None:
        what = "`rmse` counts padded steps in Keras, whose metric takes no mask"
        place = section.at("metrics", "rmse")
        sink.report(codes.FORBIDDEN_VALUE(what=what), place, help="write mse, whose root it is")
        return False
    padded = [v for v in graph.inputs if v.mask is not None and v.tensor.kind == "float"]
    if fed.data.scale is not None and padded and not fed.data.ragged:
        what = f"`scale` would take the padding of `{padded[0].name}` for data"
        help = "scale the data where the file is made, before it is padded"
        labels = (Label(padded[0].span, "padded here"),)
        place = fed.section.at("scale")
        sink.report(codes.FORBIDDEN_VALUE(what=what), place, labels=labels, help=help)
        return False
    return True


def _metrics_for(loss: Setting) -> list[str]:
    target = loss.entry.facts["target"]
    return [m.name for m in ENTRIES["metric"].values() if target in m.facts["targets"]]


def _one_of(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _loss_fits(loss: Setting, output: Value, section: Section, sink: Sink) -> bool:
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
            help = "nobody can tell whether these are probabilities: end with softmax or sigmoid, "
            help += "or join with average(...), which keeps what they are"
        else:
            help = "for one class of several write softmax instead of sigmoid, or nothing at all; "
            help += "yes-or-no answers go with binary_crossentropy"
    sink.report(
        codes.LOSS_MISMATCH(loss=loss.name, output=told(type_)),
        section.at("loss"),
        labels=(label,),
        help=help,
    )
    return False


def _target_fits(loss: Setting, output: Value, fed: Fed, section: Section, sink: Sink) -> bool:
    if fed.targets is None:
        return True
    kind = loss.entry.facts["target"]
    shape = tuple(d.substitute(fed.sizes) for d in output.tensor.shape)
    only = fed.data.target[0] if len(fed.data.target) == 1 else ""
    wanted: Shape = shape[:-1] if kind == "class_ids" else shape
    if not _right_kind(loss, kind, fed, shape, section, sink):
        return False
    options = fed.targets if kind != "class_ids" else tuple(_ids(t, fed) for t in fed.targets)
    if any(same_shape(wanted, t) for t in options):
        return True
    said = show(options[0])
    sink.report(
        codes.TARGET_SHAPE(output=str(header.substitute(output.type, fed.sizes)), target=said),
        output.span,
        here=f"`{loss.name}` wants a target {show(wanted)}",
        labels=(Label(fed.section.at("target", only), f"this gives {said}"),),
        help=_target_advice(loss, wanted, options[0], fed),
    )
    return False


def _ids(target: Shape, fed: Fed) -> Shape:
    """Class ids have no axis for the columns they come from."""
    if fed.data.tabular and target and target[-1].value == 1:
        return target[:-1]
    return target


def _right_kind(
    loss: Setting, kind: str, fed: Fed, output: Shape, section: Section, sink: Sink
) -> bool:
    """Class ids are whole numbers without an axis of classes; one-hot targets have one."""
    array = fed.target_array
    if array is None:
        if (
            kind == "one_hot"
            and fed.data.tabular
            and len(fed.data.target) == 1
            and output[-1].value != 1
        ):
            actual, wanted = "one column of class ids", "one-hot rows"
        elif kind == "class_ids" and fed.data.tabular and len(fed.data.target) > 1:
            actual, wanted = f"{len(fed.data.target)} columns", "class ids"
        else:
            return True
    elif kind == "class_ids" and _one_hot(array, output):
        actual, wanted = f"one-hot rows {list(array.shape)}", "class ids"
    elif kind == "class_ids" and array.kind not in "iub":
        return _fractions(fed, loss, array, section, sink)
    elif kind == "one_hot" and len(array.shape) == len(output) - 1:
        actual, wanted = f"class ids {list(array.shape)}", "one-hot rows"
    else:
        return True
    other = "categorical_crossentropy" if kind == "class_ids" else "sparse_categorical_crossentropy"
    columns = fed.data.tabular and len(fed.data.target) > 1
    sink.report(
        codes.CLASS_IDS(loss=loss.name, wanted=wanted, actual=actual),
        section.at("loss"),
        here=f"the output is {show(output)}",
        labels=(Label(fed.section.at("target"), "the target"),),
        help=f"for such targets the loss is {other}",
        fix=None if columns else Fix(section.at("loss"), other),
    )
    return False


def _one_hot(array: Array, output: Shape) -> bool:
    """Whether an array has a number for each class of an output."""
    classes = output[-1].value
    same_rank = len(array.shape) == len(output)
    return same_rank and (classes is None or array.shape[-1] == classes or array.kind == "f")


def _fractions(fed: Fed, loss: Setting, array: Array, section: Section, sink: Sink) -> bool:
    sink.report(
        codes.CLASS_IDS(
            loss=loss.name,
            wanted="class ids (whole numbers)",
            actual=f"fractions {list(array.shape)}",
        ),
        fed.section.at("target"),
        here="an array of floats",
        labels=(Label(section.at("loss"), "the loss"),),
        help="save the ids as integers; numbers that are no ids go with mse or mae",
    )
    return False


def _target_advice(loss: Setting, wanted: Shape, target: Shape, fed: Fed) -> str:
    per_step = fed.data.target_kind in ("next_step", "same_step")
    if per_step and len(wanted) < len(target):
        return "the target has a value for each step; let the recurrent layers return=sequence"
    if not per_step and len(wanted) > len(target):
        if fed.data.windows is not None:
            return "for a target at each step write next_step(); for the last step only, "\
                "leave out return=sequence"  # fmt: skip
        return _flat_advice(loss, wanted, target, fed)
    if not per_step and len(wanted) < len(target):
        if fed.data.windows is not None:
            steps = target[1]
            return f"the target is {steps} steps long: let the last layer give {steps} numbers, "\
                "or write horizon=1"  # fmt: skip
        return "the target has an axis more: let the recurrent layers return=sequence"
    if len(wanted) == len(target) and wanted and not wanted[-1].agrees(target[-1]):
        return f"the last layer gives {wanted[-1]} numbers, the target has {target[-1]}"
    return "nothing is broadcast: output and target have the same shape"


def _flat_advice(loss: Setting, wanted: Shape, target: Shape, fed: Fed) -> str:
    """What to do about an array of targets that has an axis less than the output."""
    width = wanted[-1].value
    array = fed.target_array
    if width == 1 and len(wanted) == len(target) + 1:
        shape = [*(array.shape if array is not None else ()), 1]
        return f"nothing is broadcast: save the target with its last axis, as {shape}"
    if loss.entry.facts["target"] != "class_ids" and array is not None and array.kind in "iub":
        return "for class ids the loss is sparse_categorical_crossentropy"
    return "the output has a time axis, the target has none: leave out return=sequence"


def _causal(graph: Graph, output: Value, fed: Fed, sink: Sink) -> bool:
    if fed.data.target_kind != "next_step" or output.tensor.causal:
        return True
    culprit, seen = _look_ahead(graph, output)
    column = (fed.data.target or ("column",))[0]
    sink.report(
        codes.LOOK_AHEAD(output=culprit),
        fed.section.at("target"),
        here="the target of step t is the input of step t+1",
        labels=(Label(seen, "this has seen later steps"),),
        help=f"predict what comes after the window instead (`target = [{column}]`), "
        "or let every layer see the past only",
    )
    return False


def _look_ahead(graph: Graph, output: Value) -> tuple[str, Span]:
    """What an output got its knowledge of later steps from: the first on its way that has it."""
    makers = {v: node for node in graph.nodes for o in node.outputs.values() for v in (o, *o.parts)}
    value = output
    while True:
        node = makers[value]
        late = [v for v in (*node.inputs, *node.initial) if not v.type.causal and v in makers]
        if not late:
            break
        value = late[0]
    if any(o.type.causal for o in node.outputs.values()):
        return f"the last step of `{node.unit.kind}`", node.span
    return f"`{node.unit.kind}`", node.span
