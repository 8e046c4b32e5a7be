"""``train.py``: the loss, what is reported, and the optimiser, as PyTorch says them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqspec.backends.carrying import Carrying, batch_size, plan_carrying
from seqspec.backends.data_part import first_batch
from seqspec.backends.data_ragged import LengthsPlan, plan_lengths
from seqspec.backends.forcing_plan import ForcingPlan
from seqspec.backends.generation_plan import imported
from seqspec.backends.padding import output_mask, plan_scored
from seqspec.backends.python_text import (
    Code,
    Expr,
    Group,
    assign,
    definition,
    docstring,
    mapping,
)
from seqspec.backends.torch import forcing
from seqspec.backends.torch.freezing import FrozenPlan, plan_frozen
from seqspec.backends.torch.measure import counts_entries, plan_measure, reported
from seqspec.backends.torch.model_plan import ModelPlan
from seqspec.backends.torch.penalties import PenaltyPlan, plan_penalties
from seqspec.backends.torch.updates import UpdatesPlan, plan_updates
from seqspec.ir.graph import Graph, SubModel
from seqspec.ir.task import Data, Frozen, Task, Training
from seqspec.vocabulary.spec import Setting


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """The template's values; see ``templates/torch/train.py.j2``."""

    doc: tuple[str, ...]
    main: str
    constants: tuple[str, ...]
    reported: str
    signatures: Signatures
    measure: tuple[str, ...]
    penalties: PenaltyPlan
    frozen: FrozenPlan
    updates: UpdatesPlan
    scaled: bool
    kept: str
    validated: bool
    drawn: bool
    rng: str
    copied: str
    roots: tuple[str, ...]
    several: bool
    targets: str
    size_of: str
    times: str
    batch: str
    measured: str
    weighted: bool
    keeps: bool
    first_batch: tuple[str, ...]
    lengths: LengthsPlan
    imports: tuple[str, ...]
    normalised: bool
    means: str
    best: str
    counted: bool
    scored: tuple[str, ...]
    carrying: Carrying | None
    state: str
    stopping: Stopping
    progress: Progress
    forcing: ForcingPlan | None

    @property
    def functional(self) -> bool:
        return self.penalties.crossing or any("functional." in line for line in self.measure)

    @property
    def metadata(self) -> str:
        """What a checkpoint is given besides the weights."""
        return ", metadata" if self.kept or self.state else ""

    @property
    def sums_steps(self) -> bool:
        """Whether the steps of a stream are counted, which its sums are divided by."""
        return bool(self.state) and not self.counted

    @property
    def and_state(self) -> str:
        return ", state" if self.state else ""

    @property
    def kept_state(self) -> str:
        """What a checkpoint is given of the carried state."""
        return ", state=carried.state" if self.state else ""

    @property
    def size(self) -> str:
        """How many lanes share a batch, as an argument."""
        return self.carrying.size if self.carrying else ""

    @property
    def goes_on(self) -> str:
        return ", cleared=optimizer is None" if self.carrying and self.carrying.never else ""

    @property
    def score(self) -> tuple[str, ...]:
        return self.carrying.score if self.carrying else ()


@dataclass(frozen=True, slots=True)
class Signatures:
    """How functions begin whose parameters depend on the spec."""

    measure: tuple[str, ...]
    predict: tuple[str, ...]
    evaluate: tuple[str, ...]
    capture: tuple[str, ...]
    restore: tuple[str, ...]


_TWO = "tuple[Tensor, Tensor]"
_SIZE = "batch_size: int = 256"


