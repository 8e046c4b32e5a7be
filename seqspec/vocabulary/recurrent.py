"""Recurrent layers: a cell and the loop over time that carries its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seqspec.shapes.pattern import fill
from seqspec.types import State, Tensor
from seqspec.vocabulary.activations import function
from seqspec.vocabulary.constraints import bounded
from seqspec.vocabulary.initializers import drawn
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.regularizers import penalised
from seqspec.vocabulary.rules import own_weights, refused, sizes_of
from seqspec.vocabulary.spec import (
    BOOL,
    FRACTION,
    LAYER,
    STATE,
    WIDTH,
    Applied,
    Arg,
    LayerSpec,
    Port,
    Problem,
    Site,
    Weight,
    choice,
)
from seqspec.vocabulary.speed import Slow

SEQUENCE = Port("input", "B T F", meaning="a sequence")
INITIAL = Arg("initial", STATE, None, "The state to start from; zeros if left out.")
_FIELDS = ("last", "sequence", "state")


def _unfused(args: Mapping[str, Any]) -> Slow | None:
    """What keeps a layer from the fused kernels: PyTorch's and cuDNN's rules, and Keras's."""
    gated = "recurrent_activation" in args
    kernels = {
        "activation": ("tanh",) if gated else ("tanh", "relu"),
        "recurrent_activation": ("sigmoid",),
    }
    both = [
        f"`{argument}={args[argument]}` (the kernel has {' and '.join(known)})"
        for argument, known in kernels.items()
        if argument in args and str(args[argument]) not in known
    ]
    if args.get("reset_after") is False:
        both.append("`reset_after=false` (the kernel resets after the product)")
    if args["recurrent_dropout"]:
        both.append("`recurrent_dropout` (the kernel drops nothing of the state)")
    if both:
        return Slow(" and ".join(both), "it runs step by step: the same numbers, slower")
    # Keras has no kernel for a simple_rnn in any case.
    options = {"use_bias": False, "unroll": True} if gated else {}
    keras = [f"`{n}={str(v).lower()}`" for n, v in options.items() if args[n] is v]
    cost = "on a GPU the Keras program runs step by step; the PyTorch program is as fast as without"
    return Slow(" and ".join(keras), cost) if keras else None


def _recurrent(
    name: str,
    summary: str,
    *,
    gates: int,
    states: tuple[str, ...],
    extra: tuple[Arg, ...] = (),
    bias: tuple[Weight, ...] | None = None,
    aliases: tuple[str, ...] = (),
) -> LayerSpec:
    """A recurrent layer of ``gates`` stacked matrices, with one state tensor per name.

    Weights have Keras's layout: kernel (F, gates*units), recurrent kernel (units, gates*units).
    """
    width = f"{gates}*units" if gates > 1 else "units"
    gated = (function("recurrent_activation", "sigmoid", "Function of the gates."),)

    def rule(site: Site) -> Applied | Problem:
        sizes = sizes_of(site)
        if site.args["unroll"] and sizes["T"].value is None and not sizes["T"].unknown:
            return refused(
                f"`unroll` needs a number of steps that is known, but it is `{sizes['T']}`",
                "write the number in the header, or leave `unroll` out",
                "unroll",
            )
        if site.args["stateful"] and site.args["go_backwards"]:
            return refused(
                "`stateful` carries a state to what comes next, but `go_backwards` ends at the "
                "first step",
                "leave one of them out",
                "stateful",
            )
        # Backwards, the first step that comes out has seen the last one of the input.
        causal = not site.args["go_backwards"]
        last = Tensor("float", fill("B units", sizes), causal=False)
        state = State(name, tuple((s, last.shape) for s in states), causal=False)
        sequence = Tensor("float", fill("B T units", sizes), causal=causal)
        outputs = {"last": last, "sequence": sequence, "state": state}
        masking = Masking.STEPS_BACK if site.args["go_backwards"] else Masking.STEPS
        return Applied(outputs, str(site.args["return"]), own_weights(site), masking=masking)

    return LayerSpec(
        name,
        summary,
        args=(
            Arg("units", WIDTH, doc="Width of the state and of the output."),
            function("activation", "tanh", "Function of the candidate and output."),
            *(gated if gates > 1 else ()),
            Arg("use_bias", BOOL, True, "Whether there is a bias."),
            drawn("kernel_initializer", "glorot_uniform", "For the input weights."),
            drawn("recurrent_initializer", "orthogonal", "For the state weights."),
            drawn("bias_initializer", "zeros", "For the bias."),
            *extra,
            penalised("kernel_regularizer", "What the input weights cost."),
            penalised("recurrent_regularizer", "What the state weights cost."),
            penalised("bias_regularizer", "What the bias costs."),
            penalised(
                "activity_regularizer",
                "What the output costs, for each sample; the state too, where it is read.",
            ),
            bounded("kernel_constraint", "Bounds of the input weights."),
            bounded("recurrent_constraint", "Bounds of the state weights."),
            bounded("bias_constraint", "Bounds of the bias."),
            Arg(
                "dropout",
                FRACTION,
                0.0,
                "Share of the inputs dropped, the same at every step.",
                random=True,
            ),
            Arg(
                "recurrent_dropout",
                FRACTION,
                0.0,
                "Share of the state dropped before each product with it, the same at every step.",
                random=True,
            ),
            Arg(
                "go_backwards",
                BOOL,
                False,
                "Run from the last step to the first; steps come out in that order.",
                alone="it runs both ways already",
            ),
            Arg(
                "unroll",
                BOOL,
                False,
                "Write the steps out one by one (Keras); no loop. Their number has to be known.",
            ),
            Arg(
                "return", choice("last", "sequence"), "last", "What flows on: the last step or all."
            ),
            INITIAL,
            Arg(
                "stateful",
                BOOL,
                False,
                "Begin each batch with the state that the batch before ended with; not together "
                "with go_backwards or initial.",
                alone="its backward half would have to begin with what comes later",
            ),
        ),
        inputs=(SEQUENCE,),
        rule=rule,
        outputs="last [B, units] or sequence [B, T, units]; state "
        + ", ".join(f"{s} [B, units]" for s in states),
        weights=(
            Weight("kernel", f"F {width}", "kernel_initializer"),
            Weight("recurrent_kernel", f"units {width}", "recurrent_initializer"),
            *(bias or (Weight("bias", width, "bias_initializer", when=lambda a: a["use_bias"]),)),
        ),
        family="recurrent",
        states=states,
        missing_axis=("return", "sequence", "returns only its last step"),
        slow=_unfused,
        turns=lambda args: args["go_backwards"],
        cudnn=gates > 1,
        masking=Masking.STEPS,
        fields=_FIELDS,
        aliases=aliases,
        examples=(f"{name}(4)", f"{name}(4, return=sequence)"),
    )


