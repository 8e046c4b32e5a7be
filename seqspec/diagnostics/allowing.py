"""What a spec allows at the end of a line: ``# seqspec: allow(mask-lost)``, and why if it likes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from seqspec.diagnostics import codes
from seqspec.diagnostics.model import Allowance, Code, Severity, Sink
from seqspec.diagnostics.suggest import did_you_mean
from seqspec.source import SourceFile, Span

#: Errors that a spec may allow: what they warn of can be meant.
MEANT = (codes.LOOK_AHEAD,)
_ADDRESSED = re.compile(r"#\s*seqspec\s*:")
_ALLOW = re.compile(r"#\s*seqspec:\s*allow\(([^()]*)\)(?:\s.*)?")


def allowable() -> dict[str, Code]:
    """What can be allowed, by name: all that is no error, and what may be meant."""
    return {
        code.name: code
        for code in codes.CATALOGUE.values()
        if code.severity is not Severity.ERROR or code in MEANT
    }


@dataclass(frozen=True, slots=True)
class _Reader:
    source: SourceFile
    sink: Sink

    def read(self, comment: Span) -> None:
        text = self.source.excerpt(comment).rstrip()
        if not _ADDRESSED.match(text):
            return
        found = _ALLOW.fullmatch(text)
        if found is None:
            finding = codes.BAD_ALLOWANCE(what="this comment speaks to seqspec, but says nothing")
            self.sink.report(finding, comment, help="write `# seqspec: allow(mask-lost)`")
            return
        line = self._line(comment)
        for name in (word.strip() for word in found[1].split(",")):
            code = allowable().get(name)
            if code is None:
                self._refuse(name, comment)
            else:
                self.sink.allowances.append(Allowance(code, line, comment))

    def _line(self, comment: Span) -> Span:
        """The line that a comment ends."""
        start = self.source.text.rfind("\n", 0, comment.start) + 1
        return Span(start, comment.end)

    def _refuse(self, name: str, comment: Span) -> None:
        what = f"`{name}` is nothing that can be allowed"
        if any(code.name == name for code in codes.CATALOGUE.values()):
            what = f"`{name}` is an error, which cannot be allowed"
        help = did_you_mean(name, allowable()) or "warnings and notes can be, by their name"
        self.sink.report(codes.BAD_ALLOWANCE(what=what), comment, help=help)


def read(comments: Iterable[Span], source: SourceFile, sink: Sink) -> None:
    """Hands what the comments of a file allow to the sink; reports those that make no sense."""
    reader = _Reader(source, sink)
    for comment in comments:
        reader.read(comment)


def report_needless(sink: Sink) -> None:
    """Report what is allowed where it is not found."""
    for allowance in sink.allowances:
        if not allowance.used:
            finding = codes.NEEDLESS_ALLOWANCE(name=allowance.code.name)
            sink.report(finding, allowance.comment, help="leave the comment out")
