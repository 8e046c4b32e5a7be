"""The plan of data that is too large for memory: kept in files, read a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.ir.task import Data

#: rows of a table, or numbers of an array, that are worked on at a time
_BLOCK = {True: 65_536, False: 4_194_304}
_STAMP = "STAMP = 64  # bytes in front of a file of numbers that tell what it was made from"


@dataclass(frozen=True, slots=True)
class MappedPlan:
    """The template's values; see ``templates/_shared/data/read_mapped.j2`` and ``kept.j2``.

    ``arrays`` tells arrays from a table. ``converts`` says that a file of numbers is made:
    ``given`` names what of the file is in it, ``policy`` is what it depends on besides, ``code``
    are the functions that decide what is in it. ``refined`` says in words what is done to a table,
    ``gathers`` that the rows of a part are drawn.
    """

    constants: tuple[str, ...]
    imports: tuple[str, ...]
    modules: tuple[str, ...]
    arrays: bool
    converts: bool
    given: str
    policy: str
    code: str
    fills: bool
    refines: bool
    refined: str
    deviates: bool
    gathers: bool = False


def plan_mapped(data: Data, feeds: Feeds) -> MappedPlan | None:
    """Decides how the rows of a file are kept in files; None if they are read into memory."""
    if data.memory == "whole" or data.texts:
        return None
    return _plan_table(data, feeds) if data.tabular else _plan_arrays(data)


def _plan_arrays(data: Data) -> MappedPlan:
    converts = data.source.name == "npz"
    note = f"BLOCK = {_BLOCK[False]:_}  # numbers that are worked on at a time"
    return MappedPlan(
        constants=(note, *([_STAMP] if converts else [])),
        imports=("from tempfile import TemporaryFile",),
        modules=("hashlib", "inspect", "os", "shutil") if converts else (),
        arrays=True,
        converts=converts,
        given="name",
        policy="",
        code="(convert,)",
        fills=False,
        refines=False,
        refined="",
        deviates=False,
        gathers=bool(data.split.entry.facts["drawn"]),
    )


def _plan_table(data: Data, feeds: Feeds) -> MappedPlan:
    fills, bounds = data.missing == "forward_fill", bool(feeds.bounds())
    said = [*(["gaps filled"] if fills else []), *(["ids checked"] if bounds else [])]
    deviates = data.scale is not None and data.scale.name == "standard"
    return MappedPlan(
        constants=(
            f"BLOCK = {_BLOCK[True]:_}  # rows that are worked on at a time",
            _STAMP,
        ),
        imports=("from tempfile import TemporaryFile",),
        modules=("hashlib", "inspect", "os", *(["math"] if deviates else [])),
        arrays=False,
        converts=True,
        given="names",
        policy=_policy(data, bounds=bounds),
        code=_code(data, fills=fills, bounds=bounds),
        fills=fills,
        refines=bool(said),
        refined=" and ".join(said),
        deviates=deviates,
    )


def _policy(data: Data, *, bounds: bool) -> str:
    """What a converted table depends on besides its columns and the lines that read it."""
    missing = [] if data.source.name == "parquet" else ["sorted(MISSING)"]
    return "".join(f", {of}" for of in (f'"{data.missing}"', *missing, *(["BOUNDS"] * bounds)))


def _code(data: Data, *, fills: bool, bounds: bool) -> str:
    """The functions of a program by whose lines the numbers of a converted table are decided."""
    parquet, text = ["numbers"], ["rows_of", "numbered_lines", "number"]
    reading = ["blocks", "find", *(parquet if data.source.name == "parquet" else text)]
    refining = [*(["filled"] if fills else []), *(["ids"] if bounds else [])]
    return f"({', '.join([*reading, *(['refined'] if refining else []), *refining])})"


def rows_on_disk(feed: Feed, columns: str, *, tabular: bool) -> str:
    """The expression for the rows of a feed, [rows, ...], out of mapped columns or arrays."""
    one = f"({feed.key},)" if tabular else str(feed.key)
    arguments = [columns, feed.constant if feed.stacked else one]
    arguments += ["scaling"] if feed.scaled else []
    arguments += ["dtype=np.int64"] if feed.is_ids else []
    return f"on_disk({', '.join(arguments)}){'[:, 0]' if tabular and not feed.stacked else ''}"
