# Blocks: block_py.py documents them; csrc/tape/blocks.c has the leaves.

cdef char *DOUBLE = b"d"
cdef char *INT32 = b"i"


cdef class Buffer:
    """One of the two arrays of a block, or of a listing's, for memoryview; it keeps their memory."""

    cdef Cells *cells
    cdef void *memory  # a listing's, or NULL
    cdef void *first
    cdef Py_ssize_t count, step
    cdef char *format

    def __getbuffer__(self, Py_buffer *view, int flags):
        view.buf = self.first
        view.obj = self
        view.len = self.count * self.step
        view.itemsize = self.step
        view.readonly = 0
        view.ndim = 1
        view.format = self.format if flags & PyBUF_FORMAT else NULL
        view.shape = &self.count if flags & PyBUF_ND else NULL
        view.strides = &self.step if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
        view.suboffsets = NULL
        view.internal = NULL

    def __dealloc__(self):
        if self.cells != NULL:
            tape_let_go(self.cells)
        free(self.memory)


cdef Buffer buffer_of(Cells *cells, bint grads):
    cdef Buffer buffer = Buffer.__new__(Buffer)
    tape_hold(cells)
    buffer.cells = cells
    buffer.count = cells.count
    buffer.step = sizeof(double)
    buffer.format = DOUBLE
    buffer.first = cells.cell + (cells.count if grads else 0)
    return buffer


@cython.final
cdef class Block:
    """Leaves whose values lie side by side in memory, and their grads too: two arrays that others may write to.

    ``values``: real numbers, one for each leaf; ``requires_grad``: of all of them, at first. Raises TypeError for
    what is no real number.
    """

    cdef Cells *cells
    cdef tuple given
    cdef readonly list leaves
    cdef Buffer value_buffer, grad_buffer

    def __cinit__(self, values, requires_grad=True):
        cdef Py_ssize_t i
        cdef Node *n
        cdef Var v
        cdef bint wanted = bool(requires_grad)
        numbers = errors.as_doubles(list(values), "values")
        self.cells = tape_cells(len(numbers))
        if self.cells == NULL:
            raise MemoryError
        self.leaves = []
        for i in range(len(numbers)):
            v = leaf(numbers[i])
            if wanted:
                tape_require(v.node, 1)  # of a leaf it does not fail
            tape_bind(v.node, self.cells, i)
            self.leaves.append(v)
        self.given = tuple(self.leaves)
        self.value_buffer, self.grad_buffer = buffer_of(self.cells, False), buffer_of(self.cells, True)

    def __dealloc__(self):
        if self.cells != NULL:
            tape_let_go(self.cells)

    @property
    def values(self):
        """A view of all values."""
        return _builtins.memoryview(self.value_buffer)

    @property
    def grads(self):
        """A view of all grads; those of leaves that want none say nothing."""
        return _builtins.memoryview(self.grad_buffer)

    @property
    def frozen(self):
        """The place of the first leaf that wants no grad, or -1."""
        cdef Py_ssize_t i
        for i in range(len(self.given)):
            if not (<Var>self.given[i]).node.flags & NODE_REQUIRES:
                return i
        return -1

    def __len__(self):
        return self.cells.count if self.cells != NULL else 0  # a collection may find it half made

    def _state(self):
        """Values, requires_grad and grads, for copies and pickles. var.py registers it with copyreg."""
        return self.values.tolist(), [v.requires_grad for v in self.given], self.grads.tolist()
