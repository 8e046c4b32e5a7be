"""The plan of how ``data.py`` tells how often each class occurs in each part of the data."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.data_feeds import Feed, Feeds
from seqspec.backends.data_split import TITLES, SplitPlan
from seqspec.backends.padding import of_arrays
from seqspec.backends.python_text import Code, Group, assign, call, flat, literal
from seqspec.ir.task import Task, Term, Training
from seqspec.shapes.dim import Shape

#: how ids are made of rows, by a loss's kind of target
_IDS = {"class_ids": "rows", "one_hot": "rows.argmax(axis=-1)", "binary": "rows > 0.5"}
_MIXED = (
    "ids = rows",
    "if rows.dtype != np.int64:",
    "    ids = rows.argmax(axis=-1) if rows.shape[-1] > 1 else rows > 0.5",
)


@dataclass(frozen=True, slots=True)
class ClassesPlan:
    """The template's values; see ``templates/_shared/data/classes.j2``.

    ``lines`` count each output's classes; ``ids`` make ids of the rows of a target, ``ignored``
    tells that some class does not count. ``titles`` are the parts, ``advice`` tells that the loss
    can weigh classes, but does not, ``tokens`` that they are tokens, which may be blanks.
    """

    parts: str
    titles: str
    lines: tuple[str, ...]
    entries: tuple[str, ...]
    ids: tuple[str, ...]
    ignored: bool
    advice: bool
    tokens: bool


def plan_classes(
    task: Task, training: Training, feeds: Feeds, split: SplitPlan
) -> ClassesPlan | None:
    """Decides how classes are counted; None where no target is a class."""
    pairs = zip(training.terms, feeds.targets, strict=True)
    found = [(term, feed) for term, feed in pairs if _is_class(training, term, feed)]
    if not found:
        return None
    ignored = any(term.ignore_class is not None for term, _ in found)
    ragged = any(feed.ragged for _, feed in found)
    kinds = {term.compares for term, _ in found}
    tokens = any(_of_tokens(training, term) for term, _ in found)
    lines: list[str] = []
    entries: list[str] = []
    for term, feed in found:
        variable = f"{feed.variable}_counts" if training.several else "counts"
        place = training.terms.index(term)
        rows = f"part.targets[{place}]" if training.several else "part.target"
        rows += ".values" if feed.ragged else _data(task, term, feed)
        given = [Code(rows), Code(str(_number(term)))]
        given += [Code(repr(term.ignore_class))] if ignored else []
        counted = flat(call("counted", *given))
        lines += assign(variable, Code(f"[{counted} for part in parts]"), indent=4)
        name = literal(term.output if training.several else ", ".join(feed.names))
        names = _names(training, term, feed, tokens=tokens)
        entries.append(f"{name}: named({names}, {variable}),")
    weighed = any(term.class_weight for term, _ in found)
    padded = any(_padded(term, feed) for term, feed in found)
    weighable = not (training.data.vocabulary or ragged or padded or weighed)
    parts = tuple(Code(f"dataset.{part}") for part in split.parts)
    titles = [TITLES[part] for part in split.parts]
    return ClassesPlan(
        parts=flat(Group("(", parts)),
        titles=" / ".join(titles),
        lines=tuple(lines),
        entries=tuple(entries),
        ids=(f"ids = {_IDS[kinds.pop()]}",) if len(kinds) == 1 else _MIXED,
        ignored=ignored,
        advice=weighable,
        tokens=tokens,
    )


def _number(term: Term) -> int:
    """How many classes an output has."""
    return 2 if term.compares == "binary" else term.value.tensor.shape[-1].value or 0


def _is_class(training: Training, term: Term, feed: Feed) -> bool:
    """Whether the target of an output is one class out of a known number of them.

    Where steps are padding is not told before windows, or parts of a mapped file, are read.
    """
    shape: Shape = term.value.tensor.shape
    read_later = training.data.windows is not None or training.data.memory == "map"
    if _padded(term, feed) and read_later:
        return False
    if term.compares == "binary":
        return bool(shape) and shape[-1].value == 1
    return term.compares in _IDS and _number(term) > 0


def _padded(term: Term, feed: Feed) -> bool:
    """Whether a target has steps that are padding, whose classes mean nothing."""
    return term.value.mask is not None and term.value.tensor.rank > 2 and not feed.ragged


def _data(task: Task, term: Term, feed: Feed) -> str:
    """What picks the steps of data out of a target; none if all are."""
    if term.value.mask is None or not _padded(term, feed):
        return ""
    return f"[{of_arrays(task, term.value.mask, 'part.inputs')}]"


def _of_tokens(training: Training, term: Term) -> bool:
    """Whether the classes are all ids of a vocabulary, some of which no text has."""
    data = training.data
    names = data.targets[term.output].names
    return data.vocabulary and any(names == columns for columns in data.inputs.values())


def _names(training: Training, term: Term, feed: Feed, *, tokens: bool) -> str:
    if tokens:  # those of each id: what never occurs is left out
        return f"dataset.vocabulary.words({feed.key})"
    if training.data.vocabulary:
        return f"dataset.vocabulary.known[{feed.key}]"
    if term.compares == "binary":
        return '["no", "yes"]'
    if term.compares == "one_hot" and feed.stacked:
        return f"list({feed.constant})"
    return f"[str(place) for place in range({_number(term)})]"
