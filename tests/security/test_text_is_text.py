"""Whatever a spec says in strings, comments, names and file names, its programs hold as text."""

from __future__ import annotations

import builtins
import json
import keyword
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqspec import cli
from seqspec.driver import Compilation, Options
from tests.security.hostile import MARK, TEXTS, assert_harmless, quoted

BACKENDS = ("torch", "keras")
both = pytest.mark.parametrize("backend", BACKENDS)
each_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())

SPEC = """\
model Level(tanks: float[B, 4, 1]) -> float[B, 1] {{
    tanks -> lstm(4) -> dense(1)
}}

data readings {{
    source  = csv({path}, columns=[{column}])
    windows = sliding(steps=4)
    split   = chronological(train=60%, validation=20%)
    scale   = standard()
    target  = [{column}]
}}

train Level {{
    data    = readings
    loss    = mse
    metrics = [rmse]
}}
"""


@pytest.fixture(autouse=True)
def _no_canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _canary_stays_away(tmp_path: Path, _no_canary: None) -> Iterator[None]:
    yield
    assert not list(tmp_path.rglob(MARK)), "something ran what a spec says"


def strings(text: str, backend: str, name: str = "spec.seq") -> list[str]:
    """All string constants of a spec's program, after looking at each file."""
    compilation = Compilation.of_text(text, name)
    files = compilation.files(backend)
    assert files, [d.message for d in compilation.diagnostics]
    return assert_harmless(files)


@both
@each_text
def test_path(text: str, backend: str) -> None:
    found = strings(SPEC.format(path=quoted(text + ".csv"), column="level"), backend)
    assert text + ".csv" in found, "the path is a plain literal, unchanged"


@both
@each_text
def test_column(text: str, backend: str) -> None:
    found = strings(SPEC.format(path='"t.csv"', column=quoted(text)), backend)
    assert text in found


@both
@each_text
def test_column_that_the_file_names(text: str, backend: str) -> None:
    """A header is read, and what it says becomes a constant of the program."""
    cell = '"' + text.replace('"', '""') + '"'
    if "\0" in text:
        return  # no csv file can hold it
    Path("t.csv").write_text(f"{cell},level\n" + "1,2\n" * 30, encoding="utf-8", newline="")
    spec = SPEC.format(path='"t.csv"', column="level").replace(", columns=[level]", "")
    found = strings(spec.replace("[B, 4, 1]", "[B, 4, 2]"), backend)
    assert text.strip() in found


@both
@each_text
def test_comments(text: str, backend: str) -> None:
    spec = SPEC.format(path='"t.csv"', column="level")
    one_line = text.replace("\n", " ").replace("\r", " ")
    lines = [f"{line}  # {one_line}" for line in spec.splitlines()]
    strings(f"# {one_line}\n" + "\n".join(lines) + "\n", backend)


@both
@each_text
def test_documentation(text: str, backend: str) -> None:
    spec = SPEC.format(path='"t.csv"', column="level")
    doc = "".join(f"# {line}\n" for line in text.replace("\r", "\n").split("\n"))
    found = strings(doc + spec.replace("data readings", doc + "data readings"), backend)
    plain = MARK in text and text.isprintable() and len(text) < 80
    assert not plain or any(MARK in s for s in found), "documentation is carried along"


@both
@each_text
def test_name_of_the_spec(text: str, backend: str) -> None:
    strings(SPEC.format(path='"t.csv"', column="level"), backend, f"{text}.seq")


@both
@each_text
def test_params(text: str, backend: str) -> None:
    spec = f"param note = {quoted(text)}\n" + SPEC.format(path="note", column="level")
    assert text in strings(spec, backend)
    compilation = Compilation.of_text(
        SPEC.format(path="note", column="level") + 'param note = "t.csv"\n',
        options=Options({"note": text}),
    )
    assert text in assert_harmless(compilation.files(backend))


# ---- names

ODD = sorted(
    {
        *keyword.kwlist,
        *keyword.softkwlist,
        *(n for n in dir(builtins) if not n.endswith(("Error", "Warning", "Exception"))),
        *("__init__", "__class__", "__dict__", "__builtins__", "__name__", "__doc__", "__", "_"),
        *("self", "nn", "torch", "Tensor", "keras", "np", "numpy", "os", "sys", "json", "Path"),
        *("forward", "train", "eval", "training", "parameters", "modules", "state_dict", "to"),
        *("model", "weights", "data", "run", "build_model", "initialise", "main", "fit", "x", "h"),
        *("inputs", "outputs", "call", "build", "layers", "name", "dtype", "layer", "Input", "T"),
    }
)