LSTM = _recurrent(
    "lstm",
    "Long short-term memory. Hochreiter and Schmidhuber 1997.",
    gates=4,
    states=("h", "c"),
    extra=(Arg("unit_forget_bias", BOOL, True, "Start the forget gate's bias at one."),),
    aliases=("LSTM", "lstm_layer"),
)
GRU = _recurrent(
    "gru",
    "Gated recurrent unit. Cho et al. 2014.",
    gates=3,
    states=("h",),
    extra=(
        Arg("reset_after", BOOL, True, "Apply the reset gate after the product with the state."),
    ),
    bias=(
        # Two rows: the input's bias and the state's, which the reset gate tells apart.
        Weight(
            "bias",
            "2 3*units",
            "bias_initializer",
            when=lambda a: a["use_bias"] and a["reset_after"],
        ),
        Weight(
            "bias",
            "3*units",
            "bias_initializer",
            when=lambda a: a["use_bias"] and not a["reset_after"],
        ),
    ),
    aliases=("GRU",),
)
SIMPLE_RNN = _recurrent(
    "simple_rnn",
    "The fully connected recurrence h = f(W x + U h + b). Elman 1990.",
    gates=1,
    states=("h",),
    aliases=("rnn", "SimpleRNN"),
)


def _both_ways(site: Site) -> Applied | Problem:
    inner = site.inner
    assert inner is not None
    last, sequence, state = (inner.outputs[f] for f in _FIELDS)
    assert isinstance(last, Tensor) and isinstance(sequence, Tensor) and isinstance(state, State)
    factor = 2 if site.args["merge_mode"] == "concat" else 1

    def merged(tensor: Tensor) -> Tensor:
        return Tensor("float", (*tensor.shape[:-1], tensor.shape[-1] * factor), causal=False)

    directions = ("forward", "backward")
    apart = site.args["merge_mode"] == "none"
    parts = tuple((f"{d}_{name}", shape) for d in directions for name, shape in state.parts)
    one_way = {
        f"{d}.{name}": replace(tensor, causal=False)
        for name, tensor in (("last", last), ("sequence", sequence))
        for d in directions
    }
    outputs = {
        **(one_way if apart else {"last": merged(last), "sequence": merged(sequence)}),
        "state": State(f"bidirectional {state.kind}", parts, causal=False),
        "forward.state": state,
        "backward.state": state,
    }
    weights = tuple(replace(w, name=f"{d}/{w.name}") for d in directions for w in inner.weights)
    if apart:
        several = tuple(f"{d}.{inner.passes_on}" for d in directions)
        return Applied(outputs, several[0], weights, several, "merge_mode=none")
    return Applied(outputs, inner.passes_on, weights)


BIDIRECTIONAL = LayerSpec(
    "bidirectional",
    "A recurrent layer run over time in both directions, with weights of its own for each.",
    args=(
        Arg("layer", LAYER, doc="The recurrent layer, such as lstm(64, return=sequence)."),
        Arg(
            "merge_mode",
            choice("concat", "sum", "mul", "ave", "none"),
            "concat",
            "How the outputs of both directions become one; with none they stay two.",
        ),
        INITIAL,
    ),
    inputs=(SEQUENCE,),
    rule=_both_ways,
    outputs="as the layer's, 2*units wide if merged by concat; for each direction if merged by "
    "none; state of both directions",
    fields=(
        *("last", "sequence", "state", "forward.state", "backward.state"),
        *("forward.last", "backward.last", "forward.sequence", "backward.sequence"),
    ),
    masking=Masking.STEPS,
    aliases=("Bidirectional", "BiLSTM"),
    examples=("bidirectional(lstm(4))", "bidirectional(gru(4, return=sequence), merge_mode=sum)"),
)
