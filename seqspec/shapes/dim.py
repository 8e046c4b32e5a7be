"""Dimensions: integer polynomials over named sizes, in a normal form.

``T - 2``, ``4*T`` and ``T*F`` are dimensions; two are equal if and only if their normal
forms are. There is no ``eval`` and no computer algebra here: a handful of integer operations
on sorted tuples is all that shapes of sequence models need. A factor of a monomial is a name or
a quotient rounded up, ``ceil(T/2)``, which the arithmetic takes as it takes a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import gcd


@dataclass(frozen=True, slots=True)
class Ceil:
    """``ceil(of/by)``: how many strides of ``by`` begin within ``of``. Made by ``Dim.ceil``."""

    of: Dim
    by: int

    def __str__(self) -> str:
        whole = str(self.of)
        return (
            f"ceil(({whole})/{self.by})" if len(self.of.terms) > 1 else f"ceil({whole}/{self.by})"
        )


Factor = str | Ceil
Monomial = tuple[Factor, ...]


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
        factor = self._factor
        return factor if isinstance(factor, str) else None

    @property
    def _factor(self) -> Factor | None:
        """The factor, if this is nothing else."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            return self.terms[0][0][0]
        return None

    @property
    def symbols(self) -> tuple[str, ...]:
        """The names that occur, sorted."""
        factors = [factor for monomial, _ in self.terms for factor in monomial]
        names = [(f,) if isinstance(f, str) else f.of.symbols for f in factors]
        return tuple(sorted({name for several in names for name in several}))

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
                monomial = tuple(sorted(left + right, key=str))
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

    def ceil(self, by: int) -> Dim:
        """The quotient by a number above zero, rounded up.

        Whole parts leave the quotient and what is left is written with the smallest numbers, so
        that equal quotients of one polynomial have one form: ``ceil((4*T+3)/2)`` is
        ``2*T + 2``, and ``ceil(ceil(T/2)/2)`` is ``ceil(T/4)``.
        """
        if self.unknown:
            return UNKNOWN
        offset = dict(self.terms).get((), 0)
        open_part = self - offset
        inner = open_part._factor
        if isinstance(inner, Ceil):
            return (inner.of + offset * inner.by).ceil(inner.by * by)
        common = gcd(by, *(c for _, c in open_part.terms))
        if common > 1:
            parts = _normal({m: c // common for m, c in open_part.terms})
            return (parts + -(-offset // common)).ceil(by // common)
        if by == 1:
            return self
        # What remains of a coefficient is not negative, what remains of the offset not positive.
        rest = _normal({m: c % by if m else -(-c % by) for m, c in self.terms})
        whole = _normal({m: c // by for m, c in (self - rest).terms})
        return whole + Dim((((Ceil(rest, by),), 1),))

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
            for factor in monomial:
                if isinstance(factor, Ceil):
                    product = product * factor.of.substitute(sizes).ceil(factor.by)
                else:
                    product = product * sizes.get(factor, Dim.of(factor))
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
            elif symbol in Dim(((monomial, 1),)).symbols:
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
            for factor in monomial:
                if isinstance(factor, Ceil):
                    product *= -(-factor.of.evaluate(sizes) // factor.by)
                else:
                    product *= sizes(factor)
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
            number = [str(magnitude)] if magnitude != 1 or not monomial else []
            factors = [*number, *map(str, monomial)]
            sign = "-" if coefficient < 0 else "+"
            text += f"{sign}{'*'.join(factors)}"
        return text.removeprefix("+")


def _order(item: tuple[Monomial, int]) -> tuple[bool, bool, int, tuple[str, ...]]:
    # Constants last and positive terms first, so that `T-2` and `2*T+U` print as people write them.
    monomial, coefficient = item
    return (monomial == (), coefficient < 0, -len(monomial), tuple(map(str, monomial)))


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
