"""Masks in a Keras program: computed once, handed to each layer that reads one.

Keras attaches masks to tensors and passes them on by itself, but loses them on the way: at
operators, at layers without a notion of masks, wherever a layer takes a second tensor such as an
initial state. So each layer that reads a mask is told which; what Keras attaches is left to the
loss and the metrics, and mended where it would not be the mask that the output has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from seqspec.backends.keras.calls import INDENT
from seqspec.backends.keras.forms import FORMS
from seqspec.backends.keras.layers import folds
from seqspec.backends.keras.scope import Scope
from seqspec.backends.python_text import Call, Code, Expr, Group, assign, call, literal
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Value
from seqspec.ir.masks import (
    AnyOf,
    Beside,
    ByLengths,
    ByToken,
    ByValue,
    Given,
    Mask,
    Reversed,
    Source,
    Whole,
    leaves,
)
from seqspec.ir.padding import given_ports, read_masks, reads
from seqspec.shapes.dim import Dim, show
from seqspec.types import Tensor
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.spec import Tie

#: what layers do with masks that Keras does, too, if they are told of none
_AS_KERAS = (Masking.KEEPS, Masking.COUNTS, Masking.JOINS, Masking.APPENDS)


class Masks:
    """The masks of one function. ``lengths`` and ``attaches`` tell what the program has to have."""

    def __init__(self, graph: Graph, scope: Scope, *, trained: bool) -> None:
        self._graph = graph
        self._scope = scope
        self._names: dict[Mask, str] = {}
        self._inputs = {value.name: value for value in graph.inputs}
        attached, self._needed = _to_attach(graph) if trained else ((), frozenset[Value]())
        self._attached = frozenset(attached)
        read = [*read_masks(graph), *(v.mask for v in self._attached if v.mask is not None)]
        self._read = list(dict.fromkeys(read))
        self._given = given_ports(graph)
        self._own: dict[Value, Code] = {}
        self.lengths = False
        self.attaches = bool(self._attached)

    def need(self, masks: Iterable[Mask]) -> None:
        """Has these masks computed, whatever reads them."""
        self._read = list(dict.fromkeys([*self._read, *masks]))

    def of(self, mask: Mask) -> Code:
        """The expression of a mask; only reversed ones have no name."""
        if mask in self._names:
            return Code(self._names[mask])
        assert isinstance(mask, Reversed), "the top of the function names all others"
        return Code(f"ops.flip({self._names[mask.mask]}, axis=1)")

    @property
    def uses_ops(self) -> bool:
        return any(not isinstance(m, ByToken | Given) for m in self._read)

    # ----------------------------------------------------------------------------- inputs and calls

    def given_input(self, value: Value) -> Iterator[str]:
        """The input of a called model for the mask of another one, if it reads that."""
        if value.name not in self._given:
            return
        name = self._scope.fresh("mask" if len(self._given) == 1 else f"{value.name}_mask")
        self._names[Given(value.name)] = name
        sizes = (value.tensor.shape[1].value,)
        layer = self._scope.layer_name(f"{value.name}_mask")
        given = call("keras.Input", literal(sizes), dtype="bool", name=layer)
        yield from assign(name, given, indent=INDENT)

    def with_given(self, values: tuple[Value, ...]) -> Iterator[Value | Code]:
        """The inputs of a called model, each with its mask behind it if it is read."""
        for value in values:
            yield self._own.get(value, value)
            if value.name in self._given:
                yield Code(self._names[Given(value.name)])

    def told(self, node: Node) -> tuple[tuple[str, Expr], ...]:
        """The argument that tells a layer which steps are data, if it reads that."""
        if isinstance(node.unit, SubModel) or not any(reads(node)):
            return ()
        if node.unit.spec.masking is Masking.HEADS:
            return tuple(self._told_heads(node))
        masks = tuple(None if mask is None else self.of(mask) for mask in reads(node))
        if node.unit.spec.masking is Masking.ATTENDS:
            return (("mask", Group("[", masks[:2])),)
        return () if masks[0] is None else (("mask", masks[0]),)

    def _told_heads(self, node: Node) -> Iterator[tuple[str, Expr]]:
        """Heads take the mask of a query off its tensor alone; which query sees what, they hear."""
        query, value, key = reads(node)
        if query is not None:
            yield "attention_mask", call("ops.expand_dims", self.of(query), 2)
        if value is not None:
            yield "value_mask", self.of(value)
        if key is not None and node.inputs[2] is not node.inputs[1]:
            yield "key_mask", self.of(key)

    def apart(self, node: Node) -> Iterator[tuple[Value, Code, Expr]]:
        """Copies for heads, which take the masks off their operands, of values that need theirs."""
        if isinstance(node.unit, SubModel) or node.unit.spec.masking is not Masking.HEADS:
            return
        for value in dict.fromkeys(node.inputs):
            if value in self._needed and value.mask is not None:
                name = Code(self._scope.fresh("to_attend"))
                yield value, name, call("ops.copy", self._scope[value])

    # ------------------------------------------------------------------------------------ the lines

    def lines(self, shape_of: Callable[[Value], str]) -> Iterator[str]:
        """The masks that are read, and zeros where the values of padding are not."""
        blank = [
            v.mask for v in self._inputs.values() if isinstance(v.mask, ByValue) and v.mask.pad
        ]
        sources = dict.fromkeys([*blank, *(leaf for mask in self._read for leaf in leaves(mask))])
        for mask in sources:
            if mask in self._names:
                continue
            value = self._inputs[mask.port]
            name = self._scope.fresh("mask" if len(sources) == 1 else f"{mask.port}_mask")
            note = show(value.tensor.shape[:2])
            yield from assign(name, self._source(mask), indent=INDENT, note=note)
            self._names[mask] = name
            if mask in blank:
                zeroed = call("ops.where", Code(f"{name}[..., None]"), self._scope[value], 0.0)
                yield from assign(self._another(value), zeroed, indent=INDENT, note=shape_of(value))
        for mask in self._read:
            inner = mask.mask if isinstance(mask, Reversed) else mask
            if inner not in self._names:
                name = self._scope.fresh("joined_mask")
                yield from assign(name, self._composed(inner), indent=INDENT)
                self._names[inner] = name
        for value in self._inputs.values():
            yield from self.attached(value, shape_of)

    def attached(self, value: Value, shape_of: Callable[[Value], str]) -> Iterator[str]:
        """The line that attaches a mask which Keras has lost to a value that needs it."""
        if value not in self._attached or value.mask is None:
            return
        x = self._scope[value]
        pair = Group("[", (x, self.of(value.mask)))
        target = self._another(value) if value in self._inputs.values() else x
        yield from assign(target, Call("Padded()", (pair,)), indent=INDENT, note=shape_of(value))

    def _another(self, value: Value) -> str:
        """A variable for what is made of an input: the model needs the input itself, too."""
        x = self._scope[value]
        self._own.setdefault(value, x)
        name = self._scope.fresh(f"{x}_padded")
        self._scope.set(value, Code(name))
        return name

    def _source(self, mask: Source) -> Expr:
        value = self._inputs[mask.port]
        x = self._scope[value]
        match mask:
            case ByToken():
                return Code(f"{x} != {mask.pad}")
            case ByValue():
                return call("ops.any", Code(f"{x} != {literal(mask.pad)}"), axis=-1)
            case ByLengths():
                self.lengths = True
                lengths = self._scope[self._inputs[mask.lengths]]
                return call("first_steps", _one_number(x, value.tensor), lengths)
            case Given():
                raise AssertionError("a given mask is an input")

    def _composed(self, mask: Mask) -> Expr:
        if isinstance(mask, AnyOf):
            first, *others = (self._part(part) for part in mask.masks)
            for other in others:
                first = call("ops.logical_or", first, other)
            return first
        if isinstance(mask, Beside):
            parts = tuple(self._part(part) for part in mask.masks)
            return call("ops.concatenate", Group("[", parts), axis=1)
        assert isinstance(mask, Whole)
        return self._whole(mask.steps)

    def _part(self, mask: Mask) -> Expr:
        if isinstance(mask, Reversed):
            return call("ops.flip", self._part(mask.mask), axis=1)
        return Code(self._names[mask]) if mask in self._names else self._composed(mask)

    def _whole(self, steps: Dim) -> Expr:
        """A mask of steps that all count: as many as an input has, or a number of them."""
        for value in self._graph.inputs:
            if isinstance(value.type, Tensor) and value.type.shape[1:2] == (steps,):
                x = _one_number(self._scope[value], value.type)
                return call("ops.ones_like", x, dtype="bool")
        value = self._graph.inputs[0]
        x = _one_number(self._scope[value], value.tensor)
        assert steps.value is not None, "some input has an axis of this size"
        column = call("ops.ones_like", Code(f"{x}[:, :1]"), dtype="bool")
        return call("ops.repeat", column, steps.value, axis=1)


def _one_number(x: str, type_: Tensor) -> Code:
    """One number of each step of an input."""
    return Code(x + ("[" + ":, :, " + ", ".join("0" * (type_.rank - 2)) + "]") * (type_.rank > 2))


def _to_attach(graph: Graph) -> tuple[list[Value], frozenset[Value]]:
    """The values whose masks Keras has to be told so that the outputs have theirs.

    Besides them all values whose masks Keras has to hand on for that.
    """
    made = {value: node for node in graph.nodes for value in node.outputs.values()}
    attached: list[Value] = []
    seen: set[Value] = set()
    wanted = [value for _, value in graph.outputs if value.mask is not None]
    while wanted:
        value = wanted.pop()
        if value in seen:
            continue
        seen.add(value)
        node = made.get(value)
        if node is None or not _as_keras(graph, node):
            attached.append(value)
        elif not _told(node):
            wanted += [operand for operand in node.inputs if operand.mask is not None]
    return attached, frozenset(seen)


def _told(node: Node) -> bool:
    """Whether a layer is handed the mask that its output has."""
    if isinstance(node.unit, Layer) and node.unit.spec.masking is Masking.HEADS:
        return False
    mask = next(iter(reads(node)), None)
    return mask is not None and mask == node.value.mask


def _as_keras(graph: Graph, node: Node) -> bool:
    """Whether Keras attaches the right mask to what a node gives."""
    unit = node.unit
    if not isinstance(unit, Layer) or unit.kind in FORMS or folds(graph, node):
        return False
    if _told(node):
        return True
    # An embedding attaches what it finds in its tokens, or nothing; so does a tied layer.
    tokens = any(value.tensor.kind == "token" for value in node.inputs)
    tied = any(isinstance(value, Tie) for value in unit.args.values())
    return unit.spec.masking in _AS_KERAS and not tokens and not tied
