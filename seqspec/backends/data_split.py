"""The plan of how ``data.py`` deals its rows out to training, validation and test part."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.python_text import Code, Group, flat, literal
from seqspec.ir.task import Data

#: part -> what its rows are called
TITLES = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """The template's values; see ``templates/_shared/data/split.j2``.

    ``index`` picks a part's rows, between ``start`` and ``end``. ``parts`` are those
    that the split keeps, the last of which is what a model is judged by.
    """

    constants: tuple[str, ...]
    parts: tuple[str, ...]
    several: bool
    listed: str
    doc: str
    lines: tuple[str, ...]
    index: str
    titles: str
    unit: str


def plan_split(data: Data) -> SplitPlan:
    """Decides how the rows of a data section are dealt out, from its fractions."""
    fraction, validation = float(data.split.args["train"]), float(data.split.args["validation"])
    in_order = data.split.name == "chronological"
    tested = fraction + validation < 1 - 1e-9
    parts = ("train", *(["validation"] if validation else []), *(["test"] if tested else []))
    unit = "row" if data.tabular or data.windows is not None else "sample"

    note = f"  # of the {unit}s, {'in file order' if in_order else 'drawn at random'}"
    note += "; the rest is the test part" if tested else ""
    constants: list[str] = []
    ends: list[str] = []
    if len(parts) > 1:
        ends.append("round(count * TRAIN)")
        names, fractions = "TRAIN", literal(fraction)
        if validation:
            names, fractions = "TRAIN, VALIDATION", Code(f"{fractions}, {literal(validation)}")
        constants.append(f"{names} = {fractions}{note}")
    if validation and tested:
        ends.append("round(count * (TRAIN + VALIDATION))")
    lines = [f"ends = {flat(Group('(', tuple(Code(end) for end in (*ends, 'count'))))}"]
    if not in_order:
        constants.append(f"SPLIT_SEED = {int(data.split.args['seed'])}")
        lines.insert(0, "order = np.random.default_rng(SPLIT_SEED).permutation(count)")

    if not in_order:
        doc = "The parts, drawn at random; each keeps file order."
    elif data.windows is not None:
        doc = "The parts, cut in file order before any window is made."
    else:
        doc = "The parts, cut in file order."
    return SplitPlan(
        constants=tuple(constants),
        parts=parts,
        several=len(parts) > 1,
        listed=", ".join(parts),
        doc=doc,
        lines=tuple(lines),
        index="start:end" if in_order else "np.sort(order[start:end])",
        titles=flat(Group("(", tuple(TITLES[part] for part in parts))),
        unit=unit,
    )
