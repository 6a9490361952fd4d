"""vargrad.linalg: numbers of numpy.linalg, derivatives of first and second order by differences in mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import vargrad
from oracle_linalg import CASES, derivatives_mp, mp, point_of, rows
from twins import Implementation, grads, key, leaves
from vargrad import linalg

RANDOM = np.random.default_rng(6)


@pytest.mark.parametrize("name", CASES)
def test_value_is_numpys(impl: Implementation, name: str) -> None:
    _, f, _ = CASES[name]
    x = point_of(name)
    assert key(f(leaves(impl, *x))) == key(float(f(x)))
    if impl.Var is vargrad.Var:
        assert key(vargrad.value_and_grad(f)(x)[0]) == key(float(f(x)))
        assert key(vargrad.grad(lambda v: vargrad.value_and_grad(f)(v)[0])(x)[0]) == key(vargrad.grad(f)(x)[0])


@pytest.mark.parametrize("name", CASES)
def test_derivatives(impl: Implementation, name: str) -> None:
    """By backward, to first order; by transforms and by compile, to second."""
    _, f, _ = CASES[name]
    x = point_of(name)
    variables = leaves(impl, *x)
    gradient, hessian = derivatives_mp(name, x)
    size, curved = np.abs(gradient).max(), max(1.0, np.abs(hessian).max())
    assert grads(f(variables), variables) == pytest.approx(gradient, abs=1e-12 * size)
    if impl.Var is not vargrad.Var:
        return
    assert np.abs(np.array(vargrad.grad(f)(x)) - gradient).max() <= 1e-12 * size
    assert np.abs(np.array(vargrad.hessian(f)(x)) - hessian).max() <= 1e-11 * curved
    compiled = vargrad.compile(f, signature="(n)->()")
    assert compiled(x) == pytest.approx(f(x), rel=1e-12)
    assert np.abs(compiled.grad(x) - gradient).max() <= 1e-11 * size
    assert np.abs(compiled.hessian(x) - hessian).max() <= 1e-10 * curved


@pytest.mark.parametrize("name", ["solve", "inv", "det of five", "slogdet", "cholesky", "qr, tall", "eigh", "lstsq"])
def test_batches(name: str) -> None:
    """All rows on one path, and each as its own call."""
    count, f, _ = CASES[name]
    points = np.random.default_rng(7).normal(size=(50, count))
    compiled = vargrad.compile(f, signature="(n)->()")
    assert compiled(points) == pytest.approx([f(x) for x in points], rel=1e-9)
    gradient = np.array([vargrad.grad(f)(x.tolist()) for x in points])
    assert np.abs(compiled.grad(points) - gradient).max() <= 1e-9 * np.abs(gradient).max()
    assert "1 path" in repr(compiled)


@pytest.mark.parametrize("name", ["solve", "det", "slogdet", "cholesky", "qr", "eigh", "lstsq, residuals"])
def test_third_derivative(name: str) -> None:
    _, f, _ = CASES[name]
    x = point_of(name)

    def corner(v: Any) -> Any:
        return vargrad.hessian(f)(v)[0][1]

    def at(step: float) -> float:
        return float(corner([x[0], x[1], x[2] + step, *x[3:]]))

    h = 1e-4
    expected = (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h)
    assert vargrad.grad(corner)(x)[2] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_derivatives_of_a_closed_over_var() -> None:
    """A Var outside of a transform wants one order more than the transform takes."""
    w = vargrad.Var(1.5, requires_grad=True)
    slope = vargrad.grad(lambda x: linalg.solve([[w * x, 1.0], [1.0, 2.0]], [1.0, x])[0])(2.0)
    slope.backward()

    def plain(a: float) -> Any:  # x is (2 - x) / (2 a x - 1), its slope by hand
        return (-(2 * a * 2.0 - 1.0) - (2.0 - 2.0) * 2 * a) / (2 * a * 2.0 - 1.0) ** 2

    assert slope.value == pytest.approx(plain(1.5))
    assert w.grad == pytest.approx((plain(1.5 + 1e-6) - plain(1.5 - 1e-6)) / 2e-6, rel=1e-8)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_determinant_of_a_singular_matrix(rank: int) -> None:
    """Polynomial in the elements: differences are exact but for rounding."""
    factors = np.random.default_rng(rank).integers(-3, 4, size=(2, 4, rank)).astype(float)
    a = (factors[0] @ factors[1].T).ravel().tolist()

    def f(v: Any) -> Any:
        return linalg.det(rows(v, 4, 4))

    with mpmath.workdps(40):

        def at(*steps: tuple[int, int]) -> Any:
            moved = list(map(mpmath.mpf, a))
            for i, step in steps:
                moved[i] += step
            return mpmath.det(mp(moved, 4, 4))

        slopes = [float((at((i, 1)) - at((i, -1))) / 2) for i in range(16)]
        curves = [
            float((at((0, 1), (i, 1)) - at((0, 1), (i, -1)) - at((0, -1), (i, 1)) + at((0, -1), (i, -1))) / 4)
            for i in range(16)
        ]
    assert vargrad.grad(f)(a) == pytest.approx(slopes, abs=1e-9)
    variables = [vargrad.Var(x, requires_grad=True) for x in a]
    f(variables).backward()
    assert [v.grad for v in variables] == pytest.approx(slopes, abs=1e-9)
    assert vargrad.hessian(f)(a)[0] == pytest.approx(curves, abs=1e-9)
    compiled = vargrad.compile(f, signature="(n)->()")
    assert compiled.grad(a) == pytest.approx(slopes, abs=1e-9)
    assert compiled.hessian(a)[0] == pytest.approx(curves, abs=1e-9)


# ---- shapes


def test_stacks() -> None:
    numbers = RANDOM.normal(size=(2, 3, 3, 3))
    symmetric = numbers @ numbers.swapaxes(-1, -2)
    given = object_array(symmetric)
    for name in ("inv", "det", "cholesky", "eigvalsh"):
        found, expected = getattr(linalg, name)(given), getattr(np.linalg, name)(symmetric)
        assert found.shape == expected.shape
        assert np.allclose(values(found), expected, rtol=1e-14)
    for name in ("slogdet", "qr", "eigh"):
        for found, expected in zip(getattr(linalg, name)(given), getattr(np.linalg, name)(symmetric), strict=True):
            assert np.allclose(values(found), expected, rtol=1e-14)
    sides = RANDOM.normal(size=(3, 3, 2))
    assert np.array_equal(values(linalg.solve(given, sides)), np.linalg.solve(symmetric, sides))
    assert np.array_equal(values(linalg.solve(symmetric, object_array(sides))), np.linalg.solve(symmetric, sides))
    assert linalg.solve(given[:0], sides).shape == (0, 3, 3, 2)
    assert type(linalg.slogdet(given)).__name__ == "SlogdetResult"


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1), (2, 0)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_norm_along_axes(axis: Any, keepdims: bool) -> None:
    numbers = RANDOM.normal(size=(2, 3, 4))
    found = linalg.norm(object_array(numbers), axis=axis, keepdims=keepdims)
    expected = np.linalg.norm(numbers, axis=axis, keepdims=keepdims)
    assert found.shape == expected.shape
    assert np.array_equal(values(found), expected)


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_sizes(n: int) -> None:
    numbers = RANDOM.normal(size=(n, n)) + 3.0 * np.eye(n)
    side = RANDOM.normal(size=n)
    found = linalg.solve(object_array(numbers), side)
    assert found.shape == (n,)
    assert np.array_equal(values(found), np.linalg.solve(numbers, side))


def test_plain_numbers_are_left_to_numpy() -> None:
    a = [[2.0, 1.0], [1.0, 3.0]]
    assert type(linalg.solve(a, [1.0, 2.0])) is np.ndarray
    assert linalg.solve(a, [1j, 2.0]).dtype == complex
    assert isinstance(linalg.det(a), float)
    singular = np.array([[1.0, 1.0], [1.0, 1.0]], object)
    for name in ("slogdet", "qr", "eigh", "det", "eigvalsh", "norm"):
        found, expected = getattr(linalg, name)(singular), getattr(np.linalg, name)(singular.astype(float))
        pairs = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
        assert all(np.array_equal(x, y) for x, y in pairs)
    assert linalg.det(np.zeros((0, 0), object)) == 1.0
    assert linalg.inv(np.array(a, object)).dtype == linalg.cholesky(np.array(a, object)).dtype == float
    assert linalg.solve(np.array(a, object), [1.0, 2.0]).dtype == float
    assert linalg.lstsq(vargrad.array(a), [1.0, 2.0])[2] == 2


@pytest.mark.filterwarnings("ignore:invalid value encountered in det:RuntimeWarning")  # NumPy's own
def test_numbers_that_are_none(impl: Implementation) -> None:
    x = impl.Var(np.nan, requires_grad=True)
    a = [[x, 1.0], [2.0, 3.0]]
    assert np.isnan(linalg.det(a).value)
    assert np.isnan(grads(linalg.det(a), [x])).all()
    expected = np.linalg.solve([[np.nan, 1.0], [2.0, 3.0]], [1.0, 2.0])
    assert np.array_equal(values(linalg.solve(a, [1.0, 2.0])), expected, equal_nan=True)
    assert np.isnan(linalg.norm(a).value)


def object_array(numbers: Any) -> Any:
    return np.array([vargrad.Var(x, requires_grad=True) for x in numbers.ravel().tolist()] + [None], object)[
        :-1
    ].reshape(numbers.shape)


def values(array: Any) -> Any:
    array = np.asarray(array)
    return np.array([getattr(x, "value", x) for x in array.ravel().tolist()], float).reshape(array.shape)


def test_few_nodes() -> None:
    """A solution of n unknowns takes 2 n nodes, not n**3."""
    n = 12
    a = [[vargrad.Var(x, requires_grad=True) for x in row] for row in RANDOM.normal(size=(n, n)).tolist()]
    x = linalg.solve(a, [1.0] * n)
    found = set(x.tolist())
    for _ in range(3):
        found |= {parent for v in found for parent in v.parents}
    assert len(found) == 2 * n + n * n


def test_no_grad(impl: Implementation) -> None:
    with impl.no_grad():
        x = linalg.solve([[impl.Var(2.0), 1.0], [1.0, 3.0]], [1.0, 2.0])
    assert [v.prev_op for v in x] == [None, None]
    assert values(x).tolist() == np.linalg.solve([[2.0, 1.0], [1.0, 3.0]], [1.0, 2.0]).tolist()


# ---- wrong input


def test_errors_are_numpys(impl: Implementation) -> None:
    zero, one = impl.Var(0.0), impl.Var(1.0)
    error = np.linalg.LinAlgError
    with pytest.raises(error, match="Singular matrix"):
        linalg.solve([[one, 2.0], [2.0, 4.0]], [1.0, 2.0])
    with pytest.raises(error, match="Singular matrix"):
        linalg.inv([[zero]])
    with pytest.raises(error, match="not positive definite"):
        linalg.cholesky([[one, 2.0], [2.0, 1.0]])
    for f in (linalg.inv, linalg.det, linalg.slogdet, linalg.cholesky, linalg.eigh):
        with pytest.raises(error, match="must be square"):
            f([[one, 2.0]])
        with pytest.raises(error, match="at least two-dimensional"):
            f([one, 2.0])
    with pytest.raises(ValueError, match=r"2 equations in a of shape \(2, 2\), and a right-hand side of shape \(3,\)"):
        linalg.solve([[one, 0.0], [0.0, 1.0]], [1.0, 2.0, 3.0])
    with pytest.raises(error, match="Incompatible dimensions"):
        linalg.lstsq([[one, 2.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="Invalid norm order"):
        linalg.norm([[one]], 5)
    with pytest.raises(ValueError, match="mode must be"):
        linalg.qr([[one]], "raw")
    with pytest.raises(ValueError, match="is not unique"):
        linalg.qr([[one], [2.0]], "complete")
    with pytest.raises(ValueError, match="UPLO"):
        linalg.eigh([[one]], "X")


@pytest.mark.parametrize("bad", [1j, "a", None])
def test_elements_that_are_no_numbers(bad: Any) -> None:
    with pytest.raises(TypeError, match=r"solve\(\): an element must be a real number"):
        linalg.solve([[vargrad.Var(1.0), bad], [0.0, 1.0]], [1.0, 2.0])
    with pytest.raises(TypeError, match="masked array"):
        linalg.solve([[vargrad.Var(1.0)]], np.ma.masked_array([1.0], [True]))


def test_where_there_is_no_derivative() -> None:
    x = vargrad.Var(1.0, requires_grad=True)
    error = np.linalg.LinAlgError
    with pytest.raises(error, match=r"eigenvalues 0 and 1 coincide \(1.0 and 1.0\)"):
        linalg.eigh([[x, 0.0], [0.0, 1.0]])
    with pytest.raises(error, match=r"singular values 0 and 1 coincide"):
        linalg.norm([[x, 0.0], [0.0, 1.0]], 2)
    with pytest.raises(error, match="the matrix is singular, and the logarithm of its determinant"):
        linalg.slogdet([[x, 1.0], [1.0, 1.0]])
    with pytest.raises(error, match="column 1 depends on those before it"):
        linalg.qr([[x, 1.0], [1.0, 1.0]])
    with pytest.raises(error, match=r"a has the rank 1, less than its shape \(2, 2\) allows"):
        linalg.lstsq([[x, 1.0], [1.0, 1.0]], [1.0, 2.0])
    assert x.grad == 0.0


def test_rank_does_not_matter_where_the_matrix_is_of_numbers() -> None:
    a = np.array([[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]])
    b = [vargrad.Var(x, requires_grad=True) for x in (1.0, 2.0, 4.0)]
    x, _, rank, _ = linalg.lstsq(a, b)
    assert rank == 1
    x[0].backward()
    assert [v.grad for v in b] == pytest.approx(np.linalg.pinv(a)[0])


def test_singular_values_of_lstsq() -> None:
    numbers = RANDOM.normal(size=(4, 2))
    a = object_array(numbers)
    s = linalg.lstsq(a, [1.0, 2.0, 3.0, 4.0])[3]
    s[1].backward()
    u, expected, v = np.linalg.svd(numbers)
    assert values(s) == pytest.approx(expected, rel=1e-14)
    assert np.array([x.grad for x in a.ravel()]).reshape(4, 2) == pytest.approx(np.outer(u[:, 1], v[1]))


def test_a_recorded_singular_matrix_goes_to_its_handler() -> None:
    @vargrad.compile
    def f(x: Any) -> Any:
        try:
            return linalg.solve([[x, 2.0], [2.0, 4.0]], [1.0, 3.0])[0]
        except np.linalg.LinAlgError:
            return 7.0 * x

    found = f(np.array([0.5, 1.0, 2.0]))
    assert found[1] == 7.0
    assert found[[0, 2]] == pytest.approx([np.linalg.solve([[x, 2.0], [2.0, 4.0]], [1.0, 3.0])[0] for x in (0.5, 2.0)])
    assert f.grad(1.0) == 7.0

    @vargrad.compile
    def uncaught(x: Any) -> Any:
        try:
            return linalg.solve([[x, 2.0], [2.0, 4.0]], [1.0, 3.0])[0]
        except KeyError:
            return 7.0 * x

    assert np.isfinite(uncaught(np.array([0.5, 1.0, 2.0]))).tolist() == [True, False, True]


def test_a_recorded_singular_matrix_gives_no_number() -> None:
    f = vargrad.compile(lambda x: linalg.solve([[x, 2.0], [2.0, 4.0]], [1.0, 3.0])[0])
    found = f(np.array([0.5, 1.0, 2.0]))
    assert not np.isfinite(found[1])
    for x, y in zip((0.5, 2.0), found[[0, 2]], strict=True):
        assert y == pytest.approx(np.linalg.solve([[x, 2.0], [2.0, 4.0]], [1.0, 3.0])[0])
