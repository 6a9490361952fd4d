# The rows of one call, by one thread or several: chunk by chunk, each thread in a workspace of its own.


cdef char *workspace_for(BatchRun call) except NULL:
    cdef char *memory
    if call.parts == NULL:
        memory = <char *>machine_memory(plan_workspace(call.plan))
    else:
        memory = <char *>machine_memory(plan_sum_workspace(call.plan) + 64)
    if memory == NULL:
        raise MemoryError()
    return memory


cdef int work(BatchRun call, char *memory, tell) except -1:
    """Run chunks until none is left or ``stop`` is set, and check for signals between two of them."""
    cdef size_t first, last, told = 0
    cdef Plan *plan = call.plan
    cdef char *workspace = memory + (64 - <uintptr_t>memory % 64)
    with nogil:
        plan_prepare_few(plan, workspace, call.input, call.rows)
    while call.next < call.rows and not call.stop:
        first = call.next
        last = call.next = min(first + call.chunk, call.rows)
        with nogil:
            if call.parts == NULL:
                plan_run(plan, workspace, call.input, call.output, first, last)
            else:
                add_segments(call, workspace, first, last)
        if not call.whole:
            PyErr_CheckSignals()
        if tell is not None:  # counts the chunks that other threads have begun, too
            last = call.next
            tell(last - told)
            told = last
    if tell is not None and told < call.next:
        tell(call.next - told)
    return 0


def _help(BatchRun call, done):
    """Body of a worker thread. On MemoryError it ends, and the others run its chunks."""
    cdef char *memory = NULL
    try:
        memory = workspace_for(call)
        work(call, memory, None)
    except MemoryError:
        pass
    finally:
        free(memory)
        done.release()


cdef int work_all(BatchRun call, size_t workers, tell) except -1:
    """Run every row. This thread has its memory before any row is written: then only a signal can stop it."""
    cdef char *memory = workspace_for(call)
    cdef list helpers = []
    cdef object error = None
    cdef size_t i, chunks = (call.rows + call.chunk - 1) // call.chunk
    try:
        for i in range(1, min(workers, chunks)):
            done = allocate_lock()
            done.acquire()
            start_new_thread(_help, (call, done))
            helpers.append(done)
    except RuntimeError:
        pass  # no more threads to be had
    try:
        work(call, memory, tell)
    except BaseException as e:
        error = e
        call.stop = True
    finally:
        free(memory)
    for done in helpers:  # they use the caller's arrays: wait for each of them, whatever is raised meanwhile
        while True:
            try:
                done.acquire()
                break
            except BaseException as e:
                error = e
                call.stop = not call.whole
    if error is not None:
        raise error
    return 0
