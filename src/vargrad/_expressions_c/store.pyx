# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, cdivision=True
"""Nodes in columns of C numbers, and an open-addressing table that finds them again. What they mean: store.py.

Columns double as they fill, and so does the table when three quarters of it are in use: append, find and keep take
constant time, spread over many. A failed allocation raises MemoryError and leaves everything as it was.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy

cdef enum:
    NUMBER = -2  # operation under which numbers are kept: their bits are the operands
    MOST = 1 << 29  # nodes: an entry more still fits an int


PLACES = 256  # of store.pxd
cdef long allocations_left = -1


def limit_allocations(long left):
    """Let allocations fail after so many more, for tests; -1: never. Returns what was left."""
    global allocations_left
    before = allocations_left
    allocations_left = left
    return before


cdef bint may_allocate() noexcept:
    global allocations_left
    if allocations_left > 0:
        allocations_left -= 1
        return True
    return allocations_left < 0


cdef int grow(void **column, size_t bytes) except -1:
    cdef void *larger = realloc(column[0], bytes) if may_allocate() else NULL
    if larger == NULL:
        raise MemoryError
    column[0] = larger
    return 0


cdef inline size_t place_of(int op, int a, int b, int c) noexcept:
    cdef uint64_t h = (<uint64_t><uint32_t>a << 32 | <uint32_t>b) * <uint64_t>0x9E3779B97F4A7C15
    h ^= h >> 32
    h = (h + (<uint64_t><uint32_t>c << 8) + <uint32_t>op) * <uint64_t>0xD6E8FEB86659FD93
    return <size_t>(h ^ h >> 32)


cdef inline uint64_t bits_of(double x) noexcept:
    cdef uint64_t bits = <uint64_t>0x7FF8000000000000  # all nans are one
    if x == x:
        memcpy(&bits, &x, sizeof(bits))
    return bits


cdef class Store:
    """Columns ``op``, ``a``, ``b``, ``c`` and ``number``, and what has been kept under which operation."""

    def __cinit__(self):
        self.widen()
        self.rehash()

    def __dealloc__(self):
        free(self.op)
        free(self.a)
        free(self.b)
        free(self.c)
        free(self.number)
        free(self.entry)

    cdef int widen(self) except -1:
        cdef size_t room = 2 * self.room if self.room else 64
        if room > MOST:
            raise MemoryError("a graph has at most 2**29 nodes")
        grow(<void **>&self.op, room * sizeof(int))
        grow(<void **>&self.a, room * sizeof(int))
        grow(<void **>&self.b, room * sizeof(int))
        grow(<void **>&self.c, room * sizeof(int))
        grow(<void **>&self.number, room * sizeof(double))
        self.room = <int>room
        return 0

    cdef int rehash(self) except -1:
        """A table of twice the size."""
        cdef size_t i, at, size = 2 * (self.mask + 1) if self.entry != NULL else 128
        cdef Entry *old = self.entry
        cdef Entry *new = <Entry *>calloc(size, sizeof(Entry)) if may_allocate() else NULL
        if new == NULL:
            raise MemoryError
        for i in range(self.mask + 1 if old != NULL else 0):
            if old[i].node:
                at = place_of(old[i].op, old[i].a, old[i].b, old[i].c) & (size - 1)
                while new[at].node:
                    at = (at + 1) & (size - 1)
                new[at] = old[i]
        free(old)
        self.entry, self.mask = new, size - 1
        return 0

    cdef int append(self, int op, int a, int b, int c, double number) except -1:
        cdef int node = self.size
        if 4 * self.entries >= 3 * self.mask:  # for the entry that will follow: nobody would find the node without it
            self.rehash()
        if node == self.room:
            self.widen()
        self.op[node], self.a[node], self.b[node], self.c[node], self.number[node] = op, a, b, c, number
        self.size = node + 1
        return node

    cdef int find(self, int op, int a, int b, int c) noexcept:
        cdef size_t at = place_of(op, a, b, c) & self.mask
        cdef Entry *e
        while True:
            e = &self.entry[at]
            if e.node == 0 or (e.a == a and e.b == b and e.op == op and e.c == c):
                return e.node
            at = (at + 1) & self.mask

    cdef int keep(self, int op, int a, int b, int c, int node) except -1:
        if 4 * self.entries >= 3 * self.mask:
            self.rehash()
        cdef size_t at = place_of(op, a, b, c) & self.mask
        while self.entry[at].node:
            at = (at + 1) & self.mask
        self.entry[at].op, self.entry[at].a, self.entry[at].b, self.entry[at].c = op, a, b, c
        self.entry[at].node = node
        self.entries += 1
        return 0

    cdef int find_number(self, double x) noexcept:
        cdef uint64_t bits = bits_of(x)
        return self.find(NUMBER, <int><uint32_t>bits, <int><uint32_t>(bits >> 32), 0)

    cdef int keep_number(self, double x, int node) except -1:
        cdef uint64_t bits = bits_of(x)
        return self.keep(NUMBER, <int><uint32_t>bits, <int><uint32_t>(bits >> 32), 0, node)

    def columns(self):
        """All columns, as the machine has them in memory: int32 and float64."""
        return (
            (<char *>self.op)[:self.size * sizeof(int)],
            (<char *>self.a)[:self.size * sizeof(int)],
            (<char *>self.b)[:self.size * sizeof(int)],
            (<char *>self.c)[:self.size * sizeof(int)],
            (<char *>self.number)[:self.size * sizeof(double)],
        )
