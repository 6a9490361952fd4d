# Calls of one row, straight from the arguments to the machine. fastcall_py.py describes it.

from cpython.dict cimport PyDict_GetItem
from cpython.ref cimport PyObject
from cpython.sequence cimport PySequence_Fast_ITEMS

import functools

from vargrad._core.var import add_grads, leaf_values
from vargrad._core.modes import thread as modes

include "arrays.pxi"
include "watch.pxi"


cdef Shape *shapes_of(sequence) except NULL:
    """Shapes of results and arguments; ValueError for one of too many dimensions."""
    cdef Shape *shapes = <Shape *>machine_array(len(sequence) + 1, sizeof(Shape))
    if shapes == NULL:
        raise MemoryError()
    try:
        for i, dimensions in enumerate(sequence):
            if len(dimensions) > MOST_DIMENSIONS:
                raise ValueError(f"shape {dimensions}: expected at most {MOST_DIMENSIONS} dimensions")
            shapes[i].dimensions = len(dimensions)
            shapes[i].size = 1
            for j, n in enumerate(dimensions):
                shapes[i].dimension[j] = n
                shapes[i].size *= shapes[i].dimension[j]
    except BaseException:
        free(shapes)
        raise
    return shapes


cdef object LEFT = object()  # returned for a row that fails a guard


