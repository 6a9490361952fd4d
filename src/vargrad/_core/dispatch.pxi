# From a Python operator to a node: operands, value, exception, record.

cdef inline int number(object value, double *into) except -1:
    """1 and the number if value is one that floats take part with, else 0."""
    if type(value) is float:
        into[0] = PyFloat_AS_DOUBLE(value)
    elif type(value) is int or PyLong_Check(value):
        into[0] = PyLong_AsDouble(value)  # an int too large raises as it does for floats
    elif PyFloat_Check(value):
        into[0] = PyFloat_AS_DOUBLE(value)
    else:
        return 0
    return 1


cdef inline double real(object value, str what) except? -1.0:
    """A number as a double; the error names what was wrong."""
    cdef int overflow = 0
    cdef long whole
    if type(value) is float:
        return PyFloat_AS_DOUBLE(value)
    if type(value) is int:
        whole = PyLong_AsLongAndOverflow(value, &overflow)
        if not overflow:
            return <double>whole
    return errors.as_float(value, what)


cdef double checked(int op, double a, double b, bint ieee=False) except? -1.0:
    """The value as the pure twin computes it, with Python's exceptions."""
    cdef str name = NAMES[op]
    ieee = ieee or recorder() is not None  # one row of a batch raises nothing
    function = formula.value(name, formula.IEEE if ieee else formula.PYTHON)
    return function(a, b) if op_info[op].arity == 2 else function(a)


cdef struct Pair:
    Operand a, b
    double x, y  # their values
    unsigned constants


cdef inline int operands(object left, object right, Pair *p) except -1:
    """1 and the operands of a binary operator, at least one of them a Var; 0 if the other is no number.

    Of a leaf in a block the value recorded last: finish() sees whether it still is.
    """
    p.constants = 0
    if type(left) is Var:
        p.a.node = (<Var>left).node
        p.x = p.a.node.value
    elif number(left, &p.x):
        p.a.number = p.x
        p.constants = A_CONSTANT
    else:
        return 0
    if type(right) is Var:
        p.b.node = (<Var>right).node
        p.y = p.b.node.value
    elif number(right, &p.y):
        p.b.number = p.y
        p.constants |= B_CONSTANT
    else:
        return 0
    return 1


cdef int current_operands(object left, object right, Pair *p) except -1:
    """The same, of leaves in blocks with the values that they have now."""
    if type(left) is Var:
        renew(<Var>left)
    if type(right) is Var:
        renew(<Var>right)
    return operands(left, right, p)


cdef inline int renew(Var v) except -1:
    """Before an operation takes v: if its cell in a block was written to, that is an edit."""
    cdef Node *n
    if v.node.flags & NODE_BOUND:
        n = tape_renew(v.node)
        if n == NULL:
            raise MemoryError
        v.node = n
    return 0


cdef inline object finish(int op, double value, Pair *p, object left, object right):
    """The Var of an operator whose value is known; whatever is unusual goes the careful way."""
    cdef PyObject *made = NULL
    if isfinite(value) and not modes_change:
        made = handle_try(<unsigned>op << 2 | p.constants, value, p.a, p.b, True)
    return handle_take(made) if made != NULL else binary(op, left, right)


cdef inline object finish_unary(int op, double value, Var operand):
    cdef PyObject *made = NULL
    cdef Operand a, none
    if isfinite(value) and not modes_change:
        a.node = operand.node
        none.number = 0.0
        made = handle_try(<unsigned>op << 2 | B_CONSTANT, value, a, none, True)
    return handle_take(made) if made != NULL else unary(op, operand)


cdef object binary(int op, object left, object right):
    # Python may run at two places, and with it an edit of a leaf: the mode is asked for before the operands are
    # read, and after checked() they are read again.
    cdef bint unrecorded = modes_change and in_no_grad()
    cdef Pair p, before
    cdef double value
    if modes_change and heard() and current_operands(left, right, &p):
        return recorder().operation(NAMES[op], left, right)
    while True:
        if not current_operands(left, right, &p):
            pair = with_float(left, right)
            return NotImplemented if pair is None else binary(op, pair[0], pair[1])
        value = op_value(op, p.x, p.y)
        if isfinite(value):
            break
        before = p
        value = checked(op, p.x, p.y)
        current_operands(left, right, &p)
        if unchanged(&before, &p):
            break
    return record(unrecorded, <unsigned>op << 2 | p.constants, value, p.a, p.b)


