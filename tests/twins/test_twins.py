"""Each wrong twin gives its one message, and what the message advises puts it right."""

from __future__ import annotations

import re

import pytest

from seqspec.diagnostics.model import Severity
from tests.twins import FOLDER, Twin, fixed, found, message, twins

ROWS = set("L1 L3 L6 R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 S1 S2 S3 S4 S5 S6 S7 T1 T2".split())
TWINS = twins()
# Messages about words, where no shape is to blame.
WORDS = {
    *(f"SEQ{n}" for n in (303, 309, 414, 504, 520, 521, 522, 524, 530, 531, 532, 541, 542, 547)),
    *(f"SEQ{n}" for n in (602, 607, 610, 618, 619, 620, 640, 641, 656)),
}
SHAPE = re.compile(r"\[[A-Z\d][^\]]*\]|\d\*[A-Z]")

each_twin = pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS.keys())


def test_every_row_has_a_twin() -> None:
    assert {twin.row for twin in TWINS.values()} == ROWS


def test_no_message_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(TWINS)


@each_twin
def test_message_is_as_blessed(twin: Twin) -> None:
    kept = (FOLDER / f"{twin.name}.txt").read_text(encoding="utf-8")
    assert message(twin) == kept, "if it is meant: python -m tests.twins"


@each_twin
def test_one_mistake_is_one_message(twin: Twin) -> None:
    (diagnostic,), _ = found(twin.spec)
    assert diagnostic.severity is not Severity.NOTE
    assert diagnostic.span is not None
    assert diagnostic.help, "a fix is named"


@each_twin
def test_message_names_both_sides(twin: Twin) -> None:
    (diagnostic,), source = found(twin.spec)
    assert diagnostic.span is not None
    assert "\n" not in source.excerpt(diagnostic.span)
    if diagnostic.code.number in WORDS:
        return
    texts = [diagnostic.message, diagnostic.here, *(label.text for label in diagnostic.labels)]
    shapes = {shape for text in texts for shape in SHAPE.findall(text)}
    assert shapes, texts
    places = {source.excerpt(label.span) for label in diagnostic.labels}
    assert len(shapes) > 1 or places, "what disagrees has two sides"


@each_twin
def test_right_spec_is_clean(twin: Twin) -> None:
    diagnostics, _ = found(twin.righted())
    assert not diagnostics, [d.message for d in diagnostics]


@pytest.mark.parametrize("name", TWINS)
def test_offered_edit_puts_it_right(name: str) -> None:
    twin = TWINS[name]
    (diagnostic,), _ = found(twin.spec)
    if diagnostic.fix is None:
        assert name in NO_EDIT, "this message lost its edit"
        return
    assert name not in NO_EDIT, "this message has an edit now"
    left, _ = found(fixed(diagnostic, twin.spec))
    assert not left, [d.message for d in left]


# Mistakes that can be put right in several ways, or not in the spec: the help names them.
NO_EDIT = {
    name
    for name in TWINS
    if name.split("_")[0]
    in ("l3", "l6", "t2", "r2", "r4", "r5", "r6", "r7", "r8", "r9", "r11", "r12", "s4", "s6", "s7")
    or name in ("s1_no_reset", "s2_overlapping", "s3_random_rows")
} | {
    "r1_series_forgotten",
    "l1_backwards_target",
    "l1_bare_factor",
    "l1_dropout_percent",
    "r1_table",
    "t2_leaked_horizon",
    "r1_window_without_features",
    "r1_broadcast",
    "r1_too_many_units",
    "r10_fractions",
    "r10_per_step_head",
    "r10_sentence_target",
    "r10_binary_on_softmax",
    "r10_sigmoid_classes",
    "r10_one_unit",
    "r10_accuracy_of_numbers",
    "s5_units",
    "s5_joined_units",
    "s5_gru_into_lstm",
    "s5_state_as_value",
    "t1_squared_error",
    "t1_flat_images",
    "t1_rows_for_each",
    "t1_integer_metric",
}  # fmt: skip
NO_EDIT -= {"t2_unknown_output", "r7_long_warm_up"}


def test_gallery_is_fresh() -> None:
    from tools import gallery

    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.page(), "python -m tools.gallery"
