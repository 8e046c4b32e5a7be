"""The plan of data that is too large for memory: kept in files, read a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.ir.task import Data

#: rows of a table, or numbers of an array, that are worked on at a time
_BLOCK = {True: 65_536, False: 4_194_304}
_STAMP = "STAMP = 64  # bytes in front of a file of numbers that tell what it was made from"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of numbers that is made once; see ``templates/_shared/data/kept.j2``.

    It is made of a ``source``. ``parameter`` names what of it, if not all, with its ``type`` and
    ``what`` that is. Its name depends on that, on ``policy`` and on the lines of ``makers``, which
    decide what is in it.
    """

    source: str
    makers: tuple[str, ...]
    parameter: str = ""
    type: str = ""
    what: str = ""
    policy: str = ""

    @property
    def argument(self) -> str:
        """What is given besides the path."""
        return f", {self.parameter}" if self.parameter else ""

    @property
    def declared(self) -> str:
        """The same where it is declared."""
        return f"{self.argument}: {self.type}" if self.parameter else ""

    @property
    def told(self) -> str:
        """What the name tells, in words."""
        return f"{self.what} and " if self.parameter else ""

    @property
    def key_lines(self) -> tuple[str, ...]:
        """The statements that make the key."""
        if len(self.makers) == 1:
            code = f"code = inspect.getsource({self.makers[0]})"
            return code, f"key = repr(({self.parameter}{self.policy}, code))"
        code = '"".join(inspect.getsource(part) for part in makers)'
        makers = f"makers = ({', '.join(self.makers)})"
        if not self.parameter:
            return makers, f"key = {code}"
        return makers, f"code = {code}", f"key = repr(({self.parameter}{self.policy}, code))"


@dataclass(frozen=True, slots=True)
class MappedPlan:
    """The template's values; see ``templates/_shared/data/read_mapped.j2``.

    ``arrays`` tells arrays from a table, ``kept`` what is made of the file, if anything.
    ``refined`` says in words what is done to a table, ``gathers`` that rows of a part are drawn.
    """

    constants: tuple[str, ...]
    imports: tuple[str, ...]
    modules: tuple[str, ...]
    arrays: bool
    kept: Kept | None
    fills: bool
    refines: bool
    refined: str
    deviates: bool
    gathers: bool = False


@dataclass(frozen=True, slots=True)
class MappedText:
    """The same of one long text; see ``templates/_shared/data/read_long_text.j2``.

    ``whole_words`` says that its pieces end between words.
    """

    constants: tuple[str, ...]
    imports: tuple[str, ...]
    modules: tuple[str, ...]
    kept: Kept
    whole_words: bool


def plan_mapped_text(data: Data) -> MappedText | None:
    """Decides how one long text is kept in files; None if it is read into memory."""
    if data.memory == "whole" or data.tokens is None:
        return None
    standard = data.tokens.args["standardize"]
    # A small letter may depend on its neighbours: Greek has another sigma at the end of a word.
    whole = data.tokens.name == "words" or "lower" in standard
    makers = ("convert", "pieces", "cut", *([] if standard == "none" else ["standard"]))
    return MappedText(
        constants=(
            "BLOCK = 1_048_576  # characters or ids that are worked on at a time",
            "STAMP = 64  # bytes in front of a file of ids that tell what it was made from",
        ),
        imports=("from tempfile import TemporaryFile", "from typing import TextIO"),
        modules=("hashlib", "inspect", "os"),
        kept=Kept("the text", makers),
        whole_words=whole,
    )


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
        kept=Kept("the archive", ("convert",), "name", "str", "which array it is")
        if converts
        else None,
        fills=False,
        refines=False,
        refined="",
        deviates=False,
        gathers=bool(data.split.entry.facts["drawn"] or data.apart),
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
        kept=Kept(
            "the table",
            _makers(data, fills=fills, bounds=bounds),
            "names",
            "tuple[str, ...]",
            "which columns there are",
            _policy(data, bounds=bounds),
        ),
        fills=fills,
        refines=bool(said),
        refined=" and ".join(said),
        deviates=deviates,
    )


def _policy(data: Data, *, bounds: bool) -> str:
    """What a converted table depends on besides its columns and the lines that read it."""
    missing = [] if data.source.name == "parquet" else ["sorted(MISSING)"]
    return "".join(f", {of}" for of in (f'"{data.missing}"', *missing, *(["BOUNDS"] * bounds)))


def _makers(data: Data, *, fills: bool, bounds: bool) -> tuple[str, ...]:
    """The functions of a program by whose lines the numbers of a converted table are decided."""
    parquet, text = ["numbers"], ["rows_of", "numbered_lines", "number"]
    reading = ["blocks", "find", *(parquet if data.source.name == "parquet" else text)]
    refining = [*(["filled"] if fills else []), *(["ids"] if bounds else [])]
    return (*reading, *(["refined"] if refining else []), *refining)


def rows_on_disk(feed: Feed, columns: str, *, tabular: bool) -> str:
    """The expression for the rows of a feed, [rows, ...], out of mapped columns or arrays."""
    one = f"({feed.key},)" if tabular else str(feed.key)
    arguments = [columns, feed.constant if feed.stacked else one]
    arguments += ["scaling"] if feed.scaled else []
    arguments += ["dtype=np.int64"] if feed.is_ids else []
    return f"on_disk({', '.join(arguments)}){'[:, 0]' if tabular and not feed.stacked else ''}"
