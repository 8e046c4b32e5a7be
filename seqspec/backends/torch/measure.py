"""``train.py``: ``measure()``, the loss and what else is reported, as PyTorch says them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from seqspec.backends.data_part import unpacked
from seqspec.backends.python_text import (
    Call,
    Code,
    Group,
    Names,
    assign,
    flat,
    literal,
    statement,
)
from seqspec.backends.torch.elements import ELEMENTS, reduced
from seqspec.backends.torch.losses import LOSSES, METRICS
from seqspec.backends.torch.masking import masks_of
from seqspec.backends.torch.model_plan import ModelPlan
from seqspec.backends.torch.prediction import Prediction
from seqspec.ir.masks import Mask
from seqspec.ir.task import Task, Term, Training
from seqspec.types import Role
from seqspec.vocabulary import ENTRIES

#: What ``measure()`` calls something else than the target of an output.
_NAMES = tuple(
    """
    functional importance inputs loss mask math measured model outputs samples sizes
    targets torch
    """.split()
)
#: What losses call what they compute on their way.
_LOCALS = tuple(
    """
    balance chance entropy right sure wrong cosine error ratio side smooth truth
    values kept logs entries given weight
    """.split()
)


def plan_measure(task: Task, training: Training, model: ModelPlan) -> list[str]:
    """The body of ``measure()``: the loss, and what else ``REPORTED`` names."""
    lines = _plan_measure(task, training, model)
    if model.state is not None:  # the loop keeps the state for the next batch
        lines[-1] += ", state"
    return lines


def _plan_measure(task: Task, training: Training, model: ModelPlan) -> list[str]:
    function = "model.logits" if model.logits else "model"
    if training.several:
        return _measure_several(task, training, model, function)
    term = training.only
    mask = term.value.mask
    logits = term.from_logits or bool(model.logits)
    name = _called(term, logits)
    weight, kept = ("weight" if term.weighted else ""), ("kept" if term.counted else "")
    rank = term.value.tensor.rank - (mask is not None)
    prediction = Prediction(name, logits, rank, weight=weight, kept=kept)
    called = Code(f"{function}(*inputs)")
    if model.state is not None:
        lines = [f"    {name}, state = {function}(*inputs, state)"]
    elif mask is None:
        lines = statement(f"{name} = ", called, indent=4)
    else:
        lines = _selected(task, mask, name, called, weight)
    lines += _loss_lines(term, prediction)
    if task.penalised:
        lines.append("    loss = loss + penalty(model)")
    names = reported(term).names
    if not names:
        return [*lines, "    return loss, loss.detach()[None]"]
    lines += _metric_lines(term, prediction)
    if not (kept or mask):
        return [*lines, *_returned(["loss", *names])]
    stacked = flat(Call("torch.stack", (Group("[", tuple(map(Code, ("loss", *names)))),)))
    each = "target.flatten(0, 1)" if model.state else "mask" if mask else "target"
    return [*lines, *_counted(stacked, kept or "mask", each)]


def _selected(task: Task, mask: Mask, name: str, called: Code, weight: str) -> list[str]:
    """The steps of data alone, one after another: their mean is Keras's masked mean."""
    lines = _mask_lines(task, mask)
    lines += statement(f"{name} = ", Code(f"{called}[mask]"), indent=4, note="the steps of data")
    lines.append("    target = target[mask]")
    return [*lines, *(["    weight = weight.expand_as(mask)[mask]"] if weight else [])]


def _mask_lines(task: Task, mask: Mask) -> list[str]:
    """The lines that find which steps are data."""
    names = [value.name for value in task.graph.inputs]
    lines, text = masks_of(task.graph, mask, lambda port: f"inputs[{names.index(port)}]")
    return [*lines, *(assign("mask", text, indent=4) if text != "mask" else [])]


def _one_of_several(task: Task, term: Term, prediction: Prediction) -> tuple[list[str], Prediction]:
    """What an output is compared with: of one that is padded, the steps of data alone."""
    mask, target, given = term.value.mask, prediction.target, prediction.own("given")
    if mask is None:
        return [], prediction
    lines = _mask_lines(task, mask)
    chosen = Code(f"{prediction.name}[mask]")
    lines += assign(given, chosen, indent=4, note="the steps of data")
    lines.append(f"    {target} = {target}[mask]")
    weight = prediction.own("weight") if prediction.weight else ""
    if weight:
        lines.append(f"    {weight} = {prediction.weight}.expand_as(mask)[mask]")
    if reported(term).names and not term.counted:
        lines.append(f"    {prediction.own('entries')} = mask.sum()")
    rank = prediction.rank - 1
    return lines, replace(prediction, name=given, rank=rank, weight=weight)


def counts_entries(training: Training) -> bool:
    """Whether metrics of some output are means over what counts of it, not over samples."""
    padded = (term for term in training.terms if term.value.mask is not None)
    return training.counted or any(reported(term).names for term in padded)


def _counted(stacked: str, entries: str, samples: str) -> list[str]:
    """Sums, and the numbers of what they are sums over."""
    return [
        f"    steps = {entries}.sum().repeat(len(REPORTED))",
        f"    steps[0] = len({samples})  # of the loss the mean over samples is reported, "
        "as Keras does",
        *assign("measured", Code(f"{stacked}.detach()"), indent=4),
        "    return loss, torch.stack([measured * steps, steps])",
    ]


