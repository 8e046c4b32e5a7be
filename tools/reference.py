"""Write docs/reference/ from the declarations: ``python -m tools.reference``.

The pages are never edited by hand. A test compares them with what this module would write.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from seqspec import resources
from seqspec.backends.base import BACKENDS, get
from seqspec.cli.arguments import parser as command_line
from seqspec.diagnostics.codes import CATALOGUE
from seqspec.reference import meaning, summary, value
from seqspec.shapes import pattern
from seqspec.vocabulary import ENTRIES, LAYERS, SECTIONS
from seqspec.vocabulary.spec import Arg, Entry, LayerSpec
from tools.gallery import said

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
NOTICE = "<!-- Written by `python -m tools.reference` from the declarations; do not edit. -->\n\n"
CATEGORIES = {
    "activation": ("Activations", "What `activation=` takes."),
    "initializer": ("Initialisers", "What `kernel_initializer=` and its like take."),
    "regularizer": ("Regularisers", "What `kernel_regularizer=` and its like take."),
    "constraint": ("Constraints", "What `kernel_constraint=` and its like take."),
    "loss": ("Losses", "What `loss` in a `train` section takes."),
    "metric": ("Metrics", "What `metrics` takes a list of."),
    "optimizer": ("Optimisers", "What `optimizer` takes."),
    "schedule": ("Schedules", "What `learning_rate` of an optimiser takes besides a number."),
    "reduction": ("Reductions", "What `reduce` takes: rules that lower the learning rate."),
    "stop": ("Stopping rules", "What `stop` takes."),
    "reset": ("Resets of carried state", "What `reset` in a `train` section takes."),
    "reader": ("Data readers", "What `source` in a `data` section takes."),
    "split": ("Splits", "What `split` takes."),
    "scaling": ("Scalings", "What `scale` takes."),
    "augmentation": ("Augmentations", "What `augment` takes a list of."),
    "windows": ("Windows", "What `windows` takes."),
    "tokens": ("Tokens", "What texts are cut into: `tokens =` of a data section."),
    "batches": ("Batches", "Which samples share a batch: `batches =` of a data section."),
    "target": ("Targets", "What `target` takes besides columns."),
    "pick": ("Picks", "What `pick` of a `generate` section takes."),
}
STAGES = {
    "1": "Syntax",
    "2": "Names",
    "3": "Arguments",
    "4": "Shapes",
    "5": "State and causality",
    "6": "Data and training",
    "7": "Speed",
    "8": "Programs and folders",
}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table; bars inside cells are escaped."""

    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(head), line(("---",) * len(head)), *(line(row) for row in rows)]) + "\n"


def default(arg: Arg) -> str:
    return "required" if arg.required else f"`{value(arg.default)}`"


def arguments(args: tuple[Arg, ...]) -> str:
    rows = [
        (
            f"`{a.name}`",
            a.kind.describe,
            "required" if a.required else f"`{value(a.default)}`",
            meaning(a),
        )
        for a in args
    ]
    return table(("argument", "must be", "default", ""), rows) + "\n"


def layer(spec: LayerSpec) -> str:
    """One layer's entry."""
    out = f"## {spec.name}\n\n{spec.summary}\n\n"
    takes = ", ".join(
        f"{port.kind} `{pattern.show(port.pattern)}`" + (" (two or more)" if port.variadic else "")
        for port in spec.inputs
    )
    out += f"Takes {takes}; gives {spec.outputs}.\n\n"
    if spec.fields:
        out += "Fields: " + ", ".join(f"`.{field}`" for field in spec.fields) + ".\n\n"
    if spec.args:
        out += arguments(spec.args)
    if spec.weights:
        rows = [
            (f"`{w.name}`", f"`{pattern.show(w.shape)}`", "yes" if w.trainable else "no")
            for w in spec.weights
        ]
        out += table(("weight", "shape", "trained"), rows) + "\n"
    return out


def entry(word: Entry) -> str:
    out = f"### {word.name}\n\n{summary(word)}\n\n"
    return out + (arguments(word.args) if word.args else "")


