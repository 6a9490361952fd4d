"""The pure twin: what a Var does, written to be read. The compiled core equals it to the bit.

A Var remembers the operation that made it, its operands and their values at that moment. ``order`` lists the
graph under a root from the newest node to the oldest; operands are always older than their result, so one
pass over that list carries the adjoints from the root to the leaves (sweep_py.py). Nothing recurses: a graph a
million operations deep is walked like any other.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import count
from operator import setitem
from typing import Any, NoReturn, TypeAlias, final

from vargrad._core.checks import fixed
from vargrad._core.float_py import Float
from vargrad._core.float_py import Truth as Truth
from vargrad._core.forward_py import count_under as count_under
from vargrad._core.forward_py import pushforward as pushforward
from vargrad._core.leaves_py import Cell, add_grads, descend, leaf_grads, leaf_values, set_leaf_grads, set_leaf_values
from vargrad._core.modes import detect_anomaly, no_grad, note_origin, thread
from vargrad._core.sweep_py import adjoint_graph, adjoints, order, settled
from vargrad._core.sweep_py import export as export
from vargrad._ops import formula, nary
from vargrad._ops.table import BY_NAME, NARY_BY_NAME
from vargrad._ops.zeros import SKIPPED, check_root
from vargrad._util import errors, foreign

__all__ = ["IMPLEMENTATION", "Var", "add_grads", "custom", "descend", "detect_anomaly", "no_grad"]
__all__ += ["leaf_grads", "leaf_values", "set_leaf_grads", "set_leaf_values"]
IMPLEMENTATION = "python"
_uids = count()


class _Freed(threading.local):
    waiting: list[list[Var | float]] | None = None  # operands of freed Vars, while some are being freed


_freed = _Freed()


@final
class Var(Float):
    """A float that remembers how it was computed; ``backward`` then gives the derivative.

    ``value``: the number. ``requires_grad``: whether ``backward`` adds to ``.grad``. ``prev_var1``,
    ``prev_var2``, ``prev_op``: operands and name of the operation, to build a node by hand; leave them out
    for a leaf. Raises TypeError for what is no real number, ValueError for an unknown operation.

    >>> from vargrad.reference import Var
    >>> x, y = Var(3.0, requires_grad=True), Var(4.0, requires_grad=True)
    >>> z = (x**2 + 3) ** 2 + y
    >>> z.backward()
    >>> z.value, x.grad, y.grad
    (148.0, 144.0, 1.0)
    """

    __slots__ = ("_cell", "_inputs", "_op", "_operands", "_own_grad", "_own_value", "_requires_grad", "_uid")

    def __init__(
        self,
        value: float,
        requires_grad: bool = False,
        prev_var1: Var | None = None,
        prev_var2: Var | None = None,
        prev_op: str | None = None,
    ) -> None:
        number = errors.as_float(value, "value")
        previous = (prev_var1, prev_var2)
        errors.check_node(prev_op, previous, tuple(isinstance(p, Var) for p in previous), BY_NAME)
        wanted, operands = bool(requires_grad), [p for p in previous if p is not None]
        self._set(number, prev_op, operands, [_value(p) for p in operands])
        self._requires_grad = wanted

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("type 'vargrad.Var' is not an acceptable base type: hold a Var in your class instead")

    def _set(self, value: float, op: str | None, operands: list[Any], inputs: Sequence[float]) -> None:
        self._own_value = value
        self._own_grad = 0.0
        self._cell: Cell | None = None  # where the two are instead, for a leaf of a block
        self._op = op
        self._operands: list[Var | float] = operands
        self._inputs = tuple(inputs)
        self._requires_grad = False
        self._uid = next(_uids)

    @property
    def _value(self) -> float:
        cell = self._cell
        return self._own_value if cell is None else cell.values[cell.place]

    @_value.setter
    def _value(self, value: float) -> None:
        self._value_setter()(value)

    def _value_setter(self) -> Callable[[float], None]:
        """What sets it, in C: nothing interrupts that."""
        if self._cell is None:
            return partial(setattr, self, "_own_value")
        return partial(setitem, self._cell.values, self._cell.place)

    @property
    def _grad(self) -> float:
        cell = self._cell
        return self._own_grad if cell is None else cell.grads[cell.place]

    @_grad.setter
    def _grad(self, grad: float) -> None:
        self._grad_setter()(grad)

    def _grad_setter(self) -> Callable[[float], None]:
        if self._cell is None:
            return partial(setattr, self, "_own_grad")
        return partial(setitem, self._cell.grads, self._cell.place)

    # ---- what it is (repr, comparison and rounding: see float_py.py)

    @property
    def value(self) -> float:
        """The number; settable on a leaf."""
        return self._value if thread.recorder is None else thread.recorder.leave(self, ".value")

    @value.setter
    def value(self, value: float) -> None:
        if self._op is not None:
            raise errors.computed_value(self._op)
        if thread.recorder is not None:
            thread.recorder.leave(self, ".value =")
        self._value = errors.as_float(value, "value")

    @value.deleter
    def value(self) -> None:
        raise errors.not_deletable("value")

    @property
    def requires_grad(self) -> bool:
        """Whether backward adds to .grad; settable, also on a computed Var."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        on = bool(wanted)
        if not (on and self._requires_grad):
            self._grad = 0.0
        self._requires_grad = on

    @requires_grad.deleter
    def requires_grad(self) -> None:
        raise errors.not_deletable("requires_grad")

    @property
    def grad(self) -> float:
        """The derivative that backward has accumulated; AttributeError where requires_grad is false."""
        if not self._requires_grad:
            raise errors.no_grad_attribute(self._op)
        return self._grad

    @grad.setter
    def grad(self, grad: float) -> None:
        if not self._requires_grad:
            raise errors.no_grad_attribute(self._op)
        number = errors.as_float(grad, "grad")  # may take this Var's grad away
        if not self._requires_grad:
            raise errors.no_grad_attribute(self._op)
        self._grad = number

    @grad.deleter
    def grad(self) -> None:
        raise errors.not_deletable("grad")

    @property
    def prev_op(self) -> str | None:
        """The name of the operation that made this Var; None for a leaf."""
        return self._op

    @property
    def prev_var1(self) -> Var | None:
        """The first operand; None for a leaf."""
        return self.parents[0] if self._operands else None

    @property
    def prev_var2(self) -> Var | None:
        """The second operand; None if there is none."""
        return self.parents[1] if len(self.parents) > 1 else None

    @property
    def parents(self) -> tuple[Var, ...]:
        """All operands; a constant one becomes a Var the first time it is asked for."""
        row = NARY_BY_NAME.get(self._op or "")
        visible = len(self._operands) // 2 if row is not None and row.partner == "skip" else len(self._operands)
        for i in range(visible):
            self._operands[i] = _as_var(self._operands[i])
        return tuple(self._operands[:visible])  # type: ignore[arg-type]

    def detach(self) -> Var:
        """A new leaf with this value."""
        return Var(self._value) if thread.recorder is None else thread.recorder.detach(self)

    def item(self) -> float:
        """The value, as NumPy and torch name it."""
        return self._value if thread.recorder is None else thread.recorder.leave(self, ".item()")

    # ---- derivatives

    def backward(self, current_grad: float = 1) -> None:
        """Add current_grad times the derivative of this Var to .grad of every Var under it that requires one.

        May be called again; .grad accumulates. Raises RuntimeError if a leaf was edited since the forward
        pass; then no .grad has changed.
        """
        if thread.recorder is not None:
            thread.recorder.leave(self, ".backward()")
        seed = errors.as_float(current_grad, "current_grad")
        if self._op in SKIPPED:
            check_root(self)
        found = adjoints(order(self), seed)
        add_grads(found, list(found.values()))

    def grad_desc(self, lr: float) -> None:
        """One step of gradient descent on a leaf: the value falls by lr times .grad, and .grad is 0 again."""
        descend((self,), lr)

    def _node(self) -> tuple[str | None, Sequence[Var | float], tuple[float, ...]]:
        return self._op, self._operands, self._inputs

    def _unary(self, name: str) -> Var:
        return apply(name, self)

    def _method(self, name: str, other: Var | float) -> Var:
        result = self._binary(name, other)
        if result is NotImplemented:
            raise TypeError(f"{name}() takes a number or a Var, not {type(other).__name__}")
        return result

    def _binary(self, name: str, other: Var | float) -> Var:
        number = _operand(other)
        return NotImplemented if number is None else apply(name, self, number)

    def _reflected(self, name: str, other: Var | float) -> Var:
        number = _operand(other)
        return NotImplemented if number is None else apply(name, number, self)

    def __divmod__(self, other: Var | float) -> tuple[Var, Var]:
        quotient = _quotient(self, other)
        return NotImplemented if quotient is NotImplemented else (quotient, self._binary("mod", other))

    def __rdivmod__(self, other: Var | float) -> tuple[Var, Var]:
        quotient = _quotient(other, self)
        return NotImplemented if quotient is NotImplemented else (quotient, self._reflected("mod", other))

    def hypot(self, other: Var | float) -> Var:
        """Euclidean norm of the pair."""
        if _operand(other) is None:
            raise TypeError(f"hypot() takes a number or a Var, not {type(other).__name__}")
        return apply_nary("hypot", (self, other))  # type: ignore[return-value] # a Var is among them

    if sys.version_info >= (3, 13):  # which frees linked objects by recursion, deeper than a small stack holds

        def __del__(self) -> None:
            if getattr(self, "_operands", None):
                waiting, self._operands = [self._operands], []
                if _freed.waiting is not None:
                    _freed.waiting += waiting
                    return
                _freed.waiting = waiting
                while waiting:
                    waiting.pop()
                _freed.waiting = None