def _measure_several(task: Task, training: Training, model: ModelPlan, function: str) -> list[str]:
    """The loss of each output, their sum, and what is reported of each."""
    words = ("loss", *_LOCALS, *ENTRIES["metric"])
    taken = [f"{term.output}_{word}" for term in training.terms for word in words]
    taken += [f"{value.name}_mask" for value in task.graph.inputs]
    names = Names((*_NAMES, *taken))
    own = [names.fresh(term.output) for term in training.terms]
    fields = Names({"count", "index"})  # as the class of outputs has them
    outputs, given = ("outputs, state", ", state") if model.state else ("outputs", "")
    lines = statement(f"{outputs} = ", Code(f"{function}(*inputs{given})"), indent=4)
    lines += [f"    {line}" for line in unpacked(own, "targets")]
    shown: list[str] = []
    total: list[str] = []
    sizes: list[str] = []
    for place, (term, target) in enumerate(zip(training.terms, own, strict=True)):
        value = f"outputs.{fields.fresh(term.output)}"
        prediction = Prediction(
            value,
            term.from_logits or term.output in model.logits,
            term.value.tensor.rank,
            target,
            f"{term.output}_",
            f"importance[{place}]" if term.weighted else "",
            f"{term.output}_kept" if term.counted else "",
        )
        chosen, prediction = _one_of_several(task, term, prediction)
        lines += chosen
        lines += _loss_lines(term, prediction)
        lines += _metric_lines(term, prediction)
        if term.counted:
            lines.append(f"    {term.output}_entries = {prediction.kept}.sum()")
        shown += [prediction.own(name) for name in reported(term).names]
        counted = term.counted or term.value.mask is not None
        sizes += [prediction.own("entries") if counted else "samples" for _ in reported(term).names]
        total.append(_times(term, prediction.result))
    total += ["penalty(model)"] if task.penalised else []
    lines += statement("loss = ", Code(" + ".join(total)), indent=4)
    names = ["loss", *(f"{term.output}_loss" for term in training.terms), *shown]
    if counts_entries(training):
        return [*lines, *_counted_apart(training, names, sizes)]
    lines += assign("measured", Group("[", tuple(Code(name) for name in names)), indent=4)
    return [*lines, "    return loss, torch.stack(measured).detach()"]


def _times(term: Term, loss: str) -> str:
    return loss if term.weight == 1 else f"{literal(term.weight)} * {loss}"


def _counted_apart(training: Training, names: list[str], sizes: list[str]) -> list[str]:
    """Sums, and the numbers of what they are sums over, of several outputs."""
    counted = (t for t in training.terms if t.counted or (t.value.mask and reported(t).names))
    like = f"{next(counted).output}_entries"
    first = "targets[0].flatten(0, 1)" if training.data.streams else "targets[0]"
    everywhere = ["samples"] * (1 + len(training.terms))
    measured = Call("torch.stack", (Group("[", tuple(map(Code, names))),), behind=".detach()")
    counts = Group("[", tuple(map(Code, [*everywhere, *sizes])))
    return [
        f"    samples = torch.full_like({like}, len({first}))",
        *assign("measured", measured, indent=4),
        *assign("sizes", Call("torch.stack", (counts,)), indent=4),
        "    return loss, torch.stack([measured * sizes, sizes])",
    ]


def _called(term: Term, logits: bool) -> str:
    """What the only prediction is called."""
    if term.loss.name.endswith("crossentropy"):
        return "logits" if logits else "probabilities"
    distribution = Role.PLAIN not in term.loss.entry.facts["roles"]
    return "probabilities" if distribution else "prediction"


def _loss_lines(term: Term, prediction: Prediction) -> list[str]:
    lines: list[str] = []
    if term.ignore_class is not None:
        kept = Code(f"{prediction.target} != {literal(term.ignore_class)}")
        lines += assign(prediction.kept, kept, indent=4)
    each = bool(prediction.weight or prediction.kept) or term.loss.name not in LOSSES
    table = ELEMENTS if each else LOSSES
    for variable, value in table[term.loss.name](prediction, term.loss.args):
        lines += assign(prediction.own(variable), value, indent=4)
    return lines + (assign(prediction.result, Code(reduced(prediction)), indent=4) if each else [])


def _metric_lines(term: Term, prediction: Prediction) -> list[str]:
    lines: list[str] = []
    for metric in reported(term).names:
        lines += assign(
            prediction.own(metric), METRICS[metric](prediction, term.compares), indent=4
        )
    return lines


def _returned(names: list[str]) -> list[str]:
    stacked = flat(Call("torch.stack", (Group("[", tuple(Code(name) for name in names)),)))
    return statement("return ", Code(f"loss, {stacked}.detach()"), indent=4)


@dataclass(frozen=True, slots=True)
class Reported:
    """What batches give beside the loss, and the line that makes the rmse of an epoch of it."""

    names: list[str]
    root: str


def reported(term: Term, prefix: str = "") -> Reported:
    """What is measured of an output.

    The root is taken of the mean square over all samples, so that is what batches give. Where
    steps are padded, a mean over those of data is another thing than the loss.
    """
    names = [metric.name for metric in term.measured()]
    if "rmse" not in names:
        return Reported(names, "")
    names.remove("rmse")
    if term.loss.name == "mse" and term.plain and term.value.mask is None:
        square = f"means[{literal(prefix + 'loss')}]"
    elif "mse" in names:
        square = f"means[{literal(prefix + 'mse')}]"
    else:
        names.append("mse")
        square = f"means.pop({literal(prefix + 'mse')})"
    made = f"means[{literal(prefix + 'rmse')}] = {square} ** 0.5"
    over = "samples" if term.value.mask is None else "steps of data"
    return Reported(names, f"{made}  # the root of the mean over all {over}")
