"""Scheduled sampling as Keras programs do it: a model around the model, with a loop inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from seqspec.backends.forcing_plan import ForcingPlan, plan_forcing
from seqspec.backends.keras.stepping import StepPlan
from seqspec.backends.python_text import Call, Code, Group, assign, literal, statement
from seqspec.ir.stepping import stepping_of
from seqspec.ir.task import Task, Training


def lower(task: Task, training: Training, steps: StepPlan | None) -> ForcingPlan | None:
    """What ``OwnTokens`` says; None if all tokens are right."""
    plan = None if steps is None else plan_forcing(task, training, stepping_of(task, task.graph))
    if plan is None or steps is None:
        return None
    taken = (Code(f"ops.take(inputs[{place}], before, axis=1)") for place in plan.beside)
    memory = [Code("*memory")] if steps.memory else []
    given = (Code("ops.take(tokens, before, axis=1)"), *taken, *memory, Code("*state"))
    step = Call("self.step", (Group("[", given),), (("training", False),))
    many, place = len(task.graph.inputs) > 1, plan.looped
    before = f"*inputs[:{place}], " if place else ""
    after = f", *inputs[{place + 1}:]" if place + 1 < len(task.graph.inputs) else ""
    returned = f"return ({before}tokens{after})" if many else "return tokens"
    constants = list(plan.constants)
    if steps.memory:
        names = tuple(map(literal, steps.memory))
        constants += assign("MEMORY", Group("(", names), note="what is computed once")
    return replace(
        plan,
        constants=tuple(constants),
        begins=bool(steps.begin),
        begun=tuple(_begun(plan, steps)),
        stepped=tuple(assign("found", step, indent=12)),
        returned=(f"        {returned}",),
    )


def _begun(plan: ForcingPlan, steps: StepPlan) -> Iterator[str]:
    """The lines that make memory and first states."""
    if steps.begin:
        first = tuple(Code(f"inputs[{place}]") for place in plan.first)
        operand = first[0] if len(first) == 1 else Group("[", first)
        call = Call("self.first", (operand,), (("training", False),))
        yield from statement("begun = ", call, indent=8)
    if steps.memory:
        yield "        memory = [ops.stop_gradient(begun[name]) for name in MEMORY]"
    if len(steps.started) == len(steps.shapes):
        yield "        state = [ops.stop_gradient(begun[name]) for name in STATE]"
        return
    yield "        size = ops.shape(right)[0]"
    if not steps.started:
        yield "        state = [ops.zeros((size, *shape)) for shape in STATE.values()]"
        return
    yield "        zeros = {name: ops.zeros((size, *shape)) for name, shape in STATE.items()}"
    yield "        state = [ops.stop_gradient(begun.get(name, zeros[name])) for name in STATE]"
