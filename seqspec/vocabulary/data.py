"""Data readers, splits, scalings, windows and targets.

Facts of a reader: ``tabular`` tells a table of columns from named arrays; ``code`` is true of the
one that runs code of the user's, so nothing is known of its arrays. Facts of a split: ``unit`` is
what is dealt out (rows, whole series, all rows of a group), ``drawn`` tells parts drawn at random
from first, next and last ones. Facts of a target: ``kind`` as in :class:`seqspec.ir.task.Data`.
Facts of an augmentation: ``moves`` tells steps that change places from numbers that change.
"""

from __future__ import annotations

import re

from seqspec.vocabulary.spec import (
    ABOVE_ZERO,
    CHARACTER,
    COLUMN,
    FRACTION,
    NAMES,
    POSITIVE,
    TEXT,
    WHOLE,
    Arg,
    Entry,
    Kind,
    choice,
)

_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
FUNCTION = Kind(
    'a quoted module and function, such as "readings:load"',
    lambda v: isinstance(v, str) and _FUNCTION.fullmatch(v) is not None,
)

_PATH = Arg("path", TEXT, doc="The file, relative to the spec.")
_WHICH = "The columns to read, in this order; all if left out."
_IN_SERIES = (
    Arg("series", COLUMN, None, "The column that tells the series of one table apart."),
    Arg("order", COLUMN, None, "The column that the rows (of a series) are sorted by."),
)

_LENGTHS = Arg(
    "lengths",
    NAMES,
    None,
    "The array of the sequences' lengths, where they differ; one for each named time axis.",
)

READERS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry(
            "csv",
            "reader",
            "A table with a header row.",
            (
                _PATH,
                Arg("columns", NAMES, None, _WHICH),
                Arg("delimiter", CHARACTER, ",", "The character between columns."),
                *_IN_SERIES,
            ),
            facts={"tabular": True},
        ),
        Entry(
            "parquet",
            "reader",
            "A table as parquet; its programs need pyarrow.",
            (_PATH, Arg("columns", NAMES, None, _WHICH), *_IN_SERIES),
            facts={"tabular": True},
        ),
        Entry(
            "npz", "reader", "Several named arrays, as numpy.savez writes them.", (_PATH, _LENGTHS),
            facts={"tabular": False},
        ),
        Entry(
            "python",
            "reader",
            "Named arrays that a function of yours returns, called by train, evaluate and predict.",
            (Arg("function", FUNCTION, doc="Module and function; the module lies by the spec."),
             _LENGTHS),
            facts={"tabular": False, "code": True},
        ),
        Entry(
            "npy", "reader", "One array, as numpy.save writes it.", (_PATH,),
            facts={"tabular": False},
        ),
    )
}  # fmt: skip

_PARTS = (
    Arg("train", FRACTION, 0.7, "Share of the rows for training."),
    Arg("validation", FRACTION, 0.15, "Share for validation; the rest is the test part."),
)
_SEED = Arg("seed", WHOLE, 0, "Of the permutation.")
SPLITS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry(
            "chronological",
            "split",
            "First rows, next rows, last rows; of each series, if there are several.",
            _PARTS,
            facts={"unit": "row", "drawn": False},
        ),
        Entry(
            "random",
            "split",
            "Rows drawn at random.",
            (*_PARTS, _SEED),
            facts={"unit": "row", "drawn": True},
        ),
        Entry(
            "by_series",
            "split",
            "Whole series drawn at random; the shares are of their number.",
            (*_PARTS, _SEED),
            facts={"unit": "series", "drawn": True},
        ),
        Entry(
            "grouped",
            "split",
            "Groups drawn at random, such as the patients; none is in two parts.",
            (Arg("by", COLUMN, doc="The column or array that names each row's group."),
             *_PARTS, _SEED),
            facts={"unit": "group", "drawn": True},
        ),
    )
}  # fmt: skip

_PER = (
    Arg(
        "per",
        choice("part", "series"),
        "part",
        "Fitted on the whole training part, or on each series' share of it, for that series.",
    ),
)
SCALINGS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry("standard", "scaling", "Mean 0 and deviation 1 on the training part.", _PER),
        Entry("minmax", "scaling", "From 0 to 1 on the training part.", _PER),
        Entry("pixels", "scaling", "From 0 to 1 for numbers from 0 to 255, whatever there is."),
    )
}

AUGMENTATIONS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry(
            "jitter",
            "augmentation",
            "Adds normal noise of mean zero to the numbers that are measured.",
            (Arg("stddev", ABOVE_ZERO, doc="Standard deviation, in scaled units."),),
            facts={"moves": False},
        ),
        Entry(
            "time_shift",
            "augmentation",
            "Moves each sample in time; its first or last step fills the gap.",
            (Arg("steps", POSITIVE, doc="The most steps that it is moved, either way."),),
            facts={"moves": True},
        ),
    )
}

WINDOWS: dict[str, Entry] = {
    "sliding": Entry(
        "sliding",
        "windows",
        "Overlapping stretches of a series, as views.",
        (
            Arg("steps", POSITIVE, doc="Length of a window."),
            Arg("stride", POSITIVE, 1, "From the start of one to the start of the next."),
            Arg("horizon", POSITIVE, 1, "How many steps after the window are the target."),
        ),
    )
}

_COLUMNS = Arg("columns", NAMES, None, "Which columns; the input's own if left out.")
TARGETS: dict[str, Entry] = {
    e.name: e
    for e in (
        Entry(
            "next_step",
            "target",
            "For each step of the window, the values one step later.",
            (_COLUMNS,),
            facts={"kind": "next_step"},
        ),
        Entry(
            "same_step",
            "target",
            "For each step of the window, the values of that step.",
            (_COLUMNS,),
            facts={"kind": "same_step"},
        ),
    )
}

MISSING = ("error", "drop", "forward_fill", "interpolate")
