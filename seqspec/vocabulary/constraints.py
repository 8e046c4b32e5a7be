"""Constraints, which bring weights back into bounds after each step, as Keras 3 defines them.

Axes are those of Keras's layout: a kernel is [inputs, outputs].
"""

from __future__ import annotations

from seqspec.vocabulary.spec import (
    FRACTION,
    NOT_NEGATIVE,
    WHOLE,
    Arg,
    Entry,
    Kind,
    list_of,
    one_of,
)

CONSTRAINT = one_of("constraint", "a constraint, such as max_norm(3)")

_KERAS = "keras.constraints, Keras 3"
_AXES = list_of(WHOLE, "a list of axes, such as [0, 1]")
_AXIS = Kind(
    "an axis, or several such as [0, 1]",
    lambda v: WHOLE.accepts(v) or _AXES.accepts(v),
    samples=(0, (0,)),
    items=WHOLE,
)
_ALONG = Arg("axis", _AXIS, 0, "Along which axis norms are taken, or which axes.")


def _entry(name: str, summary: str, *args: Arg) -> Entry:
    return Entry(name, "constraint", summary, args, source=_KERAS)


_SHARE = Kind(
    "a number from 0 to 1",
    lambda v: FRACTION.accepts(v) or (NOT_NEGATIVE.accepts(v) and v == 1),
    samples=(1.0, 0.25),
)

_ALL = (
    _entry(
        "max_norm",
        "Norms have at most this size.",
        Arg("max_value", NOT_NEGATIVE, 2.0, "The largest norm."),
        _ALONG,
    ),
    _entry("non_neg", "No number is below zero."),
    _entry("unit_norm", "All norms are one.", _ALONG),
    _entry(
        "min_max_norm",
        "Norms lie between two sizes.",
        Arg("min_value", NOT_NEGATIVE, 0.0, "The smallest norm."),
        Arg("max_value", NOT_NEGATIVE, 1.0, "The largest norm."),
        Arg("rate", _SHARE, 1.0, "How much of the way back is gone at each step."),
        _ALONG,
    ),
)

CONSTRAINTS: dict[str, Entry] = {e.name: e for e in _ALL}


def bounded(name: str, doc: str) -> Arg:
    """An argument that says where a weight has to stay."""
    return Arg(name, CONSTRAINT, None, doc)
