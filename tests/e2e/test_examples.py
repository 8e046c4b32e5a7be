"""The examples on real data: trained by the command, held to what their headers state."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean

import pytest

ROOT = Path(__file__).parents[2]
TEXT = ROOT / "examples" / "data" / "python_reference.txt"
EXAMPLES = (
    *("airline", "digits", "dates", "weather", "stations", "hourly", "tomorrow"),
    *("seattle", "shoulder", "motion", "echo", "watch"),
    *("vowels", "names", "docstrings", "stress", "gestures", "outlook", "days", "reference"),
)
#: by how much a run on another machine may miss the header's worst seed
LEEWAY = {"rmse": 1.25, "accuracy": 0.98}

pytestmark = [pytest.mark.e2e, pytest.mark.torch, pytest.mark.keras]


@dataclass(frozen=True)
class Stated:
    """What a header states: the metric, the seeds' scores on each backend, the best baseline."""

    metric: str
    scores: dict[str, list[float]]
    baseline: float

    @property
    def high(self) -> bool:
        """Whether more is better."""
        return self.metric.endswith("accuracy")

    def reached(self, backend: str, score: float) -> bool:
        if self.high:
            return score >= min(self.scores[backend]) * LEEWAY["accuracy"]
        return score <= max(self.scores[backend]) * LEEWAY["rmse"]

    def beats(self, score: float) -> bool:
        return score > self.baseline if self.high else score < self.baseline


def stated(example: str) -> Stated:
    found = re.search(
        r"measured\s+(?P<metric>(?:\w+_)?(?:rmse|accuracy)).*?: (?P<torch>[\d., ]+) \(torch\) and "
        r"(?P<keras>[\d., ]+) \(keras\) with the seeds 0, 1, 2\s+baseline\s+(?P<baseline>.*)",
        head_of(example),
    )
    assert found, f"the header of {example}.seq states no measured scores"
    scores = {b: [float(n) for n in found[b].split(",")] for b in ("torch", "keras")}
    guesses = [float(n) for n in re.findall(r"\d*\.\d+", found["baseline"])]
    claim = Stated(found["metric"], scores, min(guesses))
    return replace(claim, baseline=max(guesses)) if claim.high else claim


