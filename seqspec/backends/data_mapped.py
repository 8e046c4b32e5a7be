"""The plan of tables that are too large for memory: kept in files, read a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.ir.task import Data

#: rows that are worked on at a time
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class MappedPlan:
    """The template's values; see ``templates/_shared/data/read_mapped.j2``.

    ``policy`` is what a converted table depends on besides its columns, ``code`` the functions that
    decide what is in it; ``refined`` says in words what is done to it.
    """

    constants: tuple[str, ...]
    imports: tuple[str, ...]
    modules: tuple[str, ...]
    policy: str
    code: str
    fills: bool
    refines: bool
    refined: str
    deviates: bool


def plan_mapped(data: Data, feeds: Feeds) -> MappedPlan | None:
    """Decides how a table is kept in files; None if it is read into memory."""
    if data.memory == "whole":
        return None
    fills, bounds = data.missing == "forward_fill", bool(feeds.bounds())
    said = [*(["gaps filled"] if fills else []), *(["ids checked"] if bounds else [])]
    deviates = data.scale is not None and data.scale.name == "standard"
    return MappedPlan(
        constants=(
            f"BLOCK = {_BLOCK:_}  # rows that are worked on at a time",
            "STAMP = 64  # bytes in front of a file of numbers that tell what it was made from",
        ),
        imports=("from tempfile import TemporaryFile",),
        modules=("hashlib", "inspect", "os", *(["math"] if deviates else [])),
        policy=f'"{data.missing}", {"BOUNDS" if bounds else "()"}',
        code=_code(data, fills=fills, bounds=bounds),
        fills=fills,
        refines=bool(said),
        refined=" and ".join(said),
        deviates=deviates,
    )


def _code(data: Data, *, fills: bool, bounds: bool) -> str:
    """The functions of a program by whose lines the numbers of a converted table are decided."""
    reading = ["blocks", "numbers"] if data.source.name == "parquet" else ["rows_of", "number"]
    refining = [*(["filled"] if fills else []), *(["ids"] if bounds else [])]
    return f"({', '.join([*reading, *(['refined'] if refining else []), *refining])})"


def rows_on_disk(feed: Feed, columns: str) -> str:
    """The expression for the rows of a feed, [rows, ...], out of mapped columns."""
    names = feed.constant if feed.stacked else f"({feed.key},)"
    arguments = [columns, names]
    arguments += ["scaling"] if feed.scaled else []
    arguments += ["dtype=np.int64"] if feed.is_ids else []
    return f"on_disk({', '.join(arguments)}){'' if feed.stacked else '[:, 0]'}"
