"""Initialisers: the distributions that weights are drawn from, as Keras 3 defines them.

Fact ``axes``: how many axes a weight must have at least. Fact ``whole``: whether it must be one
matrix, not those of several gates side by side, nor those of a window. Fact ``file``: that the
numbers come from a file (``npy``: an array; ``text``: a line for each word) when training begins,
and ``drawn``, the initialiser that a model is built with before.
"""

from __future__ import annotations

from seqspec.vocabulary.spec import (
    ABOVE_ZERO,
    BOOL,
    NUMBER,
    TEXT,
    Arg,
    Entry,
    Setting,
    choice,
    one_of,
)

INITIALIZER = one_of("initializer", "an initialiser, such as glorot_uniform")

_FILE = Arg("path", TEXT, doc="The file, relative to the spec.")

_KERAS = "keras.initializers, Keras 3"


def _entry(
    name: str,
    summary: str,
    *args: Arg,
    axes: int = 0,
    whole: bool = False,
    file: str = "",
    drawn: str = "",
) -> Entry:
    facts = {"axes": axes, "whole": whole, "file": file, "drawn": drawn}
    return Entry(name, "initializer", summary, args, facts=facts, source=_KERAS)


_ALL = (
    _entry("zeros", "All zero."),
    _entry("ones", "All one."),
    _entry("constant", "All the same number.", Arg("value", NUMBER, 0.0, "The number.")),
    _entry(
        "uniform",
        "Uniform between two numbers (Keras: random_uniform).",
        Arg("minval", NUMBER, -0.05, "Lower bound."),
        Arg("maxval", NUMBER, 0.05, "Upper bound."),
    ),
    _entry(
        "normal",
        "Normal (Keras: random_normal).",
        Arg("mean", NUMBER, 0.0, "Mean."),
        Arg("stddev", ABOVE_ZERO, 0.05, "Standard deviation."),
    ),
    _entry(
        "truncated_normal",
        "Normal, drawn again beyond two standard deviations.",
        Arg("mean", NUMBER, 0.0, "Mean."),
        Arg("stddev", ABOVE_ZERO, 0.05, "Standard deviation before truncation."),
    ),
    _entry(
        "glorot_uniform", "Uniform within sqrt(6 / (fan_in + fan_out)). Glorot and Bengio 2010."
    ),
    _entry("glorot_normal", "Truncated normal of variance 2 / (fan_in + fan_out)."),
    _entry("he_uniform", "Uniform within sqrt(6 / fan_in). He et al. 2015."),
    _entry("he_normal", "Truncated normal of variance 2 / fan_in."),
    _entry("lecun_uniform", "Uniform within sqrt(3 / fan_in). LeCun et al. 1998."),
    _entry("lecun_normal", "Truncated normal of variance 1 / fan_in."),
    _entry(
        "orthogonal",
        "A random orthogonal matrix. Saxe et al. 2014.",
        Arg("gain", NUMBER, 1.0, "Factor on the matrix."),
        axes=2,
    ),
    _entry(
        "identity",
        "One where the row is the column, else zero.",
        Arg("gain", NUMBER, 1.0, "Factor on the matrix."),
        axes=2,
        whole=True,
    ),
    _entry(
        "variance_scaling",
        "Of variance scale / fan: what the named ones are cases of.",
        Arg("scale", ABOVE_ZERO, 1.0, "Factor on the variance."),
        Arg("mode", choice("fan_in", "fan_out", "fan_avg"), "fan_in", "Which fan."),
        Arg(
            "distribution",
            choice("truncated_normal", "untruncated_normal", "uniform"),
            "truncated_normal",
            "The law.",
        ),
    ),
    _entry(
        "load",
        "The array of a npy file, shaped as Keras shapes the weight; read when training begins.",
        _FILE,
        Arg("trainable", BOOL, True, "Of a model's own weight: whether training changes it."),
        file="npy",
        drawn="zeros",
    ),
    _entry(
        "word_vectors",
        "Vectors of words from a text file, `word v1 v2 …` in each line, as of word2vec and GloVe; "
        "tokens that it lacks keep a vector that is drawn as uniform() does.",
        _FILE,
        axes=2,
        whole=True,
        file="text",
        drawn="uniform",
    ),
)

INITIALIZERS: dict[str, Entry] = {e.name: e for e in _ALL}


def built_with(start: Setting) -> Setting:
    """What a model is built with: the setting itself, unless its numbers come from a file."""
    drawn = start.entry.facts["drawn"]
    return Setting.plain(INITIALIZERS[drawn]) if drawn else start


def drawn(name: str, default: str, doc: str) -> Arg:
    """An argument that says how a weight is drawn."""
    return Arg(name, INITIALIZER, Setting.plain(INITIALIZERS[default]), doc)
