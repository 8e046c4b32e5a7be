"""How long `seqspec check` takes on a 60-line spec, beside a bare interpreter.

    python benchmarks/check_time.py [--rounds 15] [--budget] [SPEC]

Each round starts the programs in turn, so that whatever else the machine does hits all of them
alike. Warm is with a filled parser cache, cold with an empty one; fresh is cold without any
compiled Python file, the standard library's included. Medians and minima of wall-clock
milliseconds are printed. `--budget` makes a minimum over the budget (250 ms warm, 500 ms cold)
exit with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
BUDGET_MS = {"warm": 250.0, "cold": 500.0}


def main() -> int:
    parser = argparse.ArgumentParser(description="times `seqspec check`")
    parser.add_argument("spec", nargs="?", type=Path, default=HERE / "sixty.seq")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--budget", action="store_true", help="exit with 1 if over the budget")
    options = parser.parse_args()
    times = measure(options.spec, options.rounds)
    for name, values in times.items():
        ratio = median(values) / median(times["bare"])
        print(
            f"{name:5} median {median(values):6.1f} ms   min {min(values):6.1f} ms   {ratio:4.1f}x"
        )
    print(json.dumps({name: round(min(values), 1) for name, values in times.items()}))
    over = [name for name, budget in BUDGET_MS.items() if min(times[name]) > budget]
    return 1 if options.budget and over else 0


def measure(spec: Path, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each round, by name."""
    times: dict[str, list[float]] = {"bare": [], "warm": [], "cold": [], "fresh": []}
    check = [sys.executable, "-m", "seqspec", "check", str(spec)]
    with tempfile.TemporaryDirectory() as scratch:
        warm = {**os.environ, "XDG_CACHE_HOME": f"{scratch}/warm"}
        Path(scratch, "warm").mkdir()
        run(check, warm)  # fills the cache
        for number in range(rounds):
            places = [Path(scratch, f"{kind}{number}") for kind in ("cold", "fresh", "compiled")]
            for place in places:
                place.mkdir()
            cold, fresh, compiled = map(str, places)
            times["bare"].append(run([sys.executable, "-c", "pass"], warm))
            times["warm"].append(run(check, warm))
            times["cold"].append(run(check, {**os.environ, "XDG_CACHE_HOME": cold}))
            without = {"XDG_CACHE_HOME": fresh, "PYTHONPYCACHEPREFIX": compiled}
            times["fresh"].append(run(check, {**os.environ, **without}))
    return times


def run(command: list[str], environment: dict[str, str]) -> float:
    """Wall-clock milliseconds of a command that must succeed."""
    started = time.perf_counter()
    done = subprocess.run(
        command, env=environment, cwd=HERE.parent, capture_output=True, text=True, check=False
    )
    elapsed = (time.perf_counter() - started) * 1000
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return elapsed


if __name__ == "__main__":
    sys.exit(main())