cdef tuple with_float(object left, object right):
    """A Var and a foreign number, which becomes a float; None if it is no number. Runs the number's code."""
    number = foreign.operand(right if type(left) is Var else left)
    return None if number is None else (left, number) if type(left) is Var else (number, right)


cdef bint unchanged(const Pair *p, const Pair *q) noexcept:
    # by value too: a node's place may have been freed and taken again
    return p.a.node == q.a.node and p.b.node == q.b.node and same(p.x, q.x) and same(p.y, q.y)


cdef inline bint same(double x, double y) noexcept:
    return (x == y and signbit(x) == signbit(y)) or (x != x and y != y)


cdef object unary(int op, Var operand):
    cdef bint unrecorded = modes_change and in_no_grad()
    if modes_change and heard():
        return recorder().operation(NAMES[op], operand)
    cdef Operand a, none
    cdef double x, value
    none.number = 0.0
    while True:
        renew(operand)
        a.node = operand.node
        x = a.node.value
        value = op_value(op, x, 0.0)
        if isfinite(value):
            break
        value = checked(op, x, 0.0)
        renew(operand)
        if a.node == operand.node and same(x, operand.node.value):
            break
    return record(unrecorded, <unsigned>op << 2 | B_CONSTANT, value, a, none)


cdef object record(bint unrecorded, unsigned code, double value, Operand a, Operand b):
    """The Var of a new node; its operands' Vars are alive."""
    if unrecorded:
        return leaf(value)
    result = handle_record(code, value, a, b)
    if anomalies_named:
        modes.note_origin(result._uid)
    return result


cdef extern from "Python.h":
    int PyContextVar_Get(object var, PyObject *default_value, PyObject **value) except -1


cdef object MODES = modes.blocks


cdef bint in_no_grad() except -1:
    """Whether a block of no_grad counts here."""
    cdef size_t only = quiet_block
    if not only:
        return bool(modes.thread.no_grad)
    # No mode but one block of no_grad: the common case. Whether this context has it costs no call of Python.
    cdef PyObject *found = NULL
    PyContextVar_Get(MODES, NULL, &found)
    cdef tuple entered = <tuple>handle_take(found)
    cdef Py_ssize_t i
    for i in range(len(entered) - 1, -1, -1):
        if <size_t><PyObject *>entered[i] == only:
            return True
    return False


cdef inline bint watched() except -1:
    """Whether detect_anomaly is on here."""
    return anomalies_named and bool(modes.thread.anomaly)


cdef object current_blocks = modes.blocks.get, recording_kind = modes.RECORDING


cdef object recorder():
    """The recorder of vargrad.compile while it records here; None otherwise."""
    cdef tuple blocks
    cdef Py_ssize_t i
    if modes_active and not quiet_block:
        blocks = current_blocks()
        for i in range(len(blocks) - 1, -1, -1):  # modes.thread.recorder, without a call of Python code
            if blocks[i].kind == recording_kind:
                return blocks[i].held
    return None


cdef bint heard() except -1:
    """Whether the recorder hears of every operation."""
    found = recorder()
    return found is not None and bool(found.hears_operations)


cdef object method(int op, str name, Var left, object right):
    result = binary(op, left, right)
    if result is NotImplemented:
        raise TypeError(f"{name}() takes a number or a Var, not {type(right).__name__}")
    return result


cdef object plain(int op, str name, object x):
    """A function of no Var: C's value of a float, unless Python has an exception to raise."""
    cdef double value
    if type(x) is float:
        value = op_value(op, <double>x, 0.0)
        if isfinite(value):
            return value
    return var_py.function(name, x)


cdef object function2(int op, str name, object x, object y):
    if type(x) is Var or type(y) is Var:
        result = binary(op, x, y)
        if result is not NotImplemented:
            return result
    return function(name, x, y)


cdef object as_number(object value, str name):
    cdef double x
    return x if number(value, &x) else errors.as_float(value, f"an operand of {name}()")


cdef Var leaf(double value):
    cdef Node *n = tape_leaf(value)
    if n == NULL:
        raise MemoryError
    return handle_new(n)
