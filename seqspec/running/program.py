"""A generated program, loaded into this process.

The files of a program are flat modules that import each other by name (``from model import …``),
which is right for scripts and wrong for a process that holds several programs: every one of them
has a ``model``. So each program gets an import function of its own, which finds its siblings first;
``sys.path`` is left alone and ``sys.modules`` sees only unique names.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

from seqspec.running.errors import RunError, reason

#: What a backend needs in order to run, with the name that people know it by.
FRAMEWORKS: Mapping[str, tuple[str, ...]] = {"torch": ("torch",), "keras": ("keras", "tensorflow")}
TITLES: Mapping[str, str] = {
    "torch": "PyTorch",
    "keras": "Keras",
    "tensorflow": "TensorFlow",
    "safetensors": "safetensors",
    "numpy": "numpy",
}

#: Read by the frameworks when they are imported; what the user has set stays.
#: Waiting threads that spin make small models many times slower on a busy machine.
ENVIRONMENT: Mapping[str, str] = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OMP_WAIT_POLICY": "passive",
}

_numbers = count(1)


def installed(backend: str) -> bool:
    """Whether all that the backend's programs import is there. Imports nothing."""
    return all(importlib.util.find_spec(name) is not None for name in FRAMEWORKS[backend])


def framework(name: str) -> Any:
    """A framework's module. They are large and come without types, so this is their only door."""
    return importlib.import_module(name)


class Program:
    """The modules of one program: ``program.module("model").build_model()``.

    ``close`` forgets them, for processes that load many.
    """

    def __init__(self, folder: Path, backend: str) -> None:
        self.folder = folder
        self.backend = backend
        self._prefix = f"seqspec_program_{next(_numbers)}"
        self._modules: dict[str, ModuleType] = {}
        self._siblings = frozenset(path.stem for path in folder.glob("*.py"))

    def has(self, name: str) -> bool:
        """Whether the program has a file of that name."""
        return name in self._siblings

    def module(self, name: str) -> ModuleType:
        """A module of the program, run when it is first asked for.

        Raises ``RunError`` if there is no such file, it is not Python any more, or something that
        it imports is not installed.
        """
        if name in self._modules:
            return self._modules[name]
        path = self.folder / f"{name}.py"
        try:
            code = compile(path.read_bytes(), path, "exec", dont_inherit=True)
        except OSError as error:
            raise RunError(f"the program's {path} cannot be read: {reason(error)}") from error
        except (SyntaxError, ValueError) as error:
            raise RunError(f"the program's {path} is not valid Python: {error}") from error
        module = ModuleType(f"{self._prefix}_{name}")
        module.__file__ = str(path)
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        # Before it runs, as Python does it: dataclasses look their module up by name.
        sys.modules[module.__name__] = self._modules[name] = module
        try:
            exec(code, module.__dict__)
        except BaseException as error:
            del sys.modules[module.__name__], self._modules[name]
            if isinstance(error, ModuleNotFoundError):
                raise _missing(error, self.backend) from error
            raise
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if level == 0 and name in self._siblings:
            return self.module(name)
        return builtins.__import__(name, globals, locals, fromlist or (), level)

    @contextmanager
    def reporting(self) -> Generator[None]:
        """Turns the errors that a program declares, and those of files, into ``RunError``."""
        declared: dict[type[Exception], str] = {}
        for module, name, kind in (
            ("data", "DataError", "data"),
            ("weights", "WeightsError", "run"),
            ("train", "TrainingError", "training"),
            ("checkpoint", "CheckpointError", "resume"),
            ("states", "StateError", "run"),
        ):
            if self.has(module) and hasattr(self.module(module), name):
                declared[getattr(self.module(module), name)] = kind
        try:
            yield
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise RunError(f"{where}{reason(error)}") from error
        except tuple(declared) as error:
            kind = next(kind for type_, kind in declared.items() if isinstance(error, type_))
            raise RunError(str(error), kind=kind) from error

    def close(self) -> None:
        """Forgets the modules; what was made with them lives on."""
        for module in self._modules.values():
            sys.modules.pop(module.__name__, None)
        self._modules.clear()


def load(folder: Path, backend: str) -> Program:
    """The program in a folder. Raises ``RunError`` if it or its framework is not there."""
    if not (folder / "model.py").is_file():
        raise RunError(
            f"{folder} holds no program: model.py is missing", "compile the spec or train it again"
        )
    for name in FRAMEWORKS[backend]:
        if importlib.util.find_spec(name) is None:
            raise _not_installed(name, backend)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    on_tensorflow = backend == "keras" and os.environ["KERAS_BACKEND"] == "tensorflow"
    if on_tensorflow and "tensorflow" not in sys.modules:
        with _hushed():
            # Looking for devices is what it complains about, at the first operation if not now.
            framework("tensorflow").config.list_logical_devices()
        # Its advice is for those who write the calls that it is about.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return Program(folder, backend)


@contextmanager
def _hushed() -> Generator[None]:
    """Holds back what is written to the error stream below Python, and shows it after a failure.

    TensorFlow reports each GPU library that it did not find, before it can be told not to.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stream = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(stream, held.read())
            raise
        finally:
            os.dup2(stream, 2)
            os.close(stream)


def _missing(error: ModuleNotFoundError, backend: str) -> RunError:
    return _not_installed((error.name or "a module").split(".")[0], backend)


def _not_installed(name: str, backend: str) -> RunError:
    extra = "parquet" if name == "pyarrow" else backend
    return RunError(
        f"{TITLES.get(name, name)} is not installed",
        f"install seqspec with its extra `{extra}`, as the README shows",
    )
