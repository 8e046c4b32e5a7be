"""What the header of a data file says, read without numpy and without the data."""

from __future__ import annotations

import ast
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from seqspec.ir import parquet
from seqspec.vocabulary.spec import Setting

#: in bytes; a text without line breaks is not taken for one line
LONGEST_LINE = 1_000_000


@dataclass(frozen=True, slots=True)
class Array:
    """An array in a file: its element kind (numpy's: f, i, u, b …) and shape."""

    kind: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a file's header could not be read."""

    reason: str


def source_path(source: Setting) -> str:
    """The file that a reader reads, relative to the spec; a module's is that of its text."""
    if "function" in source.args:
        return str(source.args["function"]).partition(":")[0].replace(".", "/") + ".py"
    return str(source.args["path"])


def columns(path: Path, delimiter: str | None) -> tuple[str, ...] | Unreadable:
    """The column names of a csv file, its first row; of a parquet file without a delimiter."""
    try:
        if delimiter is None:
            with path.open("rb") as file:
                return parquet.columns(file)
        with path.open(encoding="utf-8-sig", newline="") as file:
            row = next(csv.reader(file, delimiter=delimiter), None)
    except (OSError, ValueError, csv.Error) as error:
        return Unreadable(_reason(error))
    if not row:
        return Unreadable("it is empty")
    return tuple(name.strip() for name in row)


def fields(path: Path, separator: str | None) -> int | Unreadable:
    """How many fields the first line of a text file has; between blanks without a separator."""
    try:
        with path.open("rb") as file:
            line = file.readline(LONGEST_LINE).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return Unreadable(_reason(error))
    if not line.strip():
        return Unreadable("its first line is empty")
    return len(line.rstrip("\r\n").split(separator))


def vectors(path: Path) -> int | Unreadable:
    """How many numbers stand behind each word of a text file of vectors, by its first lines.

    The first one of word2vec's holds how many there are, words and numbers; others begin at once.
    """
    try:
        with path.open("rb") as file:
            lines = [file.readline(LONGEST_LINE).decode("utf-8-sig") for _ in range(2)]
    except (OSError, UnicodeDecodeError) as error:
        return Unreadable(_reason(error))
    counts, first = (line.split() for line in lines)
    if len(counts) == 2 and all(map(str.isdecimal, counts)):
        counts = first
    try:
        return len([float(number) for number in counts[1:]]) or Unreadable("it holds no vectors")
    except ValueError:
        return Unreadable("its lines are no words with numbers behind them")


def arrays(path: Path, reader: str) -> Mapping[str, Array] | Unreadable:
    """The arrays of an npz file by name; of an npy file the only one, named ``""``."""
    import zipfile  # here, since most specs have no such file and every check would pay for it

    try:
        if reader == "npy":
            with path.open("rb") as file:
                return {"": _npy_header(file)}
        with zipfile.ZipFile(path) as archive:
            return {
                name.removesuffix(".npy"): _npy_header(member)
                for name in archive.namelist()
                if name.endswith(".npy")
                for member in [archive.open(name)]
            }
    except (OSError, zipfile.BadZipFile, ValueError, SyntaxError, KeyError, TypeError) as error:
        return Unreadable(_reason(error))


def _npy_header(file: IO[bytes]) -> Array:
    """The header of the npy format, version 1 to 3 (numpy.lib.format)."""
    magic = file.read(8)
    if magic[:6] != b"\x93NUMPY":
        raise ValueError("it is not a numpy file")
    width = 2 if magic[6] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    if length > 1_000_000:
        raise ValueError("its header is damaged")
    # A literal, by the format's definition: literal_eval builds data, it runs nothing.
    header = ast.literal_eval(file.read(length).decode("utf-8" if magic[6] == 3 else "latin1"))
    kind = str(header["descr"]).lstrip("<>=|")[:1]
    shape = tuple(header["shape"])
    if not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError("its header is damaged")
    return Array(kind, shape)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
