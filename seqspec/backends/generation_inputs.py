"""What ``generate.py`` reads before it writes, and what it compares with."""

from __future__ import annotations

from seqspec.backends.data_feeds import Feed, Feeds, names_of
from seqspec.backends.data_split import TITLES, plan_split
from seqspec.backends.padding import of_arrays
from seqspec.backends.python_text import Code, Expr, Group, assign, flat, literal, statement
from seqspec.ir.graph import Value
from seqspec.ir.masks import ByLengths
from seqspec.ir.stepping import Stepping, beside
from seqspec.ir.task import Task, Training


class Inputs:
    """The inputs that are there before anything is written, in this order: those that the model
    reads once, those that come beside each token, and how many steps the latter have.
    """

    def __init__(self, task: Task, stepping: Stepping) -> None:
        assert task.generation is not None
        self.task = task
        self.training: Training | None = task.training
        self.first = list(stepping.begin.inputs)
        self.beside = beside(stepping)
        masks = [value.mask for value in task.graph.inputs if self._is_beside(value)]
        counted = {mask.lengths for mask in masks if isinstance(mask, ByLengths)}
        self.counts = [value for value in task.graph.inputs if value.name in counted]
        self.values = [*self.first, *self.beside, *self.counts]
        names = [value.name for value in task.graph.inputs]
        self.places = [names.index(value.name) for value in self.values]
        feeds = () if self.training is None else Feeds(task, self.training).inputs
        self.feeds: list[Feed] = [feeds[place] for place in self.places] if feeds else []
        #: what the input is fed with in training that is given what was written
        self.looped: Feed | None = feeds[names.index(task.generation.loop)] if feeds else None

    def _is_beside(self, value: Value) -> bool:
        return any(value.name == one.name for one in self.beside)

    @property
    def read(self) -> list[Feed]:
        """The feeds that are read, without those that come with another one."""
        return [feed for feed in self.feeds if not feed.counted]

    @property
    def texts(self) -> bool:
        return self.training is not None and self.training.data.vocabulary

    @property
    def filed(self) -> bool:
        """Whether a file with arrays may be given to write for."""
        if self.training is None or self.texts or not self.values:
            return False
        data = self.training.data
        whole = data.windows is None and data.streams is None and data.memory == "whole"
        return whole and not data.tabular and not data.source.entry.facts.get("code")

    @property
    def scaled(self) -> bool:
        return any(feed.scaled for feed in self.feeds)

    # ---- a batch of them

    @property
    def begun(self) -> str:
        """The arguments with which a batch begins, of the tuple ``given``."""
        parts = len(self.first), len(self.first) + len(self.beside)
        if not self.beside:
            return "given"
        first = f"given[:{parts[0]}]" if self.first else "len(given[0])"
        if not self.counts:
            return f"{first}, given[{parts[0]}:]" if self.first else f"{first}, given"
        return f"{first}, given[{parts[0] or ''}:{parts[1]}]"

    @property
    def limit(self) -> str:
        """How many tokens are written at most: there are so many steps beside them."""
        if not self.beside:
            return "limit"
        return f"min(limit, given[{len(self.first)}].shape[1])"

    @property
    def most(self) -> str:
        """How many tokens each row of a batch may have; empty if that is the same for all."""
        if not self.counts:
            return ""
        many = [f"given[{self.values.index(value)}]" for value in self.counts]
        return many[0] if len(many) == 1 else f"np.minimum.reduce([{', '.join(many)}])"

    # ---- where they come from

    def of_part(self) -> list[str]:
        """The line that makes them of a part of the data."""
        form = "part.inputs[{}]"
        if self.training is not None and self.training.data.ragged:
            form = f"np.asarray({form})"
        values = tuple(Code(form.format(place)) for place in self.places)
        return _indented(assign("inputs", Group("(", values), indent=4))

    def sources(self) -> list[str]:
        """The constant that names what is read of a file."""
        assert self.training is not None
        # Of lists of ids in lines, the lengths are no columns of their own.
        counted = not self.training.data.texts
        lengths = [feed.lengths for feed in self.read if feed.ragged and counted]
        names = tuple(dict.fromkeys((*names_of(self.feeds), *lengths)))
        note = "what is read of a file to write for"
        return assign("SOURCES", Group("(", names), note=note)

    def of_file(self) -> tuple[str, ...]:
        """The body of the function that reads them."""
        lines = ["arrays = read(path, SOURCES)"]
        lines += ["scaled = scaling.apply(arrays)"] if self.scaled else []
        values = [feed.rows("arrays", "scaled") for feed in self.feeds]
        return (*lines, *_returned(self._padded(values)))

    def of_texts(self) -> tuple[str, ...]:
        """The lines that make them of the texts that are given."""
        if len(self.read) == 1:
            name = literal(self.read[0].names[0])
            cut = f'rows = [token_list(text, {name}, "the text") for text in texts]'
            rows = "np.fromiter(rows, object, len(rows))"
            if not self.read[0].ragged:
                rows = "np.array(texts, dtype=object)"  # a word of its own, which is not cut
            return (
                *([cut] if self.read[0].ragged else []),
                f"part = vocabulary.encode({{{name}: {rows}}})",
                f"given = part[{name}]",
                *self._given("given"),
            )
        names = Group("(", tuple(feed.names[0] for feed in self.read))
        said = " and ".join(feed.names[0] for feed in self.read)
        return (
            'rows = [text.split("\\t") for text in texts]',
            f"if any(len(row) != {len(self.read)} for row in rows):",
            f"    raise DataError({literal(f'a tab has to stand between {said}')})",
            "fields: dict[str, np.ndarray] = {}",
            f"for place, name in enumerate({flat(names)}):",
            *self._cut_fields(),
            "part = vocabulary.encode(fields)",
            *self._given(""),
        )

    def _cut_fields(self) -> list[str]:
        """The body of a loop over the fields of each row."""
        cut = Group("(", tuple(feed.names[0] for feed in self.read if feed.ragged))
        tokens = 'token_list(row[place], name, "the text")'
        if not cut.items:
            tokens = "row[place]"
        elif len(cut.items) < len(self.read):
            tokens += f" if name in {flat(cut)} else row[place]"
        return [
            f"    cut = [{tokens} for row in rows]",
            "    fields[name] = np.fromiter(cut, object, len(cut))",
        ]

    def _given(self, only: str) -> list[str]:
        """The tuple of what is encoded; ``only`` is its variable if there is but one."""
        values = [
            f"{only}{'.lengths' if feed.counted else ''}" if only else feed.rows("part", "part")
            for feed in self.feeds
        ]
        group = Group("(", tuple(Code(value) for value in self._padded(values)))
        return _indented(assign("inputs", group, indent=4))

    def _padded(self, values: list[str]) -> list[str]:
        """Sequences as arrays that are padded."""
        return [
            f"np.asarray({value})" if feed.ragged and not feed.counted else value
            for value, feed in zip(values, self.feeds, strict=True)
        ]

    # ---- what they are compared with

    @property
    def judged(self) -> bool:
        """Whether the data holds what should be written: ids for each step."""
        task = self.task
        if self.training is None or task.generation is None or not self.values:
            return False
        data = self.training.data
        term = next(t for t in task.terms if t.output == task.generation.output)
        return term.compares == "class_ids" and data.windows is None and data.streams is None

    def wanted(self) -> list[str]:
        """The line that makes what should be written, an array for each row."""
        assert self.training is not None and self.task.generation is not None
        outputs = [term.output for term in self.task.terms]
        place = outputs.index(self.task.generation.output)
        target = f"part.targets[{place}]" if self.training.several else "part.target"
        mask = self.task.terms[place].value.mask
        if Feeds(self.task, self.training).targets[place].ragged:
            return [f"wanted = np.split({target}.values, {target}.starts[1:])"]
        if mask is None:
            return [f"wanted = {target}"]
        there = assign("there", of_arrays(self.task, mask, "part.inputs"), indent=4)
        taken = f"wanted = [row[kept] for row, kept in zip({target}, there, strict=True)]"
        return [*_indented(there), taken]

    @property
    def part(self) -> str:
        """The field of the data set that a model is judged by."""
        return "" if self.training is None else plan_split(self.training.data).parts[-1]

    @property
    def title(self) -> str:
        return TITLES.get(self.part, "")


def _returned(values: list[str]) -> list[str]:
    group: Expr = Group("(", tuple(Code(value) for value in values))
    return _indented(statement("return ", group, indent=4))


def _indented(lines: list[str]) -> list[str]:
    """Lines that were laid out where they will stand; the template indents them again."""
    return [line[4:] for line in lines]