cdef class Shortcut:
    """One row of arguments through a machine and into the shapes of its results."""

    cdef Machine machine
    cdef Shape *argument
    cdef Shape *part
    cdef size_t arguments, parts, inputs, outputs
    cdef bint pair, alone, numbers, adds, asks, straight
    cdef object leaves, side_traces
    cdef Machine guards
    cdef list outcomes
    cdef dict children
    cdef Shortcut last  # the side trace that took the last such row
    cdef public Watch watch  # what the recording read besides its arguments

    def __cinit__(
        self, Machine machine not None, arguments, parts, bint pair, bint alone, leaves=(), side_traces=None,
        bint adds=False,
    ):
        cdef size_t i
        self.machine, self.pair, self.alone, self.adds, self.side_traces = machine, pair, alone, adds, side_traces
        self.leaves = leaves if len(leaves) else None
        self.asks = adds or side_traces is not None or self.leaves is not None
        self.children = {}
        self.arguments, self.parts = len(arguments), len(parts)
        self.argument = shapes_of(arguments)
        self.part = shapes_of(parts)
        self.numbers = not any(parts)
        for i in range(self.arguments):
            self.inputs += self.argument[i].size
        self.inputs += len(leaves)
        for i in range(self.parts):
            self.outputs += self.part[i].size
        self.outputs += (len(leaves) if adds else 0) + (side_traces is not None)
        if self.inputs != machine.program.inputs or self.outputs != machine.program.outputs:
            raise ValueError(
                f"{self.inputs} inputs and {self.outputs} outputs: the program has {machine.program.inputs} and "
                f"{machine.program.outputs}"
            )
        self.straight = (
            self.inputs + self.outputs > FEW and self.arguments == 1
            and self.argument[0].size == <Py_ssize_t>self.inputs and alone and self.parts == 1
            and self.part[0].size == <Py_ssize_t>self.outputs
            and self.argument[0].dimensions > 0 and self.part[0].dimensions > 0
        )
        if self.parts < 1 + pair or (alone and self.parts != 1 + pair):
            raise ValueError(f"{self.parts} parts of a result: expected {1 + pair}{'' if alone else ' or more'}")

    def __dealloc__(self):
        free(self.argument)
        free(self.part)

    def __call__(self, tuple args not None):
        return self.take(PySequence_Fast_ITEMS(args), len(args))

    cdef object take(self, PyObject *const *args, size_t count):
        cdef Shortcut path
        if count != self.arguments:
            return None
        if self.watch is not None and not self.watch.holds():
            return None
        if self.asks and modes.recorder is not None:
            return None  # reading leaves and deciding guards are part of a recording that is going on
        found = self.step(args)
        if found is not LEFT:
            return found
        path = self.last
        if path is not None:
            found = path.step(args)
            if found is not LEFT:
                return found
        path = self
        while found is LEFT:
            path = path.child(args)
            if path is None:
                return None
            found = path.step(args)
        self.last = path
        return found

    cdef object vector(self, PyObject *const *args):
        """The array that one array becomes, in place of both; None for arguments of another kind."""
        cdef const double *given = doubles_of(<object>args[0], &self.argument[0])
        if given == NULL:
            return None
        result = new_array(&self.part[0])
        self.machine.one_row(given, <double *>numpy.PyArray_DATA(<numpy.ndarray>result))
        return result

    cdef object step(self, PyObject *const *args):
        """The results; None for arguments of another kind; LEFT for a row that fails a guard."""
        if self.straight:
            return self.vector(args)
        cdef double few[FEW]
        cdef double *room = few
        if self.inputs + self.outputs > FEW:
            room = <double *>machine_memory((self.inputs + self.outputs) * sizeof(double))
            if room == NULL:
                raise MemoryError()
        try:
            if not self.gather(args, room):
                return None
            self.machine.one_row(room, room + self.inputs)
            if self.side_traces is not None and room[self.inputs + self.outputs - 1] != 1.0:
                return LEFT
            return self.results(room + self.inputs)
        finally:
            if room != few:
                free(room)

    cdef Shortcut child(self, PyObject *const *args):
        """The side trace for a row, by the first guard that fails; None if it is not recorded yet."""
        cdef double *room
        cdef size_t i, n
        if self.side_traces is None:
            return None
        if self.guards is None:
            guards, self.outcomes = self.side_traces.guards()
            self.guards = guards
        n = self.guards.program.outputs
        if self.guards.program.inputs > self.inputs or n != <size_t>len(self.outcomes):
            raise ValueError("guards: their program does not fit")
        room = <double *>machine_memory((self.inputs + n) * sizeof(double))
        if room == NULL:
            raise MemoryError()
        try:
            if not self.gather(args, room):
                return None
            self.guards.one_row(room, room + self.inputs)
            for i in range(n):
                if room[self.inputs + i] != <double>self.outcomes[i]:
                    break
            else:
                return None
            side_exit = i, room[self.inputs + i]
        finally:
            free(room)
        found = self.children.get(side_exit)
        if found is None:
            found = self.side_traces.child(side_exit)
            if found is not None:
                self.children[side_exit] = found
        return found

    cdef bint gather(self, PyObject *const *args, double *at) except -1:
        """All inputs; False for arguments of another kind."""
        cdef size_t i
        cdef const double *given
        cdef Shape *shape
        for i in range(self.arguments):
            shape = &self.argument[i]
            x = <object>args[i]
            if shape.dimensions == 0:
                if PyFloat_CheckExact(x):
                    at[0] = PyFloat_AS_DOUBLE(x)
                elif not isinstance(x, (float, int)):
                    return False
                else:
                    try:
                        at[0] = PyFloat_AsDouble(x)
                    except OverflowError:
                        return False
            else:
                given = doubles_of(x, shape)
                if given == NULL:
                    return False
                memcpy(at, given, shape.size * sizeof(double))
            at += shape.size
        if self.leaves is not None:
            for x in leaf_values(self.leaves):
                at[0] = x
                at += 1
        return True

    cdef object results(self, const double *x):
        if self.adds:
            value = self.value(&x, 0)
            if self.leaves is not None:
                add_grads(self.leaves, list(floats(x, len(self.leaves))))
            return value
        if not self.pair:
            return self.rest(x, 0)
        first = self.value(&x, 0)
        return first, self.rest(x, 1)

    cdef object rest(self, const double *x, size_t first):
        if self.alone:
            return self.value(&x, first)
        if self.numbers:
            return floats(x, self.parts - first)
        cdef tuple result = PyTuple_New(self.parts - first)
        cdef size_t i
        for i in range(first, self.parts):
            item = self.value(&x, i)
            Py_INCREF(item)
            PyTuple_SET_ITEM(result, i - first, item)
        return result

    cdef object value(self, const double **x, size_t i):
        cdef const double *at = x[0]
        x[0] = at + self.part[i].size
        if self.part[i].dimensions == 0:
            return PyFloat_FromDouble(at[0])
        return array_of(at, &self.part[i])


# ---- methods that try a shortcut first

