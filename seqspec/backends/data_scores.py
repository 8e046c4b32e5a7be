"""The plan of the end of ``data.py``: scores in original units, and predictions as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from seqspec.backends.data_feeds import Feed
from seqspec.backends.data_held_out import OF_A_PART, VARIABLES, Compared, HeldOut
from seqspec.backends.data_naive import ERRORS
from seqspec.backends.data_part import unpacked
from seqspec.backends.python_text import Code, Group, Names, definition, literal, statement
from seqspec.ir.task import Term, Training
from seqspec.shapes.dim import Shape

#: What is scored without being asked for, by a loss's kind of target.
_ALWAYS = {
    "same": ("rmse", "mae"),
    "class_ids": ("accuracy",),
    "one_hot": ("accuracy",),
    "binary": ("accuracy",),
}
_ERRORS = {
    "mse": "float(np.mean({error}**2))",
    "rmse": "float(np.sqrt(np.mean({error}**2)))",
    "mae": "float(np.mean(np.abs({error})))",
    "mape": "float(100 * np.mean(np.abs({error}) / np.maximum(np.abs({target}), 1e-7)))",
}
_CLASSES = ("class_ids", "one_hot")
_LIKELY = ", of classes the most likely one"
_COUNTED = ", counted from 1"
_OWN = {name: name for name in VARIABLES}
_VOCABULARY = "vocabulary: Vocabulary"
_WHERE = '"sample", "step", '


@dataclass(frozen=True, slots=True)
class ScorePlan:
    """The template's values; see ``templates/_shared/data/score.j2``.

    ``unpack`` names the arrays of several outputs, where there are several; ``flatten`` are the
    lines that make classes of scores, by a function of its own where some are ``likely``.
    ``restores`` tells that sequences are put into original units.
    """

    head: tuple[str, ...]
    doc: str
    unpack: tuple[str, ...]
    lines: tuple[str, ...]
    entries: tuple[str, ...]
    write_doc: str
    npy_words: str
    flatten: tuple[str, ...]
    ragged: bool
    likely: bool
    restores: bool
    prediction: str
    parameter: str
    argument: str
    header: tuple[str, ...]
    header_note: str
    values: str
    field: str

    @property
    def replaces(self) -> bool:
        """Whether sequences are copied with other values."""
        return self.likely or self.restores

    @property
    def words(self) -> bool:
        """Whether of several outputs each has words of its own."""
        return bool(self.unpack) and bool(self.parameter)

    @property
    def writing_head(self) -> list[str]:
        """The head of the function that writes words of several outputs."""
        given = ["path: Path", f"predictions: {self.prediction}", _VOCABULARY]
        return definition("write_predictions", given, "None")

    @property
    def lines_head(self) -> list[str]:
        """The head of the function that tells the lines of these."""
        given = [f"predictions: {self.prediction}", _VOCABULARY]
        return definition("lines", given, "Iterator[list[str]]")

    @property
    def apart(self) -> bool:
        """Whether of several outputs some have steps of their own number."""
        return self.ragged and bool(self.unpack)


@dataclass(frozen=True, slots=True)
class _Scored:
    """An output with the names that the functions have for its arrays."""

    term: Term
    feed: Feed
    prediction: str
    target: str
    result: str
    prefix: str
    variables: Mapping[str, str]
    split_up: bool = False

    @property
    def classes(self) -> bool:
        return self.term.compares in _CLASSES


def plan_scores(training: Training, targets: Sequence[Feed], *, origin: bool = False) -> ScorePlan:
    """Decides what is scored and how predictions are written, with their ``origin`` in front."""
    if training.several:
        return _several(training, targets, origin=origin)
    feed = targets[0]
    only = _Scored(training.only, feed, "prediction", "target", _result(training.only), "", _OWN)
    only = replace(only, split_up=training.split_up)
    array = "prediction.values" if feed.ragged else "prediction"
    values = "values" if only.classes else array
    header, note = _header(only, values)
    unit = "step" if feed.ragged else "sample"
    return ScorePlan(
        head=tuple(_head(training)),
        doc=(
            "Metrics over all samples, in original units if both arrays are."
            if feed.scaled
            else "Metrics over all samples."
        ),
        unpack=(),
        lines=tuple(_lines(only)),
        entries=tuple(_entries(only)),
        write_doc=(
            f"Writes a csv file with the most likely class of each {unit}."
            if only.classes
            else f"Writes a csv file with one line for each {unit}."
        ),
        npy_words="a padded array of all"
        if feed.ragged
        else "all scores as an array"
        if only.classes
        else "the bare array",
        flatten=(f"values = {array}.argmax(axis=-1)",) if only.classes else (),
        ragged=feed.ragged,
        likely=False,
        restores=False,
        prediction="Ragged" if feed.ragged else "np.ndarray",
        parameter="",
        argument="",
        header=tuple(_after_origin(header) if origin else header),
        header_note=note,
        values=values,
        field=Code("str(value)") if only.classes else Code('f"{value:.7g}"'),
    )


def _head(training: Training) -> list[str]:
    """The head of ``score``, which may be given more than predictions and targets."""
    kind, end = ("tuple[np.ndarray, ...]", "s") if training.several else ("np.ndarray", "")
    parameters = [f"prediction{end}: {kind}", f"target{end}: {kind}"]
    parameters += [f"naive: {ERRORS}"] if training.forecast else []
    lengths = "dict[str, np.ndarray]" if training.several else "np.ndarray"
    parameters += [f"lengths: {lengths}"] if training.split_up else []
    return definition("score", parameters, "dict[str, float]")


def _result(term: Term) -> str:
    return "error" if term.compares == "same" else "hits"


def _lines(scored: _Scored) -> list[str]:
    """What the metrics of an output are computed from."""
    term, prediction, target = scored.term, scored.prediction, scored.target
    held = _held_out(scored)
    lines = held.kept() if term.held_out() else []
    if term.compares == "same":
        value = f"{prediction}.astype(np.float64) - {target}"
    elif term.compares == "binary":
        # Logits are on the side of "yes" above zero, probabilities above one half.
        border = "0" if term.from_logits else "0.5"
        value = f"({prediction} > {border}) == ({target} > 0.5)"
    else:
        truth = f"{target}.argmax(axis=-1)" if term.compares == "one_hot" else target
        value = f"{prediction}.argmax(axis=-1) == {truth}"
    lines.append(f"{scored.result} = {value}")
    if term.ignore_class is not None and not term.held_out():
        kept = f"{scored.result}[{target} != {term.ignore_class}]"
        lines.append(f"{scored.result} = {kept}  # what the loss ignores does not count")
    return [*lines, *held.lines()]


def _held_out(scored: _Scored) -> HeldOut:
    return HeldOut(
        scored.term,
        Compared(scored.prediction, scored.target, scored.result, scored.variables, scored.prefix),
        split_up=scored.split_up,
    )


def _entries(scored: _Scored) -> Iterator[str]:
    asked = (m.name for m in scored.term.metrics if m.name not in OF_A_PART)
    for name in dict.fromkeys((*asked, *_ALWAYS[scored.term.compares])):
        text = _ERRORS.get(name, "float(np.mean({error}))")
        value = text.format(error=scored.result, target=scored.target)
        yield f"{literal(scored.prefix + name)}: {value},"
    for name, value in _held_out(scored).scores():
        yield f"{literal(scored.prefix + name)}: {value},"


# -------------------------------------------------------------------------------- several outputs


def _several(training: Training, targets: Sequence[Feed], *, origin: bool) -> ScorePlan:
    scored = _scored(training, targets)
    units = ", in original units if all arrays are" if any(f.scaled for f in targets) else ""
    classes = [one.prediction for one in scored if one.classes]
    ragged = any(feed.ragged for feed in targets)
    unit = "step of each sample" if ragged else "sample"
    likely = "most_likely({})" if ragged else "{}.argmax(axis=-1)"
    return ScorePlan(
        head=tuple(_head(training)),
        doc=f"Metrics of each output over all samples{units}.",
        unpack=tuple(unpacked([one.prediction for one in scored], "predictions")),
        lines=(
            *unpacked([one.target for one in scored], "targets"),
            *(
                f"{one.variables['lengths']} = lengths[{literal(one.term.output)}]"
                for one in scored
                if one.split_up
            ),
            *(line for one in scored for line in _lines(one)),
        ),
        entries=tuple(entry for one in scored for entry in _entries(one)),
        write_doc=f"Writes a csv file with one line for each {unit}{_LIKELY if classes else ''}.",
        npy_words="an array for each output" + (", padded where it has steps" if ragged else ""),
        ragged=ragged,
        likely=ragged and bool(classes),
        restores=any(feed.ragged and feed.scaled for feed in targets),
        prediction=f"tuple[np.ndarray{' | Ragged' if ragged else ''}, ...]",
        parameter="",
        argument="",
        flatten=tuple(f"{name} = {likely.format(name)}" for name in classes),
        header=tuple(_joint_header(scored, origin=origin)),
        header_note=_COUNTED if any(_long(_axes(one)) for one in scored) else "",
        values=f"({', '.join(one.prediction for one in scored)})",
        field=Code('f"{value:.7g}"'),
    )


def _scored(training: Training, targets: Sequence[Feed]) -> list[_Scored]:
    """Each output, with the names of its arrays."""
    names = Names(
        (
            "edit_distance",
            "float",
            "header",
            "lengths",
            "naive",
            "np",
            "path",
            "predictions",
            "tables",
            "targets",
            "vocabulary",
            "words",
        )
    )
    outputs = [names.fresh(term.output) for term in training.terms]
    return [
        _Scored(
            term,
            feed,
            output,
            names.fresh(f"{output}_target"),
            names.fresh(f"{output}_{_result(term)}"),
            f"{term.output}_",
            {name: names.fresh(f"{output}_{name}") for name in VARIABLES if term.metrics},
            training.splits(term),
        )
        for term, feed, output in zip(training.terms, targets, outputs, strict=True)
    ]


def _joint_header(scored: Sequence[_Scored], *, origin: bool) -> Iterator[str]:
    """The lines that collect the columns of all outputs, and yield them."""
    ragged = any(one.feed.ragged for one in scored)
    if origin:
        yield "header = list(ORIGIN)"
    if ragged:
        yield 'header = ["sample", "step"]'
    for number, one in enumerate(scored):
        columns = _columns(one)
        yield f"header {'+=' if number or origin or ragged else '='} {columns}"
    yield "yield header"


def _columns(one: _Scored) -> str:
    """The titles of an output's columns, as a list; they begin with its name."""
    feed, values, axes = one.feed, one.prediction, _axes(one)
    long = [axis + feed.ragged for axis in _long(axes)]
    title = literal(one.term.output)
    name = one.term.output
    if feed.stacked and not one.classes and len(feed.names) > 1:
        if len(axes) == 1 or 1 not in long:
            return f'[f"{name}_{{column}}" for column in {feed.constant}]'
        steps = f"for step in range({values}.shape[1]) for column in {feed.constant}"
        return f'[f"{name}_{{column}}_{{step + 1}}" {steps}]'
    if not long:
        return f"[{title}]"
    if len(long) == 1:
        return f'[f"{name}_{{place + 1}}" for place in range({values}.shape[{long[0]}])]'
    joined = f'"_".join([{title}, *(str(at + 1) for at in place)])'
    return f"[{joined} for place in np.ndindex({values}.shape[{1 + feed.ragged}:])]"


# ------------------------------------------------------------------------------------- the header


def _axes(one: _Scored) -> Shape:
    """The axes of what is written in one line: of a sample, or of a step of one."""
    axes = one.feed.shape[1:-1] if one.term.compares == "one_hot" else one.feed.shape[1:]
    return axes[1:] if one.feed.ragged else axes


def _long(axes: Shape) -> list[int]:
    return [axis for axis, dim in enumerate(axes, start=1) if dim.value != 1]


def _header(one: _Scored, values: str) -> tuple[list[str], str]:
    """The lines that yield the header of the only output, and what its docstring says of it."""
    target, axes = one.feed, _axes(one)
    title = "class" if one.term.compares == "one_hot" else ""
    long = _long(axes)
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
