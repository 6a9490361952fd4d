# Batches of few rows, straight from the arguments to the machine: one pass over the arguments, no buffers and columns.
#
# The GIL is held from the first pointer to the last result, so that one workspace serves all calls, and nobody changes
# an array meanwhile. That takes a tenth of a millisecond at most; longer batches take the general way.

cdef enum:
    FEW_ROWS_BY_STEPS = 1 << 17
    FEW_COLUMNS = 1 << 10
    FEW_BYTES = 1 << 22
    ROWS_BETWEEN = 64  # rows that are transposed at once, into the first cache

cdef char *few_memory = NULL
cdef size_t few_bytes = 0


cdef char *few_workspace(size_t bytes) except NULL:
    """The workspace of such calls, at a multiple of 64 bytes; it is kept for the next one."""
    global few_memory, few_bytes
    if few_bytes < bytes + 64:
        free(few_memory)
        few_bytes = 0
        few_memory = <char *>machine_memory(bytes + 64)
        if few_memory == NULL:
            raise MemoryError()
        few_bytes = bytes + 64
    return few_memory + (64 - <uintptr_t>few_memory % 64)


cdef bint add_arrays(list found, out, int depth) except -1:
    """Add the arrays in tuples and lists, in their order; False if there is anything else."""
    if numpy.PyArray_CheckExact(out):
        found.append(out)
        return True
    if not (type(out) is tuple or type(out) is list) or depth > 3:
        return False
    for item in out:
        if not add_arrays(found, item, depth + 1):
            return False
    return True


ctypedef struct FewArgument:
    PyObject *array  # NULL: one number
    double number
    size_t lanes  # 1: the same for all rows
    double *data


cdef class Few:
    """One such call: its arguments in the order of the machine's inputs."""

    cdef Shortcut shortcut
    cdef Machine machine
    cdef list held, leaf_numbers, targets
    cdef FewArgument argument[FEW_ARGUMENTS]
    cdef Shape loop
    cdef size_t rows, inputs, outputs

    cdef bint take(self, PyObject *const *args) except -1:
        """Convert what is no array of float64; False for what the general way must see. Code of others may run."""
        cdef Shortcut s = self.shortcut
        cdef size_t i
        self.machine, leaves = s.machine, s.leaves
        if s.side_traces is not None:
            self.machine, leaves = s.side_traces.batch()
        self.leaf_numbers = None if leaves is None else leaf_values(leaves)
        for i in range(s.arguments):
            x = <object>args[i]
            self.argument[i].array = args[i]
            if PyFloat_CheckExact(x):
                self.argument[i].array = NULL
                self.argument[i].number = PyFloat_AS_DOUBLE(x)
            elif isinstance(x, float) or type(x) is int or type(x) is bool:
                self.argument[i].array = NULL
                try:
                    self.argument[i].number = PyFloat_AsDouble(x)
                except OverflowError:
                    return False
            elif not (
                numpy.PyArray_CheckExact(x) and numpy.PyArray_TYPE(<numpy.ndarray>x) == numpy.NPY_DOUBLE
                and numpy.PyArray_ISCARRAY_RO(<numpy.ndarray>x)
            ):
                converted = as_doubles(x)
                if converted is None:
                    return False
                if self.held is None:
                    self.held = []
                self.held.append(converted)
                self.argument[i].array = <PyObject *>converted
        return True

    cdef bint measure(self) noexcept:
        """Shapes of the rows and of each argument; False for unfit ones. Here and below no code of others runs."""
        cdef Shortcut s = self.shortcut
        cdef FewArgument *argument
        cdef const Shape *core
        cdef numpy.npy_intp from_right[MOST_DIMENSIONS]
        cdef numpy.npy_intp n
        cdef int j, split, dimensions = 0
        cdef size_t i, k
        for i in range(s.arguments):
            argument, core = &self.argument[i], &s.argument[i]
            argument.lanes = 1
            if argument.array == NULL:
                if core.dimensions:
                    return False
                continue
            array = <numpy.ndarray>argument.array
            if numpy.PyArray_TYPE(array) != numpy.NPY_DOUBLE or not numpy.PyArray_ISCARRAY_RO(array):
                return False
            split = numpy.PyArray_NDIM(array) - core.dimensions
            if split < 0:
                return False
            for j in range(core.dimensions):
                if numpy.PyArray_DIM(array, split + j) != core.dimension[j]:
                    return False
            for j in range(split):
                n = numpy.PyArray_DIM(array, split - 1 - j)
                if s.hvp and i + 1 == s.arguments and (j >= dimensions or (n != 1 and n != from_right[j])):
                    return False
                argument.lanes *= n
                if j >= dimensions:
                    from_right[j] = n
                    dimensions = j + 1
                elif from_right[j] == 1:
                    from_right[j] = n
                elif n != 1 and n != from_right[j]:
                    return False
            argument.data = <double *>numpy.PyArray_DATA(array)
        self.rows, self.loop.dimensions, self.loop.size = 1, dimensions, 1
        for j in range(dimensions):
            self.loop.dimension[dimensions - 1 - j] = from_right[j]
            self.rows *= from_right[j]
        for i in range(s.arguments):
            if self.argument[i].lanes != 1 and self.argument[i].lanes != self.rows:
                return False
        return 0 < self.rows <= FEW_ROWS_BY_STEPS // (self.machine.single.steps + 1)

    cdef bint shape_of(self, const Shape *core, Shape *shape) noexcept:
        """The shape of a result: of the rows, then of its core."""
        cdef int j
        if self.loop.dimensions + core.dimensions > MOST_DIMENSIONS:
            return False
        shape.dimensions = self.loop.dimensions + core.dimensions
        for j in range(self.loop.dimensions):
            shape.dimension[j] = self.loop.dimension[j]
        for j in range(core.dimensions):
            shape.dimension[self.loop.dimensions + j] = core.dimension[j]
        return True

    cdef bint holds(self) noexcept:
        """Whether all arrays are as they were, or code of others has changed one; looks at ``targets``, too."""
        cdef size_t i, k, rows = self.rows
        cdef Shape shape
        cdef Shortcut s = self.shortcut
        if not self.measure() or self.rows != rows:
            return False
        if self.targets is None:
            return True
        for i in range(s.parts):
            if not self.shape_of(&s.part[i], &shape) or not self.fits(self.targets[i], &shape, rows * s.part[i].size):
                return False
            for k in range(i):
                if may_touch(self.targets[i], self.targets[k]):
                    return False
        return True

    cdef bint fits(self, x, const Shape *shape, size_t size) noexcept:
        """Whether results may be written there: apart from all arguments."""
        cdef size_t i
        cdef uintptr_t here, there
        if not numpy.PyArray_ISCARRAY(<numpy.ndarray>x):
            return False
        here = <uintptr_t>doubles_of(x, shape)
        if here == 0:
            return False
        for i in range(self.shortcut.arguments):
            if self.argument[i].array == NULL:
                continue
            there = <uintptr_t>self.argument[i].data
            if here < there + 8 * self.argument[i].lanes * self.shortcut.argument[i].size and there < here + 8 * size:
                return False
        return True


