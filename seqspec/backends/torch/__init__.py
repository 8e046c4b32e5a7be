"""The PyTorch backend: a task becomes a program that an engineer would have written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from seqspec.backends.base import Deviation, OutputFile
from seqspec.backends.checkpoint_plan import checkpoint_file
from seqspec.backends.data_program import data_file
from seqspec.backends.forecast_plan import forecast_file
from seqspec.backends.generation_plan import StepNames, generate_file
from seqspec.backends.given_plan import plan_given
from seqspec.backends.render import render
from seqspec.backends.run_plan import run_file
from seqspec.backends.states_plan import states_file
from seqspec.backends.stepper_plan import stepper_file
from seqspec.backends.torch.layers import LAYERS
from seqspec.backends.torch.model import ModelLowering, lower_model
from seqspec.backends.torch.model_plan import ModelPlan
from seqspec.backends.torch.recurrent import KINDS
from seqspec.backends.torch.recurrent_forward import apply_recurrent
from seqspec.backends.torch.training import plan_training
from seqspec.backends.torch.weights import plan_weights
from seqspec.ir.task import Task

name = "torch"

#: layer -> what lowers one application of it
LOWER: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        **{kind: lowering.expression for kind, lowering in LAYERS.items()},
        **dict.fromkeys((*KINDS, "bidirectional"), apply_recurrent),
        # ``each`` is no layer of a graph any more: the node says how many axes are kept aside.
        "each": ModelLowering,
    }
)

UNSUPPORTED: Mapping[str, str] = MappingProxyType({})

DEVIATIONS = (
    Deviation(
        "batch_norm",
        "the moving variance is larger by n / (n - 1): Keras keeps the biased one",
        "nn.BatchNorm1d is what PyTorch users know and exporters understand",
    ),
    Deviation(
        "batch_norm",
        "a last batch of a single sample is left out of training where there is one row a sample",
        "nn.BatchNorm1d refuses it: one row has no variance; Keras takes zero",
    ),
    Deviation(
        "group_norm",
        "a batch that is a single number for each group is refused; Keras gives the offset",
        "nn.GroupNorm is what PyTorch users know, and normalises no single number",
    ),
    Deviation(
        "adam",
        "epsilon is added after the correction of the second moment, in Keras before",
        "torch.optim.Adam has a fused kernel; the difference is of the order of epsilon",
    ),
    Deviation(
        "adamw",
        "epsilon is added after the correction of the second moment, in Keras before",
        "torch.optim.AdamW has a fused kernel; the difference is of the order of epsilon",
    ),
    Deviation(
        "adamax",
        "epsilon is added to the size of each gradient, in Keras to the largest one",
        "torch.optim.Adamax as it is; the difference is of the order of epsilon",
    ),
    Deviation(
        "rmsprop",
        "epsilon is added to the root, in Keras under it, unless momentum meets a learning rate "
        "that changes: then the program has a class of its own",
        "torch.optim.RMSprop as it is; the difference shows where gradients are tiny",
    ),
    Deviation(
        "precision",
        "mixed_float16 trains on a GPU only; on a CPU such a model is applied in float32",
        "PyTorch has no LSTM in float16 for CPUs",
    ),
    Deviation(
        "precision",
        "a recurrent layer whose result is the model's, with a given state or padding, computes in "
        "16 bits, as a model in the model does; what it gives is made float32",
        "states and masks come from layers that compute in 16 bits",
    ),
    Deviation(
        "lstm",
        "bias_hh is there, zero and not trained; the same for simple_rnn",
        "nn.LSTM has two biases where one is enough; Keras has one",
    ),
    Deviation(
        "initializers",
        "the distributions are Keras's, the numbers drawn from a seed are PyTorch's",
        "each framework has its own generator",
    ),
)


def lower(task: Task) -> list[OutputFile]:
    """The PyTorch program for a task."""
    model = lower_model(task)
    files = [
        OutputFile("model.py", render("torch/model.py.j2", plan=model)),
        OutputFile("weights.py", _weights(task, model)),
    ]
    if task.online:
        files.append(stepper_file(task, model.main))
    if task.forecast is not None:
        files.append(forecast_file(task))
    if task.training is not None:
        training = render("torch/train.py.j2", plan=plan_training(task, model))
        files += [
            data_file(task),
            checkpoint_file(task, name),
            *states_file(task),
            OutputFile("train.py", training),
            *_generation(task, model),
            run_file(
                task,
                [("OMP_WAIT_POLICY", "passive", "idle threads that spin make small models slow")],
            ),
        ]
    elif task.generation is not None:
        files += _generation(task, model)
    return files


def _generation(task: Task, model: ModelPlan) -> list[OutputFile]:
    """``generate.py``, if the spec says how sequences are written."""
    if task.generation is None or model.stepping is None:
        return []
    steps, carried = model.steps, model.state
    if steps is not None:
        state, memory = steps.state_class, steps.memory_class
    else:
        assert carried is not None, "a model that is a step of its own carries a state"
        state, memory = carried.name, ""
    beams = task.generation.pick.entry.facts["beams"]
    classes = [state, *([memory] if memory else [])]
    names = StepNames(
        "torch/steps.j2",
        model.main,
        memory,
        state,
        itself=steps is None,
        begins=True,
        started=True,
        some_started=False,
        framework="torch",
        names=(model.main, *(classes if beams else [])),
    )
    return [generate_file(task, model.stepping, names)]


def _weights(task: Task, model: ModelPlan) -> str:
    given = plan_given(task)
    return render(
        "torch/weights.py.j2",
        plan=plan_weights(task, model),
        given=given,
        fill=given.signature(model.main),
    )
