"""Cases of corners.py: Vars, vargrad.math, transforms and the classes around them."""

from __future__ import annotations

import builtins
import copy
import math as standard
import operator
import pickle
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

import vargrad
from corners_cases import Case, Expression, plain
from vargrad import Var, data, losses, math, numeric, optim, special

A, B = Var(0.75), Var(0.5)
UNITS: dict[str, Callable[[], Any]] = {
    "a + b": Expression("a + b", a=A, b=B),
    "round(x, 2)": partial(round, 2.345, 2),
}
POINTS: tuple[tuple[Any, ...], ...] = (
    (0.75,),
    (0.75, 0.5),
    ([0.75, 0.5, 0.25, 0.125],),
    ([0.75, 0.5], [1.5, 2.0]),
    (True, 0.75, 0.5),
    (0.75, 2),
    (6,),
    (6, 3),
    (1.5,),
    (0.75, 0.5, 0.25),
    (0.75, (0, 1), [0.5, 0.25]),
)
# At most so many additions. What is no row here is one node, and may cost MOST.
MOST = 6.0
BOUNDS = {
    **dict.fromkeys(("math.log", "Var.log"), 3.5),
    **dict.fromkeys(("math.sum", "math.prod", "math.mean", "math.dot", "math.maximum", "math.minimum"), 9.0),
    "math.logsumexp": 14.0,
    "math.fsum": None,  # Python's own, which costs more than the node
    "math.sumprod": None,
    "math.dist": 20.0,
    "math.isclose": None,
    **dict.fromkeys(("math.ceil", "math.floor", "math.trunc"), 8.0),  # Python asks the Var for them
    "math.interp": None,  # checks the table, whose length decides
    "math.softmax": 40.0,
    "math.hypot": 10.0,  # of these 4 are the standard module's
    "Var.hypot": 10.0,
    "Var.backward": 10.0,
}


def at_vars(point: Any) -> Any:
    """The point with Vars in place of its floats."""
    if isinstance(point, (list, tuple)):
        return type(point)(map(at_vars, point))
    return Var(point) if isinstance(point, float) else point


def points(function: Callable[..., Any]) -> Iterator[tuple[Any, ...]]:
    """The points that the function takes, as numbers, with their results."""
    for point in POINTS:
        try:
            function(*point)
        except (TypeError, ValueError, AttributeError, OverflowError):
            continue
        yield point


def math_cases() -> Iterator[Case]:
    """Every function of vargrad.math and vargrad.special that takes a Var, at a Var; the others at numbers."""
    for module, name in ((m, n) for m in (math, special) for n in functions_of(m)):
        function, group = getattr(module, name), module.__name__.removeprefix("vargrad.")
        for point in points(function):
            expected = function(*point)
            bound = BOUNDS.get(f"math.{name}", MOST) if module is math else None
            given = at_vars(point)
            try:
                function(*given)
            except TypeError:
                given = point  # it has no rule for a Var
            if given == point:
                bound = None
            title = f"{group}.{name}{shown(point)}"
            yield Case(module.__name__, title, partial(function, *given), expected, "a + b", bound)
            break


def functions_of(module: ModuleType) -> list[str]:
    """The names of the module's public functions."""
    return sorted(n for n, value in vars(module).items() if n[0] != "_" and callable(value))


def shown(point: tuple[Any, ...]) -> str:
    """How the call is written, in short."""
    return "(" + ", ".join(f"[{len(x)}]" if isinstance(x, list) else "v" for x in point) + ")"


def method_cases() -> Iterator[Case]:
    """Every method and attribute of Var."""
    for name in sorted(n for n in dir(Var) if n[0] != "_"):
        x = Var(0.75, requires_grad=True)
        bound = BOUNDS.get(f"Var.{name}", MOST)
        if not callable(getattr(x, name)):
            y = Var(0.75, requires_grad=True)
            holder = y if name in ("value", "grad", "requires_grad") else A * B
            expected = {"value": 0.75, "grad": 0.0, "requires_grad": True}.get(name, plain(getattr(holder, name)))
            yield Case("Var", f"v.{name}", Expression(f"v.{name}", v=holder), expected, "a + b", bound)
            continue
        if name == "backward":
            root = x * x
            yield Case("Var", "(v * v).backward()", root.backward, None, "a + b", bound, lambda _, x=x: x.grad > 0.0)
            continue
        if name == "grad_desc":  # of a grad that is 0: the value stays
            step = partial(x.grad_desc, 0.1)
            yield Case("Var", "v.grad_desc(lr)", step, None, "a + b", bound, lambda _, x=x: x.value == 0.75)
            continue
        for start, point in ((start, point) for start in (0.75, 1.5) for point in POINTS):
            try:
                expected = getattr(vargrad.reference.Var(start), name)(*point[1:])
            except (TypeError, ValueError):
                continue
            value = expected.value if isinstance(expected, vargrad.reference.Var) else expected
            call = Expression(
                f"v.{name}({', '.join('xy'[: len(point) - 1])})",
                v=Var(start),
                **dict(zip("xy", point[1:], strict=False)),
            )
            yield Case("Var", f"v.{name}{shown(point[1:])}", call, value, "a + b", bound)
            break