def named(name: str) -> str:
    """A spec that calls everything it can by one name."""
    return (
        f"model M({name}: float[B, T, 2]) -> (first: float[B, 4], second_{name}: float[B, 3]) {{\n"
        f"    a_{name} = {name} -> lstm(4, return=sequence)\n"
        f"    first = a_{name} -> gru(4)\n"
        f"    second_{name} = first -> dense(3)\n}}\n"
    )


@both
@pytest.mark.parametrize("name", ODD)
def test_odd_names_compile(name: str, backend: str) -> None:
    texts = [
        named(name),
        # a layer that is shared under the name, a value, a model, an output
        f"model M(x: float[B, T, 2]) -> float[B, 4] {{\n"
        f"    {name} = lstm(4)\n    a = x -> {name}\n    b = x -> {name}\n    add(a, b)\n}}\n",
        f"model M(x: float[B, T, 2]) -> float[B, 4] {{\n"
        f"    {name} = x -> lstm(4)\n    {name} -> dense(4)\n}}\n",
        f"model {name}(x: float[B, T, 2]) -> ({name}: float[B, 4]) {{\n"
        f"    {name} = x -> lstm(4)\n}}\n",
    ]
    for text in texts:
        compilation = Compilation.of_text(text)
        if compilation.task is None:
            # Words of the language itself may be refused, with a message.
            assert compilation.diagnostics
            continue
        assert_harmless(compilation.files(backend))


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("name", ODD)
def test_odd_names_run_in_torch(name: str, tmp_path: Path) -> None:
    from seqspec.running.program import framework, load

    text = (
        f"model M({name}: float[B, T, 2]) -> float[B, 4] {{\n"
        f"    l_{name} = {name} -> lstm(4, return=sequence)\n    l_{name} -> gru(4)\n}}\n"
    )
    shared = (
        f"model M(x: float[B, T, 2]) -> float[B, 4] {{\n"
        f"    {name} = lstm(4)\n    a = x -> {name}\n    b = x -> {name}\n    add(a, b)\n}}\n"
    )
    torch = framework("torch")
    for number, spec in enumerate((text, shared)):
        compilation = Compilation.of_text(spec)
        if compilation.task is None:
            assert compilation.diagnostics
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        for file in compilation.files("torch"):
            (folder / file.path).write_text(file.text, encoding="utf-8")
        program = load(folder, "torch")
        model = program.module("model").build_model()
        assert tuple(model(torch.zeros(3, 5, 2)).shape) == (3, 4)
        program.module("weights").save(model, folder / "w.safetensors")
        program.module("weights").load(model, folder / "w.safetensors")
        program.close()


# ---- paths


@both
@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "~/x.csv", "C:\\x.csv", "a//b"]
)
def test_data_paths_are_literals(path: str, backend: str) -> None:
    spec = SPEC.format(path=quoted(path), column="level")
    compilation = Compilation(
        Compilation.of_text(spec, "s.seq").source, Path("nowhere/at/all"), Options()
    )
    if compilation.task is None:
        (found,) = compilation.diagnostics
        assert found.code.number == "SEQ602", "the file is there, and has no such column"
        return
    assert path in assert_harmless(compilation.files(backend))


def test_nothing_is_written_outside_the_output(tmp_path: Path) -> None:
    Path("in").mkdir()
    name = 'a";\'\n"""{{x}}.seq'
    Path("in", name).write_text(SPEC.format(path='"../../up.csv"', column="level"))
    for backend in BACKENDS:
        assert cli.main(["compile", f"in/{name}", "--backend", backend, "-o", backend]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "keras", "torch"]
    assert [p.name for p in Path("in").iterdir()] == [name]


@pytest.mark.torch
@each_text
def test_program_with_a_hostile_spec_runs(text: str, tmp_path: Path) -> None:
    """Loading the whole program runs its every module, and no hostile text in it."""
    from seqspec.running.program import load

    spec = SPEC.format(path=quoted(text), column=quoted(text))
    one_line = text.replace("\n", " ").replace("\r", " ")
    folder = tmp_path / "program"
    folder.mkdir()
    for file in Compilation.of_text(f"# {one_line}\n{spec}", f"{text}.seq").files("torch"):
        (folder / file.path).write_text(file.text, encoding="utf-8")
    program = load(folder, "torch")
    for name in ("model", "weights", "data", "train", "run"):
        program.module(name)
    program.module("model").build_model()
    program.close()


# ---- messages and JSON


@each_text
def test_messages_are_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.seq").write_text(
        f"model M(x: float[B, T, 2]) -> float[B, 4] {{\n    x -> lstm({quoted(text)})\n}}\n",
        encoding="utf-8",
        newline="",
    )
    cli.main(["check", "s.seq"])
    printed = capsys.readouterr().err
    assert all(c == "\n" or c.isprintable() for c in printed), "nothing drives the terminal"
    cli.main(["check", "--format", "json", "s.seq"])
    assert json.loads(capsys.readouterr().out)["ok"] is False
