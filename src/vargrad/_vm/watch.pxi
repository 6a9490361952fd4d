# What runs while a function is recorded, and whether places hold the same objects as before: see watch_py.py.

from cpython.dict cimport PyDict_GetItemWithError, PyDict_Next, PyDict_Size
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.string cimport memcmp

cdef extern from "Python.h":
    bint PyCell_Check(object)
    bint PyFunction_Check(object)
    PyObject *PyFunction_GET_DEFAULTS(PyObject *)
    PyObject *PyFunction_GET_KW_DEFAULTS(PyObject *)
    PyObject *PyFunction_GET_CODE(PyObject *)
    PyObject *PyCell_GET(object)

    ctypedef struct PyFrameObject:
        pass

    ctypedef int (*Py_tracefunc)(PyObject *, PyFrameObject *, int, PyObject *) except -1
    void PyEval_SetProfile(Py_tracefunc function, PyObject *)
    ctypedef struct PyCodeObject:
        pass
    PyCodeObject *PyFrame_GetCode(PyFrameObject *)
    bint PyCFunction_Check(object)
    void *PyCFunction_GetFunction(object)
    int PyTrace_CALL, PyTrace_C_CALL
    void Py_DECREF(PyObject *)
    object PyObject_GenericGetDict(object, void *)


cdef bint holds_items(list now, tuple items) noexcept:
    cdef Py_ssize_t i, n = PyTuple_GET_SIZE(items)
    if PyList_GET_SIZE(now) != n:
        return False
    for i in range(n):
        if PyList_GET_ITEM(now, i) != PyTuple_GET_ITEM(items, i):
            return False
    return True


cdef bint holds_entries(dict now, dict entries) noexcept:
    cdef PyObject *key
    cdef PyObject *value
    cdef PyObject *kept_key
    cdef PyObject *kept
    cdef Py_ssize_t at = 0, kept_at = 0
    if PyDict_Size(now) != PyDict_Size(entries):
        return False
    while PyDict_Next(entries, &kept_at, &kept_key, &kept):
        if not PyDict_Next(now, &at, &key, &value) or key != kept_key or value != kept:
            return False
    return True


cdef bint holds_elements(numpy.ndarray now, numpy.ndarray elements) noexcept:
    cdef int i, dimensions = numpy.PyArray_NDIM(elements)
    if numpy.PyArray_DESCR(now) != numpy.PyArray_DESCR(elements) or numpy.PyArray_NDIM(now) != dimensions:
        return False
    for i in range(dimensions):
        if numpy.PyArray_DIM(now, i) != numpy.PyArray_DIM(elements, i):
            return False
    if not (numpy.PyArray_IS_C_CONTIGUOUS(now) and numpy.PyArray_IS_C_CONTIGUOUS(elements)):
        return False
    return memcmp(numpy.PyArray_DATA(now), numpy.PyArray_DATA(elements), <size_t>numpy.PyArray_NBYTES(elements)) == 0


def fits(held, content):
    """Whether it is of the type with which what ``held`` holds is compared."""
    if isinstance(content, list):
        if len(content) != 2 or type(content[1]) is not list:
            return False
        outer, inner = content
        return (type(held) is tuple if outer is None else fits(held, outer)) and all([fits(y, c) for y, c in inner])
    if isinstance(held, (list, dict)):
        return type(content) is (tuple if isinstance(held, list) else dict)
    if numpy.PyArray_CheckExact(held):
        return numpy.PyArray_CheckExact(content) and not content.dtype.hasobject
    return type(content) is tuple and len(content) == 2 and type(content[1]) is dict and hasattr(held, "__dict__")


cdef bint holds_content(held, content) except -1:
    """Whether an object holds the same as then: no code of its own runs."""
    if isinstance(content, list):
        outer, inner = <list>content
        if outer is not None and not holds_content(held, outer):
            return False
        for y, c in <list>inner:
            if not holds_content(y, c):
                return False
        return True
    if isinstance(held, list):
        return holds_items(<list>held, <tuple>content)
    if isinstance(held, dict):
        return holds_entries(<dict>held, <dict>content)
    if numpy.PyArray_CheckExact(held):
        return holds_elements(<numpy.ndarray>held, <numpy.ndarray>content)
    kind, own = <object>PyTuple_GET_ITEM(content, 0), <object>PyTuple_GET_ITEM(content, 1)
    return type(held) is kind and holds_entries(<dict>PyObject_GenericGetDict(held, NULL), <dict>own)


cdef str OF_CODE = "__code__", OF_DEFAULTS = "__defaults__"
cdef dict OF_FUNCTIONS = {key: key for key in (OF_CODE, OF_DEFAULTS, "__kwdefaults__")}


cdef class Watch:
    """Places by what holds them, the objects that were there, and what these held."""

    cdef list places
    cdef object rest, missing

    def __init__(self, missing=None):
        self.places, self.rest, self.missing = [], None, missing

    def set(self, places, rest):
        """Watch these from now on."""
        cdef list known = []
        for holder, key, held, content in places:
            if PyFunction_Check(holder):
                key = OF_FUNCTIONS.get(key, key)  # the very object, so that looking at them need not compare strings
                if key not in OF_FUNCTIONS:
                    raise TypeError(f"a place in a function is its code or one of its defaults, not {key!r}")
            elif not (PyCell_Check(holder) or isinstance(holder, dict)):
                raise TypeError(f"a place is within a dict, a cell or a function, not {type(holder).__name__}")
            if content is not None and not fits(held, content):
                raise TypeError(f"what a {type(held).__name__} holds is no {type(content).__name__}")
            known.append((holder, key, held, content))
        self.places, self.rest = known, rest

    def same(self):
        """Whether each place holds its object still."""
        return self.holds()

    cdef bint holds(self) except -1:
        cdef Py_ssize_t i
        cdef list places = self.places  # a dict's keys may compare by code that sets others; no list of them changes
        cdef PyObject *place
        cdef PyObject *holder
        cdef PyObject *key
        cdef PyObject *now
        for i in range(PyList_GET_SIZE(places)):
            place = PyList_GET_ITEM(places, i)
            holder, key = PyTuple_GET_ITEM(<object>place, 0), PyTuple_GET_ITEM(<object>place, 1)
            if PyFunction_Check(<object>holder):
                if key == <PyObject *>OF_CODE:
                    now = PyFunction_GET_CODE(holder)
                elif key == <PyObject *>OF_DEFAULTS:
                    now = PyFunction_GET_DEFAULTS(holder)
                else:
                    now = PyFunction_GET_KW_DEFAULTS(holder)
            elif PyCell_Check(<object>holder):
                now = PyCell_GET(<object>holder)
            else:
                now = PyDict_GetItemWithError(<object>holder, <object>key)
            if now == NULL:
                now = <PyObject *>self.missing
            if now != PyTuple_GET_ITEM(<object>place, 2):
                return False
            key = PyTuple_GET_ITEM(<object>place, 3)
            if key != <PyObject *>None and not holds_content(<object>now, <object>key):
                return False
        return self.rest is None or self.rest()


cdef class Calls:
    """Tells of the code and the builtin functions that are called in this thread, as a profiler is told."""

    cdef object on_code, on_builtin
    cdef dict codes  # by identity: to hash a code object, and to compare it, is to walk through all its constants
    cdef set harmless

    def __init__(self, on_code, on_builtin):
        self.on_code, self.on_builtin = on_code, on_builtin
        self.codes, self.harmless = {}, set()

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
        code = <PyObject *>PyFrame_GetCode(frame)
        try:
            if <size_t>code not in calls.codes:
                calls.codes[<size_t>code] = <object>code
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
