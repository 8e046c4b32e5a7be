"""What one gets without a model: the yardstick printed next to a result.

Forecasts are compared with the last value seen and with the value one season ago, classes with the
most frequent one, everything else with the mean. Which of them is *the* baseline is decided on
the training part, and so is the length of the season; scores are those of the program's own
``data.score``, on the same samples as the model's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from seqspec.ir.task import Target, Task, Term
from seqspec.running.samples import Sample, samples_of, spread

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]
    Rule = Callable[[Any], Array]
    Score = Callable[..., Mapping[str, float]]

#: samples of the training part that the choice of the baseline looks at
_LOOK_AT = 512
#: and the rows that the length of the season is read from
_LOOK_AT_ROWS = 20_000
#: how far unsteadiness must fall at a season, as a share of its highest before; noise falls less
_DIP = 0.8


@dataclass(frozen=True, slots=True)
class Baseline:
    """A prediction without a model: what it is called, and its scores in original units."""

    name: str
    scores: Mapping[str, float]

    def __str__(self) -> str:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in self.scores.items())
        return f"{self.name}: {numbers}"


def baselines(
    task: Task,
    training: Any,
    part: Any,
    score: Score,
) -> tuple[Baseline, ...]:
    """The baselines that make sense for a task, scored on ``part``, the best first.

    ``training`` and ``part`` are parts of the program's dataset; ``score`` takes prediction and
    target in the units of the model, as the part has them, and what else is known of the samples:
    their series, where each has its own scale, and what the program's own score takes; of several
    outputs, tuples.
    Best is what scores lowest (accuracy: highest) on the training part.
    """
    assert task.training is not None
    terms = task.training.terms
    training, part = samples_of(training), samples_of(part)
    sample = Sample(training, spread(len(training), _LOOK_AT), task.training)
    found = [_rules(task, term, training, sample.of(i)) for i, term in enumerate(terms)]
    whole = Sample(part, None, task.training)
    if len(terms) > 1:
        best = [_best(i, found, terms, sample, score) for i in range(len(terms))]
        return (_together(best, whole, score),)
    (rules,) = found
    if len(rules) > 1:
        costs = {
            name: _cost(score(rule(sample), sample.target, *sample.given))
            for name, rule in rules.items()
        }
        rules = {name: rules[name] for name in sorted(rules, key=costs.__getitem__)}
    return tuple(
        Baseline(name, score(rule(whole), whole.target, *whole.given))
        for name, rule in rules.items()
    )


def naive(task: Task, training: Any, part: Any) -> tuple[Mapping[str, Array], Array] | None:
    """What comes after each window of a part if nothing changes, by method, and the windows.

    The windows are those of the target's columns, [samples, steps, columns]; all is in the units of
    the model. None if they are not among the inputs, or the target is not what comes after them.
    """
    import numpy as np

    assert task.training is not None
    (term,) = task.training.terms
    target = task.training.data.targets[term.output]
    past = _past(task, target)
    if past is None or target.kind != "ahead":
        return None
    rules = _rules(task, term, training, Sample(training, spread(len(training), _LOOK_AT)))
    sample = Sample(part, None)
    known = past.at(sample, np.arange(past.steps(sample)))
    return {name: rule(sample) for name, rule in rules.items()}, known


def _best(
    output: int,
    found: Sequence[Mapping[str, Rule]],
    terms: Sequence[Term],
    sample: Sample,
    score: Score,
) -> tuple[str, Rule]:
    """The rule of an output that scores best on a sample, the others being as they may be."""
    rules = found[output]
    if len(rules) == 1:
        return next(iter(rules.items()))
    others = [next(iter(r.values()))(sample.of(i)) for i, r in enumerate(found)]
    prefix = f"{terms[output].output}_"

    def cost(name: str) -> float:
        tried = [*others]
        tried[output] = rules[name](sample.of(output))
        return _cost(score(tuple(tried), sample.targets, *sample.given), prefix)

    name = min(rules, key=cost)
    return name, rules[name]


def _together(
    best: Sequence[tuple[str, Rule]],
    whole: Sample,
    score: Score,
) -> Baseline:
    """One baseline for all outputs: of each the rule that is best for it."""
    predictions = tuple(rule(whole.of(i)) for i, (_, rule) in enumerate(best))
    name = " / ".join(dict.fromkeys(name for name, _ in best))
    return Baseline(name, score(predictions, whole.targets, *whole.given))


def _rules(task: Task, term: Term, part: Any, sample: Sample) -> dict[str, Rule]:
    assert task.training is not None
    if term.compares != "same":
        return {"most frequent class": _frequencies(term, sample)}
    data = task.training.data
    target = data.targets[term.output]
    # Inputs in other units than the target say nothing about it as they are.
    alike = data.scale is None or term.loss.entry.facts["scaled"]
    past = _past(task, target) if alike else None
    if past is None or data.windows is None or target.kind not in ("ahead", "next_step"):
        return {"mean of the training part": _mean(sample)}
    ahead = target.kind == "ahead"
    rules: dict[str, Rule] = {"last value": _from_steps_back(past, 1, ahead)}
    lag = _season(task, past, part)
    if lag is not None:
        rules[f"value {lag} steps before"] = _from_steps_back(past, lag, ahead)
    return rules


def _frequencies(term: Term, sample: Sample) -> Rule:
    """Class frequencies as the model's own kind of output: probabilities or logits.

    Their most probable class is the most frequent one, and their cross-entropy is the least
    that an answer which does not look at the input can have.
    """
    import numpy as np

    shape = term.value.tensor.shape
    target = sample.target
    if term.compares == "binary":
        share = float(np.clip(target.mean(), 1e-7, 1 - 1e-7))
        value = np.log(share / (1 - share)) if term.from_logits else share
        return lambda part: np.full(part.target.shape, value, np.float32)
    classes = shape[-1].value or int(target.max()) + 1
    if term.compares == "class_ids":
        target = target if term.ignore_class is None else target[target != term.ignore_class]
        counts = np.bincount(target.reshape(-1).astype(np.int64), minlength=classes).astype(float)
    else:
        counts = target.reshape(-1, classes).sum(0, dtype=float)
    share = np.clip(counts / counts.sum(), 1e-7, None)
    values = np.log(share) if term.from_logits else share / share.sum()
    middle = sample.target.ndim if term.compares == "class_ids" else sample.target.ndim - 1

    def predict(part: Sample) -> Array:
        leading = part.target.shape[:middle]
        return np.broadcast_to(values.astype(np.float32), (*leading, classes))

    return predict


def _mean(sample: Sample) -> Rule:
    import numpy as np

    mean = sample.target.mean(0, dtype=np.float64).astype(np.float32)
    if sample.target.ndim > 2:  # a target per step: the steps are alike
        mean = mean.mean(0)
    return lambda part: np.broadcast_to(mean, part.target.shape)


class _Past:
    """Where the past of the target columns stands among a sample's inputs.

    ``places`` are pairs of an input and a feature of it; ``None`` means all that it has.
    """

    def __init__(self, places: Sequence[tuple[int, int | None]]) -> None:
        self._places = places

    def steps(self, sample: Any) -> int:
        """How many steps back it reaches."""
        return sample.inputs[self._places[0][0]][:1].shape[1]

    def series(self, part: Any, stride: int) -> list[Array]:
        """The rows that overlapping windows were cut from, [rows, columns] for each series."""
        import numpy as np

        steps = self.steps(part)
        new = np.arange(max(0, steps - stride), steps)
        found: list[Array] = []
        for begin, end in _stretches(part.inputs[self._places[0][0]], stride):
            begin = max(begin, end - _LOOK_AT_ROWS)
            first = self.at(Sample(part, np.arange(begin, begin + 1)), np.arange(steps))[0]
            rest = self.at(Sample(part, slice(begin + 1, end)), new)
            found.append(np.concatenate([first, rest.reshape(-1, first.shape[-1])]))
        return found

    def at(self, sample: Sample, steps: Array) -> Array:
        """The values at these steps of the windows: [samples, steps, columns]."""
        import numpy as np

        columns = [
            _at_steps(sample.inputs[index], steps)[..., slice(None) if feature is None else feature]
            for index, feature in self._places
        ]
        return np.concatenate([c.reshape(*c.shape[:2], -1) for c in columns], axis=-1)


def _at_steps(windows: Any, steps: Array) -> Array:
    """These steps of all windows; those of several series keep the rows and where each begins."""
    if hasattr(windows, "first"):
        return windows.rows[windows.first[:, None] + steps]
    return windows[:, steps]


def _stretches(windows: Any, stride: int) -> list[tuple[int, int]]:
    """Which windows follow each other in one series: the first, and the one behind the last."""
    import numpy as np

    if not hasattr(windows, "first"):
        return [(0, len(windows))]
    cuts = np.flatnonzero(np.diff(windows.first) != stride) + 1
    return list(pairwise((0, *cuts.tolist(), len(windows))))


def _past(task: Task, target: Target) -> _Past | None:
    """The past of the target columns, if all of them are among the inputs."""
    assert task.training is not None
    data = task.training.data
    places: list[tuple[int, int | None]] = []
    for column in target.names:
        for index, value in enumerate(task.graph.inputs):
            columns = data.inputs[value.name]
            if column in columns:
                several = data.tabular and value.tensor.rank > 2
                places.append((index, columns.index(column) if several else None))
                break
        else:
            return None
    return _Past(places)


def _from_steps_back(past: _Past, lag: int, ahead: bool) -> Rule:
    """Predicts each step by the latest known value that is a multiple of ``lag`` steps older."""

    def predict(sample: Sample) -> Array:
        import numpy as np

        steps = past.steps(sample)
        if ahead:  # the steps after the window
            columns = past.at(sample, np.arange(1)).shape[-1]
            horizon = max(1, sample.target[0].size // columns)
            rows = steps - lag + np.arange(horizon) % lag
        else:  # the step after each step; before a season has gone by, the last value
            at = np.arange(steps) + 1
            rows = np.where(at >= lag, at - lag, at - 1)
        return past.at(sample, rows).reshape(sample.target.shape)

    return predict


def _season(task: Task, past: _Past, training: Any) -> int | None:
    """The number of steps after which the series repeats itself, if it does.

    That is where the difference to the past is steadiest, among the lags that a window reaches.
    The difference itself may be large, as from year to year where there is a trend.
    """
    import numpy as np

    assert task.training is not None
    data = task.training.data
    if data.windows is None or data.split.name == "random":
        return None  # the windows do not follow each other
    found = past.series(training, data.windows.args["stride"])
    rows = max(1, _LOOK_AT_ROWS // len(found))
    found = [series[-rows:].astype(np.float64) for series in found]
    spread = np.mean([series.std(0) for series in found], axis=0)
    longest = min(past.steps(training), max(map(len, found)) // 2)
    if longest < 2 or not spread.any():
        return None
    found = [series[:, spread > 0] / spread[spread > 0] for series in found]
    lags = range(1, longest + 2)
    unsteady = [0.0, *(_unsteadiness(found, lag) for lag in lags)]
    if max(unsteady) < 1e-9:
        return None  # a straight line
    dips = [
        lag
        for lag in range(2, longest + 1)
        if unsteady[lag - 1] > unsteady[lag] < unsteady[lag + 1]
        and unsteady[lag] < _DIP * max(unsteady[:lag])
    ]
    return min(dips, key=lambda lag: unsteady[lag], default=None)


def _unsteadiness(found: Sequence[Array], lag: int) -> float:
    """How much the difference to the value so many steps before changes, over all series."""
    import numpy as np

    changes = [
        (series[lag:] - series[:-lag]).var(0).mean() for series in found if len(series) > lag
    ]
    return float(np.mean(changes))


def _cost(scores: Mapping[str, float], prefix: str = "") -> float:
    """The first score of an output, so that less is better."""
    name, value = next((n, v) for n, v in scores.items() if n.startswith(prefix))
    return -value if name.removeprefix(prefix) == "accuracy" else value
