"""Why a layer is slower than its kind can be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slow:
    """Which arguments keep a layer from the fused kernels, and what that costs."""

    why: str
    cost: str
