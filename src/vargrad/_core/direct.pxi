# Functions of vargrad.math without a detour through Python. Each takes what is usual: Vars and numbers, where there are
# many in a list or tuple. All else it leaves to its namesake in functions.py or functions_nary.py, which says in one
# place what is unusual and what comes of it.

cdef dict careful = {}  # these namesakes
cdef object NOTHING = object()  # an argument that was not given


def direct(dict python):
    """Those of the functions given that are here too, by name; what is unusual they leave to the ones given."""
    careful.update(python)
    here = globals()
    return {name: here[name] for name in python if name in here}


cdef extern from *:
    """
    #define MANY_GIVEN 8

    /* 1 and the node of a Var, 0 and the number that floats take part with, or -1: unusual. */
    static CYTHON_INLINE int many_operand(PyObject *o, Entry *e) {
        e->node = NULL;
        e->number = 0.0;
        if (Py_IS_TYPE(o, handle_type)) {
            e->node = ((Handle *)o)->node;
            return e->node->flags & NODE_BOUND ? -1 : 1;
        }
        if (PyFloat_Check(o)) {
            e->number = PyFloat_AS_DOUBLE(o);
        } else if (PyLong_Check(o)) {
            int overflow;
            e->number = (double)PyLong_AsLongAndOverflow(o, &overflow);
            if (overflow) return -1;
        } else {
            return -1;
        }
        return 0;
    }

    /* A node over one vector, or over two of equal length, and its Var; a float if there is no Var among them. NULL
     * without an exception: something is unusual. No Python runs in here, so the items stay where they are. With
     * values: a function of Python's own has made them of the operands, and they must be these still. */
    static PyObject *many_record(int op, PyObject *const *x, Py_ssize_t half, PyObject *const *y,
                                 const double *values, double value) {
        Py_ssize_t i, all = y ? 2 * half : half;
        int kind, some = 0;
        double total = 0.0;
        Node *n;
        Segment *s = half ? tape_room() : NULL;
        Operands *many = s ? tape_operands(s, (size_t)all, op) : NULL;
        if (!many) return NULL;
        for (i = 0; i < all; i++) {
            Entry *e = &many->entry[i];
            kind = many_operand(i < half ? x[i] : y[i - half], e);
            if (kind < 0) goto unusual;
            some |= kind;
            if (values) {
                double now = kind ? e->node->value : e->number;
                if (memcmp(&now, &values[i], sizeof now)) goto unusual;
            }
        }
        if (!values) value = tape_value_many(op, many, &total);
        if (!some) {
            tape_return_operands(s, many);
            return PyFloat_FromDouble(value);
        }
        n = tape_push_many(s, op, value, total, many);
        if (n) return handle_new(n);
    unusual:
        tape_return_operands(s, many);
        return NULL;
    }

    /* The same where the value is Python's: the function of a few floats, which runs no Python code. */
    static PyObject *many_call(int op, PyObject *const *x, Py_ssize_t half, PyObject *function) {
        PyObject *given[MANY_GIVEN], *result = NULL;
        double values[MANY_GIVEN], value = 0.0;
        Py_ssize_t i, made = 0;
        if (half > MANY_GIVEN) return NULL;
        for (i = 0; i < half; i++) {
            Entry e;
            int kind = many_operand(x[i], &e);
            if (kind < 0) break;
            values[i] = kind ? e.node->value : e.number;
            given[i] = PyFloat_FromDouble(values[i]);
            if (!given[i]) break;
            made++;
        }
        if (made == half) result = PyObject_Vectorcall(function, given, (size_t)half, NULL);
        while (made) Py_DECREF(given[--made]);
        if (!result) {
            PyErr_Clear(); /* the careful way meets it again */
            return NULL;
        }
        value = PyFloat_AS_DOUBLE(result);
        Py_DECREF(result);
        return many_record(op, x, half, NULL, values, value);
    }
    """
    PyObject *many_record(
        int op, PyObject **x, Py_ssize_t half, PyObject **y, double *values, double value) except? NULL
    PyObject *many_call(int op, PyObject **x, Py_ssize_t half, object function) except? NULL


cdef object math_hypot = _math.hypot
cdef object math_log = _math.log


cdef inline object listed(object values):
    return values if type(values) is list or type(values) is tuple else list(values)


cdef object of_vector(int op, str name, object values):
    """A function of one vector."""
    cdef PyObject *made = NULL
    values = listed(values)
    if op_info[op].exact and not modes_change:
        made = many_record(op, PySequence_Fast_ITEMS(values), PySequence_Fast_GET_SIZE(values), NULL, NULL, 0.0)
    return handle_take(made) if made != NULL else careful[name](values)


