# Blocks: block_py.py documents them; csrc/tape/blocks.c has the leaves.

cdef char *DOUBLE = b"d"
cdef char *INT32 = b"i"


cdef class Buffer:
    """One of the two arrays of a block, or of an export's, for memoryview; it keeps their memory."""

    cdef Cells *cells
    cdef void *memory  # an export's, or NULL
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
        if self.cells.without_grad == 0:  # counted, since training asks at every step
            return -1
        for i in range(len(self.given)):
            if not (<Var>self.given[i]).node.flags & NODE_REQUIRES:
                return i
        return -1

    def __len__(self):
        return self.cells.count if self.cells != NULL else 0  # a collection may find it half made

    def _state(self):
        """Values, requires_grad and grads, for copies and pickles. var.py registers it with copyreg."""
        return self.values.tolist(), [v.requires_grad for v in self.given], self.grads.tolist()


# ---- many leaves at once, in plain C: nothing runs between two of them, no other thread and no handler of Ctrl-C.

cdef extern from "Python.h":
    int PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES, PyBUF_WRITABLE


cdef int take_doubles(Py_buffer *view, object array, str what, tuple vars, bint written) except -1:
    """A buffer of one float64 for each Var, of any shape, and the Vars looked at; the caller releases it."""
    cdef Py_ssize_t i, count = len(vars)
    kind = "writable C-contiguous buffer of float64" if written else "C-contiguous buffer of float64"
    for i in range(count):
        if type(vars[i]) is not Var:
            raise errors.no_var(i, vars[i])
    try:
        PyObject_GetBuffer(array, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (PyBUF_WRITABLE if written else 0))
    except (BufferError, TypeError, ValueError) as error:
        raise errors.no_buffer(what, array, kind, error) from None
    if view.format == NULL or view.format[0] != c"d" or view.format[1] != 0 or view.len != 8 * count:
        try:
            items = "B" if view.format == NULL else view.format.decode()
            length = view.len // view.itemsize if view.itemsize else 0
        finally:
            PyBuffer_Release(view)
        raise errors.wrong_buffer(what, count, length, items)
    return 0


def leaf_values(leaves, into=None):
    """The values of the Vars as numbers, also while compile records: a list of floats.

    ``into``: a writable C-contiguous buffer of as many float64, to be filled instead. Raises TypeError for what is
    no Var or no buffer, ValueError for a buffer of something else; nothing is written then.
    """
    cdef tuple vars = tuple(leaves)
    cdef Py_ssize_t i
    cdef Py_buffer view
    cdef double x
    cdef list found
    if into is None:
        found = [None] * len(vars)
        for i in range(len(vars)):
            v = vars[i]
            if type(v) is not Var:
                raise errors.no_var(i, v)
            found[i] = tape_value((<Var>v).node)
        return found
    take_doubles(&view, into, "into", vars, True)
    for i in range(len(vars)):
        x = tape_value((<Var>vars[i]).node)
        memcpy(<char *>view.buf + 8 * i, &x, 8)  # not assigned: it may be unaligned
    PyBuffer_Release(&view)


def add_grads(leaves, parts):
    """Add each part to the .grad of its Var, where that wants one: to all of them, or to none if it raises.

    ``parts``: a C-contiguous buffer of as many float64, or a list of numbers. A Var may be there more than once.
    Raises TypeError for what is no Var or no number, ValueError for a buffer of something else.
    """
    cdef tuple vars = tuple(leaves)
    cdef Py_ssize_t i
    cdef Py_buffer view
    cdef double *grad
    cdef double part
    take_doubles(&view, errors.as_doubles(parts, "parts"), "parts", vars, False)
    for i in range(len(vars)):
        grad = tape_grad((<Var>vars[i]).node)
        if grad != NULL:
            memcpy(&part, <char *>view.buf + 8 * i, 8)
            grad[0] += part
    PyBuffer_Release(&view)


def leaf_grads(leaves, into):
    """Whether all the Vars want a grad: if so, these are written to ``into``, if not, nothing is.

    ``into``: a writable C-contiguous buffer of as many float64. Raises TypeError for what is no Var or no buffer,
    ValueError for a buffer of something else.
    """
    cdef tuple vars = tuple(leaves)
    cdef Py_ssize_t i
    cdef Py_buffer view
    cdef bint all_want = True
    take_doubles(&view, into, "into", vars, True)
    for i in range(len(vars)):
        all_want = all_want and tape_grad((<Var>vars[i]).node) != NULL
    if all_want:
        for i in range(len(vars)):
            memcpy(<char *>view.buf + 8 * i, tape_grad((<Var>vars[i]).node), 8)
    PyBuffer_Release(&view)
    return all_want


