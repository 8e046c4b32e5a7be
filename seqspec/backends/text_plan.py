"""The plan of ``data.py`` where texts are read: their tokens, their ids, the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from seqspec.backends.data_doc import describe, summary
from seqspec.backends.data_feeds import Feeds, names_of
from seqspec.backends.data_lists import alike_lines
from seqspec.backends.data_mapped import Kept, MappedText, plan_mapped_text
from seqspec.backends.data_plan import DataPlan
from seqspec.backends.data_prediction import returned
from seqspec.backends.python_text import Call, Code, Expr, Group, Pair, assign, flat, literal
from seqspec.ir.files import LONGEST_LINE, source_path
from seqspec.ir.task import Data, Task, Training


@dataclass(frozen=True, slots=True)
class Reading:
    """How the samples of a file are read: its layout, see :mod:`seqspec.vocabulary.sequences`.

    ``texts`` is the expression for the columns of a line, ``held`` what a file may have none of.
    """

    layout: str
    doc: str = ""
    texts: str = ""
    held: str = "lines"


_READINGS = {
    "": Reading(""),
    "fields": Reading(
        "fields",
        "The named fields of a file with a sample a line; those of tokens are cut.",
        'line.split("\\t")',
    ),
    "tags": Reading(
        "tags",
        "The words of a file with a sample a line, and their tags unless only words are there.",
        "[line] if names == INPUTS and SEPARATOR not in line else apart(line, place)",
    ),
    "rows": Reading("rows", "The named columns of a file with a token a line.", held="samples"),
}


@dataclass(frozen=True, slots=True)
class TextPlan(DataPlan):
    """The template's values besides those of every ``data.py``; see ``texts.py.j2``.

    ``lines`` tells a sample a line from one long text; ``labels`` that a column has labels, which
    are not among the tokens; ``some_whole`` that those are not cut, ``weighed`` that some columns
    hold numbers that weigh lines.
    """

    lines: bool
    reading: Reading
    labels: bool
    some_whole: bool
    weighed: bool
    weight_type: str
    weight_read: tuple[str, ...]
    capped: bool
    sample: str
    unit: str
    input_type: str
    counted: str
    label_lines: tuple[str, ...]
    row: str
    encoded: str
    encoded_parameter: str
    known_words: str
    target_sizes: str
    all_sizes: str
    reserved_doc: str
    too_short: str
    too_short_words: str
    cut: str
    cut_text: str
    cut_piece: str
    standard_lines: tuple[str, ...]
    alike_lines: tuple[str, ...]
    mapped_text: MappedText | None

    @property
    def by_rows(self) -> bool:
        """Whether a line of the file has one token of a sample."""
        return self.reading.layout == "rows"

    @property
    def kept(self) -> Kept | None:
        """What is made of the text, if anything."""
        return self.mapped_text.kept if self.mapped_text else None


def plan_texts(task: Task, training: Training, base: DataPlan) -> TextPlan:
    """Decides what ``data.py`` of texts says; ``base`` is what it shares with other data."""
    return _Planner(task, training, base).plan()


class _Planner:
    """Collects the decisions."""

    def __init__(self, task: Task, training: Training, base: DataPlan) -> None:
        self.task = task
        self.base = base
        self.data: Data = training.data
        assert self.data.tokens is not None
        self.tokens = self.data.tokens
        self.feeds = Feeds(task, training)
        self.lines = bool(self.data.source.entry.facts["samples"])
        self.ends = bool(self.tokens.args["ends"])
        self.mapped = plan_mapped_text(self.data)
        self.capped = self.tokens.args["max_length"] is not None
        inputs = self.feeds.inputs
        self.ids = {feed.names[0]: feed.bound or 0 for feed in inputs if not feed.counted}
        bounds = self.feeds.bounds()
        self.targets = tuple(feed.names[0] for feed in self.feeds.targets)
        self.labels = {name: bounds[name] for name in self.targets if name not in self.ids}
        #: columns that are cut into tokens
        self.cut = names_of(f for f in (*inputs, *self.feeds.targets) if f.ragged)
        self.weights = tuple(dict.fromkeys(weight.name for weight in self.data.weights.values()))
        self.columns = tuple(dict.fromkeys((*self.ids, *self.labels, *self.weights)))

    def plan(self) -> TextPlan:
        """All decisions together."""
        base: dict[str, Any] = {f.name: getattr(self.base, f.name) for f in fields(DataPlan)}
        layout = str(self.data.source.entry.facts["layout"])
        words = {"words": "word", "characters": "character"}
        rows = layout == "rows"
        balance = self.base.weights.balance
        short = self._too_short(words[self.tokens.name])
        spelt = ", spelt" if self.mapped else ""
        return TextPlan(
            **base | self._shared(),
            lines=self.lines,
            reading=_READINGS[layout],
            labels=bool(self.labels),
            some_whole=self.lines and self._some_whole(),
            weighed=bool(self.weights),
            weight_type="" if not self.weights else "list[float] | " if rows else "float | ",
            weight_read=tuple(self._weight_lines(rows)),
            capped=self.capped and self.lines,
            sample=self._sample(words[self.tokens.name]),
            unit=words[self.tokens.name],
            input_type=self._input_type(),
            counted=self._tokens_of(tuple(self.ids)),
            label_lines=self._label_lines(),
            row=f"[{_START}{self._number()}{_END}]" if self.ends else f"[{self._number()}]",
            encoded=self.base.samples.arguments if balance else f", vocabulary{spelt}",
            encoded_parameter=self.base.samples.parameters
            if balance
            else ", vocabulary: Vocabulary" + (f"{spelt}: list[str]" if spelt else ""),
            known_words=self._known_words(),
            target_sizes=self._target_sizes(),
            all_sizes="(IDS | LABELS)" if self.labels else "IDS",
            reserved_doc=_RESERVED_DOCS[self.ends],
            too_short=short[0],
            too_short_words=short[1],
            cut="text.split()" if self.tokens.name == "words" else "list(text)",
            cut_text=self._cut_text(),
            cut_piece=self._cut_text().replace("text", "piece"),
            standard_lines=tuple(self._standard_lines()),
            alike_lines=tuple(alike_lines(self.feeds, "tokens")) if layout == "fields" else (),
            mapped_text=self.mapped,
        )

    def _sample(self, unit: str) -> str:
        """What the model's inputs are read for, each."""
        return "line" if self.lines else unit if self.base.streams else "window"

    def _input_type(self) -> str:
        """The type of what the model's inputs are read as."""
        if self.base.streams:
            return self.base.prediction.type
        ragged = all(feed.ragged for feed in self.feeds.inputs)
        return f"tuple[{'Ragged' if ragged else _either(self.base)}, ...]"

    def _shared(self) -> dict[str, Any]:
        """What every ``data.py`` has, said otherwise for texts."""
        words = "vocabulary.words(TARGET)"
        if self.base.several:
            words = "[vocabulary.words(name) for name in TARGETS]"
        score = replace(
            self.base.score,
            parameter=", vocabulary: Vocabulary",
            argument=", vocabulary",
            header=(f"words = {words}", *self.base.score.header),
            field="words[value]",
        )
        return {
            "doc": describe(self.task, self.data),
            "imports": self._imports(),
            "constants": self._constants(),
            "load_summary": f"{summary(self.data)}, its texts as ids",
            "what": "column",
            "prediction": replace(self.base.prediction, lines=self._prediction_lines()),
            "score": score,
        }

    def _weight_lines(self, rows: bool) -> list[str]:
        """The lines that read what a line weighs, or each token of it."""
        if not rows:
            return ["rows[name].append(as_number(fields[name], name, place))"]
        kept = "[:MAX_LENGTH]" if self.capped else ""
        return [
            f"numbers = fields[name].split(){kept}",
            "rows[name].append([as_number(text, name, place) for text in numbers])",
        ]

    def _imports(self) -> tuple[str, ...]:
        chained = bool(self.cut)
        replaces = self.base.streams is not None or self.base.score.replaces
        modules = {"csv", "json", *(self.mapped.modules if self.mapped else ())}
        modules |= {"string"} if "strip" in self.tokens.args["standardize"] else set()
        counter = [] if self.mapped else ["from collections import Counter"]
        return (
            *(f"import {name}" for name in sorted(modules)),
            *counter,
            "from collections.abc import Iterator",
            f"from dataclasses import dataclass{', replace' if replaces else ''}",
            *(["from functools import cached_property"] if self.base.ragged else []),
            "from itertools import "
            + ", ".join(
                [*(["chain"] if chained else []), *(["count"] if self.lines else []), "pairwise"]
            ),
            "from pathlib import Path",
            *(self.mapped.imports if self.mapped else ()),
            *(["from typing import Any"] if self.base.ragged else []),
            *(["from uuid import uuid4"] if self.mapped else []),
            "",
            "import numpy as np",
            *(
                ["from numpy.lib.stride_tricks import sliding_window_view"]
                if self.base.windowed
                else []
            ),
        )

    def _constants(self) -> tuple[str, ...]:
        path = literal(source_path(self.data.source))
        lines = assign(
            "DATA_PATH", Call("Path", (path,)), note="as in the spec, from the current folder"
        )
        if self.lines:
            layout = self.data.source.entry.facts["layout"]
            written: tuple[str, ...] = self.data.source.args["columns"]
            note = "of a line, tabs between them" if layout == "fields" else "of each token"
            lines += assign("FIELDS", Group("(", written), note=note)
            if layout == "tags":
                separator = self.data.source.args["separator"]
                lines += assign("SEPARATOR", separator, note="between a word and its tag")
            lines += assign("COLUMNS", Group("(", self.columns), note="those that are read")
            # A line without the target has the others in the order in which they are written.
            inputs = tuple(name for name in written if name in self.ids)
            lines += assign("INPUTS", Group("(", inputs))
            if self._some_whole():
                lines += assign("CUT", Group("(", self.cut), note="into tokens")
        else:
            lines += assign("NAME", next(iter(self.ids)), note="what the text is called")
        if self.base.several:
            outputs = tuple(feed.output for feed in self.feeds.targets)
            lines += assign("OUTPUTS", Group("(", outputs), note="of the model, with a target each")
            lines += assign("TARGETS", Group("(", self.targets), note="the column of each")
        else:
            lines += assign("TARGET", self.feeds.target.names[0])
        if self.weights:
            lines += assign(
                "WEIGHTS", Group("(", self.weights), note="what a line weighs in a loss"
            )
        lines += assign("IDS", _mapping(self.ids), note="how many ids there are, at most")
        if self.labels:
            lines += assign("LABELS", _mapping(self.labels), note="how many labels, at most")
        kept = ("[PAD]", "[UNK]", *(("[START]", "[END]") if self.ends else ()))
        lines += assign("RESERVED", Group("(", kept), note="the ids below those of tokens")
        lines.append("UNKNOWN, START, END = 1, 2, 3" if self.ends else "UNKNOWN = 1")
        if self.capped and self.lines:
            most = int(self.tokens.args["max_length"])
            lines += assign("MAX_LENGTH", most, note="what is longer is cut off")
        if self.lines:
            lines.append(f"LONGEST_LINE = {LONGEST_LINE:_}  # bytes")
        return (*lines, *(self.mapped.constants if self.mapped else ()), "", *self.base.tail)

    def _prediction_lines(self) -> tuple[str, ...]:
        read = "read(path, INPUTS)" if self.lines else "read(path)"
        read = "*read(path)" if self.mapped else read
        lines = [f"part = vocabulary.encode({read})"]
        if self.base.streams:
            return (*lines, *self.base.prediction.lines)
        if self.base.windowed:
            lines += [
                "rows = len(part[NAME])",
                "if rows < STEPS:",
                '    raise DataError(f"{path} has {rows} tokens; a window takes {STEPS}")',
            ]
        values = (feed.rows("part", "") for feed in self.feeds.inputs)
        given = [f"windows({v}, STEPS)" if self.base.windowed else v for v in values]
        return (*lines, *returned(Group("(", tuple(map(Code, given)))))

    def _tokens_of(self, names: tuple[str, ...]) -> str:
        """The expression for all tokens of columns."""
        cut = [name in self.cut for name in names]
        flat, whole = "chain.from_iterable(part[name])", "part[name]"
        if all(cut):
            return flat
        return whole if not any(cut) else f"{flat} if name in CUT else {whole}"

    def _label_lines(self) -> tuple[str, ...]:
        """The lines that list the labels of a column."""
        labels = self._tokens_of(tuple(self.labels)).replace("part[", "whole[")
        if " if " not in labels:
            return (f"known[name] = sorted(set({labels}))",)
        return (f"labels = {labels}", "known[name] = sorted(set(labels))")

    def _number(self) -> str:
        get = "number(word, ids, name)" if self.labels else "ids.get(word, UNKNOWN)"
        return f"*({get} for word in tokens)" if self.ends else f"{get} for word in tokens"

    def _some_whole(self) -> bool:
        """Whether a column of labels is not cut into tokens."""
        return not {*self.ids, *self.labels} <= set(self.cut)

    def _too_short(self, unit: str) -> tuple[str, str]:
        """When a column has too few tokens, and what is said then."""
        after = names_of(f for f in self.feeds.all if f.ragged and f.lengths in self.feeds.shifted)
        if self.ends or not after:
            return "not tokens", f"no {unit}"
        if {*self.cut} <= {*after}:
            return "len(tokens) < 2", "no next step"
        return f"len(tokens) < (2 if name in {flat(Group('(', after))} else 1)", f"too few {unit}s"

    @property
    def _mixed(self) -> bool:
        """Whether words are those of tokens for some columns, and labels for others."""
        of_tokens = any(name in self.ids for name in self.targets)
        return bool(self.labels) and (of_tokens or self.task.generation is not None)

    def _known_words(self) -> str:
        if self._mixed:
            return "*(RESERVED if name in IDS else ()), "
        return "" if self.labels else "*RESERVED, "

    def _target_sizes(self) -> str:
        return "(IDS | LABELS)" if self._mixed else "LABELS" if self.labels else "IDS"

    def _cut_text(self) -> str:
        """What is cut: labels stay as they are written."""
        if self.tokens.args["standardize"] == "none":
            return "text"
        labels = any(name in self.cut for name in self.labels)
        return "text if name in LABELS else standard(text)" if labels else "standard(text)"

    def _standard_lines(self) -> list[str]:
        standard = self.tokens.args["standardize"]
        if standard == "none":
            return []
        lower = ".lower()" if "lower" in standard else ""
        if "strip" not in standard:
            return [f"return text{lower}"]
        return [f'return text{lower}.translate(str.maketrans("", "", string.punctuation))']


_START, _END = "START, ", ", END"
_RESERVED_DOCS = {
    False: "Id 0 pads and id 1 stands for any token that is not known.",
    True: "Id 0 pads, 1 stands for any token not known, 2 and 3 begin and end each text.",
}


def _either(base: DataPlan) -> str:
    return "np.ndarray | Ragged" if base.ragged else "np.ndarray"


def _mapping(sizes: dict[str, int]) -> Group:
    entries: list[Expr] = [Pair(name, size) for name, size in sizes.items()]
    return Group("{", tuple(entries))
