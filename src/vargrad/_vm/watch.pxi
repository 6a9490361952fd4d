# What runs while a function is recorded, and whether places hold the same objects as before: see watch_py.py.

from cpython.dict cimport PyDict_GetItemWithError
from cpython.tuple cimport PyTuple_GET_ITEM

cdef extern from "Python.h":
    bint PyCell_Check(object)
    PyObject *PyCell_GET(object)

    ctypedef struct PyFrameObject:
        pass

    ctypedef int (*Py_tracefunc)(PyObject *, PyFrameObject *, int, PyObject *) except -1
    void PyEval_SetProfile(Py_tracefunc function, PyObject *)
    PyObject *PyFrame_GetCode(PyFrameObject *)
    bint PyCFunction_Check(object)
    void *PyCFunction_GetFunction(object)
    int PyTrace_CALL, PyTrace_C_CALL
    void Py_DECREF(PyObject *)


cdef class Watch:
    """Places by what holds them, and the objects that were there."""

    cdef list places
    cdef object rest, missing

    def __init__(self, missing=None):
        self.places, self.rest, self.missing = [], None, missing

    def set(self, places, rest):
        """Watch these from now on."""
        for holder, key, held in places:
            if not (PyCell_Check(holder) or isinstance(holder, dict)):
                raise TypeError(f"a place is within a dict or a cell, not {type(holder).__name__}")
        self.places, self.rest = list(places), rest

    def same(self):
        """Whether each place holds its object still."""
        return self.holds()

    cdef bint holds(self) except -1:
        cdef tuple place
        cdef list places = self.places  # a dict's keys may compare by code that sets others
        cdef PyObject *now
        for place in places:
            holder = <object>PyTuple_GET_ITEM(place, 0)
            if PyCell_Check(holder):
                now = PyCell_GET(holder)
            else:
                now = PyDict_GetItemWithError(holder, <object>PyTuple_GET_ITEM(place, 1))
            if now == NULL:
                now = <PyObject *>self.missing
            if now != PyTuple_GET_ITEM(place, 2):
                return False
        return self.rest is None or self.rest()


cdef class Calls:
    """Tells of the code and the builtin functions that are called in this thread, as a profiler is told."""

    cdef object on_code, on_builtin
    cdef set codes, harmless

    def __init__(self, on_code, on_builtin):
        self.on_code, self.on_builtin = on_code, on_builtin
        self.codes, self.harmless = set(), set()

    def run(self, function, tuple args, dict named):
        """Call the function, and tell meanwhile. Between two lines here no interrupt comes."""
        PyEval_SetProfile(note_call, <PyObject *>self)
        try:
            return function(*args, **named)
        finally:
            PyEval_SetProfile(NULL, NULL)


cdef int note_call(PyObject *notes, PyFrameObject *frame, int what, PyObject *argument) except -1:
    cdef Calls calls
    cdef PyObject *code
    if what == PyTrace_CALL:
        calls = <Calls>notes
        code = PyFrame_GetCode(frame)
        try:
            if <object>code not in calls.codes:
                calls.codes.add(<object>code)
                calls.on_code(<object>frame)
        finally:
            Py_DECREF(code)
    elif what == PyTrace_C_CALL:
        calls = <Calls>notes
        function = <object>argument
        kind = <size_t>PyCFunction_GetFunction(function) if PyCFunction_Check(function) else type(function)
        if kind not in calls.harmless and calls.on_builtin(<object>frame, function):
            calls.harmless.add(kind)
    return 0
