"""Errors of compile for wrong input, and for functions that cannot be recorded."""

from __future__ import annotations

import inspect
import random
import re
from typing import Any

import numpy as np
import pytest

import vargrad
from recorded import leaf
from vargrad import math as m


def f(x: Any, y: Any) -> Any:
    return x * y


CALLS: dict[str, tuple[Any, type[Exception], str]] = {
    "shapes": (lambda: vargrad.compile(f)(np.ones(3), np.ones(4)), ValueError, r"broadcast.*x: \(3,\), y: \(4,\)"),
    "complex": (lambda: vargrad.compile(f)(1j, 1.0), TypeError, "argument 'x' is of dtype complex128"),
    "text": (lambda: vargrad.compile(f)(1.0, "2"), TypeError, "argument 'y' is of dtype <U1"),
    "objects": (lambda: vargrad.compile(f)(1.0, [None]), TypeError, "argument 'y' holds NoneType"),
    "date": (lambda: vargrad.compile(f)(np.datetime64("2020"), 1.0), TypeError, "argument 'x' is of dtype datetime64"),
    "missing": (lambda: vargrad.compile(f)(1.0), TypeError, "misses argument 'y'"),
    "many": (lambda: vargrad.compile(f)(1.0, 2.0, 3.0), TypeError, r"takes 2 positional arguments \(x, y\), got 3"),
    "unknown": (lambda: vargrad.compile(f)(1.0, z=2.0), TypeError, "has no argument 'z'; it takes x, y"),
    "twice": (lambda: vargrad.compile(f)(1.0, 2.0, x=2.0), TypeError, "'x' by position and by name"),
    "no row": (lambda: vargrad.compile(f)(np.ones(0), 1.0), ValueError, "without any row"),
    "workers": (lambda: vargrad.compile(f)(1.0, 2.0, workers=0), ValueError, "workers must be"),
    "argnums": (
        lambda: vargrad.compile(f).grad(1.0, 2.0, argnums=2),
        ValueError,
        "names argument 2, but the call has 2 argument",
    ),
    "argnums twice": (lambda: vargrad.compile(f).grad(1.0, 2.0, argnums=(0, -2)), ValueError, "twice"),
    "argnums kind": (lambda: vargrad.compile(f).grad(1.0, 2.0, argnums="x"), TypeError, "must be an int or a tuple"),
    "no function": (lambda: vargrad.compile(3), TypeError, "takes a function, not int"),  # type: ignore[call-overload]
    "max_paths": (lambda: vargrad.compile(f, max_paths=0), ValueError, "max_paths must be"),
    "no signature": (lambda: vargrad.compile(f, signature="(n)"), ValueError, "is no signature"),
    "signature kind": (lambda: vargrad.compile(f, signature=3), TypeError, "must be a str"),  # type: ignore[call-overload]
    "unfit": (lambda: vargrad.compile(f, signature="(n)->()")(1.0, 2.0), TypeError, r"of 1 argument\(s\), got 2"),
    "core": (lambda: vargrad.compile(sum, signature="(n)->()")(1.0), ValueError, "needs 1 dimension"),
    "core sizes": (
        lambda: vargrad.compile(m.dot, signature="(n),(n)->()")(np.ones(2), np.ones(3)),
        ValueError,
        "wants n = 2",
    ),
    "fixed size": (lambda: vargrad.compile(sum, signature="(3)->()")(np.ones(2)), ValueError, "wants 3 = 3"),
    "result shape": (
        lambda: vargrad.compile(lambda x: x[:2], signature="(n)->(n)")(np.ones(3)),
        ValueError,
        r"shape \(2,\).*says \(3\)",
    ),
    "result count": (
        lambda: vargrad.compile(lambda x: x, signature="()->(),()")(1.0),
        ValueError,
        "returned 1 result",
    ),
    "nothing": (lambda: vargrad.compile(lambda x: None)(1.0), TypeError, "nothing .None.: does it lack a return"),
    "text result": (lambda: vargrad.compile(lambda x: "a")(1.0), TypeError, "not str"),
    "empty": (lambda: vargrad.compile(lambda x: ())(1.0), TypeError, "empty tuple"),
    "ragged": (lambda: vargrad.compile(lambda x: (x, [[x], x]))(1.0), ValueError, "ragged"),
    "no Var": (lambda: vargrad.compile(lambda x: 3.0)(1.0), TypeError, "returned no Var"),
    "several results": (
        lambda: vargrad.compile(lambda x: (x, x)).grad(1.0),
        ValueError,
        "needs a function that returns one number; this one returns",
    ),
    "out shape": (lambda: vargrad.compile(f)(np.ones(3), 1.0, out=np.ones(2)), ValueError, r"shape \(3,\)"),
    "out kind": (lambda: vargrad.compile(f)(np.ones(3), 1.0, out=[1.0] * 3), ValueError, "out has 3"),
    "vector": (lambda: vargrad.compile(f).hvp(1.0, 2.0, 1.0), TypeError, "tuple of 2 vectors"),
    "vector shape": (
        lambda: vargrad.compile(m.sum, signature="(n)->()").hvp(np.ones(3), np.ones(2)),
        ValueError,
        r"shape \(2,\), not \(3,\)",
    ),
    "Var": (
        lambda: vargrad.compile(f)(leaf(1.0), 2.0, out=np.empty(1)),
        TypeError,
        "out= takes the results of numbers",
    ),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_wrong_input(name: str) -> None:
    call, kind, message = CALLS[name]
    with pytest.raises(kind, match=message) as caught:
        call()
    assert caught.type is kind


LEAKS: dict[str, tuple[Any, str]] = {
    ".value": (lambda x: x.value * x, r"\.value"),
    ".item()": (lambda x: x.item() * x, r"\.item\(\)"),
    "float()": (lambda x: float(x) * x, r"float\(\)"),
    "int()": (lambda x: [1, 2][int(x)] * x, r"int\(\)"),
    "no_grad": (lambda x: _quiet(x), "no_grad"),
    "backward": (lambda x: _backward(x), r"backward\(\)"),
    "custom": (lambda x: vargrad.custom(1.0, [x], [2.0]), "custom"),
    "edit": (lambda x: _edit(x), r"\.value ="),
}
SEEN = leaf(2.0)


def _quiet(x: Any) -> Any:
    with vargrad.no_grad():
        return x * 2


def _backward(x: Any) -> Any:
    y = x * SEEN
    y.backward()
    return y * SEEN.grad


def _edit(x: Any) -> Any:
    x.value = 3.0
    return x


@pytest.mark.parametrize("name", list(LEAKS))
def test_a_leak_names_its_source_line(name: str) -> None:
    function, message = LEAKS[name]
    compiled = vargrad.compile(function)
    with pytest.raises(vargrad.RecordingError, match=message) as caught:
        compiled(1.0)
    if name != "custom":
        assert re.search(re.escape(__file__) + r":\d+", str(caught.value))
    assert compiled.paths == 0
    assert vargrad.compile(lambda x: x * x).grad(3.0) == 6.0  # no recording is left


def test_the_line_is_the_users() -> None:
    def leaks(x: Any) -> Any:
        y = x * 2
        return y * x.value

    with pytest.raises(vargrad.RecordingError) as caught:
        vargrad.compile(leaks)(1.0)
    first = inspect.getsourcelines(leaks)[1]
    assert f"{__file__}:{first + 2} (return y * x.value)" in str(caught.value)


def test_too_many_paths() -> None:
    compiled = vargrad.compile(lambda x: x * m.floor(x), max_paths=4)
    assert compiled(np.arange(4.0)).tolist() == [0.0, 1.0, 4.0, 9.0]
    with pytest.raises(vargrad.RecordingError, match="max_paths=4"):
        compiled(np.arange(5.0))
    assert compiled(np.arange(4.0)).tolist() == [0.0, 1.0, 4.0, 9.0]


def test_out_is_untouched_by_a_call_that_fails() -> None:
    compiled = vargrad.compile(lambda x: x * m.floor(x), max_paths=2)
    out = np.full(5, -1.0)
    with pytest.raises(vargrad.RecordingError):
        compiled(np.arange(5.0), out=out)
    assert out.tolist() == [-1.0] * 5


def test_a_function_that_rolls_dice() -> None:
    rng = random.Random(1)

    def dice(x: Any) -> Any:
        y = x if rng.random() < 0.5 else x + 1
        for _ in range(rng.randrange(3)):
            if y > 0:
                y = y - 1
        return y if x > 0 else -y

    def often() -> None:
        for _ in range(60):
            vargrad.compile(dice, max_paths=50)(np.linspace(-3, 3, 20))

    with pytest.raises(vargrad.RecordingError, match=r"another path|max_paths|runs again"):
        often()


def test_paths_of_different_shape() -> None:
    compiled = vargrad.compile(lambda x: (x, x) if x > 0 else x)
    with pytest.raises(vargrad.RecordingError, match="on one path"):
        compiled(np.array([1.0, -1.0]))


def test_exceptions_of_the_function_pass_through() -> None:
    def strict(x: Any) -> Any:
        if x < 0:
            raise KeyError("negative")
        return x * x

    compiled = vargrad.compile(strict)
    assert compiled(np.array([1.0, 2.0])).tolist() == [1.0, 4.0]
    with pytest.raises(KeyError, match="negative"):
        compiled(np.array([1.0, -2.0]))
    assert compiled(3.0) == 9.0


def test_nan_has_no_integer() -> None:
    """As for floats, and whichever row it is."""
    compiled = vargrad.compile(lambda x: x * m.floor(x))
    for _ in range(2):
        with pytest.raises(ValueError, match="NaN to integer"):
            compiled(np.array([1.5, np.nan, 2.5]))
    assert compiled(np.array([1.5, 2.5])).tolist() == [1.5, 5.0]


def test_text_is_a_way_out_of_the_graph() -> None:
    """The text of the first row's number would be every row's."""
    with pytest.raises(
        vargrad.RecordingError, match=r"format\(\) of a Var while compile\(\) records, at .*test_compile"
    ):
        vargrad.compile(lambda x: x * len(f"{x:.0f}"))(np.array([1.0, 100.0]))
    seen = []
    vargrad.compile(lambda x: seen.append(f"{x} {x!r}") or x * 2)(3.0)
    assert seen == ["Var(3.0, while recorded) Var(3.0, while recorded)"]
    assert f"{vargrad.Var(3.0):.1f}" == "3.0"


@pytest.mark.parametrize("f", [lambda x: x[0] ** 2, lambda x: sum(x), lambda x: x * len(x), lambda x: x.sum()])
def test_a_number_used_as_a_vector_names_signatures(f: Any) -> None:
    with pytest.raises((TypeError, AttributeError)) as caught:
        vargrad.compile(f)(np.array([3.0, 4.0]))
    assert "signature='(n)->()'" in str(caught.value)
    assert vargrad.compile(lambda x: x[0] ** 2, signature="(n)->()")(np.array([3.0, 4.0])) == 9.0