OPERATORS: dict[str, Callable[..., Any]] = {
    **{
        f"__{prefix}{name}__": getattr(operator, name)
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
        for prefix in ("", "r")
    },
    **{f"__{name}__": getattr(operator, name) for name in ("neg", "pos", "abs", "lt", "le", "eq", "ne", "gt", "ge")},
    **{f"__{name}__": getattr(standard, name) for name in ("floor", "ceil", "trunc")},
    **{f"__{name}__": getattr(builtins, name) for name in ("bool", "hash", "repr", "format", "round", "divmod")},
    "__rdivmod__": divmod,
    "__reduce_ex__": lambda v: pickle.loads(pickle.dumps(v)),
    "__copy__": copy.copy,
}
# What any object has, or what refuses: float(v) and int(v) raise, the rest is Python's.
NO_OPERATOR = {"__float__", "__int__", "__class__", "__doc__", "__init__", "__new__", "__setattr__", "__module__"}
NO_OPERATOR |= {n for n in dir(object) if n not in OPERATORS} | {"__reduce_cython__", "__setstate_cython__"}
NO_OPERATOR |= {"__final__"}  # of a class that type checkers must not derive from
NO_OPERATOR |= {"__setstate__", "__slots__", "__pyx_vtable__", "__annotations__", "__weakref__", "__dict__", "__del__"}
NO_OPERATOR |= {"__array_function__", "__array_priority__", "__complex__", "__getformat__"}
REFUSED = {"as_integer_ratio", "fromhex"}  # methods of float that raise: a derivative would be lost
OPERANDS: dict[str, Any] = {"v": B, "float": 0.5, "int": 2, "bool": True, "np.float64": np.float64(0.5)}


def operator_cases() -> Iterator[Case]:
    """Every operator, with a Var and with each scalar type on its other side."""
    for name in sorted(n for n in dir(Var) if n.startswith("__") and n in OPERATORS):
        function = OPERATORS[name]
        rounds = name in ("__bool__", "__hash__", "__repr__", "__format__", "__copy__", "__reduce_ex__")
        bound = None if rounds else 8.0 if name == "__round__" else MOST
        if hasattr(float, name) and name != "__round__":
            binary = getattr(float, name)(0.75, 0.5) if takes_two(name) else None
        else:
            binary = None
        if binary is None:
            expected: Any = None if rounds else function(0.75)
            checks = (lambda found: True) if rounds else None
            yield Case("operators", f"{name}(v)", partial(function, A), expected, "a + b", bound, checks)
            continue
        for kind, other in OPERANDS.items():
            reflected = name.startswith("__r")
            if reflected and kind == "v":
                continue
            pair = (other, A) if reflected else (A, other)
            numbers = [float(plain(x)) for x in pair]
            expected = function(*numbers)
            # np.float64 has operators of its own, which ask the Var only in the end
            most = None if reflected and kind == "np.float64" else 2 * MOST if "divmod" in name else bound
            title = f"{name.strip('_')}({'v' if pair[0] is A else kind}, {kind if pair[0] is A else 'v'})"
            yield Case("operators", title, partial(function, *pair), expected, "a + b", most)


def takes_two(name: str) -> bool:
    """Whether the operator has a second operand."""
    try:
        return getattr(float, name)(0.75, 0.5) is not NotImplemented
    except TypeError:
        return False


