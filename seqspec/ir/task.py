"""A data set and a training, checked: what the backends need besides the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seqspec.ir.graph import Graph, Value
from seqspec.source import Span
from seqspec.vocabulary.spec import Setting


@dataclass(frozen=True, slots=True)
class Data:
    """A data section bound to the model that trains on it.

    ``inputs`` maps each model input to what feeds it: column names of a table in order, or the
    name of one array. ``target`` likewise; ``target_kind`` says when it is taken:
    ``"ahead"`` (the ``horizon`` steps after a window), ``"next_step"`` or ``"same_step"`` (one
    target per step of the window), ``"row"`` (no windows: one target per sample).
    ``tabular`` tells a table of columns from named arrays. Splits are fractions of the rows.
    ``windows`` is None where each row is a sample.
    ``tokens`` says what texts are cut into, None where there are none.
    ``ragged`` maps each time axis along which samples have lengths of their own to the array that
    holds the lengths; ``batches`` says which samples share a batch, None where any do.
    """

    name: str
    source: Setting
    tabular: bool
    inputs: Mapping[str, tuple[str, ...]]
    target: tuple[str, ...]
    target_kind: str
    split: Setting
    scale: Setting | None
    missing: str
    windows: Setting | None
    span: Span
    #: for messages and docs: the columns that are read, each once, inputs first
    columns: tuple[str, ...] = ()
    #: inputs fed from the steps after a window, and those fed with one value for each series
    ahead: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    ragged: Mapping[str, str] = field(default_factory=dict[str, str])
    batches: Setting | None = None
    tokens: Setting | None = None

    @property
    def texts(self) -> bool:
        """Whether ids are those of a vocabulary, which is kept with the weights."""
        return self.tokens is not None

    @property
    def kept(self) -> str:
        """What was found on the training part and is kept with the weights; may be empty."""
        return "vocabulary" if self.texts else "scaling" if self.scale is not None else ""

    #: ``map`` for tables that are kept in files and read a batch at a time, else ``whole``
    memory: str = "whole"

    @property
    def series(self) -> str:
        """The column that tells the series of one table apart; empty if there is but one."""
        return self.source.args.get("series") or ""

    @property
    def order(self) -> str:
        """The column that rows are sorted by, each series for itself; empty for file order."""
        return self.source.args.get("order") or ""

    @property
    def group(self) -> str:
        """The column or array that tells the groups which a split keeps together."""
        return self.split.args.get("by") or ""


@dataclass(frozen=True, slots=True)
class Training:
    """A train section, checked. ``loss`` and ``metrics`` are entries with their arguments.

    ``from_logits`` says whether the value that reaches a cross-entropy is logits (plain) or
    already probabilities (then the generated loss must recover the logits or say how it works);
    to a hinge, that it is a score: a yes is above zero, not above one half.
    """

    data: Data
    loss: Setting
    from_logits: bool
    metrics: tuple[Setting, ...]
    optimizer: Setting
    batch_size: int
    epochs: int
    seed: int
    shuffle: bool
    stop: Setting | None
    span: Span
    reduce: Setting | None = None
    precision: str = "float32"

    @property
    def schedule(self) -> Setting | None:
        """The schedule of the learning rate, if it is no number."""
        rate = self.optimizer.args["learning_rate"]
        return rate if isinstance(rate, Setting) else None


@dataclass(frozen=True, slots=True)
class Task:
    """All that a backend compiles: a graph and, if the spec says so, how it is trained.

    ``spec_name`` is the file's name without folders, ``digest`` the identity of its meaning (text
    and overrides), ``target`` the value that the loss is computed on.
    """

    graph: Graph
    training: Training | None
    spec_name: str
    spec_text: str
    digest: str
    overrides: Mapping[str, Any]

    @property
    def mixed(self) -> bool:
        """Whether layers compute in less than float32."""
        return self.training is not None and self.training.precision != "float32"

    @property
    def output(self) -> tuple[str, Value]:
        return self.graph.outputs[0]
