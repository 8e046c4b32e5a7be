"""``train.py``: what happens to the weights after each batch, as PyTorch says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seqspec.backends.python_text import Call, Code, Expr, assign, literal
from seqspec.backends.torch.model_plan import ModelPlan
from seqspec.backends.torch.optimizers import (
    OptimizerPlan,
    plan_clips,
    plan_joint,
    plan_optimizer,
)
from seqspec.backends.torch.schedules import plan_rate
from seqspec.ir.task import Training


@dataclass(frozen=True, slots=True)
class UpdatesPlan:
    """The lines between a batch's loss and its step; see ``templates/torch/updates.j2``.

    Simple updates stand in the loop over the batches. Where one depends on those before it, or
    on more than gradients (``counted``), they are a class of their own, Updates; ``name`` and
    ``type`` are what the loop is given in either case. ``rate`` is the expression for the learning
    rate of the last step, if that changes; ``plateau`` the lines that make what lowers it;
    ``joint`` those that tell which parameters are one weight. ``averages`` says that averages of
    the weights are kept, ``accumulates`` that gradients of several batches add up; ``precision``
    is what layers compute in, if that is not float32.
    """

    given: str
    name: str
    type: str
    counted: bool
    numbers: tuple[str, ...]
    constants: tuple[str, ...]
    schedule: tuple[str, ...]
    optimizer: OptimizerPlan
    make: tuple[str, ...]
    steps: tuple[str, ...]
    clips: bool
    joint: tuple[str, ...]
    rate: str
    plateau: tuple[str, ...]
    averages: bool
    precision: str
    accumulates: bool

    @property
    def optimizer_name(self) -> str:
        """The optimiser, where the updates are at hand."""
        return "updates.optimizer" if self.counted else "optimizer"

    @property
    def autocast(self) -> str:
        """What computes in less than float32: in float16 on a GPU only."""
        enabled = ', enabled=device == "cuda"' if self.scaled else ""
        return f"torch.autocast(device, PRECISION{enabled})"

    @property
    def output(self) -> str:
        """What a batch is turned into, in float32."""
        return "output" if self.precision else "model(*batch)"

    @property
    def scaled(self) -> bool:
        """Whether the loss has to be scaled for its gradients not to vanish."""
        return self.precision == "float16"

    @property
    def in_loop(self) -> tuple[str, ...]:
        """What stands in the loop over the batches."""
        return ("updates(loss)",) if self.counted else self.steps

    @property
    def nn(self) -> bool:
        """Whether the program imports torch.nn."""
        return self.clips or self.own

    @property
    def advice(self) -> str:
        """What helps against a loss that grows without bounds, as a literal."""
        clipped = "" if self.clips else "or clipped gradients "
        return literal(f"a smaller learning rate {clipped}may help")

    @property
    def own(self) -> bool:
        """Whether the program has an optimiser class of its own."""
        return bool(self.optimizer.own)


def plan_updates(training: Training, model: ModelPlan) -> UpdatesPlan:
    """Decides how the weights of a training are updated."""
    args = training.optimizer.args
    scheduled = training.schedule is not None
    changes = scheduled or training.reduce is not None
    constants, schedule = plan_rate(args["learning_rate"])
    optimizer = plan_optimizer(training.optimizer, changes=changes)
    averages = bool(args["use_ema"])
    several = args["gradient_accumulation_steps"] is not None
    precision = training.precision.removeprefix("mixed_")
    scaled = precision == "float16"
    counted = scheduled or averages or several or optimizer.decay or scaled
    owner = "self." if counted else ""
    joint = plan_joint(args, model)
    clips = plan_clips(args, f"{owner}model", joint=bool(joint))
    step = [*clips, *_decay(optimizer), f"{owner}optimizer.step()"]
    if scaled:
        shaped = ["self.scaler.unscale_(self.optimizer)"] if clips else []
        apply = ["self.scaler.step(self.optimizer)", "self.scaler.update()"]
        step = [*shaped, *clips, *_decay(optimizer), *apply]
    if scheduled:
        step = [*_set_rate(several), *step]
    plain = [f"{owner}optimizer.zero_grad()", "loss.backward()", *step]
    lines = _accumulated(step) if several else plain
    if scaled:
        lines = [_scaled(line) for line in lines]
    if counted:
        lines += [*([] if several else ["self.step += 1"]), *_averaged(args)]
    optimizer_name = "updates.optimizer" if counted else "optimizer"
    indent = 8 if counted else 4
    notes = [f"{' ' * indent}# {note}" for note in optimizer.notes]
    return UpdatesPlan(
        given="updates" if counted else "an optimizer",
        name="updates" if counted else "optimizer",
        type="Updates" if counted else "torch.optim.Optimizer",
        counted=counted,
        numbers=(*_numbers(args, optimizer), *_precision(precision)),
        constants=tuple(constants),
        schedule=tuple(schedule),
        optimizer=optimizer,
        make=(*notes, *assign(f"{owner}optimizer", optimizer.make, indent=indent)),
        steps=tuple(lines),
        clips=bool(clips),
        joint=tuple(joint),
        rate=f'{optimizer_name}.param_groups[0]["lr"]' if changes else "",
        plateau=tuple(_plateau(training, optimizer_name)),
        averages=averages,
        precision="" if precision == "float32" else precision,
        accumulates=several,
    )


def _numbers(args: Mapping[str, Any], optimizer: OptimizerPlan) -> Iterator[str]:
    """The constants besides the learning rate and the limits of clipping."""
    if optimizer.decay:
        note = "share of each weight taken off, by step size"
        yield from assign("WEIGHT_DECAY", float(args["weight_decay"]), note=note)
    if args["gradient_accumulation_steps"] is not None:
        note = "batches that make one step"
        yield from assign("ACCUMULATION", args["gradient_accumulation_steps"], note=note)
    if args["use_ema"]:
        note = "decay of the averages of weights"
        yield from assign("EMA_MOMENTUM", float(args["ema_momentum"]), note=note)
    if args["ema_overwrite_frequency"] is not None:
        note = "steps after which weights become their averages"
        yield from assign("EMA_OVERWRITE", args["ema_overwrite_frequency"], note=note)


def _precision(precision: str) -> list[str]:
    if precision == "float32":
        return []
    note = "of products; weights and losses stay float32"
    return assign("PRECISION", Code(f"torch.{precision}"), note=note)


def _scaled(line: str) -> str:
    line = line.replace("loss.backward()", "self.scaler.scale(loss).backward()")
    return line.replace("(loss / ACCUMULATION)", "self.scaler.scale(loss / ACCUMULATION)")


def _set_rate(several: bool) -> list[str]:
    """Steps are counted before the update where several batches make one."""
    return [
        "for group in self.optimizer.param_groups:",
        f'    group["lr"] = learning_rate(self.step{" - 1" if several else ""})',
    ]


def _decay(optimizer: OptimizerPlan) -> list[str]:
    return ["self.decay()"] if optimizer.decay else []


def _accumulated(step: list[str]) -> list[str]:
    return [
        "if self.step % ACCUMULATION == 0:",
        "    self.optimizer.zero_grad()",
        "(loss / ACCUMULATION).backward()  # gradients add up, beyond the end of an epoch too",
        "self.step += 1",
        "if self.step % ACCUMULATION == 0:",
        *(f"    {line}" for line in step),
    ]


def _averaged(args: Mapping[str, Any]) -> Iterator[str]:
    """As in Keras, averages move with each batch, whether or not it made a step."""
    if not args["use_ema"]:
        return
    several = args["gradient_accumulation_steps"] is not None
    first = "self.step <= ACCUMULATION" if several else "self.step == 1"
    yield f"self.averages.update(0.0 if {first} else EMA_MOMENTUM)"
    if args["ema_overwrite_frequency"] is not None:
        count = "math.ceil(self.step / ACCUMULATION)" if several else "self.step"
        yield f"if {count} % EMA_OVERWRITE == 0:"
        yield "    self.averages.overwrite()"


def _plateau(training: Training, optimizer: str) -> list[str]:
    if training.reduce is None:
        return []
    args = training.reduce.args
    keywords: list[tuple[str, Expr]] = [
        ("factor", float(args["factor"])),
        ("patience", args["patience"] - 1),
        ("threshold", float(args["min_delta"])),
        ("threshold_mode", "abs"),
    ]
    if args["cooldown"] > 1:
        keywords.append(("cooldown", args["cooldown"] - 1))
    if args["min_lr"]:
        keywords.append(("min_lr", float(args["min_lr"])))
    keywords.append(("eps", 0.0))
    make = Call("torch.optim.lr_scheduler.ReduceLROnPlateau", (Code(optimizer),), tuple(keywords))
    note = "PyTorch bears `patience` epochs and acts after the next, Keras after the last of them."
    return [f"    # {note}", *assign("plateau", make, indent=4)]