def rounding_cases() -> Iterator[Case]:
    """round() to digits, in rounds of a float."""
    v = Var(2.345)
    yield Case("operators", "round(v, 2)", partial(round, v, 2), round(2.345, 2), "round(x, 2)", 2.0)
    yield Case("vargrad.math", "math.log(v, 2.0)", partial(math.log, A, 2.0), standard.log2(0.75), "a + b", 12.0)
    for kind, other in OPERANDS.items():
        expected = standard.hypot(0.75, float(plain(other)))
        yield Case("vargrad.math", f"math.hypot(v, {kind})", partial(math.hypot, A, other), expected, "a + b", 10.0)
        total = 0.75 + float(plain(other))
        yield Case("vargrad.math", f"math.sum([v, {kind}])", partial(math.sum, [A, other]), total, "a + b", 9.0)


def transform_cases() -> Iterator[Case]:
    """grad and its kin of one number, of structures, by argnums and with keywords; derivatives by hand."""

    def f(x: Any, y: Any = 2.0) -> Any:
        return x * x * y

    def g(x: Any) -> Any:
        return x[0] * x[0] * x[1]

    def h(x: Any) -> Any:
        return [x[0] + x[1], x[0] * x[1]]

    root = vargrad.implicit(standard.sqrt, lambda y, x: y * y - x)
    pair, row, keyed = [3.0, 5.0], np.array([3.0, 5.0]), {"a": 3.0, "b": 5.0}
    grad, both = vargrad.grad, vargrad.value_and_grad
    ways: list[tuple[str, Callable[[], Any], Any, float | None]] = [
        ("grad(f)(2.0)", partial(grad(f), 3.0), 12.0, 100.0),
        ("grad(f)(2)", partial(grad(f), 3), 12.0, None),
        ("grad(f)(np.float64)", partial(grad(f), np.float64(3.0)), 12.0, None),
        ("grad(f)(x, y)", partial(grad(f), 3.0, 2.0), 12.0, 110.0),
        ("grad(f)(x, y=y)", partial(grad(f), 3.0, y=2.0), 12.0, 120.0),
        ("grad(f, argnums=1)(x, y)", partial(grad(f, argnums=1), 3.0, 2.0), 9.0, 110.0),
        ("grad(f, argnums=(0, 1))(x, y)", partial(grad(f, argnums=(0, 1)), 3.0, 2.0), (12.0, 9.0), None),
        ("grad(f)([2])", partial(grad(g), pair), [30.0, 9.0], 150.0),
        ("grad(f)((2))", partial(grad(g), tuple(pair)), (30.0, 9.0), 150.0),
        ("grad(f)(array of 2)", partial(grad(g), row), np.array([30.0, 9.0]), None),
        ("grad(f)(dict of 2)", partial(grad(lambda p: p["a"] * p["b"]), keyed), {"a": 5.0, "b": 3.0}, None),
        ("value_and_grad(f)(2.0)", partial(both(f), 3.0), (18.0, 12.0), 100.0),
        ("jacobian(f)([2])", partial(vargrad.jacobian(h), pair), [[1.0, 1.0], [5.0, 3.0]], 300.0),
        ("vjp(f)([2])[1]([2])", lambda: vargrad.vjp(h)(pair)[1]([1.0, 0.0]), [1.0, 1.0], None),
        ("hvp(f)([2], [2])", partial(vargrad.hvp(g), pair, [1.0, 0.0]), [10.0, 6.0], 600.0),
        ("hessian(f)([2])", partial(vargrad.hessian(g), pair), [[10.0, 6.0], [6.0, 0.0]], None),
        ("jvp(f)(2.0, 1.0)", partial(vargrad.jvp(f), 3.0, 1.0), (18.0, 12.0), None),
        ("implicit(solve, residual)(2.0)", partial(grad(root), 4.0), 0.25, None),
        ("finite_difference(f, (2.0,))", partial(vargrad.finite_difference, f, (3.0,)), (12.0,), None),
        ("gradcheck(f, (2.0,))", partial(vargrad.gradcheck, f, (3.0,)), None, None),
    ]
    for name, run, expected, bound in ways:
        loose = name.startswith(("finite", "gradcheck"))
        checks = (
            (lambda found: found is None or abs(np.ravel(found)[0] - 12.0) < 1e-2 or bool(found)) if loose else None
        )
        yield Case("transforms", name, run, expected, "a + b", bound, checks)


def with_no_grad() -> Any:
    with vargrad.no_grad():
        return A * B


def with_anomaly() -> Any:
    with vargrad.detect_anomaly():
        return A * B


