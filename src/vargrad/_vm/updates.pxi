# A step of many parameters by one program, in one call: values and grads side by side, the program, values back.
#
# The GIL is held from the first value to the last and no Python code runs meanwhile, so parameters and state change
# together: an interrupt comes before the call, or after it. Long ones take the general way, with their own buffers.

from vargrad._core.var_c cimport gather_leaves, replace_values


cdef class Updater:
    """Steps by an update rule, whose program has the inputs p, g, the states, lr, step, and the outputs p, the states.

    Both methods set ``owner["state"]`` to ``after``, whose rows they have filled, and then the values. ``owner``: the
    attributes of an optimizer; ``after``: rows (states, parameters) or None, then its other fields; ``rows``: the
    same before. False: they have changed nothing, and the caller must do it in its own way.
    """

    cdef Machine machine
    cdef OwnedPlan plan
    cdef size_t states

    def __cinit__(self, Machine machine not None, size_t states):
        cdef unsigned char flags[FEW]
        cdef size_t i
        if states > FEW - 4 or machine.program.inputs != 4 + states or machine.program.outputs != 1 + states:
            raise ValueError(
                f"a rule of {states} states: the program has {machine.program.inputs} inputs and "
                f"{machine.program.outputs} outputs"
            )
        for i in range(4 + states):
            flags[i] = i >= 2 + states
        self.machine, self.states = machine, states
        self.plan = machine.plan_for(flags, False)

    def leaves(self, dict owner not None, tuple leaves not None, rows, after):
        """Step Vars anywhere in memory."""
        cdef size_t n = len(leaves)
        cdef double *room
        if modes.recorder is not None or not self.few(n):
            return False
        room = self.room(n)
        if not gather_leaves(leaves, room + n, room + 2 * n):
            return False
        if not self.run(owner, n, room + n, room + 2 * n, rows, after, room):
            return False
        before = owner["state"]  # kept alive until the values are there: freeing it may run code of others
        owner["state"] = after
        try:
            replace_values(leaves, <const char *>room)
        except BaseException:
            owner["state"] = before
            raise
        return True

    def arrays(self, dict owner not None, values, grads, rows, after):
        """Step the values in an array (parameters,), by grads in another one."""
        cdef Shape shape
        cdef double *value
        cdef double *grad
        cdef double *room
        shape.dimensions = 1
        shape.dimension[0] = shape.size = len(values)
        value, grad = doubles_of(values, &shape), doubles_of(grads, &shape)
        if value == NULL or grad == NULL or not self.few(shape.size):
            return False
        room = self.room(shape.size)
        if not self.run(owner, shape.size, value, grad, rows, after, room):
            return False
        before = owner["state"]
        owner["state"] = after
        memcpy(value, room, shape.size * sizeof(double))
        return True

    cdef bint few(self, size_t n) noexcept:
        """Whether so many parameters are few enough to be done at once."""
        return 0 < n <= FEW_ROWS_BY_STEPS // (self.plan.plan.steps + 1)

    cdef double *room(self, size_t n) except NULL:
        """Room for three numbers of each parameter, and behind them for the plan's workspace."""
        return <double *>few_workspace(workspace_after(n) + plan_workspace(self.plan.plan))

    cdef bint run(self, dict owner, size_t n, const double *values, const double *grads, rows, after,
                  double *room) except -1:
        """Compute the new values into the room's first places, and the new rows; False for unfit arrays."""
        cdef const double *input[FEW]
        cdef double *output[FEW]
        cdef double now[2]
        cdef Shape shape
        cdef size_t i
        cdef double *old = NULL
        cdef double *new = NULL
        cdef char *workspace = <char *>room + workspace_after(n)
        if self.states:
            shape.dimensions, shape.size = 2, self.states * n
            shape.dimension[0], shape.dimension[1] = self.states, n
            old, new = doubles_of(rows, &shape), doubles_of(after[0], &shape)
            if old == NULL or new == NULL or new == old:
                return False
        now[0], now[1] = owner["lr"], after[2]
        input[0], input[1], output[0] = values, grads, room
        for i in range(self.states):
            input[2 + i], output[1 + i] = old + i * n, new + i * n
        input[2 + self.states], input[3 + self.states] = now, now + 1
        plan_prepare_few(self.plan.plan, workspace, input, n)
        plan_run(self.plan.plan, workspace, input, output, 0, n)
        return True


cdef inline size_t workspace_after(size_t n) noexcept:
    """Bytes of three numbers for each of n parameters, to the next multiple of 64."""
    return (3 * n * sizeof(double) + 63) // 64 * 64
