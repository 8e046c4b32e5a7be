"""All models of a file, elaborated: each on its own, and once more for each call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Label, Sink
from seqspec.ir.body import Body
from seqspec.ir.constants import Constants
from seqspec.ir.findings import alive, check_built, warn_unused
from seqspec.ir.graph import Graph
from seqspec.ir.items import FAILED, Failed
from seqspec.ir.params import Params
from seqspec.ir.scope import Scope
from seqspec.ir.settings import setting_args
from seqspec.ir.signature import bind_inputs, bind_outputs
from seqspec.shapes.dim import UNKNOWN
from seqspec.source import SourceFile, Span
from seqspec.syntax import ast
from seqspec.types import Type
from seqspec.vocabulary import LAYERS


class Program:
    """Elaborates the models of one file."""

    def __init__(
        self, module: ast.Module, source: SourceFile, sink: Sink, overrides: Mapping[str, object]
    ) -> None:
        self._source = source
        self._sink = sink
        self._alone: dict[str, Graph | Failed] = {}
        self._open: list[str] = []
        self._called: set[str] = set()
        self._built: set[str] = set()
        self.params = Params(module, source, sink, overrides)
        self.models = self._declared(module)

    def _declared(self, module: ast.Module) -> dict[str, ast.Model]:
        models: dict[str, ast.Model] = {}
        for model in module.declarations:
            if not isinstance(model, ast.Model):
                continue
            name = model.name.text
            if name in models or name in LAYERS:
                known = models.get(name)
                labels = (Label(known.name.span, "first declared here"),) if known else ()
                help = "" if known else f"`{name}` is a layer; model names begin with a capital"
                finding = codes.DUPLICATE(name=name)
                self._sink.report(finding, model.name.span, labels=labels, help=help)
                continue
            models[name] = model
        return models

    # ---- which models there are

    def roots(self) -> tuple[str, ...]:
        """The models that can be built on their own and that no other model calls."""
        return tuple(name for name in self.buildable() if name not in self._called)

    def buildable(self) -> tuple[str, ...]:
        """The models whose header leaves no setting open."""
        return tuple(
            name
            for name, model in self.models.items()
            if not any(a.required for a in setting_args(model))
        )

    # ---- checking

    def check_all(self) -> None:
        """Elaborate every model on its own, so that each is checked even if nobody calls it."""
        for name in self.models:
            self.alone(name)
        for name in self.roots():
            self.check_built(name)

    def check_built(self, name: str) -> None:
        """Report what keeps a model from being built on its own; once for each model."""
        graph = self.alone(name)
        if isinstance(graph, Graph) and name not in self._built:
            self._built.add(name)
            check_built(graph, self._sink)

    def alone(self, name: str) -> Graph | Failed:
        """A model with its own symbols as sizes and its settings' defaults."""
        if name not in self._alone:
            model = self.models[name]
            settings = {
                arg.name: UNKNOWN if arg.required else arg.default for arg in setting_args(model)
            }
            before = self._sink.errors
            graph = self._elaborate(model, settings, None, model.name.span)
            self._alone[name] = graph if self._sink.errors == before else FAILED
        return self._alone[name]

    def _call(
        self, model: ast.Model, settings: Mapping[str, Any], types: Mapping[str, Type], at: Span
    ) -> Graph | Failed:
        name = model.name.text
        self._called.add(name)
        if name in self._open:
            self._sink.report(
                codes.RECURSIVE(name=name),
                at,
                labels=(Label(model.name.span, "declared here"),),
                help="a model is built of other models, not of itself",
            )
            return FAILED
        # What is wrong with the model itself was said once; a call adds nothing to it.
        if isinstance(self.alone(name), Failed):
            return FAILED
        return self._elaborate(model, settings, types, at)

    def _elaborate(
        self,
        model: ast.Model,
        settings: Mapping[str, Any],
        types: Mapping[str, Type] | None,
        at: Span,
    ) -> Graph | Failed:
        self._open.append(model.name.text)
        try:
            given = {name: self._setting(value) for name, value in settings.items()}
            scope = Scope(given, self.params, {})
            body = Body(self._source, self._sink, scope, self.models, self._call)
            inputs = bind_inputs(model, types, at, body)
            if isinstance(inputs, Failed):
                return FAILED
            scope.sizes_used.clear()  # the header speaks of sizes; only the body uses them
            body.read(model.body)
            sizes_used = set(scope.sizes_used)
            outputs = bind_outputs(model, body)
            scope.sizes_used = sizes_used
        finally:
            self._open.pop()
        if isinstance(outputs, Failed):
            return FAILED
        if types is None:
            warn_unused(body)
        return Graph(
            model.name.text,
            model.doc,
            self._source.excerpt(model.header),
            inputs,
            outputs,
            alive(body.nodes, [value for _, value in outputs]),
            model.span,
            given,
        )

    def _setting(self, value: Any) -> Any:
        """A setting's value; a default is an expression over the params."""
        if isinstance(value, ast.Node):
            constants = Constants(self._source, self._sink, self.params.get)
            return constants.evaluate(value, self.params.peek())  # pyright: ignore[reportArgumentType]
        return value
