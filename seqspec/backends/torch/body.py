"""The body of a forward pass while it is written: lines, local names, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seqspec.backends.python_text import Code, Expr, Names, Sum, comment, statement
from seqspec.backends.torch.own_functions import NAMES as OWN_FUNCTIONS
from seqspec.ir.graph import Graph, Node, Value
from seqspec.ir.masks import Mask, Reversed
from seqspec.shapes.dim import show
from seqspec.types import State, Tensor

INDENT = 8
FOREVER = 1 << 30
_RESERVED = ("self", "torch", "nn", "functional", "Tensor", "NamedTuple", *OWN_FUNCTIONS)


@dataclass(frozen=True, slots=True)
class Held:
    """How the forward pass refers to a value.

    ``text`` is the expression of a tensor; a state has one in ``parts`` for each of its tensors
    [B, units], and ``fused`` if a fused module can take it as it is.
    """

    text: str = ""
    parts: tuple[str, ...] = ()
    fused: str = ""


class Body:
    """Lines and names. A name is free again after the last node that needs what it holds."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.lines: list[str] = []
        self.held: dict[Value, Held] = {}
        self.masks: dict[Mask, str] = {}
        self.indent = INDENT
        #: results that are made float32 where they are returned
        self.cast: set[Value] = set()
        self.returned = False
        #: whether what the model gives may be returned by the line that makes it
        self.may_return = True
        self._costs = False
        self._names = Names(_RESERVED)
        self._until: dict[str, int] = {}
        self._last_use = _last_uses(graph)

    # ------------------------------------------------------------------------------------ names

    def take(self, generic: str, other: str, now: int, until: int) -> str:
        """``generic`` if it is free, or free once node ``now`` is done; else a name of its own."""
        if generic not in self._until and not self._names.has(generic):
            self._names.fresh(generic)
            self._until[generic] = -1
        if self._until.get(generic, FOREVER) <= now:
            self._until[generic] = until
            return generic
        return self.own(other, until)

    def own(self, wanted: str, until: int) -> str:
        """A name that nothing else has."""
        name = self._names.fresh(wanted)
        self._until[name] = until
        return name

    def keep(self, name: str, until: int) -> None:
        """Says for how long a name is needed, whatever it was before."""
        if name in self._until:
            self._until[name] = until

    def until(self, *values: Value) -> int:
        """The number of the last node that reads one of the values or a tensor of theirs."""
        read = (v for value in values for v in (value, *value.parts))
        return max((self._last_use.get(v, -1) for v in read), default=-1)

    def read_by(self, value: Value, number: int) -> None:
        """Says that a value the graph does not know is read by a node."""
        self._last_use[value] = number

    # ----------------------------------------------------------------------------------- values

    def operand(self, value: Value) -> str:
        return self.held[value].text

    def mask(self, mask: Mask | None) -> str:
        """The mask that a node reads; empty if it reads none."""
        if mask is None or mask in self.masks:
            return "" if mask is None else self.masks[mask]
        assert isinstance(mask, Reversed), "the top of the forward pass names all others"
        return f"{self.masks[mask.mask]}.flip(1)"

    def hold_state(self, value: Value, parts: Sequence[str], fused: str = "") -> None:
        """Keeps the expressions of a state and of its tensors."""
        self.held[value] = Held(parts=tuple(parts), fused=fused)
        for tensor, text in zip(value.parts, parts, strict=True):
            self.held[tensor] = Held(text)

    def initial(self, node: Node) -> Held | None:
        """The initial state of a recurrent node, if it has one."""
        if not node.initial:
            return None
        if len(node.initial) == 1 and isinstance(node.initial[0].type, State):
            return self.held[node.initial[0]]
        # A weight of the model's own begins every sample.
        times = f".repeat(len({self.held[node.inputs[0]].text}), 1)"
        texts = (self.held[v].text + (times if v.tensor.rank == 1 else "") for v in node.initial)
        return Held(parts=tuple(texts))

    # ------------------------------------------------------------------------------- statements

    def line(self, before: str, expr: Expr, note: str = "") -> None:
        self.lines += statement(before, expr, indent=self.indent, note=note)

    def cost(self, terms: Sequence[Expr]) -> None:
        """Adds what an output costs to what outputs cost."""
        whole = [Code("self.activity"), *terms] if self._costs else list(terms)
        self.line("self.activity = ", Sum(tuple(whole)) if len(whole) > 1 else whole[0])
        self._costs = True

    def bind(
        self,
        number: int,
        value: Value,
        expr: Expr,
        owner: str,
        note: str = "",
        *,
        hold: bool = False,
    ) -> None:
        """Gives a value its name, or returns it if it is all that the model gives.

        ``hold`` has it named in any case.
        """
        shape = shape_note(value) + (f", {note}" if note else "")
        outputs = self.graph.outputs
        only = self.may_return and len(outputs) == 1 and outputs[0][1] is value
        if only and not hold and value not in self.cast and number == len(self.graph.nodes) - 1:
            # The line that made a name has shown its shape.
            named = isinstance(expr, Code) and expr.isidentifier()
            self.line("return ", expr, "" if named else shape)
            self.returned = True
            return
        if value.name:
            name = self.own(value.name, self.until(value))
        elif isinstance(expr, Code) and expr.removesuffix("[-1]").isidentifier():
            self.held[value] = Held(str(expr))
            return
        else:
            name = self.take("x", f"{owner}_out", number, self.until(value))
        if name == expr:
            return
        self.line(f"{name} = ", expr, shape)
        self.held[value] = Held(name)


def annotation(value: Value) -> str:
    """The type of a value in the program."""
    if isinstance(value.type, Tensor) or len(value.type.parts) == 1:
        return "Tensor"
    return f"tuple[{', '.join(['Tensor'] * len(value.type.parts))}]"


def shape_note(value: Value) -> str:
    """The shape of a value for a comment."""
    if isinstance(value.type, Tensor):
        return comment(show(value.type.shape))
    return comment(", ".join(f"{name} {show(shape)}" for name, shape in value.type.parts))


def _last_uses(graph: Graph) -> dict[Value, int]:
    """For each value the number of the last node that reads it; outputs are read at the end."""
    uses: dict[Value, int] = {}
    for number, node in enumerate(graph.nodes):
        for value in (*node.inputs, *node.initial):
            for each in (value, *value.parts):
                uses[each] = number
    for _, value in graph.outputs:
        for each in (value, *value.parts):
            uses[each] = FOREVER
    # A size may be asked of an input at any time: their names are not used for anything else.
    if any(node.unit.kind == "repeat" for node in graph.nodes):
        uses.update((value, FOREVER) for value in graph.inputs)
    return uses