def call(*arguments: object, cwd: Path = ROOT, path: Path = ROOT) -> str:
    """Run Python with arguments in a process of its own; what it prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(path)}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def commands(*wanted: Sequence[object]) -> str:
    """Run commands of seqspec one after the other in one process; what they print."""
    lines = [list(map(str, arguments)) for arguments in wanted]
    code = f"from seqspec.cli import main; raise SystemExit(max(map(main, {lines!r})))"
    return call("-c", code)


def less_data(example: str, folder: Path) -> tuple[str, ...]:
    """What to predict, where all of the data would be a table of millions of numbers."""
    if example != "reference":
        return ()
    (folder / "less.txt").write_text(TEXT.read_text(encoding="utf-8")[:2000], encoding="utf-8")
    return "--data", str(folder / "less.txt")


@pytest.mark.parametrize("backend", ["torch", "keras"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_example_reaches_what_it_states(example: str, backend: str, tmp_path: Path) -> None:
    run, spec = tmp_path / "run", ROOT / "examples" / f"{example}.seq"
    call("-m", "seqspec", "train", spec, "--backend", backend, "--run", run)
    for name in ("spec.seq", "run.json", "metrics.jsonl", "best.safetensors", "last.safetensors"):
        assert (run / name).stat().st_size > 0
    assert (run / "loss.png").read_bytes().startswith(b"\x89PNG")
    result = json.loads((run / "result.json").read_text(encoding="utf-8"))
    claim = stated(example)
    score = result["held_out"]["scores"][claim.metric]
    assert claim.beats(score), f"{score} does not beat {claim.baseline}"
    assert claim.reached(backend, score), f"{score} is far from {claim.scores[backend]}"

    out = tmp_path / "out.csv"
    predict = ("predict", run, "-o", out, *less_data(example, tmp_path))
    printed = commands(("evaluate", run, "--format", "json"), predict)
    said, _ = json.JSONDecoder().raw_decode(printed)
    assert said["scores"][claim.metric] == pytest.approx(score, rel=1e-5)
    assert len(out.read_text(encoding="utf-8").splitlines()) > 10

    # The other framework's program reads the checkpoint and scores the same.
    other = {"torch": "keras", "keras": "torch"}[backend]
    program = tmp_path / other
    call("-m", "seqspec", "compile", spec, "--backend", other, "-o", program)
    weights = run / "best.safetensors"
    printed = call(program / "run.py", "evaluate", "--weights", weights, cwd=spec.parent)
    scores = dict(line.split() for line in printed.splitlines() if len(line.split()) == 2)
    assert float(scores[claim.metric]) == pytest.approx(score, rel=1e-3)
    if example in FURTHER:
        FURTHER[example](run, backend)


def head_of(example: str) -> str:
    """What stands above the model, as one line."""
    text = (ROOT / "examples" / f"{example}.seq").read_text(encoding="utf-8")
    return " ".join(line.lstrip("# ") for line in text.split("\nmodel ")[0].splitlines())


def goes_on(run: Path, backend: str) -> None:
    """A prompt is gone on from, as far as the spec says, with what the text is made of."""
    written = call("-m", "seqspec", "generate", run, "--input", "The ")
    assert written.startswith("The "), backend
    assert len(written) == len("The ") + 200 + len("\n")
    words = set(TEXT.read_text(encoding="utf-8").split())
    known = [word in words for word in written.split()[1:-1]]
    assert fmean(known) > 0.5, f"few of these are words: {written}"


def writes_dates(run: Path, backend: str, example: str) -> None:
    """Dates that were held out are written as the header states."""
    pattern = r"as they should be[^:]*: ([\d., ]+) \(torch\) and ([\d., ]+) \(keras\)"
    claim = re.search(pattern, head_of(example))
    assert claim
    rates = [float(n) for n in claim[1 + (backend == "keras")].split(",")]
    said = call("-m", "seqspec", "generate", run)
    (rate,) = re.findall(r"^\d+ of \d+ are as they should be: ([\d.]+)$", said, re.MULTILINE)
    assert float(rate) >= min(rates) - 0.02


def reads_a_date(run: Path, backend: str) -> None:
    """What is typed is read as well as what was held out."""
    writes_dates(run, backend, "days")
    written = call("-m", "seqspec", "generate", run, "--input", "14 March 2001")
    assert re.fullmatch(r"2001-\d\d-14\n", written), "a date, though not one of those counted above"


def forecasts(run: Path, backend: str, example: str) -> None:
    """Hours ahead it errs as little as the header states, less than the naive forecasts."""
    pattern = (
        r"backtest .*?Fahrenheit: ([\d., ]+) \(torch\) and ([\d., ]+) \(keras\).*?; last value"
    )
    claim = re.search(pattern, head_of(example))
    assert claim
    errors = [float(n) for n in claim[1 + (backend == "keras")].split(",")]
    call("-m", "seqspec", "forecast", run, "--backtest")
    told = json.loads((run / "backtest.json").read_text(encoding="utf-8"))["errors"]
    error, *naive = (fmean(told[method]["mae"]["temp"]) for method in told)
    assert error < min(naive)
    assert error <= max(errors) * LEEWAY["rmse"]


def finds_faults(run: Path, backend: str) -> None:
    """The script beside the spec, with the program of a run, finds as much as the header states."""
    folder, head = ROOT / "examples", head_of("watch")
    pair = r"([\d, ]+) \(torch\) and ([\d, ]+) \(keras\) "
    claim = re.search(
        rf"faults +{pair}of 51 found, with {pair}false alarms in the 1824 hours", head
    )
    assert claim
    found, false = (
        [int(n) for n in claim[group + (backend == "keras")].split(",")] for group in (1, 3)
    )
    arguments = folder / "watch.py", run / "best.safetensors", "data/faults.csv"
    *alarms, last, least = call(*arguments, cwd=folder, path=run / "program").splitlines()
    assert len(alarms) > 51, "each hour with an alarm is told"
    (number,) = re.findall(r"^(\d+) of 51 faults found$", last)
    assert int(number) >= min(found) - 3
    (number,) = re.findall(r"^(\d+) false alarms in 1824 hours$", least)
    assert int(number) <= max(false) + 18, "one in a hundred more"


FURTHER = {
    "watch": finds_faults,
    "reference": goes_on,
    "dates": partial(writes_dates, example="dates"),
    "days": reads_a_date,
    "hourly": partial(forecasts, example="hourly"),
    "tomorrow": partial(forecasts, example="tomorrow"),
}


def test_known_counts_are_those_of_the_built_models() -> None:
    known = {"counts_topic": 164_106, "r12_stack": 361_866, "counts_translate": 258_698,
             "counts_bidirectional": 80_266, "r13_tagger": 1_136_652}  # fmt: skip
    for example, total in known.items():
        spec = ROOT / "examples" / "rows" / f"{example}.seq"
        summary = json.loads(call("-m", "seqspec", "summary", spec, "--format", "json"))
        assert summary["total_params"] == total
        assert sum(layer["params"] for layer in summary["layers"]) == total
        report = json.loads(call("-m", "seqspec", "verify", spec, "--format", "json"))
        counts = {c["name"]: c for c in report["checks"] if c["name"].startswith("parameters")}
        assert len(counts) == 2
        for check in counts.values():
            assert check["holds"]
            assert check["detail"] == f"{total:,}"
