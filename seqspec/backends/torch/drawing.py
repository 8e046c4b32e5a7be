"""Lines that draw the first weights of modules, and what modules are called in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from seqspec.backends.python_text import WIDTH, Call, Code, flat, statement
from seqspec.backends.torch.parts import Draw, Part, filled
from seqspec.backends.torch.recurrent import KINDS


def word(part: Part) -> str:
    """A short name for a module: ``lstm`` for nn.LSTM and for ReluLSTM."""
    kind = part.module.kind.removesuffix("NoBias")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind)  # of a class of the program's own
    known = next((k.lower() for k in KINDS.values() if kind.endswith(k)), "")
    return known or (kind.removeprefix("nn.") if kind.startswith("nn.") else words).lower()


def loop_over_parameters(owner: str, draws: Sequence[Draw]) -> list[str]:
    """One branch for each group of parameters; the last takes what is left."""
    lines = [f"    for name, weight in {owner}.named_parameters():"]
    groups = [(of, tuple(group)) for of, group in groupby(draws, key=lambda draw: draw.of)]
    for number, (of, group) in enumerate(groups, start=1):
        word = "if" if number == 1 else "elif"
        test = "else" if number == len(groups) else f'{word} name.startswith("{of}")'
        lines.append(f"        {test}:")
        for draw in group:
            lines += draw_lines(draw, filled(draw.target, "weight"), 12)
    return lines


def draw_lines(draw: Draw, target: Code, indent: int) -> list[str]:
    call = Call(draw.function, (target, *draw.args), draw.keywords)
    if draw.after and indent + len(flat(call)) + len(draw.after) > WIDTH:
        first = statement("", call, indent=indent, note=draw.note)
        return [*first, *statement("", Code(target + draw.after), indent=indent)]
    return statement("", call, draw.after, indent=indent, note=draw.note)
