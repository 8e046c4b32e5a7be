"""Scheduled sampling as PyTorch programs do it: steps without gradients before each batch."""

from __future__ import annotations

from dataclasses import replace

from seqspec.backends.forcing_plan import ForcingPlan, plan_forcing
from seqspec.backends.python_text import Call, Code, statement
from seqspec.backends.torch.model_plan import ModelPlan
from seqspec.ir.task import Task, Training


def lower(task: Task, training: Training, model: ModelPlan) -> ForcingPlan | None:
    """What ``own_tokens`` says; None if all tokens are right."""
    plan = plan_forcing(task, training, model.stepping)
    if plan is None or model.stepping is None:
        return None
    memory = bool(model.stepping.memory)
    first = tuple(Code(f"inputs[{place}]") for place in plan.first) or (Code("len(right)"),)
    begun = "memory, state = " if memory else "state = "
    beside = (Code(f"inputs[{place}][:, place - 1 : place]") for place in plan.beside)
    given = (Code("tokens[-1]"), *beside, *([Code("memory")] if memory else []), Code("state"))
    return replace(
        plan,
        begins=True,
        begun=tuple(statement(begun, Call("model.begin", first), indent=4)),
        stepped=tuple(statement("output, state = ", Call("model.step", given), indent=8)),
    )
