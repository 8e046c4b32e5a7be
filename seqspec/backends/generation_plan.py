"""``generate.py``: how a program writes sequences, the same for every backend but for its steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import indent
from typing import Any

from seqspec import __version__
from seqspec.backends.base import OutputFile
from seqspec.backends.generation_inputs import Inputs
from seqspec.backends.python_text import (
    WIDTH,
    Call,
    Code,
    Group,
    assign,
    definition,
    docstring,
    literal,
    statement,
)
from seqspec.backends.render import render
from seqspec.backends.spec_text import closing
from seqspec.ir.stepping import Stepping
from seqspec.ir.task import Generation, Task, Training
from seqspec.types import Role

Lines = tuple[str, ...]
Keywords = list[tuple[str, Code]]


@dataclass(frozen=True, slots=True)
class StepNames:
    """What a backend's steps are called: its template, and the names that it needs imported.

    ``memory`` and ``state`` are the classes of both (of memory, empty if there is none), or words
    that are true. ``itself`` says that the model is a step as it is, ``begins`` that something is
    computed before the first step; ``started`` that all states are, ``some_started`` that some are.
    """

    template: str
    model_type: str
    memory: str
    state: str
    itself: bool
    begins: bool
    started: bool
    some_started: bool
    framework: str
    names: tuple[str, ...]
    placed: bool = False


@dataclass(frozen=True, slots=True)
class GenerationPlan:
    """The template's values; see ``templates/_shared/generate.py.j2``."""

    doc: tuple[str, ...]
    imports: tuple[str, ...]
    constants: tuple[str, ...]
    steps_template: str
    command_template: str
    model_type: str
    memory: str
    state: str
    itself: bool
    begins: bool
    started: bool
    some_started: bool
    begun: str
    begin_parameters: str
    begin_doc: str
    begin_arguments: str
    reads: bool
    beside: bool
    limit: str
    most: str
    output: str
    others: bool
    counted: str
    for_each: str
    stops: bool
    starts: bool
    beams: bool
    drawn: bool
    heated: bool
    top_k: bool
    top_p: bool
    probabilities: bool
    padded: bool
    title: str
    part: str
    part_arrays: tuple[str, ...]
    filed: bool
    file_scaling: str
    file_lines: tuple[str, ...]
    file_argument: str
    judged: bool
    wanted: tuple[str, ...]
    begin_operand: str
    text_lines: tuple[str, ...]
    text_metavar: str
    ids: int
    written: str
    standardized: str
    joint: str
    shown: str
    commanded: bool
    scaling: str
    place: str
    generate_signature: tuple[str, ...]
    loop_signature: tuple[str, ...]
    texts_signature: tuple[str, ...]
    right_signature: tuple[str, ...]
    generate_call: tuple[str, ...]
    prompts_call: tuple[str, ...]
    array_call: tuple[str, ...]
    texts_call: tuple[str, ...]
    right_call: tuple[str, ...]


def generate_file(task: Task, stepping: Stepping, steps: StepNames) -> OutputFile:
    """``generate.py`` of a task with a generate section."""
    return OutputFile(
        "generate.py", render("_shared/generate.py.j2", plan=_Planner(task, stepping, steps).plan())
    )


