# cython: language_level=3, c_api_binop_methods=True, binding=False, boundscheck=False, wraparound=False
# cython: always_allow_keywords=True, autotestdict=False, embedsignature=True, embedsignature.format=clinic
"""The compiled core: Var as a handle on a node of the tape. var_py.py says how a Var behaves.

The graph is in csrc/; here are Python's objects and the dispatch of operators. A result that is not finite, and
only such a one, is computed once more by the pure twin's formula, so that exceptions and messages are Python's.
"""

cimport cython
from cpython.buffer cimport PyBuffer_Release, PyObject_GetBuffer
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check
from cpython.long cimport PyLong_AsDouble, PyLong_AsLongAndOverflow, PyLong_Check
from cpython.object cimport Py_EQ, Py_GE, Py_GT, Py_LE, Py_LT, PyObject, PyObject_RichCompare
from libc.math cimport isfinite, signbit
from libc.stdint cimport INT32_MAX, int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

import builtins as _builtins
import math as _math
from operator import index as _index

from vargrad._core import float_py, modes, sweep_py, var_py
from vargrad._core.checks import fixed
from vargrad._ops import formula, nary, zeros
from vargrad._util import errors, foreign
from vargrad._ops.table import BY_NAME, NARY_BY_NAME

IMPLEMENTATION = "compiled"
cdef object rounding = zeros.last

include "handle.pxi"


# ---- recording


cdef size_t quiet_block = 0  # the key of the only block that is open, if it is one of no_grad: its address
cdef dict OPS = {}
cdef list NAMES = []
cdef bint *skips = <bint *>malloc(OP_COUNT * sizeof(bint))  # which operations have operands without a derivative
if skips == NULL:
    raise MemoryError


cdef bint modes_change = False  # no_grad or detect_anomaly is on somewhere: operations leave more or less than a node
cdef bint anomalies_named = False  # detect_anomaly is


def _listen(int active, int change, int anomalies, size_t only):
    global modes_active, modes_change, anomalies_named, quiet_block
    modes_active, modes_change, anomalies_named, quiet_block = active > 0, change > 0, anomalies > 0, only


include "dispatch.pxi"


# ---- Var


cdef double *grad_of(Var v) except NULL:
    cdef double *grad = tape_grad(v.node)
    if grad == NULL:
        raise errors.no_grad_attribute(v.prev_op)
    return grad


include "methods.pxi"
include "float.pxi"


