"""One application of a recurrent layer: the call, and what is taken out of its result.

A fused module gives every step and the last states stacked over directions, [D, B, units]. The last
step of a bidirectional layer is the merge of both last states: at the end of the sequence
of steps the backward direction has seen only one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.python_text import Call, Code, Expr, Group, comment
from seqspec.backends.torch.body import Body, Held
from seqspec.backends.torch.masking import flipped
from seqspec.backends.torch.recurrent_results import (
    Costs,
    Wanted,
    blanked,
    costs_of,
    merged,
    wanted_of,
)
from seqspec.backends.torch.units import Core, core
from seqspec.ir.graph import Node, Value
from seqspec.shapes.dim import show
from seqspec.types import State


def apply_recurrent(
    body: Body, number: int, node: Node, found: Core, x: str, attribute: str, mask: str = ""
) -> None:
    """Writes the application of a recurrent layer to ``x`` and keeps what is read of it.

    ``mask`` tells the steps of ``x`` from padding, if there is any.
    """
    wanted = wanted_of(body, node.outputs)
    assert found.recurrent is not None
    costs = costs_of(body.graph, node, cells=found.recurrent.kind == "lstm")
    application = _Application(body, number, node, found, x, attribute, wanted, costs, mask)
    if found.one_module:
        application.fused()
    elif found.bidirectional:
        application.two_loops()
    else:
        application.loop()


@dataclass(frozen=True, slots=True)
class _Application:
    body: Body
    number: int
    node: Node
    found: Core
    x: str
    attribute: str
    wanted: Wanted
    costs: Costs
    mask: str

    @property
    def cells(self) -> bool:
        """Whether the state has a cell beside its output: an LSTM's."""
        return self.found.recurrent is not None and self.found.recurrent.kind == "lstm"

    @property
    def backwards(self) -> bool:
        return self.found.recurrent is not None and self.found.recurrent.backwards

    def _operand(self, *, flipped: bool = False) -> Code:
        """What goes into a module, with what is dropped of it."""
        assert self.found.recurrent is not None
        x = f"{self.x}.flip(1)" if flipped or self.backwards else self.x
        # PyTorch drops rows of [B, F, T].
        return Code(
            f"self.{self.attribute}_dropout({x}.mT).mT" if self.found.recurrent.drops_inputs else x
        )

    def _call(self, module: str, operand: Code, initial: tuple[Expr, ...], back: bool) -> Call:
        """A module at work: over data alone where there is padding."""
        if not self.mask:
            return Call(module, (operand, *initial))
        assert self.found.recurrent is not None
        mask = Code(flipped(self.mask) if back or self.backwards else self.mask)
        if self.found.recurrent.fused:
            return Call("over_data", (Code(module), operand, mask, *initial))
        state = tuple(("state", given) for given in initial)
        return Call(module, (operand,), (("mask", mask), *state))

    # ------------------------------------------------------------------------------------ fused

    def fused(self) -> None:
        """``x, (h_n, c_n) = self.lstm(x)``, with ``_`` for what nobody reads."""
        steps = self._steps_name()
        whole = self._whole_state()
        if whole:
            wanted, value = whole
            target = self.body.own(wanted, self.body.until(value))
            h, c = (f"{target}[0]", f"{target}[1]") if self.cells else (target, "_")
            shown = "h_n and c_n" if self.cells else "h_n"
        else:
            h, c = self._state_names()
            target = self._target(h, c)
            shown = " and ".join(name for name in (h, c) if name != "_")
        initial = self._fused_initial()
        call = self._call(f"self.{self.attribute}", self._operand(), initial, back=False)
        self.body.line(f"{steps}, {target} = ", call, self._note(steps, shown))
        self._cost(self.costs.terms(steps, h, c, f"{h}.shape[1]"))
        fused = target if "_" not in target.strip("()").split(", ") else ""
        self._keep_states(h, c, fused)
        if self.found.bidirectional:
            self._merge_fused(steps, h)
        else:
            self._keep_steps(steps)
            self._bind_last(Code(f"{h}[-1]"))

    def _cost(self, terms: list[Expr]) -> None:
        if terms:
            self.body.cost(terms)

    def _merge_fused(self, steps: str, h: str) -> None:
        mode = self.found.merge_mode
        if mode == "none":
            if self.wanted.steps:
                ahead, back = self._halves()
                halves = Call(f"{steps}.chunk", (2,), (("dim", -1),))
                self.body.line(f"{ahead}, {back} = ", halves, self._one_way() + " each")
                self._keep(self.wanted.sequences, ahead, back)
            self._keep(self.wanted.lasts, f"{h}[0]", f"{h}[1]")
            return
        if self.wanted.sequence is not None:
            if mode == "concat":
                self._keep_steps(steps)
            else:
                ahead, back = self._local("ahead", self.number), self._local("back", self.number)
                halves = Call(f"{steps}.chunk", (2,), (("dim", -1),))
                self.body.line(f"{ahead}, {back} = ", halves, self._one_way() + " each")
                self._bind(self.wanted.sequence, merged(mode, ahead, back))
        self._bind_last(merged(mode, f"{h}[0]", f"{h}[1]"))

    def _halves(self) -> tuple[str, str]:
        """Names for the steps of both directions, ``_`` for those that nobody reads."""
        names: list[str] = []
        for short, value in zip(("ahead", "back"), self.wanted.sequences, strict=True):
            until = -1 if value is None else self.body.until(value)
            if value is not None and value.name:
                names.append(self.body.own(value.name, until))
            else:
                names.append("_" if value is None else self._local(short, until))
        return names[0], names[1]

    def _keep(self, values: tuple[Value | None, Value | None], ahead: str, back: str) -> None:
        """Says where both directions of something are found, as far as it is read."""
        for value, text in zip(values, (ahead, back), strict=True):
            if value is not None:
                self.body.held[value] = Held(text)

    def _one_way(self) -> str:
        """The shape of what one direction gives."""
        if not self.wanted.steps:
            assert self.found.recurrent is not None
            axis = "1, " if self.found.recurrent.fused else ""
            return comment(f"[{axis}{self._state_shape()}]")
        shape = self.wanted.steps[0].tensor.shape
        units = self._state_shape().rpartition(", ")[2]
        return comment(f"[{', '.join(str(d) for d in shape[:-1])}, {units}]")

    def _local(self, name: str, until: int) -> str:
        """A name for a result that is soon used up, taken again as soon as it is."""
        return self.body.take(name, name, self.number, until)

    def _fused_initial(self) -> tuple[Expr, ...]:
        initial = self.body.initial(self.node)
        if initial is None:
            return ()
        if initial.fused:
            return (Code(initial.fused),)
        if self.found.bidirectional:
            half = len(initial.parts) // 2
            pairs = zip(initial.parts[:half], initial.parts[half:], strict=True)
            tensors: list[Expr] = [
                Call("torch.stack", (Group("[", (Code(a), Code(b))),)) for a, b in pairs
            ]
        else:
            tensors = [Code(f"{part}[None]") for part in initial.parts]
        return (Group("(", tuple(tensors)),) if self.cells else (tensors[0],)

    def _note(self, steps: str, state: str) -> str:
        """The shapes of what the line assigns."""
        words: list[str] = []
        if steps != "_" and self.wanted.steps:
            shape = self.wanted.steps[0].tensor.shape
            if steps == "both":
                wide = (*shape[:-1], shape[-1] * 2)
                words.append(f"{show(wide)}, the directions side by side")
            else:
                words.append(show(shape) + (", last step first" if self.backwards else ""))
        if self.wanted.last_steps or self.wanted.states:
            assert self.found.recurrent is not None
            directions = 2 if self.found.bidirectional else 1
            stacked = f"{directions}, " if self.found.recurrent.fused else ""
            words.append(f"{state} [{stacked}{self._state_shape()}]")
        return comment("; ".join(words))

    def _shape(self, value: Value) -> str:
        return ", ".join(str(d) for d in value.tensor.shape)

    def _state_shape(self) -> str:
        for value in self.node.outputs.values():
            if isinstance(value.type, State):
                return ", ".join(str(d) for d in value.type.parts[0][1])
        # One step of many was applied: only what it gives is known.
        given = (*self.wanted.last_steps, *self.wanted.steps)[0]
        width = given.tensor.shape[-1]
        if self.found.bidirectional and self.found.merge_mode == "concat" and width.value:
            width = width.of(width.value // 2)
        return f"{given.tensor.shape[0]}, {width}"

    def _whole_state(self) -> tuple[str, Value] | None:
        """The state and its name, if all that is done with it is handing it to fused modules."""
        if set(self.wanted.states) != {"state"} or self.wanted.last_steps or self.costs.activity:
            return None
        value = self.wanted.states["state"]
        graph = self.body.graph
        if any(part in graph.used for part in value.parts):
            return None
        if any(output is value for _, output in graph.outputs):
            return None
        for node in graph.nodes:
            if value in node.inputs:
                return None
            if value in node.initial and not core(node.unit).one_module:
                return None
        base = self.node.value.name or self.attribute
        return (value.name or (f"{base}_state" if len(base) <= 24 else "state"), value)

    def _state_names(self) -> tuple[str, str]:
        """Names for h and c, as PyTorch calls them; ``_`` for one that nobody reads."""
        assert self.found.recurrent is not None
        names = ("h_n", "c_n") if self.found.recurrent.fused else ("h", "c")
        read = self.wanted
        whole = [v for v in read.states.values() if v in self.body.graph.used]
        parts = [self._parts(v) for v in read.states.values()]
        h_values = [*read.last_steps, *whole, *(p[0] for p in parts)]
        c_values = [*whole, *(p[1] for p in parts if len(p) > 1)]
        # A last step that gets a name of its own is read at once.
        if read.last is not None and read.last.name and not read.states:
            h_until = self.number
        else:
            h_until = self.body.until(*h_values)
        h_until = max(h_until, self.number if self.costs.h else -1)
        if h_until < 0:
            h = "_"
        else:
            h = self.body.take(names[0], f"{self.attribute}_h", self.number, h_until)
        c_until = max(self.body.until(*c_values), self.number if self.costs.c else -1)
        if not self.cells or c_until < 0:
            return h, "_"
        return h, self.body.take(names[1], f"{self.attribute}_c", self.number, c_until)

    def _parts(self, value: Value) -> tuple[Value, ...]:
        """The tensors of a state that belong to h, and those that belong to c."""
        return value.parts[:2] if len(value.parts) <= 2 else value.parts

    def _keep_states(self, h: str, c: str, fused: str) -> None:
        for name, value in self.wanted.states.items():
            if name == "state" and self.found.bidirectional:
                indices = (0, 1)
            else:
                indices = (1,) if name == "backward.state" else (-1,)
                indices = (0,) if name == "forward.state" else indices
            tensors = (h, c) if self.cells else (h,)
            parts = [f"{tensor}[{i}]" for i in indices for tensor in tensors]
            self.body.hold_state(value, parts, fused if name == "state" else "")

    # ------------------------------------------------------------------------------------- loops

    def loop(self) -> None:
        """The same with a class whose loop is written out: states are [B, units]."""
        steps = self._steps_name()
        h, c = self._state_names()
        target = self._target(h, c)
        initial = self._loop_initial(0, 1)
        call = self._call(f"self.{self.attribute}", self._operand(), initial, back=False)
        shown = " and ".join(name for name in (h, c) if name != "_")
        self.body.line(f"{steps}, {target} = ", call, self._note(steps, shown))
        self._cost(self.costs.terms(steps, h, c, f"len({h})"))
        for value in self.wanted.states.values():
            self.body.hold_state(value, (h, c) if self.cells else (h,))
        self._keep_steps(steps)
        self._bind_last(Code(h))

    def two_loops(self) -> None:
        """Both directions one after the other; the backward steps are put back in order.

        Modules of PyTorch give their last states as [1, B, units].
        """
        assert self.found.recurrent is not None
        stacked = "[0]" if self.found.recurrent.fused else ""
        names: list[tuple[str, str, str]] = []
        until = max(self.body.until(*self.wanted.values), self.number)
        for index, direction in enumerate(("forward", "backward")):
            short = "ahead" if index == 0 else "back"
            asked = self.wanted.sequence or self.wanted.sequences[index] or self.costs.steps
            steps = self._local(short, until) if asked else "_"
            h = self._local(f"{short}_h", until) if self._needs(index, 0) else "_"
            c = self._local(f"{short}_c", until) if self._needs(index, 1) else "_"
            target = self._target(h, c)
            initial = self._loop_initial(index, 2)
            module = f"self.{self.attribute}_{direction}"
            operand = self._operand(flipped=index == 1)
            call = self._call(module, operand, initial, back=index == 1)
            self.body.line(f"{steps}, {target} = ", call, self._one_way())
            names.append((steps, f"{h}{stacked}", f"{c}{stacked}"))
        (ahead, ahead_h, ahead_c), (back, back_h, back_c) = names
        masks = (self.mask, flipped(self.mask)) if self.mask else ("", "")
        for (steps, h, c), mask in zip(names, masks, strict=True):
            self._cost(self.costs.terms(steps, h, c, f"len({h})", mask))
        both = [(ahead_h, ahead_c), (back_h, back_c)]
        for name, value in self.wanted.states.items():
            chosen = {"forward.state": both[:1], "backward.state": both[1:]}.get(name, both)
            parts = [t for h, c in chosen for t in ((h, c) if self.cells else (h,))]
            self.body.hold_state(value, parts)
        mode = self.found.merge_mode
        if mode == "none":
            steps = (Code(ahead), Code(f"{back}.flip(1)"))
            for name, value, given in zip((ahead, back), self.wanted.sequences, steps, strict=True):
                if value is not None and (given != name or self.mask):
                    self.body.line(f"{name} = ", blanked(given, self.mask), self._one_way())
            self._keep(self.wanted.sequences, ahead, back)
            self._keep(self.wanted.lasts, ahead_h, back_h)
            return
        if self.wanted.sequence is not None:
            both_ways = merged(mode, ahead, f"{back}.flip(1)")
            self._bind(self.wanted.sequence, blanked(both_ways, self.mask))
        self._bind_last(merged(mode, ahead_h, back_h))

    def _needs(self, direction: int, position: int) -> bool:
        """Whether something reads the h (0) or c (1) of one of both directions."""
        if (self.costs.h, self.costs.c)[position]:
            return True
        if position == 0 and (self.wanted.last or self.wanted.lasts[direction]) is not None:
            return True
        count = 2 if self.cells else 1
        whole = self.wanted.states.get("state")
        alone = self.wanted.states.get(("forward.state", "backward.state")[direction])
        states = [whole.parts[direction * count :][:count]] if whole else []
        states += [alone.parts] if alone else []
        return position < count and any(self.body.until(s[position]) >= 0 for s in states)

    def _target(self, h: str, c: str) -> str:
        """What the states are assigned to."""
        if not self.cells:
            return h
        return f"({h}, {c})" if (h, c) != ("_", "_") else "_"

    def _loop_initial(self, index: int, directions: int) -> tuple[Expr, ...]:
        initial = self.body.initial(self.node)
        if initial is None:
            return ()
        count = len(initial.parts) // directions
        assert self.found.recurrent is not None
        axis = "[None]" if self.found.recurrent.fused else ""
        parts = [Code(p + axis) for p in initial.parts[index * count : (index + 1) * count]]
        return (Group("(", tuple(parts)),) if self.cells else (parts[0],)

    # ----------------------------------------------------------------------------------- results

    def _steps_name(self) -> str:
        value = self.wanted.sequence
        if value is None:
            name = "both" if self.found.bidirectional else "steps"
            return self._local(name, self.number) if self.wanted.steps or self.costs.steps else "_"
        if self.found.bidirectional and self.found.merge_mode != "concat":
            return self._local("both", self.number)
        until = self.body.until(value)
        if value.name:
            return self.body.own(value.name, until)
        return self.body.take("x", f"{self.attribute}_out", self.number, until)

    def _keep_steps(self, steps: str) -> None:
        if self.wanted.sequence is not None:
            self.body.held[self.wanted.sequence] = Held(steps)

    def _bind_last(self, expr: Expr) -> None:
        if self.wanted.last is not None:
            self._bind(self.wanted.last, expr)

    def _bind(self, value: Value, expr: Expr) -> None:
        note = "the last step" if value is self.wanted.last else ""
        self.body.bind(self.number, value, expr, self.attribute, note)
