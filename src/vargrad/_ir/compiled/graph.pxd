cimport cython
from vargrad._ir.compiled.store cimport Store

cdef int ABS, ADD, AND, COMPOSITE, CONSTANT, DEGREES, DIV, EQ, EXP, EXP2, IDENTITY, INPUT, LE, LT, MUL, NE, NEG, NOT
cdef int OR, POW, RADIANS, SELECT, SIGMOID, SQRT, SQUARE, SUB, ZERO, _DEEPEST, _INWARDS, _UNCHANGED, _MOST
cdef const unsigned char[::1] _REWRITTEN, _NEVER_NEGATIVE, _UNARY


@cython.final
cdef class ExpressionGraph(Store):
    cdef int depth, spent
    cdef readonly dict parents

    @cython.locals(
        i=int, op="int[::1]", a="int[::1]", b="int[::1]", c="int[::1]", number="double[::1]",
    )
    cpdef fill(self, columns, parents)
    cpdef int input(self) except -1

    @cython.locals(found=int)
    cpdef int constant(self, double value) except -1

    @cython.locals(node=int)
    cpdef int composite(self, int value, parents=*) except -1
    cpdef int value_of(self, int node) except -1
    cpdef tuple node(self, int node)
    cpdef bint is_number(self, int node) except -1
    cpdef double number_of(self, int node) except? -1

    @cython.locals(found=int)
    cpdef int make(self, int op, int a, int b=*, int c=*) except -1

    cdef int _simpler(self, int op, int a, int b, int c) except -2

    @cython.locals(op=int, a=int, _=int)
    cdef bint never_minus_zero(self, int node) except -1


cdef double _folded(int op, double a, double b, double c) except? -1
cdef bint _is_minus_zero(double x) except -1
cdef int _rewritten(ExpressionGraph g, int op, int a, int b, int c) except -2
cdef int _add(ExpressionGraph g, int a, int b) except -2
cdef int _sub(ExpressionGraph g, int a, int b) except -2


@cython.locals(factor=double, other=double)
cdef int _mul(ExpressionGraph g, int a, int b) except -2
cdef int _neg(ExpressionGraph g, int a) except -2
cdef bint _exact_reciprocal(double x) except -1


@cython.locals(p=int, q=int)
cdef int _div(ExpressionGraph g, int a, int b) except -2


@cython.locals(exponent=double, root=int, x=int)
cdef int _pow(ExpressionGraph g, int a, int b) except -2


@cython.locals(result=int)
cdef int _whole_power(ExpressionGraph g, int x, int n) except -2
cdef int _abs(ExpressionGraph g, int a) except -2


@cython.locals(op=int)
cdef int _select(ExpressionGraph g, int a, int b, int c) except -2
cdef int _not(ExpressionGraph g, int a) except -2
cdef int _and(ExpressionGraph g, int a, int b) except -2


@cython.locals(found=int)
cdef int _or(ExpressionGraph g, int a, int b) except -2


@cython.locals(p=int, q=int, v=int)
cdef int _less_or_nan(ExpressionGraph g, int x, int y) except -2
cdef bint _is_some_number(ExpressionGraph g, int node) except -1