@cython.final
cdef class Var(Float):
    """Var(value, requires_grad=False, prev_var1=None, prev_var2=None, prev_op=None)\n--\n
    A float that remembers how it was computed; ``backward`` then gives the derivative.

    ``value``: the number. ``requires_grad``: whether ``backward`` adds to ``.grad``. ``prev_var1``,
    ``prev_var2``, ``prev_op``: operands and name of the operation, to build a node by hand; leave them out
    for a leaf. Raises TypeError for what is no real number, ValueError for an unknown operation.

    >>> from vargrad import Var
    >>> x, y = Var(3.0, requires_grad=True), Var(4.0, requires_grad=True)
    >>> z = (x**2 + 3) ** 2 + y
    >>> z.backward()
    >>> z.value, x.grad, y.grad
    (148.0, 144.0, 1.0)
    """

    def __cinit__(self, value, requires_grad=False, prev_var1=None, prev_var2=None, prev_op=None):
        cdef double x
        cdef Operand a, b
        cdef unsigned code
        cdef Segment *s
        self.node = NULL
        x = real(value, "value")
        cdef bint wanted = bool(requires_grad)
        if prev_op is None and prev_var1 is None and prev_var2 is None:
            self.node = tape_leaf(x)
        else:
            errors.check_node(
                prev_op, (prev_var1, prev_var2), (type(prev_var1) is Var, type(prev_var2) is Var), BY_NAME
            )
            code = <unsigned><int>OPS[prev_op] << 2
            renew(<Var>prev_var1)
            if prev_var2 is not None:
                renew(<Var>prev_var2)
            a.node = (<Var>prev_var1).node
            if prev_var2 is None:
                b.number = 0.0
                code |= B_CONSTANT
            else:
                b.node = (<Var>prev_var2).node
            s = tape_room()
            if s != NULL and tape_use(s, a.node, 0) == 0 and (code & B_CONSTANT or tape_use(s, b.node, 0) == 0):
                self.node = tape_push(s, code, x, a, b)
        if self.node == NULL:
            raise MemoryError
        handle_attach(self)
        if wanted and tape_require(self.node, 1) < 0:
            raise MemoryError

    __array_priority__ = -1.0  # scalars of NumPy leave an operation to a Var, arrays do it element by element

    # what it is

    @property
    def value(self):
        """The number; settable on a leaf."""
        return tape_value(self.node) if recorder() is None else recorder().leave(self, ".value")

    @value.setter
    def value(self, value):
        cdef double x
        cdef Node *n
        if not self.node.flags & NODE_LEAF:
            raise errors.computed_value(self.prev_op)
        if recorder() is not None:
            recorder().leave(self, ".value =")
        x = real(value, "value")
        n = tape_edit(self.node, x)
        if n == NULL:
            raise MemoryError
        self.node = n

    @value.deleter
    def value(self):
        raise errors.not_deletable("value")

    @property
    def requires_grad(self):
        """Whether backward adds to .grad; settable, also on a computed Var."""
        return bool(self.node.flags & NODE_REQUIRES)

    @requires_grad.setter
    def requires_grad(self, wanted):
        cdef bint on = bool(wanted)  # may run Python, which may edit this Var
        if tape_require(self.node, on) < 0:
            raise MemoryError

    @requires_grad.deleter
    def requires_grad(self):
        raise errors.not_deletable("requires_grad")

    @property
    def grad(self):
        """The derivative that backward has accumulated; AttributeError where requires_grad is false."""
        return grad_of(self)[0]

    @grad.setter
    def grad(self, grad):
        cdef double x
        grad_of(self)  # raises where there is none
        x = real(grad, "grad")  # may run Python, which may edit this Var or take its grad away
        grad_of(self)[0] = x

    @grad.deleter
    def grad(self):
        raise errors.not_deletable("grad")

    @property
    def prev_op(self):
        """The name of the operation that made this Var; None for a leaf."""
        return NAMES[self.node.code >> 2]

    @property
    def prev_var1(self):
        """The first operand; None for a leaf."""
        return parent(self, 0) if visible_parents(self) > 0 else None

    @property
    def prev_var2(self):
        """The second operand; None if there is none."""
        return parent(self, 1) if visible_parents(self) > 1 else None

    @property
    def parents(self):
        """All operands; a constant one becomes a Var the first time it is asked for."""
        return tuple([parent(self, i) for i in range(visible_parents(self))])

    def detach(self):
        """A new leaf with this value."""
        return leaf(tape_value(self.node)) if recorder() is None else recorder().detach(self)

    def item(self):
        """The value, as NumPy and torch name it."""
        return tape_value(self.node) if recorder() is None else recorder().leave(self, ".item()")

    # derivatives

    def backward(self, current_grad=1):
        """Add current_grad times the derivative of this Var to .grad of every Var under it that requires one.

        May be called again; .grad accumulates. Raises RuntimeError if a leaf was edited since the forward
        pass; then no .grad has changed.
        """
        if recorder() is not None:
            recorder().leave(self, ".backward()")
        cdef double seed = real(current_grad, "current_grad")
        cdef Edited edited
        cdef int outcome
        cdef bint careful = watched()
        if skips[self.node.code >> 2]:
            zeros.check_root(self)
        renew(self)  # a leaf may be the root
        if not careful:
            outcome = tape_sweep(self.node, seed, &edited)
            tape_finish(outcome == SWEEP_DONE)
            if outcome == SWEEP_DONE:
                return
            if outcome == SWEEP_EDITED:
                raise errors.edited_leaf(edited.recorded, edited.current, NAMES[edited.op])
        # The walk in Python: it names anomalies, and adds up a leaf's adjoint over edits that were undone.
        found = sweep_py.adjoints(order(self), seed)
        add_grads(found.keys(), list(found.values()))

    def grad_desc(self, lr):
        """One step of gradient descent on a leaf: the value falls by lr times .grad, and .grad is 0 again."""
        descend((self,), lr)

    @property
    def _uid(self):
        cdef Segment *s = tape_segment(self.node)
        return (s.seq << 16) | <uint64_t>(self.node - s.node)

    def _node(self):
        cdef size_t i
        cdef double x
        operands, inputs = [], []
        for i in range(tape_count(self.node)):
            operands.append(x if tape_constant(self.node, i, &x) else parent(self, i))
            inputs.append(x)
        return self.prev_op, operands, tuple(inputs)

    # arithmetic that is no row of the table

    def __pow__(left, right, modulo):
        if modulo is not None:
            raise errors.three_argument_pow()
        cdef Pair p
        if not operands(left, right, &p):
            return binary(OP_pow, left, right)
        return finish(OP_pow, op_value_pow(p.x, p.y), &p, left, right)

    def __divmod__(left, right):
        cdef Pair p
        if not current_operands(left, right, &p):
            pair = with_float(left, right)
            return NotImplemented if pair is None else _builtins.divmod(pair[0], pair[1])
        if p.y == 0.0 and recorder() is None:
            _builtins.divmod(p.x, p.y)  # raises with a message of its own, as for floats
        return binary(OP_floordiv, left, right), binary(OP_mod, left, right)

    def __pos__(self):
        return self

    def conjugate(self):
        """This Var: its value is real."""
        return self

    def clamp(self, min=None, max=None):
        """This value, but at least min and at most max; the derivative passes at the bounds."""
        result = self if min is None else method(OP_clamp_min, "clamp_min", self, min)
        return result if max is None else method(OP_clamp_max, "clamp_max", result, max)

    def hypot(self, other):
        """Euclidean norm of the pair."""
        if type(other) is not Var and not isinstance(other, (float, int)) and foreign.operand(other) is None:
            raise TypeError(f"hypot() takes a number or a Var, not {type(other).__name__}")
        cdef PyObject *pair[2]
        pair[0], pair[1] = <PyObject *>self, <PyObject *>other
        cdef PyObject *made = many_call(OP_hypot, pair, 2, math_hypot) if not modes_change else NULL
        return handle_take(made) if made != NULL else apply_nary("hypot", (self, other))

    # a float in every other respect

    def __richcmp__(self, other, int how):
        cdef double x, y
        if modes_active and recorder() is not None:
            return recorded_comparison(self, other, ("lt", "le", "eq", "ne", "gt", "ge")[how])
        if type(other) is Var:
            y = tape_value((<Var>other).node)
        elif type(other) is float:
            y = <double>other
        else:  # by value, whatever floats compare with
            return PyObject_RichCompare(tape_value(self.node), other, how)
        x = tape_value(self.node)
        if how == Py_LT:
            return x < y
        if how == Py_LE:
            return x <= y
        if how == Py_GT:
            return x > y
        if how == Py_GE:
            return x >= y
        return x == y if how == Py_EQ else x != y

    def __array_function__(self, function, types, args, kwargs):
        return float_py.array_function(function, types, args, kwargs)

    def __hash__(self):  # by identity, though == is by value: graph-walking code keeps Vars in sets
        return handle_hash(self)

    def __bool__(self):
        return tape_value(self.node) != 0.0 if recorder() is None else recorder().truth(self)

    def __repr__(self):
        if recorder() is not None:
            return f"Var({tape_value(self.node)!r}, while recorded)"
        if self.node.flags & NODE_REQUIRES:
            return f"Var({tape_value(self.node)!r}, grad={self.grad!r})"
        return f"Var({tape_value(self.node)!r})"

    def _state(self):
        """A leaf's value, requires_grad and grad, for copies and pickles; TypeError for a computed Var."""
        if not self.node.flags & NODE_LEAF:
            raise errors.computed_copy()
        if recorder() is not None:
            recorder().leave(self, "a copy or pickle")
        return tape_value(self.node), self.requires_grad, self.grad if self.requires_grad else 0.0


cdef Var parent(Var v, size_t i):
    """The i-th operand as a Var, the live one if there is one; a constant becomes a leaf."""
    cdef Node *n = tape_parent(v.node, i)
    if n == NULL:
        raise MemoryError
    return handle_of(tape_current(n))


cdef Py_ssize_t visible_parents(Var v):
    cdef Py_ssize_t count = tape_count(v.node)
    return count // 2 if op_info[v.node.code >> 2].pairs == 2 else count


include "direct.pxi"
include "functions.pxi"
include "operations.pxi"
include "block.pxi"

modes.listeners.append(_listen)
_listen(*modes.active())
handle_start()
tape_start()
for _i in range(OP_COUNT):
    NAMES.append(op_info[_i].name.decode() if _i != OP_leaf else None)
    OPS[NAMES[_i]] = _i
    skips[_i] = NAMES[_i] in zeros.SKIPPED
