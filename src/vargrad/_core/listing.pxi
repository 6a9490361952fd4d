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


def listing(Var root not None, list wanted):
    """All nodes under root as arrays, see sweep_py.py."""
    cdef size_t count = 0, parts = 0, i
    cdef bint small = True, made = False
    cdef Node **nodes = NULL
    cdef Node **sought = NULL
    cdef Listing to
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
            tape_lay_out(nodes, count, sought, <size_t>len(asked), &to)
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
