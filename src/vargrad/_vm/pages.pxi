# Arrays for results: csrc/vm/pages.h.


cdef class ResultMemory:
    """Memory of one large result, given back when its last array is freed."""

    cdef void *at
    cdef size_t bytes

    def __cinit__(self, size_t bytes):
        self.at = pages_take(bytes)
        if self.at == NULL:
            raise MemoryError(f"no memory for a result of {bytes} bytes")
        self.bytes = bytes

    def __dealloc__(self):
        pages_give(self.at, self.bytes)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.at, self.bytes, 0, flags)


def empty(size_t count):
    """An uninitialised array of so many float64; a large one reuses the memory of a former result."""
    import numpy

    if count < PAGES_LEAST // sizeof(double) or count > SIZE_MAX // 16:
        return numpy.empty(count)
    return numpy.frombuffer(ResultMemory(count * sizeof(double)), numpy.float64)


spare_bytes_limit = PAGES_MOST


def spare_bytes():
    """How many bytes of former results wait to be reused.

    >>> spare_bytes() <= spare_bytes_limit
    True
    """
    return pages_spare()
