"""Dimensions are integer polynomials: their laws, against random numbers for their symbols."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from seqspec.driver import Compilation
from seqspec.ir.graph import Graph
from seqspec.shapes.dim import UNKNOWN, Dim, product, same_shape, show

SYMBOLS = ("B", "T", "F", "Words")
NUMBERS = st.integers(-50, 50)
SIZES = st.fixed_dictionaries({name: st.integers(-20, 20) for name in SYMBOLS})
DIMS = st.recursive(
    NUMBERS.map(Dim.of) | st.sampled_from(SYMBOLS).map(Dim.of),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
    ),
    max_leaves=6,
)


def at(dim: Dim, sizes: Mapping[str, int]) -> int:
    return dim.evaluate(sizes.__getitem__)


@given(DIMS, DIMS, SIZES)
def test_arithmetic_is_that_of_integers(a: Dim, b: Dim, sizes: dict[str, int]) -> None:
    assert at(a + b, sizes) == at(a, sizes) + at(b, sizes)
    assert at(a - b, sizes) == at(a, sizes) - at(b, sizes)
    assert at(a * b, sizes) == at(a, sizes) * at(b, sizes)
    assert at(product([a, b, a]), sizes) == at(a, sizes) * at(b, sizes) * at(a, sizes)


@given(DIMS, DIMS, DIMS)
def test_a_ring(a: Dim, b: Dim, c: Dim) -> None:
    """Equal by value is equal by form: the form is normal."""
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert (a * b) * c == a * (b * c)
    assert a * (b + c) == a * b + a * c
    assert a + Dim() == a == a * 1
    assert a - a == Dim() == a * 0
    assert hash((a + b) - b) == hash(a)


@given(DIMS, DIMS, st.lists(SIZES, min_size=12, max_size=12))
def test_different_forms_are_different_sizes(a: Dim, b: Dim, many: list[dict[str, int]]) -> None:
    if a == b:
        assert all(at(a, sizes) == at(b, sizes) for sizes in many)
    else:
        # A polynomial that is not zero is not zero at a far point whose coordinates grow fast.
        far = {name: 10_000 ** (7**i) for i, name in enumerate(SYMBOLS)}
        assert at(a, far) != at(b, far)


@given(DIMS, st.dictionaries(st.sampled_from(SYMBOLS), DIMS), SIZES)
def test_substitution(dim: Dim, put: dict[str, Dim], sizes: dict[str, int]) -> None:
    inner = {name: at(put.get(name, Dim.of(name)), sizes) for name in SYMBOLS}
    assert at(dim.substitute(put), sizes) == at(dim, inner)
    assert dim.substitute({}) == dim


@given(st.integers(-9, 9).filter(bool), st.sampled_from(SYMBOLS), DIMS, DIMS, st.integers(-3, 3))
def test_solving(factor: int, name: str, rest: Dim, solution: Dim, off: int) -> None:
    rest = rest.substitute({name: Dim.of(3)})  # the unknown occurs once, linearly
    dim = Dim.of(name) * factor + rest
    assert dim.solve(name, dim.substitute({name: solution})) == solution
    found = dim.solve(name, dim.substitute({name: solution}) + off)
    if found is None:
        assert off % factor
    else:
        assert dim.substitute({name: found}) == dim.substitute({name: solution}) + off


@given(DIMS, st.sampled_from(SYMBOLS), DIMS)
def test_a_solution_solves(dim: Dim, name: str, size: Dim) -> None:
    found = dim.solve(name, size)
    if found is not None and name not in size.symbols:
        assert dim.substitute({name: found}) == size


@given(DIMS)
def test_what_is_unknown_agrees_with_all_and_spreads(dim: Dim) -> None:
    assert dim.agrees(UNKNOWN)
    assert UNKNOWN.agrees(dim)
    assert (dim + UNKNOWN, UNKNOWN * dim, UNKNOWN - dim) == (UNKNOWN,) * 3
    assert UNKNOWN.value is None
    assert UNKNOWN.substitute({"B": dim}) == UNKNOWN


@given(DIMS)
def test_number_and_symbol(dim: Dim) -> None:
    assert (dim.value is not None) == (not dim.symbols)
    if dim.value is not None:
        assert dim == Dim.of(dim.value)
    if dim.symbol is not None:
        assert dim == Dim.of(dim.symbol)


@given(DIMS, SIZES)
def test_as_text_it_reads_as_arithmetic(dim: Dim, sizes: dict[str, int]) -> None:
    assert eval(str(dim), {"__builtins__": {}}, sizes) == at(dim, sizes)
    assert show([dim, dim]) == f"[{dim}, {dim}]"
    assert same_shape((dim, dim), (dim, UNKNOWN))


@given(DIMS)
def test_as_text_it_reads_as_the_language(dim: Dim) -> None:
    """A size, printed, is the same size in a type."""
    size = Dim.of(7) if dim.value is not None and dim.value < 1 else dim
    header = ", ".join(f"s{s}: float[B, {s}]" for s in SYMBOLS)
    compilation = Compilation.of_text(f"model M(x: float[B, {size}], {header}) {{ x -> flatten }}")
    graph = compilation.graph
    assert isinstance(graph, Graph), (str(size), compilation.check())
    assert graph.inputs[0].tensor.shape[1] == size


# ---- quotients rounded up

BY = st.integers(1, 12)


@given(DIMS, BY, SIZES)
def test_ceil_is_that_of_integers(dim: Dim, by: int, sizes: dict[str, int]) -> None:
    assert at(dim.ceil(by), sizes) == -(-at(dim, sizes) // by)
    assert at(dim.ceil(by) * 2 - dim, sizes) == 2 * -(-at(dim, sizes) // by) - at(dim, sizes)


@given(DIMS, DIMS, BY, BY, st.integers(-20, 20))
def test_equal_quotients_have_one_form(a: Dim, b: Dim, by: int, again: int, off: int) -> None:
    """What strides, windows and factors do one after the other."""
    assert (a * by + b).ceil(by) == a + b.ceil(by)
    assert (a * by).ceil(by) == a.ceil(1) == a
    assert (a * again).ceil(by * again) == a.ceil(by)
    single = Dim.of("T") + off
    assert single.ceil(by).ceil(again) == single.ceil(by * again)
    assert (single.ceil(by) + off).ceil(again) == (single + off * by).ceil(by * again)


@given(DIMS, BY, st.dictionaries(st.sampled_from(SYMBOLS), DIMS), SIZES)
def test_ceil_substitutes(dim: Dim, by: int, put: dict[str, Dim], sizes: dict[str, int]) -> None:
    inner = {name: at(put.get(name, Dim.of(name)), sizes) for name in SYMBOLS}
    assert at(dim.ceil(by).substitute(put), sizes) == at(dim.ceil(by), inner)
    assert set(dim.ceil(by).symbols) <= set(dim.symbols)


def test_ceil_prints_as_people_write_it() -> None:
    steps = Dim.of("T")
    assert str(steps.ceil(2)) == "ceil(T/2)"
    assert str((steps - 2).ceil(3)) == "ceil((T-2)/3)"
    assert str(((steps - 2).ceil(2) - 2) * 4) == "4*ceil(T/2)-12"
    assert str(steps.ceil(2) + steps) == "T+ceil(T/2)"
    assert (steps * 4 + 3).ceil(2) == steps * 2 + 2
    assert steps.ceil(2) != steps.ceil(3)
    assert steps.ceil(2).value is steps.ceil(2).symbol is None
