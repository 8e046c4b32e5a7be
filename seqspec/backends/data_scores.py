"""The plan of the end of ``data.py``: scores in original units, and predictions as files."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed
from seqspec.backends.python_text import Code, Group, flat, literal
from seqspec.ir.task import Training

#: What is scored without being asked for, by a loss's kind of target.
_ALWAYS = {
    "same": ("rmse", "mae"),
    "class_ids": ("accuracy",),
    "one_hot": ("accuracy",),
    "binary": ("accuracy",),
}
_HITS = {
    "class_ids": "prediction.argmax(axis=-1) == target",
    "one_hot": "prediction.argmax(axis=-1) == target.argmax(axis=-1)",
}
_ERRORS = {
    "mse": "float(np.mean(error**2))",
    "rmse": "float(np.sqrt(np.mean(error**2)))",
    "mae": "float(np.mean(np.abs(error)))",
}


@dataclass(frozen=True, slots=True)
class ScorePlan:
    """The template's values; see ``templates/_shared/data/score.j2``."""

    doc: str
    lines: tuple[str, ...]
    entries: tuple[str, ...]
    write_doc: str
    npy_words: str
    names: str
    classes: bool
    field: str


def plan_scores(training: Training, target: Feed) -> ScorePlan:
    """Decides what is scored and how predictions are written."""
    kind: str = training.loss.entry.facts["target"]
    metrics = dict.fromkeys((*(metric.name for metric in training.metrics), *_ALWAYS[kind]))
    classes = kind in ("class_ids", "one_hot")
    if kind == "same":
        lines = ["error = prediction.astype(np.float64) - target"]
    elif kind == "binary":
        # Logits are on the side of "yes" above zero, probabilities above one half.
        border = "0" if training.from_logits else "0.5"
        lines = [f"hits = (prediction > {border}) == (target > 0.5)"]
    else:
        lines = [f"hits = {_HITS[kind]}"]
    names = ("class",) if kind == "one_hot" else target.names
    constant = target.constant if names == target.names else ""
    return ScorePlan(
        doc=(
            "Metrics over all samples, in original units if both arrays are."
            if target.scaled
            else "Metrics over all samples."
        ),
        lines=tuple(lines),
        entries=tuple(
            f"{literal(name)}: {_ERRORS.get(name, 'float(np.mean(hits))')}," for name in metrics
        ),
        write_doc=(
            "Writes a csv file with the most likely class of each sample."
            if classes
            else "Writes a csv file with one line for each sample."
        ),
        npy_words="all scores as an array" if classes else "the bare array",
        names=constant or flat(Group("(", tuple(names))),
        classes=classes,
        field=Code("str(value)") if classes else Code('f"{value:.7g}"'),
    )
