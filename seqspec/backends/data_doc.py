"""What the head of ``data.py`` says: the data section of the spec, and what it means."""

from __future__ import annotations

from textwrap import indent

from seqspec import __version__
from seqspec.backends.python_text import docstring
from seqspec.backends.spec_text import closing, sets
from seqspec.ir.task import Data, Task


def describe(task: Task, data: Data) -> str:
    """The docstring of ``data.py``."""
    section = _section(task, data)
    # The split decides what is scored, so it is said even where the spec does not.
    default = "" if sets(section, "split") else f"By default: split = {_split(data)}.\n\n"
    text = (
        f"{task.graph.name}: its data, {summary(data)}.\n\n{indent(section, '    ')}\n\n{default}"
        f"Compiled by seqspec {__version__} from the spec {task.spec_name}; yours to edit."
    )
    return "\n".join(docstring(text))


def summary(data: Data) -> str:
    """What happens to the rows of a file, in words."""
    steps = [_divided(data)]
    steps += ["scaled"] if data.scale else []
    steps += ["cut into windows"] if data.windows is not None else []
    steps += ["read in lanes"] if data.streams is not None else []
    return f"{', '.join(steps[:-1])} and {steps[-1]}" if len(steps) > 1 else steps[0]


def part_note(data: Data) -> str:
    """What a part is, in words."""
    if data.streams is not None:
        return "A stream with what its steps are compared with."
    if data.series and data.windows is not None:
        return "Samples, one series after the other."
    order = "in order" if data.series or data.order else "in file order"
    views = " Arrays may be views into the series." if data.windows is not None else ""
    return f"Samples {order}.{views}"


def samples_doc(data: Data) -> str:
    """What the samples of a part are, in words."""
    if data.streams is not None:
        return "The rows of a part as a stream, with their targets; a batch copies its own."
    if data.windows is None:
        each = ", one for each row" if data.tabular else ""
        return f"The samples of a part{each}."
    after = {
        "ahead": "what follows each",
        "next_step": "the step after each of their steps",
        "same_step": "the target of each of their steps",
    }
    how = "cut out when asked for" if data.series else "views, not copies"
    kinds = {target.kind for target in data.targets.values()}
    with_ = after[kinds.pop()] if len(kinds) == 1 else "what each output is compared with"
    return f"The windows of a part with {with_}; {how}."


def _divided(data: Data) -> str:
    unit = data.split.entry.facts["unit"]
    if unit != "row":
        return "split at random into whole " + {"series": "series", "group": "groups"}[unit]
    if data.split.entry.facts["drawn"]:
        return "split at random"
    order = "in order" if data.order else "in file order"
    return f"split {order} within each series" if data.in_series else f"split {order}"


def _section(task: Task, data: Data) -> str:
    """The data section as the spec has it; its span is that of its name."""
    start = task.spec_text.rfind("data", 0, data.span.start + 1)
    return task.spec_text[max(start, 0) : closing(task.spec_text, data.span.start)].strip()


def _split(data: Data) -> str:
    """The split as the language has it; fractions in percent."""
    args = (
        f"{name}={100 * value:g}%" if isinstance(value, float) else f"{name}={value}"
        for name, value in data.split.args.items()
    )
    return f"{data.split.name}({', '.join(args)})"
