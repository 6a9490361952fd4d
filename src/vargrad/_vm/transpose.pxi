# Rows to columns and back, for long batches of vectors.


cdef void transpose(double *to, const double *x, size_t n, size_t m) noexcept nogil:
    """The n rows of m numbers as m rows of n, by tiles: NumPy goes through them number by number.

    8 by 8 are whole cache lines, also where rows are a power of two apart; 64 by 64 are few pages.
    """
    cdef size_t top, left, r, j, i, k, bottom, right
    for top in range(0, n, 64):
        bottom = min(top + 64, n)
        for left in range(0, m, 64):
            right = min(left + 64, m)
            for r in range(top, bottom, 8):
                for j in range(left, right, 8):
                    for k in range(j, min(j + 8, right)):
                        for i in range(r, min(r + 8, bottom)):
                            to[k * n + i] = x[i * m + k]


def transposed(x):
    """A new array of the transposed matrix; ``x``: a C-contiguous array of float64 with two dimensions, or ValueError.

    >>> import numpy
    >>> transposed(numpy.array([[1.0, 2.0, 3.0]])).tolist()
    [[1.0], [2.0], [3.0]]
    """
    cdef Buffers held = Buffers(1)
    cdef Py_buffer *view = held.take(x, "x", -1, True, 2, False)
    cdef size_t n = view.shape[0], m = view.shape[1]
    result = empty(n * m).reshape(m, n)
    cdef double *to = <double *>numpy.PyArray_DATA(<numpy.ndarray>result)
    with nogil:
        transpose(to, <const double *>view.buf, n, m)
    return result