class _Planner:
    def __init__(self, task: Task, stepping: Stepping, steps: StepNames) -> None:
        assert task.generation is not None
        self.task = task
        self.stepping = stepping
        self.steps = steps
        self.generation: Generation = task.generation
        self.training: Training | None = task.training
        self.args = self.generation.pick.args
        self.inputs = Inputs(task, stepping)
        self.others = bool(self.inputs.values)
        self.beams = bool(self.generation.pick.entry.facts["beams"])
        self.drawn = bool(self.generation.pick.entry.facts["drawn"])
        self.stops = self.generation.stop is not None
        self.texts = self.inputs.texts

    def plan(self) -> GenerationPlan:
        generation, inputs = self.generation, self.inputs
        name, value = self.stepping.step.outputs[0]
        pad = self.stepping.looped.tensor.pad
        data = None if self.training is None else self.training.data
        tokens = data.tokens if data is not None else None
        words = tokens is not None and tokens.name == "words"
        standard = tokens is not None and tokens.args.get("standardize", "none") != "none"
        return GenerationPlan(
            doc=tuple(docstring(self._doc())),
            imports=tuple(self._imports()),
            constants=tuple(self._constants(pad)),
            command_template=f"_shared/generate_{'texts' if self.texts else 'arrays'}.j2",
            output=str(literal(name))[1:-1],
            others=self.others,
            counted="inputs[0]" if self.others else "prompts",
            for_each="for each row of its inputs" if self.others else "behind prompts [B, T]",
            stops=self.stops,
            starts=generation.start is not None,
            **self._picking(),
            **self._data(),
            probabilities=value.tensor.role is Role.PROBABILITIES,
            padded=isinstance(pad, int | float),
            ids=int(value.tensor.shape[-1].value or 0),
            written="" if inputs.looped is None else str(literal(inputs.looped.names[0])),
            standardized="standard(text)" if standard else "text",
            joint='" "' if words else '""',
            shown=f"{{text}}{' ' if words else ''}{{continuation}}",
            commanded=self.training is not None,
            **self._steps(),
            **self._lines(),
        )

    def _data(self) -> dict[str, Any]:
        """What is read before anything is written, and what it is compared with."""
        inputs, commanded = self.inputs, self.training is not None
        scaled = self.training is not None and self.training.data.scale is not None
        texts = inputs.texts and self.others
        many = len(inputs.read) > 1
        return {
            "title": inputs.title,
            "part": inputs.part,
            "part_arrays": tuple(inputs.of_part()) if commanded and self.others else (),
            "filed": inputs.filed,
            "file_scaling": ", scaling: Scaling" if inputs.filed and inputs.scaled else "",
            "file_lines": inputs.of_file() if inputs.filed else (),
            "file_argument": ", scaling" if inputs.scaled else "",
            "judged": inputs.judged,
            "wanted": tuple(inputs.wanted()) if inputs.judged else (),
            "text_lines": inputs.of_texts() if texts else (),
            "text_metavar": "TEXTS" if many else "TEXT",
            "scaling": "scaling" if scaled else "",
        }

    def _steps(self) -> dict[str, Any]:
        """What the class of a backend's steps is made of."""
        steps, memory = self.steps, bool(self.stepping.memory)
        return {
            "steps_template": steps.template,
            "model_type": steps.model_type,
            "memory": steps.memory if memory else "",
            "state": steps.state,
            "itself": steps.itself,
            "begins": steps.begins,
            "started": steps.started,
            "some_started": steps.some_started,
            "begun": "self.memory, self.state" if memory else "self.state",
            "begin_parameters": ", ".join(self._begin_parameters()),
            "begin_doc": "sequences for these inputs" if self.inputs.first else "so many sequences",
            "begin_arguments": self.inputs.begun if self.others else "len(tokens)",
            "begin_operand": "inputs[0]" if len(self.inputs.first) == 1 else "list(inputs)",
            "reads": bool(self.inputs.first),
            "beside": bool(self.inputs.beside),
            "limit": self.inputs.limit,
            "most": self.inputs.most,
            "place": "on_device" if self.training is not None else "keras.device",
        }

    def _begin_parameters(self) -> Iterator[str]:
        yield "inputs: tuple[np.ndarray, ...]" if self.inputs.first else "size: int"
        if self.inputs.beside:
            yield "beside: tuple[np.ndarray, ...]"

    def _picking(self) -> dict[str, Any]:
        """How tokens are picked."""
        return {
            "beams": self.beams,
            "drawn": self.drawn,
            "heated": self.drawn and self.args["temperature"] != 1,
            "top_k": self.drawn and self.args["top_k"] is not None,
            "top_p": self.drawn and self.args["top_p"] is not None,
        }

    def _lines(self) -> dict[str, Any]:
        """Signatures and calls, whose length depends on the model's name and on what is drawn."""
        model = f"model: {self.steps.model_type}"
        seed = ["seed: int = SEED"] if self.drawn else []
        given = "inputs: tuple[np.ndarray, ...]" if self.others else "prompts: np.ndarray"
        limit, device = "limit: int = LIMIT", 'device: str = "cpu"'
        whole = [model, given, "*", limit, *seed, device, "batch_size: int = 64"]
        texts = [model, "texts: Sequence[str]", "vocabulary: Vocabulary", limit, *seed, device]
        judged = [model, "part: Part", "limit: int", *(["seed: int"] if self.drawn else [])]
        loop = ["steps: Steps", "tokens: np.ndarray", "limit: int"]
        loop += ["rng: np.random.Generator"] if self.drawn else []
        options = [f"options.{n}" for n in ("limit", *(["seed"] if self.drawn else []), "device")]
        said = [(n, Code(n)) for n in ("limit", *(["seed"] if self.drawn else []), "device")]
        asked = [(n, Code(f"options.{n}")) for n, _ in said]
        first = Code("inputs" if self.others else "prompts")
        base = (Code("model"), first)

        def line(before: str, function: str, args: tuple[Code, ...], keywords: Keywords) -> Lines:
            return tuple(statement(before, Call(function, args, tuple(keywords))))

        words = (Code("model"), Code("texts"), Code("vocabulary"), *map(Code, options))
        parts = (Code("model"), Code("part"), *map(Code, options))
        return {
            "generate_signature": tuple(definition("generate", whole, "list[list[int]]")),
            "loop_signature": tuple(definition("write", loop, "np.ndarray")),
            "texts_signature": tuple(definition("write_texts", texts, "list[str]")),
            "right_signature": tuple(
                definition("right", [*judged, "device: str"], "tuple[int, int]")
            ),
            "generate_call": line("written = ", "generate", base, said),
            "prompts_call": line("written += ", "generate", base, said),
            "array_call": line("written = ", "generate", base, asked),
            "texts_call": line("written = ", "write_texts", words, []),
            "right_call": line("exact, number = ", "right", parts, []),
        }

    def _doc(self) -> str:
        text = self.task.spec_text
        start = self.generation.span.start
        begin = text.rindex("generate", 0, start)
        section = text[begin : closing(text, begin)]
        return (
            f"{self.task.graph.name}: writes sequences with trained weights, one token after "
            f"another.\n\n{indent(section, '    ')}\n\n"
            f"Compiled by seqspec {__version__} from the spec {self.task.spec_name}; yours to edit."
        )

    def _constants(self, pad: object) -> Iterator[str]:
        generation = self.generation
        if generation.start is not None:
            yield from assign("START", literal(generation.start), note="the first token given")
        if generation.stop is not None:
            yield from assign("STOP", literal(generation.stop), note="the token that ends")
        if isinstance(pad, int | float):
            yield from assign("PAD", literal(int(pad)))
        yield from assign("LIMIT", literal(generation.limit), note="tokens at most")
        if self.beams:
            yield from assign("WIDTH", literal(self.args["width"]), note="beginnings that are kept")
            yield from assign("LENGTH_PENALTY", literal(self.args["length_penalty"]))
        if self.drawn:
            yield "SEED = 0"
            for name in ("temperature", "top_k", "top_p"):
                usual = 1 if name == "temperature" else None
                if self.args[name] != usual:
                    yield from assign(name.upper(), literal(self.args[name]))
        if self.inputs.filed:
            yield from self.inputs.sources()
        if self.steps.placed and self.stepping.memory:
            names = tuple(map(literal, self.steps.memory.split()))
            yield from assign("MEMORY", Group("(", names), note="what is computed once")

    def _imports(self) -> Iterator[str]:
        if self.training is not None:
            yield "import argparse"
            yield from ["from collections.abc import Sequence"] if self.texts else []
            yield from ["from pathlib import Path"] if self.others else []
            yield from ["from typing import Any", ""]
        yield from sorted([f"import {self.steps.framework}", "import numpy as np"])
        yield ""
        if self.training is not None:
            yield "import weights"
            yield from imported("data", self._data_names())
        model = [*self.steps.names, *(["build_model"] if self.training is not None else [])]
        yield from imported("model", model)
        yield from imported(
            "train", ["on_device"] if self.steps.placed and self.training is not None else []
        )

    def _data_names(self) -> Iterable[str]:
        assert self.training is not None
        kept = self.training.data.kept.capitalize()
        if self.others:
            names = ["DATA_PATH", "Part", "load", *([kept] if kept else [])]
            if self.texts:
                cut = any(feed.ragged for feed in self.inputs.read)
                names += ["token_list"] if cut else []
                return [*names, *(["DataError"] if len(self.inputs.read) > 1 else [])]
            return [*names, *(["read"] if self.inputs.filed else [])]
        if not self.texts:
            return ["DataError"]
        standard = self.training.data.tokens
        names = ["UNKNOWN", "Vocabulary", "cut"]
        names += [] if self.generation.start is not None else ["DataError"]
        if standard is not None and standard.args["standardize"] != "none":
            names.append("standard")
        return names


def imported(module: str, names: Iterable[str]) -> list[str]:
    """The line that imports names, as isort has them: constants, classes, functions."""
    wanted = sorted(set(names), key=lambda n: (not n.isupper(), not n[0].isupper(), n))
    line = f"from {module} import {', '.join(wanted)}"
    if not wanted:
        return []
    if len(line) <= WIDTH:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in wanted), ")"]
