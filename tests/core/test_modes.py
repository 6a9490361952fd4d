"""no_grad and detect_anomaly."""

from __future__ import annotations

import inspect
import math

import pytest

import sheet
from twins import Implementation, grads, leaves
from vargrad._ops.table import BY_NAME, NARY_BY_NAME

# ---- no_grad


@pytest.mark.parametrize("name", sheet.ALL_ROWS)
def test_no_grad_records_nothing(impl: Implementation, name: str) -> None:
    point = sheet.points(BY_NAME[name], 1)[0]
    for door in sheet.ways(impl, name).values():
        with impl.no_grad():
            result = door(impl.Var(point[0], True), *point[1:])
        assert (result.prev_op, result.parents, result.requires_grad) == (None, (), False)


@pytest.mark.parametrize("name", sheet.ALL_NARY)
def test_no_grad_records_no_nary_node(impl: Implementation, name: str) -> None:
    xs = leaves(impl, 0.5, 2.0)
    with impl.no_grad():
        result = sheet.call_nary(impl, name)(*sheet.split(NARY_BY_NAME[name], xs))
    assert result.parents == ()
    result.backward()
    assert [x.grad for x in xs] == [0.0, 0.0]


def test_no_grad_nests_and_ends(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    with impl.no_grad():
        with impl.no_grad():
            pass
        assert (x * x).prev_op is None
    assert (x * x).prev_op == "mul"


def test_no_grad_ends_with_an_exception(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    with pytest.raises(ZeroDivisionError), impl.no_grad():
        x / 0.0
    assert (x * x).prev_op == "mul"


def test_no_grad_as_a_decorator(impl: Implementation) -> None:
    @impl.no_grad()
    def square(v: object) -> object:
        return v * v  # type: ignore[operator]

    x = impl.Var(2.0, requires_grad=True)
    assert square(x).prev_op is None
    assert square(x).value == 4.0
    assert (x * x).prev_op == "mul"


def test_no_grad_leaves_backward_alone(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    z = x * x
    with impl.no_grad():
        z.backward()
        x.value -= 0.5 * x.grad
    assert (x.grad, x.value) == (4.0, 0.0)


def test_no_grad_custom(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    with impl.no_grad():
        y = impl.custom(8.0, [x], [12.0])
    assert y.parents == ()


# ---- detect_anomaly


def line() -> int:
    """The line of the caller."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def test_anomaly_names_operation_operands_and_line(impl: Implementation) -> None:
    x, y = leaves(impl, 0.0, 3.0)
    with impl.detect_anomaly():
        good = y * 2.0
        bad, at = x.sqrt(), line()
        z = good + bad * y
        with pytest.raises(FloatingPointError, match=r"sqrt\(0\.0\).*inf") as raised:
            z.backward()
    assert f"{__file__}:{at}" in str(raised.value)


def test_anomaly_in_an_nary_node(impl: Implementation) -> None:
    x, y = leaves(impl, 1.0, 2.0)
    with impl.detect_anomaly():
        z, at = impl.math.dot([x, y], [math.inf, 1.0]), line()
        with pytest.raises(FloatingPointError, match=r"dot\(1\.0, 2\.0, inf, 1\.0\)") as raised:
            z.backward()
    assert f"{__file__}:{at}" in str(raised.value)


def test_anomaly_changes_no_grad(impl: Implementation) -> None:
    x, y = leaves(impl, 0.0, 3.0)
    with impl.detect_anomaly(), pytest.raises(FloatingPointError):
        (y * 2.0 + x.sqrt()).backward()
    assert (x.grad, y.grad) == (0.0, 0.0)


def test_anomaly_of_a_graph_made_before(impl: Implementation) -> None:
    x = impl.Var(0.0, requires_grad=True)
    z = x.sqrt()
    with impl.detect_anomaly(), pytest.raises(FloatingPointError, match=r"enter detect_anomaly before"):
        z.backward()
    assert grads(z, [x]) == [math.inf]


def test_anomaly_of_a_bad_seed(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    z = x * 3.0
    with impl.detect_anomaly(), pytest.raises(FloatingPointError, match="mul"):
        z.backward(math.nan)


def test_no_anomaly_where_all_is_finite(impl: Implementation) -> None:
    x, y = leaves(impl, -1.0, 2.0)
    with impl.detect_anomaly():
        z = impl.math.relu(x) * math.inf if y < 0 else impl.math.maximum(x, y) * y
        z.backward()
    assert (x.grad, y.grad) == (0.0, 4.0)


def test_anomaly_ends_with_the_block(impl: Implementation) -> None:
    x = impl.Var(0.0, requires_grad=True)
    with impl.detect_anomaly():
        with impl.detect_anomaly():
            pass
        with pytest.raises(FloatingPointError):
            x.sqrt().backward()
    assert grads(x.sqrt(), [x]) == [math.inf]


def test_anomaly_in_pullback(impl: Implementation) -> None:
    x = impl.Var(0.0, requires_grad=True)
    with impl.detect_anomaly(), pytest.raises(FloatingPointError, match="sqrt"):
        impl.pullback(x.sqrt(), [x])


def test_anomaly_gives_the_same_gradients(impl: Implementation) -> None:
    def run() -> list[float]:
        x, y = leaves(impl, 0.3, 1.7)
        z = impl.math.logsumexp([x * y, x / y, impl.math.sin(x)]) + x**y
        return grads(z, [x, y])

    expected = run()
    with impl.detect_anomaly():
        assert run() == expected


def test_both_modes_at_once(impl: Implementation) -> None:
    x = impl.Var(0.0, requires_grad=True)
    with impl.detect_anomaly(), impl.no_grad():
        z = x.sqrt()
        z.backward()
    assert x.grad == 0.0