def class_cases() -> Iterator[Case]:
    """Making Vars, modes, custom nodes, optimisers, losses, networks."""
    yield Case("classes", "Var(x)", partial(Var, 0.75), 0.75, "a + b", MOST)
    yield Case("classes", "Var(x, requires_grad=True)", lambda: Var(0.75, requires_grad=True), 0.75, "a + b", MOST)
    yield Case("classes", "Var(int)", partial(Var, 3), 3.0, "a + b", 2 * MOST)
    yield Case("classes", "Var(np.float64)", partial(Var, np.float64(0.75)), 0.75, "a + b", None)
    yield Case("classes", "custom(x, [v], [d])", partial(vargrad.custom, 8.0, [A], [12.0]), 8.0, "a + b", 20.0)
    yield Case("classes", "with no_grad(): a * b", with_no_grad, 0.375, "a + b", None)
    yield Case("classes", "with detect_anomaly(): a * b", with_anomaly, 0.375, "a + b", None)
    always: Callable[[Any], bool] = lambda found: True  # noqa: E731
    for name in sorted(optim.__all__):
        kind = getattr(optim, name)
        if isinstance(kind, type) and issubclass(kind, optim.Optimizer) and kind is not optim.Optimizer:
            parameters = [Var(0.1 * i, requires_grad=True) for i in range(9)]
            bound = 100.0 if name == "SGD" else None
            step = kind(parameters, lr=1e-9).step
            yield Case("classes", f"optim.{name}.step(), 9 parameters", step, None, "a + b", bound, always)
    for name in sorted(losses.__all__):
        loss = getattr(losses, name)
        row = getattr(loss, "row", None)
        if row is not None:
            target = {"signs": [1.0], "binary": [1.0]}.get(loss.kind, [0.5])
            expected = plain(row([0.75], target))
            yield Case("classes", f"losses.{name}.row", partial(row, [A], target), expected, "a + b", None)
    network = vargrad.NN([2, 2, 1], ["tanh", "sigmoid"], seed=1)
    expected = network.predict([[0.5, 0.25], [0.5, 0.25]])[:1]
    predict = partial(network.predict, [[0.5, 0.25]])
    yield Case("classes", "NN.predict, one row", predict, expected, "a + b", 400.0)
    forward = partial(network, [0.5, 0.25])
    yield Case("classes", "NN(...) of one row", forward, None, "a + b", None, always)


# Public names that are measured above under another title, or that are no call one makes often, with the reason.
ELSEWHERE = {
    "Array": "see array",
    "array": "NumPy's time is in microseconds",
    "interpolate": "made of the operations measured here",
    "linalg": "LAPACK's time is in microseconds",
    "NN": "predict",
    "Var": "its methods",
    "backend": "a string",
    "Compiled": "see compile",
    "compile": "corners_compiled",
    "load_compiled": "reads a file",
    "RecordingError": "an exception",
    "custom": "classes",
    "data": "sets of data",
    "detect_anomaly": "classes",
    "no_grad": "classes",
    "losses": "classes",
    "math": "its functions",
    "optim": "classes",
    "reference": "the pure twin",
    "register_tree": "called once for a class",
    "special": "its functions",
    "plot": "pictures take milliseconds",
    "draw": "pictures take milliseconds",
    "Drawing": "see draw",
    "ZeroDerivativeWarning": "a warning",
}


def cases() -> Iterator[Case]:
    """All of them."""
    for part in (math_cases, method_cases, operator_cases, rounding_cases, transform_cases, class_cases):
        yield from part()


def without_case() -> list[str]:
    """Public names and operators that no case calls: a new name is among them until it has one."""
    known = " ".join(case.name for case in cases())
    missing = [f"vargrad.{n}" for n in vargrad.__all__ if n not in ELSEWHERE and f"{n}(" not in known]
    missing += [f"vargrad.math.{n}" for n in functions_of(math) if f"math.{n}(" not in known]
    missing += [f"vargrad.special.{n}" for n in functions_of(special) if f"special.{n}(" not in known]
    missing += [f"Var.{n}" for n in dir(Var) if n[0] != "_" and n not in REFUSED and f".{n}" not in known]
    missing += [f"Var.{n}" for n in dir(Var) if n.startswith("__") and n not in OPERATORS and n not in NO_OPERATOR]
    missing += [f"numeric.{n}" for n in numeric.__all__ if f"{n}(" not in known]
    return missing + [f"data.{n}" for n in data.__all__ if not callable(getattr(data, n))]