def plan_training(task: Task, model: ModelPlan) -> TrainPlan:
    """Decides what ``train.py`` of a task with a training says."""
    training = task.training
    assert training is not None
    validated = float(training.data.split.args["validation"]) > 0
    stopping, updates = _stopping(training.stop), plan_updates(training, model)
    normalised = _normalises_samples(task.graph, training.frozen)
    truth = "targets[0]" if training.several else "target"
    several, lengths = training.several, plan_lengths(task, training)
    counted = _is_counted(task, training)
    return TrainPlan(
        doc=tuple(docstring(f"{task.graph.name}: its training. Run by run.py.")),
        main=model.main,
        constants=tuple(_constants(training, updates)),
        reported="\n".join(assign("REPORTED", Group("(", plan_reported(training)))),
        signatures=_signatures(training, model, lengths, updates),
        measure=tuple(plan_measure(task, training, model)),
        penalties=plan_penalties(task.graph, training, model.slots),
        frozen=plan_frozen(training, model),
        updates=updates,
        scaled=training.data.scale is not None,
        kept=training.data.kept,
        validated=validated,
        drawn=training.drawn,
        rng="rng" if training.drawn else "None",
        copied=_copied(training.data),
        roots=tuple(_roots(training)),
        several=several,
        targets="targets" if several else "target",
        size_of=truth,
        times=f" * ({truth}.shape[0] * {truth}.shape[1])" if model.state else f" * len({truth})",
        batch="arrays, truth, weighing" if training.weighted else "arrays, truth",
        measured=_handed(training, carries=model.state is not None),
        weighted=training.weighted,
        keeps=training.counted,
        first_batch=tuple(first_batch(training)),
        lengths=lengths,
        imports=tuple(imported("data", ["batches", *lengths.names])),
        normalised=normalised,
        means="total / steps" if model.state and not counted else _means(counted, normalised),
        best="lowest validation loss" if validated else "lowest training loss",
        counted=counted,
        scored=plan_scored(task, training),
        carrying=plan_carrying(training, task.graph),
        state=model.state.name if model.state else "",
        stopping=stopping,
        progress=_progress(stopping, updates),
        forcing=forcing.lower(task, training, model),
    )


def _handed(training: Training, *, carries: bool) -> str:
    """What ``measure()`` is given besides model and inputs."""
    state = ["carried.before(chunk)"] if carries else []
    return ", ".join((*state, *(name for name, _ in _measured(training))))


def _is_counted(task: Task, training: Training) -> bool:
    """Whether some numbers are means over what counts of the steps, not over samples."""
    if training.several:
        return counts_entries(training)
    some = training.counted or output_mask(task) is not None
    return some and bool(reported(training.only).names)


def _means(counted: bool, normalised: bool) -> str:
    """What an epoch gives, of the sums over its batches."""
    if counted:
        return "total[0] / total[1]"
    return f"total / {'samples' if normalised else 'len(part)'}"


def _measured(training: Training) -> list[tuple[str, str]]:
    """What ``measure()`` takes besides model and inputs, with types."""
    several = training.several
    kind = "list[Tensor]" if several else "Tensor"
    weight = [("importance" if several else "weight", kind)] if training.weighted else []
    return [("targets" if several else "target", kind), *weight]


def _signatures(
    training: Training, model: ModelPlan, lengths: LengthsPlan, updates: UpdatesPlan
) -> Signatures:
    main, state = model.main, model.state.name if model.state else ""
    truth = [f"{name}: {kind}" for name, kind in _measured(training)]
    me, device = f"model: {main}", 'device: str = "cpu"'
    scaling = ["scaling: Scaling"] if training.data.scale is not None else []
    scores, arrays = "dict[str, float]", "dict[str, np.ndarray]"
    kept = [me, f"{updates.name}: {updates.type}", *(["carried: Carried"] if state else [])]
    given, three = [f"state: {state}"], f"{_TWO[:-1]}, {state}]"
    inputs = [lengths.taken, device, _SIZE]
    if state:
        inputs = ["stream: Stream", device, "carried: list[np.ndarray] | None = None"]
        truth = [*given, *truth]
    return Signatures(
        tuple(
            definition("measure", [me, "inputs: list[Tensor]", *truth], three if state else _TWO)
        ),
        tuple(definition("predict", [me, *inputs], lengths.result)),
        tuple(definition("evaluate", [me, "part: Part", *scaling, device], scores)),
        tuple(definition("capture", kept, arrays)),
        tuple(definition("restore", [*kept, f"arrays: {arrays}"], "None")),
    )


