"""Diagnostics as data: what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from string import Formatter

from seqspec.source import Span


class Severity(Enum):
    """How much it matters: errors fail, warnings fail under ``--strict``, notes never do."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Fix:
    """Replace the text under ``span``; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that matters, with what is to be said about it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """An entry of the catalogue. Calling it with values for its slots makes a :class:`Finding`."""

    number: str
    name: str
    severity: Severity
    message: str

    @property
    def slots(self) -> frozenset[str]:
        return frozenset(f for _, f, _, _ in Formatter().parse(self.message) if f)

    def __call__(self, **slots: object) -> Finding:
        if slots.keys() != self.slots:
            raise TypeError(f"{self.number} takes {sorted(self.slots)}, not {sorted(slots)}")
        return Finding(self, self.message.format(**slots))


@dataclass(frozen=True, slots=True)
class Finding:
    """A code with its message filled in, not yet at a place."""

    code: Code
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message to the user. ``span`` is None where the spec's text is not to blame."""

    code: Code
    message: str
    span: Span | None
    here: str = ""
    labels: tuple[Label, ...] = ()
    help: str = ""
    fix: Fix | None = None

    @property
    def severity(self) -> Severity:
        return self.code.severity


@dataclass(slots=True)
class Allowance:
    """What a comment allows on its line; ``used`` once it was found there."""

    code: Code
    line: Span
    comment: Span
    used: bool = False


@dataclass(slots=True)
class Sink:
    """Where passes report to. A second error at the same span is one mistake told twice."""

    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    allowances: list[Allowance] = field(default_factory=list[Allowance])
    _around: list[Label] = field(default_factory=list[Label])

    def report(
        self,
        finding: Finding,
        at: Span | None,
        *,
        here: str = "",
        labels: tuple[Label, ...] = (),
        help: str = "",
        fix: Fix | None = None,
    ) -> None:
        """Add a diagnostic. ``here`` is said under the span, ``help`` below the excerpt.

        What is no error is left out where the spec allows it.
        """
        if finding.code.severity is not Severity.ERROR and self.allows(finding.code, at):
            return
        known = any(
            d.code is finding.code and d.span == at and d.message == finding.message
            for d in self.diagnostics
        )
        if not known:
            self.diagnostics.append(
                Diagnostic(
                    finding.code, finding.message, at, here, (*labels, *self._around), help, fix
                )
            )

    def allows(self, code: Code, *places: Span | None) -> bool:
        """Whether the spec allows a finding on a line of one of these places."""
        found = [
            allowance
            for allowance in self.allowances
            for place in places
            if allowance.code is code
            and place is not None
            and place.start <= allowance.line.end
            and allowance.line.start <= place.end
        ]
        for allowance in found:
            allowance.used = True
        return bool(found)

    @contextmanager
    def within(self, label: Label | None) -> Generator[None]:
        """Give every message in between this label, too."""
        self._around += [label] if label else []
        try:
            yield
        finally:
            if label:
                self._around.pop()

    @property
    def errors(self) -> int:
        """How many errors were reported so far."""
        return sum(d.severity is Severity.ERROR for d in self.diagnostics)

    @property
    def failed(self) -> bool:
        return self.errors > 0

    def sorted(self) -> tuple[Diagnostic, ...]:
        """In the order of the text; what has no place comes last."""
        return tuple(sorted(self.diagnostics, key=lambda d: (d.span is None, d.span or Span(0, 0))))
