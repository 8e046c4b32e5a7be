"""The records of a training: one an epoch, as the program wrote them to ``metrics.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

Record = dict[str, Any]


def read(path: Path) -> list[Record]:
    """The records of a file; none if there is no file. A line cut short ends them."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    records: list[Record] = []
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            break
        if isinstance(record, dict):
            records.append(cast("Record", record))
    return records


def decisive(record: Record) -> float:
    """The loss that decides which epoch is best: validation's where there is one."""
    loss = float(record.get("val_loss", record.get("loss", float("nan"))))
    return loss if loss == loss else float("inf")


def best(records: Sequence[Record]) -> Record | None:
    """The record with the lowest decisive loss, the first of equals."""
    return min(records, key=decisive, default=None)
