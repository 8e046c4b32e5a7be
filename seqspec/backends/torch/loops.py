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
    rates: tuple[str, ...]
    forward: tuple[str, ...]
    start: tuple[str, ...]
    goes: str
    step: tuple[str, ...]
    steps: str
    state: str

    @property
    def text(self) -> str:
        """The lines that may need imports."""
        return "\n".join(self.step)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the uses of a loop give it besides its inputs.

    ``mask`` says that some give the mask of padded inputs, ``always`` that all do.
    """

    state: bool = False
    mask: bool = False
    always: bool = True


def plan_loop(loop: Loop, taken: Taken) -> LoopPlan:
    """The class for a loop; without parameters for what nobody gives."""
    state = "tuple[Tensor, Tensor]" if loop.kind == "lstm" else "Tensor"
    parameters = ["self", "x: Tensor"]
    if taken.mask and taken.always:
        parameters.append("mask: Tensor")
    if taken.state:
        parameters.append(f"state: {state} | None = None")
    if taken.mask and not taken.always:
        parameters.append("mask: Tensor | None = None")
    no_bias = ", bias=False"
    return LoopPlan(
        name=loop.name,
        doc=tuple(docstring(_unusual(loop), 4)),
        width=f"{loop.gates} * units" if loop.gates > 1 else "units",
        kernel_bias="" if loop.bias else no_bias,
        recurrent_bias="" if loop.bias and loop.reset_after else no_bias,
        rates=loop.rates,
        forward=tuple(definition("forward", parameters, f"tuple[Tensor, {state}]", indent=4)),
        start=tuple(
            f"        {line}"
            for line in (
                *_every(taken),
                *_start(loop, taken.state),
                *_masks(loop),
                *_products(loop, taken),
            )
        ),
        goes=_goes(loop, taken),
        step=tuple(_INSIDE + line for line in _over_padding(loop, _step(loop), taken)),
        steps=_steps(taken),
        state="(h, c)" if loop.kind == "lstm" else "h",
    )


def _every(taken: Taken) -> list[str]:
    if not taken.mask or taken.always:
        return []
    return ["if mask is None:", "    mask = x.new_ones(x.shape[:2], dtype=torch.bool)"]


def _products(loop: Loop, taken: Taken) -> list[str]:
    inputs, note = _inputs(loop)
    return [f"products = {inputs}  # {note}"] if taken.mask and inputs != "products" else []


def _goes(loop: Loop, taken: Taken) -> str:
    """The head of the loop."""
    inputs, note = _inputs(loop)
    if taken.mask:
        return "for inputs, valid in zip(products, mask[..., None].unbind(1), strict=True):"
    return f"for inputs in {inputs}:  # {note}"


def _over_padding(loop: Loop, step: list[str], taken: Taken) -> list[str]:
    """A step that leaves the state as it is where the input is padding."""
    if not taken.mask:
        return step
    if loop.kind != "lstm":
        return ["before = h", *step, "h = torch.where(valid, h, before)"]
    kept = [f"{name} = torch.where(valid, {name}, {name}_before)" for name in ("h", "c")]
    return ["h_before, c_before = h, c", *step, *kept]


def _steps(taken: Taken) -> str:
    """All steps; those before the first of the data are zeros, whatever the state is."""
    if taken.mask and taken.state:
        return "torch.stack(steps, dim=1) * (mask.cumsum(1) > 0)[..., None]"
    return "torch.stack(steps, dim=1)"


def _start(loop: Loop, takes_state: bool) -> list[str]:
    zeros = "x.new_zeros(len(x), self.units)"
    if loop.kind == "lstm":
        if not takes_state:
            return [f"h = c = {zeros}"]
        return [f"zeros = {zeros}", "h, c = (zeros, zeros) if state is None else state"]
    first = [f"h = {zeros} if state is None else state" if takes_state else f"h = {zeros}"]
    if loop.kind == "gru" and not loop.reset_after and not loop.rates:
        gates = "self.recurrent_kernel.weight.split([2 * self.units, self.units])"
        first.append(f"gates, candidate = {gates}")
    return first


def _masks(loop: Loop) -> list[str]:
    """What is dropped: a mask for each gate, and the kernels gate by gate."""
    if not loop.rates:
        return []
    if loop.kind == "simple_rnn":
        return ["kept = self.recurrent_dropout(torch.ones_like(h))  # the same at every step"]
    gates = loop.gates
    lines: list[str] = []
    if "dropout" in loop.rates:
        lines = [
            "# What is dropped of the inputs: a mask for each gate, the same at every step.",
            f"kept = self.dropout(x.new_ones({gates}, len(x), 1, x.shape[-1]))",
            f"kernel = self.kernel.weight.unflatten(0, ({gates}, -1))  # [{gates}, units, inputs]",
            'products = torch.einsum("gbtf,guf->tgbu", x * kept, kernel)',
        ]
        if loop.bias:
            lines[-1] += " + bias"
            lines.insert(3, f"bias = self.kernel.bias.view({gates}, 1, -1)")
        lines.append("# The same for the state.")
    else:
        lines = ["# What is dropped of the state: a mask for each gate, the same at every step."]
    kernel = f"self.recurrent_kernel.weight.unflatten(0, ({gates}, -1)).mT"
    lines += [
        f"kept = self.recurrent_dropout(x.new_ones({gates}, len(x), self.units))",
        f"recurrent_kernel = {kernel}",
    ]
    if loop.bias and loop.reset_after:
        lines.append(f"recurrent_bias = self.recurrent_kernel.bias.view({gates}, 1, -1)")
    return lines


def _inputs(loop: Loop) -> tuple[str, str]:
    """The products of all inputs at once, gate by gate if need be, and a note on them."""
    if "dropout" in loop.rates:
        return "products", f"[{loop.gates}, B, units]"
    if loop.rates and loop.kind != "simple_rnn":
        gates = f"self.kernel(x).unflatten(-1, ({loop.gates}, -1)).permute(1, 2, 0, 3)"
        return gates, f"[{loop.gates}, B, units]"
    return "self.kernel(x).unbind(1)", "the product with all inputs at once"


def _dropping_step(loop: Loop) -> list[str]:
    """One step with a mask for each gate on what goes into its product with the state."""
    product = "(h * kept) @ recurrent_kernel"
    if loop.kind == "lstm":
        return [
            f"i, f, g, o = inputs + {product}",
            *_gates(loop, i="i", f="f", o="o"),
            f"c = f * c + i * {loop.act('g')}",
            f"h = o * {loop.act('c')}",
        ]
    candidate = "n + r * n_h"
    if loop.reset_after:
        bias = " + recurrent_bias" if loop.bias else ""
        product = f"z_h, r_h, n_h = {product}{bias}"
    else:
        product = "z_h, r_h = (h * kept[:2]) @ recurrent_kernel[:2]"
        candidate = "n + (r * h * kept[2]) @ recurrent_kernel[2]"
    return [
        "z, r, n = inputs",
        product,
        *_gates(loop, z="z + z_h", r="r + r_h"),
        f"n = {loop.act(candidate)}",
        "h = z * h + (1 - z) * n",
    ]


def _step(loop: Loop) -> list[str]:
    act = loop.act
    if loop.kind == "simple_rnn":
        h = "h * kept" if loop.rates else "h"
        return [f"h = {act(f'inputs + self.recurrent_kernel({h})')}"]
    if loop.rates:
        return _dropping_step(loop)
    if loop.kind == "lstm":
        return [
            "i, f, g, o = (inputs + self.recurrent_kernel(h)).chunk(4, dim=-1)",
            *_gates(loop, i="i", f="f", o="o"),
            f"c = f * c + i * {act('g')}",
            f"h = o * {act('c')}",
        ]
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
    text = ", ".join(usual)
    if loop.rates:
        of = "inputs and state" if "dropout" in loop.rates else "the state"
        text += f"{' and ' if text else ''}dropout of {of}"
    return f"nn.{KINDS[loop.kind]} with {text}, which it does not offer."
