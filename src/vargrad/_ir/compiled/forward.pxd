cimport cython
from vargrad._ir.compiled.graph cimport ExpressionGraph
from vargrad._ir.compiled.templates cimport Template

cdef int ADD, COMPOSITE, MUL, N_ROWS, SELECT, ZERO
cdef list _RULES


cdef tuple _rules(int op)


@cython.locals(op=int)
cdef list _operands(ExpressionGraph g, int node)


@cython.final
cdef class Tangents:
    cdef ExpressionGraph _g
    cdef tuple _wrt, _roots
    cdef int[::1] _order, _tangent

    @cython.locals(one=int, i=int, node=int, root=int, tangent="int[::1]")
    cpdef list along(self, seeds)

    @cython.locals(
        g=ExpressionGraph, tangent="int[::1]", op=int, a=int, b=int, total=int, operand=int, partial=int, when=int,
        by_a=Template, by_b=Template,
    )
    cdef int _of(self, int node, int one) except -1

    @cython.locals(g=ExpressionGraph, partial=int)
    cdef int _through(self, Template rule, int total, int tangent, int node, int one) except -1

    @cython.locals(g=ExpressionGraph, term=int)
    cdef int _plus(self, int total, int tangent, int partial, int when, int one) except -1


@cython.locals(size=int, i=int, node=int, operand=int, operands=list, reached=list, moved=list, weight="int[::1]")
cpdef list pushed(ExpressionGraph g, wrt, roots)
