# Var as a float, without its graph: it rounds, prints, and refuses to be converted. float_py.py is its twin.

cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    PyThreadState *PyThreadState_Get()
    void PyThreadState_EnterTracing(PyThreadState *)
    void PyThreadState_LeaveTracing(PyThreadState *)


cdef class Float(OpMethods):
    """The methods of Var that need only its value."""

    def __float__(self):
        if recorder() is not None:
            recorder().leave(self, "float()")
        errors.loses_derivative("float")

    def __int__(self):
        if recorder() is not None:
            recorder().leave(self, "int()")
        errors.loses_derivative("int")

    def __complex__(self):
        if recorder() is not None:
            recorder().leave(self, "complex()")
        errors.loses_derivative("complex")

    def as_integer_ratio(self):
        """Raises TypeError, as float(v) does."""
        if recorder() is not None:
            recorder().leave(self, ".as_integer_ratio()")
        raise errors.loses_in_a_ratio()

    def hex(self):
        """The value as text in base 16."""
        if recorder() is not None:
            recorder().leave(self, ".hex()")
        return tape_value((<Var>self).node).hex()

    def is_integer(self):
        """Whether the value has no fraction; a branch by it is recorded as a guard."""
        if recorder() is not None:
            return recorder().compare("eq", self % 1.0, 0.0)  # nan at inf
        return tape_value((<Var>self).node).is_integer()

    @property
    def real(self):
        """This Var."""
        return self

    @property
    def imag(self):
        """0.0"""
        return 0.0

    @staticmethod
    def fromhex(string, /):
        """A leaf whose value is written in base 16."""
        return Var(float.fromhex(string))

    @staticmethod
    def from_number(number, /):
        """A leaf of a real number: Var(number)."""
        return Var(number)

    @staticmethod
    def __getformat__(typestr, /):
        """What float says of C's numbers."""
        return float.__getformat__(typestr)

    def __round__(self, ndigits=None):
        return integer(<Var>self, "round", round) if ndigits is None else rounded(<Var>self, ndigits)

    def __floor__(self):
        return integer(<Var>self, "floor", _math.floor)

    def __ceil__(self):
        return integer(<Var>self, "ceil", _math.ceil)

    def __trunc__(self):
        return integer(<Var>self, "trunc", _math.trunc)

    def __format__(self, spec):
        if spec and recorder() is not None:
            recorder().leave(self, "format()")
        return format(tape_value((<Var>self).node), spec) if spec else repr(self)


cdef object recorded_comparison(Var v, object other, str how):
    if type(other) is not Var and type(other) is not float:
        found = foreign.bound(how, other, recorder(), v)
        if type(found) is not tuple:
            return found
        how, other = found
    cdef PyThreadState *thread = PyThreadState_Get()
    told = recorder()
    PyThreadState_EnterTracing(thread)
    try:
        return told.compare(how, v, other)
    finally:
        PyThreadState_LeaveTracing(thread)


cdef class Truth:
    """Base of conditions that a recorder keeps: bool() of one is what its method truth() says. """

    def __bool__(self):
        # compile() has a profiler note what a recorded function calls, under which Python runs three times as slow
        cdef PyThreadState *thread = PyThreadState_Get()
        PyThreadState_EnterTracing(thread)
        try:
            return self.truth()
        finally:
            PyThreadState_LeaveTracing(thread)


cdef object integer(Var v, str name, function):
    result = function(tape_value(v.node))
    rounding.rounded = name, result
    return result if recorder() is None else recorder().integer(v, name, result)
