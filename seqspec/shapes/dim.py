"""Dimensions: integer polynomials over named sizes, in a normal form.

``T - 2``, ``4*T`` and ``T*F`` are dimensions; two are equal if and only if their normal
forms are. There is no ``eval`` and no computer algebra here: a handful of integer operations
on sorted tuples is all that shapes of sequence models need. A factor of a monomial is a
plain string today; ``ceil`` and quotients will be further kinds of factor, opaque to the
arithmetic, so nothing else has to change for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Monomial = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dim:
    """A size: an integer polynomial in named sizes, or unknown.

    ``terms`` maps sorted monomials to non-zero coefficients, sorted; the number 0 has no terms.
    An unknown dimension stands for a mistake already reported: it agrees with everything,
    so one mistake gives one message.
    """

    terms: tuple[tuple[Monomial, int], ...] = ()
    unknown: bool = False

    @staticmethod
    def of(value: int | str | Dim) -> Dim:
        """A dimension from a number or the name of a symbol."""
        if isinstance(value, Dim):
            return value
        if isinstance(value, int):
            return _normal({(): value})
        return Dim((((value,), 1),))

    @property
    def value(self) -> int | None:
        """The number, if this is one."""
        if self.unknown:
            return None
        if not self.terms:
            return 0
        if len(self.terms) == 1 and self.terms[0][0] == ():
            return self.terms[0][1]
        return None

    @property
    def symbol(self) -> str | None:
        """The name, if this is a single symbol."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            return self.terms[0][0][0]
        return None

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names that occur, sorted."""
        return tuple(sorted({name for monomial, _ in self.terms for name in monomial}))

    def __add__(self, other: Dim | int) -> Dim:
        return self._with(Dim.of(other), 1)

    def __sub__(self, other: Dim | int) -> Dim:
        return self._with(Dim.of(other), -1)

    def _with(self, other: Dim, sign: int) -> Dim:
        if self.unknown or other.unknown:
            return UNKNOWN
        total = dict(self.terms)
        for monomial, coefficient in other.terms:
            total[monomial] = total.get(monomial, 0) + sign * coefficient
        return _normal(total)

    def __mul__(self, other: Dim | int) -> Dim:
        other = Dim.of(other)
        if self.unknown or other.unknown:
            return UNKNOWN
        total: dict[Monomial, int] = {}
        for left, a in self.terms:
            for right, b in other.terms:
                monomial = tuple(sorted(left + right))
                total[monomial] = total.get(monomial, 0) + a * b
        return _normal(total)

    def divided(self, other: Dim) -> Dim | None:
        """The quotient by a size of a single term, if there is no remainder."""
        if self.unknown or other.unknown:
            return UNKNOWN
        if len(other.terms) != 1:
            return None
        ((factors, number),) = other.terms
        total: dict[Monomial, int] = {}
        for monomial, coefficient in self.terms:
            left = list(monomial)
            for factor in factors:
                if factor not in left:
                    return None
                left.remove(factor)
            if coefficient % number:
                return None
            total[tuple(left)] = coefficient // number
        return _normal(total)

    def agrees(self, other: Dim) -> bool:
        """Whether the two are the same size as far as is known."""
        return self.unknown or other.unknown or self.terms == other.terms

    def substitute(self, sizes: Mapping[str, Dim]) -> Dim:
        """This dimension with symbols replaced; symbols without an entry stay."""
        if self.unknown:
            return self
        total = Dim()
        for monomial, coefficient in self.terms:
            product = Dim.of(coefficient)
            for name in monomial:
                product = product * sizes.get(name, Dim.of(name))
            total = total + product
        return total

    def solve(self, symbol: str, size: Dim) -> Dim | None:
        """The value of ``symbol`` for which this dimension equals ``size``.

        Only where this is ``k*symbol + rest`` with the symbol absent from ``rest`` and ``k``
        dividing every coefficient of ``size - rest``; otherwise ``None``.
        """
        coefficient = 0
        rest: dict[Monomial, int] = {}
        for monomial, c in self.terms:
            if monomial == (symbol,):
                coefficient = c
            elif symbol in monomial:
                return None
            else:
                rest[monomial] = c
        if coefficient == 0 or size.unknown:
            return None
        difference = size - _normal(rest)
        if any(c % coefficient for _, c in difference.terms):
            return None
        return _normal({m: c // coefficient for m, c in difference.terms})

    def evaluate(self, sizes: Callable[[str], int]) -> int:
        """The number this is once every symbol has one."""
        total = 0
        for monomial, coefficient in self.terms:
            product = coefficient
            for name in monomial:
                product *= sizes(name)
            total += product
        return total

    def __str__(self) -> str:
        if self.unknown:
            return "?"
        if not self.terms:
            return "0"
        text = ""
        for monomial, coefficient in self.terms:
            magnitude = abs(coefficient)
            factors = [*([str(magnitude)] if magnitude != 1 or not monomial else []), *monomial]
            sign = "-" if coefficient < 0 else "+"
            text += f"{sign}{'*'.join(factors)}"
        return text.removeprefix("+")


def _order(item: tuple[Monomial, int]) -> tuple[bool, bool, int, Monomial]:
    # Constants last and positive terms first, so that `T-2` and `2*T+U` print as people write them.
    monomial, coefficient = item
    return (monomial == (), coefficient < 0, -len(monomial), monomial)


def _normal(terms: Mapping[Monomial, int]) -> Dim:
    return Dim(tuple(sorted(((m, c) for m, c in terms.items() if c), key=_order)))


UNKNOWN = Dim(unknown=True)

Shape = tuple[Dim, ...]


def show(shape: Iterable[Dim]) -> str:
    """A shape as people write it: ``[B, T, 64]``."""
    return "[" + ", ".join(str(d) for d in shape) + "]"


def same_shape(left: Shape, right: Shape) -> bool:
    """Whether two shapes agree axis by axis as far as is known."""
    return len(left) == len(right) and all(a.agrees(b) for a, b in zip(left, right, strict=True))


def product(dims: Iterable[Dim]) -> Dim:
    """The product of sizes: the width of merged axes."""
    total = Dim.of(1)
    for d in dims:
        total = total * d
    return total
