"""The plan of how ``data.py`` reads a table: csv without any package, parquet with pyarrow."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_series import SeriesPlan
from seqspec.backends.python_text import literal
from seqspec.ir.task import Data


@dataclass(frozen=True, slots=True)
class TablePlan:
    """The template's values; see ``templates/_shared/data/read_csv.j2`` and ``read_parquet.j2``.

    ``imports`` and ``dates`` are of the standard library, ``packages`` of others. ``below`` is what
    messages say behind the number of a row; ``wanted`` are the columns that are read, ``told``
    whether some only tell rows apart.
    """

    parquet: bool
    kind: str
    imports: tuple[str, ...]
    dates: tuple[str, ...]
    packages: tuple[str, ...]
    constants: tuple[str, ...]
    delimiter: str
    below: str
    wanted: str
    told: bool


def plan_table(data: Data, series: SeriesPlan) -> TablePlan:
    """Decides how the table of a data section is read."""
    parquet = data.source.name == "parquet"
    constants = ["LARGEST = float(np.finfo(np.float32).max)  # arrays end as float32"]
    if not parquet:
        missing = 'MISSING = {"", "na", "nan", "null"}  # what a field without a value says'
        constants.insert(0, missing)
    delimiter = data.source.args.get("delimiter", ",")
    told = [*(["*LABELS"] if series.labels else []), *(["ORDER"] if series.ordered else [])]
    return TablePlan(
        parquet=parquet,
        kind=data.source.name,
        dates=("from datetime import UTC, datetime",) if series.ordered and not parquet else (),
        imports=() if parquet else ("from typing import TextIO",),
        packages=("import pyarrow as pa", "import pyarrow.parquet as pq") if parquet else (),
        constants=tuple(constants) if data.tabular else (),
        delimiter="" if delimiter == "," else f"delimiter={literal(delimiter)}, ",
        below="" if parquet else " below the header",
        wanted=f"(*names, {', '.join(told)})" if told else "names",
        told=bool(told),
    )
