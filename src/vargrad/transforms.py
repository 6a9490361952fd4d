"""Derivatives of functions of floats, sequences, dicts and arrays, under JAX's argument names, to any order.

Each transform calls the function once, on fresh variables in place of the arguments it differentiates by, so that
nested derivatives cannot take one another's variables for their own. Results are floats, unless something is left to
differentiate: an argument is a Var, or the function depends on a Var that requires a gradient and is no argument, such
as a parameter or an outer transform's variable. Then they are Vars, connected to it. No ``.grad`` is ever touched.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeAlias

from vargrad._core.modes import outside, thread
from vargrad._core.trees import Scalar, aligned, describe, fill, fill_matrix, flatten, is_array, kind, plain
from vargrad._core.var import Var, fresh, identity, module, pullback, pullback_graph
from vargrad._ops import zeros
from vargrad._util.argnums import Argnums, check_argnums, positions

__all__ = ["grad", "hessian", "hvp", "jacobian", "value_and_grad"]
Function: TypeAlias = Callable[..., Any]
_INTS = {int}


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """The function that returns the gradient of f, which must return one number.

    ``argnums``: which positional arguments to differentiate by; for a sequence of them the result is a tuple. Each
    may be a float, or lists, tuples, dicts and arrays of floats, and its gradient has its structure. All other
    arguments pass through as they are. Raises ValueError for argnums that f's call has not, and TypeError for an
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
    """

    def rule(run: _Run) -> Any:
        return run.filled(run.row(run.scalar()))

    return _transform("grad", "Gradient", f, argnums, rule)


def value_and_grad(f: Function, argnums: Argnums = 0) -> Function:
    """The function that returns the pair of f's value and its gradient, for one run of f.

    Arguments and errors as for ``grad``.

    >>> from vargrad import value_and_grad
    >>> value_and_grad(lambda x: x[0] * x[1])([2.0, 3.0])
    (6.0, [3.0, 2.0])
    """

    def rule(run: _Run) -> Any:
        root = run.scalar()
        row = run.row(root)
        return run.result(root), run.filled(row)

    return _transform("value_and_grad", "Value and gradient", f, argnums, rule)


def jacobian(f: Function, argnums: Argnums = 0) -> Function:
    """The function that returns all derivatives of f's results, which may have any structure, from one run of f.

    The structure of f's result is outermost: each number in it becomes the structure of the argument (or, for several
    argnums, the tuple of them), each array in it an array of result shape + argument shape. Arguments and errors as
    for ``grad``.

    >>> from vargrad import jacobian
    >>> jacobian(lambda x: [x[0] + x[1], x[0] * x[1], 7.0])([2.0, 3.0])
    [[1.0, 1.0], [3.0, 2.0], [0.0, 0.0]]
    """

    def rule(run: _Run) -> Any:
        roots: list[Scalar] = []
        result = run.output()
        why = zeros.cause(result) or zeros.WITHOUT_VARS * zeros.is_computed(result)
        outer = flatten(result, roots, f"jacobian(): what {run.name} returned")
        run.tell(why or next(filter(None, map(zeros.cause, roots)), ""))
        return run.matrix(outer, run.rows(roots))

    return _transform("jacobian", "Jacobian", f, argnums, rule)


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """The function that returns all second derivatives of f, which must return one number, from one run of f.

    It is the jacobian of the gradient: for a list of n floats n lists of n floats, for an array of shape s an array
    of shape s + s. Arguments and errors as for ``grad``.

    >>> from vargrad import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """

    def rule(run: _Run) -> Any:
        gradient = run.gradient(run.scalar())
        return run.matrix(run.tree, run.rows(gradient))

    return _transform("hessian", "Hessian", f, argnums, rule)


def hvp(f: Function) -> Function:
    """The function of (x, v) that returns the Hessian of f at x times v, exactly, from one run of f.

    ``v`` has the structure of ``x``, ValueError if not; so has the result. Further arguments go to f after x. The cost
    is a small multiple of f's, whatever the dimension. Other errors as for ``grad``.

    >>> from vargrad import hvp
    >>> hvp(lambda x: x[0] ** 2 * x[1])([3.0, 5.0], [1.0, 2.0])
    [22.0, 6.0]
    """
    _check_function("hvp", f)
    name = name_of(f)

    def product(x: Any, v: Any, /, *args: Any, **kwargs: Any) -> Any:
        direction: list[Scalar] = []
        given = flatten(v, direction, f"hvp(): the vector v for {name}")
        with _Run("hvp", f, 0, (x, *args), kwargs) as run:
            ordered: list[Scalar] | None = direction
            if not run.is_usual(given):
                ordered = aligned(run.tree, given, direction)
            if ordered is None:
                expected = describe(run.tree)
                raise ValueError(f"hvp() of {name}: v must have the structure of x, {expected}, not {describe(given)}")
            if any(isinstance(number, Var) for number in ordered):
                run.connected = True
            slope = module.apply_nary("dot", run.gradient(run.scalar()), ordered)
            return run.filled(run.row(slope))

    product.__name__ = product.__qualname__ = f"hvp({name})"
    product.__doc__ = f"Hessian of {name} at x times the vector v."
    product.__module__ = getattr(f, "__module__", __name__)
    return product


class _Run:
    """One run of a function on fresh variables, and the derivatives by them.

    In the usual call one argument is differentiated by, a float or a flat list or tuple of floats: the compiled core
    makes its variables, and no tree is walked. ``_kind`` is that argument's type then, None otherwise.
    """

    connected = False  # whether results are Vars, of a graph that goes on
    _kind: type | None = None
    _recorder: Any = None
    _no_grad: Any = ()
    _outside: outside | None = None

    def __init__(
        self, what: str, f: Function, which: int | tuple[int, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.what, self._f, self._kwargs = what, f, kwargs
        usual = fresh(which, args)
        if usual is not None:
            self._variables, self._inside = usual
            self._kind, self.connected = type(args[which]), False  # type: ignore[index]
            return
        self._recorder = thread.recorder
        self._args = args
        self._values: list[Scalar] = []
        self._flatten(what, which, args)
        # Whether results are Vars: while compile() records they are, whatever they depend on.
        self.connected = self._recorder is not None or any(isinstance(x, Var) for x in self._values)

    def _flatten(self, what: str, which: int | tuple[int, ...], args: tuple[Any, ...]) -> None:
        kind = "positional argument(s); a keyword argument cannot be differentiated by"
        self._trees = {
            i: flatten(args[i], self._values, f"{what}(): argument {i} of {self.name}")
            for i in positions(f"{what}() of {self.name}", which, len(args), kind)
        }
        trees = tuple(self._trees.values())
        self._tree = trees[0] if isinstance(which, int) else trees

    @property
    def name(self) -> str:
        """The function's name, for messages."""
        return name_of(self._f)

    @property
    def tree(self) -> Any:
        """The structure of what is differentiated by."""
        if self._kind is None:
            return self._tree
        return 0 if self._kind is float else self._kind(range(len(self._variables)))

    def __enter__(self) -> _Run:
        zeros.last.rounded = "", None
        self._number = zeros.last.transforms = zeros.last.transforms + 1
        if self._kind is not None:
            return self
        # Inside no_grad a derivative is asked for all the same, so f must be recorded; the results are leaves then,
        # as all results are there.
        self._no_grad = thread.no_grad
        self._outside = outside().__enter__() if self._no_grad else None
        self._leaves: list[Var] = []
        # The variable of a Var v is v - 0.0: v to the bit, with derivative 1, but a node of its own, and one that
        # depends on a leaf that requires grad: thus transforms inside f, closing over it, see somebody's variable.
        recorder = self._recorder
        if recorder is not None:
            recorder.derivatives += 1
        try:
            if recorder is not None:
                self._variables = [self._recorded(x) for x in self._values]
                return self
            mark = self._leaf(0.0)
            self._variables = [
                x - mark if isinstance(x, Var) and not self._no_grad else self._leaf(plain(x)) for x in self._values
            ]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _recorded(self, x: Scalar) -> Var:
        """A node of its own, while compile() records; a number is a constant of the recording."""
        return identity(x if isinstance(x, Var) else _constant(plain(x)))

    def _leaf(self, value: float) -> Var:
        self._leaves.append(Var(value, requires_grad=True))
        return self._leaves[-1]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._kind is not None:
            for v in self._variables:
                v.requires_grad = False
            return
        if self._outside is not None:
            self._outside.__exit__()
        if self._recorder is not None:
            self._recorder.derivatives -= 1
        for v in self._leaves:  # from here on constants, which no outer transform takes for variables
            v.requires_grad = False

    def output(self) -> Any:
        """What f returns for the fresh variables."""
        if self._kind is not None:
            return self._f(*self._inside, **self._kwargs)
        inside = list(self._args)
        for i, tree in self._trees.items():
            inside[i] = fill(tree, self._variables)
        return self._f(*inside, **self._kwargs)

    def scalar(self) -> Scalar:
        """The same, if it is one number; tells if it is one whose derivatives are zero whatever the arguments are."""
        result = self.output()
        why = zeros.cause(result)
        if isinstance(result, Var):
            self.tell(why)
            return result
        why = why or zeros.WITHOUT_VARS * zeros.is_computed(result)
        root = scalar(result, f"{self.what}() needs a function that returns one number; {self.name} returned")
        if isinstance(root, Var):  # an array of one Var
            why = zeros.cause(root)
        self.tell(why)
        return root

    def tell(self, why: str) -> None:
        """Warn at the user's line if there is a reason why derivatives are zero; f's result is no derivative itself."""
        if why and self._variables and self._number == zeros.last.transforms:
            zeros.warn(f"the result of {self.name}()", why)

    def row(self, root: Scalar) -> list[Scalar]:
        """The derivatives of one root by all variables."""
        if self._kind is not None and type(root) is Var and not self.connected:
            row, others = pullback(root, self._variables)
            if not others:
                return row  # type: ignore[return-value]
            self.connected = True
        return self.rows([root])[0]

    def rows(self, roots: Sequence[Scalar]) -> list[list[Scalar]]:
        """The derivatives of each root by all variables."""
        rows = [] if self.connected and self._as_graph() else list(map(self._sweep, roots))
        if not self.connected:
            return rows
        if self._as_graph():
            return [self._graph(root) for root in roots]
        return [[Var(plain(x)) for x in row] for row in rows]

    def filled(self, row: Sequence[Scalar]) -> Any:
        """The structure of what is differentiated by, with these numbers in place."""
        kind = self._kind
        if kind is float:
            return row[0]
        return fill(self.tree, row) if kind is None else kind(row)

    def is_usual(self, tree: Any) -> bool:
        """Whether it is the structure of what is differentiated by, in the usual call; False may also be: not known."""
        return (
            self._kind is not None and type(tree) is (int if self._kind is float else self._kind) and tree == self.tree
        )

    def matrix(self, outer: Any, rows: Sequence[Sequence[Scalar]]) -> Any:
        """The outer tree with, in place of each number, the structure of what is differentiated by."""
        if self._kind is not None and type(outer) in (list, tuple) and _INTS.issuperset(map(type, outer)):
            return type(outer)(map(self.filled, rows))
        return fill_matrix(outer, self.tree, rows)

    def gradient(self, root: Scalar) -> list[Scalar]:
        """The derivatives of root as Vars, to be differentiated once more."""
        if not self.connected:
            self._sweep(root)  # a result that depends on other Vars decides, even where its gradient does not
        return self._graph(root)

    def result(self, root: Scalar) -> Scalar:
        """A result of f as the caller gets it: a Var where the derivatives, found before, are."""
        if not self.connected:
            return root.value if isinstance(root, Var) else root
        return root if self._as_graph() and isinstance(root, Var) else Var(plain(root))

    def _as_graph(self) -> bool:
        return self.connected and not self._no_grad

    def _sweep(self, root: Scalar) -> list[Scalar]:
        if not isinstance(root, Var):
            return [0.0] * len(self._variables)
        row, others = pullback(root, self._variables)
        if others:
            self.connected = True
        return row  # type: ignore[return-value]

    def _graph(self, root: Scalar) -> list[Scalar]:
        if not isinstance(root, Var):
            return [_constant(0.0) for _ in self._variables]
        return list(pullback_graph(root, self._variables))


