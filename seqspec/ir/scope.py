"""The names that one model's body can see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seqspec.ir.items import Item
from seqspec.ir.params import Params
from seqspec.shapes.dim import Dim
from seqspec.source import Span


@dataclass(slots=True)
class Binding:
    item: Item
    span: Span
    used: bool = False


class Scope:
    """Names in the order they are looked up: bindings, settings, params, dimensions."""

    def __init__(
        self, settings: Mapping[str, object], params: Params, dims: dict[str, Dim]
    ) -> None:
        self.bindings: dict[str, Binding] = {}
        self._settings = settings
        self._params = params
        self.dims = dims
        self.sizes_used: set[str] = set()

    def look(self, name: str) -> object:
        """What a name stands for; None if nothing is called so."""
        found = self.bindings.get(name)
        if found is not None:
            found.used = True
            return found.item
        if name in self._settings:
            return self._settings[name]
        if name in self._params.peek():
            return self._params[name]
        if name in self.dims:
            self.sizes_used.add(name)
        return self.dims.get(name)

    def has(self, name: str) -> bool:
        return name in self.names()

    def names(self) -> Iterator[str]:
        yield from self.bindings
        yield from self._settings
        yield from self._params.peek()
        yield from self.dims

    @property
    def known(self) -> dict[str, object]:
        """All constants and sizes, for suggestions."""
        return {**self.dims, **self._params.peek(), **self._settings}
