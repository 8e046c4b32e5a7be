"""Hourly: the command line.

    python run.py train
    python run.py train --resume runs/...
    python run.py evaluate --weights runs/.../best.safetensors
    python run.py predict --weights runs/.../best.safetensors
    python run.py forecast --future FILE --weights runs/.../best.safetensors
    python run.py backtest --weights runs/.../best.safetensors

`-h` after a command lists its options. Compiled by seqspec 0.1.0 from the spec hourly.seq.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # before Keras is imported
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # hides most of what TensorFlow logs

import forecast
import states
import weights
from checkpoint import Checkpoint, CheckpointError, locked, newest
from data import DATA_PATH, DataError, Scaling, inputs_for_prediction, load, write_predictions
from model import build_model
from train import (
    EPOCHS,
    SEED,
    TrainingError,
    choose_device,
    evaluate,
    fit,
    on_device,
    predict,
    set_seed,
)


def run_training(options: argparse.Namespace) -> None:
    """Trains, or goes on with it, and scores the best weights on the test part of the data."""
    run: Path = options.resume or options.run or Path("runs") / time.strftime("%Y%m%d-%H%M%S")
    if not options.resume and run.exists() and (not run.is_dir() or any(run.iterdir())):
        raise FileExistsError(f"{run} is there already; a run never overwrites another")
    dataset = load(options.data)
    with locked(run, resume=bool(options.resume)):
        resume = newest(run) if options.resume else None
        settings = chosen(options, resume)
        if resume is not None:
            done = "is finished" if resume.finished(settings["epochs"]) else "goes on"
            print(f"{run} {done} after epoch {resume.epoch}")
        set_seed(settings["seed"])
        model = build_model()
        fit(model, dataset, run, device=options.device, resume=resume, **settings)
    print(f"weights, best and last, are in {run}")
    if not settings["overfit_one_batch"]:
        weights.load(model, run / "best.safetensors")
        print_scores(evaluate(model, dataset.test, dataset.scaling, options.device))


def chosen(options: argparse.Namespace, resume: Checkpoint | None) -> dict[str, Any]:
    """Settings of a training: from the command line, else as it was begun, else from the spec."""
    settings: dict[str, Any] = {"epochs": EPOCHS, "seed": SEED, "overfit_one_batch": False}
    if resume is not None:
        settings = {name: resume.settings[name] for name in settings}
    given = {name: getattr(options, name) for name in settings}
    return settings | {name: value for name, value in given.items() if value is not None}


def run_evaluation(options: argparse.Namespace) -> None:
    """Scores weights on the test part of the data."""
    model = build_model()
    scaling = Scaling.from_json(weights.load(model, options.weights).get("scaling", ""))
    dataset = load(options.data, scaling)
    print_scores(evaluate(model, dataset.test, scaling, options.device))


def run_prediction(options: argparse.Namespace) -> None:
    """Predicts every sample of a file, in original units."""
    model = build_model()
    scaling = Scaling.from_json(weights.load(model, options.weights).get("scaling", ""))
    inputs, origins = inputs_for_prediction(options.data, scaling)
    start = options.weights if options.carried else options.state_in
    kept = states.NOTHING if start is None else states.load(start)
    state = kept.begin(inputs)
    prediction = scaling.invert_target(predict(model, inputs, options.device, state))
    write_predictions(options.output, prediction, origins)
    print(f"{len(prediction)} predictions are in {options.output}")
    if options.state_out is not None:
        states.save(options.state_out, kept.after(inputs, state))
        print(f"the state of each series is in {options.state_out}")


def print_scores(scores: dict[str, float]) -> None:
    """One line for each number."""
    for name, value in scores.items():
        print(f"{name:>12} {value:.6g}")


def positive(text: str) -> int:
    """A whole number above zero, for argparse."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def seed(text: str) -> int:
    """A whole number that every random generator takes, for argparse."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise ValueError
    return number


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line. Exits with 2 if it is wrong."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    trained = argparse.ArgumentParser(add_help=False, parents=[common])
    trained.add_argument("--weights", type=Path, required=True, metavar="FILE")

    parser = argparse.ArgumentParser(description="Trains and applies Hourly.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", parents=[common], help="train the model")
    add_data(train, "default: %(default)s")
    folder = train.add_mutually_exclusive_group()
    folder.add_argument("--run", type=Path, metavar="DIR", help="a new folder for the results")
    folder.add_argument("--resume", type=Path, metavar="DIR", help="go on with the run in a folder")
    train.add_argument("--epochs", type=positive, help=f"default: {EPOCHS}")
    train.add_argument("--seed", type=seed, help=f"default: {SEED}")
    train.add_argument(
        "--overfit-one-batch", action="store_true", default=None, help="a check of the model"
    )
    train.set_defaults(command=run_training)

    evaluation = commands.add_parser("evaluate", parents=[trained], help="score trained weights")
    add_data(evaluation, "default: %(default)s; its test part is what is scored")
    evaluation.set_defaults(command=run_evaluation)

    prediction = commands.add_parser("predict", parents=[trained], help="predict a file")
    add_data(prediction, "default: %(default)s; all of it is predicted")
    prediction.add_argument(
        "-o", "--output", type=Path, metavar="FILE", default=Path("predictions.csv")
    )
    going_on = prediction.add_mutually_exclusive_group()
    going_on.add_argument(
        "--carried", action="store_true", help="go on from the state that training ended with"
    )
    going_on.add_argument(
        "--state-in", type=Path, metavar="FILE", help="go on from the state of series in a file"
    )
    prediction.add_argument(
        "--state-out", type=Path, metavar="FILE", help="write the state that each series ends with"
    )
    prediction.set_defaults(command=run_prediction)

    forecast.add_commands(commands, trained)
    return parser.parse_args(arguments)


def add_data(command: argparse.ArgumentParser, about: str) -> None:
    """The option that names the data."""
    command.add_argument("--data", type=Path, metavar="FILE", default=DATA_PATH, help=about)


def main(arguments: list[str] | None = None) -> int:
    """Runs a command. Gives 0, 1 for an error that is explained, 130 for Ctrl-C."""
    options = parse(arguments)
    try:
        with on_device(choose_device(options.device)):
            options.command(options)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except (
        CheckpointError,
        DataError,
        TrainingError,
        states.StateError,
        weights.WeightsError,
        OSError,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
