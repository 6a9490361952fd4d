# Calls of one row, straight from the arguments to the machine. What it does, fastcall_py.py says.

from cpython.ref cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE

from vargrad._core.var import add_grads, leaf_values
from vargrad._core.modes import thread as modes

include "arrays.pxi"


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


cdef object DEPARTED = object()  # a row that does not stay on the path


cdef class Shortcut:
    """One row of arguments through a machine and into the shapes of its results."""

    cdef Machine machine
    cdef Shape *argument
    cdef Shape *part
    cdef size_t arguments, parts, inputs, outputs
    cdef bint pair, alone, numbers, adds, asks, straight
    cdef tuple dimensions
    cdef object leaves, departures
    cdef Machine guards
    cdef list expected
    cdef dict children
    cdef Shortcut last  # which took the last row that departed

    def __cinit__(
        self, Machine machine not None, arguments, parts, bint pair, bint alone, leaves=(), departures=None,
        bint adds=False,
    ):
        cdef size_t i
        find_numpy()
        self.machine, self.pair, self.alone, self.adds, self.departures = machine, pair, alone, adds, departures
        self.leaves = leaves if len(leaves) else None
        self.asks = adds or departures is not None or self.leaves is not None
        self.children = {}
        self.arguments, self.parts = len(arguments), len(parts)
        self.argument = shapes_of(arguments)
        self.part = shapes_of(parts)
        self.dimensions = tuple(map(tuple, parts))
        self.numbers = not any(parts)
        for i in range(self.arguments):
            self.inputs += self.argument[i].size
        self.inputs += len(leaves)
        for i in range(self.parts):
            self.outputs += self.part[i].size
        self.outputs += (len(leaves) if adds else 0) + (departures is not None)
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
        return self.take(args)

    cdef object take(self, tuple args):
        cdef Shortcut path
        if <size_t>PyTuple_GET_SIZE(args) != self.arguments:
            return None
        if self.asks and modes.recorder is not None:
            return None  # leaves are read, guards are decided: not while somebody records
        found = self.step(args)
        if found is not DEPARTED:
            return found
        path = self.last
        if path is not None:
            found = path.step(args)
            if found is not DEPARTED:
                return found
        path = self
        while found is DEPARTED:
            path = path.child(args)
            if path is None:
                return None
            found = path.step(args)
        self.last = path
        return found

    cdef object vector(self, tuple args):
        """The array that one array becomes, in place of both; None for arguments of another kind."""
        result = new_array(<tuple>self.dimensions[0])
        cdef double *to = doubles_of(result, &self.part[0])
        cdef const double *given = doubles_of(<object>PyTuple_GET_ITEM(args, 0), &self.argument[0])
        if given == NULL:
            return None
        if to == NULL:
            raise TypeError("numpy.empty() made no float64 array of the shape asked for")
        self.machine.one_row(given, to)
        return result

    cdef object step(self, tuple args):
        """The results, None for arguments of another kind, or DEPARTED."""
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
            if self.departures is not None and room[self.inputs + self.outputs - 1] != 1.0:
                return DEPARTED
            return self.results(room + self.inputs)
        finally:
            if room != few:
                free(room)

    cdef Shortcut child(self, tuple args):
        """Where the row goes, by the first guard that comes out otherwise; None if that is not recorded yet."""
        cdef double *room
        cdef size_t i, n
        if self.departures is None:
            return None
        if self.guards is None:
            guards, self.expected = self.departures.guards()
            self.guards = guards
        n = self.guards.program.outputs
        if self.guards.program.inputs > self.inputs or n != <size_t>len(self.expected):
            raise ValueError("guards: their program does not fit")
        room = <double *>machine_memory((self.inputs + n) * sizeof(double))
        if room == NULL:
            raise MemoryError()
        try:
            if not self.gather(args, room):
                return None
            self.guards.one_row(room, room + self.inputs)
            for i in range(n):
                if room[self.inputs + i] != <double>self.expected[i]:
                    break
            else:
                return None
            key = i, room[self.inputs + i]
        finally:
            free(room)
        found = self.children.get(key)
        if found is None:
            found = self.departures.child(key)
            if found is not None:
                self.children[key] = found
        return found

    cdef bint gather(self, tuple args, double *at) except -1:
        """All inputs; False for arguments of another kind."""
        cdef size_t i
        cdef const double *given
        cdef Shape *shape
        for i in range(self.arguments):
            shape = &self.argument[i]
            x = <object>PyTuple_GET_ITEM(args, i)
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
        return array_of(at, &self.part[i], <tuple>self.dimensions[i])


