# Single rows of programs that repeat themselves: csrc/vm/reroll/reroll.h runs the repetitions as lanes.

cdef extern from "vm/reroll/reroll.h" nogil:
    ctypedef struct Repeat:
        pass
    Repeat *repeat_new(const Program *, const Kernels *, int *)
    void repeat_free(Repeat *)
    size_t repeat_workspace(const Repeat *)
    void repeat_prepare(const Repeat *, void *)
    void repeat_run(const Repeat *, void *, const double *, double *)
    size_t repeat_lanes(const Repeat *)
    size_t repeat_groups(const Repeat *)
    size_t repeat_rows(const Repeat *, size_t, Plan **)
    double repeat_time(const Repeat *)
    int repeat_pays(const Repeat *, size_t)
    double repeat_share

cdef enum:
    ALONE = 1 << 15  # operations of one row that other threads need not wait for


cdef inline char *aligned(char *memory) noexcept nogil:
    return memory + (64 - <uintptr_t>memory % 64)


cdef Lanes lanes_of(const Program *program, const Kernels *kernels):
    """None where the program has no repetition that would pay."""
    cdef int no_memory
    cdef Repeat *repeat = repeat_new(program, kernels, &no_memory)
    if no_memory:
        raise MemoryError()
    if repeat == NULL:
        return None
    cdef Lanes lanes = Lanes.__new__(Lanes)
    lanes.repeat, lanes.program = repeat, program
    return lanes


cdef class Lanes(Unit):
    """A Repeat and its workspace, reused from row to row. A thread that finds it in use allocates one of its own."""

    cdef Repeat *repeat
    cdef const Program *program
    cdef char *space  # NULL: none yet, or in use

    def __dealloc__(self):
        free(self.space)
        repeat_free(self.repeat)

    def jobs(self):
        """The steps of each group."""
        cdef Plan *plan
        found = []
        for i in range(repeat_groups(self.repeat)):
            repeat_rows(self.repeat, i, &plan)
            found.append(plan_job(plan))
        return found

    def accept(self, code, list parts):
        """Take machine code for the groups into use."""
        cdef Plan *plan
        if self.code is not None:
            return
        self.code = code
        for i in range(repeat_groups(self.repeat)):
            repeat_rows(self.repeat, i, &plan)
            native_give(&plan.native, native_from(parts[i]))

    cdef size_t steps(self):
        """How many steps all groups have."""
        cdef Plan *plan
        cdef size_t steps = 0
        for i in range(repeat_groups(self.repeat)):
            repeat_rows(self.repeat, i, &plan)
            steps += plan.steps
        return steps

    cdef tuple counts(self):
        return repeat_lanes(self.repeat), repeat_groups(self.repeat)

    cdef bint pays(self, size_t rows) noexcept:
        """Whether so many rows one after the other take less time than side by side."""
        return repeat_pays(self.repeat, rows)

    cdef char *take(self) except NULL:
        cdef char *space = self.space
        self.space = NULL
        if space == NULL:
            space = <char *>machine_memory(repeat_workspace(self.repeat) + 64)
            if space == NULL:
                raise MemoryError()
            repeat_prepare(self.repeat, aligned(space))
        return space

    cdef void give(self, char *space) noexcept:
        if self.space == NULL:
            self.space = space
        else:
            free(space)

    cdef int row(self, const double *inputs, double *outputs) except -1:
        """One row; ``outputs`` may be the same memory as ``inputs``."""
        cdef double *to = outputs
        cdef char *space
        if outputs < inputs + self.program.inputs and inputs < outputs + self.program.outputs:
            to = <double *>machine_memory(self.program.outputs * sizeof(double))
            if to == NULL:
                raise MemoryError()
        try:
            self.spent += repeat_time(self.repeat)
            space = self.take()
            if self.program.length < ALONE:
                repeat_run(self.repeat, aligned(space), inputs, to)
            else:
                with nogil:
                    repeat_run(self.repeat, aligned(space), inputs, to)
            self.give(space)
            if to != outputs:
                memcpy(outputs, to, self.program.outputs * sizeof(double))
        finally:
            if to != outputs:
                free(to)
        return 0

    cdef int rows(self, BatchRun call) except -1:
        """The rows of a call, one after the other."""
        cdef size_t i, row, inputs = self.program.inputs, outputs = self.program.outputs
        cdef double *one = <double *>machine_memory((inputs + outputs) * sizeof(double))
        cdef char *space
        if one == NULL:
            raise MemoryError()
        try:
            self.spent += <double>call.rows * repeat_time(self.repeat)
            space = self.take()
            with nogil:
                for row in range(call.rows):
                    for i in range(inputs):
                        one[i] = call.input[i][0 if call.broadcast[i] else row]
                    repeat_run(self.repeat, aligned(space), one, one + inputs)
                    for i in range(outputs):
                        call.output[i][row] = one[inputs + i]
            self.give(space)
        finally:
            free(one)
        return 0


def lanes_from(double share):
    """For tests: machines made from now on use lanes where these take less than so much of the time otherwise.

    Returns what it was. 0: never; infinity: wherever there are any.
    """
    global repeat_share
    before = repeat_share
    repeat_share = share
    return before
