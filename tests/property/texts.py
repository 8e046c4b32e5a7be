"""Texts that are nearly specs: the examples, damaged."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
EXAMPLES = tuple(sorted((ROOT / "examples").rglob("*.seq")))

_TOKEN = re.compile(r'\s+|[A-Za-z_]\w*|\d+(?:\.\d+)?%?|"[^"\n]*"|->|.', re.DOTALL)

#: What gets in between: marks of the language, of others, and what no editor shows.
STRANGE = (
    "\" ' ( ) [ ] { } , : = -> - + * / % . ; # \\ @ $ ` ~ ^ | & ! ? < > → – × 0 1e999 1e-999 "
    "99999999999999999999 00 0.0 -1 true false param model data train seqspec return each _ B T "
    "{{ }} {% %} ${x} %s \x00 \x07 \x1b[2J \r \r\n \t \x0b \x85 \u2028 \ufeff \u202e "
    "\ud800 é 漢字 🙂"
).split(" ")


@cache
def tokens(path: Path) -> tuple[str, ...]:
    """A spec in pieces; joined, they are the spec again."""
    return tuple(_TOKEN.findall(path.read_text(encoding="utf-8")))


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """An example with a few pieces lost, doubled, swapped, or replaced by something strange."""
    pieces = list(tokens(draw(st.sampled_from(EXAMPLES))))
    for _ in range(draw(st.integers(1, 4))):
        if not pieces:
            break
        i = draw(st.integers(0, len(pieces) - 1))
        j = draw(st.integers(0, len(pieces) - 1))
        what = draw(st.sampled_from(("lose", "double", "swap", "replace", "insert", "cut", "move")))
        if what == "lose":
            del pieces[i]
        elif what == "double":
            pieces.insert(i, pieces[i])
        elif what == "swap":
            pieces[i], pieces[j] = pieces[j], pieces[i]
        elif what == "replace":
            pieces[i] = draw(st.sampled_from(STRANGE))
        elif what == "insert":
            pieces.insert(i, draw(st.sampled_from(STRANGE)))
        elif what == "cut":
            del pieces[i:]
        else:
            pieces.insert(i, pieces[j])
    return "".join(pieces)


#: Any text at all, and heaps of the language's own words and marks.
NOISE = st.text(max_size=200) | st.lists(
    st.sampled_from((*STRANGE, *tokens(EXAMPLES[0])[:200])), max_size=40
).map(" ".join)
