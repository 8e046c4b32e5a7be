"""``weights.py``: reading what weights begin with, the same for every backend but for copying."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.python_text import Call, Group, assign, definition, mapping
from seqspec.ir import given
from seqspec.ir.task import Task

#: the function that fills weights
FILL = "load_given"


@dataclass(frozen=True, slots=True)
class GivenPlan:
    """``constants`` are finished lines; ``arrays`` and ``words`` tell which files there are."""

    constants: tuple[str, ...]
    arrays: bool
    words: bool

    @property
    def any(self) -> bool:
        """Whether any weight begins with a file."""
        return self.arrays or self.words

    @property
    def imports(self) -> str:
        """What the function's parameters need."""
        return "from collections.abc import Callable" if self.words else ""

    def signature(self, model: str) -> tuple[str, ...]:
        """How the function begins that fills weights, given the type of the model."""
        ids = ["ids: Callable[[str], dict[str, int]]"] if self.words else []
        parameters = [f"model: {model}", *ids, "folder: Path = Path()"]
        result = "list[str]" if self.words else "None"
        return tuple(definition(FILL, parameters, result))


def plan_given(task: Task) -> GivenPlan:
    """The files that the weights of a model begin with."""
    paths = {
        name: (weight.initializer.entry.facts["file"], str(weight.initializer.args["path"]))
        for name, weight in given.weights(task.graph)
    }
    columns = given.word_columns(task)
    arrays = [
        (name, Call("Path", (path,))) for name, (file, path) in paths.items() if file == "npy"
    ]
    words = [
        (name, Group("(", (Call("Path", (path,)), columns[name])))
        for name, (file, path) in paths.items()
        if file == "text"
    ]
    lines: list[str] = []
    if arrays:
        lines += assign("ARRAYS", mapping(arrays), note="by weight, as in the spec")
    if words:
        lines += assign("VECTORS", mapping(words), note="by table: the file, and whose words")
    return GivenPlan(tuple(lines), bool(arrays), bool(words))
