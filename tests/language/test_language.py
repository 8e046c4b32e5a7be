"""The executable manual of the language: the ``seq`` blocks of the Markdown files here.

A block is checked as a file of its own. Lines may end in claims, of which all must hold:

    # error: [SEQ402] "receives [B, 32]"    a message at this line (also ``warning``, ``note``)
    # shape: [B, T, 64]                     the shape that the line's pipeline gives
    # type: token(50)[B, T]                 its whole type

A message that no line claims fails the test. ``csv name=FILE`` blocks are data for the blocks that
follow. Words after ``seq`` are options: ``set=NAME:NUMBER``, ``model=NAME``, ``error=CODE`` (a
message without a place).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from seqspec.diagnostics import render
from seqspec.driver import Compilation, Options
from seqspec.ir.graph import Graph, Value
from seqspec.shapes.dim import show
from seqspec.source import SourceFile
from seqspec.syntax import ast
from seqspec.types import Tensor

FOLDER = Path(__file__).parent
_BLOCK = re.compile(r"^```(seq|csv)(.*)\n((?:(?!```).*\n)*)```$", re.MULTILINE)
_CLAIM = re.compile(r'# (error|warning|note): \[(SEQ\d{3})\](?: "((?:[^"\\]|\\.)*)")?')
_TYPE = re.compile(r"# (shape|type): ([^#\n]*)")


@dataclass(frozen=True)
class Block:
    name: str
    text: str
    files: tuple[tuple[str, str], ...]
    options: tuple[str, ...]


def blocks() -> Iterator[Block]:
    for page in sorted(FOLDER.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        files: dict[str, str] = {}
        for match in _BLOCK.finditer(text):
            kind, options, body = match.groups()
            if kind == "csv":
                files[options.strip().removeprefix("name=")] = body
                continue
            line = text.count("\n", 0, match.start()) + 2
            words = tuple(options.split())
            yield Block(f"{page.stem}:{line}", body, tuple(files.items()), words)


BLOCKS = list(blocks())


def compiled(text: str, block: Block, folder: Path) -> Compilation:
    for name, content in block.files:
        (folder / name).write_text(content, encoding="utf-8")
    given = [o.partition("=")[::2] for o in block.options]
    sets = {n: float(v) for k, x in given if k == "set" for n, _, v in [x.partition(":")]}
    overrides = {n: int(v) if v == int(v) else v for n, v in sets.items()}
    model = next((x for k, x in given if k == "model"), None)
    return Compilation(SourceFile("spec.seq", text), folder, Options(overrides, model))


def check_messages(compilation: Compilation, block: Block) -> None:
    """Each message is claimed by a line, and each claim is met."""
    source = compilation.source
    wanted: list[tuple[int, str, str, str]] = []
    for number, line in enumerate(block.text.splitlines(), 1):
        wanted += [(number, kind, code, said) for kind, code, said in _CLAIM.findall(line)]
    wanted += [(0, "error", o[6:], "") for o in block.options if o.startswith("error=")]
    for found in compilation.check():
        row = 0 if found.span is None else source.position(found.span.start)[0]
        shown = render.text(found, source)
        told = " ".join([found.message, found.here, found.help, *(x.text for x in found.labels)])
        fitting = [
            claim
            for claim in wanted
            if claim[:3] == (row, found.severity.value, found.code.number) and claim[3] in told
        ]
        assert fitting, f"nobody claims\n{shown}\nopen: {wanted}"
        wanted.remove(fitting[0])
    assert not wanted, f"not said: {wanted}"


def values(graph: Graph) -> Iterator[Value]:
    for node in graph.nodes:
        yield node.value


def check_types(compilation: Compilation, block: Block) -> None:
    """Each line that claims a shape or a type gives it."""
    source = compilation.source
    for number, line in enumerate(block.text.splitlines(), 1):
        claims = _TYPE.findall(line)
        if not claims:
            continue
        given = _given(compilation, source, number)
        assert given is not None, f"line {number} gives nothing"
        for kind, said in claims:
            shape = show(given.type.shape) if isinstance(given.type, Tensor) else ""
            assert (shape if kind == "shape" else str(given.type)) == said.strip(), line


def _given(compilation: Compilation, source: SourceFile, line: int) -> Value | None:
    """The value that ends last on a line; else the output of the model that ends there."""
    assert compilation.program is not None
    assert compilation.module is not None
    found: list[Value] = []
    for name in compilation.program.models:
        graph = compilation.program.alone(name)
        if isinstance(graph, Graph):
            found += [v for v in values(graph) if source.position(v.span.end - 1)[0] == line]
    if found:
        # Of copies, which end at one place, the last.
        return max(reversed(found), key=lambda v: (v.span.end, -v.span.start))
    for model in compilation.module.declarations:
        if isinstance(model, ast.Model) and isinstance(model.body[-1], ast.Result):
            graph = compilation.program.alone(model.name.text)
            here = source.position(model.body[-1].span.start)[0] == line
            if here and isinstance(graph, Graph):
                return graph.outputs[0][1]
    return None


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: b.name)
def test_block(block: Block, tmp_path: Path) -> None:
    compilation = compiled(block.text, block, tmp_path)
    check_messages(compilation, block)
    check_types(compilation, block)


SPELLINGS = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "tabs": lambda text: text.replace("    ", "\t"),
    "no last line break": lambda text: text.rstrip("\n"),
    "wide space": lambda text: text.replace("\n", "  \n\n").replace("\n\n", "\n"),
}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: b.name)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_white_space_means_nothing(spelling: str, block: Block, tmp_path: Path) -> None:
    check_messages(compiled(SPELLINGS[spelling](block.text), block, tmp_path), block)


def nodes(part: object) -> Iterator[ast.Node]:
    """All nodes of a syntax tree."""
    if isinstance(part, tuple):
        for item in part:
            yield from nodes(item)
    elif isinstance(part, ast.Node):
        yield part
        for field in fields(part):
            yield from nodes(getattr(part, field.name))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: b.name)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_positions_and_comments_survive_parsing(line_break: str, block: Block) -> None:
    compilation = Compilation.of_text(block.text.replace("\n", line_break))
    module = compilation.module
    if module is None:
        return  # it has no syntax tree, and says why
    source = compilation.source
    for node in nodes(module.declarations):
        assert node.span.start < node.span.end
        if isinstance(node, ast.Identifier):
            assert source.excerpt(node.span) == node.text
    lines = [c.text.rstrip("\r") for c in module.comments]
    assert lines == re.findall(r"#.*", block.text)
