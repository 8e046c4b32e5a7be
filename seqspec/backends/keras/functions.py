"""One graph as the body of one function that builds a ``keras.Model``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from seqspec.backends.keras.calls import INDENT, application, named
from seqspec.backends.keras.forms import FORMS
from seqspec.backends.keras.layers import (
    Site,
    calling,
    construct,
    each,
    folds,
    kept_axes,
    only_in_steps,
)
from seqspec.backends.keras.masking import Masks
from seqspec.backends.keras.names import layer_names
from seqspec.backends.keras.recurrent import Recurrent, Targets
from seqspec.backends.keras.repeats import Repeat, polynomial
from seqspec.backends.keras.scope import Scope, shape_of
from seqspec.backends.keras.ties import dense as tied_dense
from seqspec.backends.keras.ties import flowing, tie_of, tied_to
from seqspec.backends.python_text import (
    Call,
    Code,
    Expr,
    Group,
    Names,
    Pair,
    assign,
    docstring,
    flat,
    literal,
    statement,
)
from seqspec.ir.graph import Graph, Layer, Node, SubModel, Unit, Value
from seqspec.ir.padding import reads
from seqspec.shapes.dim import Dim, Shape, show
from seqspec.types import Tensor


@dataclass(slots=True)
class Steps:
    """What a program's EachStep has to be able to do, found out as graphs are lowered."""

    used: bool = False
    several: bool = False
    axes: bool = False


class Home(Protocol):
    """Where a function finds the other functions and layers of its program."""

    steps: Steps
    ops: bool
    reverse: bool
    classes: set[str]

    def build(self, unit: SubModel, name: str, kept: Shape = ()) -> Call: ...

    def repeat(self, wanted: Repeat) -> str: ...

    def note(self, masks: Masks) -> None: ...

    @property
    def anywhere(self) -> frozenset[Unit]: ...

    @property
    def carried(self) -> frozenset[Unit]: ...