cdef object of_pairs(int op, str name, object p, object q):
    """A function of two vectors."""
    cdef PyObject *made = NULL
    cdef Py_ssize_t half
    p, q = listed(p), listed(q)
    half = PySequence_Fast_GET_SIZE(p)
    if half == PySequence_Fast_GET_SIZE(q) and op_info[op].exact and not modes_change:
        made = many_record(op, PySequence_Fast_ITEMS(p), half, PySequence_Fast_ITEMS(q), NULL, 0.0)
    return handle_take(made) if made != NULL else careful[name](p, q)


cdef object of_arguments(int op, str name, object x, object y, tuple rest):
    """A function of its arguments: of one or two of them no tuple is made."""
    cdef PyObject *two[2]
    cdef PyObject **given = two
    cdef PyObject *made = NULL
    cdef Py_ssize_t count = 0 if x is NOTHING else 1 if y is NOTHING else 2
    cdef tuple values = rest
    two[0], two[1] = <PyObject *>x, <PyObject *>y
    if PySequence_Fast_GET_SIZE(rest):
        values = (x, y) + rest
        given = PySequence_Fast_ITEMS(values)
        count = PySequence_Fast_GET_SIZE(values)
    if not modes_change:
        if op_info[op].exact:
            made = many_record(op, given, count, NULL, NULL, 0.0)
        elif op == OP_hypot:
            made = many_call(op, given, count, math_hypot)
    if made != NULL:
        return handle_take(made)
    return careful[name](*(values if count > 2 else (x, y)[:count]))


cdef inline object log_of(object x):
    if type(x) is Var:
        return finish_unary(OP_log, op_value_log((<Var>x).node.value, 0.0), <Var>x)
    if type(x) is float or type(x) is int:
        return math_log(float(x))
    return var_py.function("log", x)


cdef inline bint has_logarithm(object x) noexcept:
    """Whether it is above 0 and not 1, a base that divides by 0; math.log knows all other errors."""
    cdef double value
    cdef int overflow
    if type(x) is Var:
        value = (<Var>x).node.value
    elif type(x) is float:
        value = <double>x
    elif type(x) is int:
        value = <double>PyLong_AsLongAndOverflow(x, &overflow)
        if overflow:
            return False
    else:
        return False
    return value > 0.0 and value != 1.0


def log(x, base=None, /):
    """Logarithm of x, natural or to the given base."""
    if base is None:
        if type(x) is Var:
            return finish_unary(OP_log, op_value_log((<Var>x).node.value, 0.0), <Var>x)
        if type(x) is float:
            return math_log(x)
    elif (type(x) is Var or type(base) is Var) and has_logarithm(x) and has_logarithm(base):
        numerator = log_of(x)
        return numerator / log_of(base)
    return careful["log"](x, base)


cdef inline bint plain_operand(object x) noexcept:
    """Whether it is a Var that is in no block, or a number of Python's own."""
    if type(x) is Var:
        return not (<Var>x).node.flags & NODE_BOUND
    return type(x) is float or type(x) is int or type(x) is bool


def pow(x, y, /):
    """x to the power y; raises what math.pow raises, where ``**`` may raise something else."""
    cdef Pair p
    cdef double value
    if not modes_change and plain_operand(x) and plain_operand(y) and (type(x) is Var or type(y) is Var):
        operands(x, y, &p)
        value = op_value_pow(p.x, p.y)
        if isfinite(value):  # math.pow has nothing to raise
            return finish(OP_pow, value, &p, x, y)
    return careful["pow"](x, y)


def square(x, /):
    """x times x."""
    if type(x) is Var:
        return finish_unary(OP_square, op_value_square((<Var>x).node.value, 0.0), <Var>x)
    return careful["square"](x)


def where(condition, a, b, /):
    """a if the condition holds, else b; the other one receives no derivative."""
    if not modes_active and (type(a) is Var or type(a) is float) and (type(b) is Var or type(b) is float):
        if not condition:
            a, b = b, a
        return leaf(<double>a) if type(b) is Var and type(a) is float else a
    return careful["where"](condition, a, b)


def dist(p, q, /):
    """Euclidean distance of two points of equal dimension; ValueError if they differ."""
    cdef tuple ends = tuple(p), starts = tuple(q)
    cdef PyObject *made = NULL
    cdef Py_ssize_t i
    if len(ends) != len(starts):
        return careful["dist"](ends, starts)
    cdef list differences = [ends[i] - starts[i] for i in range(len(ends))]
    if not modes_change:
        made = many_call(OP_hypot, PySequence_Fast_ITEMS(differences), len(differences), math_hypot)
    return handle_take(made) if made != NULL else careful["hypot"](*differences)


def prod(values, /, *, start=1.0):
    """Product from left to right, one node; right at zeros too."""
    if type(start) is float and <double>start == 1.0:
        return of_vector(OP_prod, "prod", values)
    return careful["prod"](values, start=start)


