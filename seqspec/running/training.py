"""Training: a run folder, the generated program's own loop, and what came out of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import seqspec
from seqspec.ir.files import source_path
from seqspec.ir.task import Task, Training
from seqspec.running import history, picture, program, run_folder
from seqspec.running.baseline import baselines
from seqspec.running.errors import RunError
from seqspec.running.progress import Reporter
from seqspec.running.result import Result, Scores
from seqspec.running.run_folder import Description, RunFolder
from seqspec.running.session import Session, held_out

if TYPE_CHECKING:
    from seqspec.backends.base import OutputFile


def train(
    task: Task,
    files: Sequence[OutputFile],
    *,
    backend: str,
    data: Path,
    beside: Path = Path(),
    reporter: Reporter,
    run: Path | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    device: str = "cpu",
    overfit_one_batch: bool = False,
    say: Callable[[str], None] | None = None,
) -> Result:
    """Trains a compiled spec in a new run folder.

    ``files`` is the program of ``backend`` for ``task``, ``data`` its data file, ``beside`` the
    folder of the spec. What is left out is as the spec says. ``say`` is given what is worth knowing
    of data and weights before it begins. Ctrl-C ends the training, not the process, once there are
    weights to keep: the result says so; before that, ``KeyboardInterrupt`` goes on its way. Raises
    ``RunError`` if something around the run is wrong; a folder without weights is removed again.
    """
    if task.training is None:
        raise RunError(
            f"{task.spec_name} has no train section", "add one, as `seqspec explain` shows"
        )
    description = Description(
        backend=backend,
        spec=task.spec_name,
        model=task.graph.name,
        digest=task.digest,
        overrides=dict(task.overrides),
        data=str(data.resolve()),
        epochs=epochs or task.training.epochs,
        seed=task.training.seed if seed is None else seed,
        device=device,
        overfit_one_batch=overfit_one_batch,
        seqspec=seqspec.__version__,
    )
    folder = run_folder.create(run, description, task.spec_text, files)
    try:
        session = Session(program.load(folder.program, backend), device, description.seed)
        dataset = session.load_data(data.resolve())
        notes = session.load_given(dataset, beside.resolve())
        with session.claimed(folder.path):
            return _Training(task, description, folder, session, dataset).go(reporter, say, notes)
    except (RunError, KeyboardInterrupt):  # anything else is a bug: its traceback points in there
        folder.discard()
        raise


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a run that goes on; what is left out is as it was begun.

    ``beside`` is the folder of the files that weights begin with, if it has to begin anew.
    """

    backend: str | None = None
    data: Path | None = None
    epochs: int | None = None
    seed: int | None = None
    device: str | None = None
    overfit_one_batch: bool | None = None
    beside: Path = Path()


def resume(
    task: Task,
    run: Path,
    wanted: Wanted,
    *,
    reporter: Callable[[int, Sequence[history.Record]], Reporter],
) -> Result | None:
    """Goes on with a run whose process was ended, from its newest checkpoint or from the start.

    The result is what an uninterrupted training would have given; ``None`` if there was nothing
    left to do. ``task`` is that of the run's spec, ``reporter`` is given the number of epochs and
    the records so far. Raises ``RunError`` as :func:`train` does, and if the spec, the data or the
    settings are not those of the run.
    """
    folder = RunFolder(run)
    begun = folder.describe()
    _refuse_others(task, begun, wanted)
    data = wanted.data.resolve() if wanted.data else Path(begun.data)
    session = Session(program.load(folder.program, begun.backend), begun.device, begun.seed)
    with session.claimed(run):
        checkpoint = session.checkpoint(run)
        asked = begun.epochs if checkpoint is None else checkpoint.settings["epochs"]
        description = replace(begun, data=str(data), epochs=wanted.epochs or asked)
        over = checkpoint is not None and checkpoint.finished(description.epochs)
        if over and folder.complete():
            return None
        dataset = session.load_data(data)
        notes = session.load_given(dataset, wanted.beside.resolve()) if checkpoint is None else []
        training = _Training(task, description, folder, session, dataset, checkpoint)
        result = training.go(reporter(description.epochs, training.before), None, notes)
        run_folder.describe_anew(folder, description)
    return result


