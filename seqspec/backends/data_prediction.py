"""The plan of what ``data.py`` reads to predict from: inputs without a target."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feeds
from seqspec.backends.data_mapped import rows_on_disk
from seqspec.backends.data_series import SeriesPlan, input_rows
from seqspec.backends.python_text import Code, Expr, Group, assign, statement
from seqspec.ir.task import Data


@dataclass(frozen=True, slots=True)
class PredictionPlan:
    """The body of ``inputs_for_prediction`` and the type of what it gives."""

    lines: tuple[str, ...]
    type: str


def plan_prediction(data: Data, feeds: Feeds, series: SeriesPlan, names: str) -> PredictionPlan:
    """Decides how inputs are read without a target; ``names`` is the constant that lists them."""
    holder = "columns" if data.tabular else "arrays"
    lines = [f"{holder} = read(path, {names})"]
    if data.missing == "interpolate":
        lines.append(f"{holder} = interpolate({holder}, path)")
    after = any(feed.stands == "ahead" for feed in feeds.inputs)
    needed = f"STEPS + {feeds.ahead_rows}" if after else "STEPS"
    if series.cuts:
        lines += [
            f"check_lengths(columns[SERIES], {needed}, str(path))",
            f"first = starts(columns[SERIES], {needed})",
        ]
    elif feeds.windowed:
        lines += [
            f"rows = len(next(iter({holder}.values())))",
            f"if rows < {needed}:",
            f'    raise DataError(f"{{path}} has {{rows}} rows; a window takes {{{needed}}}")',
        ]
    mapped = data.memory == "map"
    if any(feed.scaled for feed in feeds.inputs) and not mapped:
        lines.append(f"scaled = scaling.apply({holder})")
    arrays: list[Expr] = []
    for feed in feeds.inputs:
        values = feed.rows(holder, "scaled")
        if mapped:
            values = rows_on_disk(feed, holder, tabular=data.tabular)
        if series.cuts:
            arrays.append(input_rows(feed, values, feeds.ahead_rows))
        elif feed.stands == "ahead":
            arrays.append(Code(f"windows({values}[STEPS:], {feeds.ahead_rows})"))
        else:
            rows = f"{values}[:-{feeds.ahead_rows}]" if after else values
            rows = f"windows({rows}, STEPS)" if feeds.windowed else feed.shifted(values)
            arrays.append(Code(rows))
    inputs = Group("(", tuple(arrays))
    if series.arranged:
        # Laid out where it will stand; the template indents it again.
        lines += [line[4:] for line in assign("inputs", inputs, indent=4)]
        until = f"rows - {feeds.ahead_rows}" if after else "rows"
        lines.append(f"return inputs, origins(columns, {_last_rows(feeds, series, until)})")
    else:
        lines += returned(inputs)
    return PredictionPlan(tuple(lines), _type(series))


def returned(expr: Expr) -> list[str]:
    """A return statement, laid out where it will stand; the template indents it again."""
    return [line[4:] for line in statement("return ", expr, indent=4)]


def _type(series: SeriesPlan) -> str:
    inputs = "Inputs" if series.cuts else "tuple[np.ndarray, ...]"
    return f"tuple[{inputs}, Origins]" if series.arranged else inputs


def _last_rows(feeds: Feeds, series: SeriesPlan, until: str) -> str:
    """The rows that name predictions: the last one of each window, or every one."""
    if series.cuts:
        return "first + STEPS - 1"
    return f"np.arange(STEPS - 1, {until})" if feeds.windowed else "np.arange(len(columns[ROW]))"