Operand: TypeAlias = Var | float


def _as_var(operand: Operand) -> Var:
    return operand if isinstance(operand, Var) else Var(operand)


def _operand(value: object) -> Operand | None:
    """A Var as it is, a number as a float, None for anything else."""
    number = _native(value)
    return foreign.operand(value) if number is None else number


def _native(value: object) -> Operand | None:
    if isinstance(value, Var):
        return value
    # float's own methods: a subclass may have another __float__, which plain floats do not ask for
    if isinstance(value, float):
        return float.__pos__(value)
    return float.__add__(0.0, value) if isinstance(value, int) else None


def _value(operand: Operand) -> float:
    return operand._value if isinstance(operand, Var) else operand


def _quotient(left: Operand, right: Operand) -> Var:
    a, b = _operand(left), _operand(right)
    if a is None or b is None:
        return NotImplemented  # type: ignore[no-any-return]
    if _value(b) == 0.0 and thread.recorder is None:
        divmod(_value(a), 0.0)  # raises with a message of its own, as for floats
    return apply("floordiv", a, b)


def _new(value: float, op: str, operands: list[Operand], inputs: Sequence[float]) -> Var:
    result: Var = Var.__new__(Var)
    if thread.no_grad:
        result._set(value, None, [], ())
        return result
    result._set(value, op, operands, inputs)
    note_origin(result._uid)
    return result


