"""What a model consists of: layers, shapes, parameter counts, and a picture in characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqspec.ir.graph import Graph, Layer, SubModel, Value, size
from seqspec.ir.task import Frozen, Training
from seqspec.shapes.dim import Dim, Shape, show
from seqspec.types import State, Tensor


@dataclass(frozen=True, slots=True)
class Row:
    """One layer. ``output`` is the shape that flows on, ``trainable`` the part of ``params``."""

    name: str
    type: str
    output: Shape
    params: int
    trainable: int


@dataclass(frozen=True, slots=True)
class Summary:
    model: str
    signature: str
    rows: tuple[Row, ...]
    outputs: tuple[tuple[str, Value], ...]

    @property
    def total(self) -> int:
        return sum(r.params for r in self.rows)

    @property
    def trainable(self) -> int:
        return sum(r.trainable for r in self.rows)

    def to_json(self) -> dict[str, object]:
        """The contract of ``summary --format json``: shapes are lists of numbers and strings."""
        return {
            "model": self.model,
            "total_params": self.total,
            "trainable_params": self.trainable,
            "layers": [
                {
                    "name": r.name,
                    "type": r.type,
                    "output_shape": _plain(r.output),
                    "params": r.params,
                    "trainable_params": r.trainable,
                }
                for r in self.rows
            ],
            "outputs": {name: _shape(value) for name, value in self.outputs},
        }

    def text(self) -> str:
        """A table, as wide as it has to be."""
        head = ("layer", "type", "output", "params")
        lines = [(r.name, r.type, show(r.output), f"{r.params:,}") for r in self.rows]
        widths = [max(len(row[i]) for row in (head, *lines)) for i in range(4)]

        def line(cells: tuple[str, str, str, str]) -> str:
            left = "  ".join(c.ljust(w) for c, w in zip(cells[:3], widths, strict=False))
            return f"{left}  {cells[3].rjust(widths[3])}"

        rule = "-" * (sum(widths) + 6)
        outputs = ", ".join(f"{name} {value.type}" for name, value in self.outputs)
        frozen = self.total - self.trainable
        counts = f"{self.total:,} parameters, {self.trainable:,} trainable"
        counts += f", {frozen:,} not trainable" if frozen else ""
        shown = [
            line(cells) + ("  not trained" if row.params and not row.trainable else "")
            for cells, row in zip(lines, self.rows, strict=True)
        ]
        lines_of_table = [line(head), rule, *shown, rule]
        signature = " ".join(self.signature.split())
        return "\n".join([signature, "", *lines_of_table, counts, f"gives {outputs}"])


def of(graph: Graph, training: Training | None = None) -> Summary:
    """The summary of a model whose weights all have known shapes, as it is trained."""
    frozen = () if training is None else training.frozen
    return Summary(graph.name, graph.signature, tuple(_rows(graph, "", frozen)), graph.outputs)


def _rows(graph: Graph, prefix: str, frozen: Sequence[Frozen]) -> Iterator[Row]:
    seen: set[Layer | SubModel] = set()
    for node in graph.nodes:
        unit = node.unit
        if unit in seen:
            continue
        seen.add(unit)
        if isinstance(unit, SubModel):
            yield from _rows(unit.graph, f"{prefix}{unit.name}/", frozen)
            continue
        counts = [
            (size(w).value or 0, w.trainable and not any(one.holds(path) for one in frozen))
            for w in unit.weights
            for path in [f"{prefix}{unit.name}/{w.name}"]
        ]
        value = node.value
        output = value.type.shape if isinstance(value.type, Tensor) else ()
        yield Row(
            prefix + unit.name,
            unit.kind,
            output,
            sum(n for n, _ in counts),
            sum(n for n, trainable in counts if trainable),
        )


def _plain(shape: Shape) -> list[int | str]:
    return [_entry(d) for d in shape]


def _entry(dim: Dim) -> int | str:
    return str(dim) if dim.value is None else dim.value


def _shape(value: Value) -> list[int | str] | dict[str, list[int | str]]:
    if isinstance(value.type, State):
        return {name: _plain(shape) for name, shape in value.type.parts}
    return _plain(value.type.shape)
