# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, cdivision=True
"""Nodes in columns of C numbers, and an open-addressing table that finds them again. What they mean: store.py.

Columns double as they fill, and so does the table when three quarters of it are in use: append and find take constant
time, spread over many. A slot of the table is a hash and a node's number, never 0; what they are of, columns say.
A failed allocation raises MemoryError and leaves everything as it was.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy

cdef enum:
    CONSTANT = -2  # of _ops/codes.py
    MOST = 1 << 29  # nodes: an entry more still fits an int


PLACES = 1024  # of store.pxd
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


cdef inline uint32_t hash_of(int op, int a, int b, int c) noexcept:
    cdef uint64_t h = (<uint64_t><uint32_t>a << 32 | <uint32_t>b) * <uint64_t>0x9E3779B97F4A7C15
    h ^= h >> 32
    h = (h + (<uint64_t><uint32_t>c << 8) + <uint32_t>op) * <uint64_t>0xD6E8FEB86659FD93
    return <uint32_t>(h >> 32)


cdef inline uint64_t bits_of(double x) noexcept:
    cdef uint64_t bits = <uint64_t>0x7FF8000000000000  # all nans are one
    if x == x:
        memcpy(&bits, &x, sizeof(bits))
    return bits


cdef inline uint32_t hash_of_number(uint64_t bits) noexcept:
    return hash_of(CONSTANT, <int><uint32_t>bits, <int><uint32_t>(bits >> 32), 0)


cdef class Store:
    """Columns ``op``, ``a``, ``b``, ``c`` and ``number``, and tables to find operations and numbers again."""

    def __cinit__(self):
        self.widen()
        self.rehash()

    def __dealloc__(self):
        free(self.op)
        free(self.a)
        free(self.b)
        free(self.c)
        free(self.number)
        free(self.slot)

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
        cdef size_t i, size = 2 * (self.mask + 1) if self.slot != NULL else 128
        cdef size_t filled = self.mask + 1 if self.slot != NULL else 0
        cdef uint64_t *old = self.slot
        cdef uint64_t *new = <uint64_t *>calloc(size, sizeof(uint64_t)) if may_allocate() else NULL
        if new == NULL:
            raise MemoryError
        self.slot, self.mask = new, size - 1
        for i in range(filled):
            if old[i]:
                self.put(old[i])
        free(old)
        return 0

    cdef void put(self, uint64_t slot) noexcept:
        cdef size_t at = slot >> 32
        while self.slot[at & self.mask]:
            at += 1
        self.slot[at & self.mask] = slot

    cdef int append(self, int op, int a, int b, int c, double number) except -1:
        cdef int node = self.size
        cdef uint32_t hashed
        if node == self.room:
            self.widen()
        if op >= 0 or (op == CONSTANT and node):  # what is asked for again
            if 4 * self.entries >= 3 * self.mask:
                self.rehash()
            hashed = hash_of(op, a, b, c) if op >= 0 else hash_of_number(bits_of(number))
            self.put(<uint64_t>hashed << 32 | <uint32_t>node)
            self.entries += 1
        self.op[node], self.a[node], self.b[node], self.c[node], self.number[node] = op, a, b, c, number
        self.size = node + 1
        return node

    cdef int find(self, int op, int a, int b, int c) noexcept:
        cdef uint32_t hashed = hash_of(op, a, b, c)
        cdef size_t at = hashed
        cdef uint64_t slot
        cdef int node
        while True:
            slot = self.slot[at & self.mask]
            node = <int><uint32_t>slot
            if slot == 0:
                return 0
            if slot >> 32 == hashed and self.a[node] == a and self.b[node] == b:
                if self.op[node] == op and self.c[node] == c:
                    return node
            at += 1

    cdef int find_number(self, double x) noexcept:
        cdef uint64_t bits = bits_of(x), slot
        cdef uint32_t hashed = hash_of_number(bits)
        cdef size_t at = hashed
        cdef int node
        while True:
            slot = self.slot[at & self.mask]
            node = <int><uint32_t>slot
            if slot == 0:
                return 0
            if slot >> 32 == hashed and self.op[node] == CONSTANT and bits_of(self.number[node]) == bits:
                return node
            at += 1

    def columns(self):
        """All columns, as the machine has them in memory: int32 and float64."""
        return (
            (<char *>self.op)[:self.size * sizeof(int)],
            (<char *>self.a)[:self.size * sizeof(int)],
            (<char *>self.b)[:self.size * sizeof(int)],
            (<char *>self.c)[:self.size * sizeof(int)],
            (<char *>self.number)[:self.size * sizeof(double)],
        )
