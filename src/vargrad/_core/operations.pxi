# Operations by name, and the derivatives that transforms ask for.


def apply(str name, *operands, bint ieee=False):
    """The result of a row of one or two operands; with ``ieee`` it never raises."""
    cdef int op = OPS[name], arity = op_info[op].arity
    cdef bint unrecorded = modes_change and in_no_grad()
    cdef Pair p, before
    cdef double value
    if modes_change and not ieee and heard():
        return recorder().operation(name, *operands)
    p.x = p.y = p.a.number = p.b.number = 0.0
    while True:
        operands_of(name, arity, operands, &p)
        value = op_value(op, p.x, p.y)
        if op_info[op].exact and (ieee or isfinite(value)):
            break
        before = p
        value = checked(op, p.x, p.y, ieee)
        operands_of(name, arity, operands, &p)
        if unchanged(&before, &p):
            break
    return record(unrecorded, <unsigned>op << 2 | p.constants, value, p.a, p.b)


cdef int operands_of(str name, int arity, tuple given, Pair *p) except -1:
    if len(given) != arity:
        raise TypeError(f"{name} takes {arity} operand(s), got {len(given)}")
    if not current_operands(given[0], given[arity - 1], p):
        raise TypeError(f"{name} takes numbers and Vars, got {given!r:.80}")
    if arity == 1:  # the second operand is not there
        p.b.number = 0.0
        p.constants |= B_CONSTANT
    return 0


def function(str name, *operands, bint ieee=False):
    """A row's function: of Vars a Var, of numbers what the standard module says; with ``ieee`` it never raises."""
    row = BY_NAME[name]
    for x in operands:
        if type(x) is Var:
            if row.parameters:
                fixed.check(row, operands, Var, order)
            called = (row.special if ieee else row.function) or name
            return apply(name, *[v if type(v) is Var else as_number(v, called) for v in operands], ieee=ieee)
    return var_py.function(name, *operands, ieee=ieee)


cdef extern from "Python.h":
    PyObject **PySequence_Fast_ITEMS(object)
    Py_ssize_t PySequence_Fast_GET_SIZE(object)
    bint PyFloat_CheckExact(PyObject *)


cdef enum:
    SOME_VAR = 1 << 16  # beside the flags of nodes


cdef object vector(str name, object values, unsigned *kinds):
    """The values as a list or tuple of Vars and floats: the very one given, if that is what it is."""
    if type(values) is not list and type(values) is not tuple:
        values = list(values)
    cdef PyObject **item = PySequence_Fast_ITEMS(values)
    cdef Py_ssize_t i
    for i in range(PySequence_Fast_GET_SIZE(values)):
        if type(<object>item[i]) is Var:
            kinds[0] |= SOME_VAR | (<Var>item[i]).node.flags
        elif not PyFloat_CheckExact(item[i]):
            values = [v if type(v) is Var or type(v) is float else as_number(v, name) for v in values]
            return vector(name, values, kinds)
    return values


cdef void fill(Entry *entry, object values) noexcept:
    cdef PyObject **item = PySequence_Fast_ITEMS(values)
    cdef Py_ssize_t i
    for i in range(PySequence_Fast_GET_SIZE(values)):
        if type(<object>item[i]) is Var:
            entry[i].node = (<Var>item[i]).node
            entry[i].number = 0.0
        else:
            entry[i].node = NULL
            entry[i].number = PyFloat_AS_DOUBLE(<object>item[i])


cdef int renew_all(object values) except -1:
    cdef PyObject **item = PySequence_Fast_ITEMS(values)
    cdef Py_ssize_t i
    for i in range(PySequence_Fast_GET_SIZE(values)):
        if type(<object>item[i]) is Var:
            renew(<Var>item[i])
    return 0


