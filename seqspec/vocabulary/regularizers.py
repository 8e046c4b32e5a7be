"""Regularisers, what large weights or outputs cost, as Keras 3 defines them.

Fact ``axes``: how many axes that has to have which it is given for; 0 for any number.
"""

from __future__ import annotations

from seqspec.vocabulary.spec import NOT_NEGATIVE, Arg, Entry, choice, one_of

REGULARIZER = one_of("regularizer", "a regulariser, such as l2(0.01)")

_KERAS = "keras.regularizers, Keras 3"


def _entry(name: str, summary: str, *args: Arg, axes: int = 0) -> Entry:
    return Entry(name, "regularizer", summary, args, facts={"axes": axes}, source=_KERAS)


_ALL = (
    _entry(
        "l1",
        "The sum of sizes, times a factor.",
        Arg("l1", NOT_NEGATIVE, 0.01, "The factor."),
    ),
    _entry(
        "l2",
        "The sum of squares, times a factor (no half).",
        Arg("l2", NOT_NEGATIVE, 0.01, "The factor."),
    ),
    _entry(
        "l1_l2",
        "Both sums, each times its factor.",
        Arg("l1", NOT_NEGATIVE, 0.0, "The factor of the sizes."),
        Arg("l2", NOT_NEGATIVE, 0.0, "The factor of the squares."),
    ),
    _entry(
        "orthogonal_regularizer",
        "How far the rows of a matrix are from being at right angles.",
        Arg("factor", NOT_NEGATIVE, 0.01, "The factor on the mean size of the cosines."),
        Arg("mode", choice("rows", "columns"), "rows", "Which are meant, in Keras's layout."),
        axes=2,
    ),
)

REGULARIZERS: dict[str, Entry] = {e.name: e for e in _ALL}


def penalised(name: str, doc: str) -> Arg:
    """An argument that says what something costs."""
    return Arg(name, REGULARIZER, None, doc)


#: For layers with an output of their own: its cost, as much for each sample as for one.
ACTIVITY = penalised("activity_regularizer", "What the output costs, for each sample.")
