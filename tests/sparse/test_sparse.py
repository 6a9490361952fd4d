"""Sparse Jacobians and Hessians of compiled functions: the dense ones' numbers, where these are not 0 by formula."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recorded
import vargrad
from recorded import MACHINES, close
from vargrad import Var
from vargrad import math as m
from vargrad._compile.sparse import calls
from vargrad._ir import nonzeros

MANY = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
X = np.array([0.5, -1.25, 2.0, 0.75, -0.5])


@pytest.fixture(params=list(MACHINES))
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    recorded.use(monkeypatch, request.param)
    return str(request.param)


def rosenbrock(x: Any) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def residuals(x: Any) -> Any:
    return [x[i] * x[i + 1] - m.sin(x[i]) for i in range(len(x) - 1)]


def branching(x: Any) -> Any:
    return [x[0] * x[1] if x[0] > 0 else x[2] ** 2, x[3]]


def compiled(f: Callable[..., Any], results: str = "()") -> Any:
    return vargrad.compile(f, signature=f"(n)->{results}")


def dense_of(f: Any, what: str, *args: Any, **kwargs: Any) -> Any:
    """The entries in a dense matrix made of the pattern and the values, and the matrix by sparse=True; they agree."""
    rows, columns = f.pattern(what, *args, **kwargs)
    values = getattr(f, what)(*args, sparse="values", **kwargs)
    matrix = getattr(f, what)(*args, sparse=True, **kwargs)
    assert matrix.format == "csr"
    assert matrix.has_canonical_format
    full = np.zeros(matrix.shape)
    full[rows, columns] = values
    order = list(zip(rows.tolist(), columns.tolist(), strict=True))
    assert order == sorted(set(order))
    np.testing.assert_array_equal(matrix.toarray(), full)
    return full


# ---- the numbers are the dense ones'


def test_vectors(machine: str) -> None:
    f, g = compiled(rosenbrock), compiled(residuals, "(k)")
    np.testing.assert_allclose(dense_of(f, "hessian", X), f.hessian(X), rtol=1e-14)
    np.testing.assert_allclose(dense_of(g, "jacobian", X), g.jacobian(X), rtol=1e-14)
    np.testing.assert_allclose(dense_of(f, "jacobian", X), f.grad(X)[None], rtol=1e-14)


@pytest.fixture(params=["apart", "shared"])
def rows_are(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows derived each by itself, or as those that share too much for that."""
    if request.param == "shared":
        monkeypatch.setattr(nonzeros, "SHARED", -1)
        monkeypatch.setattr(nonzeros, "HEAVY", 1)


@pytest.mark.usefixtures("rows_are")
@MANY
@given(recorded.STEPS, st.lists(st.tuples(*[recorded.NUMBERS] * 3), min_size=1, max_size=6))
def test_random_functions_with_branches(
    machine: str, steps: recorded.Steps, rows: list[tuple[float, float, float]]
) -> None:
    function = recorded.function(steps)
    f = vargrad.compile(lambda x, y, z: function(x, y, z))
    g = vargrad.compile(lambda x, y, z: (function(x, y, z), x * y, z))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    for which, what in ((f, "hessian"), (g, "jacobian")):
        at_rows, at_columns = which.pattern(what, *columns)
        values = getattr(which, what)(*columns, sparse="values")
        dense = getattr(which, what)(*columns)
        assert values.shape == (len(rows), len(at_rows))
        for i, row in enumerate(rows):
            full = np.zeros((3, 3))
            full[at_rows, at_columns] = values[i]
            assert close(full, [[block[i] for block in line] for line in dense])
            assert close(getattr(which, what)(*row, sparse=True).toarray(), full)
            assert close(getattr(which, what)(*row, sparse="values"), values[i])


def test_several_arguments_and_results_are_one_matrix(machine: str) -> None:
    f = vargrad.compile(lambda a, b, c: ([a[0] * b, a[1] + c[0] * c[1]], b * b), signature="(n),(),(k)->(n),()")
    a, b, c = np.array([2.0, 3.0]), 5.0, np.array([7.0, 11.0])
    (first, second), (third, fourth) = f.jacobian(a, b, c, argnums=(0, 2)), f.jacobian(a, b, c, argnums=1)
    blocks = [np.hstack([*first]), np.hstack([x.reshape(1, -1) for x in second])]
    np.testing.assert_array_equal(dense_of(f, "jacobian", a, b, c, argnums=(0, 2)), np.vstack(blocks))
    turned = np.vstack([np.hstack([first[1], first[0]]), np.zeros((1, 4))])
    np.testing.assert_array_equal(dense_of(f, "jacobian", a, b, c, argnums=(2, 0)), turned)
    np.testing.assert_array_equal(dense_of(f, "jacobian", a, b, c, argnums=1), [[third[0]], [third[1]], [fourth]])
    g = vargrad.compile(lambda a, b: a[0] * a[1] * b, signature="(n),()->()")
    np.testing.assert_array_equal(dense_of(g, "hessian", a, b), [[0, 5, 3], [5, 0, 2], [3, 2, 0]])
    np.testing.assert_array_equal(dense_of(g, "hessian", a, b, argnums=1), [[0.0]])
    assert g.pattern("hessian", a, b, argnums=1)[0].tolist() == []


