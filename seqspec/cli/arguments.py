"""The command line as argparse sees it. Commands import what they need when they run."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from seqspec import __version__

BACKENDS = ("torch", "keras")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
# argparse gives the type of its sub-parsers no public name.
Commands = Any


def parser() -> argparse.ArgumentParser:
    """The parser of all commands. ``run`` in its result is the command to call."""
    top = argparse.ArgumentParser(
        prog="seqspec",
        description="Describe, check and compile sequence models.",
        epilog="Exit codes: 0 clean, 1 errors in spec or data, 2 wrong command line, 70 a bug.",
    )
    top.add_argument("--version", action="version", version=f"seqspec {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _new(commands)
    _check(commands)
    _summary(commands)
    _compile(commands)
    _verify(commands)
    _train(commands)
    _evaluate(commands)
    _predict(commands)
    _forecast(commands)
    _generate(commands)
    _explain(commands)
    _layers(commands)
    return top


def _command(commands: Commands, name: str, summary: str) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    command.set_defaults(run=_later(name))
    return command


def _later(name: str) -> Callable[[argparse.Namespace], int]:
    """A command that imports its module only when it runs: ``check`` must not wait for others."""

    def run(options: argparse.Namespace) -> int:
        return int(import_module(f"seqspec.cli.{name}_command").run(options))

    return run


def _spec(command: argparse.ArgumentParser, *, optional: bool = False) -> None:
    about = "a .seq file" + ("; left out with --resume, that of the run" if optional else "")
    nargs = "?" if optional else None
    command.add_argument("spec", type=Path, nargs=nargs, metavar="SPEC", help=about)
    command.add_argument(
        "--set", action="append", default=[], type=_assignment, metavar="NAME=VALUE",
        help="give a param another value; may be repeated",
    )  # fmt: skip
    command.add_argument("--model", metavar="NAME", help="which model, if there are several")
    command.add_argument("--strict", action="store_true", help="warnings are errors")


def _format(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=("text", "json"), default="text", help="how to answer")


def _backend(command: argparse.ArgumentParser, *, required: bool = False) -> None:
    extra = "" if required else "; the installed one if left out, torch if both are"
    command.add_argument("--backend", choices=BACKENDS, required=required, help="framework" + extra)


def _precision(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--precision", choices=PRECISIONS, help="what layers compute in, instead of the spec's"
    )


def _device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", default="cpu", metavar="NAME", help="cpu (default) or cuda")


def _assignment(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), _literal(value.strip())


def _literal(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text.removesuffix("%")) / 100 if text.endswith("%") else kind(text)
        except ValueError:
            continue
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


# ---- commands


def _new(commands: Commands) -> None:
    command = _command(commands, "new", "copy a template, a spec with its data, to begin from")
    command.add_argument(
        "template", nargs="?", metavar="TEMPLATE", help="such as forecast; listed if left out"
    )
    command.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help="a new or empty folder; named as the template if left out",
    )


def _check(commands: Commands) -> None:
    command = _command(commands, "check", "say what is wrong with a spec")
    _spec(command)
    _format(command)


def _summary(commands: Commands) -> None:
    command = _command(commands, "summary", "show layers, shapes and parameter counts")
    _spec(command)
    _format(command)


def _compile(commands: Commands) -> None:
    command = _command(commands, "compile", "write a program that runs without seqspec")
    _spec(command)
    _backend(command)
    _precision(command)
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="a new or empty folder"
    )


def _verify(commands: Commands) -> None:
    command = _command(
        commands,
        "verify",
        "build the programs and compare them with each other and with the checker",
    )
    _spec(command)
    _backend(command)
    _format(command)


def _train(commands: Commands) -> None:
    command = _command(
        commands, "train", "compile a spec, train it, keep everything in a run folder"
    )
    _spec(command, optional=True)
    _backend(command)
    _precision(command)
    _device(command)
    command.set_defaults(device=None)  # told from cpu where a run goes on
    folder = command.add_mutually_exclusive_group()
    folder.add_argument(
        "--run",
        dest="folder",
        type=Path,
        metavar="DIR",
        help="the run folder; runs/NAME-NUMBER if left out",
    )
    folder.add_argument(
        "--resume",
        type=Path,
        metavar="RUN",
        help="go on with a run that was ended, as if it had not been",
    )
    command.add_argument("--data", type=Path, metavar="FILE", help="another data file")
    command.add_argument(
        "--epochs", type=_count, metavar="N", help="how many, instead of the spec's"
    )
    command.add_argument("--seed", type=_whole, metavar="N", help="another seed")
    command.add_argument(
        "--overfit-one-batch",
        action="store_true",
        help="train on one batch only: can the model learn at all?",
    )


def _evaluate(commands: Commands) -> None:
    command = _command(commands, "evaluate", "score a run's best weights on held-out data")
    _run(command)
    _format(command)


def _predict(commands: Commands) -> None:
    command = _command(commands, "predict", "write a run's predictions, in original units")
    _run(command)
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="csv or npy; predictions.csv in the run folder if left out",
    )
    begin = command.add_mutually_exclusive_group()
    begin.add_argument(
        "--carried", action="store_true", help="go on from the state that training ended with"
    )
    begin.add_argument(
        "--state-in",
        type=Path,
        metavar="FILE",
        help="go on from the state of series in a file",
    )
    command.add_argument(
        "--state-out", type=Path, metavar="FILE", help="write the state that each series ends with"
    )


def _forecast(commands: Commands) -> None:
    command = _command(
        commands, "forecast", "go on with known series, or compare such forecasts with what came"
    )
    _run(command)
    command.add_argument(
        "--steps", type=_count, metavar="N", help="how far ahead, instead of the spec's"
    )
    command.add_argument(
        "--future", type=Path, metavar="FILE", help="what is known beforehand of the steps to come"
    )
    command.add_argument(
        "--backtest", action="store_true",
        help="forecast from several origins in the held-out part: errors by step, and a picture",
    )  # fmt: skip
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help="csv; forecast.csv in the run folder if left out",
    )  # fmt: skip


def _generate(commands: Commands) -> None:
    command = _command(commands, "generate", "print the sequences that a run's model writes")
    _run(command)
    command.add_argument(
        "--input",
        action="append",
        metavar="TEXT",
        help="what to write for or to go on from; may be given several times",
    )
    command.add_argument("--limit", type=_count, metavar="N", help="tokens at most")
    command.add_argument("--seed", type=_whole, metavar="N", help="of what is drawn")


def _run(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path, metavar="RUN", help="a run folder")
    command.add_argument("--data", type=Path, metavar="FILE", help="another data file")
    _device(command)


def _explain(commands: Commands) -> None:
    command = _command(commands, "explain", "say more about a code, with a wrong and a right spec")
    command.add_argument("code", metavar="CODE", help="such as SEQ402 or missing-axis")


def _layers(commands: Commands) -> None:
    command = _command(
        commands, "layers", "list all layers, or describe one word of the vocabulary"
    )
    command.add_argument(
        "name", nargs="?", metavar="NAME", help="a layer, loss, optimiser, reader …"
    )
    _format(command)
