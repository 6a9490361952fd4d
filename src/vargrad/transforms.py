"""Derivatives of functions of floats, sequences, dicts and arrays, under JAX's argument names, to any order.

Each transform calls the function once, on fresh variables in place of the arguments it differentiates by, so that
nested derivatives cannot take one another's variables for their own. Results are floats, unless something is left to
differentiate: an argument is a Var, or the function depends on a Var that requires a gradient and is no argument, such
as a parameter or an outer transform's variable. Then they are Vars, connected to it. No ``.grad`` is ever touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from vargrad._core.var import module
from vargrad._transforms.implicit import implicit
from vargrad._transforms.run import Function, Run, check_function, name_of, transform
from vargrad._transforms.trees import aligned, describe, fill, flatten, register_tree
from vargrad._util.argnums import Argnums
from vargrad._util.public import show_as

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, Literal

    from vargrad._transforms.typed import A, Along, Of, P, R

__all__ = [
    "grad",
    "hessian",
    "hvp",
    "implicit",
    "jacobian",
    "jvp",
    "register_tree",
    "value_and_grad",
    "vjp",
]


@overload
def grad(
    f: Callable[Concatenate[A, P], Any], argnums: Literal[0] = 0, has_aux: Literal[False] = False
) -> Of[A, P, A]: ...
@overload
def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function: ...
def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that returns the gradient of f, which must return one number.

    ``argnums``: which positional arguments to differentiate by; for a sequence of them the result is a tuple. Each
    may be a float, or lists, tuples, dicts, dataclasses and arrays of floats, and its gradient has its structure. All
    other arguments pass through as they are. ``has_aux``: f returns a pair of its number and anything else, and the
    result is a pair of the gradient and that. Raises ValueError for argnums that f's call has not, and TypeError for an
    argument that holds something else than numbers, or a result that is no single number.

    >>> from vargrad import grad
    >>> grad(lambda x, y: x**2 * y)(3.0, 5.0)
    30.0
    >>> grad(lambda x, y: x**2 * y, argnums=(0, 1))(3.0, 5.0)
    (30.0, 9.0)
    >>> grad(lambda p: p["a"] * p["b"][0])({"a": 2.0, "b": [7.0]})
    {'a': 7.0, 'b': [2.0]}
    >>> grad(grad(grad(lambda x: x**3)))(2.0)
    6.0
    >>> grad(lambda x: (x**2, {"half": x / 2}), has_aux=True)(3.0)
    (6.0, {'half': 1.5})
    """

    def rule(run: Run) -> Any:
        if has_aux:
            root, aux = run.with_aux()
            row = run.row(root)
            return run.filled(row), run.beside(aux)
        return run.filled(run.row(run.scalar()))

    return transform("grad", "Gradient", f, argnums, rule)


