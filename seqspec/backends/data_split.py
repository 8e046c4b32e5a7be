"""The plan of how ``data.py`` deals its rows out to training, validation and test part."""

from __future__ import annotations

from dataclasses import dataclass

from seqspec.backends.python_text import WIDTH, Code, Group, flat, literal
from seqspec.ir.task import Data

#: part -> what its rows are called
TITLES = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """The template's values; see ``templates/_shared/data/split.j2``.

    ``lines`` deal the rows out. ``parts`` are those that the split keeps, the last of which is what
    a model is judged by. ``dealt`` says what is dealt out, for messages; ``within`` tells that rows
    are cut in each series by itself, ``pairs`` that ends are taken in pairs.
    """

    constants: tuple[str, ...]
    parts: tuple[str, ...]
    several: bool
    listed: str
    doc: str
    lines: tuple[str, ...]
    titles: str
    unit: str
    dealt: str
    within: bool
    pairs: bool


def plan_split(data: Data) -> SplitPlan:
    """Decides how the rows of a data section are dealt out, from its fractions."""
    fraction, validation = float(data.split.args["train"]), float(data.split.args["validation"])
    tested = fraction + validation < 1 - 1e-9
    parts = ("train", *(["validation"] if validation else []), *(["test"] if tested else []))
    in_rows = data.tabular or data.windows is not None or data.streams is not None
    unit = "row" if in_rows else "sample"
    dealt = {"row": f"{unit}s", "series": "series", "group": "groups"}[_unit(data)]
    in_series = data.in_series and not data.split.entry.facts["drawn"]
    each = " of each series" if in_series else ""

    drawn = bool(data.split.entry.facts["drawn"])
    order = "in order" if data.order or in_series else "in file order"
    note = f"  # of the {dealt}{each}, {'drawn at random' if drawn else order}"
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
    if drawn:
        constants.append(f"SPLIT_SEED = {int(data.split.args['seed'])}")
    return SplitPlan(
        constants=tuple(constants),
        parts=parts,
        several=len(parts) > 1,
        listed=", ".join(parts),
        doc=_doc(data),
        lines=tuple(_lines(data, flat(Group("(", tuple(Code(end) for end in (*ends, "count")))))),
        titles=flat(Group("(", tuple(TITLES[part] for part in parts))),
        unit=unit,
        dealt=dealt,
        within=bool(each),
        pairs=_unit(data) == "row" or data.in_series,
    )


def _unit(data: Data) -> str:
    """What is dealt out: ``row``, ``series`` or ``group``."""
    return str(data.split.entry.facts["unit"])


def _doc(data: Data) -> str:
    windows = " before any window is made" if data.windows is not None else ""
    if _unit(data) != "row":
        whole = "series" if _unit(data) == "series" else "groups"
        return f"The parts: whole {whole}, drawn at random."
    if data.split.entry.facts["drawn"]:
        return "The parts, drawn at random; each keeps file order."
    if data.in_series:
        return f"The parts, cut in order within each series{windows}."
    return f"The parts, cut in {'order' if data.order else 'file order'}{windows}."


def _lines(data: Data, ends: str) -> list[str]:
    """The statements that make ``parts``."""
    holder = "columns" if data.tabular else "arrays"
    mapped = data.memory == "map" and not data.tabular
    taken = "gathered(values, {})" if mapped else "values[{}]"
    ends = f"ends = {ends}"
    if not data.split.entry.facts["drawn"] and data.in_series:
        return [
            f"chosen: list[list[np.ndarray]] = [[] for _ in range({ends.count(',') + 1})]",
            f"for begin, end in stretches({holder}[SERIES]):",
            "    count = end - begin",
            f"    {ends}",
            "    for rows, (low, high) in zip(chosen, pairwise((0, *ends)), strict=True):",
            "        rows.append(np.arange(begin + low, begin + high))",
            "parts = [",
            *_each_part(
                f"{{name: {taken.format('np.concatenate(rows)')} for name, values in "
                f"{holder}.items()}}"
            ),
            "]",
        ]
    key = {"series": "SERIES", "group": "GROUP"}.get(_unit(data), "")
    if key:
        here, items = f"{holder}[{key}]", f"{holder}.items()"
        return [
            f"names = np.unique({here})",
            "count = len(names)",
            "order = np.random.default_rng(SPLIT_SEED).permutation(count)",
            ends,
            f"dealt = [np.isin({here}, names[part]) for part in np.split(order, ends[:-1])]",
            "chosen = [np.flatnonzero(rows) for rows in dealt]",
            *_listed(f"name: {taken.format('rows')} for name, values in {items}", "rows in chosen"),
        ]
    drawn = bool(data.split.entry.facts["drawn"])
    rows = taken.format("np.sort(order[start:end])") if drawn else "values[start:end]"
    permuted = ["order = np.random.default_rng(SPLIT_SEED).permutation(count)"] if drawn else []
    return [
        f"count = len(next(iter({holder}.values())))",
        *permuted,
        ends,
        "parts = [",
        f"    {{name: {rows} for name, values in {holder}.items()}}",
        "    for start, end in pairwise((0, *ends))",
        "]",
    ]


def _each_part(entry: str) -> list[str]:
    """What stands in the list of parts, in one line or two; the rows of each are chosen."""
    line = f"    {entry} for rows in chosen"
    return [line] if len(line) <= WIDTH - 4 else [f"    {entry}", "    for rows in chosen"]


def _listed(entry: str, each: str) -> list[str]:
    """The statement that makes a dictionary for each part."""
    line = f"parts = [{{{entry}}} for {each}]"
    return [line] if len(line) <= WIDTH - 4 else ["parts = [", f"    {{{entry}}} for {each}", "]"]