def set_leaf_values(leaves, to):
    """Make the values of the leaves these numbers: of all of them, or of none.

    ``to``: a C-contiguous buffer of as many float64. Raises TypeError for what is no Var or no buffer, ValueError for
    a buffer of something else, AttributeError for a computed Var.
    """
    cdef tuple vars = tuple(leaves)
    cdef Py_buffer view
    take_doubles(&view, to, "to", vars, False)
    try:
        replace_values(vars, <const char *>view.buf)
    finally:
        PyBuffer_Release(&view)


def set_leaf_grads(leaves, to):
    """Make the .grad of each Var that wants one this number, or its own of these numbers.

    ``to``: a number, or a C-contiguous buffer of as many float64. Raises TypeError for what is no Var, number or
    buffer, ValueError for a buffer of something else; then none has changed.
    """
    cdef tuple vars = tuple(leaves)
    cdef Py_ssize_t i
    cdef Py_buffer view
    cdef double *grad
    cdef double one = 0.0
    cdef bint many = not isinstance(to, (float, int))
    if many:
        take_doubles(&view, to, "to", vars, False)
    else:
        one = real(to, "to")
        for i, x in enumerate(vars):
            if type(x) is not Var:
                raise errors.no_var(i, x)
    for i in range(len(vars)):
        grad = tape_grad((<Var>vars[i]).node)
        if grad != NULL:
            memcpy(grad, <char *>view.buf + 8 * i if many else <char *>&one, 8)
    if many:
        PyBuffer_Release(&view)


cdef bint gather_leaves(tuple vars, double *values, double *grads) noexcept:
    """Write the values and grads of leaves side by side; False at what is no leaf with a grad."""
    cdef Py_ssize_t i
    cdef Node *n
    cdef double *grad
    for i in range(len(vars)):
        if type(vars[i]) is not Var:
            return False
        n = (<Var>vars[i]).node
        grad = tape_grad(n)
        if grad == NULL or not n.flags & NODE_LEAF:
            return False
        values[i], grads[i] = tape_value(n), grad[0]
    return True


cdef int replace_values(tuple vars, const char *to) except -1:
    """Give each of these Vars its number of these doubles; AttributeError or MemoryError, and none has changed."""
    cdef Var v
    for v in vars:
        look_at_leaf(v)
    return edit_all(vars, to)


cdef int look_at_leaf(Var v) except -1:
    """That its value may be set."""
    if not v.node.flags & NODE_LEAF:
        raise errors.computed_value(v.prev_op)
    if recorder() is not None:
        recorder().leave(v, ".value =")
    renew(v)
    return 0


cdef int edit_all(tuple vars, const char *to) except -1:
    """Give each leaf its number of these doubles; MemoryError, and none has changed."""
    cdef Py_ssize_t i
    cdef Var v
    cdef Node *n
    cdef double x
    cdef double *before = <double *>malloc((len(vars) + 1) * sizeof(double))
    if before == NULL:
        raise MemoryError
    for i in range(len(vars)):
        v = vars[i]
        before[i] = tape_value(v.node)
        memcpy(&x, to + 8 * i, 8)
        n = tape_edit(v.node, x)
        if n == NULL:
            while i > 0:  # back again: what was edited just now is in no graph yet, so this needs no memory
                i -= 1
                v = vars[i]
                v.node = tape_edit(v.node, before[i])
            free(before)
            raise MemoryError
        v.node = n
    free(before)
    return 0


def descend(leaves, lr):
    """Take lr times its .grad from the value of each leaf, and make its .grad 0: of all of them, or of none.

    A Var may be there more than once, and moves once. Raises TypeError for what is no Var or no number,
    AttributeError for a computed Var or one that wants no grad.
    """
    cdef double rate = real(lr, "lr")
    cdef tuple vars = tuple(leaves)
    cdef Py_ssize_t i
    cdef Var v
    cdef double *to
    for i in range(len(vars)):
        if type(vars[i]) is not Var:
            raise errors.no_var(i, vars[i])
    vars = tuple(dict.fromkeys(vars))
    for v in vars:
        if v.node.flags & NODE_LEAF and tape_grad(v.node) == NULL:
            raise errors.no_grad_attribute(None)
        look_at_leaf(v)
    to = <double *>malloc((len(vars) + 1) * sizeof(double))
    if to == NULL:
        raise MemoryError
    for i in range(len(vars)):
        v = vars[i]
        if tape_grad(v.node) == NULL:  # code of others ran meanwhile, at a look-up of the recorder
            free(to)
            raise errors.no_grad_attribute(None)
        to[i] = tape_value(v.node) - rate * tape_grad(v.node)[0]
    try:
        edit_all(vars, <const char *>to)
        for v in vars:
            tape_grad(v.node)[0] = 0.0
    finally:
        free(to)
