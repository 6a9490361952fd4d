"""L-BFGS through SciPy, over the same parameters as the other optimisers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from vargrad._core import parameters as _parameters
from vargrad._util.settings import Count, Number

if TYPE_CHECKING:
    from vargrad._core.var import Var


class LBFGS:
    """Limited-memory BFGS with SciPy's line search (Nocedal 1980; Zhu, Byrd, Lu and Nocedal 1997), for smooth losses.

    ``parameters``: a network's ``parameters``, of which frozen ones stay, or leaf Vars with ``requires_grad``.
    ``max_iter``: iterations of one ``step``; ``max_eval``: evaluations of the closure, 1.25 max_iter by default;
    ``tolerance_grad``: stop when no derivative is larger; ``tolerance_change``: stop when the loss falls by less,
    relative to itself; ``history_size``: how many steps are remembered. torch's names and defaults; SciPy is needed.

    >>> from vargrad import Var, optim
    >>> x, y = Var(-1.2, requires_grad=True), Var(1.0, requires_grad=True)
    >>> def closure():
    ...     loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer = optim.LBFGS([x, y], max_iter=100)  # loss = optimizer.step(closure)

    For a network over arrays, ``optimizer.step(lambda: model.backward(X, y, "mse"))``, or give it to ``fit``: there an
    epoch is an iteration, ``epochs`` takes the place of ``max_iter``, and ``max_eval`` holds if it was given.
    """

    max_iter: Count = Count(1)
    max_eval: Count = Count(1)
    history_size: Count = Count(1)
    tolerance_grad: Number = Number(0)
    tolerance_change: Number = Number(0)

    def __init__(
        self,
        parameters: Any,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
    ) -> None:
        self._parameters = _parameters.of(parameters, "LBFGS")
        limit = None if max_eval is None else Count(1).checked("LBFGS: max_eval", max_eval)
        self.eval_limit: int | None = limit  # none by default
        self.max_iter, self.history_size = max_iter, history_size
        self.max_eval = self.max_iter * 5 // 4 if max_eval is None else max_eval
        self.tolerance_grad, self.tolerance_change = tolerance_grad, tolerance_change

    def updates(self, parameters: Sequence[Var]) -> bool:
        """Whether these are the parameters that ``step`` changes."""
        return _parameters.are(self._parameters, parameters)

    def __repr__(self) -> str:
        names = ("max_iter", "max_eval", "tolerance_grad", "tolerance_change", "history_size")
        return f"LBFGS({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def step(self, closure: Callable[[], Any]) -> float:
        """Minimise, from where the parameters are; the loss at the parameters that are left, the best found.

        ``closure()`` computes the loss, calls its ``backward()`` and returns it, a Var or a float; gradients are set to
        0 before each call, and are those of the last call afterwards. Raises ImportError without SciPy, ValueError for
        a loss or gradient that is not finite at the start, and whatever the closure raises; then the parameters are
        as they were.
        """
        import numpy

        scipy_minimize("LBFGS")

        slots = self._parameters
        start = slots.values.copy()
        best = (float("inf"), start)
        held = _parameters.frozen(slots)
        moving = slice(None) if held is None else ~held  # the search knows nothing of frozen parameters

        def evaluate(given: Any) -> tuple[float, Any]:
            nonlocal best
            x = start.copy()
            x[moving] = given
            _parameters.set_values(slots, x)
            self.zero_grad()
            loss = closure()
            value = float(getattr(loss, "value", loss))
            grads = _parameters.trainable_grads(slots)[0][moving].copy()
            if best[1] is start and not (numpy.isfinite(value) and numpy.isfinite(grads).all()):
                raise ValueError(f"LBFGS: the loss at the start is {value} and its gradient is not all finite")
            if value < best[0] or best[1] is start:
                best = value, x
            return value, grads

        try:
            if start[moving].size:
                minimize(self, evaluate, start[moving].copy(), self.max_iter, self.max_eval)
            else:
                evaluate(start[moving])
            _parameters.set_values(slots, best[1])
        except BaseException:
            _parameters.set_values(slots, start)
            raise
        return best[0]

    def zero_grad(self) -> None:
        """Set every ``.grad`` to 0."""
        _parameters.set_grads(self._parameters, 0.0)


def scipy_minimize(caller: str) -> Any:
    """scipy.optimize.minimize; ImportError that names the caller and the extra to install."""
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError(f"{caller} needs SciPy: pip install 'vargrad[scipy]'") from error
    return minimize


def minimize(
    settings: LBFGS,
    evaluate: Callable[[Any], tuple[float, Any]],
    start: Any,
    max_iter: int,
    max_eval: int | None = None,
    callback: Callable[[Any], None] | None = None,
) -> str:
    """Run SciPy's L-BFGS-B from ``start``, an array that it may change.

    ``evaluate``: loss and gradient at an array; ``callback``: called with SciPy's ``intermediate_result`` after each
    iteration, ends the run by StopIteration. Without ``max_eval`` iterations alone are limited. Returns SciPy's words
    for why it ended.
    """
    options = {
        "maxiter": max_iter,
        "maxcor": settings.history_size,
        "gtol": settings.tolerance_grad,
        "ftol": settings.tolerance_change,
        "maxfun": sys.maxsize if max_eval is None else max_eval,
    }
    found = scipy_minimize("LBFGS")(evaluate, start, jac=True, method="L-BFGS-B", options=options, callback=callback)
    return str(found.message)
