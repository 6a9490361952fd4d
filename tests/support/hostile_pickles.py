"""Pickles of compiled functions with one thing changed, each restored and used: a script for one process."""

from __future__ import annotations

import contextlib
import math
import random
import sys
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

import vargrad
from vargrad._compile.compiled import restore
from vargrad._compile.recorder import Recording
from vargrad._compile.results import Structure
from vargrad._compile.signature import Binder, Signature
from vargrad._ir.expressions import ExpressionGraph, restored

ODD: list[Any] = [None, -1, 0, 1, 2, 3, 7, 30, 2**31, 2**63, 10**400, -0.0, 1.5, math.nan, math.inf, True, "", "x*/"]
ODD += [
    b"",
    [],
    (),
    {},
    set(),
    [0],
    (0,),
    [-1],
    (5, 5),
    ((2**31, 2**31),),
    ((0, -1),),
    {2: 3},
    {2: ((2, 2, 2),)},
    int,
    len,
]


def function() -> Any:
    """With branches, a composite, a leaf, vectors and a signature, and recorded in two ways."""
    leaf = vargrad.Var(2.0, requires_grad=True)

    def f(a: Any, x: Any) -> Any:
        y = vargrad.math.maximum(a, x[0], 0.5) * leaf + x[1].detach()
        return y * y if a > 0 else y / abs(vargrad.math.floor(a))

    compiled = vargrad.compile(f, signature="(),(n)->()")
    for size in (2, 3):
        compiled(np.array([1.0, -1.5, -2.5]), np.arange(1.0, 1.0 + size))
    compiled.hvp(1.0, np.ones(2), (1.0, np.ones(2)))
    return compiled


KINDS = (Recording, Binder)
SLOTS = {Structure: ("container", "cores"), Signature: ("text", "inputs", "outputs")}


def places(x: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all parts of a state, as sequences of keys."""
    yield where
    for key, part in inside(x):
        yield from places(part, (*where, key))


def inside(x: Any) -> list[tuple[Any, Any]]:
    if isinstance(x, dict):
        return list(x.items())
    if isinstance(x, (list, tuple, array)):
        return list(enumerate(x))
    if isinstance(x, ExpressionGraph):
        return list(enumerate(x.state()))
    if type(x) in SLOTS:
        return [(name, getattr(x, name)) for name in SLOTS[type(x)]]
    return list(vars(x).items()) if isinstance(x, KINDS) else []


def changed(x: Any, where: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value in one place, made as pickle makes it, without calling constructors."""
    if not where:
        return new
    key, *rest = where
    parts = {k: changed(part, tuple(rest), new) if k == key else part for k, part in inside(x)}
    if isinstance(x, (list, tuple, array, dict)):
        return parts if isinstance(x, dict) else tuple(parts.values()) if isinstance(x, tuple) else list(parts.values())
    if isinstance(x, ExpressionGraph):
        return restored(*parts.values())
    made = object.__new__(type(x))
    for k, part in parts.items():
        object.__setattr__(made, k, part)
    return made


def use(f: Any) -> None:
    """Call every method; a row may need a path that is not recorded."""
    a, x = np.array([1.0, -1.5, -2.5]), np.arange(1.0, 3.0)
    for call in (
        lambda: f(a, x),
        lambda: f.hessian(a, x),
        lambda: f.hvp(a, x, (1.0, x)),
        lambda: f.to_c(a, x, name="f"),
        lambda: f.backward(a, x),
    ):
        with contextlib.suppress(vargrad.RecordingError):
            call()


def main(seed: int, count: int) -> None:
    """So many changes; prints how many were refused."""
    sys.modules["cloudpickle"] = None  # type: ignore[assignment]
    rng, refused = random.Random(seed), 0
    _, (version, state, place) = function().__reduce__()
    use(restore(version, state, place))
    everywhere = list(places(state))
    for _ in range(count):
        where, new = rng.choice(everywhere), rng.choice(ODD)
        try:
            f = restore(version, changed(state, where, new), place)
        except ValueError:
            refused += 1
            continue
        try:
            use(f)
        except Exception as error:
            if not (isinstance(error, (ValueError, TypeError)) and where[:1] in (("binder",), ("signature",))):
                print(where, repr(new)[:60], type(error).__name__, error, file=sys.stderr)
                raise
    print(refused, len(everywhere))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
