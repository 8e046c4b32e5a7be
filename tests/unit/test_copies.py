"""Models that differ in numbers only are one class, or one function, with parameters."""

from __future__ import annotations

import re

import pytest

from seqspec.driver import Compilation
from tests.matrix.structures import STRUCTURES

SPEC = STRUCTURES["copies of models in several sizes"]
#: what classes are built with; functions are given a name besides
BUILT = {
    "Lane": "features: int, units: int, rate: float",
    "Tower": "features: int, layers: int, thinned: float",
    "Double": "features: int, out_features: int",
}


def program(backend: str, text: str) -> str:
    (file,) = (f for f in Compilation.of_text(text).files(backend) if f.path == "model.py")
    return file.text


def test_copies_share_a_class() -> None:
    text = program("torch", SPEC)
    for name, parameters in BUILT.items():
        (found,) = re.findall(
            rf"class {name}\w*\(.*?__init__\(self, (.*?)\) -> None", text, re.DOTALL
        )
        assert found == parameters
    assert "self.a_chain_0 = Tower(6, 5, 0.25)\n" in text
    assert "self.a_chain_1 = Tower(5, 4, 0.5)\n" in text
    assert "self.lane = Lane(features, layers, thinned)\n" in text


def test_copies_share_a_function() -> None:
    text = program("keras", SPEC)
    for name, parameters in BUILT.items():
        (found,) = re.findall(rf"def build_{name.lower()}\w*\((.*?), name: str\)", text)
        assert found == parameters.replace("layers", "layers_")  # those are Keras's
    assert 'build_tower(5, 4, 0.5, name="a_chain.1")' in text
    assert 'build_lane(features, layers_, thinned, name="lane")' in text


def test_numbers_in_the_forward_pass_keep_classes_apart() -> None:
    assert re.findall(r"class (Windows\w*)", program("torch", SPEC)) == ["Windows", "Windows_2"]
    assert "def build_windows(size: int, name: str)" in program("keras", SPEC)


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_numbers_without_a_name_keep_models_apart(backend: str) -> None:
    found = re.findall(r"(?:class |def build_)([Bb]ent\w*)\(", program(backend, SPEC))
    assert [name.lower() for name in found] == ["bent", "bent_2"]


def test_sizes_in_notes_are_no_parameters() -> None:
    """A size that code does not need stands in comments by its name."""
    text = program("torch", SPEC)
    assert "x [B, steps, 6] -> [B, 3]" in text
    assert len(re.findall(r"class Pool\w*", text)) == 1
    assert text.count(" = Pool()\n") == 2


@pytest.mark.parametrize(
    ("backend", "names"),
    [("torch", ("nn", "self", "super", "class")), ("keras", ("keras", "layers", "name", "y"))],
)
def test_a_setting_hides_no_name_of_the_code(backend: str, names: tuple[str, ...]) -> None:
    spec = """
    model Block(x: float[B, T, F], {name}) {{ x -> gru({name}) -> dense(F) }}
    model M(x: float[B, T, 6]) {{ x -> branches(Block, {name}=[10, 20]) }}
    """
    function = {"torch": r"__init__\(self, ", "keras": r"build_block\("}[backend]
    for name in names:
        text = program(backend, spec.format(name=name))
        compile(text, "model.py", "exec")
        assert re.findall(rf"def {function}(\w+)", text)[0] == f"{name}_"


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_sizes_that_data_decides_keep_nothing_apart(backend: str) -> None:
    """They stand in comments only, there as the model itself calls them first."""
    spec = """
    model Read(w: float[B, T, F]) { w -> layer_norm -> lstm(3, return=sequence) -> dense(4) }
    model M(x: float[B, T, 5], y: float[B, S, 2], z: float[B, S, 5]) {
        h = x -> Read -> gru(3)
        concat(h, y -> Read -> gru(3), z -> Read -> gru(3))
    }
    """
    text = program(backend, spec)
    assert len(re.findall(r"(?:class |def build_)[Rr]ead\w*", text)) == 1
    assert len(re.findall(r"(?:Read|build_read)\(5\b", text)) == 2
    assert len(re.findall(r"(?:Read|build_read)\(2\b", text)) == 1
    assert "w [B, T, features] -> [B, T, 4]" in text
    assert "[B, S, 4]" in text.partition("build_model")[2] + text.partition("class M")[2]
