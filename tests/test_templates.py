"""Templates place text and take no decisions; nothing lies around unused."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes
from jinja2.meta import find_referenced_templates

from seqspec import resources

ROOT = Path(__file__).parents[1]
TEMPLATES = resources.templates()
PATHS = sorted(p for p in TEMPLATES.rglob("*") if p.is_file())
# What a template may be made of: text, `{{ x.y }}`, for, if, include, macros and their calls.
ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.For,
    nodes.If,
    nodes.CondExpr,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Macro,
    nodes.Tuple,
    nodes.Call,
    nodes.Const,
)


def is_flag(test: nodes.Node) -> bool:
    """A field of the plan, its negation, or whether it is one certain word."""
    if isinstance(test, nodes.Not):
        return is_flag(test.node)
    if isinstance(test, nodes.Compare):
        (operand,) = test.ops
        word = operand.op in ("eq", "ne") and isinstance(operand.expr, nodes.Const)
        return word and is_flag(test.expr)
    return isinstance(test, nodes.Name | nodes.Getattr)


def name(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


def tree(path: Path) -> nodes.Template:
    return Environment().parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_template_takes_no_decisions(path: Path) -> None:
    parsed = tree(path)
    macros = {macro.name for macro in parsed.find_all(nodes.Macro)}
    for imported in parsed.find_all(nodes.FromImport):
        macros |= {n if isinstance(n, str) else n[1] for n in imported.names}
    files = {imported.target for imported in parsed.find_all(nodes.Import)}
    for node in parsed.find_all(nodes.Node):
        where = f"{name(path)}:{node.lineno}"
        assert isinstance(node, ALLOWED), f"{where}: {type(node).__name__}"
        if isinstance(node, nodes.Tuple):
            assert node.ctx == "store", f"{where}: a tuple only in `for a, b in`"
        if isinstance(node, nodes.Call):
            called = node.node
            if isinstance(called, nodes.Getattr) and isinstance(called.node, nodes.Name):
                assert called.node.name in files, f"{where}: {called.node.name} holds no macros"
            else:
                assert isinstance(called, nodes.Name), f"{where}: only macros are called"
                assert called.name in macros, f"{where}: {called.name} is no macro"
        if isinstance(node, nodes.If | nodes.CondExpr):
            assert is_flag(node.test), f"{where}: `if` takes a flag"


def mentioned() -> list[re.Pattern[str]]:
    """The names of templates in the backends' code (with holes for f-strings) and in includes."""
    found: list[str] = []
    for path in (ROOT / "seqspec" / "backends").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.escape(node.value))
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+"
                    for part in node.values
                ]
                found.append("".join(parts))
    for path in PATHS:
        found += [re.escape(n) for n in find_referenced_templates(tree(path)) if n]
    return [re.compile(pattern) for pattern in found if pattern.endswith("j2")]


def test_every_template_is_used() -> None:
    patterns = mentioned()
    idle = [name(path) for path in PATHS if not any(p.fullmatch(name(path)) for p in patterns)]
    assert not idle, f"nothing renders or includes {idle}"


def test_templates_have_a_backend() -> None:
    from seqspec.backends.base import BACKENDS

    folders = {p.name for p in TEMPLATES.iterdir() if p.is_dir()}
    assert folders == {"_shared", *BACKENDS}
