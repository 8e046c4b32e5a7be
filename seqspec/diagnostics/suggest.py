"""Nearest names: the "did you mean" of messages."""

from __future__ import annotations

from collections.abc import Iterable


def _distance(a: str, b: str) -> int:
    """Edit distance with transpositions (optimal string alignment)."""
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        before, previous = previous, current
    return previous[-1]


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant, or None if none is near.

    Case and underscores do not count, so that ``LSTM`` finds ``lstm`` and ``BatchNorm`` finds
    ``batch_norm``.
    """
    plain = _plain(name)
    best: str | None = None
    least = max(2, len(plain) // 3) if len(plain) > 2 else 1
    for candidate in candidates:
        distance = _distance(plain, _plain(candidate))
        near = distance < least or (distance == least and best is None)
        if near and distance < len(plain):
            best, least = candidate, distance
    return best


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A help line, or nothing."""
    found = nearest(name, candidates)
    return f"did you mean `{found}`?" if found else ""
