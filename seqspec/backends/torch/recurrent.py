"""LSTM, GRU and simple RNN: which module they become, and how its weights are named and drawn.

What ``nn.LSTM``, ``nn.GRU`` or ``nn.RNN`` can compute becomes one of them: the fused kernels are
many times faster than a loop. The rest becomes a small class with the loop written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seqspec.backends.python_text import Call, Expr
from seqspec.backends.torch import activations
from seqspec.backends.torch.initialisers import draw
from seqspec.backends.torch.parts import Draw, Module, Part, Piece, Stored
from seqspec.vocabulary.spec import OwnedWeight, Setting

KINDS: Mapping[str, str] = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "RNN"}
_GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}
_FUNCTIONS = ("activation", "recurrent_activation")


@dataclass(frozen=True, slots=True)
class Loop:
    """A recurrent layer that no fused module computes: a class with its loop.

    ``rates`` are the arguments that say how much it drops. What is dropped of the inputs is its
    affair only where each gate drops something else; else the layer drops it before. ``functions``
    has the activations by their texts.
    """

    kind: str
    activation: str
    recurrent_activation: str
    bias: bool
    reset_after: bool
    rates: tuple[str, ...] = ()
    functions: Mapping[str, Setting | str] = field(default_factory=dict[str, Setting | str])

    @property
    def name(self) -> str:
        """``ReluLSTM``: what is unusual about it, then what it is."""
        words = [self.activation] if self.activation != "tanh" else []
        words += [self.recurrent_activation] if self.recurrent_activation != "sigmoid" else []
        plain = "_".join(words).replace("-", "minus_").replace(".", "_point_")
        camel = "".join(part.title() for part in re.split(r"\W+|_", plain))
        early = "EarlyReset" if self.kind == "gru" and not self.reset_after else ""
        drops = ("", "RecurrentDropout", "Dropout")[len(self.rates)]
        return f"{camel}{early}{drops}{KINDS[self.kind]}{'' if self.bias else 'NoBias'}"

    @property
    def states(self) -> int:
        return 2 if self.kind == "lstm" else 1

    @property
    def gates(self) -> int:
        return _GATES[self.kind]

    def act(self, x: str) -> str:
        return activations.text(self.functions[self.activation], x)

    def gate(self, x: str) -> str:
        return activations.text(self.functions[self.recurrent_activation], x)


@dataclass(frozen=True, slots=True)
class Recurrent:
    """A recurrent layer's arguments as the lowering needs them."""

    kind: str
    args: Mapping[str, Any]

    @property
    def activation(self) -> str:
        return str(self.args["activation"])

    @property
    def recurrent_activation(self) -> str:
        return str(self.args["recurrent_activation"]) if self.kind != "simple_rnn" else "sigmoid"

    @property
    def fused(self) -> bool:
        """Whether ``nn.LSTM`` and its kin compute this."""
        if self.args["recurrent_dropout"]:
            return False
        if self.kind == "simple_rnn":
            return self.activation in ("tanh", "relu")
        usual = self.activation == "tanh" and self.recurrent_activation == "sigmoid"
        return usual and (self.kind != "gru" or self.args["reset_after"])

    @property
    def gate_masks(self) -> bool:
        """Whether each gate drops something else: Keras's cells with dropout of the state do."""
        return self.kind != "simple_rnn" and bool(self.args["recurrent_dropout"])

    @property
    def drops_inputs(self) -> bool:
        """Whether something is dropped of the inputs before they come to the module."""
        return bool(self.args["dropout"]) and not self.gate_masks

    @property
    def backwards(self) -> bool:
        return self.args["go_backwards"]

    @property
    def rates(self) -> tuple[str, ...]:
        """The arguments that say how much a class with a loop drops."""
        names = ("dropout", "recurrent_dropout") if self.gate_masks else ("recurrent_dropout",)
        return tuple(name for name in names if self.args[name])

    @property
    def loop(self) -> Loop:
        return Loop(
            self.kind,
            self.activation,
            self.recurrent_activation,
            self.args["use_bias"],
            self.kind == "gru" and self.args["reset_after"],
            self.rates,
            {str(f): f for f in (self.args.get(name, "sigmoid") for name in _FUNCTIONS)},
        )


def units(weights: Mapping[str, OwnedWeight], prefix: str = "") -> int:
    """The number of units, from the recurrent kernel's shape."""
    return _size(weights[f"{prefix}recurrent_kernel"], 0)


def _size(weight: OwnedWeight, axis: int) -> int:
    size = weight.shape[axis].value
    assert size is not None, "the checker lets no weight of unknown size through"
    return size


def dropout_part(layer: Recurrent, name: str) -> Part:
    """The module that drops inputs: the same features at every step."""
    build = Call("nn.Dropout1d", (layer.args["dropout"],))
    return Part(Module(name, "nn.Dropout1d", build, "the same features at every step"))


