# Machine code in place of steps: csrc/vm/native.h takes it, vargrad._native makes it.
#
# A unit is what becomes machine code at once: a plan, the one row of a machine, the groups of a repeat. It counts what
# its runs take, and asks for machine code when that is many times what compiling takes. Whatever goes wrong then, the
# unit goes on as before.

cimport cython
from libc.stdint cimport uint64_t

from vargrad._native import service as native_service

cdef extern from "vm/native.h" nogil:
    Native *native_new(const uint64_t *, size_t)
    void native_give(Native **, Native *)
    ctypedef struct FusedInfo:
        const char *first
        const char *second
    const FusedInfo fused_info[]

cdef extern from "vm/kernels.h" nogil:
    enum:
        DO_ALL
        DO_GROUP
        DO_PRODUCT

cdef extern from "vm/row.h" nogil:
    ctypedef struct Row:
        const Kernels *kernels
        size_t constants, places, length, outputs
        Code *code
        int32_t *output
        double *constant
        Native *native
    Row *row_new(const Plan *)
    void row_free(Row *)
    void row_prepare(const Row *, double *)
    void row_run(const Row *, double *, const double *, double *)

cdef enum:
    NONE = -1

cdef double NS_A_ROW_STEP = 0.6  # of a batch
cdef double NS_A_STEP = 3.0  # of one row


def native_names():
    """Of each operation of plans and rows: its first name, and its second one or nothing; and arities by name."""
    first = [do_info[i].name.decode() for i in range(DO_COUNT)]
    second = [""] * DO_COUNT
    for i in range(DO_ALL - DO_COUNT):
        one, two = fused_info[i].first, fused_info[i].second.decode()
        first.append(two if one == NULL else (<bytes>one).decode())
        second.append("" if one == NULL else two)
    arity = {do_info[i].name.decode(): <int>do_info[i].arity for i in range(DO_COUNT)}
    return first, second, arity | {"erf_given": 2}


def native_kernels(isa):
    """Addresses of the kernels of an instruction set, by the name of their operation."""
    cdef const Kernels *kernels = kernels_named(isa)
    found = {do_info[i].name.decode(): <uintptr_t>kernels.kernel[i] for i in range(DO_COUNT)}
    found["erf_given"] = <uintptr_t>kernels.kernel[DO_ALL - 1]
    return found


cdef Native *native_from(parts) except NULL:
    """``parts``: an address or 0, the first step, and the step behind the last, of each part in turn."""
    cdef size_t n = len(parts)
    cdef uint64_t *numbers = <uint64_t *>machine_array(n + 1, sizeof(uint64_t))
    cdef Native *native
    if numbers == NULL:
        raise MemoryError()
    try:
        for i in range(n):
            numbers[i] = parts[i]
        native = native_new(numbers, n // 3)
    finally:
        free(numbers)
    if native == NULL:
        raise MemoryError()
    return native


cdef list ints(const int32_t *x, size_t n):
    return [x[i] for i in range(n)]


cdef dict plan_job(const Plan *plan):
    """The steps of a plan for batches, as vargrad._native takes them."""
    cdef const Program *p = plan.program
    cdef size_t i, fixed = p.inputs + p.constants
    cdef size_t value
    cdef const PlanProduct *product
    known, spread, products = {}, {}, []
    for i in range(plan.broadcasts):
        value = plan.broadcast_value[i]
        if plan.constant != NULL:
            known[plan.broadcast_slot[i]] = plan.constant[i]
        elif p.inputs <= value < fixed:
            known[plan.broadcast_slot[i]] = p.constant[value - p.inputs]
        else:
            spread[plan.broadcast_slot[i]] = plan_numbers(plan) // sizeof(double) + value
    for i in range(plan.products):
        product = &plan.product[i]
        numbers = ints(plan.number + product.first, product.terms + 2 * product.chains)
        writes = numbers[product.terms : product.terms + product.chains]
        starts = [x for x in numbers[product.terms + product.chains :] if x != NONE]
        products.append((numbers[: product.terms] + starts, writes))
    return {
        "kind": "block", "isa": plan.kernels.name.decode(), "steps": ints(&plan.step.op, 5 * plan.steps),
        "registers": plan.registers, "inputs": p.inputs, "outputs": p.outputs, "known": known, "spread": spread,
        "products": products, "product": <int>DO_PRODUCT,
    }


cdef dict long_row_job(const Plan *plan):
    """The steps of a plan without broadcast inputs, for one row."""
    cdef size_t i, first = plan.registers + plan.program.inputs
    return {
        "kind": "row", "isa": plan.kernels.name.decode(), "steps": ints(&plan.step.op, 5 * plan.steps), "group": NONE,
        "known": {plan.broadcast_slot[i]: plan.constant[i] for i in range(plan.broadcasts)},
        "wanted": list(range(first, first + plan.program.outputs)),
    }


cdef dict row_job(const Row *row):
    cdef size_t i
    return {
        "kind": "row", "isa": row.kernels.name.decode(), "steps": ints(&row.code.op, 5 * row.length),
        "group": <int>DO_GROUP, "known": {i: row.constant[i] for i in range(row.constants)},
        "wanted": ints(row.output, row.outputs),
    }


@cython.no_gc_clear  # its steps are freed before the pages of their machine code
cdef class Unit:
    """What becomes machine code at once."""

    cdef double spent, goal  # ns, about, since it was made, and from which on machine code is asked for
    cdef object code  # owns the pages of its functions
    cdef object __weakref__

    def __cinit__(self, *args, **kwargs):
        self.goal = float("inf")

    cdef int begin(self, str mode, size_t steps) except -1:
        """``mode``: "off", "auto" or "now"; to be called when the steps are there."""
        if mode != "off":
            self.goal = native_service.goal(mode, steps)
        return 0

    cdef int ask(self, str mode) except -1:
        """It is worth it. Python code runs here."""
        self.goal = float("inf")
        if self.code is None:
            native_service.ask(self, mode)
        return 0

    def jobs(self):
        """What is to be compiled, each a dict."""
        raise NotImplementedError

    def accept(self, code, list parts):
        """Take machine code into use: numbers for native_from, of each job in turn."""
        raise NotImplementedError

    @property
    def is_native(self):
        """Whether machine code runs."""
        return self.code is not None


cdef class OwnedPlan(Unit):
    """Owns one plan."""

    cdef Plan *plan

    def __dealloc__(self):
        plan_free(self.plan)

    def jobs(self):
        return [plan_job(self.plan)]

    def accept(self, code, list parts):
        if self.code is None:
            self.code = code
            native_give(&self.plan.native, native_from(parts[0]))

    cdef inline int rows(self, size_t rows, str mode) except -1:
        """So many are about to run. Python code may run here."""
        self.spent += <double>rows * self.plan.steps * NS_A_ROW_STEP
        if self.spent >= self.goal:
            self.ask(mode)
        return 0
