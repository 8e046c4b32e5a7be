"""``run.py``: the command line of a program, the same for every backend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seqspec import __version__
from seqspec.backends.base import OutputFile
from seqspec.backends.data_classes import plan_classes
from seqspec.backends.data_feeds import Feeds
from seqspec.backends.data_ragged import plan_lengths
from seqspec.backends.data_split import TITLES, plan_split
from seqspec.backends.given_plan import FILL
from seqspec.backends.python_text import WIDTH, docstring, literal
from seqspec.backends.render import render
from seqspec.ir import given
from seqspec.ir.task import Task


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The template's values; see ``templates/_shared/run.py.j2``.

    ``ragged`` predictions have steps of their own number and a scale; ``part`` is the part of the
    data that is scored, ``field`` its name in the data set.
    """

    doc: tuple[str, ...]
    environment: tuple[str, ...]
    imports: tuple[str, ...]
    placed: bool
    ragged: bool
    part: str
    field: str
    scaled: bool
    texts: bool
    kept: str
    keeper: str
    scaling: str
    dataset_scaling: str
    description: str
    prediction: str
    first: str
    invert: str
    named: bool
    forecasts: bool
    generates: bool
    given: tuple[str, ...]
    by_series: bool
    classes: bool
    carries: bool
    begin: tuple[str, ...]
    predicted: str
    errors: tuple[str, ...]


def run_file(
    task: Task, environment: Iterable[tuple[str, str, str]], *, placed: bool = False
) -> OutputFile:
    """``run.py`` of a task that is trained.

    ``environment`` lists what is set before the framework is imported, unless the user has set
    it: name, value and the reason, which becomes a comment. ``placed`` is for a framework that
    puts variables where they are made: then the whole command runs on the chosen device.
    """
    training = task.training
    assert training is not None, "a task without training has no commands"
    scaled = training.data.scale is not None
    split = plan_split(training.data)
    field = split.parts[-1]
    classes = plan_classes(task, training, Feeds(task, training), split) is not None
    carries = training.data.streams is not None
    plan = RunPlan(
        doc=tuple(docstring(_usage(task))),
        environment=tuple(_set(*one) for one in environment),
        imports=tuple(_imports(training.data.kept, placed, classes=classes)),
        placed=placed,
        ragged=scaled and bool(plan_lengths(task, training).output),
        part=TITLES[field],
        field=field,
        scaled=scaled,
        texts=training.data.vocabulary,
        kept=training.data.kept,
        keeper=training.data.kept.capitalize(),
        scaling="scaling, " if scaled else "",
        dataset_scaling="dataset.scaling, " if scaled else "",
        classes=classes,
        carries=carries,
        begin=_BEGIN if carries else (),
        predicted="model, inputs, options.device" + (", state" if carries else ""),
        errors=tuple(_caught(carries)),
        by_series=training.data.scaled_by_series,
        named=bool(training.data.in_series or training.data.order),
        forecasts=task.forecast is not None,
        generates=task.generation is not None,
        given=tuple(_given(task)),
        description=literal(f"Trains and applies {task.graph.name}."),
        prediction="predictions" if training.several else "prediction",
        first="predictions[0]" if training.several else "prediction",
        invert="invert_targets" if training.several else "invert_target",
    )
    return OutputFile("run.py", render("_shared/run.py.j2", plan=plan))


#: The lines that tell what the lanes of a stream, ``inputs``, go on from.
_BEGIN = (
    "start = options.weights if options.carried else options.state_in",
    "kept = states.NOTHING if start is None else states.load(start)",
    "state = kept.begin(inputs)",
)


def _caught(carries: bool) -> Iterator[str]:
    """The line that catches what is explained."""
    names = ["CheckpointError", "DataError", "TrainingError"]
    names += ["states.StateError"] if carries else []
    names += ["weights.WeightsError", "OSError"]
    line = f"except ({', '.join(names)}) as error:"
    if len(line) + 4 <= WIDTH:
        return iter((line,))
    return iter(("except (", *(f"    {name}," for name in names), ") as error:"))


def _set(name: str, value: str, why: str) -> str:
    """The line that sets a variable of the environment."""
    return f"os.environ.setdefault({literal(name)}, {literal(value)})  # {why}"


def _usage(task: Task) -> str:
    """The head of the file: what its commands are called."""
    commands = ["train", "train --resume runs/..."]
    commands += [f"{name} --weights runs/.../best.safetensors" for name in _verbs(task)]
    lines = "".join(f"    python run.py {command}\n" for command in commands)
    return (
        f"{task.graph.name}: the command line.\n\n{lines}\n"
        "`-h` after a command lists its options. "
        f"Compiled by seqspec {__version__} from the spec {task.spec_name}."
    )


def _verbs(task: Task) -> Iterator[str]:
    """The commands that use trained weights."""
    yield from ("evaluate", "predict")
    if task.forecast is not None:
        yield "forecast --future FILE" if task.forecast.known else "forecast"
        yield "backtest"
    if task.generation is not None:
        yield "generate"


def _given(task: Task) -> Iterator[str]:
    """The lines that fill weights from files before a training."""
    if list(given.weights(task.graph)):
        if given.word_columns(task):
            yield f"for note in weights.{FILL}(model, dataset.vocabulary.ids):"
            yield "    print(note)"
        else:
            yield f"weights.{FILL}(model)"


def _imports(kept: str, placed: bool, *, classes: bool) -> Iterator[str]:
    """The program's other modules, as isort has them."""
    yield from _imported("checkpoint", ["Checkpoint", "CheckpointError", "locked", "newest"])
    data = ["DATA_PATH", "DataError", *([kept.capitalize()] if kept else [])]
    counting = ["class_counts", "class_lines"] if classes else []
    yield from _imported(
        "data", [*data, *counting, "inputs_for_prediction", "load", "write_predictions"]
    )
    yield from _imported("model", ["build_model"])
    train = ["EPOCHS", "SEED", "TrainingError", "choose_device", "evaluate", "fit"]
    train += ["on_device"] if placed else []
    yield from _imported("train", [*train, "predict", "set_seed"])


def _imported(module: str, names: list[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in names), ")"]
