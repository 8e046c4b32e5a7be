"""What training leaves as it is: names as a spec writes them, and the weights that they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Sink
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.ir.graph import Graph, SubModel, Unit
from seqspec.ir.items import FAILED, Failed
from seqspec.ir.task import Frozen
from seqspec.source import Span
from seqspec.syntax import ast
from seqspec.vocabulary.spec import Kind


@dataclass(frozen=True, slots=True)
class WrittenPath:
    """A name of layers or weights, its parts joined by ``/``."""

    text: str
    span: Span


def read(expr: ast.Expr, kind: Kind, sink: Sink) -> tuple[WrittenPath, ...] | Failed:
    """The names of a list; whether there are such layers is asked later."""
    found: list[WrittenPath] = []
    for item in expr.items if isinstance(expr, ast.List) else (expr,):
        text = _path(item)
        if not text:
            what = f"{kind.describe} is wanted here"
            help = 'a name that is none of the language stands in quotes: "chain.0/dense"'
            sink.report(codes.FORBIDDEN_VALUE(what=what), item.span, help=help)
            return FAILED
        found.append(WrittenPath(text, item.span))
    return tuple(found)


def _path(expr: ast.Expr) -> str:
    """``words/embeddings``, or ``words.embeddings`` as elsewhere in the language; or nothing."""
    if isinstance(expr, ast.Name):
        return expr.text
    if isinstance(expr, ast.Text):
        return expr.value.strip("/")
    parts: tuple[str, ...] = ()
    if isinstance(expr, ast.Field):
        parts = (_path(expr.owner), expr.name.text)
    elif isinstance(expr, ast.Binary) and expr.operator == "/":
        parts = (_path(expr.left), _path(expr.right))
    return "/".join(parts) if parts and all(parts) else ""


def resolve(
    written: Sequence[WrittenPath], graph: Graph, at: Span, sink: Sink
) -> tuple[Frozen, ...] | None:
    """What is frozen, each once; None after reporting what is not there. ``at`` is the setting."""
    units = dict(_units(graph, "", ()))
    weights = {path: weight for path, weight in graph.all_weights() if weight.trainable}
    found: dict[str, Frozen] = {}
    for one in written:
        meant = list(_meant(one.text, units, weights))
        if not meant:
            what = f"`{graph.name}` has no layer with weights, and no weight, called `{one.text}`"
            help = did_you_mean(one.text, [*units, *weights])
            help = help or "its layers: " + ", ".join(p for p in units if "/" not in p)
            sink.report(codes.BAD_FREEZE(what=what), one.span, help=help)
            return None
        found |= {frozen.path: frozen for frozen in meant}
    all_found = found.values()
    kept = tuple(
        one for one in all_found if not any(o.holds(one.path) for o in all_found if o is not one)
    )
    if kept and all(any(one.holds(path) for one in kept) for path in weights):
        what = f"all weights of `{graph.name}` are frozen: there is nothing to train"
        sink.report(codes.BAD_FREEZE(what=what), at, help="leave out the layers that are to learn")
        return None
    return kept


def _units(
    graph: Graph, prefix: str, above: tuple[Unit, ...]
) -> Iterator[tuple[str, tuple[Unit, ...]]]:
    """Each unit with weights by its path, with those around it, outermost first."""
    for unit in graph.units:
        if not any(True for _ in unit.all_weights()):
            continue
        path, chain = prefix + unit.name, (*above, unit)
        yield path, chain
        if isinstance(unit, SubModel):
            yield from _units(unit.graph, f"{path}/", chain)


def _meant(
    name: str, units: Mapping[str, tuple[Unit, ...]], weights: Iterable[str]
) -> Iterator[Frozen]:
    """A unit of that name, else the units of a pipeline of that name, else weights."""
    if name in units:
        yield Frozen(name, units[name], whole=True)
        return
    # `encoder = x -> embedding(8) -> lstm(8)` are encoder_embedding and encoder_lstm; copies of a
    # layer are chain.0/dense and so on.
    inside = [path for path, chain in units.items() if _inside(path, chain[-1], name)]
    if inside:
        yield from (Frozen(path, units[path], whole=True) for path in inside)
        return
    for path in weights:
        if path == name or path.startswith(f"{name}/"):
            owner = max((u for u in units if path.startswith(f"{u}/")), key=len)
            yield Frozen(path, units[owner], whole=False)


def _inside(path: str, unit: Unit, name: str) -> bool:
    """Whether a unit stands in a pipeline, a model or among copies of that name.

    In a pipeline it is called after its kind: `encoder_lstm_1` is in `encoder`, `encoder_b_lstm` in
    another one.
    """
    if path.startswith((f"{name}.", f"{name}/")):
        return True
    rest = path.removeprefix(f"{name}_")
    kind = re.sub(r"_\d+\Z", "", rest).replace("_", "")
    return rest != path and kind == unit.kind.replace("_", "").lower()
