"""What the template of ``model.py`` is given, and what other files need to know about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from seqspec.backends.copies import Copy
from seqspec.backends.python_text import definition
from seqspec.backends.torch.carried import StatePlan
from seqspec.backends.torch.forward import Forward
from seqspec.backends.torch.loops import LoopPlan
from seqspec.backends.torch.masking import MaskPlan
from seqspec.backends.torch.parts import Slot
from seqspec.backends.torch.stepping import StepPlan
from seqspec.ir.stepping import Stepping


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """One model's class; all texts are finished lines. ``init`` is its constructor's signature."""

    name: str
    doc: tuple[str, ...]
    init: tuple[str, ...]
    modules: tuple[str, ...]
    draws: tuple[str, ...]
    forward: Forward
    signature: tuple[str, ...]
    logits: tuple[str, ...]
    outputs_class: str
    state: StatePlan | None = None
    steps: StepPlan | None = None

    def sharing(self, copy: Copy) -> ClassPlan:
        """The class with the text, and the parameters, that it shares with copies of its model."""
        parameters = ["self", *copy.shared.parameters]
        return replace(
            self,
            doc=copy.shared.doc,
            init=tuple(definition("__init__", parameters, "None", indent=4)),
            modules=copy.shared.open,
            forward=replace(self.forward, lines=copy.shared.closed),
        )


@dataclass(frozen=True, slots=True)
class SharedDraws:
    """A function that draws the first weights of several modules."""

    signature: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """All of ``model.py``, and what other files need to know about it."""

    header: tuple[str, ...]
    imports: tuple[str, ...]
    loops: tuple[LoopPlan, ...]
    classes: tuple[ClassPlan, ...]
    draws: tuple[SharedDraws, ...]
    own_classes: tuple[str, ...]
    masks: MaskPlan
    functions: tuple[str, ...]
    main: str
    steps: StepPlan | None
    stepping: Stepping | None
    slots: tuple[Slot, ...]
    logits: tuple[str, ...]
    state: StatePlan | None = None
