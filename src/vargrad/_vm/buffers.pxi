# Buffers of the caller's arrays, held during a call of the machine, and the errors for arrays that do not fit.


cdef class Buffers:
    """Any number of buffers, released together."""

    cdef Py_buffer *view
    cdef size_t count

    def __cinit__(self, size_t capacity, size_t inputs=0, size_t outputs=0):
        self.count = 0
        self.view = <Py_buffer *>machine_memory((capacity + 1) * sizeof(Py_buffer))
        if self.view == NULL:
            raise MemoryError()

    def __dealloc__(self):
        cdef size_t i
        for i in range(self.count):
            PyBuffer_Release(&self.view[i])
        free(self.view)

    cdef Py_buffer *take(
        self, array, str name, Py_ssize_t index, bint doubles, int dimensions, bint written
    ) except NULL:
        """A C-contiguous buffer of float64 or int32, or a ValueError that says what ``name`` (or its item) is."""
        cdef Py_buffer *view = &self.view[self.count]
        cdef bint fits
        try:
            PyObject_GetBuffer(array, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (PyBUF_WRITABLE if written else 0))
        except (BufferError, TypeError, ValueError) as error:
            reason = f"{type(array).__name__} is not {kind(doubles, written)} ({error})"
            raise ValueError(f"{item_name(name, index)}: {reason}") from None
        self.count += 1
        fits = view.format != NULL and view.format[0] != 0 and view.format[1] == 0
        if fits and doubles:
            fits = view.format[0] == c"d" and view.itemsize == 8
        elif fits:
            fits = (view.format[0] == c"i" or view.format[0] == c"l") and view.itemsize == 4
        if not fits:
            items = (view.format or b"B").decode()
            raise ValueError(f"{item_name(name, index)}: items are {items!r}, expected {kind(doubles, written)}")
        if dimensions != ANY and view.ndim != dimensions and not (dimensions == ONE_OR_TWO and 1 <= view.ndim <= 2):
            expected = "1 or 2" if dimensions == ONE_OR_TWO else dimensions
            raise ValueError(f"{item_name(name, index)} has {view.ndim} dimensions, expected {expected}")
        if <uintptr_t>view.buf % <size_t>view.itemsize:
            raise ValueError(f"{item_name(name, index)} is not aligned to its items: copy it")
        return view


cdef str kind(bint doubles, bint written):
    return f"a C-contiguous{' writable' if written else ''} array of {'float64' if doubles else 'int32'}"


cdef str item_name(str name, Py_ssize_t index):
    return name if index < 0 else f"{name}[{index}]"


cdef int by_address(const void *a, const void *b) noexcept nogil:
    cdef uintptr_t x = (<const uintptr_t *>a)[0], y = (<const uintptr_t *>b)[0]
    return -1 if x < y else x > y


cdef class BatchRun(Buffers):
    """A call of run(): its arrays, the next row to be done, and whether its workers are to stop."""

    cdef double *scalar
    cdef const double **input
    cdef double **output
    cdef unsigned char *broadcast
    cdef size_t inputs, outputs, rows, next, chunk
    cdef bint staged, stop, whole
    cdef str counted  # whose rows are counted, for messages
    cdef double *parts  # sums of each segment, instead of outputs; NULL: none are wanted
    cdef double *stays  # for sums: where the last output goes, or NULL
    cdef OwnedPlan plan_owner
    cdef Plan *plan

    def __cinit__(self, size_t arrays, size_t inputs, size_t outputs):
        self.inputs = inputs
        self.outputs = outputs
        self.counted = "out has"
        self.scalar = <double *>machine_array(inputs + 1, sizeof(double))
        self.input = <const double **>machine_array(inputs + 1, sizeof(double *))
        self.output = <double **>machine_array(outputs + 1, sizeof(double *))
        self.broadcast = <unsigned char *>machine_array(inputs + 1, 1)
        if self.scalar == NULL or self.input == NULL or self.output == NULL or self.broadcast == NULL:
            raise MemoryError()

    def __dealloc__(self):
        free(self.scalar)
        free(self.input)
        free(self.output)
        free(self.broadcast)
        free(self.parts)

    cdef int take_all(self, inputs, outs) except -1:
        """Pointers to the rows of every input and output; a 2-d array is several of them."""
        cdef size_t i, j, k = 0, count, rows
        cdef Py_buffer *view
        for i in range(<size_t>len(outs)):
            view = self.take(outs[i], "out", i, True, ONE_OR_TWO, True)
            rows = view.shape[view.ndim - 1]
            count = view.shape[0] if view.ndim == 2 else 1
            if i == 0:
                self.rows = rows
            elif self.rows != rows:
                raise ValueError(f"out[{i}] has {rows} rows, out[0] has {self.rows}: expected as many")
            for j in range(min(count, self.outputs - k)):
                self.output[k + j] = <double *>view.buf + j * rows
            k += count
            if k > self.outputs:
                break
        if k != self.outputs:
            raise ValueError(f"the program has {self.outputs} outputs; got {k} arrays{' or more' * (k > self.outputs)}")
        self.take_inputs(inputs)
        return self.overlap(self.inputs, self.outputs)

    cdef int take_inputs(self, inputs) except -1:
        """Pointers to the rows of every input, of which there are as many as is said, or one."""
        cdef size_t i, j, k = 0, count, rows
        cdef Py_buffer *view
        for i in range(<size_t>len(inputs)):
            view = self.take(inputs[i], "inputs", i, True, ONE_OR_TWO, False)
            rows = view.shape[view.ndim - 1]
            count = view.shape[0] if view.ndim == 2 else 1
            if rows != 1 and rows != self.rows and self.outputs:
                raise ValueError(f"inputs[{i}] has {rows} rows, {self.counted} {self.rows}: expected as many, or 1")
            for j in range(min(count, self.inputs - k)):
                self.input[k + j] = <const double *>view.buf + j * rows
                if rows == 1:
                    self.scalar[k + j] = self.input[k + j][0]  # now: a worker may start after an output is written
                    self.input[k + j] = &self.scalar[k + j]
                    self.broadcast[k + j] = 1
            k += count
            if k > self.inputs:
                break
        if k != self.inputs:
            raise ValueError(f"the program takes {self.inputs} inputs; got {k}{' or more' * (k > self.inputs)}")
        return 0

    cdef int overlap(self, size_t inputs, size_t outputs) except -1:
        """Whether outputs are inputs, row by row; anything between that and apart is an error."""
        cdef size_t i, n = 0, length = self.rows * sizeof(double)
        cdef uintptr_t here, written = 0, read = 0, read_before = 0  # the last output and the last two inputs below
        cdef uintptr_t *at = <uintptr_t *>machine_memory((inputs + outputs + 1) * sizeof(uintptr_t))
        if at == NULL:
            raise MemoryError()
        for i in range(outputs):
            at[n] = <uintptr_t>self.output[i] | 1  # addresses are even, so an output comes after an input of the same
            n += 1
        for i in range(inputs):
            if not self.broadcast[i]:
                at[n] = <uintptr_t>self.input[i]
                n += 1
        qsort(at, n, sizeof(uintptr_t), by_address)
        cdef bint bad = False
        for i in range(n):
            here = at[i] & ~<uintptr_t>1
            bad = bad or here - written < length
            if at[i] & 1:
                self.staged = self.staged or read == here
                bad = bad or here - (read_before if read == here else read) < length
                written = here
            elif here != read:
                read_before, read = read, here
        free(at)
        if bad:
            raise ValueError("out overlaps another array without being the same rows of it: copy one of them")
        return 0
