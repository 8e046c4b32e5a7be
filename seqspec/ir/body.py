"""Reading one model's body: statements in order, names bound, nodes collected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir import header, weights
from seqspec.ir.expressions import Expressions
from seqspec.ir.graph import Graph, Node, SubModel
from seqspec.ir.items import FAILED, Failed, Flow, Half, Item
from seqspec.ir.scope import Binding, Scope
from seqspec.shapes.dim import Dim
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.types import Type

#: Elaborates another model for given input types: (declaration, settings, types, call) -> graph.
Callee = Callable[[ast.Model, Mapping[str, Any], Mapping[str, Type], Span], Graph | Failed]


class Body:
    """The state of reading one model. Build with the inputs bound, then call :meth:`read`."""

    def __init__(
        self,
        source: SourceFile,
        sink: Sink,
        scope: Scope,
        models: Mapping[str, ast.Model],
        call_model: Callee,
    ) -> None:
        self.source = source
        self.sink = sink
        self.scope = scope
        self._call_model = call_model
        self._nodes: list[Node] = []
        self._names: set[str] = set()
        self.results: list[tuple[Span, Flow | Failed]] = []
        self._expressions = Expressions(source, scope, models, self)
        self.place = header.Place(
            source, sink, scope, self._expressions.constants, self._expressions.binder
        )

    # ---- what applying units needs (units.Owner)

    def call_model(
        self, model: ast.Model, settings: Mapping[str, Any], types: Mapping[str, Type], at: Span
    ) -> Graph | Failed:
        """The graph of another model for these settings and input types."""
        return self._call_model(model, settings, types, at)

    def unique(self, base: str) -> str:
        """A name for a layer: the base, or the base and a counter as Keras counts."""
        name, count = base, 0
        while name in self._names:
            count += 1
            name = f"{base}_{count}"
        self._names.add(name)
        return name

    def add(self, node: Node) -> None:
        self._nodes.append(node)

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(self._nodes)

    # ---- statements

    def read(self, statements: tuple[ast.Statement, ...]) -> None:
        """Read all statements, reporting every mistake and going on after it."""
        for statement in statements:
            if isinstance(statement, ast.Bind):
                self._bind(statement)
            elif isinstance(statement, ast.Weights):
                for port in statement.ports:
                    self._name(port.name, weights.declare(port, self.place, self))
            else:
                item = self._expressions.evaluate(statement.value, "")
                flow = self._expressions.as_flow(item, statement.value.span)
                self.results.append((statement.span, flow))

    def _bind(self, statement: ast.Bind) -> None:
        targets = statement.targets
        item = self._expressions.evaluate(
            statement.value, targets[0].name.text if len(targets) == 1 else ""
        )
        items: list[Item] = [item]
        if len(targets) > 1:
            items = self._unpack(item, targets, statement)
        for target, part in zip(targets, items, strict=True):
            if target.type is not None and isinstance(part, Half):
                self._expressions.as_flow(part, statement.value.span)
            if target.type is not None and isinstance(part, Flow):
                self._claim(target, part)
            self._name(target.name, part)

    def _unpack(self, item: Item, targets: tuple[ast.Target, ...], at: ast.Bind) -> list[Item]:
        failed: list[Item] = [FAILED] * len(targets)
        if isinstance(item, Half) and not item.prefix and len(item.flow.several) == len(targets):
            made = item.flow
            assert made.node is not None
            return [Flow(made.node.outputs[f], made.node, made.made_by) for f in made.several]
        flow = self._expressions.as_flow(item, at.value.span)
        if isinstance(flow, Failed):
            return failed
        node = flow.node
        outputs = list(node.outputs.values()) if node and isinstance(node.unit, SubModel) else []
        if len(outputs) != len(targets):
            given = f"{max(len(outputs), 1)} value{'s' if len(outputs) > 1 else ''}"
            wanted = f"{len(targets)} are"
            what = f"`{self.source.excerpt(at.value.span)}`"
            self.sink.report(codes.WRONG_COUNT(what=what, given=given, wanted=wanted), at.span)
            return failed
        return [Flow(value, node, flow.made_by) for value in outputs]

    def _claim(self, target: ast.Target, flow: Flow) -> None:
        assert target.type is not None
        before = set(self.scope.dims)
        claimed = header.read_type(target.type, self.place)
        if isinstance(claimed, Failed):
            return
        new = {s: d for s, d in self.scope.dims.items() if s not in before}
        for name in new:
            del self.scope.dims[name]
        # What is known is put in already; the symbols it is made of stand for themselves.
        sizes = {s: Dim.of(s) for dim in self.scope.dims.values() for s in dim.symbols}
        header.unify(header.shapes(claimed), header.shapes(flow.value.type), sizes)
        self.scope.dims.update({n: sizes[n] for n in new if n in sizes})
        claimed = header.substitute(claimed, sizes)
        if not header.fits(claimed, flow.value.type):
            self.sink.report(
                codes.WRONG_CLAIM(name=target.name.text, claimed=claimed, actual=flow.value.type),
                target.type.span,
                here="said here",
                labels=(Label(flow.value.span, f"gives {flow.value.type}"),),
                help=header.disagreement(claimed, flow.value.type)
                or "change the claim or what comes before it",
            )

    def _name(self, name: ast.Identifier, item: Item) -> None:
        known = self.scope.bindings.get(name.text)
        if known is not None:
            self.sink.report(
                codes.DUPLICATE(name=name.text),
                name.span,
                labels=(Label(known.span, "first bound here"),),
                help="a name is bound once; choose another one",
            )
            # Which of the two is meant is anybody's guess: what uses the name says nothing more.
            known.item = FAILED
            return
        self.scope.bindings[name.text] = Binding(item, name.span)
