# A graph as arrays, for compile: a Python object for each leaf, none for the nodes between.


def listing(Var root not None, list wanted):
    """All nodes under root as arrays, see _walk_py.py."""
    cdef size_t count = 0, operands, i
    cdef Node **nodes = tape_list(root.node, &count)
    cdef Listing to
    cdef Node **sought
    if nodes == NULL:
        raise MemoryError
    try:
        operands = tape_operands_of(nodes, count)
        if count >= INT32_MAX or operands >= INT32_MAX:
            raise MemoryError("a graph of 2**31 nodes or operands")
        room = [
            bytearray(size) for size in (
                4 * count, 4 * count + 4, 4 * operands, 8 * operands + 8, 4 * len(wanted),
                count * sizeof(Node *), len(wanted) * sizeof(Node *),
            )
        ]
        to.code, to.first = <int32_t *><char *>room[0], <int32_t *><char *>room[1]
        to.operand, to.number = <int32_t *><char *>room[2], <double *><char *>room[3]
        to.place, to.node, sought = <int32_t *><char *>room[4], <Node **><char *>room[5], <Node **><char *>room[6]
        for i in range(<size_t>len(wanted)):
            sought[i] = (<Var?>wanted[i]).node
        tape_lay_out(nodes, count, sought, len(wanted), &to)
    finally:
        free(nodes)
    codes, first, numbered, numbers, places = [memoryview(room[i]).cast("d" if i == 3 else "i") for i in range(5)]
    leaves = []
    for i in range(to.nodes):
        if to.code[i] >= 0:
            break
        leaves.append(handle_of(to.node[i]))
    return codes[:to.nodes], first[:to.nodes + 1], numbered[:to.operands], numbers[:to.numbers], leaves, list(places)
