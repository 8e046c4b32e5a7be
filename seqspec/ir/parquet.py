"""The columns of a parquet file, out of its footer: checking a spec takes no package for it.

The footer is a struct in Thrift's compact protocol. Of its fields only the schema is looked at, and
of that names and how many columns stand below each: all else is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

_MAGIC = b"PAR1"
_LARGEST_FOOTER = 64_000_000
# Kinds of values in the compact protocol.
_BOOLEANS, _BYTE, _INTEGERS, _DOUBLE, _BINARY = (1, 2), 3, (4, 5, 6), 7, 8
_LIST, _SET, _MAP, _STRUCT = 9, 10, 11, 12
# Fields: FileMetaData.schema; SchemaElement.name and .num_children.
_SCHEMA, _NAME, _CHILDREN = 2, 4, 5
_DEEPEST = 32


def columns(file: IO[bytes]) -> tuple[str, ...]:
    """The names of the columns. Raises ``ValueError`` for what is no parquet file."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 8))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if size < 12 or tail[4:] != _MAGIC or not 0 < length <= min(size - 12, _LARGEST_FOOTER):
        raise ValueError("it is not a parquet file")
    file.seek(size - 8 - length)
    footer = _Compact(file.read(length))
    try:
        elements = footer.schema()
    except (IndexError, UnicodeDecodeError, RecursionError):
        raise ValueError("its footer is damaged") from None
    return tuple(_below_root(elements))


def _below_root(elements: list[tuple[str, int]]) -> Iterator[str]:
    """The top columns: the schema lists a tree, each element before what is below it."""
    skip = 0
    for name, children in elements[1:]:
        if skip:
            skip += children - 1
        else:
            yield name
            skip = children


class _Compact:
    """Bytes in Thrift's compact protocol, read from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def schema(self) -> list[tuple[str, int]]:
        """The schema, which the outer struct holds, as names and numbers of children."""
        for field, kind in self._fields():
            if field == _SCHEMA and kind == _LIST:
                count, _ = self._list_head()
                return [self._element() for _ in range(count)]
            self._pass_over(kind, 0)
        return []

    def _element(self) -> tuple[str, int]:
        name, children = "", 0
        for field, kind in self._fields():
            if field == _NAME and kind == _BINARY:
                length = self._varint()
                name = self._take(length).decode("utf-8")
            elif field == _CHILDREN and kind in _INTEGERS:
                number = self._varint()
                children = (number >> 1) ^ -(number & 1)
            else:
                self._pass_over(kind, 0)
        return name, children

    def _fields(self) -> Iterator[tuple[int, int]]:
        """The number and kind of each field of a struct, whose value is to be read in between."""
        field = 0
        while head := self._byte():
            step = head >> 4
            if step:
                field += step
            else:
                number = self._varint()
                field = (number >> 1) ^ -(number & 1)
            yield field, head & 15

    def _pass_over(self, kind: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise IndexError
        if kind in _INTEGERS:
            self._varint()
        elif kind in (_BYTE, _DOUBLE):
            self._take(1 if kind == _BYTE else 8)
        elif kind == _BINARY:
            self._take(self._varint())
        elif kind in (_LIST, _SET):
            count, inner = self._list_head()
            for _ in range(count):
                self._pass_item(inner, depth + 1)
        elif kind == _MAP:
            count = self._varint()
            kinds = self._byte() if count else 0
            for _ in range(count):
                self._pass_item(kinds >> 4, depth + 1)
                self._pass_item(kinds & 15, depth + 1)
        elif kind == _STRUCT:
            for _, inner in self._fields():
                self._pass_over(inner, depth + 1)
        elif kind not in _BOOLEANS:
            raise IndexError

    def _pass_item(self, kind: int, depth: int) -> None:
        """An item of a collection: there, unlike in a struct, a boolean takes a byte."""
        if kind in _BOOLEANS:
            self._take(1)
        else:
            self._pass_over(kind, depth)

    def _list_head(self) -> tuple[int, int]:
        head = self._byte()
        count = head >> 4
        return (self._varint() if count == 15 else count), head & 15

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > 63:
                raise IndexError

    def _byte(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte

    def _take(self, length: int) -> bytes:
        if self._at + length > len(self._data):
            raise IndexError
        self._at += length
        return self._data[self._at - length : self._at]
