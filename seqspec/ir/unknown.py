"""What was probably meant by a name that nothing has."""

from __future__ import annotations

from collections.abc import Iterable

from seqspec.diagnostics.suggest import nearest
from seqspec.vocabulary import ENTRIES, LAYERS


def meant(name: str, candidates: Iterable[str], *, layer: bool) -> tuple[str, str]:
    """A help line, and the text to write instead (empty if there is none).

    ``candidates`` are names of the file; ``layer`` says that only layers and models were meant.
    """
    if name in ENTRIES["activation"] and not layer:
        return f"an activation is applied by a layer: `activation({name})`", f"activation({name})"
    if name == "return":
        return "the last line of a body is what it gives, without `return`", ""
    aliases = {alias: spec.name for spec in LAYERS.values() for alias in spec.aliases}
    aliases |= {alias.lower(): found for alias, found in aliases.items()}
    found = aliases.get(name) or aliases.get(name.lower()) or nearest(name, [*LAYERS, *candidates])
    if found:
        return f"did you mean `{found}`?", found
    return ("`seqspec layers` lists all layers" if layer else ""), ""
