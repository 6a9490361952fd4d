from libc.stdint cimport uint64_t


cdef class Store:
    cdef int *op
    cdef int *a
    cdef int *b
    cdef int *c
    cdef double *number
    cdef readonly int size
    cdef int place[1024]
    cdef int room
    cdef uint64_t *slot  # hash << 32 | node, open addressing; as many as a power of two
    cdef size_t entries, mask
    cdef int append(self, int op, int a, int b, int c, double number) except -1
    cdef int find(self, int op, int a, int b, int c) noexcept
    cdef int find_number(self, double x) noexcept
    cdef int widen(self) except -1
    cdef int rehash(self) except -1
    cdef void put(self, uint64_t slot) noexcept
