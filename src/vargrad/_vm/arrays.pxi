# Arrays of float64, through NumPy's C interface: asking for a buffer takes longer than a small gradient.

cdef extern from *:
    """
    #define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
    """

cimport numpy

numpy.import_array()

cdef enum:
    MOST_DIMENSIONS = numpy.NPY_MAXDIMS

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
