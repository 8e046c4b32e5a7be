"""Few rows that hold every pair of values of every two arguments."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations, product

Row = dict[str, Hashable]


def cover(
    values: Mapping[str, Sequence[Hashable]], alone: Mapping[str, Sequence[Hashable]] | None = None
) -> list[Row]:
    """Rows in which each two of ``values`` meet; those of ``alone`` appear at least once each.

    The rows are the same on every run. Values of ``alone`` take the place of one of their
    argument's own values in rows of their own, while the other arguments go round.
    """
    rows = list(_cover(values))
    taken: dict[str, int] = dict.fromkeys(values, 0)
    extra = {name: list(items) for name, items in (alone or {}).items() if items}
    while any(extra.values()):
        row: Row = {}
        for name, own in values.items():
            if extra.get(name):
                row[name] = extra[name].pop()
            else:
                row[name] = own[taken[name] % len(own)]
                taken[name] += 1
        rows.append(row)
    return rows


def _cover(values: Mapping[str, Sequence[Hashable]]) -> Iterator[Row]:
    if len(values) < 2:
        for alone in product(*values.values()):
            yield dict(zip(values, alone, strict=True))
        return
    missing = dict.fromkeys(
        frozenset(((a, x), (b, y)))
        for a, b in combinations(values, 2)
        for x, y in product(values[a], values[b])
    )
    while missing:
        row: Row = dict(sorted(next(iter(missing))))
        for name, own in values.items():
            if name not in row:
                gains = [
                    sum(frozenset(((name, v), other)) in missing for other in row.items())
                    for v in own
                ]
                row[name] = own[gains.index(max(gains))]
        row = {name: row[name] for name in values}
        for pair in combinations(row.items(), 2):
            missing.pop(frozenset(pair), None)
        yield row
