"""The vocabulary is whole: every word is documented, and every layer reaches both backends."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqspec.backends import base
from seqspec.backends.base import BACKENDS, OutputFile
from seqspec.driver import Compilation
from seqspec.ir.task import Task
from seqspec.vocabulary import ENTRIES, LAYERS, SECTIONS
from seqspec.vocabulary.spec import REQUIRED, Arg, Entry, LayerSpec

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def words() -> Iterator[tuple[str, str, tuple[Arg, ...]]]:
    """(name, summary, arguments) of everything that can be named in a spec."""
    for spec in LAYERS.values():
        yield spec.name, spec.summary, spec.args
    for section in SECTIONS.values():
        yield section.name, section.summary, section.args
    for entries in ENTRIES.values():
        for entry in entries.values():
            yield entry.name, entry.summary, entry.args


WORDS = list(words())


@pytest.mark.parametrize(
    ("name", "summary", "args"), WORDS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_word_is_documented(name: str, summary: str, args: tuple[Arg, ...]) -> None:
    assert NAME.fullmatch(name)
    assert summary.endswith("."), f"{name}: a summary is a sentence"
    for arg in args:
        assert NAME.fullmatch(arg.name)
        assert arg.doc.endswith("."), f"{name}.{arg.name} says nothing"
        assert arg.kind.describe
    required = [arg.required for arg in args if name not in SECTIONS]
    assert required == sorted(required, reverse=True), f"{name}: required arguments come first"


@pytest.mark.parametrize(
    "table", [LAYERS, SECTIONS, *ENTRIES.values()], ids=lambda t: next(iter(t))
)
def test_words_stand_under_their_names(table: dict[str, LayerSpec | Entry]) -> None:
    assert all(name == word.name for name, word in table.items())


@pytest.mark.parametrize(
    ("name", "summary", "args"), WORDS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_defaults_are_values_that_could_be_written(
    name: str, summary: str, args: tuple[Arg, ...]
) -> None:
    del summary
    for arg in args:
        if arg.default is not REQUIRED and arg.default is not None and not arg.kind.category:
            assert arg.kind.accepts(arg.default), f"{name}.{arg.name}: {arg.default!r}"
        for sample in arg.kind.samples:
            assert arg.kind.accepts(sample), f"{name}.{arg.name}: {sample!r}"


@pytest.mark.parametrize("spec", LAYERS.values(), ids=lambda s: s.name)
def test_layer_has_examples(spec: LayerSpec) -> None:
    assert spec.examples


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_layer_reaches_the_backend_or_is_refused(backend: str) -> None:
    module = base.get(backend)
    lowered, refused = set(module.LOWER), set(module.UNSUPPORTED)
    assert not lowered & refused
    # What repeats units is gone from the graph: the copies are there.
    assert lowered | refused == {spec.name for spec in LAYERS.values() if not spec.copies}
    assert all(reason.strip() for reason in module.UNSUPPORTED.values())
    assert module.name == backend


@pytest.mark.parametrize("backend", BACKENDS)
def test_deviations_speak_of_known_things(backend: str) -> None:
    known = {name for name, _, _ in words()} | {"program"}
    known |= {arg.name for _, _, args in words() for arg in args}
    known |= {*ENTRIES, *(f"{category}s" for category in ENTRIES)}
    for deviation in base.get(backend).DEVIATIONS:
        assert deviation.subject in known, deviation
        assert deviation.difference
        assert deviation.reason


def test_layer_names_stand_in_their_declaration_and_lowerings_only() -> None:
    """No ``if kind == "lstm"`` anywhere else. Words that are also common words do not count."""
    names = set(LAYERS) - {"activation", "add", "concat", "repeat", "each", "softmax", "one_hot"}
    homes = ("vocabulary", "backends")
    wrong: list[str] = []
    for path in sorted((ROOT / "seqspec").rglob("*.py")):
        if path.relative_to(ROOT / "seqspec").parts[0] in homes:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in names:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.value!r}")
    assert not wrong, wrong


SPEC = """\
model Level(tanks: float[B, T, 2]) -> float[B, 1] {
    tanks -> lstm(32) -> dense(1)
}
"""


def test_a_backend_is_a_module_and_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third backend needs nothing but a module with the protocol's names and an entry."""
    (tmp_path / "outline_backend.py").write_text(
        "from seqspec.backends.base import OutputFile\n"
        "name = 'outline'\n"
        "LOWER = {}\n"
        "UNSUPPORTED = {}\n"
        "DEVIATIONS = ()\n"
        "def lower(task):\n"
        "    kinds = [node.unit.kind for node in task.graph.nodes]\n"
        "    return [OutputFile('outline.txt', ' -> '.join(kinds) + '\\n')]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(base, "BACKENDS", {**BACKENDS, "outline": "outline_backend"})
    spec = tmp_path / "level.seq"
    spec.write_text(SPEC)
    assert Compilation.of(spec).files("outline") == (OutputFile("outline.txt", "lstm -> dense\n"),)


def test_a_program_is_a_flat_folder() -> None:
    for path in ("../model.py", "a/b.py", "", "..", "a\\b.py"):
        with pytest.raises(ValueError, match="plain file name"):
            OutputFile(path, "")


def test_protocol_is_what_the_modules_have() -> None:
    for backend in BACKENDS:
        module = base.get(backend)
        assert all(callable(function) for function in module.LOWER.values())
        assert module.lower.__annotations__.get("task") in (Task, "Task")
