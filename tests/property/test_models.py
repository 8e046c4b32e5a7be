"""Random valid models: the checker has nothing to say, and the programs do what it says."""

from __future__ import annotations

import ast
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from seqspec import summary
from seqspec.backends.base import BACKENDS
from seqspec.diagnostics.model import Severity
from seqspec.diagnostics.render import text as rendered
from seqspec.driver import Compilation
from seqspec.running import twins
from tests.matrix.trial import attempt
from tests.property.models import models

#: Writing a model takes many checks: that it is slow to draw is known.
SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@given(models())
@settings(max_examples=60, suppress_health_check=SLOW_TO_DRAW)
def test_they_check_and_compile(spec: str) -> None:
    compilation = Compilation.of_text(spec, "random.seq")
    told = [d for d in compilation.check() if d.severity is not Severity.NOTE]
    assert not told, "\n".join([spec, *(rendered(d, compilation.source) for d in told)])
    graph = compilation.graph
    assert graph is not None
    found = summary.of(graph)
    counts = twins.derived_counts(graph)
    assert (found.total, found.trainable) == (counts.total, counts.trainable)
    contract = json.loads(json.dumps(found.to_json()))
    assert sum(layer["params"] for layer in contract["layers"]) == contract["total_params"]
    assert list(contract["outputs"]) == ["output"]
    assert f"{counts.total:,} parameters" in found.text()
    for backend in BACKENDS:
        for file in compilation.files(backend):
            ast.parse(file.text)
        again = Compilation.of_text(spec, "random.seq").files(backend)
        assert again == compilation.files(backend), "a program is the same each time"


@pytest.mark.torch
@pytest.mark.keras
@pytest.mark.slow
@given(models())
@settings(max_examples=25, suppress_health_check=SLOW_TO_DRAW)
def test_programs_agree(spec: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        attempt(spec, Path(folder))
