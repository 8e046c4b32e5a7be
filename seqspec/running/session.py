"""A program at work: its model, its data, and the calls that every command makes of it.

This is the one place that knows which functions a generated program offers to others.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from seqspec.running.errors import RunError, reason
from seqspec.running.program import Program


class Session:
    """A program with a training part, its model built and a device chosen.

    All methods raise ``RunError`` for what the program reports against data, weights or device.
    """

    def __init__(self, program: Program, device: str, seed: int | None = None) -> None:
        if not program.has("train"):
            raise RunError(
                "this program cannot be trained: its spec has no train section",
                "add `data` and `train` sections to the spec",
            )
        self.program = program
        self._train = program.module("train")
        self._data = program.module("data")
        # Programs of specs without `scale` know no scaling at all.
        self._scales = hasattr(self._data, "Scaling")
        # Those of texts keep what their ids stand for.
        self._numbers = hasattr(self._data, "Vocabulary")
        self._vocabulary: Any = None
        # Programs that arrange rows tell where the latest predictions are from.
        self._names = hasattr(self._data, "ORIGIN")
        self._origins: Any = None
        self._kept: Any = None  # what series have carried through the latest predictions
        # Where each series has a scale of its own, it has to be told whose values are.
        self._by_series = "series" in self._data.Part.__dataclass_fields__
        try:
            self.device: str = self._train.choose_device(device)
        except self._train.TrainingError as error:
            raise RunError(str(error), "choose the device with --device") from error
        if seed is not None:
            self._train.set_seed(seed)
        # Keras keeps variables where they are made; PyTorch's programs move their model.
        with self._place():
            self.model = program.module("model").build_model()

    def _place(self) -> AbstractContextManager[None]:
        if hasattr(self._train, "on_device"):
            return self._train.on_device(self.device)
        return nullcontext()

    def load_data(self, path: Path, scaling: Any = None) -> Any:
        """The program's dataset from a file; the scaling of a checkpoint is used if given."""
        with self.program.reporting():
            return self._data.load(path, *self._optional(scaling))

    def load_given(self, dataset: Any, folder: Path) -> list[str]:
        """Fills the weights that begin with files in a folder; gives what there is to say."""
        weights = self.program.module("weights")
        if not hasattr(weights, "load_given"):
            return []
        given = (dataset.vocabulary.ids,) if hasattr(weights, "VECTORS") else ()
        with self.program.reporting():
            return list(weights.load_given(self.model, *given, folder=folder) or [])

    def classes(self, dataset: Any) -> tuple[Mapping[str, Any], Sequence[str]]:
        """How often each class occurs in each part, and the same in words; empty without any."""
        if not hasattr(self._data, "class_counts"):
            return {}, ()
        counts = self._data.class_counts(dataset)
        return counts, self._data.class_lines(counts)

    def load_weights(self, path: Path) -> Any:
        """Reads a checkpoint into the model; gives the scaling kept with it, or ``None``."""
        with self.program.reporting():
            metadata: Mapping[str, str] = self.program.module("weights").load(self.model, path)
            if self._numbers:
                self._vocabulary = self._data.Vocabulary.from_json(metadata.get("vocabulary", ""))
            if not self._scales:
                return None
            if "scaling" not in metadata:
                raise RunError(
                    f"{path} holds no scaling, so predictions would be in the wrong units",
                    "name weights that a training has written",
                )
            return self._data.Scaling.from_json(metadata["scaling"])

    @contextmanager
    def claimed(self, run: Path) -> Generator[None]:
        """Nobody else trains in the run folder meanwhile."""
        with ExitStack() as held:
            if self.program.has("checkpoint"):
                with self.program.reporting():
                    lock = self.program.module("checkpoint").locked(run, resume=False)
                    held.enter_context(lock)
            yield

    def checkpoint(self, run: Path) -> Any:
        """The newest checkpoint of a run, ``None`` if it was ended before its first one."""
        if not self.program.has("checkpoint"):
            raise RunError(
                f"the program of {run} writes no checkpoints: another version of seqspec made it",
                "train again",
                kind="resume",
            )
        with self.program.reporting():
            return self.program.module("checkpoint").newest(run)

    def fit(self, dataset: Any, run: Path, **options: Any) -> None:
        """Trains the model; ``options`` are those of the program's own function."""
        with self.program.reporting():
            self._train.fit(self.model, dataset, run, device=self.device, **options)

    def evaluate(self, part: Any, scaling: Any) -> dict[str, float]:
        """Scores on a part, in original units."""
        with self.program.reporting():
            given = () if scaling is None else (scaling,)
            scores = self._train.evaluate(self.model, part, *given, device=self.device)
            return dict(scores)

    def predict_part(self, part: Any) -> Any:
        """Predictions for the samples of a part, in the units that the model sees."""
        with self.program.reporting():
            return self._train.predict(self.model, part.inputs, self.device)

    def original(self, scaling: Any, values: Any, *series: Any) -> Any:
        """Predictions or targets in original units; of the series named, if each has a scale."""
        return values if scaling is None else _original(scaling, values, *series)

    def score(self, scaling: Any, prediction: Any, target: Any, *given: Any) -> dict[str, float]:
        """The same scores for a prediction made otherwise; both in the units of the model.

        Each is an array, or a tuple of arrays where several outputs are trained; ``given`` is what
        else the program's ``score`` takes, after the series of each sample where parts know it.
        """
        if scaling is not None:
            series = given[:1] if self._by_series else ()
            prediction = _original(scaling, prediction, *series)
            target = _original(scaling, target, *series)
        taken = given[1:] if self._by_series else given
        return dict(self._data.score(prediction, target, *taken))

    def predict(self, path: Path, scaling: Any, state: Path | None = None) -> Any:
        """Predictions for every sample in a file, in original units.

        Where state is carried, series go on from the one in a file, or begin with a cleared one.
        """
        with self.program.reporting():
            inputs = self._data.inputs_for_prediction(path, *self._optional(scaling))
            if self._names:
                inputs, self._origins = inputs
            if self.program.has("states"):
                states = self.program.module("states")
                kept = states.NOTHING if state is None else states.load(state)
                carried = kept.begin(inputs)
                prediction = self._train.predict(self.model, inputs, self.device, carried)
                self._kept = kept.after(inputs, carried)
            else:
                prediction = self._train.predict(self.model, inputs, self.device)
            if scaling is None:
                return prediction
            if hasattr(prediction, "lengths"):  # sequences of their own lengths
                return replace(prediction, values=scaling.invert_target(prediction.values))
            named = [[series for series, _ in self._origins]] if self._by_series else []
            return _original(scaling, prediction, *named)

    def require_state(self) -> None:
        """Raises ``RunError`` if the model carries no state from one batch to the next."""
        if not self.program.has("states"):
            raise RunError(
                "the model of this run carries no state that a prediction could go on from",
                "write `stateful=true` in its recurrent layers and train again",
            )

    def write_state(self, path: Path) -> None:
        """Writes the state of each series behind the rows that were predicted last."""
        try:
            self.program.module("states").save(path, self._kept)
        except OSError as error:
            message = f"{path} cannot be written: {reason(error)}"
            raise RunError(message, "name another file with --state-out") from error

    def looping(self) -> Any:
        """The program's module that runs the model into the future."""
        if not self.program.has("forecast"):
            raise RunError(
                "this program runs nothing into the future: its spec has no forecast section",
                "add one, such as `forecast Model { steps = 24 }`, and train again",
            )
        return self.program.module("forecast")

    def stepper(self, scaling: Any) -> Any:
        """What runs the model step by step, with no lanes yet."""
        given = () if scaling is None else (scaling,)
        # Keras runs where the variables are.
        device = () if self.program.backend == "keras" else (self.device,)
        return self.program.module("stepper").Stepper(self.model, *given, *device)

    def write_predictions(self, path: Path, prediction: Any) -> None:
        """Writes predictions the way the program does, csv or npy by the name's ending."""
        try:
            kept = [self._vocabulary] if self._numbers else []
            kept += [self._origins] if self._names else []
            self._data.write_predictions(path, prediction, *kept)
        except OSError as error:
            message = f"{path} cannot be written: {reason(error)}"
            raise RunError(message, "name another file with -o") from error

    def _optional(self, scaling: Any) -> tuple[Any, ...]:
        if self._vocabulary is not None:
            return (self._vocabulary,)
        return (scaling,) if self._scales and scaling is not None else ()


def _original(scaling: Any, values: Any, *series: Any) -> Any:
    """Predictions or targets in original units; those of several outputs are a tuple."""
    invert = scaling.invert_targets if isinstance(values, tuple) else scaling.invert_target
    return invert(values, *series)


def held_out(dataset: Any) -> tuple[str, Any]:
    """The part that the model did not see, with its name; the training part if there is none."""
    for name in ("test", "validation"):
        part = getattr(dataset, name, None)
        if part is not None and len(part):
            return name, part
    return "train", dataset.train