@overload
def value_and_grad(
    f: Callable[Concatenate[A, P], R], argnums: Literal[0] = 0, has_aux: Literal[False] = False
) -> Of[A, P, tuple[R, A]]: ...
@overload
def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function: ...
def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that returns the pair of f's value and its gradient, for one run of f.

    Arguments and errors as for ``grad``. With ``has_aux`` the result is ((value, what is beside it), gradient).

    >>> from vargrad import value_and_grad
    >>> value_and_grad(lambda x: x[0] * x[1])([2.0, 3.0])
    (6.0, [3.0, 2.0])
    >>> value_and_grad(lambda x: (x**2, "parabola"), has_aux=True)(3.0)
    ((9.0, 'parabola'), 6.0)
    """

    def rule(run: Run) -> Any:
        if has_aux:
            root, aux = run.with_aux()
            row = run.row(root)
            return (run.result(root), run.beside(aux)), run.filled(row)
        root = run.scalar()
        row = run.row(root)
        return run.result(root), run.filled(row)

    return transform("value_and_grad", "Value and gradient", f, argnums, rule)


def jacobian(f: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, Any]:
    """The function that returns all derivatives of f's results, which may have any structure, from one run of f.

    The structure of f's result is outermost: each number in it becomes the structure of the argument (or, for several
    argnums, the tuple of them), each array in it an array of result shape + argument shape. With more results than
    numbers to differentiate by, all derivatives come from one walk forward, where that visits fewer operations than a
    sweep back from each result. Arguments and errors as for ``grad``.

    >>> from vargrad import jacobian
    >>> jacobian(lambda x: [x[0] + x[1], x[0] * x[1], 7.0])([2.0, 3.0])
    [[1.0, 1.0], [3.0, 2.0], [0.0, 0.0]]
    """

    def rule(run: Run) -> Any:
        outer, roots = run.outputs()
        return run.matrix(outer, run.rows(roots))

    return transform("jacobian", "Jacobian", f, argnums, rule)


def hessian(f: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, Any]:
    """The function that returns all second derivatives of f, which must return one number, from one run of f.

    It is the jacobian of the gradient: for a list of n floats n lists of n floats, for an array of shape s an array
    of shape s + s. Arguments and errors as for ``grad``.

    >>> from vargrad import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """

    def rule(run: Run) -> Any:
        gradient = run.gradient(run.scalar())
        return run.matrix(run.tree, run.rows(gradient))

    return transform("hessian", "Hessian", f, argnums, rule)


def hvp(f: Callable[Concatenate[A, P], Any]) -> Along[A, P, A]:
    """The function of (x, v) that returns the Hessian of f at x times v, exactly, from one run of f.

    ``v`` has the structure of ``x``, ValueError if not; so has the result. Further arguments go to f after x. The cost
    is a small multiple of f's, whatever the dimension. Other errors as for ``grad``.

    >>> from vargrad import hvp
    >>> hvp(lambda x: x[0] ** 2 * x[1])([3.0, 5.0], [1.0, 2.0])
    [22.0, 6.0]
    """
    check_function("hvp", f)

    def product(x: Any, v: Any, /, *args: Any, **kwargs: Any) -> Any:
        with Run("hvp", f, 0, (x, *args), kwargs) as run:
            direction = run.aligned(v)
            slope = module.apply_nary("dot", run.gradient(run.scalar()), direction)
            return run.filled(run.row(slope))

    return _named(product, "hvp", f, f"Hessian of {name_of(f)} at x times the vector v.")


def jvp(f: Callable[Concatenate[A, P], R]) -> Along[A, P, tuple[R, R]]:
    """The function of (x, v) that returns f's value at x and its derivative along v, from one run of f.

    ``v`` has the structure of ``x``, ValueError if not. f may return any structure; value and derivative have it both.
    Further arguments go to f after x. This is forward mode: the cost is a small multiple of f's, however many results
    there are. Other errors as for ``grad``.

    >>> from vargrad import jvp
    >>> jvp(lambda x: [x[0] * x[1], x[0] ** 2])([3.0, 5.0], [1.0, 0.0])
    ([15.0, 9.0], [5.0, 6.0])
    """
    check_function("jvp", f)

    def pushed(x: Any, v: Any, /, *args: Any, **kwargs: Any) -> Any:
        with Run("jvp", f, 0, (x, *args), kwargs) as run:
            direction = run.aligned(v)
            outer, roots = run.outputs()
            tangents = run.tangents(roots, direction)
            return fill(outer, list(map(run.result, roots))), fill(outer, tangents)

    return _named(pushed, "jvp", f, f"Value of {name_of(f)} at x and its derivative along v.")


@overload
def vjp(f: Callable[Concatenate[A, P], R], argnums: Literal[0] = 0) -> Of[A, P, tuple[R, Callable[[R], A]]]: ...
@overload
def vjp(f: Function, argnums: Argnums = 0) -> Function: ...
def vjp(f: Function, argnums: Argnums = 0) -> Function:
    """The function that returns f's value and a function of u: the derivative of u times f's results.

    f may return any structure; ``u`` has it too, ValueError if not, and weighs each result. The derivative has the
    structure of the argument, or of the tuple of them for several ``argnums``. It costs one sweep back, and may be
    asked for as often as you like. Arguments and errors as for ``grad``.

    >>> from vargrad import vjp
    >>> value, pulled = vjp(lambda x: [x[0] * x[1], x[0] ** 2])([3.0, 5.0])
    >>> value, pulled([1.0, 0.0]), pulled([0.0, 1.0])
    ([15.0, 9.0], [5.0, 3.0], [6.0, 0.0])
    """

    def rule(run: Run) -> Any:
        outer, roots = run.outputs()
        run.find_others(roots)

        def pulled(u: Any) -> Any:
            weights: list[Any] = []
            given = flatten(u, weights, f"vjp(): the vector u for {run.name}")
            ordered = aligned(outer, given, weights)
            if ordered is None:
                raise ValueError(
                    f"vjp() of {run.name}: u must have the structure of the result, {describe(outer)}, not "
                    f"{describe(given)}"
                )
            return run.filled(run.pulled(roots, ordered))

        return fill(outer, list(map(run.result, roots))), _named(pulled, "vjp", f, f"Derivative of u times {run.name}.")

    return transform("vjp", "Value, and derivatives by weights of the results,", f, argnums, rule)


def _named(function: Function, what: str, f: Function, doc: str) -> Function:
    function.__name__ = function.__qualname__ = f"{what}({name_of(f)})"
    function.__doc__ = doc
    function.__module__ = getattr(f, "__module__", __name__)
    return function


show_as(__name__, [implicit, register_tree])


def __dir__() -> list[str]:
    return sorted(__all__)