def _constant(x: float) -> Var:
    """A leaf, and no live one to a recording."""
    leaf = Var(x)
    if thread.recorder is not None:
        thread.recorder.constants.add(leaf)
    return leaf


def _transform(what: str, noun: str, f: Function, argnums: Argnums, rule: Callable[[_Run], Any]) -> Function:
    """The function that runs f on fresh variables and returns what the rule makes of that run."""
    _check_function(what, f)
    which = check_argnums(f"{what}()", argnums)

    @functools.wraps(f, updated=())
    def derivative(*args: Any, **kwargs: Any) -> Any:
        with _Run(what, f, which, args, kwargs) as run:
            return rule(run)

    derivative.__name__ = derivative.__qualname__ = f"{what}({name_of(f)})"
    derivative.__doc__ = f"{noun} of {name_of(f)} by positional argument {argnums}."
    return derivative


# ---- checks


def _check_function(what: str, f: object) -> None:
    if not callable(f):
        raise TypeError(f"{what}() takes a function, not {type(f).__name__} ({f!r:.60}): write {what}(f)(x)")


def name_of(f: object) -> str:
    """The function's name, for messages."""
    return str(getattr(f, "__name__", type(f).__name__))


def scalar(x: Any, what: str) -> Scalar:
    """The one number that x is; TypeError that starts with ``what`` if it is none."""
    if is_array(x) and x.shape == ():
        x = x.item()
    if isinstance(x, bool):
        raise TypeError(
            f"{what} bool ({x}): a comparison steps from False to True and has no derivative; return a number, such as "
            "where(condition, a, b) of vargrad.math"
        )
    flat: list[Scalar] = []
    try:
        tree = flatten(x, flat, "the result")
    except TypeError:
        found = "nothing (None): does it lack a return?" if x is None else kind(x)
        raise TypeError(f"{what} {found}") from None
    if not isinstance(tree, int):
        raise TypeError(f"{what} {describe(tree)}: jacobian() takes such functions")
    return flat[0]
