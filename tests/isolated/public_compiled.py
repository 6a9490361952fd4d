"""The public entries once more: compiled functions. See public.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from public import FILES, entry, leaves, math, of, of_file, pickled, plain

import vargrad

POINTS = np.array([0.5, -0.25, 3.0])


def branching(x: Any, y: Any) -> Any:
    return x * math.exp(y) if x > 0.0 else -y


def vector(x: Any) -> Any:
    total = 0.0
    for v in x:
        total = total + v * v * v
    return total


@entry("compile")
def _() -> Any:
    f = vargrad.compile(branching)
    return lambda: f(0.5, 2.0)


@entry("Compiled")
def _() -> Any:
    return lambda: vargrad.Compiled(branching)(0.5, 2.0)


@entry("compile several results")
def _() -> Any:
    f = vargrad.compile(lambda x: (x * 3.0 if x > 1 else x, [x * x, 2.0]))
    return lambda: f(POINTS)


@entry("compile path split")
def _() -> Any:
    f = vargrad.compile(branching)
    return lambda: f(POINTS, 2.0)


@entry("compile replay")
def _() -> Any:
    f = vargrad.compile(branching)
    f(POINTS, 2.0)
    return lambda: [f(POINTS, 2.0), f(0.5, 2.0), f(-0.5, 2.0), f(0.25, 2.0)]


@entry("compile signature")
def _() -> Any:
    f = vargrad.compile(vector, signature="(n)->()")
    return lambda: [f(np.arange(6.0)), f.grad(np.arange(6.0))]


@entry("compile in a compiled function, with a derivative")
def _() -> Any:
    inner = vargrad.compile(lambda x: x * x * x)
    f = vargrad.compile(lambda x: vargrad.grad(inner)(x) + math.maximum(x, 1.0))
    return lambda: f(POINTS)


@entry("compile at Vars")
def _() -> Any:
    f = vargrad.compile(branching)
    x, y = leaves(0.5, 2.0)

    def call() -> Any:
        z = f(x, y)
        slopes = f.grad(x, y)
        z.backward()
        return z, slopes

    return call, of([x, y])


for _name in ("value_and_grad", "grad", "jacobian", "hessian"):

    def _(name: str = _name) -> Any:
        f = vargrad.compile(branching)
        return lambda: [plain(getattr(f, name)(x, 2.0)) for x in (POINTS, 0.5, 0.25)]

    entry(f"Compiled.{_name}")(_)


@entry("Compiled.hvp")
def _() -> Any:
    f = vargrad.compile(branching)
    return lambda: f.hvp(POINTS, 2.0, (1.0, 2.0))


@entry("Compiled.jvp")
def _() -> Any:
    f = vargrad.compile(branching)
    return lambda: f.jvp(POINTS, 2.0, (1.0, 2.0))


@entry("Compiled.jacobian forward")
def _() -> Any:
    def f(x: Any, y: Any) -> Any:
        found = []
        for _ in range(12):
            x = math.sin(x) + y
            found.append(x)
        return found

    compiled = vargrad.compile(f)
    return lambda: compiled.jacobian(POINTS, 2.0)


@entry("Compiled.pattern")
def _() -> Any:
    f = vargrad.compile(branching)

    def call() -> Any:
        before = f.pattern("hessian", 0.5, 2.0)
        values = f.hessian(0.25, 2.0, sparse="values")
        return plain([before, values, f.pattern("hessian", POINTS, 2.0), f.hessian(POINTS, 2.0, sparse="values")])

    return call


@entry("Compiled.bind")
def _() -> Any:
    f = vargrad.compile(branching)
    x, out = np.array(POINTS), np.zeros(len(POINTS))
    bound = f.bind(x, 2.0, out=out)

    def call() -> Any:
        return bound().copy(), [part.copy() for part in f.bind(x, 2.0, what="grad")()]

    return call


@entry("Compiled sparse values")
def _() -> Any:
    f = vargrad.compile(lambda x: x[0] * x[1] * x[2], signature="(n)->()")
    out = np.zeros(6)

    def call() -> Any:
        return [plain(f.hessian(POINTS, sparse="values")), plain(f.hessian(POINTS, sparse="values", out=out))]

    return call, lambda: None


@entry("Compiled sparse matrices")
def _() -> Any:
    f = vargrad.compile(lambda x: [x[0] * x[1], x[2] if x[2] > 0 else x[1]], signature="(n)->(k)")
    matrix = f.jacobian(POINTS, sparse=True)

    def call() -> Any:
        new = f.jacobian(POINTS - 1.0, sparse=True)
        return plain([new.data, new.indices, new.indptr, f.jacobian(POINTS, sparse=True, out=matrix).data])

    return call, lambda: plain(matrix.indices)


@entry("compile ways of calling")
def _() -> Any:
    f = vargrad.compile(branching)
    rows = np.array(POINTS)

    def call() -> Any:
        return [plain(x) for x in (f(0.5, y=2.0), f.grad(0.5, 2.0, argnums=0), f(rows, 2.0), f(rows, y=2.0))]

    return call


@entry("Compiled.backward")
def _() -> Any:
    a, b = leaves(2.0, 3.0)
    f = vargrad.compile(lambda x: a * x * x + b if x > 0 else b * b)
    return lambda: f.backward(POINTS), of([a, b])


@entry("Compiled.to_c")
def _() -> Any:
    f = vargrad.compile(branching)
    return lambda: f.to_c(POINTS, 2.0)


@entry("Compiled.paths")
def _() -> Any:
    f = vargrad.compile(branching)
    f(POINTS, 2.0)
    return lambda: [f.paths, str(f), repr(f)]


@entry("Compiled.save")
def _() -> Any:
    f, path = vargrad.compile(branching), next(FILES)
    f(POINTS, 2.0)
    return lambda: f.save(path), of_file(path, lambda path: vargrad.load_compiled(path)(POINTS, 2.0))


@entry("load_compiled")
def _() -> Any:
    f, path = vargrad.compile(branching), next(FILES)
    f(POINTS, 2.0)
    f.save(path)
    return lambda: vargrad.load_compiled(path)(POINTS, 2.0)


@entry("compile pickle")
def _() -> Any:
    f = vargrad.compile(branching)
    f(POINTS, 2.0)
    return lambda: pickled(f)(POINTS, 2.0)


class Scaled:
    def __init__(self) -> None:
        self.factor = 2.0

    @vargrad.compile
    def of(self, x: Any) -> Any:
        return x * self.factor


@entry("compile method")
def _() -> Any:
    one = Scaled()

    def call() -> Any:
        one.factor = 2.0
        first = one.of(3.0)
        one.factor = 3.0
        return first, one.of(3.0)

    return call


@entry("RecordingError")
def _() -> Any:
    def converts(x: Any) -> Any:
        return float(x) * 2.0

    f = vargrad.compile(converts)

    def call() -> Any:
        try:
            f(2.0)
        except vargrad.RecordingError as error:
            return str(error)[:20]

    return call