def test_numbers_matrices_names_and_closed_over_leaves(machine: str) -> None:
    leaf = Var(3.0, requires_grad=True)
    f = vargrad.compile(lambda x, y: leaf * x * y)
    assert f.hessian(2.0, y=5.0, sparse=True).toarray().tolist() == [[0.0, 3.0], [3.0, 0.0]]
    leaf.value = 4.0
    assert f.hessian(2.0, y=5.0, sparse="values").tolist() == [4.0, 4.0]
    solve = vargrad.compile(lambda A, x: A @ x, signature="(m,n),(n)->(m)")
    A, x = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0, 3.0])
    expected = np.hstack([np.kron(np.eye(2), x), A])
    np.testing.assert_array_equal(dense_of(solve, "jacobian", A, x), expected)


def test_batches_on_several_threads(machine: str) -> None:
    f = compiled(residuals, "(k)")
    xs = np.random.default_rng(0).normal(size=(7, 2000, 5))
    rows, columns = f.pattern("jacobian", xs)
    values = f.jacobian(xs, sparse="values", workers=2)
    assert values.shape == (7, 2000, len(rows))
    np.testing.assert_allclose(values, f.jacobian(xs)[..., rows, columns], rtol=1e-14)
    assert f.jacobian(xs[:0], sparse="values").shape == (0, 2000, len(rows))


# ---- patterns


def test_what_is_zero_by_formula_is_no_entry(machine: str) -> None:
    def f(x: Any) -> Any:
        one = m.sin(x[4]) ** 2 + m.cos(x[4]) ** 2  # its derivative is 0 only by cancellation: that entry stays
        return [x[0] * 0.0 + x[1], m.floor(x[2]) + x[3], 5.0, x[4] - x[4], m.where(x[0] > 0, x[1], x[2]), one]

    rows, columns = compiled(f, "(k)").pattern("jacobian", X)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (1, 3), (4, 1), (4, 2), (5, 4)]


def test_an_entry_that_happens_to_be_zero_stays(machine: str) -> None:
    f = compiled(lambda x: x[0] * x[0] * x[1])
    assert f.hessian([0.0, 0.0], sparse=True).nnz == f.hessian([1.0, 2.0], sparse=True).nnz == 3


def test_another_path_enlarges_the_pattern_and_says_so(machine: str) -> None:
    f = compiled(branching, "(k)")
    one, other = np.array([1.0, 2.0, 3.0, 4.0]), np.array([-1.0, 2.0, 3.0, 4.0])
    assert [each.tolist() for each in f.pattern("jacobian", one)] == [[0, 0, 1], [0, 1, 3]]
    out = np.full(3, 7.0)
    for _ in range(2):
        with pytest.raises(vargrad.RecordingError, match=r"from 3 to 4 entries: call branching.pattern\('jacobian'"):
            f.jacobian(other, sparse="values", out=out)
        assert out.tolist() == [7.0] * 3
    assert f.jacobian(one, sparse="values").tolist() == [2.0, 1.0, 1.0]
    assert f.jacobian(other, sparse=True).toarray().tolist() == [[0, 0, 6, 0], [0, 0, 0, 1]]
    assert [each.tolist() for each in f.pattern("jacobian", other)] == [[0, 0, 0, 1], [0, 1, 2, 3]]
    assert f.jacobian(np.array([one, other]), sparse="values").tolist() == [[2, 1, 0, 1], [0, 0, 6, 1]]


def test_a_pattern_holds_when_what_the_function_reads_changes(machine: str) -> None:
    power = [2]
    f = compiled(lambda x: x[0] ** power[0] * x[1])
    assert f.pattern("hessian", [1.0, 3.0])[0].tolist() == [0, 0, 1]
    power[0] = 1
    assert f.hessian([1.0, 3.0], sparse="values").tolist() == [0.0, 1.0, 1.0]
    power[0] = 2
    assert f.hessian([1.0, 3.0], sparse="values").tolist() == [6.0, 2.0, 2.0]


