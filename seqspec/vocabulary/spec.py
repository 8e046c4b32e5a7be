"""How a word of the language is declared.

Everything a spec can name is declared once, here and in this package's other modules: layers,
activations, initialisers, losses, optimisers, metrics, data readers. The argument checker, the
shape pass, ``seqspec layers``, the reference documentation and the suggestions for misspelt names
all draw from these declarations; none of them knows a word by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, cast

from seqspec.diagnostics.model import Finding
from seqspec.shapes.dim import Dim
from seqspec.types import Tensor, Type
from seqspec.vocabulary.masking import Masking
from seqspec.vocabulary.speed import Slow


class _Required(Enum):
    REQUIRED = "required"

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required.REQUIRED


@dataclass(frozen=True, slots=True)
class Kind:
    """What an argument may be given: how to say it, and how to test a literal.

    ``describe`` completes "must be …"; ``category`` names the vocabulary table whose entries are
    meant (``"activation"``), if this is not a literal; ``samples`` are values that tests try;
    ``items`` is what a list holds; ``words`` may stand for a literal, ``otherwise`` is what a call
    may stand for in place of it; ``advice`` what to do instead of the usual mistake.
    """

    describe: str
    accepts: Callable[[object], bool]
    category: str = ""
    choices: tuple[str, ...] = ()
    samples: tuple[object, ...] = ()
    items: Kind | None = None
    words: tuple[str, ...] = ()
    otherwise: Kind | None = None
    advice: str = ""


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _above(value: object) -> bool:
    return isinstance(value, int | float) and _number(value) and value > 0


def _least(value: object, bound: float) -> bool:
    return isinstance(value, int | float) and _number(value) and value >= bound


POSITIVE = Kind("a whole number above zero", lambda v: _whole(v) and _above(v), samples=(1, 3, 5))
WHOLE = Kind("a whole number, zero or more", lambda v: _whole(v) and _least(v, 0), samples=(0, 3))
NUMBER = Kind("a number", _number, samples=(0.5,))
ABOVE_ZERO = Kind("a number above zero", _above, samples=(0.5, 2.0))
NOT_NEGATIVE = Kind("a number, zero or more", lambda v: _least(v, 0), samples=(0.0, 0.5))
FRACTION = Kind(
    "a number from 0 up to, but not including, 1",
    lambda v: _least(v, 0) and not _least(v, 1),
    samples=(0.0, 0.25),
    advice="it is a share: a fifth is written 0.2 or 20%",
)
BOOL = Kind("true or false", lambda v: isinstance(v, bool), samples=(True, False))
TEXT = Kind("a quoted text", lambda v: isinstance(v, str))
CHARACTER = Kind("a quoted single character", lambda v: isinstance(v, str) and len(v) == 1)
SIZE = Kind("a size: a whole number above zero or a dimension", lambda v: isinstance(v, Dim))
WIDTH = Kind(
    "a whole number above zero, or a size",
    lambda v: POSITIVE.accepts(v) or (isinstance(v, Dim) and v.value is None),
    samples=POSITIVE.samples,
)
NAMES = Kind("a list of names, such as [pressure, temperature]", lambda v: isinstance(v, tuple))
COLUMN = Kind(
    "the name of a column, such as station", lambda v: isinstance(v, str), category="column"
)
LAYER = Kind("a layer or a model, such as dense(10)", lambda _: True, category="layer")


def _list_of(kind: Kind, value: object) -> bool:
    items = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
    return bool(items) and all(map(kind.accepts, items))


def _length(value: object) -> int:
    return len(cast("tuple[object, ...]", value))


def list_of(kind: Kind, describe: str, *samples: tuple[object, ...]) -> Kind:
    """Several values of a kind in brackets."""
    return Kind(describe, lambda v: _list_of(kind, v), samples=samples, items=kind)


_PART = Kind(
    "a size, or -1 for what is left", lambda v: isinstance(v, Dim) or v == -1 or POSITIVE.accepts(v)
)
SHAPE = list_of(_PART, "a list of sizes, such as [-1, 4]", (-1,), (1, -1))
AXES = list_of(POSITIVE, "a list of axes, such as [2, 1]", (2, 1), (1, 2))
ENDS = Kind(
    "a whole number, or two such as [1, 0]",
    lambda v: WHOLE.accepts(v) or (_list_of(WHOLE, v) and _length(v) == 2),
    samples=(1, (2, 0), (0, 3)),
    items=WHOLE,
)
SIDES = Kind(
    "a whole number above zero, or two such as [3, 5]",
    lambda v: POSITIVE.accepts(v) or (_list_of(POSITIVE, v) and _length(v) == 2),
    samples=(1, 3, (2, 3)),
    items=POSITIVE,
)


def ends(value: int | tuple[int, ...]) -> tuple[int, ...]:
    """A number for each end, or side: what an argument of the kind ENDS or SIDES says."""
    return (value, value) if isinstance(value, int) else value


STATE = Kind("a state, such as encoder.state or [h, c]", lambda _: True, category="state")
DIMENSION = Kind("the name of a dimension", lambda v: isinstance(v, Dim), category="dimension")
WEIGHT = Kind(
    "a weight, such as code.kernel or transpose(code.kernel)", lambda _: True, category="weight"
)


def choice(*options: str) -> Kind:
    """One of a few words."""
    listed = ", ".join(options[:-1]) + f" or {options[-1]}"
    return Kind(listed, lambda v: v in options, choices=options, samples=options)


def one_of(category: str, describe: str) -> Kind:
    """An entry of a vocabulary table, with its own arguments."""
    return Kind(describe, lambda v: isinstance(v, Setting), category=category)


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of a layer or setting. The order of declaration is the positional order.

    ``alone`` says why a layer that another one wraps has to leave it out, if it has; ``random``
    that above zero it makes training draw at random, as dropout does.
    """

    name: str
    kind: Kind
    default: Any = REQUIRED
    doc: str = ""
    alone: str = ""
    random: bool = False

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Flaw:
    """Arguments that do not go together: which one to blame, what is wrong, and a way out."""

    argument: str
    what: str
    help: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A word that is not a layer: an activation, an optimiser, a data reader …

    ``facts`` holds what consumers of the category need to know about the entry (a loss's kind of
    target, an activation's role); each category documents its own in the module that declares it.
    ``rule`` says what is wrong with arguments that are right one by one.
    """

    name: str
    category: str
    summary: str
    args: tuple[Arg, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    source: str = ""
    rule: Callable[[Mapping[str, Any]], Flaw | None] | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """An entry with its arguments bound and defaults filled: ``adam(learning_rate=0.01)``."""

    entry: Entry
    args: Mapping[str, Any]

    @classmethod
    def plain(cls, entry: Entry) -> Setting:
        """An entry with nothing but its defaults."""
        return cls(entry, {a.name: a.default for a in entry.args})

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def changed(self) -> dict[str, Any]:
        """The arguments that are not the entry's defaults."""
        named = {a.name: a.default for a in self.entry.args}
        return {name: self.args[name] for name in named if self.args[name] != named[name]}

    def __str__(self) -> str:
        """As a spec says it: ``adam(learning_rate=0.01)``."""
        given = ", ".join(f"{k}={str(v).lower()}" for k, v in self.changed.items())
        return f"{self.name}({given})" if given else self.name


@dataclass(frozen=True, slots=True)
class Port:
    """A data input of a layer. ``pattern`` is a shape pattern such as ``"B T F"``.

    ``kind`` is the element kind it takes; ``meaning`` completes "needs …" in messages.
    ``variadic`` ports take two or more operands, or ``least``. ``stands_in`` is the port whose
    operand serves here if none is given; of an ``in_step`` one a step of the result sees one step.
    """

    name: str
    pattern: str
    kind: str = "float"
    meaning: str = ""
    variadic: bool = False
    least: int = 2
    stands_in: str = ""
    in_step: bool = False


@dataclass(frozen=True, slots=True)
class Weight:
    """A named weight. ``shape`` is a pattern over the port's symbols and the arguments.

    ``initializer`` is the name of the argument that holds it, or of an initialiser. ``when`` tells
    from the arguments whether there is such a weight, ``tied`` that other layers may use it, too.
    Arguments such as ``kernel_regularizer`` and ``kernel_constraint`` hold its cost and bounds.
    """

    name: str
    shape: str
    initializer: str
    trainable: bool = True
    when: Callable[[Mapping[str, Any]], bool] = lambda _: True
    tied: bool = False

    @property
    def settings(self) -> tuple[str, str, str]:
        """The names of the arguments: initialiser, regulariser, constraint."""
        start = self.initializer.removesuffix("_initializer")
        return self.initializer, f"{start}_regularizer", f"{start}_constraint"

    @property
    def whole(self) -> bool:
        """Whether this is one matrix, not those of several gates or steps side by side."""
        return len(self.shape.split()) == 2 and "*" not in self.shape


@dataclass(frozen=True, slots=True)
class Problem:
    """What a shape rule has to say against a site.

    ``operand`` is the index of the data input to blame, ``argument`` the name of the argument to
    blame. ``needless`` says that leaving the layer out puts it right.
    """

    finding: Finding
    help: str
    operand: int | None = None
    argument: str = ""
    needless: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What one application of a layer gives: the type on each output, and the weights it owns.

    ``passes_on`` is the output that flows on. ``several`` are the outputs of a layer of which none
    flows on before the spec says which, the first being ``passes_on``; ``because`` is the argument
    that makes it so. ``masking`` is what it does with masks, if another thing than the layer
    declares.
    """

    outputs: Mapping[str, Type]
    passes_on: str = "output"
    weights: tuple[OwnedWeight, ...] = ()
    several: tuple[str, ...] = ()
    because: str = ""
    masking: Masking | None = None


@dataclass(frozen=True, slots=True)
class OwnedWeight:
    """A weight of a layer with its shape known as far as it is: what parameter counts sum over."""

    name: str
    shape: tuple[Dim, ...]
    initializer: Setting
    trainable: bool = True
    regularizer: Setting | None = None
    constraint: Setting | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """One application of a layer, as its shape rule sees it.

    ``operands`` already fit the ports; ``sizes`` holds what the patterns' symbols were bound to and
    ``rest`` what ``...`` stood for. ``inner`` is the application of the wrapped layer to the
    same operands, for layers that wrap one.
    """

    spec: LayerSpec
    args: Mapping[str, Any]
    operands: tuple[Tensor, ...]
    sizes: Mapping[str, Dim]
    rest: tuple[Dim, ...] = ()
    inner: Applied | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Tie:
    """A weight of another layer, given as an argument: ``transpose(code.kernel)``.

    ``owner`` is that layer of the graph; ``shape`` is the weight's as it is used here.
    """

    owner: Any
    weight: str
    shape: tuple[Dim, ...]
    transposed: bool = False


Outputs = Mapping[str, Type]
Rule = Callable[[Site], "Applied | Problem"]


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A layer, declared once.

    ``rule`` computes what the layer gives from a :class:`Site` whose operands already fit the
    ports; most layers build it from patterns (:func:`seqspec.vocabulary.rules.by_pattern`).
    ``missing_axis`` is for a layer whose output may lack the axis that the next one needs: the
    argument, the value that restores the axis, and what the layer does without it.
    ``family`` groups layers that others can wrap; ``states`` names the tensors of a recurrent
    layer's state; ``per_step`` marks the combinator that applies a unit along an axis kept aside
    instead of being a layer itself, ``in_models`` that it takes this layer only inside a model,
    ``copies`` those that repeat a unit (or take several, where ``joined_by`` names the layer that
    makes one value of theirs). ``one_rank`` says that a shared instance takes operands of one
    number of axes only. ``slow`` tells from the arguments why a fused kernel cannot run this layer,
    if so; ``turns`` whether its steps come out in reverse order; ``reach`` how many steps before
    the present one it looks at, if it has a window of steps. ``cudnn`` says that Keras has a fused
    kernel for it. ``masking`` is what becomes of padding. ``fields`` names the outputs a user can
    reach by name. ``examples`` are expressions that consume ``x`` of the first
    port's pattern, compiled for every backend by the tests.
    """

    name: str
    summary: str
    args: tuple[Arg, ...]
    inputs: tuple[Port, ...]
    rule: Rule
    outputs: str
    weights: tuple[Weight, ...] = ()
    family: str = ""
    states: tuple[str, ...] = ()
    per_step: bool = False
    in_models: bool = False
    copies: bool = False
    joined_by: str = ""
    one_rank: bool = False
    missing_axis: tuple[str, str, str] | None = None
    slow: Callable[[Mapping[str, Any]], Slow | None] = lambda _: None
    turns: Callable[[Mapping[str, Any]], bool] = lambda _: False
    reach: Callable[[Mapping[str, Any]], int | None] = lambda _: None
    cudnn: bool = False
    masking: Masking = Masking.ENDS
    fields: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def arg(self, name: str) -> Arg | None:
        return next((a for a in self.args if a.name == name), None)
