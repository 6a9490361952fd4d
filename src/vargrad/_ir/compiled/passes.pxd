cimport cython
from vargrad._ir.compiled.graph cimport ExpressionGraph
from vargrad._ir.compiled.templates cimport Template

cdef int ADD, AND, COMPOSITE, CONSTANT, EQ, INPUT, MUL, N_ROWS, NOT, OR, ROUND, SELECT, ZERO
cdef list _RULES
cdef unsigned char[::1] _FILLED
cdef const unsigned char[::1] _ARITY, _DIFFERENTIABLE


@cython.locals(x=int, total=int)
cdef _fill(int op)
cpdef tuple partial_rules(int op)


@cython.final
cdef class Derivatives:
    cdef ExpressionGraph _g
    cdef tuple _wrt
    cdef frozenset _leaves
    cdef dict _zero_unless
    cdef unsigned char[::1] _depends
    cdef int _known
    cdef int[::1] _value, _when

    @cython.locals(leaf=int, reached=dict)
    cpdef list of(self, int root, bint sparse=*)

    @cython.locals(g=ExpressionGraph, leaf=int, node=int, met=set, order=list, leaves=list)
    cpdef list reached(self, int root)

    @cython.locals(one=int, node=int, leaf=int)
    cdef list _swept(self, int root, nodes, leaves)

    @cython.locals(found=int)
    cdef int _taken(self, int leaf) except -1

    @cython.locals(
        g=ExpressionGraph, value=int, condition=int, op=int, a=int, b=int, c=int, other=int, operand=int, partial=int,
        when=int,
    )
    cdef _spread(self, int node, int one)

    @cython.locals(g=ExpressionGraph, partial=int, when=int, term=int)
    cdef _through(
        self, Template rule, int operand, int a, int b, int out, int value, int condition, int one
    )

    @cython.locals(g=ExpressionGraph, before=int, before_when=int, total=int, either=int)
    cdef _add(self, int operand, int term, int condition, int when)
    cdef int _settled(self, int value, int condition) except -1

    @cython.locals(g=ExpressionGraph, larger="unsigned char[::1]", node=int, op=int, depends=int, operand=int)
    cdef _extend(self)

    @cython.locals(g=ExpressionGraph, node=int, operand=int, composite=bint, stack=list, seen=set)
    cdef list _order(self, int root, set met)


@cython.locals(
    wanted="int[::1]", size=int, live="unsigned char[::1]", last="int[::1]", register="int[::1]", i=int, node=int,
    count=int, steps=int, a=int, b=int, c=int, arity=int, first=int, unused=int, k=int, free="int[::1]", code="int[::1]"
)
cpdef tuple lowered(ExpressionGraph g, inputs, outputs)


@cython.locals(i=int, j=int, k=int, stop=int, code=int, a=int, b=int)
cpdef converted(
    ExpressionGraph g, int[::1] codes, int[::1] first, int[::1] operands, double[::1] numbers, int[::1] made, int count,
    special
)
