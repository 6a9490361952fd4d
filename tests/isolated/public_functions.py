"""The public entries once more: transforms, numeric derivatives, data. See public.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from public import entry, leaves, math, of, plain

import vargrad

# ---- transforms


def quartic(x: Any, y: Any = 2.0) -> Any:
    return x * x * x * y + math.sin(x) / y


def listed(x: Any) -> Any:
    return [x[0] * x[1], math.exp(x[0]), 7.0]


@entry("grad")
def _() -> Any:
    f = vargrad.grad(quartic, argnums=(0, 1))
    return lambda: f(0.5, 2.0)


@entry("grad of grad at Vars")
def _() -> Any:
    (x,) = leaves(0.5)

    def call() -> Any:
        z = vargrad.grad(vargrad.grad(quartic))(x)
        z.backward()
        return z

    return call, of([x])


@entry("value_and_grad")
def _() -> Any:
    f = vargrad.value_and_grad(lambda p: quartic(p["a"], p["b"][0]))
    return lambda: f({"a": 0.5, "b": [1.5]})


@entry("jacobian")
def _() -> Any:
    return lambda: vargrad.jacobian(listed)([0.5, 0.25])


@entry("jacobian under no_grad")
def _() -> Any:
    def call() -> Any:
        with vargrad.no_grad():
            return vargrad.jacobian(lambda x: x * x)(np.array([0.5, 0.25]))

    return call


@entry("hessian")
def _() -> Any:
    return lambda: vargrad.hessian(lambda x: x[0] * x[0] * math.exp(x[1]))([0.5, 0.25])


@entry("hvp")
def _() -> Any:
    return lambda: vargrad.hvp(lambda x: x[0] * x[0] * math.exp(x[1]))([0.5, 0.25], [1.0, 2.0])


def orbit(x: Any) -> Any:
    a, b = x
    found = []
    for _ in range(9):
        a, b = math.sin(a) + b / 3.0, a * b
        found += [a, b]
    return found


@entry("jacobian forward")
def _() -> Any:
    return lambda: vargrad.jacobian(orbit)([0.5, 0.25])


@entry("jacobian forward at Vars")
def _() -> Any:
    (x,) = leaves(0.5)

    def call() -> Any:
        rows = vargrad.jacobian(orbit)([x, 0.25])
        rows[17][0].backward()
        return rows[17]

    return call, of([x])


@entry("jvp")
def _() -> Any:
    return lambda: vargrad.jvp(listed)([0.5, 0.25], [1.0, 2.0])


@entry("jvp of grad")
def _() -> Any:
    return lambda: vargrad.jvp(vargrad.grad(quartic))(0.5, 2.0)


@entry("vjp")
def _() -> Any:
    def call() -> Any:
        value, pulled = vargrad.vjp(listed)([0.5, 0.25])
        return value, pulled([1.0, 2.0, 3.0]), pulled([0.0, 0.0, 1.0])

    return call


@entry("grad with has_aux")
def _() -> Any:
    f = vargrad.value_and_grad(lambda x: (quartic(x), [x, {"half": x / 2.0}]), has_aux=True)
    return lambda: f(0.5)


def root(a: Any) -> Any:
    x = 1.0
    for _ in range(8):
        x = x - (x * x - a) / (2.0 * x)
    return x


@entry("implicit")
def _() -> Any:
    f = vargrad.implicit(root, lambda x, a: x * x - a)
    return lambda: [f(2.0), vargrad.grad(vargrad.grad(f))(2.0), vargrad.compile(f).grad(2.0)]


class Held:
    def __init__(self, x: Any) -> None:
        self.x = x


@entry("register_tree")
def _() -> Any:
    vargrad.register_tree(Held, flat, held)
    return lambda: vargrad.grad(lambda p: p.x * p.x)(Held(0.5)).x


def flat(p: Held) -> Any:
    return [p.x], None


def held(_: None, parts: Any) -> Held:
    return Held(*parts)


@entry("finite_difference")
def _() -> Any:
    return lambda: vargrad.finite_difference(quartic, (0.5, 2.0), scheme="central")


@entry("gradcheck")
def _() -> Any:
    return lambda: vargrad.gradcheck(quartic, (0.5, 2.0))


# ---- data


@entry("data.gate")
def _() -> Any:
    return lambda: vargrad.data.gate("xor")


@entry("data.moons")
def _() -> Any:
    return lambda: vargrad.data.moons(6, seed=1)


@entry("data.spirals")
def _() -> Any:
    return lambda: vargrad.data.spirals(6, seed=1)


@entry("data.standardize")
def _() -> Any:
    return lambda: vargrad.data.standardize([[1.0, 2.0], [3.0, 5.0]], [[1.0, 1.0]])


@entry("data.Scaler")
def _() -> Any:
    scaler = vargrad.data.Scaler([0.0, 0.0], [1.0, 1.0])
    return lambda: scaler.fit([[1.0, 2.0], [3.0, 5.0]]) is scaler, lambda: plain([scaler.mean, scaler.scale])


@entry("data.Scaler.transform and inverse")
def _() -> Any:
    scaler = vargrad.data.Scaler([0.0, 1.0], [1.0, 2.0])
    return lambda: plain(scaler.inverse(scaler.transform([[1.0, 2.0], [3.0, 5.0]])))


@entry("data.train_test_split by classes")
def _() -> Any:
    y = [0, 1, 0, 1]
    return lambda: plain(vargrad.data.train_test_split([[1.0], [2.0], [3.0], [4.0]], y, 2, seed=1, stratify=y))


@entry("data.train_test_split")
def _() -> Any:
    return lambda: vargrad.data.train_test_split([[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1], seed=1)
