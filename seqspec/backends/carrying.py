"""What training loops say of streams, in both programs alike."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.python_text import Call, Code, statement
from seqspec.ir.carried import cut_alike
from seqspec.ir.graph import Graph
from seqspec.ir.task import Training


@dataclass(frozen=True, slots=True)
class Carrying:
    """How a stream is passed through.

    ``size`` is the argument of ``chunks()`` that says how many lanes share a batch, ``score`` the
    body of ``evaluate()``, ``truth`` what a part gives of a chunk besides inputs. With ``never``,
    an epoch goes on where the one before ended; ``marked`` tells that a column clears the state,
    ``parted`` that series are cut into lanes. ``longest`` is the argument of ``chunks()`` that says
    how much is read at once where nothing is learned from it.
    """

    size: str
    never: bool
    marked: bool
    parted: bool
    score: tuple[str, ...]
    truth: tuple[str, ...]
    longest: str


def plan_carrying(training: Training, graph: Graph) -> Carrying | None:
    """Decides how a training passes through a stream; None if there is none."""
    if training.data.streams is None:
        return None
    scaled, end = training.data.scale is not None, "s" if training.several else ""
    truth = "tuple(values[rows] for values in part.targets)" if end else "part.target[rows]"
    parted = int(training.data.streams.args["lanes"]) > 1
    predicted = f"predict(model, {'stream' if parted else 'part.stream'}, device)"
    invert = f"scaling.invert_target{end}"
    wanted = f"{invert}({truth})" if scaled else truth
    scored = Call("score", (Code(f"prediction{end}"), Code(wanted)))
    returned = statement("return ", scored, indent=4)
    score = (
        *(("stream = rejoined(part.stream)",) if parted else ()),
        f"prediction{end} = {f'{invert}({predicted})' if scaled else predicted}",
        f"rows = {'stream' if parted else 'part.stream'}.rows",
        *(line[4:] for line in returned),
    )
    # `weights` is a module.
    weight = ("sample_weights" if end else "weight",) if training.weighted else ()
    return Carrying(
        ", BATCH_SIZE" if training.lanes is not None else "",
        training.reset is not None and training.reset.name == "never",
        training.reset is not None and bool(training.reset.args),
        parted,
        score,
        (f"target{end}", *weight),
        ", longest=stream.longest" if cut_alike(graph) else "",
    )


def batch_size(training: Training) -> list[str]:
    """The constant that says how many samples, or lanes, share a batch."""
    if training.data.streams is None:
        return [f"BATCH_SIZE = {training.batch_size}"]
    return [f"BATCH_SIZE = {training.lanes}  # lanes side by side"] if training.lanes else []
