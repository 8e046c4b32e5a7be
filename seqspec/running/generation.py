"""Writing sequences with the best checkpoint of a run folder."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from seqspec.running import program
from seqspec.running.errors import RunError
from seqspec.running.run_folder import RunFolder


def generate(
    run: Path,
    inputs: Sequence[str] | None = None,
    data: Path | None = None,
    limit: int | None = None,
    seed: int | None = None,
    device: str = "cpu",
) -> None:
    """Has a run's program print what it writes for inputs; without, for its held-out data.

    Left out, ``limit`` and ``data`` are those of the training. Raises ``RunError`` for anything
    wrong with the folder, the data or the device, and for a ``seed`` where nothing is drawn.
    """
    folder = RunFolder(run)
    description = folder.describe()
    loaded = program.load(folder.program, description.backend)
    if not loaded.has("generate"):
        raise RunError(
            "this model writes no sequences", "add a `generate` section to its spec, and train it"
        )
    module = loaded.module("generate")
    if seed is not None and not hasattr(module, "SEED"):
        raise RunError("nothing is drawn here, so a seed changes nothing", "leave out --seed")
    options = Namespace(
        weights=folder.checkpoint(),
        input=list(inputs) if inputs else None,
        data=(data or Path(description.data)).resolve(),
        limit=module.LIMIT if limit is None else limit,
        seed=getattr(module, "SEED", 0) if seed is None else seed,
        device=device,
    )
    train = loaded.module("train")
    with loaded.reporting():
        chosen = train.choose_device(device)
        # Keras keeps variables where they are made; PyTorch's programs move their model.
        with train.on_device(chosen) if hasattr(train, "on_device") else nullcontext():
            module.run(options)
