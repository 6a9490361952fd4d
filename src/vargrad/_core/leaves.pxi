# Many leaves at once, in plain C: nothing runs between two of them, no other thread and no handler of Ctrl-C.

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