def test_patterns_of_random_functions_are_where_numbers_are(machine: str) -> None:
    """Each entry of a function of products depends on the point, so none is 0 at a random one."""
    random = np.random.default_rng(5)
    x = random.uniform(0.5, 1.5, 5)
    for _ in range(20):
        pairs = random.integers(0, 5, (4, 2)).tolist()
        f = compiled(lambda x, pairs=pairs: m.sum([m.exp(x[i] * x[j]) for i, j in pairs]))
        rows, columns = f.pattern("hessian", x)
        assert np.argwhere(f.hessian(x)).tolist() == np.transpose([rows, columns]).tolist()


# ---- out=


def test_out(machine: str) -> None:
    f = compiled(rosenbrock)
    new = f.hessian(X, sparse=True)
    old = f.hessian(X + 1.0, sparse=True)
    assert f.hessian(X, sparse=True, out=old) is old
    np.testing.assert_array_equal(old.toarray(), new.toarray())
    for out in (np.empty(new.nnz), np.empty(2 * new.nnz)[::2]):
        assert f.hessian(X, sparse="values", out=out) is out
        np.testing.assert_array_equal(out, new.data)
    xs = np.array([X, X + 1.0])
    rows = np.empty((2, new.nnz))
    assert f.hessian(xs, sparse="values", out=rows) is rows
    np.testing.assert_array_equal(rows[0], new.data)
    own = np.append(X, 0.0)  # out is the argument
    g = compiled(lambda x: x[:5] * x[1:], "(k)")
    np.testing.assert_array_equal(g.jacobian(own, sparse="values", out=np.empty(10))[::2], own[1:])


def test_wrong_out(machine: str) -> None:
    f = compiled(rosenbrock)
    matrix = f.hessian(X, sparse=True)
    for bad, message in (
        (np.zeros((5, 5)), "must be a csr_array of shape"),
        (matrix.tocsc(), "must be a csr_array of shape"),
        (matrix[:4], "must have the pattern of the result, 13 entries"),
        (f.jacobian(X, sparse=True), "must have the pattern"),
        (matrix.astype(np.float32), "must be a float64 array"),
    ):
        with pytest.raises(ValueError, match=message):
            f.hessian(X, sparse=True, out=bad)
    for wrong in (np.zeros(12), np.zeros(13, int), [0.0] * 13, matrix):
        with pytest.raises(ValueError, match="out"):
            f.hessian(X, sparse="values", out=wrong)


def test_matrices_share_nothing() -> None:
    f = compiled(rosenbrock)
    first = f.hessian(X, sparse=True)
    first.data[3:] = 0.0
    first.eliminate_zeros()
    assert f.hessian(X, sparse=True).nnz == 13


# ---- errors


def test_wrong_input(machine: str) -> None:
    f, g = compiled(rosenbrock), compiled(residuals, "(k)")
    with pytest.raises(ValueError, match=r"sparse must be False, True or 'values', not 'csr'"):
        f.hessian(X, sparse="csr")
    with pytest.raises(ValueError, match=r"one point, and the arguments are rows of shape \(3,\): sparse='values'"):
        f.hessian(np.ones((3, 5)), sparse=True)
    with pytest.raises(ValueError, match="needs a function that returns one number"):
        g.hessian(X, sparse=True)
    with pytest.raises(ValueError, match="needs a function that returns one number"):
        g.pattern("hessian", X)
    with pytest.raises(ValueError, match=r"jacobian.*hessian"):
        g.pattern("grad", X)
    with pytest.raises(ValueError, match="names argument 1"):
        g.jacobian(X, sparse=True, argnums=1)
    with pytest.raises(TypeError, match="takes numbers and arrays, not Vars"):
        f.hessian(np.array([Var(1.0), Var(2.0)]), sparse=True)
    with pytest.raises(ValueError, match="workers must be"):
        f.hessian(X, sparse=True, workers=0)


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    f = compiled(lambda x: x[0] * x[1])
    with pytest.raises(ImportError, match=r"sparse=True needs SciPy: pip install 'vargrad\[scipy\]'; sparse='values'"):
        f.hessian([1.0, 2.0], sparse=True)
    assert f.paths == 0
    assert f.hessian([1.0, 2.0], sparse="values").tolist() == [1.0, 1.0]