def fused_part(
    layer: Recurrent,
    name: str,
    weights: Mapping[str, OwnedWeight],
    *,
    prefix: str = "",
    bidirectional: bool = False,
) -> Part:
    """``nn.LSTM(8, 64, batch_first=True)`` with its weights.

    ``prefix`` is how the names of one direction's weights begin, if it is a module of its own.
    """
    first = "forward/" if bidirectional else prefix
    sizes: tuple[Expr, ...] = (_size(weights[f"{first}kernel"], 0), units(weights, first))
    keywords: list[tuple[str, Expr]] = []
    if layer.activation == "relu":
        keywords.append(("nonlinearity", "relu"))
    if not layer.args["use_bias"]:
        keywords.append(("bias", False))
    keywords.append(("batch_first", True))
    if bidirectional:
        keywords.append(("bidirectional", True))
    kind = f"nn.{KINDS[layer.kind]}"
    # Both directions have the same settings and sizes: one loop draws for both.
    draws = tuple(_fused_draws(layer, first, weights))
    stored = _fused_stored(layer, first, "")
    if bidirectional:
        stored += _fused_stored(layer, "backward/", "_reverse")
    build = Call(kind, sizes, tuple(keywords))
    module = Module(name, kind, build)
    return Part(module, draws, tuple(stored), by_name=True, units="hidden_size")


def _fused_draws(
    layer: Recurrent, prefix: str, weights: Mapping[str, OwnedWeight]
) -> Iterator[Draw]:
    """What fills the parameters, by how their names begin."""
    kernel, recurrent = weights[f"{prefix}kernel"], weights[f"{prefix}recurrent_kernel"]
    yield replace(draw(kernel.initializer, "{0}", kernel), of="weight_ih")
    yield replace(draw(recurrent.initializer, "{0}", recurrent), of="weight_hh")
    if not layer.args["use_bias"]:
        return
    bias = weights[f"{prefix}bias"]
    if layer.kind == "gru":
        yield replace(draw(bias.initializer, "{0}", bias, transposed=False), of="bias")
        return
    for one in _bias(layer, bias, "{0}", units(weights, prefix)):
        yield replace(one, of="bias_ih")
    fixed = ".requires_grad_(False)"
    yield Draw("nn.init.zeros_", "{0}", after=fixed, note="one bias, not two", of="bias_hh")


def _bias(layer: Recurrent, bias: OwnedWeight, target: str, units: int) -> list[Draw]:
    if layer.kind != "lstm" or not layer.args["unit_forget_bias"]:
        return [draw(bias.initializer, target, bias)]
    open_gate = Draw(
        "nn.init.ones_", f"{target}[units : 2 * units]", note="the forget gate begins open"
    )
    if "_uniform" not in bias.initializer.name and "_normal" not in bias.initializer.name:
        return [draw(bias.initializer, target, bias), open_gate]
    # Keras draws the three other gates in two pieces, each with fans of its own.
    before = draw(bias.initializer, f"{target}[:units]", bias, shape=(units,))
    behind = draw(bias.initializer, f"{target}[2 * units :]", bias, shape=(2 * units,))
    return [before, open_gate, behind]


def _fused_stored(layer: Recurrent, prefix: str, suffix: str) -> list[Stored]:
    gates = layer.kind == "gru"
    stored = [
        Stored(f"{prefix}kernel", (Piece(f"weight_ih_l0{suffix}", True, gates),)),
        Stored(f"{prefix}recurrent_kernel", (Piece(f"weight_hh_l0{suffix}", True, gates),)),
    ]
    if layer.args["use_bias"]:
        names = ("bias_ih_l0", "bias_hh_l0") if gates else ("bias_ih_l0",)
        pieces = tuple(Piece(f"{name}{suffix}", gates=gates) for name in names)
        stored.append(Stored(f"{prefix}bias", pieces))
    return stored


def loop_part(
    layer: Recurrent, name: str, weights: Mapping[str, OwnedWeight], *, prefix: str = ""
) -> Part:
    """A module of a class with a loop."""
    kernel, recurrent = weights[f"{prefix}kernel"], weights[f"{prefix}recurrent_kernel"]
    count = units(weights, prefix)
    kind = layer.loop.name
    draws = [
        draw(kernel.initializer, "{0}.kernel.weight", kernel),
        draw(recurrent.initializer, "{0}.recurrent_kernel.weight", recurrent),
    ]
    stored = [
        Stored(f"{prefix}kernel", (Piece("kernel.weight", True),)),
        Stored(f"{prefix}recurrent_kernel", (Piece("recurrent_kernel.weight", True),)),
    ]
    if layer.args["use_bias"]:
        bias = weights[f"{prefix}bias"]
        pieces = ("{0}.kernel.bias",)
        if layer.kind == "gru" and layer.args["reset_after"]:
            pieces = (*pieces, "{0}.recurrent_kernel.bias")
            draws += [draw(bias.initializer, piece, bias, transposed=False) for piece in pieces]
        else:
            draws += _bias(layer, bias, pieces[0], count)
        names = [piece.removeprefix("{0}.") for piece in pieces]
        stored.append(Stored(f"{prefix}bias", tuple(map(Piece, names))))
    rates = tuple((rate, layer.args[rate]) for rate in layer.rates)
    build = Call(kind, (_size(kernel, 0), count), rates)
    return Part(Module(name, kind, build), tuple(draws), tuple(stored), units="units")