cdef object few_rows(Shortcut s, PyObject *const *args, list targets):
    """The results of a call with arrays, in ``targets`` if these are given; None for what the general way must see."""
    cdef Few few = s.few
    if s.arguments > FEW_ARGUMENTS or not s.batches or s.adds or modes.recorder is not None:
        return None
    s.few = None  # another call may come meanwhile, from code of others
    if few is None:
        few = Few.__new__(Few)
    few.shortcut, few.targets = s, targets
    found = few_results(few, s, args, targets)
    few.shortcut, few.machine, few.targets, few.held, few.leaf_numbers = None, None, None, None, None
    s.few = few
    return found


cdef object few_results(Few few, Shortcut s, PyObject *const *args, list targets):
    cdef size_t i
    cdef Shape shape
    cdef tuple parts
    if not few.take(args):
        return None
    if few.machine.lanes is not None or few.machine.single.steps > QUICK:
        return None
    few.inputs, few.outputs = few.machine.program.inputs, few.machine.program.outputs
    if few.inputs + few.outputs > FEW_COLUMNS or (targets is not None and <size_t>len(targets) != s.parts):
        return None
    parts = PyTuple_New(s.parts)
    if not few.measure():
        return None
    for i in range(s.parts):
        if targets is not None and s.side_traces is None:
            part = targets[i]
        elif few.shape_of(&s.part[i], &shape):
            part = new_array(&shape)
        else:
            return None
        Py_INCREF(part)
        PyTuple_SET_ITEM(parts, i, part)
    if not run_few(few, parts):
        return None
    if targets is not None:
        if s.side_traces is None:
            return s.assembled(parts)
        for i in range(s.parts):  # nothing ran since they were looked at
            memcpy(
                numpy.PyArray_DATA(<numpy.ndarray>targets[i]), numpy.PyArray_DATA(<numpy.ndarray>parts[i]),
                few.rows * s.part[i].size * sizeof(double),
            )
        return s.assembled(tuple(targets))
    if few.loop.dimensions == 0:
        parts = tuple([
            PyFloat_FromDouble((<double *>numpy.PyArray_DATA(<numpy.ndarray>parts[i]))[0])
            if s.part[i].dimensions == 0 else parts[i] for i in range(s.parts)
        ])
    return s.assembled(parts)


cdef bint may_touch(a, b) noexcept:
    cdef uintptr_t here = <uintptr_t>numpy.PyArray_DATA(<numpy.ndarray>a)
    cdef uintptr_t there = <uintptr_t>numpy.PyArray_DATA(<numpy.ndarray>b)
    return (
        here < there + <size_t>numpy.PyArray_NBYTES(<numpy.ndarray>b)
        and there < here + <size_t>numpy.PyArray_NBYTES(<numpy.ndarray>a)
    )


cdef void into_columns(double *column, size_t stride, const double *x, size_t size, size_t n) noexcept nogil:
    cdef size_t j, r
    for j in range(size):
        for r in range(n):
            column[j * stride + r] = x[r * size + j]