@pytest.mark.parametrize("sparse", [True, "values"])
def test_a_derivative_that_is_zero_is_told(sparse: Any) -> None:
    f = vargrad.compile(lambda x: m.floor(x))
    g = vargrad.compile(lambda x: m.floor(x) if x > 0 else x)
    g.pattern("jacobian", [1.5, -1.5])
    for function in (f, g):
        with pytest.warns(vargrad.ZeroDerivativeWarning, match="floor"):
            function.jacobian(1.5, sparse=sparse)
    assert g.jacobian([-1.5], sparse="values").tolist() == [[1.0]]


def test_methods_pickles_and_objects_that_change() -> None:
    class Model:
        scale = 2.0

        @vargrad.compile
        def loss(self, x: Any, y: Any) -> Any:
            return self.scale * x * y

    model = Model()
    assert model.loss.pattern("hessian", 1.0, 2.0)[0].tolist() == [0, 1]
    model.scale = 3.0
    assert model.loss.hessian(1.0, 2.0, sparse=True).toarray().tolist() == [[0.0, 3.0], [3.0, 0.0]]


def test_later_calls_are_like_the_first(machine: str) -> None:
    """The second call of a kind takes a shortcut, which serves the arguments and the pattern that it is for."""
    factor, leaf = [2.0], Var(1.0, requires_grad=True)
    f = vargrad.compile(lambda x, y: factor[0] * leaf * x[0] * x[1] * y, signature="(n),()->()")
    x, out = np.array([3.0, 5.0]), np.empty(2)
    for scale in (1.0, 3.0):
        leaf.value = scale
        for factor[0] in (2.0, 4.0, 2.0):
            expected = [scale * factor[0] * 7.0] * 2
            for at in (x, [3.0, 5.0], (3, 5), np.array([3, 5]), x[::-1]):
                assert f.hessian(at, 7.0, argnums=0, sparse="values").tolist() == expected
                assert f.hessian(at, 7, argnums=0, sparse="values", out=out) is out
                assert out.tolist() == expected
            assert f.hessian(x, y=7.0, argnums=0, sparse="values").tolist() == expected
            assert f.hessian(np.array([x, x]), 7.0, argnums=0, sparse="values").tolist() == [expected] * 2
    assert len(f.hessian([1.0, 2.0, 3.0], 7.0, argnums=0, sparse="values")) == 2
    assert len(f.hessian(x, 7.0, sparse="values")) == 6
    for wrong in ([7.0, 8.0, 9.0], np.zeros(2, int), np.zeros(3)):
        with pytest.raises(ValueError, match=r"out|broadcast"):
            f.hessian(x, 7.0, argnums=0, sparse="values", out=wrong)
    with pytest.raises(ValueError, match="dimension"):
        f.hessian(7.0, 7.0, argnums=0, sparse="values")


def test_a_pattern_that_grew_ends_shortcuts(machine: str) -> None:
    power = [1]
    f = compiled(lambda x: x[0] ** power[0] * x[1])
    for _ in range(3):
        assert f.hessian([2.0, 3.0], sparse="values").tolist() == [1.0, 1.0]
    power[0] = 2
    with pytest.raises(vargrad.RecordingError, match="from 2 to 3 entries"):
        f.hessian([2.0, 3.0], sparse="values")
    power[0] = 1
    for _ in range(2):
        assert f.hessian([2.0, 3.0], sparse="values").tolist() == [1.0, 1.0]
    power[0] = 2
    f.pattern("hessian", [2.0, 3.0])
    power[0] = 1
    for _ in range(2):
        assert f.hessian([2.0, 3.0], sparse="values").tolist() == [0.0, 1.0, 1.0]


def test_functions_from_pickles_and_files(tmp_path: Path) -> None:
    f = compiled(rosenbrock)
    matrix = f.hessian(X, sparse=True)
    f.save(tmp_path / "f.npz")
    for again in (pickle.loads(pickle.dumps(f)), vargrad.load_compiled(tmp_path / "f.npz")):
        np.testing.assert_array_equal(again.hessian(X, sparse=True).toarray(), matrix.toarray())
        assert again.pattern("hessian", X)[0].tolist() == f.pattern("hessian", X)[0].tolist()


def test_patterns_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_GIVEN", 3)
    f = compiled(rosenbrock)
    for n in range(2, 9):
        assert len(f.hessian(np.ones(n), sparse="values")) == 3 * n - 2
        f.pattern("jacobian", np.ones(n))
        assert len(f.given) <= 3
