"""The one Jinja environment: places finished text, takes no decisions."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from seqspec.resources import templates


@cache
def environment() -> Environment:
    """Autoescape is off because the output is Python, not HTML: every text of a spec has gone
    through :mod:`seqspec.backends.python_text` before it comes here."""
    return Environment(
        loader=FileSystemLoader(templates()),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **values: Any) -> str:
    """The text of a template such as ``"torch/model.py.j2"``, ending in one line break."""
    text = environment().get_template(template).render(**values)
    return text.rstrip("\n") + "\n"