cdef object record_many(int op, object xs, object ys, object value, bint unrecorded, unsigned kinds):
    """A node over vectors of Vars and floats; a value of None is computed here. A float, if none is a Var."""
    cdef Py_ssize_t half = len(xs)
    cdef double x = 0.0, total = 0.0
    cdef Node *n = NULL
    if kinds & NODE_BOUND:
        renew_all(xs)
        renew_all(ys)
    cdef Segment *s = tape_room()
    cdef Operands *many = NULL if s == NULL else tape_operands(s, half + len(ys), op)
    if many == NULL:
        raise MemoryError
    fill(many.entry, xs)
    fill(many.entry + half, ys)
    x = tape_value_many(op, many, &total) if value is None else value
    if unrecorded or not kinds & SOME_VAR:
        tape_return_operands(s, many)
        return leaf(x) if kinds & SOME_VAR else x
    n = tape_push_many(s, op, x, total, many)
    if n == NULL:
        tape_return_operands(s, many)
        raise MemoryError
    result = handle_new(n)
    if anomalies_named:
        modes.note_origin(result._uid)
    return result


cdef list numbers_of(tuple values):
    return [tape_value((<Var>v).node) if type(v) is Var else v for v in values]


cdef bint still(tuple values, list numbers) noexcept:
    """Whether the values are what they were when the numbers were read, before Python ran."""
    cdef PyObject **item = PySequence_Fast_ITEMS(values)
    cdef PyObject **number = PySequence_Fast_ITEMS(numbers)
    cdef Py_ssize_t i
    for i in range(PySequence_Fast_GET_SIZE(values)):
        if type(<object>item[i]) is Var:
            if not same(tape_value((<Var>item[i]).node), PyFloat_AS_DOUBLE(<object>number[i])):
                return False
    return True


def apply_nary(str name, values, partners=()):
    """The result of a row of any number of operands: a float if no operand is a Var."""
    cdef int op = OPS[name]
    cdef unsigned kinds = 0
    cdef bint unrecorded = modes_change and in_no_grad()
    xs, ys, value = vector(name, values, &kinds), vector(name, partners, &kinds), None
    if ys is not partners:
        xs = vector(name, xs, &kinds)  # Python ran: it may have changed the caller's list
    if not op_info[op].exact or len(xs) == 0:
        xs, ys = tuple(xs), tuple(ys)  # Python runs again: no other code can change these
        while True:
            us, vs = numbers_of(xs), numbers_of(ys)
            value = nary.value(NARY_BY_NAME[name], us, vs)
            if still(xs, us) and still(ys, vs):
                break
    return record_many(op, xs, ys, value, unrecorded, kinds)


def identity(v):
    """A fresh node with v's value and derivative 1."""
    return apply("identity", v)


def custom(value, parents, partials):
    """A node of your own: its value, the Vars it depends on, and its derivative by each of them.

    Partials given as Vars can be differentiated again. ValueError if the two lengths differ.

    >>> from vargrad import Var, custom
    >>> x = Var(2.0, requires_grad=True)
    >>> y = custom(8.0, [x], [12.0])  # x**3
    >>> y.backward()
    >>> x.grad
    12.0
    """
    cdef unsigned kinds = SOME_VAR
    cdef bint unrecorded = modes_change and in_no_grad()
    number = value if type(value) is float else errors.as_float(value, "value")
    xs, ys = vector("custom", parents, &kinds), vector("custom", partials, &kinds)
    if ys is not partials:
        xs = vector("custom", xs, &kinds)
    if len(xs) != len(ys):
        raise ValueError(f"custom() got {len(xs)} parents and {len(ys)} partials: give one partial per parent")
    return record_many(OP_custom, xs, ys, number, unrecorded, kinds)


def order(Var root not None):
    """All Vars under root, newest first, each once; leaves last."""
    cdef size_t count = 0, i
    cdef list found = []
    cdef Node **nodes = tape_list(root.node, &count)
    if nodes == NULL:
        raise MemoryError
    # Until every node has its Var no Python may run, not even a garbage collection: appending does none.
    try:
        for i in range(count):
            found.append(handle_of(tape_current(nodes[i])))
    finally:
        free(nodes)
    return list(dict.fromkeys(found))  # one Var for a leaf, however many values of it the graph has seen


