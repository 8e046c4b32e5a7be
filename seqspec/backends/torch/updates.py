"""``train.py``: what happens to the weights after each batch, as PyTorch says it."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.python_text import Call, Code, Expr, assign, literal
from seqspec.backends.torch.model import ModelPlan
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

    Simple updates stand in the loop over the batches. Where one depends on those before it
    (``counted``), they are a class of their own, Updates; ``name`` and ``type`` are what the loop
    is given in either case. ``rate`` is the expression for the learning rate of the last step, if
    that changes; ``plateau`` the lines that make what lowers it; ``joint`` those that tell which
    parameters are one weight.
    """

    given: str
    name: str
    type: str
    counted: bool
    constants: tuple[str, ...]
    schedule: tuple[str, ...]
    optimizer: OptimizerPlan
    make: tuple[str, ...]
    steps: tuple[str, ...]
    clips: bool
    joint: tuple[str, ...]
    rate: str
    plateau: tuple[str, ...]

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
        return self.optimizer.sgd or self.optimizer.rmsprop


def plan_updates(training: Training, model: ModelPlan) -> UpdatesPlan:
    """Decides how the weights of a training are updated."""
    scheduled = training.schedule is not None
    changes = scheduled or training.reduce is not None
    constants, schedule = plan_rate(training.optimizer.args["learning_rate"])
    optimizer = plan_optimizer(training.optimizer, changes=changes)
    counted = scheduled
    owner = "self." if counted else ""
    joint = plan_joint(training.optimizer.args, model)
    clips = plan_clips(training.optimizer.args, f"{owner}model", joint=bool(joint))
    steps = [f"{owner}optimizer.zero_grad()", "loss.backward()", *clips]
    if scheduled:
        steps += [
            "for group in self.optimizer.param_groups:",
            '    group["lr"] = learning_rate(self.step)',
        ]
    steps.append(f"{owner}optimizer.step()")
    if counted:
        steps.append("self.step += 1")
    optimizer_name = "updates.optimizer" if counted else "optimizer"
    indent = 8 if counted else 4
    notes = [f"{' ' * indent}# {note}" for note in optimizer.notes]
    return UpdatesPlan(
        given="updates" if counted else "an optimizer",
        name="updates" if counted else "optimizer",
        type="Updates" if counted else "torch.optim.Optimizer",
        counted=counted,
        constants=tuple(constants),
        schedule=tuple(schedule),
        optimizer=optimizer,
        make=(*notes, *assign(f"{owner}optimizer", optimizer.make, indent=indent)),
        steps=tuple(steps),
        clips=bool(clips),
        joint=tuple(joint),
        rate=f'{optimizer_name}.param_groups[0]["lr"]' if changes else "",
        plateau=tuple(_plateau(training, optimizer_name)),
    )


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
