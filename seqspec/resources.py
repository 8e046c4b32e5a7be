"""Where the grammar, the templates, the starters and the diagnostic pages lie.

In a checkout ``grammar/``, ``templates/`` and ``starters/`` are top-level folders, for people to
find; a wheel carries them inside the package, in ``_data``. An editable install leaves a frozen
copy of ``_data`` in site-packages, which is why this looks only beside the package that is really
imported: the copy is never there, and edits in the checkout take effect at once.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_OURS = 'name = "seqspec-lang"'


def _root() -> Path:
    """The folder that holds ``grammar/`` and ``templates/``.

    Raises ``FileNotFoundError`` if the package was torn from both: a broken installation. The
    parent folder counts only if its pyproject is ours; any other ``grammar/`` there is not.
    """
    packed = _PACKAGE / "_data"
    if packed.is_dir():
        return packed
    checkout = _PACKAGE.parent
    project = checkout / "pyproject.toml"
    if project.is_file() and _OURS in project.read_text(encoding="utf-8"):
        return checkout
    raise FileNotFoundError(f"no grammar and templates beside {_PACKAGE}: install seqspec again")


def grammar() -> str:
    """The text of the grammar."""
    return (_root() / "grammar" / "seqspec.lark").read_text(encoding="utf-8")


def terminals() -> str:
    """What the grammar's terminals are called in messages, as TOML."""
    return (_root() / "grammar" / "terminals.toml").read_text(encoding="utf-8")


def templates() -> Path:
    """The folder of the templates: one folder for each backend, and ``_shared``."""
    return _root() / "templates"


def starters() -> dict[str, Path]:
    """What ``seqspec new`` copies: the specs by name, each in a folder with its data."""
    specs = (_root() / "starters").glob("*/*.seq")
    return {spec.stem: spec for spec in sorted(specs)}


def page(code: str) -> str | None:
    """The explanation of a diagnostic in Markdown; None if there is none of that code."""
    if not code.isalnum():  # a code from the command line must not become a path of its own
        return None
    path = _PACKAGE / "diagnostics" / "pages" / f"{code.upper()}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else None
