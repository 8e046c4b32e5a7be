"""The forward pass: one statement for each application, with the shape it gives.

A value that the spec names keeps its name. What flows through unnamed is called ``x``, and last
states ``h_n`` and ``c_n``, as people do; if such a name is still needed for something else, the
layer's name serves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from seqspec.backends.python_text import (
    WIDTH,
    Call,
    Code,
    Expr,
    Group,
    Names,
    comment,
    flat,
)
from seqspec.backends.torch import carried
from seqspec.backends.torch.body import FOREVER, INDENT, Body, Held, annotation, shape_note
from seqspec.backends.torch.forward_masks import Masked
from seqspec.backends.torch.layers import LOWERINGS
from seqspec.backends.torch.logits import head, without_activations
from seqspec.backends.torch.lowering import Applied
from seqspec.backends.torch.penalties import sizes
from seqspec.backends.torch.recurrent_forward import apply_recurrent
from seqspec.backends.torch.sizes import size_of
from seqspec.backends.torch.units import Core, core, tied
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit, Value
from seqspec.ir.padding import given_ports, reads
from seqspec.ir.values import folded
from seqspec.types import Tensor
from seqspec.vocabulary.forms import FORMS as WRITTEN
from seqspec.vocabulary.spec import Tie


@dataclass(frozen=True, slots=True)
class Forward:
    """A lowered graph: parameters of ``forward``, its lines, and what it returns.

    ``result`` is the type it returns; ``fields`` names several results with their shapes.
    ``logits`` says that the lines stop before the last activation, which ``head`` applies.
    """

    parameters: tuple[str, ...]
    lines: tuple[str, ...]
    result: str
    fields: tuple[tuple[str, str, str], ...] = ()
    head: tuple[str, ...] = ()


def lower_forward(
    graph: Graph,
    attributes: Mapping[Unit, str],
    split: Mapping[str, str],
    outputs_class: str,
    *,
    mixed: bool = False,
    state: carried.StatePlan | None = None,
) -> Forward:
    """The forward pass of a graph whose units are called ``self.<attribute>``.

    ``mixed`` says that layers compute in less than float32; what the model gives is float32.
    ``split`` names outputs that ``logits()`` gives before their last activation, with that.
    """
    lowering = Lowering(graph, attributes, split, outputs_class)
    lowering.mixed = mixed
    lowering.carried = state
    return lowering.run()


class Lowering(Masked):
    """Writes the body of one method; parts of models are lowered by classes of their own."""

    def __init__(
        self,
        graph: Graph,
        attributes: Mapping[Unit, str],
        split: Mapping[str, str],
        outputs_class: str,
    ) -> None:
        self.whole = graph
        self.split = split
        self.ends = {value for name, value in graph.outputs if name in split}
        self.graph = graph = without_activations(graph, self.ends)
        self.attributes = attributes
        self.outputs_class = outputs_class
        self.mixed = False
        self.carried: carried.StatePlan | None = None
        self.body = Body(graph)
        self.state = ""

    def run(self) -> Forward:
        parameters: list[str] = []
        given = given_ports(self.graph)
        handed = {carry.given for carry in self.graph.carried}
        for value in self.graph.inputs:
            if value in handed:
                continue
            parameters += self._parameters(value)
            if value.name in given:
                parameters += self._given_mask(value, alone=len(given) == 1)
        self._begin(parameters)
        self._body()
        result, fields = self._results()
        if not self.body.returned:
            self._return()
        given_state = [f"{self.state}: {self.carried.name} | None = None"] if self.carried else []
        return Forward(
            (*(f"{p}: Tensor" for p in parameters), *given_state),
            tuple(self.body.lines),
            f"tuple[{result}, {self.carried.name}]" if self.carried else result,
            fields,
            self._head(parameters),
        )

    def _begin(self, parameters: Sequence[str]) -> None:
        """The state that is handed in, or a cleared one."""
        if self.carried is None:
            return
        self.state = self.body.own("state", FOREVER)
        self.body.lines += carried.beginning(self.state, parameters[0])
        parts = carried.parts_of(self.carried, self.graph.carried, self.state)
        for carry, held in zip(self.graph.carried, parts, strict=True):
            self.body.hold_state(carry.given, held)

    def _body(self) -> None:
        self._masks()
        for number, node in enumerate(self.graph.nodes):
            if any(self.graph.uses(value) for value in node.outputs.values()):
                self._node(number, node)

    # ------------------------------------------------------------------------------ in and out

    @property
    def outputs(self) -> Sequence[tuple[str, Value]]:
        """What the model gives besides the state that it carries."""
        return self.graph.outputs[: len(self.graph.outputs) - len(self.graph.carried)]

    def _parameters(self, value: Value) -> list[str]:
        until = self.body.until(value)
        if isinstance(value.type, Tensor):
            name = self.body.own(value.name or "x", until)
            self.body.held[value] = Held(name)
            return [name]
        names = [
            self.body.own(f"{value.name or 'state'}_{part}", until) for part, _ in value.type.parts
        ]
        self.body.hold_state(value, tuple(names))
        return names

    def _results(self) -> tuple[str, tuple[tuple[str, str, str], ...]]:
        outputs = self.outputs
        if len(outputs) == 1:
            return annotation(outputs[0][1]), ()
        names = Names({"count", "index"})
        fields = tuple(
            (names.fresh(name), annotation(value), shape_note(value)) for name, value in outputs
        )
        return self.outputs_class, fields

    def _return(self) -> None:
        outputs = self.outputs
        if len(outputs) == 1:
            value = outputs[0][1]
            given = self._given(value)
            # A name has shown its shape already.
            shown = isinstance(given, Code) and given.isidentifier()
            note = "" if shown else shape_note(value)
        else:
            given = Call(self.outputs_class, tuple(self._given(value) for _, value in outputs))
            note = ""
        if self.carried is None:
            self.body.line("return ", given, note)
            return
        kept = (self.body.held[carry.kept] for carry in self.graph.carried)
        tensors = [part for held in kept for part in held.parts]
        self.body.lines += carried.ending(self.carried, given, tensors)

    def _given(self, value: Value) -> Expr:
        held = self.body.held[value]
        cast = ".float()" if value in self.body.cast else ""
        if isinstance(value.type, Tensor):
            return Code(held.text + cast)
        if len(held.parts) == 1:
            return Code(held.parts[0] + cast)
        return Group("(", tuple(Code(p + cast) for p in held.parts))

    def _head(self, parameters: Sequence[str]) -> tuple[str, ...]:
        """The lines that apply the last activations to what ``logits()`` gives."""
        if not self.split:
            return ()
        shapes = tuple((name, shape_note(value)) for name, value in self.outputs)
        return head(self.split, parameters, shapes, self.state if self.carried else "")

    # ------------------------------------------------------------------------------------ nodes

    def _node(self, number: int, node: Node) -> None:
        """A node; where layers compute in less than float32, one that gives an output does not."""
        last = self.mixed and any(node.value is value for _, value in self.graph.outputs)
        if not last or not self._precise(node):
            self.body.cast |= {node.value} if last else set()
            self._lower(number, node)
            return
        there = next((v for v in self.graph.inputs if not v.parts), node.inputs[0])
        device = f"{self.body.operand(there)}.device.type"
        margin = " " * INDENT
        self.body.lines += [
            f"{margin}# What the model gives is computed in float32, as in Keras.",
            f"{margin}with torch.autocast({device}, enabled=False):",
        ]
        self.body.indent = INDENT + 4
        self._lower(number, node, ".float()")
        self.body.indent = INDENT

    def _precise(self, node: Node) -> bool:
        """Whether a node can compute in float32 by itself."""
        found = core(node.unit).recurrent
        if not node.inputs or not isinstance(node.unit, Layer) or node.unit.kind in WRITTEN:
            return False
        if node.fold and not self._stepwise(node.unit):
            return False
        return found is None or not (node.initial or any(reads(node)))

    def _lower(self, number: int, node: Node, cast: str = "") -> None:
        """The lines of a node; ``cast`` is what is done to its operands before."""
        if not node.inputs:  # a weight of the model's own, which needs no line
            self.body.held[node.value] = Held(f"self.{self.attributes[node.unit]}")
            return
        found = core(node.unit)
        operands = [self.body.operand(v) + cast for v in node.inputs]
        attribute = self.attributes.get(node.unit, node.unit.name)
        if node.fold and not self._stepwise(node.unit):
            self._per_step(number, node, found, attribute)
        elif found.recurrent is not None:
            mask = self.body.mask(reads(node)[0])
            apply_recurrent(self.body, number, node, found, operands[0], attribute, mask)
        elif isinstance(node.unit, SubModel):
            self._model(number, node)
        else:
            types = [v.tensor for v in node.inputs]
            expr = self._expression(node, operands, types, node.value.tensor)
            activity = node.unit.activity
            self.body.bind(number, node.value, expr, attribute, hold=activity is not None)
            if activity is not None:
                result = self.body.held[node.value].text
                self.body.cost(list(sizes(result, activity.args, f" / len({result})")))

    def _stepwise(self, unit: Unit) -> bool:
        return isinstance(unit, Layer) and unit.kind in LOWERINGS and LOWERINGS[unit.kind].stepwise

    def _expression(
        self, node: Node, operands: list[str], types: list[Tensor], result: Tensor
    ) -> Expr:
        unit = node.unit
        args: Mapping[str, Any] = unit.args if isinstance(unit, Layer) else {}
        if node.value in self.ends:
            args = {**args, "activation": "linear"}
        owner = f"self.{self.attributes[unit]}" if unit in self.attributes else ""
        tied_to = {
            name: tied(value, self.attributes[value.owner])
            for name, value in args.items()
            if isinstance(value, Tie)
        }
        masks = [self.body.mask(mask) for mask in reads(node)]
        applied = Applied(
            args, owner, operands, types, result, partial(size_of, body=self.body), tied_to, masks
        )
        return LOWERINGS[unit.kind].expression(applied)

    def _model(self, number: int, node: Node) -> None:
        owner = self.attributes[node.unit]
        arguments: list[Expr] = []
        for value, mask in zip(node.inputs, reads(node), strict=True):
            held = self.body.held[value]
            arguments += [Code(p) for p in (held.parts or (held.text,))]
            arguments += [Code(self.body.mask(mask))] if mask is not None else []
        call = Call(f"self.{owner}", tuple(arguments))
        assert isinstance(node.unit, SubModel)
        costs = node.unit.graph.activity
        if len(node.outputs) == 1 and isinstance(node.value.type, Tensor):
            self.body.bind(number, node.value, call, owner, hold=costs)
            if costs:
                self.body.cost([Code(f"self.{owner}.activity")])
            return
        name = self.body.own(f"from_{owner}", self.body.until(*node.outputs.values()))
        notes = (f"{port} {shape_note(value)}" for port, value in node.outputs.items())
        self.body.line(f"{name} = ", call, comment(", ".join(notes)))
        if costs:
            self.body.cost([Code(f"self.{owner}.activity")])
        names = Names({"count", "index"})
        for port, value in node.outputs.items():
            # The fields of the outputs' class, named there in the same order.
            text = f"{name}.{names.fresh(port)}" if len(node.outputs) > 1 else name
            if isinstance(value.type, Tensor):
                self.body.held[value] = Held(text)
            else:
                several = len(value.parts) > 1
                parts = tuple(f"{text}[{i}]" for i in range(len(value.parts))) if several else ()
                self.body.hold_state(value, parts or (text,))

    def _per_step(self, number: int, node: Node, found: Core, attribute: str) -> None:
        """One application to all steps at once: the axes kept aside are folded into the batch."""
        depth = node.fold
        operands = [self.body.operand(v) for v in node.inputs]
        steps = [f"{x}.flatten(0, {depth})" for x in operands]
        types = [folded(v.tensor, depth) for v in node.inputs]
        shape = Code(f"{operands[0]}.shape[:{depth + 1}]")
        value = node.value
        if found.recurrent is not None:
            step = Value(folded(value.tensor, depth), node.span)
            given = tuple(Value(t, node.span) for t in types)
            stand_in = Node(node.unit, given, {node.result: step}, node.result, node.span)
            self.body.read_by(step, number)
            # The operand's shape is asked for once more after the call.
            self.body.keep(operands[0], FOREVER)
            apply_recurrent(self.body, number, stand_in, found, steps[0], attribute)
            self.body.keep(operands[0], self.body.until(node.inputs[0]))
            result: Expr = Code(self.body.held[step].text)
        elif isinstance(node.unit, SubModel):
            result = Call(f"self.{attribute}", tuple(Code(x) for x in steps))
            if len(node.outputs) > 1:
                self._unfold_all(node, result, shape, attribute)
                return
        else:
            result = self._expression(node, steps, types, folded(value.tensor, depth))
        unfolded = Call(f"{flat(result)}.unflatten", (0, shape))
        if INDENT + len(f"{value.name or 'return'} = {flat(unfolded)}") > WIDTH:
            steps_name = self.body.take("steps", f"{attribute}_steps", number, number)
            self.body.line(f"{steps_name} = ", result)
            unfolded = Call(f"{steps_name}.unflatten", (0, shape))
        self.body.bind(number, value, unfolded, attribute)

    def _unfold_all(self, node: Node, result: Expr, shape: Code, attribute: str) -> None:
        """The outputs of a model that was applied to all steps at once, those that are read."""
        name = self.body.own(f"from_{attribute}", self.body.until(*node.outputs.values()))
        self.body.line(f"{name} = ", result)
        operand = node.inputs[0]
        # Its shape is asked for with each output.
        self.body.keep(self.body.operand(operand), FOREVER)
        names = Names({"count", "index"})
        for port, value in node.outputs.items():
            field = names.fresh(port)
            if self.graph.uses(value):
                unfolded = Call(f"{name}.{field}.unflatten", (0, shape))
                own = self.body.own(value.name or field, self.body.until(value))
                self.body.line(f"{own} = ", unfolded, shape_note(value))
                self.body.held[value] = Held(own)
        self.body.keep(self.body.operand(operand), self.body.until(operand))