cdef void from_columns(double *x, const double *column, size_t stride, size_t size, size_t n) noexcept nogil:
    cdef size_t j, r, first
    for first in range(0, size, 8):
        for r in range(n):
            for j in range(first, min(first + 8, size)):
                x[r * size + j] = column[j * stride + r]


cdef bint run_few(Few few, tuple parts) except -1:
    """Every row through the machine into the arrays; False if a row fails a guard, or an array has been changed."""
    cdef Shortcut s = few.shortcut
    cdef Machine machine = few.machine
    cdef size_t i, j, k, start, n, size, at, at_column, between = 0
    cdef size_t inputs = few.inputs, outputs = few.outputs, rows = few.rows, block = rows
    cdef size_t leaves = 0 if few.leaf_numbers is None else len(few.leaf_numbers)
    cdef unsigned char flags[FEW_ARGUMENTS]
    cdef unsigned char *broadcast
    cdef const double **input
    cdef double **output
    cdef double *number
    cdef double *column
    cdef double *stays
    cdef char *memory
    cdef OwnedPlan held = None
    k = leaves
    for i in range(s.arguments):
        size = s.argument[i].size
        k += size
        flags[i] = few.argument[i].lanes == 1
        if size > 1 and not flags[i]:
            between += size
    n = 0
    for i in range(s.parts):
        n += s.part[i].size
        if s.part[i].size > 1:
            between += s.part[i].size
    if k != inputs or n + (s.side_traces is not None) != outputs:
        return False
    if between and block > ROWS_BETWEEN:
        block = ROWS_BETWEEN
    if rows > 1:
        held = s.few_plan
        if held is None or s.few_machine is not machine or memcmp(flags, s.few_broadcast, s.arguments):
            broadcast = <unsigned char *>few_workspace(inputs + 1)
            k = 0
            for i in range(s.arguments):
                for j in range(s.argument[i].size):
                    broadcast[k] = flags[i]
                    k += 1
            for i in range(leaves):
                broadcast[k + i] = 1
            held = machine.plan_for(broadcast, False)
            s.few_plan, s.few_machine = held, machine
            memcpy(s.few_broadcast, flags, s.arguments)
        held.rows(rows, machine.mode)
    else:
        machine.ready()
    if not few.holds():  # objects made above let the garbage collector run code of others
        return False
    at = (2 * (inputs + outputs) + rows + (between + 1) * block) * sizeof(double)
    at = (at + 63) // 64 * 64
    size = at + (plan_workspace(held.plan) if held is not None else 0)
    if size > FEW_BYTES:
        return False
    memory = few_workspace(size)
    input = <const double **>memory
    output = <double **>(input + inputs)
    number = <double *>(output + outputs)
    stays = number + inputs + outputs
    column = stays + rows
    if rows == 1:
        k = 0
        for i in range(s.arguments):
            if few.argument[i].array == NULL:
                number[k] = few.argument[i].number
            else:
                memcpy(number + k, few.argument[i].data, s.argument[i].size * sizeof(double))
            k += s.argument[i].size
        for i in range(leaves):
            number[k + i] = few.leaf_numbers[i]
        machine.one_row(number, number + inputs)
        if s.side_traces is not None and number[inputs + outputs - 1] != 1.0:
            return False
        k = inputs
        for i in range(s.parts):
            memcpy(numpy.PyArray_DATA(<numpy.ndarray>parts[i]), number + k, s.part[i].size * sizeof(double))
            k += s.part[i].size
        return True
    for start in range(0, rows, block):
        n = min(block, rows - start)
        k = at_column = 0
        for i in range(s.arguments):
            size = s.argument[i].size
            if few.argument[i].array == NULL:
                number[k] = few.argument[i].number
                input[k] = number + k
            elif size == 1 or flags[i]:
                for j in range(size):
                    input[k + j] = few.argument[i].data + (j if flags[i] else start)
            else:
                into_columns(column + at_column * block, block, few.argument[i].data + start * size, size, n)
                for j in range(size):
                    input[k + j] = column + (at_column + j) * block
                at_column += size
            k += size
        for i in range(leaves):
            number[k + i] = few.leaf_numbers[i]
            input[k + i] = number + k + i
        k, between = 0, at_column
        for i in range(s.parts):
            size = s.part[i].size
            if size == 1:
                output[k] = <double *>numpy.PyArray_DATA(<numpy.ndarray>parts[i]) + start
            else:
                for j in range(size):
                    output[k + j] = column + (at_column + j) * block
                at_column += size
            k += size
        if s.side_traces is not None:
            output[k] = stays + start
        if start == 0:
            plan_prepare_few(held.plan, memory + at, input, n)
        plan_run(held.plan, memory + at, input, <double *const *>output, 0, n)
        if s.side_traces is not None:
            for i in range(n):
                if stays[start + i] != 1.0:
                    return False
        at_column = between
        for i in range(s.parts):
            size = s.part[i].size
            if size > 1:
                from_columns(
                    <double *>numpy.PyArray_DATA(<numpy.ndarray>parts[i]) + start * size,
                    column + at_column * block, block, size, n,
                )
                at_column += size
    return True
