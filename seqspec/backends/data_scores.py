"""The plan of the end of ``data.py``: scores in original units, and predictions as files."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed
from seqspec.backends.python_text import Code, Group, literal, statement
from seqspec.ir.task import Training
from seqspec.shapes.dim import Shape

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
    "mape": "float(100 * np.mean(np.abs(error) / np.maximum(np.abs(target), 1e-7)))",
}


@dataclass(frozen=True, slots=True)
class ScorePlan:
    """The template's values; see ``templates/_shared/data/score.j2``."""

    doc: str
    lines: tuple[str, ...]
    entries: tuple[str, ...]
    write_doc: str
    npy_words: str
    classes: bool
    ragged: bool
    prediction: str
    parameter: str
    argument: str
    header: tuple[str, ...]
    header_note: str
    values: str
    field: str


def plan_scores(training: Training, target: Feed, *, origin: bool = False) -> ScorePlan:
    """Decides what is scored and how predictions are written, with their ``origin`` in front."""
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
    one_hot = kind == "one_hot"
    axes = target.shape[1:-1] if one_hot else target.shape[1:]
    if target.ragged:
        axes = axes[1:]
    values = "values" if classes else "prediction.values" if target.ragged else "prediction"
    header, note = _header("class" if one_hot else "", target, axes, values)
    unit = "step" if target.ragged else "sample"
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
            f"Writes a csv file with the most likely class of each {unit}."
            if classes
            else f"Writes a csv file with one line for each {unit}."
        ),
        npy_words="a padded array of all"
        if target.ragged
        else "all scores as an array"
        if classes
        else "the bare array",
        classes=classes,
        ragged=target.ragged,
        prediction="Ragged" if target.ragged else "np.ndarray",
        parameter="",
        argument="",
        header=tuple(_after_origin(header) if origin else header),
        header_note=note,
        values=values,
        field=Code("str(value)") if classes else Code('f"{value:.7g}"'),
    )


def _header(title: str, target: Feed, axes: Shape, values: str) -> tuple[list[str], str]:
    """The lines that yield the header, and what its docstring says of it.

    ``axes`` are those of one sample's values; ``title`` stands for the target's own name.
    """
    long = [axis for axis, dim in enumerate(axes, start=1) if dim.value != 1]
    if target.stacked and not title:
        if len(axes) == 1 or 1 not in long:
            return ["yield list(TARGET_COLUMNS)"], ""
        steps = f"for step in range({values}.shape[1]) for name in TARGET_COLUMNS"
        return [f'yield [f"{{name}}_{{step + 1}}" {steps}]'], _COUNTED
    name = literal(title) if title else "TARGET"
    if not long:
        return [f"yield [{_WHERE if target.ragged else ''}{name}]"], ""
    before: list[str] = []
    if len(long) == 1:
        text = f'f"{title}_{{place + 1}}"' if title else 'f"{TARGET}_{place + 1}"'
        titles, note = f"[{text} for place in range({values}.shape[{long[0]}])]", _COUNTED
    else:
        before = [f"places = np.ndindex({values}.shape[1:])"]
        titles = f'["_".join([{name}, *(str(at + 1) for at in place)]) for place in places]'
        note = f"{_COUNTED}, steps first"
    if target.ragged:
        return [*before, f"titles = {titles}", f"yield [{_WHERE}*titles]"], note
    return [*before, f"yield {titles}"], note


_WHERE = '"sample", "step", '


def _after_origin(header: list[str]) -> list[str]:
    """The same header behind the columns that tell where a prediction is from."""
    *before, line = header
    if line.startswith("yield list("):
        items = f"*{line[11:-1]}"
    else:
        items = line.removeprefix("yield [").removesuffix("]")
        items = f"*({items})" if " for " in items else items
    # Laid out where it will stand; the template indents it again.
    whole = statement("yield ", Group("[", (Code("*ORIGIN"), Code(items))), indent=4)
    return [*before, *(line[4:] for line in whole)]


_COUNTED = ", counted from 1"
