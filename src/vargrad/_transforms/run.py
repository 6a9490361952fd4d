"""One run of a function on fresh variables, and the derivatives by them: what every transform is made of."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeAlias

from vargrad._core.forward_py import tangent_graph, tangents
from vargrad._core.modes import outside, thread
from vargrad._core.var import Var, fresh, identity, module, pullback, pullback_graph
from vargrad._ops import zeros
from vargrad._transforms.trees import (
    Scalar,
    aligned,
    describe,
    fill,
    fill_matrix,
    flatten,
    is_array,
    kind,
    mapped,
    plain,
)
from vargrad._util.argnums import Argnums, check_argnums, positions

Function: TypeAlias = Callable[..., Any]
_INTS = {int}
_FLOATS = {float}
_ORDERS = {"hessian": 2, "hvp": 2}  # of the derivatives that a transform takes, where it is not the first
_FEW = 20  # nodes: what starting a sweep costs


class Run:
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

    def __enter__(self) -> Run:
        zeros.last.rounded = "", None
        self._number = zeros.last.transforms = zeros.last.transforms + 1
        if self._kind is not None:
            zeros.last.order += _ORDERS.get(self.what, 1)
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
        zeros.last.order += _ORDERS.get(self.what, 1)
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
        return identity(x if isinstance(x, Var) else constant(plain(x)))

    def _leaf(self, value: float) -> Var:
        self._leaves.append(Var(value, requires_grad=True))
        return self._leaves[-1]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        zeros.last.order -= _ORDERS.get(self.what, 1)
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
            inside[i] = fill(tree, self._variables, argument=True)
        return self._f(*inside, **self._kwargs)

    def scalar(self) -> Scalar:
        """The same, if it is one number; tells if it is one whose derivatives are zero whatever the arguments are."""
        return self.checked(self.output())

    def checked(self, result: Any) -> Scalar:
        """A result of f, if it is one number."""
        why = zeros.cause(result)
        if isinstance(result, Var):
            self.tell(why)
            return result
        why = why or zeros.WITHOUT_VARS * zeros.is_computed([result])
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
        """The derivatives of each root by all variables, forward or backward, whichever visits fewer nodes."""
        found = self._forward(roots) if len(roots) > len(self._variables) else None
        if found is not None:
            return found
        rows = [] if self.connected and self._as_graph() else list(map(self._sweep, roots))
        if not self.connected:
            return rows
        if self._as_graph():
            return [self._graph(root) for root in roots]
        return [[Var(plain(x)) for x in row] for row in rows]

    def _forward(self, roots: Sequence[Scalar]) -> list[list[Scalar]] | None:
        """The rows by one walk forward, None if a sweep for each root visits fewer nodes."""
        ends = [root for root in roots if isinstance(root, Var)]
        if len(ends) <= len(self._variables) or not self._variables:
            return None
        top = module.apply_nary("sum", ends)
        some = {0, len(ends) // 2, len(ends) - 1}
        visited = sum(module.count_under(ends[i]) for i in some) / len(some)
        if module.count_under(top) * (len(self._variables) + 3) > 4 * len(ends) * (visited + _FEW):
            return None
        rows = iter(self._pushed(top, ends, None))
        return [next(rows) if isinstance(root, Var) else self._zeros(len(self._variables)) for root in roots]

    def tangents(self, roots: Sequence[Scalar], direction: Sequence[Scalar]) -> list[Scalar]:
        """The derivative of each root along one direction of the variables."""
        ends = [root for root in roots if isinstance(root, Var)]
        found = iter(self._pushed(module.apply_nary("sum", ends), ends, direction) if ends else ())
        return [next(found)[0] if isinstance(root, Var) else self._zeros(1)[0] for root in roots]

    def _zeros(self, count: int) -> list[Scalar]:
        return [constant(0.0) if self.connected else 0.0 for _ in range(count)]

    def _pushed(self, top: Var, ends: list[Var], direction: Sequence[Scalar] | None) -> list[list[Scalar]]:
        """The tangents of Vars under top: along the direction, or if it is None by each variable."""
        rows: Any = None
        if not self.connected:
            rows = module.pushforward(top, ends, self._variables, direction)
            if rows is None and pullback(top, self._variables)[1]:
                self.connected = True
        if self._as_graph():
            n = len(self._variables)
            each: list[Sequence[Any]] = [[1.0 if i == k else None for i in range(n)] for k in range(n)]
            columns = each if direction is None else [direction]
            graph = tangent_graph(module.order(top), ends, self._variables, columns, module.apply, Var)
            return [[x if isinstance(x, Var) else constant(x) for x in row] for row in graph]
        if rows is None:
            seeds = None if direction is None else list(map(plain, direction))
            rows = tangents(module.order(top), ends, self._variables, seeds)
        return [[Var(plain(x)) for x in row] for row in rows] if self.connected else rows

    def find_others(self, roots: Sequence[Scalar]) -> None:
        """Find out whether results depend on Vars outside that want a derivative."""
        ends = [root for root in roots if isinstance(root, Var)]
        if ends and not self.connected:
            self.connected = pullback(module.apply_nary("sum", ends), self._variables)[1]

    def pulled(self, roots: Sequence[Scalar], weights: Sequence[Scalar]) -> list[Scalar]:
        """The derivatives of the weighted sum of the roots; may be asked for when the run is over."""
        pairs = [(r, w) for r, w in zip(roots, weights, strict=True) if isinstance(r, Var)]
        no_grad = thread.no_grad  # where the caller is now
        with outside():
            total = module.apply_nary("dot", *zip(*pairs, strict=True)) if pairs else 0.0
            connected = self.connected or any(isinstance(w, Var) for w in weights)
            if (connected and not no_grad) or thread.recorder is not None:
                return self._graph(total)
            row = self._sweep(total)
            return [Var(plain(x)) for x in row] if connected else row

    def aligned(self, vector: Any) -> list[Scalar]:
        """The numbers of a vector that has the structure of what is differentiated by; ValueError if it has not."""
        usual: Any = None if self._kind is float else self._kind
        if type(vector) is usual and len(vector) == len(self._variables):
            numbers: list[Scalar] = list(vector)
            if _FLOATS.issuperset(map(type, numbers)):
                return numbers
        direction: list[Scalar] = []
        given = flatten(vector, direction, f"{self.what}(): the vector v for {self.name}")
        ordered = direction if self.is_usual(given) else aligned(self.tree, given, direction)
        if ordered is None:
            expected = describe(self.tree)
            raise ValueError(
                f"{self.what}() of {self.name}: v must have the structure of x, {expected}, not {describe(given)}"
            )
        if any(isinstance(number, Var) for number in ordered):
            self.connected = True
        return ordered

    def outputs(self) -> tuple[Any, list[Scalar]]:
        """The structure of what f returns, and its numbers; tells if all of their derivatives are zero."""
        roots: list[Scalar] = []
        result = self.output()
        why = zeros.cause(result) or zeros.WITHOUT_VARS * zeros.is_computed([result])
        outer = flatten(result, roots, f"{self.what}(): what {self.name} returned")
        self.tell(why or next(filter(None, map(zeros.cause, roots)), ""))
        return outer, roots

    def with_aux(self) -> tuple[Scalar, Any]:
        """The number to differentiate, and what f returns beside it; TypeError if it returns no such pair."""
        result = self.output()
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            found = f"{len(result)} items" if isinstance(result, (tuple, list)) else type(result).__name__
            raise TypeError(
                f"{self.what}() with has_aux=True needs a function that returns a pair, (number, anything else); "
                f"{self.name} returned {found}"
            )
        number, aux = pair = list(result)
        del result, number  # so that a float that was computed is held by nobody else: see zeros.is_computed
        pair.pop()
        return self.checked(pair.pop()), aux

    def beside(self, aux: Any) -> Any:
        """What f returned beside its number as the caller gets it: with floats in place of our Vars."""
        return mapped(aux, lambda v: self.result(v))

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
            return [constant(0.0) for _ in self._variables]
        return list(pullback_graph(root, self._variables))


def constant(x: float) -> Var:
    """A leaf, and no live one to a recording."""
    leaf = Var(x)
    if thread.recorder is not None:
        thread.recorder.constants.add(leaf)
    return leaf


def transform(what: str, noun: str, f: Function, argnums: Argnums, rule: Callable[[Run], Any]) -> Function:
    """The function that runs f on fresh variables and returns what the rule makes of that run."""
    check_function(what, f)
    which = check_argnums(f"{what}()", argnums)

    @functools.wraps(f, updated=())
    def derivative(*args: Any, **kwargs: Any) -> Any:
        with Run(what, f, which, args, kwargs) as run:
            return rule(run)

    derivative.__name__ = derivative.__qualname__ = f"{what}({name_of(f)})"
    derivative.__doc__ = f"{noun} of {name_of(f)} by positional argument {argnums}."
    return derivative


# ---- checks


def check_function(what: str, f: object) -> None:
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