def apply(name: str, *operands: Operand, ieee: bool = False) -> Var:
    """The result of a row of one or two operands; with ``ieee`` it never raises."""
    if not ieee and thread.recorder is not None and thread.recorder.hears_operations:
        return thread.recorder.operation(name, *operands)  # type: ignore[no-any-return]
    quiet = ieee or thread.recorder is not None  # one row of a batch raises nothing
    function = formula.value(name, formula.IEEE if quiet else formula.PYTHON)
    value, inputs = settled(operands, lambda values: function(*values))
    return _new(value, name, list(operands), inputs)


def function(name: str, *operands: Any, ieee: bool = False) -> Var | float:
    """A row's function: of Vars a Var, of numbers what the standard module says; with ``ieee`` it never raises."""
    row = BY_NAME[name]
    if any(isinstance(x, Var) for x in operands):
        fixed.check(row, operands, Var, order)
        return apply(name, *_numbers((row.special if ieee else row.function) or name, operands), ieee=ieee)
    plain = None if ieee else getattr(math, row.function, None)
    space = formula.IEEE if ieee else formula.PYTHON
    result: float = plain(*operands) if plain else formula.value(name, space)(*map(float, operands))
    return result


def apply_nary(name: str, values: Iterable[Any], partners: Iterable[Any] = ()) -> Var | float:
    """The result of a row of any number of operands: a float if no operand is a Var."""
    xs, ys = _numbers(name, values), _numbers(name, partners)
    row, both, half = NARY_BY_NAME[name], xs + ys, len(xs)
    result, inputs = settled(both, lambda values: nary.value(row, values[:half], values[half:]))
    return _new(result, name, both, inputs) if any(isinstance(x, Var) for x in both) else result


def _numbers(name: str, values: Iterable[Any]) -> list[Operand]:
    operands = []
    for v in values:
        operand = _native(v)
        operands.append(errors.as_float(v, f"an operand of {name}()") if operand is None else operand)
    return operands


def identity(v: Operand) -> Var:
    """A fresh node with v's value and derivative 1."""
    return apply("identity", v)


def custom(value: float, parents: Sequence[Operand], partials: Sequence[Operand]) -> Var:
    """A node of your own: its value, the Vars it depends on, and its derivative by each of them.

    Partials given as Vars can be differentiated again. ValueError if the two lengths differ.

    >>> from vargrad.reference import Var, custom
    >>> x = Var(2.0, requires_grad=True)
    >>> y = custom(8.0, [x], [12.0])  # x**3
    >>> y.backward()
    >>> x.grad
    12.0
    """
    number = errors.as_float(value, "value")
    xs, ys = _numbers("custom", parents), _numbers("custom", partials)
    if len(xs) != len(ys):
        raise ValueError(f"custom() got {len(xs)} parents and {len(ys)} partials: give one partial per parent")
    return _new(number, "custom", xs + ys, [_value(x) for x in xs + ys])


def pullback(root: Var, wrt: Sequence[Var]) -> tuple[list[float], bool]:
    """The derivatives of root by the leaves ``wrt``, and whether root depends on another Var that wants one."""
    if thread.recorder is not None:
        thread.recorder.leave(root, "a derivative as a float")
    found = adjoints(order(root), 1.0)
    others = any(v._requires_grad for v in found.keys() - set(wrt))
    return [0.0 + found.get(v, 0.0) for v in wrt], others  # what .grad would be, from 0.0


def pullback_graph(root: Var, wrt: Sequence[Var]) -> list[Var]:
    """The derivatives of root by any Vars ``wrt``, as Vars that can be differentiated again."""
    return [_as_var(v) for v in adjoint_graph(order(root), wrt, apply, Var)]


def fresh(which: object, args: tuple[Any, ...]) -> tuple[list[Var], tuple[Any, ...]] | None:
    """The compiled core's short way into a transform: variables and arguments. Here there is none."""
    return None