def pullback(Var root not None, wrt):
    """The derivatives of root by the leaves ``wrt``, and whether root depends on another Var that wants one."""
    cdef Edited edited
    cdef Var v
    cdef int outcome
    cdef size_t reached, i, count
    cdef bint careful
    cdef double *adjoint
    cdef PyObject **item
    cdef tuple leaves = tuple(wrt)  # no other code can change it
    for v in leaves:  # None would pass here
        if v is None:
            raise TypeError("a leaf is None")
    count = len(leaves)
    if recorder() is not None:
        recorder().leave(root, "a derivative as a float")
    careful = watched()
    renew(root)
    if not careful:
        adjoint = <double *>malloc((count + 1) * sizeof(double))
        if adjoint == NULL:
            raise MemoryError
        # From the marks to tape_finish no Python may run, not even a garbage collection.
        item = PySequence_Fast_ITEMS(leaves)
        for i in range(count):
            (<Var>item[i]).node.flags |= NODE_ASKED
        outcome = tape_sweep(root.node, 1.0, &edited)
        reached = tape_reaches_other()
        for i in range(count):
            adjoint[i] = tape_adjoint((<Var>item[i]).node)
        for i in range(count):
            (<Var>item[i]).node.flags &= ~NODE_ASKED
        tape_finish(0)
        try:
            if outcome == SWEEP_DONE:
                return [adjoint[i] for i in range(count)], bool(reached)
        finally:
            free(adjoint)
        if outcome == SWEEP_EDITED:
            raise errors.edited_leaf(edited.recorded, edited.current, NAMES[edited.op])
    adjoints = sweep_py.adjoints(order(root), 1.0)
    other = any(v.requires_grad for v in adjoints.keys() - set(leaves))
    return [0.0 + adjoints.get(v, 0.0) for v in leaves], other


def pullback_graph(Var root not None, wrt):
    """The derivatives of root by any Vars ``wrt``, as Vars that can be differentiated again."""
    found = sweep_py.adjoint_graph(order(root), wrt, apply, Var)
    return [v if type(v) is Var else leaf(v) for v in found]


def count_under(Var root not None):
    """How many nodes a sweep from root visits."""
    cdef size_t count = 0
    cdef Node **nodes = tape_list(root.node, &count)
    if nodes == NULL:
        raise MemoryError
    free(nodes)
    return count


cdef enum:
    DIRECTIONS_AT_ONCE = 8  # a cache line of tangents a node


def pushforward(Var top not None, list roots, wrt, seeds):
    """The tangents of Vars under top, see forward_py.py; None where the walk in Python must look."""
    cdef size_t count = 0, i, k, width, leaves, n_roots
    cdef Directions by
    cdef Node **nodes = NULL
    cdef Node **pointer
    cdef int outcome = FORWARD_DONE
    cdef Var v
    cdef tuple asked = tuple(wrt), ends = tuple(roots)  # no other code can change these
    cdef tuple numbers = () if seeds is None else tuple([float(x) for x in seeds])
    for v in asked + ends:  # None would pass here
        if v is None:
            raise TypeError("a Var is None")
    leaves, n_roots = <size_t>len(asked), <size_t>len(ends)
    if seeds is not None and <size_t>len(numbers) != leaves:
        raise ValueError(f"{len(numbers)} seeds for {leaves} leaves")
    if recorder() is not None:
        recorder().leave(top, "a derivative as a float")
    if watched() or leaves == 0:
        return None
    width = leaves if seeds is None else 1
    pointer = <Node **>malloc((leaves + n_roots + 1) * sizeof(Node *))
    cdef double *out = <double *>malloc((n_roots * width + leaves + 1) * sizeof(double))
    try:
        if pointer == NULL or out == NULL:
            raise MemoryError
        for i in range(leaves):
            pointer[i] = (<Var>PySequence_Fast_ITEMS(asked)[i]).node
            if seeds is not None:
                out[n_roots * width + i] = PyFloat_AS_DOUBLE(<object>PySequence_Fast_ITEMS(numbers)[i])
        for i in range(n_roots):
            pointer[leaves + i] = (<Var>PySequence_Fast_ITEMS(ends)[i]).node
        nodes = tape_list(top.node, &count)
        if nodes == NULL:
            raise MemoryError
        by.wrt, by.n_wrt, by.stride, by.first = pointer, leaves, width, 0
        by.seed = NULL if seeds is None else out + n_roots * width
        # From the marks to their end no Python may run, not even a garbage collection.
        for i in range(leaves):
            pointer[i].flags |= NODE_ASKED
        while by.first < width and outcome == FORWARD_DONE:
            by.columns = min(<size_t>DIRECTIONS_AT_ONCE, width - by.first)
            outcome = tape_forward(nodes, count, &by, pointer + leaves, n_roots, out)
            by.first += by.columns
        for i in range(leaves):
            pointer[i].flags &= ~NODE_ASKED
        if outcome == FORWARD_UNUSUAL:
            return None
        if outcome != FORWARD_DONE:
            raise MemoryError
        return [[out[i * width + k] for k in range(width)] for i in range(n_roots)]
    finally:
        free(nodes)
        free(pointer)
        free(out)


