"""What is read of a recurrent layer's application, and how both directions become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqspec.backends.python_text import Call, Code, Expr, Group, flat
from seqspec.backends.torch.body import Body
from seqspec.ir.graph import Value

_MERGE = {"sum": "{0} + {1}", "mul": "{0} * {1}", "ave": "({0} + {1}) / 2"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which results of one application something reads."""

    sequence: Value | None
    last: Value | None
    #: whole states by output name: ``state``, ``forward.state``, ``backward.state``
    states: Mapping[str, Value]
    #: those of the forward and of the backward direction, if they are not merged
    sequences: tuple[Value | None, Value | None] = (None, None)
    lasts: tuple[Value | None, Value | None] = (None, None)

    @property
    def values(self) -> tuple[Value, ...]:
        return (*self.steps, *self.last_steps, *self.states.values())

    @property
    def steps(self) -> tuple[Value, ...]:
        """All sequences that are read."""
        return tuple(v for v in (self.sequence, *self.sequences) if v is not None)

    @property
    def last_steps(self) -> tuple[Value, ...]:
        return tuple(v for v in (self.last, *self.lasts) if v is not None)


def wanted_of(body: Body, outputs: Mapping[str, Value]) -> Wanted:
    read = {name: value for name, value in outputs.items() if body.until(value) >= 0}
    return Wanted(
        read.get("sequence"),
        read.get("last"),
        {name: value for name, value in read.items() if name.endswith("state")},
        (read.get("forward.sequence"), read.get("backward.sequence")),
        (read.get("forward.last"), read.get("backward.last")),
    )


def merged(mode: str, ahead: str, back: str) -> Expr:
    """Both directions as one."""
    if mode == "concat":
        return Call("torch.cat", (Group("[", (Code(ahead), Code(back))),), (("dim", -1),))
    return Code(_MERGE[mode].format(ahead, back))


def blanked(steps: Expr, mask: str) -> Expr:
    """Steps with zeros at padding, which is what Keras gives of both directions."""
    if not mask:
        return steps
    plain = isinstance(steps, Call) or (isinstance(steps, Code) and " " not in steps)
    return Code(f"{flat(steps) if plain else f'({flat(steps)})'} * {mask}[..., None]")
