# Arrays for results: csrc/vm/pages.h.


cdef class Block:
    """Memory of one result, which goes back when the last array over it is gone."""

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
    """An array of so many float64, of any value: numpy.empty, but that a large one takes the place of one let go."""
    import numpy

    if count < PAGES_LEAST // sizeof(double) or count > SIZE_MAX // 16:
        return numpy.empty(count)
    return numpy.frombuffer(Block(count * sizeof(double)), numpy.float64)


kept_bytes_limit = PAGES_MOST


def kept_bytes():
    """How much memory of results that are gone is kept for the next.

    >>> kept_bytes() <= kept_bytes_limit
    True
    """
    return pages_kept()
