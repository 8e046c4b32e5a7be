"""What a recurrent layer gives: what is read of it, what it costs, both ways as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seqspec.backends.python_text import Call, Code, Expr, Group, flat
from seqspec.backends.torch.body import Body
from seqspec.backends.torch.penalties import sizes
from seqspec.ir.graph import Graph, Layer, Node, Value
from seqspec.vocabulary.spec import Setting

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


@dataclass(frozen=True, slots=True)
class Costs:
    """What an ``activity_regularizer`` is applied to: what Keras's layer returns.

    That is every step or the last one, which is h, and both h and c if it returns its state.
    """

    activity: Setting | None
    steps: bool = False
    state: bool = False
    cells: bool = False

    @property
    def h(self) -> bool:
        return self.activity is not None and (self.state or not self.steps)

    @property
    def c(self) -> bool:
        return self.state and self.cells

    def terms(self, steps: str, h: str, c: str, samples: str, mask: str = "") -> list[Expr]:
        """The terms for the results of a module; ``samples`` is the size of a batch in h.

        ``mask`` is given where Keras has zeros at padding, but the module has not.
        """
        if self.activity is None:
            return []
        shown = f"({steps} * {mask}[..., None])" if mask else steps
        given = [(shown, f"len({steps})") if self.steps else (h, samples)]
        given += [(h, samples)] if self.state else []
        given += [(c, samples.replace(h, c))] if self.c else []
        args = self.activity.args
        return [term for x, count in given for term in sizes(x, args, f" / {count}")]


def costs_of(graph: Graph, node: Node, *, cells: bool) -> Costs:
    """What costs something at one application of a recurrent layer."""
    activity = node.unit.activity if isinstance(node.unit, Layer) else None
    if activity is None:
        return Costs(None)
    steps, state = graph.returned(node.unit)
    return Costs(activity, steps, state, cells)
