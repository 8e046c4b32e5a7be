"""``train.py``: the loss, what is reported, and the optimiser, as PyTorch says them."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_ragged import LengthsPlan, plan_lengths
from seqspec.backends.padding import Scored, output_mask, plan_scored
from seqspec.backends.python_text import assign, definition, docstring, literal
from seqspec.backends.torch.losses import plan_measure
from seqspec.backends.torch.model import ModelPlan
from seqspec.backends.torch.penalties import PenaltyPlan, plan_penalties
from seqspec.backends.torch.updates import UpdatesPlan, plan_updates
from seqspec.ir.graph import Graph, SubModel
from seqspec.ir.task import Task, Training
from seqspec.vocabulary.spec import Setting


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """The template's values; see ``templates/torch/train.py.j2``."""

    doc: tuple[str, ...]
    main: str
    constants: tuple[str, ...]
    reported: str
    measure_signature: tuple[str, ...]
    measure: tuple[str, ...]
    predict_signature: tuple[str, ...]
    evaluate_signature: tuple[str, ...]
    penalties: PenaltyPlan
    updates: UpdatesPlan
    scaled: bool
    kept: str
    validated: bool
    shuffled: bool
    rng: str
    windows: bool
    lengths: LengthsPlan
    root: str
    normalised: bool
    means: str
    best: str
    counted: bool
    scored: Scored
    before_epochs: tuple[str, ...]
    better: tuple[str, ...]
    waiting: tuple[str, ...]
    stopping: tuple[str, ...]

    @property
    def functional(self) -> bool:
        return self.penalties.crossing or any("functional." in line for line in self.measure)

    @property
    def metadata(self) -> str:
        """What a checkpoint is given besides the weights."""
        return ", metadata" if self.kept else ""


_TWO = "tuple[Tensor, Tensor]"
_SIZE = "batch_size: int = 256"


def plan_training(task: Task, model: ModelPlan) -> TrainPlan:
    """Decides what ``train.py`` of a task with a training says."""
    training = task.training
    assert training is not None
    validated = float(training.data.split.args["validation"]) > 0
    scaled = training.data.scale is not None
    (names, root), stopping = _reported(task, training), _stopping(training.stop)
    updates = plan_updates(training, model)
    normalised = _normalises_samples(task.graph)
    measure = tuple(plan_measure(task, training, model.has_logits, names))
    counted = bool(names) and output_mask(task) is not None
    me, device = f"model: {model.main}", 'device: str = "cpu"'
    scaling = ["scaling: Scaling"] if scaled else []
    lengths = plan_lengths(task, training)
    return TrainPlan(
        doc=tuple(docstring(f"{task.graph.name}: its training. Run by run.py.")),
        main=model.main,
        constants=tuple(_constants(training, updates)),
        reported=f"REPORTED = {literal(('loss', *names))}",
        measure_signature=tuple(
            definition("measure", [me, "inputs: list[Tensor]", "target: Tensor"], _TWO)
        ),
        measure=measure,
        predict_signature=tuple(
            definition("predict", [me, lengths.taken, device, _SIZE], lengths.result)
        ),
        evaluate_signature=tuple(
            definition("evaluate", [me, "part: Part", *scaling, device], "dict[str, float]")
        ),
        penalties=plan_penalties(task.graph, model.slots),
        updates=updates,
        scaled=scaled,
        kept=training.data.kept,
        validated=validated,
        shuffled=training.shuffle,
        rng="rng" if training.shuffle else "None",
        windows=training.data.windows is not None,
        lengths=lengths,
        root=root,
        normalised=normalised,
        means=_means(counted, normalised),
        best="lowest validation loss" if validated else "lowest training loss",
        counted=counted,
        scored=plan_scored(task, ragged=bool(training.data.ragged)),
        before_epochs=stopping.before,
        better=stopping.better,
        waiting=stopping.waiting,
        stopping=stopping.end,
    )


def _means(counted: bool, normalised: bool) -> str:
    """What an epoch gives, of the sums over its batches."""
    if counted:
        return "total[0] / total[1]"
    return f"total / {'samples' if normalised else 'len(part)'}"


def _normalises_samples(graph: Graph) -> bool:
    """Whether a batch norm sees one row for each sample: a batch of one has no variance then."""
    return any(
        _normalises_samples(node.unit.graph)
        if isinstance(node.unit, SubModel)
        else node.unit.kind == "batch_norm"
        and all(size.value == 1 for size in node.inputs[0].tensor.shape[1:-1])
        for node in graph.nodes
    )


def _reported(task: Task, training: Training) -> tuple[list[str], str]:
    """What is measured beside the loss, and the line that makes the rmse of it.

    A loss with something added to it is not the metric of that name.

    The root is taken of the mean square over all samples, so that is what batches give.
    """
    loss = "" if task.graph.penalised else training.loss.name
    names = [metric.name for metric in training.metrics if metric.name != loss]
    if "rmse" not in names:
        return names, ""
    names.remove("rmse")
    if loss == "mse":
        square = 'means["loss"]'
    elif "mse" in names:
        square = 'means["mse"]'
    else:
        names.append("mse")
        square = 'means.pop("mse")'
    return names, f'means["rmse"] = {square} ** 0.5  # the root of the mean over all samples'


# ----------------------------------------------------------------------------------- the constants

_CLIPPING = {
    "clipnorm": "largest norm of the gradient of each weight",
    "global_clipnorm": "largest norm of all gradients together",
    "clipvalue": "largest size of any entry of a gradient",
}


def _constants(training: Training, updates: UpdatesPlan) -> list[str]:
    args = training.optimizer.args
    lines = [
        f"EPOCHS = {training.epochs}",
        f"BATCH_SIZE = {training.batch_size}",
        *updates.constants,
        f"SEED = {training.seed}",
    ]
    for name, note in _CLIPPING.items():
        if args.get(name) is not None:
            lines += assign(name.upper(), args[name], note=note)
    lines += [*updates.joint, *updates.numbers]
    if training.stop is not None:
        patience, least = training.stop.args["patience"], training.stop.args["min_delta"]
        lines += assign("PATIENCE", patience, note="epochs without a lower loss before it stops")
        if least:
            lines += assign("MIN_DELTA", least, note="the least that counts as lower")
    return lines


@dataclass(frozen=True, slots=True)
class _Stopping:
    """Lines before the epochs, where a loss is the best, after that, and at an epoch's end."""

    before: tuple[str, ...]
    better: tuple[str, ...]
    waiting: tuple[str, ...]
    end: tuple[str, ...]


def _stopping(stop: Setting | None) -> _Stopping:
    if stop is None:
        return _Stopping(("best = math.inf",), ("best = judged",), (), ())
    end = ("if waited == PATIENCE and not overfit_one_batch:", "    break")
    if not stop.args["min_delta"]:
        return _Stopping(
            ("best, waited = math.inf, 0",),
            ("best, waited = judged, 0",),
            ("else:", "    waited += 1"),
            end,
        )
    return _Stopping(
        ("best = math.inf", "mark, waited = math.inf, 0  # the loss to beat, and epochs since"),
        ("best = judged",),
        (
            "waited += 1",
            "if judged < mark - MIN_DELTA:",
            "    mark, waited = judged, 0",
        ),
        end,
    )
