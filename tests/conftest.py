"""What all tests share: a quiet, repeatable environment, and the markers of the frameworks."""

from __future__ import annotations

import os
import random
import sys
from importlib import import_module
from importlib.util import find_spec

# Before any framework is imported: one thread each (small models run faster and repeatably, and
# xdist workers do not fight), no banners, no search for a GPU.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from hypothesis import settings

# Machines differ in speed: a slow example is not a failure. Same examples on every run.
settings.register_profile("seqspec", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("seqspec")


@pytest.fixture(autouse=True)
def repeatable(request: pytest.FixtureRequest) -> None:
    """Whatever draws without a seed of its own draws the same on every run, alone or not."""
    random.seed(0)  # from which Keras takes its seeds
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if request.node.get_closest_marker("torch"):
        import_module("torch").manual_seed(0)


NEEDS = {"torch": ("torch",), "keras": ("keras", "tensorflow")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a framework that is not installed."""
    missing = {
        marker: [module for module in modules if find_spec(module) is None]
        for marker, modules in NEEDS.items()
    }
    for item in items:
        for marker, modules in missing.items():
            if modules and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"{' and '.join(modules)} not installed"))