def layers_page() -> str:
    """The vocabulary: layers, sections, and every other word."""
    out = "# Layers and other words\n\n" + NOTICE
    out += "Arguments stand in the order in which they may be given without their names.\n\n"
    out += " · ".join(f"[{name}](#{name})" for name in LAYERS) + "\n\n"
    out += "".join(layer(spec) for spec in LAYERS.values())
    for section in SECTIONS.values():
        out += f"## {section.name} section\n\n{section.summary}\n\n{arguments(section.args)}"
    for category, words in ENTRIES.items():
        title, about = CATEGORIES[category]
        out += f"## {title}\n\n{about}\n\n"
        if any(word.args for word in words.values()):
            out += "".join(entry(word) for word in words.values())
        else:
            rows = [(f"`{word.name}`", summary(word)) for word in words.values()]
            out += table(("name", ""), rows) + "\n"
    out += "## Where a program departs from Keras\n\n"
    out += "A spec means what Keras means by it. These differences are known and meant.\n\n"
    departures = [
        (name, deviation.subject, deviation.difference, deviation.reason)
        for name in BACKENDS
        for deviation in get(name).DEVIATIONS
    ]
    return out + table(("backend", "what", "difference", "reason"), departures)


def message(wrong: str) -> str:
    """What ``seqspec check`` says about the wrong example of a page, if that is how it is found."""
    blocks = re.findall(r"^```(.*)\n((?:.*\n)*?)```$", wrong, flags=re.MULTILINE)
    kinds = [info.split(" ")[0] for info, _ in blocks]
    if "sh" in kinds or "seq" not in kinds:
        return ""
    files = {
        info.partition(" name=")[2] or "spec.seq": text
        for info, text in blocks
        if not info.startswith("python")
    }
    shown = said(files, [text for info, text in blocks if info == "python"])
    return f"```text\n{shown}```\n\n"


def diagnostics_page() -> str:
    """Every message with an example, what is said about it, and a way out."""
    out = "# Messages\n\n" + NOTICE
    out += (
        "`seqspec explain CODE` shows these pages in the terminal, by number or by name. The first "
        "digit is the stage that\nfinds the mistake. Errors fail; warnings fail under `--strict`; "
        "notes never do.\n\n"
    )
    rows = [
        (f"[{c.number}](#{c.number.lower()}-{c.name})", c.name, c.severity.value)
        for c in CATALOGUE.values()
    ]
    out += table(("code", "name", ""), rows) + "\n"
    stage = ""
    for code in CATALOGUE.values():
        if code.number[3] != stage:
            stage = code.number[3]
            out += f"## {stage} {STAGES[stage]}\n\n"
        page = resources.page(code.number) or ""
        _, _, body = page.partition("\n")
        before, _, after = body.partition("## Right")
        wrong = before.partition("## Wrong")[2]
        out += f"### {code.number} {code.name}\n\n"
        out += (
            before.strip().removeprefix("## What it means").strip().replace("## Wrong", "**Wrong**")
        )
        out += "\n\n" + message(wrong)
        out += "**Right**" + after.replace("## Why", "**Why**").rstrip() + "\n\n"
    return out


def option(action: argparse.Action) -> tuple[str, str]:
    """An argument of a command and what it is for. Not argparse's own layout: versions differ."""
    shown = action.metavar or "{" + ",".join(map(str, action.choices or ())) + "}"
    takes_value = action.nargs != 0
    names = [f"{name} {shown}" if takes_value else name for name in action.option_strings]
    return f"`{', '.join(names) or shown}`", action.help or ""


def cli_page() -> str:
    """The commands with their arguments."""
    parser = command_line()
    out = "# Commands\n\n" + NOTICE + f"{parser.description}\n\n{parser.epilog}\n\n"
    for action in parser._actions:  # argparse has no public way to list its subcommands
        if not isinstance(action, argparse._SubParsersAction):
            continue
        for name, command in action.choices.items():
            actions = [a for a in command._actions if a.dest != "help"]
            given = [
                shown.strip("`")
                for a in actions
                if not a.option_strings
                for shown, _ in [option(a)]
            ]
            out += f"## seqspec {' '.join([name, *given])}\n\n{command.description}\n\n"
            out += table(("argument", ""), [option(a) for a in actions]) + "\n"
    return out


PAGES: dict[str, Callable[[], str]] = {
    "layers.md": layers_page,
    "diagnostics.md": diagnostics_page,
    "cli.md": cli_page,
}


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page().rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
