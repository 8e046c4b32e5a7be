"""Classes for recurrences that PyTorch has no module for, as texts for the template.

The product of the kernel with the inputs of all steps is one matrix product before the loop; only
what depends on the state is inside. Gates stand in Keras's order.
"""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.python_text import WIDTH, definition, docstring
from seqspec.backends.torch.recurrent import KINDS, Loop

_INSIDE = " " * 12


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """One such class. Lines are finished."""

    name: str
    doc: tuple[str, ...]
    width: str
    kernel_bias: str
    recurrent_bias: str
    forward: tuple[str, ...]
    start: tuple[str, ...]
    step: tuple[str, ...]
    state: str

    @property
    def text(self) -> str:
        """The lines that may need imports."""
        return "\n".join(self.step)


def plan_loop(loop: Loop, *, takes_state: bool) -> LoopPlan:
    """The class for a loop; without the parameter for a state if nobody gives one."""
    state = "tuple[Tensor, Tensor]" if loop.kind == "lstm" else "Tensor"
    parameters = ["self", "x: Tensor"]
    if takes_state:
        parameters.append(f"state: {state} | None = None")
    no_bias = ", bias=False"
    return LoopPlan(
        name=loop.name,
        doc=tuple(docstring(_unusual(loop), 4)),
        width=f"{loop.gates} * units" if loop.gates > 1 else "units",
        kernel_bias="" if loop.bias else no_bias,
        recurrent_bias="" if loop.bias and loop.reset_after else no_bias,
        forward=tuple(definition("forward", parameters, f"tuple[Tensor, {state}]", indent=4)),
        start=tuple(f"        {line}" for line in _start(loop, takes_state)),
        step=tuple(_INSIDE + line for line in _step(loop)),
        state="(h, c)" if loop.kind == "lstm" else "h",
    )


def _start(loop: Loop, takes_state: bool) -> list[str]:
    zeros = "x.new_zeros(len(x), self.units)"
    if loop.kind == "lstm":
        if not takes_state:
            return [f"h = c = {zeros}"]
        return [f"zeros = {zeros}", "h, c = (zeros, zeros) if state is None else state"]
    first = [f"h = {zeros} if state is None else state" if takes_state else f"h = {zeros}"]
    if loop.kind == "gru" and not loop.reset_after:
        gates = "self.recurrent_kernel.weight.split([2 * self.units, self.units])"
        first.append(f"gates, candidate = {gates}")
    return first


def _step(loop: Loop) -> list[str]:
    act = loop.act
    if loop.kind == "lstm":
        return [
            "i, f, g, o = (inputs + self.recurrent_kernel(h)).chunk(4, dim=-1)",
            *_gates(loop, i="i", f="f", o="o"),
            f"c = f * c + i * {act('g')}",
            f"h = o * {act('c')}",
        ]
    if loop.kind == "simple_rnn":
        return [f"h = {act('inputs + self.recurrent_kernel(h)')}"]
    if loop.reset_after:
        product = "z_h, r_h, n_h = self.recurrent_kernel(h).chunk(3, dim=-1)"
        candidate = act("n + r * n_h")
    else:
        product = "z_h, r_h = functional.linear(h, gates).chunk(2, dim=-1)"
        candidate = act("n + functional.linear(r * h, candidate)")
    return [
        "z, r, n = inputs.chunk(3, dim=-1)",
        product,
        *_gates(loop, z="z + z_h", r="r + r_h"),
        f"n = {candidate}",
        "h = z * h + (1 - z) * n",
    ]


def _gates(loop: Loop, **gates: str) -> list[str]:
    """The gates' activations, on one line if there is room."""
    values = [loop.gate(x) for x in gates.values()]
    line = f"{', '.join(gates)} = {', '.join(values)}"
    if len(_INSIDE) + len(line) <= WIDTH:
        return [line]
    return [f"{name} = {value}" for name, value in zip(gates, values, strict=True)]


def _unusual(loop: Loop) -> str:
    usual: list[str] = []
    if loop.activation != "tanh":
        usual.append(f"{loop.activation} in place of tanh")
    if loop.recurrent_activation != "sigmoid":
        usual.append(f"{loop.recurrent_activation} in place of sigmoid")
    if loop.kind == "gru" and not loop.reset_after:
        usual.append("the reset gate before the product with the state")
    return f"nn.{KINDS[loop.kind]} with {', '.join(usual)}, which it does not offer."
