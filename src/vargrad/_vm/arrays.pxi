# Arrays of float64, through NumPy's C interface: asking for a buffer takes longer than a small gradient.

cdef extern from *:
    """
    #define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
    """

cimport numpy

numpy.import_array()

import numpy as _numpy

# Scalars that convert without loss or question; float64 is a float.
cdef frozenset SCALAR_TYPES = frozenset(
    getattr(_numpy, name)
    for name in ("float16", "float32", "bool_", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
)

cdef enum:
    MOST_DIMENSIONS = numpy.NPY_MAXDIMS
    FEW_ARGUMENTS = 16

cdef long long MOST_EXACT = 1LL << 53  # larger ints may be of another type in an array

ctypedef struct Shape:
    numpy.npy_intp dimension[MOST_DIMENSIONS]
    numpy.npy_intp size
    int dimensions


cdef double *doubles_of(x, const Shape *shape) noexcept:
    """The numbers of a C-contiguous, aligned float64 array of that shape, which are there until Python code runs.

    NULL for anything else, subclasses of arrays too.
    """
    cdef int i
    if not numpy.PyArray_CheckExact(x):
        return NULL
    array = <numpy.ndarray>x
    if numpy.PyArray_NDIM(array) != shape.dimensions or numpy.PyArray_TYPE(array) != numpy.NPY_DOUBLE:
        return NULL
    if not numpy.PyArray_ISCARRAY_RO(array):
        return NULL
    for i in range(shape.dimensions):
        if numpy.PyArray_DIM(array, i) != shape.dimension[i]:
            return NULL
    return <double *>numpy.PyArray_DATA(array)


cdef object new_array(const Shape *shape):
    return numpy.PyArray_SimpleNew(shape.dimensions, <numpy.npy_intp *>shape.dimension, numpy.NPY_DOUBLE)


cdef object array_of(const double *x, const Shape *shape):
    """A new array of these numbers."""
    result = new_array(shape)
    memcpy(numpy.PyArray_DATA(<numpy.ndarray>result), x, shape.size * sizeof(double))
    return result


cdef bint is_real(int kind) noexcept:
    """Whether numbers of this kind convert to float64 as the general way converts them."""
    return numpy.NPY_BOOL <= kind <= numpy.NPY_DOUBLE or kind == numpy.NPY_FLOAT16


cdef numpy.ndarray as_doubles(x):
    """A C-contiguous array of float64 of the same numbers; None if ``x`` is no array or scalar of real numbers."""
    if numpy.PyArray_CheckExact(x):
        if not is_real(numpy.PyArray_TYPE(<numpy.ndarray>x)):
            return None
    elif type(x) not in SCALAR_TYPES:
        return None
    return numpy.PyArray_FROM_OTF(x, numpy.NPY_DOUBLE, numpy.NPY_ARRAY_CARRAY_RO | numpy.NPY_ARRAY_FORCECAST)


cdef bint scalar_of(x, double *at) except -1:
    """A scalar of NumPy, or an array without an axis, as a number; False for anything else."""
    if numpy.PyArray_CheckExact(x) and numpy.PyArray_NDIM(<numpy.ndarray>x):
        return False
    found = as_doubles(x)
    if found is None:
        return False
    at[0] = (<double *>numpy.PyArray_DATA(found))[0]
    return True


cdef bint items_of(x, const Shape *shape, int depth, Py_ssize_t size, double *at) except -1:
    """The numbers of lists or tuples in the depth of that shape; False for anything else. No code of others runs."""
    cdef Py_ssize_t i, n = shape.dimension[depth]
    cdef PyObject *const *item
    if not (type(x) is list or type(x) is tuple) or len(x) != n:
        return False
    item = PySequence_Fast_ITEMS(x)
    size //= n
    for i in range(n):
        y = <object>item[i]
        if depth + 1 < shape.dimensions:
            if not items_of(y, shape, depth + 1, size, at + i * size):
                return False
        elif PyFloat_CheckExact(y):
            at[i] = PyFloat_AS_DOUBLE(y)
        elif type(y) is int and -MOST_EXACT <= y <= MOST_EXACT:
            at[i] = PyFloat_AsDouble(y)
        else:
            return False
    return True


# ---- numbers of Python


cdef tuple floats(const double *x, size_t n):
    cdef tuple result = PyTuple_New(n)
    cdef size_t i
    for i in range(n):
        item = PyFloat_FromDouble(x[i])
        Py_INCREF(item)
        PyTuple_SET_ITEM(result, i, item)
    return result


cdef inline double number(x) except? -1.0:
    if PyFloat_CheckExact(x):
        return PyFloat_AS_DOUBLE(x)
    if isinstance(x, (float, int)):
        return PyFloat_AsDouble(x)
    raise TypeError(f"a point is of floats, not of {type(x).__name__}")


# ---- rows to columns and back, for long batches of vectors


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
