"""Sequences that programs write, against searches written out by hand over whole runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqspec.driver import Compilation
from seqspec.running import twins
from tests.matrix.trial import built, checked, random_weights, share, task_of

pytestmark = [pytest.mark.torch, pytest.mark.keras, pytest.mark.slow]

STORY = """
model Story(text: token(6)[B, T]) -> float[B, T, 6] {{
    text -> embedding(4) -> conv_1d(5, 3, padding=causal) -> gru(5, return=sequence)
        -> conv_1d(5, 2, padding=causal, dilation_rate=2) -> lstm(5, return=sequence)
        -> dense(6{end})
}}
generate Story {{ loop = text, {start}stop = 2, limit = {limit}, pick = {pick} }}
"""
TRANSLATE = """
model Tell(source: token(9, pad=0)[B, S], target: token(6, pad=0)[B, T]) -> float[B, T, 6] {
    notes = source -> embedding(4) -> bidirectional(gru(3, return=sequence))
    start = source -> embedding(4) -> lstm(6)
    said = target -> embedding(4) -> lstm(6, initial=start.state, return=sequence)
    said -> attention(notes) -> dense(6)
}
generate Tell { loop = target, start = 1, stop = 2, limit = 5, pick = beam(7, length_penalty=0.5) }
"""
BESIDE = """
model Tell({source}mood: float{pad}[B, T, 2], target: token(6{tokens})[B, T]) -> float[B, T, 6] {{
    said = concat(target -> embedding(4), mood) -> lstm(6, {initial}return=sequence)
    said -> dense(6)
}}
generate Tell {{ loop = target, start = 1, stop = 2, limit = 9, pick = {pick} }}
"""
MOOD = np.random.default_rng(4).normal(size=(3, 5, 2)).astype(np.float32)
SOURCE = np.array([[3, 4, 5, 0], [6, 7, 0, 0], [8, 3, 4, 5]], np.int32)

Array = np.ndarray[Any, np.dtype[Any]]


@contextmanager
def programs(spec: str, folder: Path, model: str | None = None) -> Iterator[dict[str, Any]]:
    """Both programs with the same weights. A model that is named may have warnings."""
    compilation = checked(spec, model, clean=model is None)
    with built(compilation, folder) as models:
        task = task_of(compilation)
        share(models, random_weights(task.graph, 1.5), task, folder)
        yield models


def whole(one: Any, *inputs: Array) -> Array:
    """Log probabilities after each step, of one run over whole sequences."""
    found = twins.forward(one, [array.astype(np.int32) for array in inputs])[0].astype(np.float64)
    found = found - found.max(-1, keepdims=True)
    return found - np.log(np.exp(found).sum(-1, keepdims=True))


def generator(one: Any) -> Any:
    return one.program.module("generate")


def cut(row: list[int]) -> list[int]:
    return row[: row.index(2)] if 2 in row else row


def test_greedy_is_the_likeliest_token_each_time(tmp_path: Path) -> None:
    with programs(STORY.format(end="", start="", limit=6, pick="greedy()"), tmp_path) as models:
        prompts = np.array([[1, 3], [4, 5], [0, 0]], np.int32)
        for one in models.values():
            tokens = prompts
            for _ in range(6):
                tokens = np.concatenate([tokens, whole(one, tokens)[:, -1].argmax(-1)[:, None]], 1)
            wanted = [cut(row) for row in tokens[:, 2:].tolist()]
            assert generator(one).generate(one.model, prompts) == wanted
            assert generator(one).generate(one.model, prompts, batch_size=2) == wanted


def test_probabilities_are_as_good_as_logits(tmp_path: Path) -> None:
    spec = STORY.format(end=", activation=softmax", start="", limit=6, pick="greedy()")
    with programs(spec, tmp_path) as models:
        prompts = np.array([[1, 3], [4, 5], [0, 0], [5, 5]], np.int32)
        found = [generator(one).generate(one.model, prompts) for one in models.values()]
        assert found[0] == found[1]
        assert any(found[0])


def test_draws_are_those_of_the_distribution(tmp_path: Path) -> None:
    pick = "sample(temperature=0.7, top_k=4, top_p=0.8)"
    with programs(
        STORY.format(end="", start="start = 1, ", limit=1, pick=pick), tmp_path
    ) as models:
        one = models["torch"]
        prompts = np.ones((4000, 1), np.int32)
        found = {name: generator(o).generate(o.model, prompts) for name, o in models.items()}
        assert found["torch"] == found["keras"]
        counts = np.bincount([row[0] if row else 2 for row in found["torch"]], minlength=6) / 4000
        scores = whole(one, prompts[:1])[0, -1] / 0.7
        scores[np.argsort(-scores)[4:]] = -np.inf
        shares = np.exp(scores) / np.exp(scores).sum()
        order = np.argsort(-shares)
        kept = order[: int((np.cumsum(shares[order]) < 0.8).sum()) + 1]
        wanted = np.zeros(6)
        wanted[kept] = shares[kept] / shares[kept].sum()
        assert abs(counts - wanted).max() < 0.03
        again = generator(one).generate(one.model, prompts, seed=1)
        assert again != found["torch"]


def best(score: Callable[[tuple[int, ...]], float], tokens: range, limit: int) -> list[int]:
    """The best of all sequences that end, or are as long as can be: tried one by one."""
    ended = [
        (*body, 2)
        for length in range(limit)
        for body in product([t for t in tokens if t != 2], repeat=length)
    ]
    full = list(product([t for t in tokens if t != 2], repeat=limit))
    return cut(list(max([*ended, *full], key=score)))


def test_a_wide_beam_finds_the_best_of_all(tmp_path: Path) -> None:
    """With as many beginnings as there are sequences, nothing is lost."""
    pick = "beam(1300, length_penalty=0.6)"
    spec = STORY.format(end="", start="start = 1, ", limit=4, pick=pick)
    with programs(spec, tmp_path) as models:
        prompts = np.array([[1], [4]], np.int32)
        for one in models.values():
            found = generator(one).generate(one.model, prompts)
            for prompt, row in zip(prompts, found, strict=True):
                assert row == best(_scorer(one, prompt, 0.6), range(6), 4)


def _scorer(one: Any, prompt: Array, penalty: float) -> Callable[[tuple[int, ...]], float]:
    """Scores of sequences behind a prompt, from runs over all of four tokens at once."""
    every = np.array(list(product(range(6), repeat=4)), np.int32)
    given = np.concatenate([np.repeat(prompt[None], len(every), 0), every], axis=1)
    places = dict(zip(map(tuple, every.tolist()), whole(one, given), strict=True))

    def score(tokens: tuple[int, ...]) -> float:
        steps = places[(*tokens, *[0] * (4 - len(tokens)))]
        first = len(prompt) - 1
        total = sum(steps[first + place, token] for place, token in enumerate(tokens))
        return float(total / len(tokens) ** penalty)

    return score


def test_a_narrow_beam_keeps_the_best_beginnings(tmp_path: Path) -> None:
    """An encoder with attention, its sources padded; searched by hand, one source at a time."""
    with programs(TRANSLATE, tmp_path) as models:
        for one in models.values():
            wanted = [_searched(one, source[None]) for source in SOURCE]
            assert generator(one).generate(one.model, (SOURCE,)) == wanted


def _searched(one: Any, source: Array, width: int = 7, limit: int = 5) -> list[int]:
    beams: list[tuple[float, list[int]]] = [(0.0, [])]
    for _ in range(limit):
        found: list[tuple[float, list[int]]] = []
        for total, tokens in beams:
            if tokens[-1:] == [2]:
                found.append((total, tokens))
                continue
            steps = whole(one, source, np.array([[1, *tokens]]))[0, -1]
            found += [(total + steps[t], [*tokens, t]) for t in range(1, 6)]  # 0 is padding
        beams = sorted(found, key=lambda beam: -beam[0] / len(beam[1]) ** 0.5)[:width]
        if all(tokens[-1:] == [2] for _, tokens in beams):
            break
    return cut(beams[0][1])


def test_covariates_come_step_by_step(tmp_path: Path) -> None:
    """There are five of them, so five tokens at most, though the limit is nine."""
    words = {"source": "", "pad": "", "tokens": "", "initial": "", "pick": "greedy()"}
    with programs(BESIDE.format(**words), tmp_path) as models:
        for one in models.values():
            wanted = [_followed(one, (mood[None],), 5) for mood in MOOD]
            assert generator(one).generate(one.model, (MOOD,)) == wanted
            assert max(map(len, wanted)) == 5


def test_a_sequence_ends_with_its_covariates(tmp_path: Path) -> None:
    words = {
        "source": "start: float[B, 6], ",
        "pad": "(pad=lengths)",
        "tokens": ", pad=lengths",
        "initial": "initial=[start, start], ",
        "pick": "sample(top_k=1)",
    }
    start = np.random.default_rng(5).normal(size=(3, 6)).astype(np.float32)
    lengths = np.array([5, 3, 1])
    with programs(BESIDE.format(**words), tmp_path) as models:
        for one in models.values():
            wanted = [
                _followed(one, (start[[row]], MOOD[[row], :length]), length)
                for row, length in enumerate(lengths)
            ]
            found = generator(one).generate(one.model, (start, MOOD, lengths), batch_size=2)
            assert found == wanted


def test_a_beam_takes_its_covariates_along(tmp_path: Path) -> None:
    words = {"source": "", "pad": "", "tokens": "", "initial": "", "pick": "beam(1)"}
    with programs(BESIDE.format(**words), tmp_path) as models:
        for one in models.values():
            wanted = [_followed(one, (mood[None],), 5) for mood in MOOD]
            assert generator(one).generate(one.model, (MOOD,)) == wanted


def _followed(one: Any, given: tuple[Array, ...], steps: int) -> list[int]:
    """The likeliest token each time, of runs over all covariates so far."""
    tokens = [1]
    *others, mood = given
    for place in range(1, steps + 1):
        counts = [np.array([place])] * 2 if others else []
        ordered = [*others, mood[:, :place], np.array([tokens])]
        if counts:
            ordered = [*others, mood[:, :place], counts[0], np.array([tokens]), counts[1]]
        found = _whole_of(one, ordered)
        tokens.append(int(found[0, -1].argmax()))
    return cut(tokens[1:])


def _whole_of(one: Any, inputs: list[Array]) -> Array:
    found: Array = twins.forward(one, inputs)[0]
    return found


NAMED = """
model Named(part: token(6)[B], {more}name: token(7, pad=lengths)[B, T]) -> float[B, T, 7] {{
    first = {first}
    name -> embedding(3) -> gru(5, initial=[first], return=sequence) -> dense(7)
}}
data names {{
    source = tsv("names.tsv", columns=[name, part{column}])
    tokens = characters(ends=true)
    target = next_step(name)
}}
train Named {{ data = names, loss = sparse_categorical_crossentropy }}
generate Named {{ loop = name, limit = 6 }}
"""
LABEL = {"more": "", "first": "part -> embedding(5)", "column": ""}
LABELS = {
    "more": "sex: token(6)[B], ",
    "first": "concat(part -> embedding(3), sex -> embedding(2))",
    "column": ", sex",
}
MIXED = {
    "more": "notes: token(6, pad=lengths)[B, S], ",
    "first": "concat(part -> embedding(3), notes -> embedding(2) -> gru(2))",
    "column": ", notes",
}
WORDS = {"part": ["north", "south"], "sex": ["f", "m"], "notes": ["f", "m"]}


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (LABEL, ["south", "north", "south"]),
        (LABELS, ["south\tf", "north\tf", "south\tf", "south\tm"]),
        (MIXED, ["south\tf", "north\tf", "south\tf", "south\tmf"]),
    ],
    ids=["one label", "two labels", "a label and a text"],
)
def test_labels_are_written_for_as_they_stand_in_the_file(
    given: dict[str, str], texts: list[str], tmp_path: Path
) -> None:
    (tmp_path / "names.tsv").write_text(
        "abba\tnorth\tf\n".replace("\tf", "\tf" * bool(given["column"]))
    )
    (tmp_path / "named.seq").write_text(NAMED.format(**given))
    compilation = Compilation.of(tmp_path / "named.seq")
    with built(compilation, tmp_path) as models:
        task = task_of(compilation)
        share(models, random_weights(task.graph, 2), task, tmp_path)
        said: list[list[str]] = []
        for one in models.values():
            data = one.program.module("data")
            known = {name: WORDS[name] for name in data.IDS if name != "name"}
            vocabulary = data.Vocabulary(known | {"name": ["a", "b", "c"]})
            said.append(generator(one).write_texts(one.model, texts, vocabulary))
            whole = tmp_path / "whole.tsv"
            whole.write_text("".join(f"a\t{text}\n" for text in texts))
            inputs = data.inputs_for_prediction(whole, vocabulary)
            fixed = tuple(np.asarray(array) for array in inputs[: len(inputs) - 2])
            rows = generator(one).generate(one.model, fixed)
            names = vocabulary.words("name")
            assert said[-1] == ["".join(names[place] for place in row) for row in rows]
            if given["column"]:
                with pytest.raises(data.DataError, match="a tab has to stand between"):
                    generator(one).write_texts(one.model, ["south"], vocabulary)
        assert said[0] == said[1]
        assert said[0][0] == said[0][2]
        assert len(set(said[0])) > 1


CARRIED = """
model Read(source: float[B, S, 2]) -> float[B, 5] {
    source -> gru(5, stateful=true)
}
model Tell(source: float[B, S, 2], word: token(6)[B, T]) -> float[B, T, 6] {
    notes = source -> READER
    said = word -> embedding(4) -> lstm(5, return=sequence, stateful=true)
    add(said, notes -> repeat(T)) -> dense(6)
}
generate Tell { loop = word, start = 1, stop = 2, limit = 6, pick = PICK }
"""


@pytest.mark.parametrize(
    ("reader", "pick"), [("gru(5, stateful=true)", "greedy()"), ("Read", "beam(1)")]
)
def test_carried_state_is_cleared_before_each_sequence(
    tmp_path: Path, reader: str, pick: str
) -> None:
    """Encoder and decoder carry state from batch to batch of a stream; writing begins anew."""
    source = np.random.default_rng(6).normal(size=(3, 4, 2)).astype(np.float32)
    spec = CARRIED.replace("READER", reader).replace("PICK", pick)
    with programs(spec, tmp_path, model="Tell") as models:
        for one in models.values():
            wanted: list[list[int]] = []
            for given in source:
                tokens = [1]
                for _ in range(6):
                    zeros = [np.zeros((1, 5), np.float32)] * 3
                    found = twins.forward(one, [given[None], np.array([tokens]), *zeros])
                    tokens.append(int(found[0][0, -1].argmax()))
                wanted.append(cut(tokens[1:]))
            assert any(wanted)
            for _ in range(2):
                assert generator(one).generate(one.model, (source,), batch_size=2) == wanted