# A graph as arrays, for compile: a Python object for each leaf, none for the nodes between.


cdef Buffer blank(char *format):
    cdef Buffer buffer = Buffer.__new__(Buffer)
    buffer.format = format
    buffer.step = sizeof(double) if format == DOUBLE else sizeof(int32_t)
    return buffer


cdef bint take(Buffer buffer, size_t count) noexcept:
    """Memory for so many, and one more; it is C's, since taking Python's may run a garbage collection."""
    buffer.first = buffer.memory = tape_memory(NULL, (count + 1) * <size_t>buffer.step)
    return buffer.memory != NULL


def export(Var root not None, list wanted):
    """All nodes under root as arrays, see sweep_py.py."""
    cdef size_t count = 0, parts = 0, i
    cdef bint small = True, made = False
    cdef Node **nodes = NULL
    cdef Node **sought = NULL
    cdef Export to
    cdef Var v
    cdef tuple asked = tuple(wanted)  # no other code can change it
    cdef list leaves = []
    cdef Buffer codes = blank(INT32), first = blank(INT32), operands = blank(INT32)
    cdef Buffer numbers = blank(DOUBLE), places = blank(INT32)
    for v in asked:  # None would pass here
        if v is None:
            raise TypeError("a wanted Var is None")
    to.node = NULL
    # From here until every leaf has its Var no Python may run, not even a garbage collection: appending does none.
    try:
        nodes = tape_list(root.node, &count)
        if nodes != NULL:
            parts = tape_operands_of(nodes, count)
            small = count < INT32_MAX and parts < INT32_MAX
        if nodes != NULL and small:
            to.node = <Node **>tape_memory(NULL, count * sizeof(Node *))
            sought = <Node **>tape_memory(NULL, (<size_t>len(asked) + 1) * sizeof(Node *))
            made = (
                to.node != NULL and sought != NULL and take(codes, count) and take(first, count)
                and take(operands, parts) and take(numbers, parts) and take(places, <size_t>len(asked))
            )
        if made:
            to.code, to.first, to.operand = <int32_t *>codes.first, <int32_t *>first.first, <int32_t *>operands.first
            to.number, to.place = <double *>numbers.first, <int32_t *>places.first
            for i in range(<size_t>len(asked)):
                sought[i] = (<Var>PySequence_Fast_ITEMS(asked)[i]).node
            tape_export(nodes, count, sought, <size_t>len(asked), &to)
            for i in range(to.nodes):
                if to.code[i] >= 0:
                    break
                leaves.append(handle_of(to.node[i]))
    finally:
        free(nodes)
        free(to.node)
        free(sought)
    if not small:
        raise MemoryError("a graph of 2**31 nodes or operands")
    if not made:
        raise MemoryError
    codes.count, first.count, operands.count, numbers.count = to.nodes, to.nodes + 1, to.operands, to.numbers
    places.count = len(asked)
    view = _builtins.memoryview
    return view(codes), view(first), view(operands), view(numbers), leaves, view(places).tolist()