def softmax(values, /):
    """The exponentials of the values over their sum, as a list; ValueError if there are no values."""
    cdef list given = list(values), powers
    cdef double biggest = 0.0, value
    cdef Py_ssize_t i
    if modes_active or not given:
        return careful["softmax"](given)
    for i in range(len(given)):
        x = given[i]
        if type(x) is Var:
            value = tape_value((<Var>x).node)
        elif type(x) is float:
            value = <double>x
        else:
            return careful["softmax"](given)
        if i == 0 or value > biggest:  # as max() has it, also with nan
            biggest = value
    top = biggest
    powers = [exp_of(x - top) for x in given]
    total = of_vector(OP_sum, "sum", powers)
    return [x / total for x in powers]


cdef inline object exp_of(object x):
    if type(x) is Var:
        return finish_unary(OP_exp, op_value_exp((<Var>x).node.value, 0.0), <Var>x)
    return plain(OP_exp, "exp", x)


# ---- functions of vargrad.special: they never raise, so that whatever the value is, a node is made


cdef inline bint usual(object x, object y, Pair *p) noexcept:
    """Whether the operands are Vars and floats, and these; y may be NOTHING."""
    p.constants = 0
    p.y = p.b.number = 0.0
    if type(x) is Var:
        p.a.node = (<Var>x).node
        p.x = p.a.node.value
    elif type(x) is float:
        p.x = p.a.number = PyFloat_AS_DOUBLE(x)
        p.constants = A_CONSTANT
    else:
        return False
    if type(y) is Var:
        p.b.node = (<Var>y).node
        p.y = p.b.node.value
    elif type(y) is float:
        p.y = p.b.number = PyFloat_AS_DOUBLE(y)
        p.constants |= B_CONSTANT
    elif y is NOTHING:
        p.constants |= B_CONSTANT
    else:
        return False
    return True


cdef inline object finish_quiet(int op, double value, Pair *p, object x, object y):
    """What a function of vargrad.special gives, its value being known; what is unusual goes the careful way."""
    cdef PyObject *made = NULL
    if p.constants == A_CONSTANT | B_CONSTANT:
        return value
    if not modes_change:
        made = handle_try(<unsigned>op << 2 | p.constants, value, p.a, p.b, True)
    if made != NULL:
        return handle_take(made)
    return function(NAMES[op], *(x, y)[: op_info[op].arity], ieee=True)


cdef object float_round = float.__round__


cdef object rounded(Var v, object ndigits):
    """round(v, ndigits), by float's own for a usual number of digits."""
    cdef PyObject *made = NULL
    cdef Operand a, b
    cdef double x, value
    cdef int overflow = 0
    cdef long digits
    if type(ndigits) is int and not modes_change and not v.node.flags & NODE_BOUND:
        digits = PyLong_AsLongAndOverflow(ndigits, &overflow)
        x = v.node.value
        if not overflow and -300 < digits < 300 and isfinite(x):
            value = float_round(x, ndigits)  # runs no Python code
            a.node = v.node
            b.number = <double>digits
            if isfinite(value):
                made = handle_try(<unsigned>OP_round << 2 | B_CONSTANT, value, a, b, True)
    return handle_take(made) if made != NULL else apply("round", v, float(_index(ndigits)))


def by_value(function, otherwise, bint rounds):
    """A predicate, or a rounding to int that Vars have themselves, of one number; ``otherwise`` takes unusual ones."""

    @cython.binding(True)  # so that its name may be set
    def call(x, /):
        if type(x) is Var and not rounds and not modes_active:
            return function(tape_value((<Var>x).node))
        return function(x) if type(x) is float or rounds and type(x) is Var else otherwise(x)

    return call


def fresh(which, tuple args):
    """For a transform's usual call, whose argument ``which`` is a float, or an exact list or tuple of floats.

    Fresh variables for its numbers, and the arguments with these in place; None if anything is unusual.
    """
    cdef Py_ssize_t i, k, count = len(args)
    cdef list variables
    if modes_active or type(which) is not int or not -count <= which < count:
        return None
    k = which
    x = args[k if k >= 0 else k + count]
    if type(x) is float:
        own = wanted_leaf(<double>x)
        variables = [own]
    elif (type(x) is list or type(x) is tuple) and PySequence_Fast_GET_SIZE(x):
        variables = []
        i = 0
        while i < PySequence_Fast_GET_SIZE(x):  # making the list may have run Python, and growing it runs none
            if not PyFloat_CheckExact(PySequence_Fast_ITEMS(x)[i]):
                return None
            variables.append(wanted_leaf(PyFloat_AS_DOUBLE(<object>PySequence_Fast_ITEMS(x)[i])))
            i += 1
        own = list(variables) if type(x) is list else tuple(variables)
    else:
        return None
    if count == 1:
        return variables, (own,)
    inside = list(args)
    inside[k if k >= 0 else k + count] = own
    return variables, tuple(inside)


cdef Var wanted_leaf(double x):
    cdef Var v = leaf(x)
    if tape_require(v.node, 1) < 0:
        raise MemoryError
    return v
