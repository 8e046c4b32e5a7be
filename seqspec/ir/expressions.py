"""Expressions of a model's body: what each stands for, and what it does to the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Fix
from seqspec.diagnostics.suggest import nearest
from seqspec.ir import states, weights
from seqspec.ir.arguments import Binder
from seqspec.ir.arithmetic import Reader, involves_data
from seqspec.ir.constants import Constants
from seqspec.ir.copies import Copies
from seqspec.ir.graph import Value
from seqspec.ir.items import (
    FAILED,
    Failed,
    Flow,
    Half,
    Item,
    Learnt,
    Unbuilt,
    UnbuiltChain,
    UnbuiltLayer,
    UnbuiltModel,
    describe,
)
from seqspec.ir.operands import split
from seqspec.ir.scope import Binding, Scope
from seqspec.ir.settings import setting_args
from seqspec.ir.slicing import Slicing
from seqspec.ir.units import Owner, apply, kind_of, report_several, within
from seqspec.ir.unknown import meant
from seqspec.shapes.dim import Dim
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.types import State
from seqspec.vocabulary import LAYERS
from seqspec.vocabulary.spec import Arg, Kind


class Expressions:
    """Evaluates expressions in a scope; applications go to the ``owner`` of the graph."""

    def __init__(
        self, source: SourceFile, scope: Scope, models: Mapping[str, ast.Model], owner: Owner
    ) -> None:
        self._source = source
        self._sink = owner.sink
        self._scope = scope
        self._models = models
        self._owner = owner
        self.constants = Constants(source, owner.sink, scope.look)
        self._copies = Copies(self, scope, owner.sink)
        self._slicing = Slicing(scope, self.constants, owner)
        self.binder = Binder(source, owner.sink, self.constants, lambda: scope.known, self._special)

    def evaluate(self, expr: ast.Expr, name: str) -> Item:
        """What an expression stands for. ``name`` is what it is being bound to."""
        if isinstance(expr, ast.Pipe):
            return _to_choose_from(self._pipe(expr, name))
        if isinstance(expr, ast.Name):
            return self._look(expr, name)
        if isinstance(expr, ast.Call):
            return _to_choose_from(self._call(expr, name, alone=True))
        if isinstance(expr, ast.Field):
            return self._field(expr)
        if isinstance(expr, ast.Index):
            flow = self.as_flow(self.evaluate(expr.owner, ""), expr.owner.span)
            return FAILED if isinstance(flow, Failed) else self._slicing.apply(expr, flow, name)
        if isinstance(expr, ast.Binary | ast.Negative) and involves_data(expr, self._scope):
            return Reader(self._scope, self.evaluate, self._owner).apply(expr, name)
        return self.constants.evaluate(expr, self._scope.known)

    def _pipe(self, expr: ast.Pipe, name: str) -> Item:
        # The name is that of what comes of it, and of the layers on the way.
        head = expr.steps[0]
        if isinstance(head, ast.Call):
            first = _to_choose_from(self._call(head, name, alone=True, result=""))
        else:
            first = self.evaluate(head, name if isinstance(head, ast.Pipe | ast.Name) else "")
        if isinstance(first, Failed):
            # Still read the steps: their own mistakes have nothing to do with this one.
            for step in expr.steps[1:]:
                self._step(step, name)
            return FAILED
        rest = expr.steps[1:]
        if isinstance(first, Unbuilt):
            steps = [first, *(self._step(s, name) for s in rest)]
            if any(isinstance(s, Failed) for s in steps):
                return FAILED
            built = tuple(s for s in steps if not isinstance(s, Failed))
            for step in built:
                if step.name == name and name:
                    step.name = within(name, kind_of(step))
            return UnbuiltChain(built, expr.span)
        flow = self.as_flow(first, expr.steps[0].span)
        for i, step in enumerate(rest):
            unit = self._step(step, name)
            if isinstance(flow, Failed) or isinstance(unit, Failed):
                flow = FAILED
                continue
            flow = self._apply(unit, (flow,), step.span, name if i == len(rest) - 1 else "")
        return flow

    def _step(self, expr: ast.Expr, name: str) -> Unbuilt | Failed:
        item = self._call(expr, name) if isinstance(expr, ast.Call) else self.evaluate(expr, name)
        if isinstance(item, Unbuilt | Failed):
            if not isinstance(item, Failed) and item.name == name and name:
                shared = isinstance(expr, ast.Name) and expr.text in self._scope.bindings
                item.name = name if shared else within(name, kind_of(item))
            return item
        self._sink.report(
            codes.NOT_A_VALUE(what=describe(item), direction="into"),
            expr.span,
            help="what stands after `->` is a layer or a model",
        )
        return FAILED

    def _look(self, expr: ast.Name, name: str) -> Item:
        found = self._scope.look(expr.text)
        if found is not None:
            return found  # type: ignore[return-value]
        if expr.text in self._models:
            model = self._models[expr.text]
            settings = self.binder.bind(expr.text, setting_args(model), (), expr.span)
            if isinstance(settings, Failed):
                return FAILED
            return UnbuiltModel(model, settings, expr.span, name)
        if expr.text in LAYERS:
            call = ast.Call(expr.span, ast.Identifier(expr.span, expr.text), ())
            return self._call(call, name, written=False)
        self._unknown(expr.text, expr.span, layer=False)
        return FAILED

    def _unknown(self, name: str, at: Span, *, layer: bool) -> None:
        visible: list[str] = [] if layer else list(self._scope.names())
        help, text = meant(name, [*self._models, *visible], layer=layer)
        code = codes.UNKNOWN_LAYER if layer else codes.UNKNOWN_NAME
        self._sink.report(code(name=name), at, help=help, fix=Fix(at, text) if text else None)

    def _field(self, expr: ast.Field) -> Item:
        owner = self.evaluate(expr.owner, "")
        if isinstance(owner, Failed):
            return FAILED
        field = expr.name.text
        written = self._source.excerpt(expr.owner.span)
        learnt = weights.of_layer(owner, expr.name, written, self._sink)
        if learnt is not None:
            return learnt
        flow = owner.flow if isinstance(owner, Half) else owner
        if not isinstance(flow, Flow):
            return self._no_field(describe(owner), expr, weights.names(owner))
        start = f"{owner.prefix}." if isinstance(owner, Half) and owner.prefix else ""
        path = f"{start}{field}"
        outputs = _outputs(flow)
        if isinstance(flow.value.type, State) and field not in outputs:
            names = [n for n, _ in flow.value.type.parts]
            if field in names:
                return Flow(flow.value.parts[names.index(field)], flow.node, flow.made_by)
            return self._no_field(f"a {flow.value.type}", expr, [*names, *outputs])
        if path in outputs:
            return Flow(outputs[path], flow.node, flow.made_by)
        if any(o.startswith(f"{path}.") for o in outputs):
            return Half(flow, path)
        known = [o.removeprefix(start) for o in outputs if o.startswith(start) and o != "output"]
        who = f"`{flow.node.unit.kind}`" if flow.node is not None else "an input"
        return self._no_field(who, expr, known)

    def _no_field(self, owner: str, expr: ast.Field, known: list[str]) -> Failed:
        found = nearest(expr.name.text, known)
        help = f"did you mean `.{found}`?" if found else ""
        if not found and known:
            help = "it has " + ", ".join(f"`.{k}`" for k in known)
        elif not found:
            help = "recurrent layers have `.last`, `.sequence` and `.state`"
        self._sink.report(
            codes.UNKNOWN_FIELD(owner=owner, field=expr.name.text), expr.name.span, help=help
        )
        return FAILED

    # ---- calls

    def _call(
        self,
        expr: ast.Call,
        name: str,
        *,
        written: bool = True,
        alone: bool = False,
        result: str | None = None,
    ) -> Item:
        """A layer, or what it gives: ``result`` is the name of that, if not ``name``."""
        called = name if result is None else result
        callee = expr.name.text
        bound = self._scope.bindings.get(callee)
        if bound is not None:
            return self._call_bound(expr, bound, called)
        if callee in self._models:
            return self._call_declared(self._models[callee], expr, name, called)
        spec = LAYERS.get(callee)
        if spec is None:
            self._unknown(callee, expr.name.span, layer=True)
            return FAILED
        if spec.copies:
            return self._copies.read(spec, expr, name)
        arguments = self._split(expr, [p.name for p in spec.inputs], piped=0 if alone else 1)
        if isinstance(arguments, Failed):
            return FAILED
        operands, rest = arguments
        values = self.binder.bind(callee, spec.args, rest, expr.span)
        if isinstance(values, Failed):
            return FAILED
        if spec.per_step:
            return self._per_step(values, expr, operands, name)
        initial = values.get("initial") or ()
        inner = values.get("layer")
        if inner is not None and not self._wraps(callee, inner, expr.span):
            return FAILED
        layer = UnbuiltLayer(
            spec, values, expr.span, expr if written else None, name, initial, inner, operands
        )
        # With all but its first operand, it is a layer that waits for that one.
        if alone and (spec.inputs[0].variadic or spec.inputs[0].name in operands):
            if name:
                layer.name = within(name, spec.name)
            return self._apply(layer, (), expr.span, called)
        return layer

    def _wraps(self, callee: str, inner: Unbuilt, at: Span) -> bool:
        """Whether a layer that wraps another one can wrap this."""
        if not isinstance(inner, UnbuiltLayer) or inner.spec.family != "recurrent":
            finding = codes.BAD_ARGUMENT(
                callee=callee,
                argument="layer",
                expected="a recurrent layer",
                actual=describe(inner),
            )
            self._sink.report(finding, at, help="such as lstm(64)")
            return False
        if inner.initial:
            what = f"`initial` goes to `{callee}`, not to the layer in it"
            help = f"write {callee}(…, initial=…) with the state of both directions"
            self._sink.report(codes.FORBIDDEN_VALUE(what=what), at, help=help)
            return False
        return all(self._leaves_out(callee, inner, arg) for arg in inner.spec.args if arg.alone)

    def _leaves_out(self, callee: str, inner: UnbuiltLayer, arg: Arg) -> bool:
        """Whether a layer inside another one has no value of its own for an argument."""
        if inner.args[arg.name] == arg.default:
            return True
        what = f"`{inner.spec.name}` in `{callee}` cannot have `{arg.name}`: {arg.alone}"
        at = inner.place(arg.name, inner.call)
        fix = Fix(out, "") if (out := inner.outside(arg.name)) is not None else None
        self._sink.report(codes.FORBIDDEN_VALUE(what=what), at, help="leave it out", fix=fix)
        return False

    def _call_bound(self, expr: ast.Call, bound: Binding, name: str) -> Item:
        bound.used = True
        item = bound.item
        if isinstance(item, Failed):
            return FAILED
        if not isinstance(item, Unbuilt):
            self._sink.report(
                codes.NOT_A_VALUE(what=describe(item), direction="into"), expr.name.span
            )
            return FAILED
        arguments = self._split(expr, [])
        if isinstance(arguments, Failed):
            return FAILED
        operands, rest = arguments
        if rest:
            self._sink.report(
                codes.TOO_MANY_ARGUMENTS(callee=expr.name.text, most=0, given=len(rest)),
                rest[0].span,
                help="its arguments were given where it was named",
            )
            return FAILED
        if not operands:
            return item
        return self._apply(item, tuple(operands.values()), expr.span, name)

    def _call_declared(self, declaration: ast.Model, expr: ast.Call, name: str, to: str) -> Item:
        ports = [p.name.text for p in declaration.ports if p.type is not None]
        arguments = self._split(expr, ports)
        if isinstance(arguments, Failed):
            return FAILED
        operands, rest = arguments
        settings = self.binder.bind(
            declaration.name.text, setting_args(declaration), rest, expr.span
        )
        if isinstance(settings, Failed):
            return FAILED
        unbuilt = UnbuiltModel(declaration, settings, expr.span, name, operands)
        if operands and len(operands) == len(ports):
            if name:
                unbuilt.name = within(name, kind_of(unbuilt))
            return self._apply(unbuilt, (), expr.span, to)
        return unbuilt

    def _split(
        self, expr: ast.Call, ports: list[str], piped: int = 0
    ) -> tuple[Mapping[str, Flow], list[ast.Argument]] | Failed:
        return split(expr, ports, self._scope, self._models, self, piped)

    def _special(self, kind: Kind, expr: ast.Expr) -> object:
        """Arguments that are layers, states or dimensions."""
        if kind.category == "layer":
            item = self.evaluate(expr, "")
            if isinstance(item, Unbuilt | Failed):
                return item
        elif kind.category == "state":
            return self._state(expr)
        elif kind.category == "weight":
            inside = weights.transposed(expr)
            item = self.evaluate(inside or expr, "")
            return weights.tie(item, inside or expr, inside is not None, self._sink)
        elif kind.category == "constant":
            return self.constants.evaluate(expr, self._scope.known)
        else:
            item = self.constants.evaluate(expr, self._scope.known)
            if isinstance(item, Dim | Failed):
                return item
        self._sink.report(
            codes.NOT_A_VALUE(what=describe(item), direction="into"),
            expr.span,
            help=f"{kind.describe} is wanted here",
        )
        return FAILED

    def _state(self, expr: ast.Expr) -> tuple[Flow, ...] | Failed:
        items = expr.items if isinstance(expr, ast.List) else (expr,)
        flows: list[Flow] = []
        for item in items:
            found = self.evaluate(item, "")
            if isinstance(found, Learnt) and found.value is not None:
                flows.append(Flow(found.value, learnt=True))
                continue
            flow = self.as_flow(found, item.span)
            if isinstance(flow, Failed):
                return FAILED
            flows.append(flow)
        if len(flows) == 1 and not isinstance(expr, ast.List):
            text = self._source.excerpt(expr.span)
            if states.is_output(states.Start((flows[0],), expr.span, text), self._sink):
                return FAILED
        return tuple(flows)

    def as_flow(self, item: Item, at: Span) -> Flow | Failed:
        if isinstance(item, Flow | Failed):
            return item
        help = "data flows from an input or a named value; is `->` missing?"
        if isinstance(item, Half):
            if not item.prefix:
                text = self._source.excerpt(at)
                report_several(item.flow, at, self._sink, text if text.isidentifier() else "")
                return FAILED
            fields = [f for f in _outputs(item.flow) if f.startswith(f"{item.prefix}.")]
            help = (
                "take "
                + " or ".join(f"`.{f.removeprefix(item.prefix)[1:]}`" for f in fields)
                + " of it"
            )
        self._sink.report(codes.NOT_A_VALUE(what=describe(item), direction="from"), at, help=help)
        return FAILED

    def _per_step(
        self, values: Mapping[str, Any], expr: ast.Call, operands: Mapping[str, Flow], name: str
    ) -> Item:
        inner = values["layer"]
        layer = UnbuiltLayer(LAYERS[expr.name.text], values, expr.span, expr, name, (), inner)
        if operands:
            return self._apply(layer, tuple(operands.values()), expr.span, name)
        return layer

    def _apply(
        self, unit: Unbuilt, operands: tuple[Flow, ...], at: Span, name: str
    ) -> Flow | Failed:
        return apply(unit, operands, at, name, self._owner)


def _to_choose_from(item: Item) -> Item:
    """The result of an application; its fields only, if one of several has to be taken."""
    return Half(item, "") if isinstance(item, Flow) and item.several else item


def _outputs(flow: Flow) -> Mapping[str, Value]:
    """The named outputs beside a value: those of the application that it is the result of."""
    node = flow.node
    return node.outputs if node is not None and flow.value is node.value else {}
