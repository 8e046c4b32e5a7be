"""The loss curve and a forecast as pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqspec.running.errors import RunError, reason
from seqspec.running.history import Record, best, decisive

_INK = "#30343b"
_FAINT = "#8a919c"
_TRAIN = "#3b6fb6"
_VALIDATION = "#d9772b"
_LOG_FROM = 20.0  # the ratio of the largest to the smallest loss from which a log scale helps


def draw(records: Sequence[Record], path: Path, title: str, loss: str, note: str = "") -> bool:
    """Draws training and validation loss over the epochs into a PNG file, at once.

    ``loss`` names the loss on the axis; ``note`` stands under the title. Gives ``False`` without
    a picture if there is nothing to draw.
    """
    train = [float(r["loss"]) for r in records if "loss" in r]
    if not train:
        return False
    validation = [float(r["val_loss"]) for r in records if "val_loss" in r]
    figure, axes = _figure()
    epochs = [int(r.get("epoch", i)) for i, r in enumerate(records, 1)]
    _curve(axes, epochs, train, "training", _TRAIN)
    if len(validation) == len(epochs):
        _curve(axes, epochs, validation, "validation", _VALIDATION)
    if len(epochs) == 1:
        axes.set_xlim(epochs[0] - 1, epochs[0] + 1)
    if _wide([*train, *validation]):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
    _mark_best(axes, records, _VALIDATION if validation else _TRAIN)
    _decorate(axes, title, loss, note)
    _save(figure, path)
    return True


@dataclass(frozen=True, slots=True)
class Panel:
    """One column: what was known, what came, and what each method said would come."""

    column: str
    before: Sequence[float]
    truth: Sequence[float]
    forecasts: Mapping[str, Sequence[float]]


#: columns that are drawn at most; all are in the table
_PANELS = 4
_METHODS = (_VALIDATION, _FAINT, "#b9bec6")


def draw_forecast(panels: Sequence[Panel], path: Path, title: str, note: str) -> None:
    """Draws forecasts against the truth into a PNG file, one above the other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = panels[:_PANELS]
    figure = Figure(figsize=(7.2, 1.6 + 2.4 * len(panels)), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    for place, panel in enumerate(panels):
        axes: Any = figure.add_subplot(len(panels), 1, place + 1)
        known = len(panel.before)
        steps = range(1 - known, len(panel.truth) + 1)
        axes.plot(steps, [*panel.before, *panel.truth], color=_INK, linewidth=1.4, label="truth")
        for (name, values), colour in zip(panel.forecasts.items(), _METHODS, strict=False):
            style = "-" if name == "model" else (0, (4, 3))
            ahead = range(1, len(values) + 1)
            axes.plot(ahead, values, color=colour, linewidth=1.8, linestyle=style, label=name)
        axes.axvline(0.5, color=_FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        _decorate(axes, title if not place else "", panel.column, note if not place else "")
        axes.set_xlabel("steps ahead" if place == len(panels) - 1 else "")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    draft = path.with_name(f".{path.name}.new")
    try:
        figure.savefig(draft, format="png", dpi=150)
        os.replace(draft, path)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {reason(error)}") from error


def _figure() -> tuple[Any, Any]:
    # The object-oriented interface: no display is looked for and nothing global is left behind.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.2), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _curve(axes: Any, epochs: list[int], losses: list[float], name: str, colour: str) -> None:
    dots = "o" if len(epochs) <= 30 else ""
    axes.plot(epochs, losses, color=colour, linewidth=1.8, marker=dots, markersize=3.5, label=name)


def _wide(losses: list[float]) -> bool:
    finite = [x for x in losses if 0 < x < float("inf")]
    return len(finite) == len(losses) and max(finite) > _LOG_FROM * min(finite)


def _mark_best(axes: Any, records: Sequence[Record], colour: str) -> None:
    record = best(records)
    if record is None or len(records) < 2 or decisive(record) == float("inf"):
        return
    epoch, loss = int(record.get("epoch", 0)), decisive(record)
    axes.axvline(epoch, color=_FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.plot(
        [epoch],
        [loss],
        marker="o",
        markersize=8,
        markerfacecolor="white",
        markeredgecolor=colour,
        markeredgewidth=2,
        linestyle="none",
        label=f"best: {loss:.4g} at epoch {epoch}",
    )


def _decorate(axes: Any, title: str, loss: str, note: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(
        title, loc="left", color=_INK, fontsize=12, fontweight="bold", pad=22 if note else 10
    )
    if note:
        axes.annotate(
            note,
            (0, 1),
            xytext=(0, 7),
            xycoords="axes fraction",
            textcoords="offset points",
            color=_FAINT,
            fontsize=9,
            parse_math=False,
        )
    axes.set_xlabel("epoch", color=_INK)
    axes.set_ylabel(loss, color=_INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_FAINT)
    axes.legend(frameon=False, labelcolor=_INK, fontsize=9.5)
