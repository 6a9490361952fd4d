# Sums over rows: csrc/vm/sums.h.

cdef extern from "vm/sums.h" nogil:
    size_t SEGMENT
    size_t plan_sum_workspace(const Plan *)
    void plan_sum(const Plan *, void *, const double *const *, double *, double *, size_t, size_t)
    size_t sums_stride(size_t)
    void sum_rows(const Kernels *, double *, size_t, size_t, double *, double *)
    void fold_segments(double *, size_t, size_t)


cdef size_t sums_wanted(BatchRun call) noexcept nogil:
    return call.outputs - (1 if call.stays != NULL else 0)


cdef void add_segments(BatchRun call, void *workspace, size_t first, size_t last) noexcept nogil:
    """The sums of rows, from a whole segment on, segment by segment."""
    cdef size_t at, sums = sums_wanted(call)
    for at in range(first // SEGMENT, (last + SEGMENT - 1) // SEGMENT):
        plan_sum(call.plan, workspace, call.input, call.stays, call.parts + at * sums, at * SEGMENT,
                 min((at + 1) * SEGMENT, last))


cdef sums_of(Machine machine, tuple inputs, rows, stays, workers, tell):
    cdef Program *program = machine.program
    cdef BatchRun call = BatchRun(len(inputs) + 1, program.inputs, program.outputs)
    cdef Py_buffer *view
    cdef size_t segments, sums
    if workers < 1:
        raise ValueError(f"workers={workers}: expected 1 or more")
    try:
        call.rows, call.counted = rows, "expected"
    except (OverflowError, TypeError) as error:
        raise ValueError(f"rows={rows!r}: expected a count ({error})") from None
    if stays is not None:
        view = call.take(stays, "stays", -1, True, 1, True)
        if <size_t>view.shape[0] != call.rows:
            raise ValueError(f"stays has {view.shape[0]} rows, expected {call.rows}")
        if program.outputs == 0:
            raise ValueError("stays is for the program's last output; it has none")
        call.stays = <double *>view.buf
    call.take_inputs(inputs)
    sums = sums_wanted(call)
    result = empty(sums)
    result.fill(0.0)
    if call.rows == 0 or program.outputs == 0:
        return result
    segments = (call.rows + SEGMENT - 1) // SEGMENT
    call.parts = <double *>machine_array(segments, (sums + 1) * sizeof(double))
    if call.parts == NULL:
        raise MemoryError()
    if machine.lanes is not None and call.rows <= SEGMENT and machine.lanes.pays(call.rows):
        machine.ready()
        sums_by_lanes(machine, call)
    else:
        call.plan_owner = machine.plan_for(call.broadcast, False)
        call.plan = call.plan_owner.plan
        call.plan_owner.rows(call.rows, machine.mode)
        call.chunk = SEGMENT * (1 + ROWS_BY_STEPS // (SEGMENT * (call.plan.steps + 1)))
        work_all(call, workers, tell)
        fold_segments(call.parts, segments, sums)
    memcpy(numpy.PyArray_DATA(<numpy.ndarray>result), call.parts, sums * sizeof(double))
    return result


cdef int sums_by_lanes(Machine machine, BatchRun call) except -1:
    """A few rows one after the other, and then their sums."""
    cdef size_t k, stride = sums_stride(call.rows)
    cdef double *x = <double *>machine_memory(call.outputs * stride * sizeof(double))
    if x == NULL:
        raise MemoryError()
    try:
        for k in range(call.outputs):
            call.output[k] = x + k * stride
        machine.lanes.rows(call)
        sum_rows(machine.kernels, x, call.outputs, call.rows, call.stays, call.parts)
    finally:
        free(x)
    return 0