def _refuse_others(task: Task, begun: Description, wanted: Wanted) -> None:
    """Raises ``RunError`` where a run is to go on as another than it was begun as."""
    if task.digest != begun.digest:
        raise RunError(
            "the run was begun with another spec, or with other values of its params",
            "train in a new folder",
            kind="resume",
        )
    for name in ("backend", "seed", "device", "overfit_one_batch"):
        was, asked = getattr(begun, name), getattr(wanted, name)
        if asked is not None and asked != was:
            option = f"--{name.replace('_', '-')}"
            how = f"without {option}" if was is False else f"with another {option}: {was}"
            raise RunError(
                f"the run was begun {how}",
                f"leave {option} out, or train in a new folder",
                kind="resume",
            )


def data_path(task: Task, folder: Path) -> Path:
    """The data file of a spec that lies in ``folder``, absolute."""
    assert task.training is not None
    return (folder / source_path(task.training.data.source)).resolve()


def _loss(training: Training) -> str:
    """What the loss is called in a picture."""
    if not training.several:
        return training.only.loss.name.replace("_", " ")
    weighed = (("" if t.weight == 1 else f"{t.weight:g} × ") + t.output for t in training.terms)
    return "loss of " + " + ".join(weighed)


class _Training:
    def __init__(
        self,
        task: Task,
        description: Description,
        folder: RunFolder,
        session: Session,
        dataset: Any,
        checkpoint: Any = None,
    ) -> None:
        self.task = task
        self.description = description
        self.folder = folder
        self.session = session
        self.dataset = dataset
        self.checkpoint = checkpoint
        done = 0 if checkpoint is None else checkpoint.epoch
        self.before = history.read(folder.metrics)[:done]

    def go(
        self, reporter: Reporter, say: Callable[[str], None] | None, notes: Sequence[str]
    ) -> Result:
        classes, counted = self.session.classes(self.dataset)
        lines = (*counted, *notes)
        if say is not None and lines:
            say("\n".join(lines))
        started = time.monotonic()
        interrupted = False
        try:
            with reporter:
                self._fit(reporter)
        except KeyboardInterrupt:
            if not self.folder.last.exists():
                raise  # nothing was learnt yet
            interrupted = True
        except RunError:
            self._draw(history.read(self.folder.metrics), None)
            raise
        seconds = time.monotonic() - started + sum(r.get("seconds", 0) for r in self.before)
        records = history.read(self.folder.metrics)
        one_batch = self.description.overfit_one_batch
        scores = None if interrupted or one_batch else self._scores()
        result = Result(
            folder=self.folder.path,
            backend=self.description.backend,
            epochs=len(records),
            best=history.best(records) or {},
            first=records[0] if records else {},
            seconds=seconds,
            held_out=scores,
            interrupted=interrupted,
            one_batch=one_batch,
            picture=self._draw(records, scores),
            classes=classes,
        )
        run_folder.write_json(self.folder.result, result.to_json())
        return result

    def _fit(self, reporter: Reporter) -> None:
        self.session.fit(
            self.dataset,
            self.folder.path,
            epochs=self.description.epochs,
            seed=self.description.seed,
            overfit_one_batch=self.description.overfit_one_batch,
            report=reporter.epoch,
            on_batch=reporter.batch,
            **({} if self.checkpoint is None else {"resume": self.checkpoint}),
        )

    def _scores(self) -> Scores:
        """The best checkpoint and the baselines on what the model has not seen."""
        session, scaling = self.session, getattr(self.dataset, "scaling", None)
        session.load_weights(self.folder.checkpoint())
        name, part = held_out(self.dataset)
        return Scores(
            part=name,
            samples=len(part),
            scaled=scaling is not None,
            scores=session.evaluate(part, scaling),
            baselines=baselines(
                self.task,
                self.dataset.train,
                part,
                partial(session.score, scaling),
            ),
        )

    def _draw(self, records: Sequence[history.Record], scores: Scores | None) -> bool:
        assert self.task.training is not None
        note = f"{self.description.spec}, {program.TITLES[self.description.backend]}"
        if scores is not None and scores.scores:
            metric, value = next(iter(scores.scores.items()))
            note += f"  ·  {scores.part} {metric} {value:.4g}"
            if scores.baselines:
                baseline = scores.baselines[0]
                note += f"  ·  without a model {baseline.scores[metric]:.4g}"
                note += "" if self.task.training.several else f" ({baseline.name})"
        return picture.draw(
            records,
            self.folder.picture,
            title=self.description.model,
            loss=_loss(self.task.training)
            + (" of scaled values" if hasattr(self.dataset, "scaling") else ""),
            note=note,
        )
