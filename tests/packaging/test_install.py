"""The package as it is installed: from a wheel, and editable from a checkout.

Each test works on a copy of the checkout in a temporary folder and installs into a virtual
environment of its own that sees lark and jinja2 of the running one, and nothing else of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, ignore_patterns
from venv import EnvBuilder

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = ("pyproject.toml", "README.md", "LICENSE", "seqspec", "grammar", "templates", "starters")
SITE = "import site; print(site.getsitepackages()[0])"
PIP = (sys.executable, "-m", "pip")
OFFLINE = ("--quiet", "--no-deps", "--no-index")
SPEC = """\
model Topic(text: token(1000)[B, T]) -> float[B, 10] {
    text -> embedding(64) -> lstm(128) -> dense(10)
}
"""
WRONG = SPEC.replace("lstm(128)", "lstm(128) -> lstm(64)")

pytestmark = pytest.mark.slow


def run(command: Sequence[str | Path], folder: Path, expected: int = 0) -> str:
    """The standard output of a command that must end with an exit code."""
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=clean, capture_output=True, text=True
    )
    assert done.returncode == expected, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a build needs of the checkout."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in PROJECT:
        source = ROOT / name
        if source.is_dir():
            copytree(source, copy / name, ignore=ignore_patterns("__pycache__"))
        else:
            (copy / name).write_bytes(source.read_bytes())
    return copy


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of a fresh environment with lark, jinja2 and what jinja2 needs."""
    home = tmp_path / "venv"
    EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(home)
    executable = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = Path(run([executable, "-c", SITE], tmp_path).strip())
    for module in ("lark", "jinja2", "markupsafe"):
        spec = find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        (site / module).symlink_to(Path(spec.origin).parent, target_is_directory=True)
    return executable


def build(checkout: Path, hook: str) -> Path:
    """A wheel made by the build backend of the running environment, as pip would ask for it."""
    folder = checkout.parent / "wheels"
    folder.mkdir()
    program = f"from hatchling import build; build.{hook}({str(folder)!r})"
    run([sys.executable, "-c", program], checkout)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(python: Path, wheel: Path) -> None:
    """Install a wheel without its dependencies, from no index."""
    run([*PIP, "--python", python, "install", *OFFLINE, wheel], wheel.parent)


def check(python: Path, folder: Path, spec: str, expected: int) -> None:
    (folder / "topic.seq").write_text(spec)
    run([python, "-m", "seqspec", "check", "topic.seq"], folder, expected)


def test_wheel_carries_grammar_templates_and_pages(checkout: Path) -> None:
    wheel = build(checkout, "build_wheel")
    assert wheel.name.startswith("seqspec_lang-")
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"seqspec/py.typed"}
    for folder in ("grammar", "templates", "starters"):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                wanted.add(f"seqspec/_data/{file.relative_to(ROOT).as_posix()}")
    for page in (ROOT / "seqspec" / "diagnostics" / "pages").glob("*.md"):
        wanted.add(page.relative_to(ROOT).as_posix())
    assert wanted <= inside
    assert not any(name.startswith(("tests/", "tools/", "examples/")) for name in inside)


def test_installed_wheel_works_away_from_the_checkout(
    checkout: Path, python: Path, tmp_path: Path
) -> None:
    install(python, build(checkout, "build_wheel"))
    checkout.rename(tmp_path / "moved")  # nothing may be read from it any more
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    check(python, elsewhere, SPEC, expected=0)
    check(python, elsewhere, WRONG, expected=1)
    (elsewhere / "topic.seq").write_text(SPEC)
    script = python.parent / "seqspec"
    run([script, "compile", "topic.seq", "--backend", "torch", "-o", "program"], elsewhere)
    assert (elsewhere / "program" / "model.py").is_file()
    assert "# " in run([script, "explain", "SEQ401"], elsewhere)
    run([script, "new", "forecast"], elsewhere)
    run([script, "check", "--strict", "forecast/forecast.seq"], elsewhere)
    # No framework is needed up to here; now one is, and its absence is a message.
    done = subprocess.run(
        [script, "verify", "topic.seq"], cwd=elsewhere, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "error[SEQ801]" in done.stderr


def test_editable_install_is_live(checkout: Path, python: Path, tmp_path: Path) -> None:
    install(python, build(checkout, "build_editable"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    check(python, elsewhere, SPEC, expected=0)

    templates = [*(checkout / "templates" / "torch").glob("*.j2")]
    for template in templates:
        template.write_text("# edited in the checkout\n" + template.read_text())
    compiling = ("seqspec", "compile", "topic.seq", "--backend", "torch", "-o", "p")
    run([python, "-m", *compiling], elsewhere)
    assert "# edited in the checkout" in (elsewhere / "p" / "model.py").read_text()

    grammar = checkout / "grammar" / "seqspec.lark"
    grammar.write_text(grammar.read_text().replace('"->"', '"=>"'))
    check(python, elsewhere, SPEC, expected=1)
    check(python, elsewhere, SPEC.replace("->", "=>"), expected=0)


def test_a_folder_that_is_not_ours_is_not_taken_for_the_checkout(
    checkout: Path, python: Path, tmp_path: Path
) -> None:
    project = checkout / "pyproject.toml"
    project.write_text('[project]\nname = "somebody-elses"\n')
    done = subprocess.run(
        [python, "-c", "import seqspec.resources as r; r.grammar()"],
        cwd=checkout,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "FileNotFoundError" in done.stderr
