"""The Keras 3 backend: a checked task as a program in Keras's functional style.

``layers`` knows the constructor of each layer, ``functions`` how a graph becomes the body of a
function, ``model`` how functions make a file, ``weights`` where Keras keeps each weight, and
``training`` what is compiled into a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seqspec.backends.base import Deviation, OutputFile
from seqspec.backends.checkpoint_plan import checkpoint_file
from seqspec.backends.data_program import data_file
from seqspec.backends.forecast_plan import forecast_file
from seqspec.backends.generation_plan import StepNames, generate_file
from seqspec.backends.given_plan import plan_given
from seqspec.backends.keras.layers import LOWER
from seqspec.backends.keras.model import lower_model
from seqspec.backends.keras.stepping import StepPlan
from seqspec.backends.keras.training import plan
from seqspec.backends.keras.weights import table
from seqspec.backends.python_text import docstring, literal, safe
from seqspec.backends.render import render
from seqspec.backends.run_plan import run_file
from seqspec.backends.spec_text import about
from seqspec.backends.states_plan import states_file
from seqspec.backends.stepper_plan import stepper_file
from seqspec.ir.stepping import stepping_of
from seqspec.ir.task import Task

name = "keras"

ENVIRONMENT = (
    ("KERAS_BACKEND", "tensorflow", "before Keras is imported"),
    ("TF_CPP_MIN_LOG_LEVEL", "3", "hides most of what TensorFlow logs"),
)

UNSUPPORTED: Mapping[str, str] = {}

DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "each",
        "layers that work on the last axis or on each number, and models of nothing else, are "
        "applied to all steps at once; others run inside the program's own EachStep, which folds "
        "the steps into the batch",
        "keras.layers.TimeDistributed runs a layer once for each step: moving statistics are "
        "updated as many times, and an unknown number of steps is left to vectorized_map",
    ),
    Deviation(
        "repeat",
        "a number of steps that is known only when data arrives takes a layer of the program's own",
        "keras.layers.RepeatVector takes a number",
    ),
    Deviation(
        "reverse",
        "a layer of the program's own",
        "Keras has none; ops.flip alone would leave the model without the layer's name",
    ),
    Deviation(
        "simple_rnn",
        "with an activity_regularizer it is keras.layers.RNN around a SimpleRNNCell",
        "keras.layers.SimpleRNN takes the argument and adds nothing to the loss (Keras 3.15)",
    ),
    Deviation(
        "embedding",
        "where an optimizer squares, sizes up or clips gradients, a class of the program's own "
        "adds up those of a token's occurrences first",
        "on TensorFlow, Keras would take the gradient of each occurrence by itself; on JAX and in "
        "PyTorch it takes their sum",
    ),
    Deviation(
        "loss",
        "the loss of an epoch is the mean over samples of the losses of its batches, taken while "
        "the weights change",
        "that is what keras.Model.fit reports; the validation loss is exact",
    ),
    Deviation(
        "sparse_categorical_crossentropy",
        "with label_smoothing a class of the program's own, which is "
        "keras.losses.CategoricalCrossentropy on the one-hot form of the ids",
        "keras.losses.SparseCategoricalCrossentropy smooths nothing",
    ),
)


def lower(task: Task) -> list[OutputFile]:
    """The program for a task; see :class:`seqspec.backends.base.Backend`."""
    return list(_files(task))


def _files(task: Task) -> Iterator[OutputFile]:
    model = lower_model(task)
    yield OutputFile(
        "model.py",
        render("keras/model.py.j2", plan=model, doc=about(task, "Keras 3 with TensorFlow")),
    )
    given = plan_given(task)
    yield OutputFile(
        "weights.py",
        render(
            "keras/weights.py.j2",
            doc=docstring(_WEIGHTS_DOC.format(model=safe(task.graph.name))),
            model_literal=literal(task.graph.name),
            digest=literal(task.digest),
            table=table(task.graph),
            state=bool(model.state),
            given=given,
            fill=given.signature("keras.Model"),
        ),
    )
    if task.online:
        yield stepper_file(task, task.graph.name, keras=True)
    if task.forecast is not None:
        yield forecast_file(task, keras=True)
    training = task.training
    if training is not None:
        yield data_file(task, batches=False)  # Keras takes them as a PyDataset, in train.py
        yield checkpoint_file(task, name)
        yield from states_file(task)
        yield OutputFile(
            "train.py", render("keras/train.py.j2", plan=plan(task, training, model.steps))
        )
        yield run_file(task, ENVIRONMENT, placed=True)
    if task.generation is not None:
        yield _generation(task, model.steps)


def _generation(task: Task, steps: StepPlan | None) -> OutputFile:
    """``generate.py``: how sequences are written; the model is a step itself if it has none."""
    stepping = stepping_of(task, task.graph)
    assert stepping is not None
    begins = steps is not None and bool(steps.begin)
    functions = (*(["build_begin"] if begins else []), "build_step")
    names = StepNames(
        "keras/steps.j2",
        "keras.Model",
        "" if steps is None else " ".join(steps.memory),
        "STATE",
        itself=steps is None,
        begins=begins,
        started=steps is not None and len(steps.started) == len(steps.shapes),
        some_started=steps is not None and bool(steps.started),
        framework="keras",
        names=("zero_state",) if steps is None else ("STATE", *functions),
        placed=True,
    )
    return generate_file(task, stepping, names)


_WEIGHTS_DOC = """The weights of {model} in a safetensors file, for any framework to read.

The arrays are float32, named and laid out as in Keras; metadata says what they belong to."""


__all__ = ["DEVIATIONS", "LOWER", "UNSUPPORTED", "lower", "name"]
