"""Derivatives of a compiled function whose arguments are Vars.

The Python function itself is differentiated by vargrad.transforms, so that the results are part of the Vars' graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from vargrad import transforms
from vargrad._compile.signature import Signature
from vargrad._transforms.run import name_of


def derivative(
    what: str,
    function: Callable[..., Any],
    values: Sequence[Any],
    wrt: Sequence[int],
    one: bool,
    vectors: Sequence[Any],
    signature: Signature | None,
) -> Any:
    """The result of the method ``what`` of a compiled function for one row of Vars.

    ``function`` takes all ``values``. ``wrt``: the positions to differentiate by; ``one``: it is a single argument,
    and the result is not a tuple.
    """

    def selected(part: Any) -> Any:
        given = list(values)
        for i, x in zip(wrt, (part,) if one else part, strict=True):
            given[i] = x
        found = function(*given)
        return found if what not in ("jacobian", "jvp") or signature is None else _as_arrays(found, signature)

    point = values[wrt[0]] if one else tuple(values[i] for i in wrt)
    selected.__name__ = name_of(function)
    return getattr(transforms, what)(selected)(point, *vectors)


def _as_arrays(found: Any, signature: Signature) -> Any:
    """The results, those that are vectors or matrices as arrays, so that their derivatives become arrays too."""
    several = len(signature.outputs) > 1
    parts = [
        numpy.array(part, dtype=object) if core else part
        for part, core in zip(found if several else [found], signature.outputs, strict=True)
    ]
    return type(found)(parts) if several else parts[0]
