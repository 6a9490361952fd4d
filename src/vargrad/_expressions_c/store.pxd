from libc.stdint cimport int32_t

cdef struct Entry:  # what is kept under an operation; node 0: nothing
    int32_t op, a, b, c, node


cdef class Store:
    cdef int *op
    cdef int *a
    cdef int *b
    cdef int *c
    cdef double *number
    cdef readonly int size
    cdef int place[256]
    cdef int room
    cdef Entry *entry  # open addressing; as many as a power of two
    cdef size_t entries, mask
    cdef int append(self, int op, int a, int b, int c, double number) except -1
    cdef int find(self, int op, int a, int b, int c) noexcept
    cdef int keep(self, int op, int a, int b, int c, int node) except -1
    cdef int find_number(self, double x) noexcept
    cdef int keep_number(self, double x, int node) except -1
    cdef int widen(self) except -1
    cdef int rehash(self) except -1
