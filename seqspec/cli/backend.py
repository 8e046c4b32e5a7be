"""Which backend is meant when none is named."""

from __future__ import annotations

from importlib.util import find_spec

from seqspec.cli.terminal import fail
from seqspec.diagnostics import codes

_NEEDS = {"torch": ("torch",), "keras": ("keras", "tensorflow")}
_NAMES = {"torch": "PyTorch", "keras": "Keras with TensorFlow"}


def installed(name: str) -> bool:
    """Whether what a backend's programs need can be imported; nothing is."""
    return all(find_spec(module) is not None for module in _NEEDS[name])


def chosen(name: str | None, *, needed: bool) -> str:
    """The backend: as named, else the installed one, torch first.

    With ``needed`` it must be installed, since its program is to be run.
    """
    if name is None:
        name = next((n for n in _NEEDS if installed(n)), None)
        if name is None and needed:
            raise fail(codes.NO_FRAMEWORK(what="neither PyTorch nor Keras"), _advice("torch"))
        return name or "torch"
    if needed and not installed(name):
        raise fail(codes.NO_FRAMEWORK(what=_NAMES[name]), _advice(name))
    return name


def _advice(extra: str) -> str:
    return f"install seqspec with the extra `{extra}`, as the README shows"