cdef inline object attempt(shortcut, tuple args):
    """What a shortcut returns, None if it declines or is none."""
    if type(shortcut) is Shortcut:
        return (<Shortcut>shortcut).take(args)
    return None if shortcut is None else shortcut(args)


cdef class Direct:
    """A compiled function's methods, by a shortcut where there is one and by ``_value`` and its like otherwise."""

    cdef object value_shortcut, value_and_grad_shortcut, grad_shortcut, jacobian_shortcut
    cdef object hessian_shortcut, hvp_shortcut, backward_shortcut

    def _keep(self, str what not None, shortcut):
        """Take this way from now on."""
        if what == "value":
            self.value_shortcut = shortcut
        elif what == "value_and_grad":
            self.value_and_grad_shortcut = shortcut
        elif what == "grad":
            self.grad_shortcut = shortcut
        elif what == "jacobian":
            self.jacobian_shortcut = shortcut
        elif what == "hessian":
            self.hessian_shortcut = shortcut
        elif what == "hvp":
            self.hvp_shortcut = shortcut
        elif what == "backward":
            self.backward_shortcut = shortcut
        else:
            raise ValueError(f"{what!r}: no shortcuts for it")

    def __call__(self, *args, **kwargs):
        """The function's value in every row.

        ``args``, ``kwargs``: numbers or arrays, of shapes that broadcast. ``out``: the array, or the tuple of arrays,
        to write results into; untouched if the call fails. ``workers``: threads to use. ``progress``: show a bar of the
        rows done, by tqdm. Floats in, floats out.
        """
        if not kwargs:
            found = attempt(self.value_shortcut, args)
            if found is not None:
                return found
        return self._value(*args, **kwargs)

    def value_and_grad(self, *args, **kwargs):
        """value_and_grad($self, /, *args, argnums=None, out=None, workers=1, progress=False, **kwargs)
--

        The pair of value and gradient, for a function of one number.

        ``out``, here and below: arrays for the results, in tuples or lists as they come.
        """
        if not kwargs:
            found = attempt(self.value_and_grad_shortcut, args)
            if found is not None:
                return found
        return self._value_and_grad(*args, **kwargs)

    def grad(self, *args, **kwargs):
        """grad($self, /, *args, argnums=None, out=None, workers=1, progress=False, **kwargs)
--

        The gradient of a function of one number: an array for one argument, else a tuple of them.

        ``argnums``: the positions to differentiate by, an int or several; all by default.
        """
        if not kwargs:
            found = attempt(self.grad_shortcut, args)
            if found is not None:
                return found
        return self._grad(*args, **kwargs)

    def jacobian(self, *args, **kwargs):
        """jacobian($self, /, *args, argnums=None, out=None, workers=1, progress=False, **kwargs)
--

        All first derivatives: loop shape + result's core + argument's core, for each result in its container."""
        if not kwargs:
            found = attempt(self.jacobian_shortcut, args)
            if found is not None:
                return found
        return self._jacobian(*args, **kwargs)

    def hessian(self, *args, **kwargs):
        """hessian($self, /, *args, argnums=None, out=None, workers=1, progress=False, **kwargs)
--

        All second derivatives of a function of one number: loop shape + both arguments' cores."""
        if not kwargs:
            found = attempt(self.hessian_shortcut, args)
            if found is not None:
                return found
        return self._hessian(*args, **kwargs)

    def hvp(self, *args, **kwargs):
        """hvp($self, /, *args, argnums=None, out=None, workers=1, progress=False, **kwargs)
--

        The Hessian times a vector: ``f.hvp(*args, v)``, v shaped like the argument, or a tuple for several."""
        if not kwargs:
            found = attempt(self.hvp_shortcut, args)
            if found is not None:
                return found
        return self._hvp(*args, **kwargs)

    def backward(self, *args, **kwargs):
        """backward($self, /, *args, workers=1, progress=False, **kwargs)
--

        Sum the value over all rows, and add the sum's derivatives to the .grad of closed-over leaves that want one.

        Returns the summed value. If it fails, no .grad has changed. ``progress``: show a bar, by tqdm.
        """
        if not kwargs:
            found = attempt(self.backward_shortcut, args)
            if found is not None:
                return found
        return self._backward(*args, **kwargs)