class Function:
    """The lowering of one graph.

    ``title`` names the model, ``logits`` is the value so called, ``reserved`` are variables that
    the function has already, ``kept`` the axes that stand in the place of the batch.
    ``trained`` says that a loss is computed on what it gives.
    """

    def __init__(
        self,
        home: Home,
        graph: Graph,
        title: Code,
        logits: Value | None,
        reserved: tuple[str, ...] = (),
        kept: Shape = (),
        *,
        trained: bool = False,
    ) -> None:
        self.home = home
        self.graph = graph
        self.title = title
        self.kept = kept
        self.scope = Scope(graph, logits, reserved)
        self.names = layer_names(graph)
        self.masks = Masks(graph, self.scope, trained=trained)
        self.recurrent = Recurrent(graph, self.scope, self._returned)
        self._shared: dict[Unit, str] = {}
        uses: dict[Unit, int] = {}
        for node in graph.nodes:
            uses[node.unit] = uses.get(node.unit, 0) + 1
        self._inside = only_in_steps(graph)
        # Units that are an EachStep and nothing else, whatever uses them.
        self._steps = {
            unit
            for unit in self._inside
            if len({node.fold for node in graph.nodes if node.unit is unit}) == 1
        }
        self._stepped: set[Unit] = set()
        #: whether layers compute in less than float32, and the results that are float32 anyway
        self.precise = False
        self._results = {value for _, value in graph.outputs}
        self._in_float32: set[Value] = set()
        self._often = {unit for unit, count in uses.items() if count > 1} | {*tied_to(graph)}

    def lines(self) -> Iterator[str]:
        """Everything below the ``def`` line."""
        yield from docstring(self._summary(), INDENT)
        for value in self.graph.inputs:
            yield from self._input(value)
            yield from self.masks.given_input(value)
        yield from self._shared_layers()
        yield from self.masks.lines(self._shape_of)
        for place_, node in enumerate(self.graph.nodes):
            yield from self._node(place_, node)
        self.home.note(self.masks)
        inputs = self._operands(tuple(self.masks.with_given(self.graph.inputs)))
        model = Call("keras.Model", (inputs, self._outputs()), (("name", self.title),))
        yield from statement("return ", model, indent=INDENT)

    def _returned(self, unit: Unit) -> tuple[bool, bool]:
        """What a recurrent layer returns: all steps or the last, and whether its state."""
        sequence, state = self.graph.returned(unit)
        return sequence, state or unit in self.home.carried

    def _summary(self) -> str:
        states = len(self.graph.carried)
        ports = self.graph.inputs[: len(self.graph.inputs) - states]
        inputs = ", ".join(f"{v.name} {self._shape_of(v)}" for v in ports)
        outputs = self.graph.outputs[: len(self.graph.outputs) - states]
        many = len(outputs) > 1
        said = ", ".join(
            f"{name if many else self.scope.called(value)} {self._shape_of(value)}".strip()
            for name, value in outputs
        )
        whole = f"{inputs} -> {{{said}}}" if many else f"{inputs} -> {said}"
        return f"{whole}; behind both the tensors of CARRIED" if states else whole

    # ------------------------------------------------------------------------------ inputs, outputs

    def _input(self, value: Value) -> Iterator[str]:
        target = self.scope.bind_input(value)
        if isinstance(value.type, Tensor):
            tensor = _keras_input(self._with_kept(value.type), self.scope.layer_name(value.name))
            yield from assign(target, tensor, indent=INDENT)
            return
        tensors = tuple(
            _keras_input(Tensor("float", shape), self.scope.layer_name(f"{value.name}_{part}"))
            for part, shape in value.type.parts
        )
        yield from assign(target, Group("[", tensors), indent=INDENT)

    def _with_kept(self, tensor: Tensor) -> Tensor:
        """The type of a value, with the axes that stand in the place of the batch."""
        return replace(tensor, shape=(*self.kept, *tensor.shape[1:])) if self.kept else tensor

    def _shape_of(self, value: Value) -> str:
        if isinstance(value.type, Tensor):
            return show(self._with_kept(value.type).shape)
        return shape_of(value)

    def _outputs(self) -> Expr:
        kept = [carry.kept for carry in self.graph.carried]
        outputs = self.graph.outputs[: len(self.graph.outputs) - len(kept)]
        pairs = tuple(Pair(literal(n), self._output(value)) for n, value in outputs)
        given = self._output(outputs[0][1]) if len(outputs) == 1 else Group("{", pairs)
        return Group("[", (given, *self._listed(kept))) if kept else given

    def _output(self, value: Value) -> Expr:
        """An output; where layers compute in less, the last of them gives float32."""
        if not self.precise or value in self._in_float32:
            return self.scope[value]
        name = self.scope.layer_name("float32")
        keywords = (("dtype", "float32"), ("name", name))
        cast = Call("layers.Activation", ("linear",), keywords)
        return Code(f"{flat(cast)}({self.scope[value]})")

    # ---------------------------------------------------------------------------------------- nodes

    def _node(self, position: int, node: Node) -> Iterator[str]:
        if node.unit.kind in FORMS and isinstance(node.unit, Layer):
            args = {**node.unit.args, "result": node.value.type}
            expr = FORMS[node.unit.kind](args, [self.scope[v] for v in node.inputs])
            self.home.ops |= flat(expr).startswith("ops.")
            target = self.scope.bind(node.value, position, node)
            yield from assign(target, expr, indent=INDENT, note=self._shape_of(node.value))
            yield from self.masks.attached(node.value, self._shape_of)
            return
        layer, sources = self._constructor(node)
        if node.unit in self._shared:
            layer = Code(self._shared[node.unit])
        if folds(self.graph, node) and node.unit not in self._steps:
            layer = self._each(node, layer, self._step_name(node.unit))
        keywords = (("initial_state", self._initial(node)),) if node.initial else ()
        keywords += self.masks.told(node)
        inputs, options, one_by_one = calling(node)
        keywords = (*keywords, *options)
        if one_by_one:
            copies = {value: (name, expr) for value, name, expr in self.masks.apart(node)}
            for value, (name, expr) in copies.items():
                yield from assign(name, expr, indent=INDENT, note=self._shape_of(value))
            self.home.ops |= bool(copies) or any(name == "attention_mask" for name, _ in keywords)
            operands = tuple(copies[v][0] if v in copies else self.scope[v] for v in inputs)
        else:
            # A layer has to be called with something, even one that gives its weight alone.
            flowing = self._flowing(node) if inputs == node.inputs else inputs
            operands = (self._operands(flowing or self._any_input()),)
        args = (*operands, *sources, *self._kernel(node))
        targets = self._targets(position, node)
        names = ", ".join(targets.names)
        yield from application(names, layer, args, keywords, targets.note)
        yield from targets.after
        for value in node.outputs.values():
            yield from self.masks.attached(value, self._shape_of)
        self.home.ops |= self.recurrent.uses_ops

    def _shared_layers(self) -> Iterator[str]:
        """The layers that stand in several places, each of which has to be the same object."""
        for node in self.graph.nodes:
            if node.unit not in self._often or node.unit in self._shared:
                continue
            if not self._shared:
                yield f"{' ' * INDENT}# used more than once, with the same weights each time"
            layer, _ = self._constructor(node)
            self._shared[node.unit] = name = self.scope.fresh(node.unit.name)
            yield from assign(name, layer, indent=INDENT)
        if self._shared:
            yield ""

    def _constructor(self, node: Node) -> tuple[Expr, tuple[Expr, ...]]:
        """The layer without its operands, and what else flows in besides them."""
        unit = node.unit
        if isinstance(unit, Layer):
            size = unit.args.get("n")
            if isinstance(size, Dim) and size.value is None:
                repeat, sources = self._repeat(size)
                return named(Call(repeat), literal(self.names[unit])), sources
        operands = tuple(value.type for value in node.inputs)
        sequence, state = self._returned(unit)
        build = partial(self.home.build, name=self.names[unit], kept=kept_axes(self.graph, unit))
        passed_on = node.value.type
        result = passed_on.shape[1 + node.fold :] if isinstance(passed_on, Tensor) else ()
        anywhere = unit in self.home.anywhere
        constructor = construct(Site(unit, operands, build, sequence, state, result, anywhere))
        tie = tie_of(unit)
        if tie is not None and isinstance(unit, Layer):
            constructor = tied_dense(unit, tie, self._shared.get(tie.owner, ""))
        self.home.reverse |= constructor.function == "Reverse"
        self.home.classes |= {"Weight", "TiedDense"} & {constructor.function}
        if unit in self._steps:
            return self._each(node, constructor, self.names[unit]), ()
        if isinstance(unit, SubModel):
            return constructor, ()
        if self.precise and node.value in self._results:
            self._in_float32.add(node.value)
            constructor = replace(
                constructor, keywords=(*constructor.keywords, ("dtype", "float32"))
            )
        return named(constructor, literal(self.names[unit])), ()

    def _each(self, node: Node, layer: Expr, name: str) -> Call:
        """What applies a layer step by step; the general form where it gives several tensors."""
        unit = node.unit
        state = isinstance(unit, Layer) and self._returned(unit)[1]
        steps = self.home.steps
        steps.used = True
        steps.several |= state or len(node.inputs) > 1 or len(node.outputs) > 1
        steps.axes |= node.fold > 1
        return named(each(layer, node.fold), literal(name))

    def _step_name(self, unit: Unit) -> str:
        """The name of one of several layers that apply a unit step by step.

        A unit that is applied in no other way is found under its own name, inside the first.
        """
        if unit in self._inside and unit not in self._stepped:
            self._stepped.add(unit)
            return self.names[unit]
        return self.scope.layer_name(f"{unit.name}_each")

    def _targets(self, position: int, node: Node) -> Targets:
        if isinstance(node.unit, Layer) and node.result.endswith(("last", "sequence")):
            return self.recurrent.targets(position, node)
        note = self._shape_of(node.value)
        if isinstance(node.unit, Layer) or len(node.outputs) == 1:
            return Targets((self.scope.bind(node.value, position, node),), note)
        # A model with several outputs gives a dictionary.
        name = self.scope.fresh(node.unit.name)
        for key, value in node.outputs.items():
            self.scope.set(value, Code(f"{name}[{literal(key)}]"))
        return Targets(
            (name,), ", ".join(f"{k} {self._shape_of(v)}" for k, v in node.outputs.items())
        )

    def _repeat(self, size: Dim) -> tuple[str, tuple[Expr, ...]]:
        found = {symbol: self.scope.source(symbol) for symbol in size.symbols}
        sources = tuple(dict.fromkeys(name for name, _ in found.values()))
        text = polynomial(size, {symbol: text for symbol, (_, text) in found.items()})
        vector = Names(sources).fresh("vector")
        wanted = Repeat("", str(size), vector, ", ".join(sources), text)
        return self.home.repeat(wanted), tuple(Code(name) for name in sources)

    def _initial(self, node: Node) -> Expr:
        begun: list[Code] = []
        for value in node.initial:
            text = self.scope[value]
            if isinstance(value.type, Tensor) and value.type.rank == 1:
                # A weight of the model's own begins every sample; how many there are is not known.
                text = Code(f"ops.zeros_like({self.scope[node.inputs[0]]}[:, 0, :1]) + {text}")
                self.home.ops = True
            begun.append(text)
        return begun[0] if len(begun) == 1 else Group("[", tuple(begun))

    def _flowing(self, node: Node) -> tuple[Value | Code, ...]:
        """What flows into a node: for a model the masks that it reads, too."""
        flowing: list[Value | Code] = []
        for value, mask in zip(node.inputs, reads(node), strict=True):
            flowing.append(value)
            if mask is not None and isinstance(node.unit, SubModel):
                flowing.append(self.masks.of(mask))
        return tuple(flowing)

    def _kernel(self, node: Node) -> tuple[Code, ...]:
        """The weight of the model's own that a dense layer takes as its kernel."""
        tie = tie_of(node.unit)
        value = flowing(self.graph, tie) if tie is not None else None
        return () if value is None else (self.scope[value],)

    def _any_input(self) -> tuple[Value, ...]:
        first = self.graph.inputs[0]
        return (first.parts or (first,))[:1]

    def _operands(self, values: tuple[Value | Code, ...]) -> Expr:
        """One operand as it is, several as a flat list: the tensors of a state are listed too."""
        if len(values) == 1:
            (value,) = values
            return value if isinstance(value, Code) else self.scope[value]
        return Group("[", tuple(self._listed(values)))

    def _listed(self, values: Sequence[Value | Code]) -> Iterator[Code]:
        """Tensors for a list; those of a state are items of their own."""
        for value in values:
            text = value if isinstance(value, Code) else self.scope[value]
            if isinstance(value, Code) or isinstance(value.type, Tensor):
                yield text
            else:
                yield Code(text[1:-1] if text.startswith("[") else f"*{text}")


def _keras_input(tensor: Tensor, name: str) -> Call:
    """``keras.Input`` of a type: sizes known only later are None."""
    sizes = tuple(dim.value for dim in tensor.shape)
    dtype = (("dtype", "int32"),) if tensor.kind == "token" else ()
    keywords = (*dtype, ("name", name))
    if sizes[0] is not None:
        return Call("keras.Input", (), (("batch_shape", literal(sizes)), *keywords))
    return Call("keras.Input", (literal(sizes[1:]),), keywords)
