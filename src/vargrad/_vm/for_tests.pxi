# What only tests ask for.


def limit_allocations(long left):
    """Let the machine's allocations fail after so many more, for tests; -1: never. Returns what was left."""
    global machine_allocations_left
    before = machine_allocations_left
    machine_allocations_left = left
    return before


def kernel(name, isa, a, b, out, c=None):
    """One operation over arrays of one length: out = name(a, b, c); what the operation has not may be ``a`` again.

    ``isa``: one of instruction_sets(). Raises ValueError for unknown names and unfit arrays.
    """
    cdef const Kernels *kernels = kernels_named(isa)
    cdef BatchRun call = BatchRun(4, 0, 4)
    cdef double edge[4][LANES]
    cdef size_t i, k, whole, rest
    if name not in OPCODES:
        raise ValueError(f"operation {name!r}: expected one of {', '.join(OPCODES)}")
    cdef Kernel f = kernels.kernel[<int>OPCODES[name]]
    for k, array in enumerate((a, b, a if c is None else c, out)):
        view = call.take(array, ("a", "b", "c", "out")[k], -1, True, 1, k == 3)
        if view.shape[0] != call.view[0].shape[0]:
            raise ValueError(f"arrays of {call.view[0].shape[0]} and {view.shape[0]} rows: expected one length")
        call.output[k] = <double *>view.buf
    whole = call.view[0].shape[0] // LANES * LANES
    rest = call.view[0].shape[0] - whole
    with nogil:
        f(call.output[3], call.output[0], call.output[1], call.output[2], whole)
        if rest:
            for k in range(3):
                for i in range(LANES):
                    edge[k][i] = call.output[k][whole + (i if i < rest else rest - 1)]
            f(edge[3], edge[0], edge[1], edge[2], LANES)
            memcpy(call.output[3] + whole, edge[3], rest * sizeof(double))


def products_of(Machine machine, flags):
    """How many matrix products the plan has in which these inputs (bytes: 1 for each) are one number for all rows."""
    if len(flags) != machine.program.inputs:
        raise ValueError(f"{len(flags)} flags, the program takes {machine.program.inputs} inputs")
    cdef const unsigned char *given = flags
    return machine.plan_for(given, False).plan.products
