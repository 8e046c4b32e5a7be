"""What the sections of a spec may say: their settings are declared like arguments."""

from __future__ import annotations

from dataclasses import dataclass, replace

from seqspec.vocabulary.data import MISSING
from seqspec.vocabulary.spec import (
    BOOL,
    POSITIVE,
    WHOLE,
    Arg,
    Kind,
    choice,
    list_of,
    one_of,
)

#: of computation; also what the command line takes
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True, slots=True)
class SectionSpec:
    """A kind of section. ``names`` tells what the name behind the keyword refers to."""

    name: str
    summary: str
    args: tuple[Arg, ...]
    names: str


METRIC_LIST = Kind("a list of metrics, such as [accuracy]", lambda _: True, category="metric list")
LOSS = Kind("a loss, such as mse", lambda _: True, category="loss expression")
TARGET = Kind(
    "a column, a list of columns, or next_step()", lambda _: True, category="target expression"
)
INPUTS = Kind(
    "a list of columns, or feed(input=[…], …)", lambda _: True, category="input expression"
)
LOOP = Kind(
    "the input that is fed back, such as text, or output -> input",
    lambda _: True,
    category="loop expression",
)
TOKEN = Kind("the id of a token", lambda _: True, category="token expression")
WARM_UP = Kind("a number of steps, or `all`", POSITIVE.accepts, words=("all",))
PORT = Kind("the name of an input or output", lambda v: isinstance(v, str), category="port")
FREEZE = Kind(
    "a list of layers and weights, such as [encoder, words/embeddings]",
    lambda _: True,
    category="weight list",
)
SHARE = Kind(
    "a number from 0 to 1, such as 50%",
    lambda v: isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v <= 1,
    samples=(0.0, 0.5, 1.0),
    advice="it is a share: half of them is written 0.5 or 50%",
)
DATA_NAME = Kind("the name of a data section", lambda v: isinstance(v, str), category="data")

_AUGMENTATION = one_of("augmentation", "an augmentation, such as jitter(stddev=0.1)")
AUGMENTATIONS = replace(
    list_of(_AUGMENTATION, "a list of augmentations, such as [jitter(stddev=0.1)]"),
    otherwise=_AUGMENTATION,
)

DATA = SectionSpec(
    "data",
    "Where samples come from.",
    (
        Arg("source", one_of("reader", 'a reader, such as csv("file.csv")'), doc="The file."),
        Arg("inputs", INPUTS, None,
            "What feeds the model's input, or feed(…) for several; found by name if left out."),
        Arg("tokens", one_of("tokens", "what texts are cut into, such as characters()"), None,
            "What texts are cut into, or that they are lists of ids."),
        Arg("target", TARGET, None,
            "What a model's only output is to give; several find it by their names."),
        Arg("windows", one_of("windows", "windows, such as sliding(steps=24)"), None,
            "How a series is cut into samples; each row is one if left out."),
        Arg("split", one_of("split", "a split, such as chronological(train=70%)"), None,
            "Training, validation and test part; chronological() with windows, else random()."),
        Arg("scale", one_of("scaling", "a scaling, such as standard()"), None,
            "Of numbers; fitted on the training part."),
        Arg("augment", AUGMENTATIONS, None,
            "What is done to samples of the training part, anew in each epoch."),
        Arg("batches", one_of("batches", "a way to draw batches, such as bucketed()"), None,
            "Which samples share a batch; any if left out."),
        Arg("missing", choice(*MISSING), "error", "What to do about missing values."),
        Arg("memory", choice("whole", "map"), "whole",
            "Of the file: read whole, or kept in files and read a batch at a time."),
    ),
    names="itself",
)  # fmt: skip

TRAIN = SectionSpec(
    "train",
    "How a model is trained.",
    (
        Arg("data", DATA_NAME, doc="The data section."),
        Arg("loss", LOSS, doc="What is made small."),
        Arg("optimizer", one_of("optimizer", "an optimiser, such as adam()"), None,
            "adam() if left out."),
        Arg("metrics", METRIC_LIST, (), "What else is reported."),
        Arg("batch_size", POSITIVE, 32, "Samples in a batch."),
        Arg("epochs", POSITIVE, 10, "Passes over the training part."),
        Arg("stop", one_of("stop", "a stopping rule, such as early(patience=5)"), None,
            "When to stop early."),
        Arg("reset", one_of("reset", "when carried state is cleared, such as epoch"), None,
            "When the state of stateful layers is cleared; required where there are such."),
        Arg("reduce", one_of("reduction", "a rule, such as on_plateau(patience=5)"), None,
            "When to lower the learning rate."),
        Arg("freeze", FREEZE, (), "What training leaves as it is: layers, models, weights."),
        Arg("teacher_forcing", SHARE, 1.0,
            "How many of the tokens that are fed back are right in training; the others are what "
            "the model itself finds most likely (scheduled sampling, Bengio et al. 2015)."),
        Arg("precision", choice(*PRECISIONS), "float32",
            "What layers compute in; weights, softmax at the end and loss stay float32."),
        Arg("seed", WHOLE, 0, "Of initial weights, dropout and order."),
        Arg("shuffle", BOOL, True, "Whether samples are drawn in a new order each epoch."),
    ),
    names="model",
)  # fmt: skip

GENERATE = SectionSpec(
    "generate",
    "How a trained model writes a sequence, one token after another.",
    (
        Arg("loop", LOOP, doc="The input that is given what was picked before."),
        Arg("start", TOKEN, None,
            "The first token given to it; `ends` of the data tells it, else a prompt is needed."),
        Arg("stop", TOKEN, None, "The token that ends a sequence; `ends` of the data tells it."),
        Arg("limit", POSITIVE, doc="How many tokens are picked at most."),
        Arg("pick", one_of("pick", "a way to pick, such as beam(4)"), None,
            "greedy() if left out."),
    ),
    names="model",
)  # fmt: skip

FORECAST = SectionSpec(
    "forecast",
    "How far a trained model looks ahead by reading what it has just predicted.",
    (
        Arg("steps", POSITIVE, doc="How many steps ahead."),
        Arg("warm_up", WARM_UP, None,
            "How many known steps are read before: a number or `all`. Left out, it is all where "
            "state is carried, else as many as a window has."),
        Arg("season", POSITIVE, None,
            "Steps after which a series is about the same again: adds the seasonal naive forecast "
            "to the backtest."),
        Arg("origins", POSITIVE, 20, "Forecasts in a backtest, spread over the held-out part."),
    ),
    names="model",
)  # fmt: skip

STREAM = SectionSpec(
    "stream",
    "How a model is run online: its program gets a stepper, which keeps the state of each lane.",
    (
        Arg("input", PORT, None, "The input that comes step by step; the only one if left out."),
        Arg("output", PORT, None, "What is asked for at each step; the only one if left out."),
    ),
    names="model",
)  # fmt: skip

SECTIONS: dict[str, SectionSpec] = {s.name: s for s in (DATA, TRAIN, GENERATE, FORECAST, STREAM)}