def _normalises_samples(graph: Graph, frozen: Sequence[Frozen]) -> bool:
    """Whether a batch norm sees one row for each sample: a batch of one has no variance then."""
    fixed = [one.units[-1] for one in frozen if one.whole]
    return any(
        _normalises_samples(node.unit.graph, frozen)
        if isinstance(node.unit, SubModel)
        else node.unit.kind == "batch_norm"
        and all(size.value == 1 for size in node.inputs[0].tensor.shape[1:-1])
        for node in graph.nodes
        if node.unit not in fixed
    )


def plan_reported(training: Training) -> tuple[str, ...]:
    """What ``measure()`` gives, in this order; of several outputs, the losses before the rest."""
    if not training.several:
        return ("loss", *reported(training.only).names)
    losses = [f"{term.output}_loss" for term in training.terms]
    rest = [f"{term.output}_{name}" for term in training.terms for name in reported(term).names]
    return ("loss", *losses, *rest)


def _roots(training: Training) -> Iterator[str]:
    """The lines that make the rmse of an epoch."""
    for term in training.terms:
        prefix = f"{term.output}_" if training.several else ""
        if root := reported(term, prefix).root:
            yield root


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
        *batch_size(training),
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
class Stopping:
    """Lines before the epochs, where a loss is the best, after that, and when training stops.

    ``counts`` are the variables that are carried from one epoch to the next.
    """

    before: tuple[str, ...]
    better: tuple[str, ...]
    waiting: tuple[str, ...]
    when: str
    counts: tuple[str, ...]


def _stopping(stop: Setting | None) -> Stopping:
    if stop is None:
        return Stopping(("best = math.inf",), ("best = judged",), (), "", ("best",))
    when = "waited == PATIENCE and not overfit_one_batch"
    if not stop.args["min_delta"]:
        return Stopping(
            ("best, waited, stopped = math.inf, 0, False",),
            ("best, waited = judged, 0",),
            ("else:", "    waited += 1"),
            when,
            ("best", "waited", "stopped"),
        )
    return Stopping(
        (
            "best, stopped = math.inf, False",
            "mark, waited = math.inf, 0  # the loss to beat, and epochs since",
        ),
        ("best = judged",),
        (
            "waited += 1",
            "if judged < mark - MIN_DELTA:",
            "    mark, waited = judged, 0",
        ),
        when,
        ("best", "mark", "waited", "stopped"),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """The lines that gather what a checkpoint has besides tensors, and those that put it back."""

    lines: tuple[str, ...]
    back: tuple[str, ...]


def _progress(stopping: Stopping, updates: UpdatesPlan) -> Progress:
    entries: list[tuple[Expr, Expr]] = [(name, Code(name)) for name in stopping.counts]
    back = [f'{name} = progress["{name}"]' for name in stopping.counts]
    if updates.counted:
        entries.append(("step", Code("updates.step")))
        back.append('updates.step = progress["step"]')
    if updates.scaled:
        entries.append(("scaler", Code("updates.scaler.state_dict()")))
        back.append('updates.scaler.load_state_dict(progress["scaler"])')
    if updates.plateau:
        entries += [
            ("learning_rate", Code(updates.rate)),
            ("plateau", Code("plateau.state_dict()")),
        ]
        back.append(f'{updates.rate} = progress["learning_rate"]')
        back.append('plateau.load_state_dict(progress["plateau"])')
    return Progress(tuple(assign("progress", mapping(entries), indent=8)), tuple(back))


def _copied(data: Data) -> str:
    """Why inputs are copied before they become tensors; empty if they are not."""
    if data.windows is not None:
        return "Windows are read-only views of the series, so they are copied."
    return "Maps of files are read-only, so they are copied." if data.memory == "map" else ""
