# Calls of one row, straight from the arguments to the machine. fastcall_py.py describes it.

from vargrad._core.var import add_grads, leaf_values
from vargrad._core.modes import thread as modes

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


cdef class Few
cdef object LEFT = object()  # returned for a row that fails a guard


cdef class Shortcut:
    """One row of arguments through a machine and into the shapes of its results."""

    cdef Machine machine
    cdef Shape *argument
    cdef Shape *part
    cdef size_t arguments, parts, inputs, outputs, width
    cdef bint pair, alone, numbers, adds, asks, straight
    cdef object leaves, side_traces
    cdef Machine guards
    cdef list outcomes
    cdef dict children
    cdef Shortcut last  # the side trace that took the last such row
    cdef public Watch watch  # what the recording read besides its arguments
    cdef public bint batches  # whether arrays of rows are taken, too: see few.pxi
    cdef public bint hvp  # whether the last argument is that of hvp, which has no rows of its own
    cdef Few few  # a spare one
    cdef Machine few_machine
    cdef OwnedPlan few_plan
    cdef unsigned char few_broadcast[FEW_ARGUMENTS]

    def __cinit__(
        self, Machine machine not None, arguments, parts, bint pair, bint alone, leaves=(), side_traces=None,
        bint adds=False, size_t width=0,
    ):
        cdef size_t i
        self.machine, self.pair, self.alone, self.adds, self.side_traces = machine, pair, alone, adds, side_traces
        self.width = width
        self.leaves = leaves if len(leaves) else None
        self.asks = adds or side_traces is not None or self.leaves is not None
        self.children = {}
        self.arguments, self.parts = len(arguments), len(parts)
        self.argument = shapes_of(arguments)
        self.part = shapes_of(parts)
        self.numbers = not any(parts) and not width
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

        if width and len(parts) % width:
            raise ValueError(f"{len(parts)} parts in tuples of {width}")

    def __dealloc__(self):
        free(self.argument)
        free(self.part)

    def __call__(self, tuple args not None, out=None):
        if out is not None:
            return self.take_into(PySequence_Fast_ITEMS(args), len(args), out)
        return self.take(PySequence_Fast_ITEMS(args), len(args))

    def into(self, tuple args not None, list targets not None):
        """Whether the results could be written to these arrays, one for each of them in their order."""
        if <size_t>len(args) != self.arguments or (self.watch is not None and not self.watch.holds()):
            return False
        return few_rows(self, PySequence_Fast_ITEMS(args), targets) is not None

    cdef object take_into(self, PyObject *const *args, size_t count, out):
        """The results in the caller's arrays; None if there is anything unusual about them or the arguments."""
        cdef list targets = []
        if count != self.arguments or (self.watch is not None and not self.watch.holds()):
            return None
        return few_rows(self, args, targets) if add_arrays(targets, out, 0) else None

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
            return few_rows(self, args, None) if found is None else found
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
        self.machine.ready()
        if self.straight:
            found = self.vector(args)
            if found is not None:
                return found
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
        self.guards.ready()
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
                    if not scalar_of(x, at):
                        return False
                else:
                    try:
                        at[0] = PyFloat_AsDouble(x)
                    except OverflowError:
                        return False
            else:
                given = doubles_of(x, shape)
                if given != NULL:
                    memcpy(at, given, shape.size * sizeof(double))
                elif shape.size == 0 or not items_of(x, shape, 0, shape.size, at):
                    return False
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
        return self.in_tuples(result)

    cdef object in_tuples(self, tuple parts):
        """The parts in tuples of ``width``, if they are a matrix."""
        if not self.width:
            return parts
        return tuple([parts[i : i + self.width] for i in range(0, len(parts), self.width)])

    cdef object assembled(self, tuple parts):
        """The results of these objects, one for each part."""
        cdef tuple rest = parts[1:] if self.pair else parts
        last = rest[0] if self.alone else self.in_tuples(rest)
        return (parts[0], last) if self.pair else last

    cdef object value(self, const double **x, size_t i):
        cdef const double *at = x[0]
        x[0] = at + self.part[i].size
        if self.part[i].dimensions == 0:
            return PyFloat_FromDouble(at[0])
        return array_of(at, &self.part[i])
