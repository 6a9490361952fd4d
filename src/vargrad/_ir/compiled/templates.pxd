cimport cython
from vargrad._ir.compiled.graph cimport ExpressionGraph

cdef int COMPOSITE, CONSTANT, ZERO


@cython.final
cdef class Template:
    cdef int[::1] _code
    cdef double[::1] _constants
    cdef int _given, _steps
    cdef tuple _parents
    cdef readonly int result, condition

    @cython.locals(i=int, k=int, code="int[::1]", place=int, x=int, partial=int, when=int, parents=list, found=list)
    cdef int run(self, ExpressionGraph g) except -1

    @cython.locals(i=int)
    cpdef int at(self, ExpressionGraph g, tuple given) except -1

    @cython.locals(i=int, x=int, result=int, found=list)
    cpdef tuple each(self, ExpressionGraph g, xs, tuple given)


@cython.locals(i=int)
cpdef int folded(ExpressionGraph g, Template step, int acc, xs, ys, int biggest) except -1
