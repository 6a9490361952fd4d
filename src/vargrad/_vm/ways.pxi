# Methods that try the object's shortcuts first. ways.py says what a way of calling is.

import functools

from vargrad._vm.ways import MOST_ARRANGEMENTS, MOST_WAYS, arrangement, is_plain

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


cdef class Way:
    """A shortcut, and what a call must have for it."""

    cdef object shortcut, argnums
    cdef tuple names
    cdef Py_ssize_t positional

    def __cinit__(self, shortcut, tuple names, Py_ssize_t positional, argnums):
        self.shortcut, self.names, self.positional, self.argnums = shortcut, names, positional, argnums


cdef class Arranged:
    """A way with the places of its arguments among those of calls with certain names."""

    cdef Way way
    cdef Py_ssize_t count, argnums, out
    cdef size_t arguments
    cdef Py_ssize_t place[FEW_ARGUMENTS]

    def __cinit__(self, Way way, Py_ssize_t count, places, Py_ssize_t argnums, Py_ssize_t out):
        self.way, self.count, self.argnums, self.out = way, count, argnums, out
        self.arguments = len(places)
        if self.arguments > FEW_ARGUMENTS:
            raise ValueError(f"{self.arguments} arguments: expected at most {FEW_ARGUMENTS}")
        for i, place in enumerate(places):
            self.place[i] = place


cdef bint same_argnums(given, kept) noexcept:
    """Whether these are equal, of types whose comparison is Python's own."""
    if given is kept:
        return True
    if type(given) is int:
        return type(kept) is int and given == kept
    return type(given) is tuple and type(kept) is tuple and is_plain(given) and given == kept


cdef object taken(shortcut, PyObject *const *args, size_t count, out):
    cdef size_t i
    if type(shortcut) is not Shortcut:  # one of the pure machine
        return shortcut(tuple([<object>args[i] for i in range(count)]), out)
    if out is not None:
        return (<Shortcut>shortcut).take_into(args, count, out)
    return (<Shortcut>shortcut).take(args, count)


cdef class HasShortcuts:
    """An object whose fast methods have shortcuts, for each kind of output some ways of calling."""

    cdef vectorcallfunc vectorcall
    cdef dict shortcuts  # for calls with arguments by position alone, the newest of each kind
    cdef dict ways  # of each kind, by their keys, the oldest first
    cdef dict arranged  # of each kind, by the names of a call: which ways fit

    def __cinit__(self, *args, **kwargs):
        self.vectorcall = <vectorcallfunc>call_object
        self.shortcuts, self.ways, self.arranged = {}, {}, {}

    cdef object attempt(self, str kind, PyObject *const *args, size_t count):
        """The result of the shortcut of that kind; None if there is none, or if it declines the call."""
        cdef size_t i
        cdef PyObject *known = PyDict_GetItem(self.shortcuts, kind)
        if known == NULL:
            return None
        shortcut = <object>known  # held: the call may end with another one in its place
        if type(shortcut) is Shortcut:
            found = (<Shortcut>shortcut).take(args, count)
        else:
            found = shortcut(tuple([<object>args[i] for i in range(count)]))  # one of the pure machine
        return self.attempt_others(kind, args, count, (), shortcut) if found is None else found

    cdef object attempt_others(self, str kind, PyObject *const *args, size_t count, tuple names, tried):
        """The result of the first way that fits these names and does not decline; None if there is none."""
        cdef Arranged arranged
        cdef PyObject *ordered[FEW_ARGUMENTS]
        cdef PyObject *known = PyDict_GetItem(self.arranged, kind)
        cdef size_t i
        cdef list fitting
        if known == NULL:
            return None
        by_names = <dict>known
        known = PyDict_GetItem(by_names, names)
        fitting = self.arrange(kind, by_names, names) if known == NULL else <list>known
        for arranged in fitting:
            if arranged.count != <Py_ssize_t>count or arranged.way.shortcut is tried:
                continue
            argnums = None if arranged.argnums < 0 else <object>args[arranged.argnums]
            if not same_argnums(argnums, arranged.way.argnums):
                continue
            for i in range(arranged.arguments):
                ordered[i] = args[arranged.place[i]]
            out = None if arranged.out < 0 else <object>args[arranged.out]
            found = taken(arranged.way.shortcut, ordered, arranged.arguments, out)
            if found is not None:
                return found
        return None

    cdef list arrange(self, str kind, dict by_names, tuple names):
        """The ways that calls with these names may go, whatever the number of arguments by position."""
        cdef Way way
        cdef list fitting = []
        for way in list(self.ways.get(kind, {}).values()):
            count = way.positional + (kind == "hvp")
            found = arrangement(kind, way.names, way.positional, count, names)
            if found is not None:
                fitting.append(Arranged(way, count, *found))
        if len(by_names) >= MOST_ARRANGEMENTS:
            by_names.clear()
        by_names[names] = fitting
        return fitting

    def _shortcut_of(self, str kind not None, key):
        """The shortcut of calls of that kind with this key; None if there is none."""
        cdef Way way = self.ways.get(kind, {}).get(key)
        return None if way is None else way.shortcut

    def _add_way(self, str kind not None, key, shortcut not None, tuple names not None, Py_ssize_t positional, argnums):
        """Let calls of that kind try this shortcut first.

        ``key``: what the way is remembered by. ``names``, ``positional``: see ways.arrangement. ``argnums``: what the
        call gave as that; a way is only remembered for an int, a tuple of ints and None.
        """
        if not is_plain(argnums):
            return
        ways = self.ways.setdefault(kind, {})
        ways[key] = Way(shortcut, names, positional, argnums)
        while len(ways) > MOST_WAYS:
            del ways[next(iter(ways))]
        self.arranged[kind] = {}
        if argnums is None and positional == len(names):
            self.shortcuts[kind] = shortcut

    def _count_ways(self):
        """How many ways are remembered."""
        return sum(map(len, self.ways.values()))

    def _drop_ways(self):
        """No shortcuts any more; those that somebody holds, such as a bound call, decline."""
        cdef Way way
        for ways in self.ways.values():
            for way in ways.values():
                way.shortcut.batches = False
        self.shortcuts, self.ways, self.arranged = {}, {}, {}


cdef class FastMethod:
    """A Python function as a method: a call tries the object's shortcuts first.

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
    if count and isinstance(<object>args[0], HasShortcuts):
        if names == NULL:
            found = (<HasShortcuts><object>args[0]).attempt(method.kind, args + 1, count - 1)
        else:
            found = (<HasShortcuts><object>args[0]).attempt_others(
                method.kind, args + 1, count - 1, <tuple>names, None
            )
        if found is not None:
            return found
    return PyObject_Vectorcall(method.function, args, flags, names)


cdef object call_object(PyObject *callee, PyObject *const *args, size_t flags, PyObject *names):
    """The same for ``f(x)``, where f is of a class that went through fast_calls."""
    cdef Py_ssize_t i, count = PyVectorcall_NARGS(flags)
    if names == NULL:
        found = (<HasShortcuts>callee).attempt("value", args, count)
    else:
        found = (<HasShortcuts>callee).attempt_others("value", args, count, <tuple>names, None)
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
