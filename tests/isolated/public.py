"""Every public entry as a small call, for scripts that disturb calls: what it computes, and the state it may change.

An entry is a function that prepares and returns the call, and a function that tells the state around it. Names of
functions and methods that take numbers alone come from the package itself, so that a new one is among them.
"""

from __future__ import annotations

import importlib
import os
import pickle
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from twin import load

import vargrad
from vargrad._core import functions, functions_py
from vargrad._ops.zeros import SKIPPED

core, math = load()
Block = importlib.import_module("vargrad._core.var").Block
Var = vargrad.Var
Prepared: TypeAlias = "tuple[Callable[[], Any], Callable[[], Any]]"
ENTRIES: dict[str, Callable[[], Prepared]] = {}
FOLDER = tempfile.mkdtemp()


def plain(x: Any) -> Any:
    """Numbers as their text, containers as lists: what can be compared to the bit."""
    if isinstance(x, (Var, float, np.floating)):
        return repr(float(getattr(x, "value", x)))
    if isinstance(x, np.ndarray):
        return plain(x.tolist())
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(value) for value in x]
    return x if isinstance(x, (int, str, bytes, type(None))) else type(x).__name__


def entry(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register what prepares a call; it returns the call, or the call and what tells the state."""

    def register(prepare: Callable[[], Any]) -> Callable[[], Any]:
        def prepared() -> Prepared:
            found = prepare()
            return found if isinstance(found, tuple) else (found, lambda: None)

        assert name not in ENTRIES, name
        ENTRIES[name] = prepared
        return prepare

    return register


def leaves(*values: float) -> list[Any]:
    return [Var(v, requires_grad=True) for v in values]


def of(variables: Any) -> Callable[[], Any]:
    """The state of leaves: their values and grads."""
    return lambda: plain([(v.value, v.grad, v.requires_grad) for v in variables])


# ---- what takes numbers alone

POINTS: tuple[tuple[Any, ...], ...] = (
    (0.5,),
    (0.5, 0.25),
    (0.25, 0.5, 0.75),
    ([0.5, 0.25, 0.75],),
    ([0.5, 0.25], [1.5, 2.0]),
    (True, 0.5, 0.25),
    (0.5, 2),
    (6,),
    (6, 3),
    (6, 3, 2),  # math.fma, from 3.13 on
    (0.5, 1),
    (0.5, (0, 1), [0.25, 0.75]),  # a table over knots
    (1.5,),
    (),
)


def attempt(function: Callable[..., Any], point: tuple[Any, ...]) -> bool:
    try:
        function(*point)
    except (TypeError, ValueError, AttributeError):
        return False
    return True


def variables(point: Any) -> Any:
    """The point with Vars in place of its floats, and these."""
    found: list[Any] = []

    def put(x: Any) -> Any:
        if isinstance(x, (list, tuple)):
            return type(x)(map(put, x))
        if isinstance(x, float):
            found.append(Var(x, requires_grad=True))
            return found[-1]
        return x

    return put(point), found


def with_backward(function: Callable[..., Any], point: tuple[Any, ...]) -> Callable[[], Prepared]:
    """The function at Vars and at numbers, and backward from what it returns."""

    def prepare() -> Prepared:
        given, found = variables(point)

        def call() -> Any:
            result = function(*given)
            for v in result if isinstance(result, (list, tuple)) else [result]:
                if isinstance(v, Var) and v.prev_op is not None:
                    root = v + found[0] if v.prev_op in SKIPPED else v  # a rounded one would warn, in Python code
                    root.backward()
                    break
            return result

        return call, of(found)

    return prepare


MATH = {name: f for name, f in functions.names(functions_py).items() if callable(f)}  # the public names of vargrad.math
for _name in sorted(MATH):
    _function = getattr(math, _name)
    for _point in POINTS:
        if attempt(_function, variables(_point)[0]):
            entry(f"math.{_name}")(with_backward(_function, _point))
            break

for _name in sorted(vargrad.special.__all__):
    _function = getattr(vargrad.special, _name)
    for _point in ((0.5,), (0.5, 0.25), (1, 0.5), (1, 2, 0.5)):
        if attempt(_function, variables(_point)[0]):
            entry(f"special.{_name}")(with_backward(_function, _point))
            break

for _name in sorted(vargrad.losses.__all__):
    _function = getattr(vargrad.losses, _name)
    for _point in (([0.5, 0.25], [1.0, 0.0]), ([0.5, 0.25], [1.0, -1.0]), ([0.5, 0.25],), ([[0.5, 0.25]], [1])):
        if attempt(_function, variables(_point)[0]):
            entry(f"losses.{_name}")(with_backward(_function, _point))
            break

OWN = {"__class__", "__init_subclass__", "__subclasshook__", "__getattribute__", "__setattr__", "__delattr__"}
for _name in sorted(set(dir(Var)) - {"backward", "prev_var1", "prev_var2", "parents"}):
    _method = getattr(Var, _name)
    private = _name.startswith("_") and not _name.startswith("__")
    if private or _name in OWN or not callable(_method) or (_name.startswith("__") and _name in dir(type)):
        continue
    for _point in ((0.5,), (0.5, 0.25), (0.25, 0.0, 0.75), (1.5, 2), (1.5,)):
        if attempt(_method, variables(_point)[0]):
            entry(f"Var.{_name}")(with_backward(_method, _point))
            break


@entry("Var")
def _() -> Any:
    return lambda: [Var(i / 8, requires_grad=True) for i in range(20)]


@entry("Var.as_integer_ratio")
def _() -> Any:
    (x,) = leaves(2.0)

    def call() -> Any:
        try:
            return x.as_integer_ratio()
        except TypeError:
            return None

    return call, of([x])


@entry("Var.from_number")
def _() -> Any:
    return lambda: [Var.from_number(i / 8).real for i in range(20)]


@entry("Var.fromhex")
def _() -> Any:
    return lambda: [Var.fromhex("0x1p-3") for _ in range(20)]


@entry("Var.__init__ of an operation")
def _() -> Any:
    (x,) = leaves(2.0)
    return lambda: [Var(4.0, False, x, x, "mul").value, x.item()], of([x])


@entry("Var.backward")
def _() -> Any:
    x, y = leaves(0.5, 2.0)
    z = (x * y).sin() * x + math.dot([x, y, x], [y, 2.0, 1.0]) + 1.0

    return lambda: z.backward(2.0), of([x, y])


@entry("Var.parents")
def _() -> Any:
    x, y = leaves(0.5, 2.0)
    z = x * 3.0 + y
    return lambda: [plain(z.parents), z.prev_var1.prev_var2.value, z.prev_op, plain(core.order(z))], of([x, y])


for _name, _to in (("value", 7.0), ("grad", 3.0), ("requires_grad", False)):

    def _(name: str = _name, to: Any = _to) -> Any:
        x, y = leaves(0.5, 2.0)
        z = x * y

        def call() -> Any:
            setattr(x, name, to)
            return getattr(x, name)

        return call, lambda: plain([x.value, x.requires_grad, getattr(x, "grad", None), y.grad, z.value])

    entry(f"Var.{_name}")(_)


@entry("Var.prev_op")
def _() -> Any:
    x, y = leaves(0.5, 2.0)

    def call() -> Any:
        z = x
        for i in range(30):
            z = (z * y + i).tanh() / (x - y)
        found = z, z.prev_op, z.prev_var1.prev_op, z.prev_var2.prev_op
        z.backward()
        return found

    return call, of([x, y])


@entry("Var.__array_ufunc__ in arrays")
def _() -> Any:
    a = np.array(leaves(0.5, 2.0, 1.0))
    b = np.array([1.0, 2.0, 3.0])

    def call() -> Any:
        total = (np.exp(a) * b + a @ b).sum()
        total.backward()
        return total

    return call, of(a)


# ---- modes, custom, backend


@entry("no_grad")
def _() -> Any:
    (x,) = leaves(2.0)

    def call() -> Any:
        with vargrad.no_grad(), vargrad.no_grad():
            y = x * x
        return y.prev_op, (x * x).prev_op

    return call, of([x])


@entry("no_grad decorator")
def _() -> Any:
    (x,) = leaves(2.0)
    square = vargrad.no_grad()(lambda: (x * x).prev_op)
    return square, of([x])


@entry("ZeroDerivativeWarning")
def _() -> Any:
    (x,) = leaves(2.5)
    f = vargrad.compile(lambda x: round(x, 1))

    def call() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            round(x, 1).backward()
            return vargrad.grad(lambda x: x // 2)(2.5), f.grad(2.5)

    return call, of([x])


@entry("detect_anomaly")
def _() -> Any:
    (x,) = leaves(0.0)

    def call() -> Any:
        with vargrad.detect_anomaly():
            try:
                x.sqrt().backward()
            except FloatingPointError as error:
                return str(error)[:30]

    return call, of([x])


@entry("custom")
def _() -> Any:
    x, y = leaves(2.0, 3.0)

    def call() -> Any:
        z = vargrad.custom(7.0, [x, y], [0.5, 0.25])
        z.backward()
        return z

    return call, of([x, y])


@entry("backend")
def _() -> Any:
    return lambda: vargrad.backend


@entry("reference")
def _() -> Any:
    reference = vargrad.reference

    def call() -> Any:
        x = reference.Var(2.0, requires_grad=True)
        z = reference.math.exp(x) * x + reference.math.dot([x, x], [1.0, x])
        z.backward()
        return repr(z.value), repr(x.grad)

    return call


@entry("Block")
def _() -> Any:
    block = Block([0.5, 1.5, 2.5])

    def call() -> Any:
        twin = Block([1.0, 2.0])
        a, b = twin.leaves
        (a * b).backward()
        found = list(twin.grads), twin.frozen
        math.dot(block.leaves, [1.0, 2.0, 3.0]).backward()
        return found

    return call, of(block.leaves)


def files() -> Iterator[str]:
    """A new path with a file that is there already."""
    while True:
        folder = tempfile.mkdtemp(dir=FOLDER)
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(b"old")
        yield path


FILES = files()


def of_file(path: str, load: Callable[[str], Any]) -> Callable[[], Any]:
    """The state of a file's folder: what is in it, and the old file or what a new one loads as."""

    def state() -> Any:
        with open(path, "rb") as file:
            old = file.read() == b"old"
        return os.listdir(os.path.dirname(path)), "old" if old else plain(load(path))

    return state


def pickled(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x))
