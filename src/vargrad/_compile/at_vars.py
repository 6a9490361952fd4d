"""Derivatives of a compiled function at Vars: by the transforms, of the function itself, connected to the Vars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from vargrad import transforms
from vargrad._compile.signature import Signature


def derivative(
    what: str,
    function: Callable[..., Any],
    values: Sequence[Any],
    wrt: Sequence[int],
    one: bool,
    vectors: Sequence[Any],
    signature: Signature | None,
) -> Any:
    """What the method ``what`` of a compiled function returns for one row, of Vars.

    ``function``: of all ``values``. ``wrt``: the positions to differentiate by; ``one``: of a single one, by itself.
    """

    def selected(part: Any) -> Any:
        given = list(values)
        for i, x in zip(wrt, (part,) if one else part, strict=True):
            given[i] = x
        found = function(*given)
        return found if what != "jacobian" or signature is None else _as_arrays(found, signature)

    point = values[wrt[0]] if one else tuple(values[i] for i in wrt)
    selected.__name__ = transforms.name_of(function)
    return getattr(transforms, what)(selected)(point, *vectors)


def _as_arrays(found: Any, signature: Signature) -> Any:
    """Results that have a core as arrays, which is how their derivatives are to be arranged."""
    several = len(signature.outputs) > 1
    parts = [
        numpy.array(part, dtype=object) if core else part
        for part, core in zip(found if several else [found], signature.outputs, strict=True)
    ]
    return type(found)(parts) if several else parts[0]
