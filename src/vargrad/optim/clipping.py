"""Gradient clipping with torch's names, formulas and return values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from vargrad._core import parameters as _parameters
from vargrad._util import errors

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Array: TypeAlias = numpy.typing.NDArray[numpy.float64]


def norm_and_scale(grads: Array, max_norm: float, norm_type: float = 2.0) -> tuple[float, float]:
    """The gradients' norm, and the factor that makes it max_norm, as torch has it: below 1 where the norm is larger.

    csrc/dense/dense.c has the same formula for the compiled engine.
    """
    import numpy

    with numpy.errstate(all="ignore"):  # squares may over- and underflow
        norm = float(numpy.linalg.norm(grads, norm_type))
    return norm, max_norm / (norm + 1e-6)


def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:
    """Scale all ``.grad`` together so that their norm is at most ``max_norm``; the norm before.

    ``parameters``: a network's, or leaf Vars; ``norm_type``: p of the p-norm, ``math.inf`` for the largest.
    As in torch, gradients above are multiplied by max_norm / (norm + 1e-6). Raises RuntimeError for a norm that is
    not finite if ``error_if_nonfinite``, ValueError for a negative max_norm or norm_type; then nothing has changed.

    >>> from vargrad import Var, optim
    >>> x, y = Var(0.0, requires_grad=True), Var(0.0, requires_grad=True)
    >>> (3 * x + 4 * y).backward()
    >>> optim.clip_grad_norm_([x, y], max_norm=1.0)
    5.0
    >>> round(x.grad, 5), round(y.grad, 5)
    (0.6, 0.8)
    """
    import numpy

    bound = errors.as_float(max_norm, "clip_grad_norm_: max_norm")
    kind = errors.as_float(norm_type, "clip_grad_norm_: norm_type")
    if not bound >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be at least 0, not {max_norm!r:.60}")
    if not kind > 0:
        raise ValueError(f"clip_grad_norm_: norm_type must be above 0, not {norm_type!r:.60}")
    slots = _parameters.of(parameters, "clip_grad_norm_")
    grads = _parameters.trainable_grads(slots)[0]
    norm, scale = norm_and_scale(grads, bound, kind)
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(
            f"clip_grad_norm_: the gradients' norm is {norm}: look for its source with vargrad.detect_anomaly(), or "
            "pass error_if_nonfinite=False to scale by it all the same"
        )
    if not scale >= 1:  # nan too: it goes into every gradient, as in torch
        with numpy.errstate(all="ignore"):
            scaled = grads * scale
        _parameters.set_grads(slots, scaled)
    return norm


def clip_grad_value_(parameters: Any, clip_value: float) -> None:
    """Move every ``.grad`` into [-clip_value, clip_value].

    Raises ValueError, and changes nothing, for a clip_value that is negative or nan.

    >>> from vargrad import Var, optim
    >>> x = Var(0.0, requires_grad=True)
    >>> (-3 * x).backward()
    >>> optim.clip_grad_value_([x], 0.5)
    >>> x.grad
    -0.5
    """
    import numpy

    bound = errors.as_float(clip_value, "clip_grad_value_: clip_value")
    if not bound >= 0:
        raise ValueError(f"clip_grad_value_: clip_value must be at least 0, not {clip_value!r:.60}")
    slots = _parameters.of(parameters, "clip_grad_value_")
    _parameters.set_grads(slots, numpy.clip(_parameters.trainable_grads(slots)[0], -bound, bound))
