"""The rules of the house that can be checked by reading its files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "seqspec"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}

# Rooms from the cellar up: a module imports from its own room or from lower ones.
ROOMS = (
    "resources",
    "source",
    "shapes",
    "types",
    "diagnostics",
    "vocabulary",
    "syntax",
    "ir",
    "backends",
    "driver",
    "reference",
    "summary",
    "running",
    "cli",
    "__main__",
)
# Library -> where it may be imported. The frameworks of generated programs are not here: see below.
LIBRARIES = {
    "lark": ("seqspec.syntax",),
    "jinja2": ("seqspec.backends.render",),
    "numpy": ("seqspec.running",),
    "rich": ("seqspec.running",),
    "matplotlib": ("seqspec.running",),
    "safetensors": ("seqspec.running",),
    "torch": ("seqspec.running",),
    "keras": ("seqspec.running",),
    "tensorflow": ("seqspec.running",),
}
# The rooms that speak to the user and write files; everything else returns values.
SPEAKERS = ("seqspec.cli", "seqspec.running", "seqspec.__main__")
WRITING = {"print", "write_text", "write_bytes", "mkdir", "touch", "rename", "unlink", "rmtree"}
READING = {"open", "read_text", "read_bytes"}
# Modules that read files, with what they read.
READERS = {
    "seqspec.resources": "the grammar, the templates, the pages",
    "seqspec.driver": "the spec",
    "seqspec.ir.files": "the heads of data files",
}
LIGHT = ("torch", "keras", "tensorflow", "numpy", "jinja2", "rich", "matplotlib", "safetensors")

MOST_LINES = 400
MOST_FUNCTION_LINES = 50
# Longer on purpose, each with its reason.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {
    "seqspec.vocabulary.recurrent._recurrent": "the declaration of a family: a table, not steps",
}


def room(module: str) -> str:
    """``seqspec.ir.graph`` -> ``ir``; the package's own front page is above all rooms."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(module, line) of every import, wherever it stands; ``from a import b`` also as ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield (name if name in MODULES else node.module or ""), node.lineno


def functions(tree: ast.AST, path: str = "") -> Iterator[tuple[str, int]]:
    """(qualified name, lines) of every function."""
    for node in ast.iter_child_nodes(tree):
        inner = path
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{path}.{node.name}" if path else node.name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield inner, (node.end_lineno or node.lineno) - node.lineno + 1
        yield from functions(node, inner)


def test_every_module_is_in_a_room() -> None:
    strangers = {m for m in MODULES if room(m) not in ("", *ROOMS)}
    assert not strangers, f"give these a place in ROOMS: {strangers}"


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    own = ROOMS.index(room(module)) if room(module) else len(ROOMS)
    wrong = [
        f"{module}:{line} imports {name}"
        for name, line in imports(TREES[module])
        if name.split(".")[0] == "seqspec" and room(name) in ROOMS and ROOMS.index(room(name)) > own
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("module", MODULES)
def test_libraries_stay_in_their_rooms(module: str) -> None:
    wrong: list[str] = []
    for name, line in imports(TREES[module]):
        library = name.split(".")[0]
        if library == "seqspec" or library in sys.stdlib_module_names:
            continue
        allowed = LIBRARIES.get(library, ())
        if not any(module == home or module.startswith(f"{home}.") for home in allowed):
            wrong.append(f"{module}:{line} imports {name}")
    assert not wrong, wrong


def calls(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(name of the function or method, line) of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node.lineno
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, node.lineno


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith(SPEAKERS)])
def test_only_the_speakers_print_and_write(module: str) -> None:
    wrong = [
        f"{module}:{line} calls {name}" for name, line in calls(TREES[module]) if name in WRITING
    ]
    assert not wrong, wrong


@pytest.mark.parametrize(
    "module", [m for m in MODULES if not m.startswith(SPEAKERS) and m not in READERS]
)
def test_few_modules_read_files(module: str) -> None:
    wrong = [
        f"{module}:{line} calls {name}" for name, line in calls(TREES[module]) if name in READING
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("module", MODULES)
def test_files_and_functions_are_short(module: str) -> None:
    lines = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES or module in LONG_FILES, f"{lines} lines"
    long = {
        f"{module}.{name}": length
        for name, length in functions(TREES[module])
        if length > MOST_FUNCTION_LINES and f"{module}.{name}" not in LONG_FUNCTIONS
    }
    assert not long, long


def test_exceptions_are_still_needed() -> None:
    assert set(LONG_FILES) <= set(MODULES)
    lengths = {
        f"{module}.{name}": length
        for module, tree in TREES.items()
        for name, length in functions(tree)
    }
    stale = {name for name in LONG_FUNCTIONS if lengths.get(name, 0) <= MOST_FUNCTION_LINES}
    assert not stale, stale


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert not {m for m in MODULES if drawers & set(m.split("."))}


SPEC = """\
param units = 128

model Topic(text: token(1000)[B, T]) -> float[B, 10] {
    text -> embedding(64) -> lstm(units) -> dense(10)
}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("check", "topic.seq"),
        ("check", "--format", "json", "topic.seq"),
        ("summary", "topic.seq"),
        ("summary", "--format", "json", "topic.seq"),
        ("explain", "SEQ401"),
    ],
    ids=" ".join,
)
def test_quick_commands_import_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "topic.seq").write_text(SPEC)
    program = (
        "import sys, seqspec.cli\n"
        f"code = seqspec.cli.main({list(arguments)!r}) if {bool(arguments)} else 0\n"
        f"print('HEAVY', *sorted(set(sys.modules) & {set(LIGHT)!r}))\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["HEAVY"], done.stdout


def test_version_is_written_once() -> None:
    import seqspec

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {seqspec.__version__}" in changelog


def test_no_machine_of_ours_is_mentioned() -> None:
    """Nothing that is shipped speaks of the machine that it was written on."""
    secret = "/" + "work" + "/"
    folders = (
        "seqspec",
        "grammar",
        "templates",
        "starters",
        "examples",
        "docs",
        "tests",
        "tools",
        ".ci",
    )
    files = [p for f in folders for p in (ROOT / f).rglob("*") if p.is_file()]
    files += [p for p in ROOT.iterdir() if p.is_file()]
    texts = {".py", ".md", ".j2", ".seq", ".toml", ".lark", ".txt", ""}
    wrong = [
        str(p.relative_to(ROOT))
        for p in files
        if p.suffix in texts and secret in p.read_text(encoding="utf-8", errors="replace")
    ]
    assert not wrong, wrong