cdef extern from "Python.h":
    ctypedef PyObject *(*vectorcallfunc)(PyObject *, PyObject *const *, size_t, PyObject *)
    ctypedef struct CallableType "PyTypeObject":
        Py_ssize_t tp_vectorcall_offset
        unsigned long tp_flags
    enum:
        Py_TPFLAGS_HAVE_VECTORCALL
        Py_TPFLAGS_METHOD_DESCRIPTOR
    Py_ssize_t PyVectorcall_NARGS(size_t)
    object PyObject_Vectorcall(object, PyObject *const *, size_t, PyObject *)
    void PyType_Modified(CallableType *)
    object PyMethod_New(object, object)


cdef class HasShortcuts:
    """An object whose fast methods have shortcuts, one for each kind of output."""

    cdef vectorcallfunc vectorcall
    cdef dict shortcuts

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <vectorcallfunc>call_object
        self.shortcuts = {}

    cdef object attempt(self, str kind, PyObject *const *args, size_t count):
        """The result of the shortcut of that kind; None if there is none, or if it declines the call."""
        cdef size_t i
        cdef PyObject *known = PyDict_GetItem(self.shortcuts, kind)
        if known == NULL:
            return None
        shortcut = <object>known  # held: the call may end with another one in its place
        if type(shortcut) is Shortcut:
            return (<Shortcut>shortcut).take(args, count)
        return shortcut(tuple([<object>args[i] for i in range(count)]))  # one of the pure machine

    def _set_shortcut(self, str kind not None, shortcut):
        """Let the method of that kind try this shortcut first; None: no shortcut any more."""
        if shortcut is None:
            self.shortcuts.pop(kind, None)
        else:
            self.shortcuts[kind] = shortcut


cdef class FastMethod:
    """A Python function as a method: a call with positional arguments alone tries the object's shortcut first.

    CPython calls it like a function of its own, by vectorcall and without a bound method in between.
    """

    cdef vectorcallfunc vectorcall
    cdef object function
    cdef str kind
    cdef dict __dict__  # name, docstring and the like: the function's

    def __cinit__(self, str kind, function):
        self.vectorcall = <vectorcallfunc>call_fast_method
        self.kind, self.function = kind, function

    def __get__(self, instance, owner):
        return self if instance is None else PyMethod_New(self, instance)

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)  # CPython itself calls call_fast_method


cdef object call_fast_method(PyObject *callee, PyObject *const *args, size_t flags, PyObject *names):
    cdef FastMethod method = <FastMethod>callee
    cdef Py_ssize_t count = PyVectorcall_NARGS(flags)
    if names == NULL and count and isinstance(<object>args[0], HasShortcuts):
        found = (<HasShortcuts><object>args[0]).attempt(method.kind, args + 1, count - 1)
        if found is not None:
            return found
    return PyObject_Vectorcall(method.function, args, flags, names)


cdef object call_object(PyObject *callee, PyObject *const *args, size_t flags, PyObject *names):
    """The same for ``f(x)``, where f is of a class that went through fast_calls."""
    cdef Py_ssize_t i, count = PyVectorcall_NARGS(flags)
    if names == NULL:
        found = (<HasShortcuts>callee).attempt("value", args, count)
        if found is not None:
            return found
    given = [<object>args[i] for i in range(count)]
    named = {name: <object>args[count + i] for i, name in enumerate(<tuple>names)} if names != NULL else {}
    return type(<object>callee).__call__(<object>callee, *given, **named)


cdef void set_vectorcall(CallableType *kind, void *object_, void *field):
    """Tell CPython that objects of this class are called by a field of theirs, which Cython cannot say of a class."""
    kind.tp_vectorcall_offset = <char *>field - <char *>object_
    kind.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL
    PyType_Modified(kind)


cdef FastMethod method = FastMethod("", None)
set_vectorcall(<CallableType *>FastMethod, <void *>method, &method.vectorcall)
(<CallableType *>FastMethod).tp_flags |= Py_TPFLAGS_METHOD_DESCRIPTOR  # f.grad(x) makes no bound method


def fast_calls(kind not None):
    """Class decorator: ``f(x)`` tries the shortcut of kind "value" first, without the look-up of ``__call__``.

    Classes derived from it have to ask for it themselves.
    """
    cdef HasShortcuts instance = kind.__new__(kind)
    set_vectorcall(<CallableType *>kind, <void *>instance, &instance.vectorcall)
    return kind


def fast_method(str kind not None):
    """Decorator: a method of a class derived from HasShortcuts that tries the object's shortcut of that kind first."""
    return lambda function: functools.update_wrapper(FastMethod(kind, function), function)
