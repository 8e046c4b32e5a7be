"""What ``data.py`` imports: the standard library, then the packages that reading takes."""

from __future__ import annotations

from seqspec.backends.data_mapped import MappedPlan
from seqspec.backends.data_ranges import RangesPlan
from seqspec.backends.data_sources import IMPORTS
from seqspec.backends.data_split import SplitPlan
from seqspec.backends.data_table import TablePlan
from seqspec.ir.task import Data


def import_lines(
    data: Data,
    table: TablePlan,
    split: SplitPlan,
    mapped: MappedPlan | None,
    ranges: RangesPlan,
    *,
    cuts: bool,
    ragged: bool,
    replaces: bool,
) -> tuple[str, ...]:
    """The lines of imports, sorted; ``cuts`` and ``ragged`` as the plans of these names say.

    ``replaces`` tells that sequences are copied with other values.
    """
    guesses = not data.texts and data.source.name != "npy"
    plain = {"csv", *(mapped.modules if mapped else ())}
    plain |= {"math"} if ranges.used else set()
    plain |= {"json"} if data.scale else set()
    plain |= {"sys"} if cuts else set()
    plain |= {"math"} if data.source.name == "csv" and data.missing != "error" else set()
    plain |= set(IMPORTS.get(data.source.name, ()))
    iterating = ["islice"] if mapped and table.kind == "csv" else []
    iterating += ["count"] if data.texts else []
    iterating += ["pairwise"] if split.pairs or data.streams else []
    standard = data.scale is not None and data.scale.name == "standard"
    averages = standard and mapped is not None and mapped.arrays
    more = ", Mapping" if data.source.name == "python" else ""
    more += ", Sequence" if data.scaled_by_series else ""
    views = "from numpy.lib.stride_tricks import sliding_window_view"
    return (
        *(f"import {name}" for name in sorted(plain)),
        f"from collections.abc import {'Iterable, ' if averages else ''}Iterator{more}",
        f"from dataclasses import dataclass{', replace' if data.streams or replaces else ''}",
        *table.dates,
        *(["from difflib import get_close_matches"] if guesses else []),
        *(["from functools import cached_property"] if ragged else []),
        *([f"from itertools import {', '.join(iterating)}"] if iterating else []),
        "from pathlib import Path",
        *(mapped.imports if mapped else ()),
        *(table.imports if data.tabular else ()),
        *(["from typing import Any"] if ragged else []),
        *(["from uuid import uuid4"] if mapped and mapped.kept else []),
        "",
        "import numpy as np",
        *table.packages,
        *([views] if data.windows is not None else []),
    )
