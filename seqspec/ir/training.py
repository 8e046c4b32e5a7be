"""A train section against its model and its data: what the loss compares with what."""

from __future__ import annotations

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir import header
from seqspec.ir.dataset import Fed
from seqspec.ir.graph import Graph, Value
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
    if not _loss_fits(loss, output, section, sink):
        return None
    fits = _target_fits(loss, output, fed, section, sink)
    fits = _causal(graph, output, fed, section, sink) and fits
    for metric in values["metrics"]:
        if loss.entry.facts["target"] not in _compatible(metric):
            sink.report(
                codes.METRIC_MISMATCH(metric=metric.name, loss=loss.name),
                section.at("metrics"),
                help="use " + " or ".join(_metrics_for(loss)),
            )
            fits = False
    if not fits:
        return None
    optimizer = values["optimizer"]
    if optimizer is None:
        adam = ENTRIES["optimizer"]["adam"]
        optimizer = Setting(adam, {a.name: a.default for a in adam.args})
    elif not _one_clipping(optimizer, section, sink):
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
    )


def _compatible(metric: Setting) -> tuple[str, ...]:
    return tuple(metric.entry.facts["targets"])


def _metrics_for(loss: Setting) -> list[str]:
    target = loss.entry.facts["target"]
    return [m.name for m in ENTRIES["metric"].values() if target in m.facts["targets"]]


def _one_clipping(optimizer: Setting, section: Section, sink: Sink) -> bool:
    given = [n for n in ("clipnorm", "global_clipnorm", "clipvalue") if optimizer.args[n]]
    momentum = optimizer.args.get("momentum")
    if optimizer.args.get("nesterov") and not momentum:
        what = "`nesterov` is a form of momentum, but `momentum` is 0"
        sink.report(
            codes.FORBIDDEN_VALUE(what=what), section.at("optimizer"), help="set momentum=0.9"
        )
        return False
    if len(given) < 2:
        return True
    what = "gradients are clipped in one way, not by " + " and ".join(f"`{n}`" for n in given)
    sink.report(codes.FORBIDDEN_VALUE(what=what), section.at("optimizer"), help="keep one of them")
    return False


def _loss_fits(loss: Setting, output: Value, section: Section, sink: Sink) -> bool:
    type_ = output.type
    label = Label(output.span, f"the output is {type_}")
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
        else:
            help = "yes-or-no probabilities (sigmoid) go with binary_crossentropy"
    actual = str(type_)
    if isinstance(type_, Tensor) and type_.role is not Role.PLAIN:
        actual = f"{type_} of {type_.role.value}"
    sink.report(
        codes.LOSS_MISMATCH(loss=loss.name, output=actual),
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
    target_span = fed.section.at("target")
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
        labels=(Label(target_span, f"this gives {said}"),),
        help=_target_advice(wanted, options[0], fed),
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
    elif kind == "class_ids" and (array.kind not in "iub" or len(array.shape) == len(output)):
        wanted = "class ids (whole numbers)"
        one_hot = len(array.shape) == len(output)
        actual = f"{'one-hot rows' if one_hot else 'fractions'} of shape {list(array.shape)}"
    elif kind == "one_hot" and len(array.shape) == len(output) - 1:
        actual, wanted = f"class ids of shape {list(array.shape)}", "one-hot rows"
    else:
        return True
    other = "categorical_crossentropy" if kind == "class_ids" else "sparse_categorical_crossentropy"
    sink.report(
        codes.CLASS_IDS(loss=loss.name, wanted=wanted, actual=actual),
        section.at("loss"),
        labels=(Label(fed.section.at("target"), "the target"),),
        help=f"for such targets the loss is {other}",
    )
    return False


def _target_advice(wanted: Shape, target: Shape, fed: Fed) -> str:
    per_step = fed.data.target_kind in ("next_step", "same_step")
    if per_step and len(wanted) < len(target):
        return "the target has a value for each step; let the recurrent layers return=sequence"
    if not per_step and len(wanted) > len(target):
        if fed.data.windows is not None:
            return "for a target at each step write next_step(); for the last step only, "\
                "leave out return=sequence"  # fmt: skip
        return "the output has a time axis, the target has none: leave out return=sequence"
    if len(wanted) == len(target) and wanted and not wanted[-1].agrees(target[-1]):
        return f"the last layer gives {wanted[-1]} numbers, the target has {target[-1]}"
    return "nothing is broadcast: output and target have the same shape"


def _causal(graph: Graph, output: Value, fed: Fed, section: Section, sink: Sink) -> bool:
    if fed.data.target_kind != "next_step" or output.tensor.causal:
        return True
    culprit = _first_look_ahead(graph)
    sink.report(
        codes.LOOK_AHEAD(output=f"`{culprit[0]}`"),
        fed.section.at("target"),
        here="the target of step t is the input of step t+1",
        labels=(Label(culprit[1], "this has seen later steps"),),
        help="predict what comes after the window instead (`target = [column]`), "
        "or let every layer see the past only",
    )
    return False


def _first_look_ahead(graph: Graph) -> tuple[str, Span]:
    for node in graph.nodes:
        value = node.value
        reads = (*node.inputs, *node.initial)
        if all(v.type.causal for v in reads) and not value.type.causal:
            return node.unit.kind, node.span
    return graph.nodes[-1].unit.kind, graph.nodes[-1].span
