"""Metrics of a whole part, as ``score()`` in ``data.py`` computes them in more than a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from seqspec.backends.data_naive import score_name
from seqspec.backends.python_text import Call, Code, assign, literal
from seqspec.ir.task import Term
from seqspec.vocabulary.spec import Setting

#: The variables that the lines of these metrics assign.
VARIABLES = (
    *("kept", "size", "columns", "spread", "rest", "explained", "truth", "own", "above"),
    *("yes", "right", "told", "known", "positive", "negative", "below", "not_above", "wins"),
    *("pairs", "wide", "logs", "likelihood", "product", "norms", "ends", "distances"),
    *("lengths", "answers", "truths"),
)

#: The lines of each statement.
Statements = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The names of an output's arrays; ``result`` is that of the errors, or of what is right.

    ``variables`` are what this output's :data:`VARIABLES` are called.
    """

    prediction: str
    target: str
    result: str
    variables: Mapping[str, str]
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class _Metric:
    """What is said before the dictionary of scores, and what stands in it."""

    statements: Statements
    value: str


class HeldOut:
    """The metrics of one output that take lines of their own; few of them are told each epoch.

    Metrics that begin alike share the lines that they have in common.
    """

    def __init__(self, term: Term, compared: Compared, *, split_up: bool = False) -> None:
        self._split_up = split_up
        self._prefix = compared.prefix
        self._term = term
        self._prediction = compared.prediction
        self._target = compared.target
        self._result = compared.result
        self._variables = compared.variables
        self._metrics = {
            _name(m): OF_A_PART[m.name](self, m) for m in term.metrics if m.name in OF_A_PART
        }

    def kept(self) -> list[str]:
        """What leaves out the entries that the loss ignores."""
        ignored = self._term.ignore_class
        if ignored is None:
            return []
        kept = self.own("kept")
        both = f"{self._prediction}, {self._target}"
        return [
            f"{kept} = {self._target} != {literal(ignored)}  # what the loss does not ignore",
            f"{both} = {self._prediction}[{kept}], {self._target}[{kept}]",
        ]

    def lines(self) -> list[str]:
        """What is computed before."""
        said = dict.fromkeys(s for m in self._metrics.values() for s in m.statements)
        return [line for statement in said for line in statement]

    def scores(self) -> Iterator[tuple[str, str]]:
        """Each name with the expression of its value."""
        for name, metric in self._metrics.items():
            yield name, f"float({metric.value})"

    def own(self, name: str) -> str:
        """A variable of this output."""
        return self._variables[name]

    def _line(self, name: str, value: str | Call) -> Statements:
        expr = Code(value) if isinstance(value, str) else value
        # Laid out where it will stand; the template indents it again.
        return (tuple(line[4:] for line in assign(self.own(name), expr, indent=4)),)

    # ---- numbers

    def msle(self, _: Setting) -> _Metric:
        told, known = self.own("told"), self.own("known")
        lines = (
            *self._line("told", f"np.log1p(np.maximum({self._prediction}, 1e-7))"),
            *self._line("known", f"np.log1p(np.maximum({self._target}, 1e-7))"),
        )
        return _Metric(lines, f"np.mean(({told} - {known}) ** 2)")

    def log_cosh(self, _: Setting) -> _Metric:
        return _Metric((), f"np.mean(np.logaddexp({self._result}, -{self._result})) - np.log(2)")

    def cosine_similarity(self, _: Setting) -> _Metric:
        product, norms = self.own("product"), self.own("norms")
        lines = (
            *self._line("product", f"({self._prediction} * {self._target}).sum(axis=-1)"),
            *self._line("norms", f"np.linalg.norm({self._prediction}, axis=-1)"),
            *self._line("norms", f"{norms} * np.linalg.norm({self._target}, axis=-1)"),
        )
        return _Metric(lines, f"np.mean({product} / np.maximum({norms}, 1e-7))")

    def smape(self, _: Setting) -> _Metric:
        size = f"np.maximum(np.abs({self._prediction}) + np.abs({self._target}), 1e-7)"
        lines = self._line("size", size)
        return _Metric(lines, f"200 * np.mean(np.abs({self._result}) / {self.own('size')})")

    def mase(self, metric: Setting) -> _Metric:
        scale = f"naive[{literal(self._prefix + score_name(metric))}]"
        return _Metric((), f"np.mean(np.abs({self._result}) / {scale})")

    def r2(self, _: Setting) -> _Metric:
        columns, whole, rest = self.own("columns"), self.own("spread"), self.own("rest")
        lines = (
            *self._line(
                "columns",
                Call(
                    f"{self._target}.reshape",
                    (Code("-1"), Code(f"{self._target}.shape[-1]")),
                    behind=".astype(np.float64)",
                ),
            ),
            *self._line("spread", f"(({columns} - {columns}.mean(axis=0)) ** 2).sum(axis=0)"),
            *self._line("rest", f"({self._result}.reshape({columns}.shape) ** 2).sum(axis=0)"),
            *self._line(
                "explained",
                Call(
                    "np.divide",
                    (Code(f"{whole} - {rest}"), Code(whole)),
                    (("out", Code(f"np.zeros_like({whole})")), ("where", Code(f"{whole} > 0"))),
                ),
            ),
        )
        return _Metric(lines, f"np.mean({self.own('explained')})")

    # ---- classes

    @property
    def _truth(self) -> tuple[str, Statements]:
        """What is so, and the line that it takes."""
        if self._term.compares == "class_ids":
            return self._target, ()
        binary = self._term.compares == "binary"
        value = f"{self._target} > 0.5" if binary else f"{self._target}.argmax(axis=-1)"
        return self.own("truth"), self._line("truth", value)

    def top_k_accuracy(self, metric: Setting) -> _Metric:
        truth, lines = self._truth
        taken = Call(
            "np.take_along_axis",
            (Code(self._prediction), Code(f"{truth}[..., None]"), Code("-1")),
        )
        above = f"({self._prediction} > {self.own('own')}).sum(axis=-1)"
        lines = (*lines, *self._line("own", taken), *self._line("above", above))
        return _Metric(lines, f"np.mean({self.own('above')} < {metric.args['k']})")

    def _shares(self, part: str, *whole: str) -> _Metric:
        """A share of counts; the mean of all classes. That of none is 0, as in Keras."""
        truth, lines = self._truth
        both = " + ".join(self.own(name) for name in whole)
        if self._term.compares == "binary":
            border = "0" if self._term.from_logits else "0.5"
            lines = (
                *lines,
                *self._line("yes", f"{self._prediction} > {border}"),
                *self._line("right", f"np.sum({self.own('yes')} & {truth})"),
                *(self._line("told", f"np.sum({self.own('yes')})") if "told" in whole else ()),
                *(self._line("known", f"np.sum({truth})") if "known" in whole else ()),
            )
            return _Metric(lines, f"{part} / max({both}, 1)")
        answers = f"{self._prediction}.argmax(axis=-1).ravel()"
        width = ("minlength", Code(f"{self._prediction}.shape[-1]"))

        def counts(ids: str) -> Call:
            return Call("np.bincount", (Code(ids),), (width,))

        lines = (
            *lines,
            *self._line("right", counts(f"{truth}[{self._result}]")),
            *(self._line("told", counts(answers)) if "told" in whole else ()),
            *(self._line("known", counts(f"{truth}.ravel()")) if "known" in whole else ()),
        )
        return _Metric(lines, f"np.mean({part} / np.maximum({both}, 1))")

    def precision(self, _: Setting) -> _Metric:
        return self._shares(self.own("right"), "told")

    def recall(self, _: Setting) -> _Metric:
        return self._shares(self.own("right"), "known")

    def f1(self, _: Setting) -> _Metric:
        return self._shares(f"2 * {self.own('right')}", "told", "known")

    def auc(self, _: Setting) -> _Metric:
        truth, lines = self._truth
        positive, negative = self.own("positive"), self.own("negative")
        sides = [f'np.searchsorted({negative}, {positive}, "{side}")' for side in ("left", "right")]
        lines = (
            *lines,
            *self._line("positive", f"{self._prediction}[{truth}]"),
            *self._line("negative", f"np.sort({self._prediction}[~{truth}])"),
            # Those that are alike count half: they are below from one side only.
            *self._line("below", sides[0]),
            *self._line("not_above", sides[1]),
        )
        lines += self._line("wins", f"({self.own('below')} + {self.own('not_above')}).sum() / 2")
        lines += self._line("pairs", f"len({positive}) * len({negative})")
        return _Metric(lines, f"{self.own('wins')} / max({self.own('pairs')}, 1)")

    def edit_distance(self, _: Setting) -> _Metric:
        truth, lines = self._truth
        told = f"{self._prediction}.argmax(axis=-1)"
        ignores = self._term.ignore_class is not None
        if self._split_up or ignores:
            ends, kept, lengths = self.own("ends"), self.own("kept"), self.own("lengths")
            if ignores and self._split_up:
                parts = f"np.split({kept}.ravel(), np.cumsum({lengths})[:-1])"
                lines += self._line("lengths", f"np.array([own.sum() for own in {parts}])")
            elif ignores:
                lines += self._line("lengths", f"{kept}.sum(axis=1)")
            lines += self._line("ends", f"np.cumsum({lengths})[:-1]")
            lines += self._line("answers", f"np.split({told}.ravel(), {ends})")
            lines += self._line("truths", f"np.split({truth}.ravel(), {ends})")
        else:
            lines += self._line("answers", told)
            lines += self._line("truths", truth)
        pairs = f"zip({self.own('answers')}, {self.own('truths')}, strict=True)"
        lines += self._line("pairs", pairs)
        each = f"edit_distance(a, b) / max(len(b), 1) for a, b in {self.own('pairs')}"
        lines += self._line("distances", f"[{each}]")
        return _Metric(lines, f"np.mean({self.own('distances')})")

    def perplexity(self, _: Setting) -> _Metric:
        wide = self.own("wide")
        lines = self._line("wide", f"{self._prediction}.astype(np.float64)")
        if self._term.from_logits:
            highest = f"{wide}.max(axis=-1, keepdims=True)"
            total = f"np.log(np.exp({wide}).sum(axis=-1, keepdims=True))"
            lines += ((f"{wide} -= {highest}",), *self._line("logs", f"{wide} - {total}"))
        else:
            lines += self._line("logs", f"np.log(np.clip({wide}, 1e-7, 1 - 1e-7))")
        ids = Code(f"{self._target}[..., None]")
        taken = Call("np.take_along_axis", (Code(self.own("logs")), ids, Code("-1")))
        lines += self._line("likelihood", taken)
        return _Metric(lines, f"np.exp(-np.mean({self.own('likelihood')}))")


def _name(metric: Setting) -> str:
    """What the score is called: ``top_5_accuracy`` says the k."""
    if "season" in metric.args:
        return score_name(metric)
    return metric.name.replace("_k_", f"_{metric.args['k']}_") if metric.args else metric.name


OF_A_PART: Mapping[str, Callable[[HeldOut, Setting], _Metric]] = {
    "msle": HeldOut.msle,
    "log_cosh": HeldOut.log_cosh,
    "cosine_similarity": HeldOut.cosine_similarity,
    "smape": HeldOut.smape,
    "mase": HeldOut.mase,
    "r2": HeldOut.r2,
    "top_k_accuracy": HeldOut.top_k_accuracy,
    "precision": HeldOut.precision,
    "recall": HeldOut.recall,
    "f1": HeldOut.f1,
    "auc": HeldOut.auc,
    "perplexity": HeldOut.perplexity,
    "edit_distance": HeldOut.edit_distance,
}
