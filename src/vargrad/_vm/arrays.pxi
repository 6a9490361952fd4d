# NumPy arrays without NumPy's headers, which a build must not need. Asking an array for its buffer takes longer than
# a small gradient, so its fields are read where NumPy's binary interface has them since 1.7; a real array is looked at
# first, and if anything is elsewhere, or there is no such array, the buffer protocol answers.

cdef extern from *:
    """
    typedef struct {
        PyObject_HEAD
        char *data;
        int nd;
        Py_ssize_t *dimensions, *strides;
        PyObject *base, *descr;
        int flags;
    } ArrayFields;
    #define ARRAY(x) ((ArrayFields *)(x))
    """
    ctypedef struct ArrayFields:
        char *data
        int nd, flags
        Py_ssize_t *dimensions
        Py_ssize_t *strides
        PyObject *base
        PyObject *descr
    ArrayFields *ARRAY(PyObject *x)

cdef enum:
    CONTIGUOUS_ALIGNED = 0x101
    MOST_DIMENSIONS = 64  # NumPy's own

ctypedef struct Shape:
    Py_ssize_t dimension[MOST_DIMENSIONS]
    Py_ssize_t size
    int dimensions

cdef object new_array = None  # numpy.empty
cdef object ndarray = None
cdef object double_type = None
cdef bint fields_known = False


cdef int find_numpy() except -1:
    """Import NumPy, once, and see whether its arrays are as expected."""
    global new_array, ndarray, double_type, fields_known
    if new_array is not None:
        return 0
    import numpy

    probe = numpy.zeros((3, 5))[1:]
    cdef ArrayFields *x = ARRAY(<PyObject *>probe)
    ndarray, double_type = numpy.ndarray, numpy.dtype(numpy.float64)
    if <size_t>ndarray.__basicsize__ >= sizeof(ArrayFields):
        fields_known = (
            x.nd == 2 and <uintptr_t>x.data == <uintptr_t>probe.__array_interface__["data"][0]
            and x.flags == probe.flags.num and x.flags & CONTIGUOUS_ALIGNED == CONTIGUOUS_ALIGNED
            and x.descr == <PyObject *>double_type and x.base == <PyObject *>probe.base
            and x.dimensions[0] == 2 and x.dimensions[1] == 5 and x.strides[0] == 40 and x.strides[1] == 8
        )
    new_array = numpy.empty
    return 0


def _read_fields(bint wanted):
    """For tests: read arrays' fields, or let the buffer protocol answer as it does where they are not as expected."""
    global fields_known, new_array
    fields_known, new_array = False, None
    find_numpy()
    fields_known = fields_known and wanted
    return fields_known


cdef double *doubles_of(x, const Shape *shape) except? NULL:
    """The numbers of a C-contiguous float64 array of that shape, there until Python code runs; NULL: it is none."""
    cdef ArrayFields *array
    if type(x) is not ndarray:
        return NULL
    if not fields_known:
        return through_buffer(x, shape)
    array = ARRAY(<PyObject *>x)
    if array.nd != shape.dimensions or array.descr != <PyObject *>double_type:
        return NULL
    if array.flags & CONTIGUOUS_ALIGNED != CONTIGUOUS_ALIGNED or not fits(array.dimensions, shape):
        return NULL
    return <double *>array.data


cdef bint fits(const Py_ssize_t *dimension, const Shape *shape) noexcept:
    cdef int i
    for i in range(shape.dimensions):
        if dimension[i] != shape.dimension[i]:
            return False
    return True


cdef double *through_buffer(x, const Shape *shape) except? NULL:
    cdef Py_buffer view
    cdef bint good
    try:
        PyObject_GetBuffer(x, &view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)
    except (BufferError, ValueError):
        return NULL
    good = view.ndim == shape.dimensions and fits(view.shape, shape)
    good = good and view.format[0] == c"d" and view.format[1] == 0 and <uintptr_t>view.buf % sizeof(double) == 0
    PyBuffer_Release(&view)  # x is the caller's
    return <double *>view.buf if good else NULL


cdef object array_of(const double *x, const Shape *shape, tuple dimensions):
    """A new array."""
    result = new_array(dimensions)
    cdef double *to = doubles_of(result, shape)
    if to == NULL:
        raise TypeError("numpy.empty() made no float64 array of the shape asked for")
    memcpy(to, x, shape.size * sizeof(double))
    return result
