# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, always_allow_keywords=True
# cython: autotestdict=False
"""The compiled machine: replays a recorded program over arrays, with the GIL released. machine_py.py is its twin.

The machine itself is in csrc/vm/program.h, its kernels in csrc/vm/kernels.h; here are buffers, threads and signals.
VARGRAD_SIMD=baseline|avx2|avx512 chooses the instruction set; the best that the processor has is the default.
"""

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE
from cpython.buffer cimport PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_New
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_AsDouble, PyFloat_CheckExact, PyFloat_FromDouble
from cpython.dict cimport PyDict_GetItem
from cpython.ref cimport Py_INCREF, PyObject
from cpython.sequence cimport PySequence_Fast_ITEMS
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport SIZE_MAX, int32_t, int64_t, uintptr_t
from libc.stdlib cimport free, qsort
from libc.string cimport memcpy

import os
from _thread import allocate_lock, start_new_thread

cdef extern from "vm/kernels.h" nogil:
    ctypedef void (*Kernel)(double *, const double *, const double *, const double *, size_t)
    ctypedef struct Kernels:
        const char *name
        Kernel kernel[1]
    ctypedef struct DoInfo:
        const char *name
        unsigned char arity
    const DoInfo do_info[]
    const Kernels *all_kernels[3]
    int kernels_supported(int i)
    enum:
        DO_COUNT
        LANES

cdef extern from "vm/native.h" nogil:
    ctypedef struct Native:
        pass

cdef extern from "vm/program.h" nogil:
    ctypedef struct Program:
        size_t inputs, constants, registers, length, outputs
        double *constant
    ctypedef struct Code:
        int32_t op
    ctypedef struct PlanProduct:
        int32_t first, chains, terms
    ctypedef struct Plan:
        const Program *program
        const Kernels *kernels
        size_t steps, lanes, slots, products, registers, broadcasts
        int32_t *broadcast_value
        int32_t *broadcast_slot
        Code *step
        double *constant
        PlanProduct *product
        int32_t *number
        Native *native
        Native *native_row
    Program *program_new(const int32_t *, size_t, const double *, size_t, int64_t, int64_t, const int32_t *, size_t,
                         char *, size_t)
    void program_free(Program *)
    Plan *plan_new(const Program *, const Kernels *, const unsigned char *, int)
    void plan_free(Plan *)
    void plan_row(const Plan *, const double *, double *, double *)
    size_t plan_workspace(const Plan *)
    size_t plan_numbers(const Plan *)
    void plan_prepare_few(const Plan *, void *, const double *const *, size_t)
    void plan_run(const Plan *, void *, const double *const *, double *const *, size_t, size_t)
    ctypedef struct MachineApi:
        pass
    const MachineApi machine_api

cdef extern from "vm/memory.h" nogil:
    long machine_allocations_left
    void *machine_memory(size_t)
    void *machine_array(size_t, size_t)

cdef extern from "vm/pages.h":
    enum:
        PAGES_LEAST
        PAGES_MOST
    void *pages_take(size_t)
    void pages_give(void *, size_t)
    size_t pages_spare()

IMPLEMENTATION = "compiled"
OPCODES = {do_info[i].name.decode(): i for i in range(DO_COUNT)}

cdef enum:
    PLANS = 64  # as many ways of mixing arrays and numbers are remembered
    ROWS_BY_STEPS = 1 << 20  # of a chunk: about a millisecond
    FEW = 256  # numbers that fit on the stack
    QUICK = 1 << 13  # steps of one row in order of its own; others give up the GIL, and use fewer registers
    BRIEF = 1 << 27  # rows times steps: a tenth of a second, or so
    ANY = -1  # numbers of dimensions
    ONE_OR_TWO = -2


include "isa.pxi"

# The machine's functions, for an extension that keeps programs of its own: a pointer to the MachineApi of program.h.
machine_api_capsule = PyCapsule_New(<void *>&machine_api, "vargrad.machine_api", NULL)

include "buffers.pxi"
include "pages.pxi"
include "native.pxi"
include "workers.pxi"
include "reroll.pxi"


# ---- the machine


cdef class Machine(Unit):
    """Replays ``program`` (code, constants, n_inputs, n_registers, outputs: see program.py) over arrays.

    ``isa``: an instruction set instead of the one chosen at import. ``native``: "off", "auto" or "now" instead of what
    VARGRAD_NATIVE says. Raises ValueError for a program that reads or writes outside its registers, holds unknown
    operations, or whose arrays have other types or shapes.
    """

    cdef Program *program
    cdef const Kernels *kernels
    cdef Plan *single  # for one row
    cdef Row *quick  # the same, once it was asked for
    cdef double *workspace
    cdef Lanes lanes  # for one row, where the program repeats itself
    cdef dict plans
    cdef str mode

    def __cinit__(self, program, isa=None, native=None):
        cdef char message[200]
        cdef Buffers held = Buffers(3)
        cdef Py_buffer *code = held.take(program.code, "code", -1, False, 2, False)
        cdef Py_buffer *constants = held.take(program.constants, "constants", -1, True, 1, False)
        cdef Py_buffer *outputs = held.take(program.outputs, "outputs", -1, False, 1, False)
        self.kernels = kernels_named(_selected if isa is None else isa)
        self.plans = {}
        self.mode = native_service.checked(native)
        if code.shape[1] != 5:
            raise ValueError(f"code has rows of {code.shape[1]}, expected op, out, a, b, c")
        try:
            n_inputs, n_registers = <int64_t>program.n_inputs, <int64_t>program.n_registers
        except (OverflowError, TypeError) as error:
            raise ValueError(f"n_inputs and n_registers: expected counts ({error})") from None
        self.program = program_new(
            <const int32_t *>code.buf, code.shape[0], <const double *>constants.buf, constants.shape[0], n_inputs,
            n_registers, <const int32_t *>outputs.buf, outputs.shape[0], message, sizeof(message),
        )
        if self.program == NULL:
            if message[0]:
                raise ValueError(message.decode())
            raise MemoryError()

        cdef unsigned char *none = <unsigned char *>machine_array(self.program.inputs + 1, 1)
        if none != NULL:
            self.single = plan_new(self.program, self.kernels, none, False)
            free(none)
        if self.single == NULL:
            raise MemoryError()
        self.lanes = lanes_of(self.program, self.kernels)
        if self.lanes is not None:
            self.lanes.begin(self.mode, self.lanes.steps())
        else:
            self.begin(self.mode, self.single.steps)

    def __dealloc__(self):
        row_free(self.quick)
        free(self.workspace)
        plan_free(self.single)
        program_free(self.program)

    @property
    def shortcut(self):
        """The class for fast calls of one row."""
        return Shortcut

    @property
    def repeated(self):
        """How many of the program's operations run in lanes when there is one row, and in how many groups."""
        return (0, 0) if self.lanes is None else self.lanes.counts()

    @property
    def isa(self):
        """Name of the instruction set it runs on."""
        return self.kernels.name.decode()

    def updater(self, size_t states):
        """Steps of many parameters by this program, an update rule with so many states."""
        return Updater(self, states)

    cdef OwnedPlan plan_for(self, const unsigned char *broadcast, bint staged):
        """The plan for these inputs: 1 for each that is one number for all rows."""
        cdef OwnedPlan held
        key = (<const char *>broadcast)[:self.program.inputs], staged
        known = self.plans.get(key)
        if known is not None:
            return known
        held = OwnedPlan()
        held.plan = plan_new(self.program, self.kernels, broadcast, staged)
        if held.plan == NULL:
            raise MemoryError()
        held.begin(self.mode, held.plan.steps)
        if len(self.plans) >= PLANS:
            self.plans = {}
        self.plans[key] = held
        return held

    def brief(self, size_t rows):
        """Whether so many rows take about a tenth of a second at most, so that Ctrl-C may wait for them."""
        return rows <= BRIEF // (self.single.steps + 1)

    def run(self, inputs, out, workers=1, whole=False, tell=None):
        """Every row of ``inputs`` through the program into ``out``.

        ``inputs``: n_inputs arrays of float64, of as many rows as ``out`` or of one, for all rows; a 2-d array
        (k, rows) or (k, 1) is k of them. ``out``: likewise an array for each output; it may be an input's own.
        ``workers``: threads, of which few rows need one. Raises ValueError for other arrays, and KeyboardInterrupt at
        the end of a chunk, which leaves ``out`` half written; with ``whole`` at the end of all.
        Any other error comes before anything is written. ``tell``: a callback, called in this thread after each chunk
        with the number of rows done since; an exception in it ends the call as Ctrl-C does.
        """
        if whole and tell is not None:
            raise ValueError("a call with whole=True takes no tell")
        if workers < 1:
            raise ValueError(f"workers={workers}: expected 1 or more")
        inputs, out = tuple(inputs), tuple(out)  # a sequence may change while its items are read
        cdef BatchRun call = BatchRun(len(inputs) + len(out), self.program.inputs, self.program.outputs)
        call.whole = whole
        call.take_all(inputs, out)
        if call.rows == 0 or call.outputs == 0:
            return
        if self.lanes is not None and self.lanes.pays(call.rows):
            self.ready()
            self.lanes.rows(call)
            return
        call.plan_owner = self.plan_for(call.broadcast, call.staged)
        call.plan = call.plan_owner.plan
        cdef Plan *plan = call.plan
        call.plan_owner.rows(call.rows, self.mode)
        cdef size_t blocks = 1 + ROWS_BY_STEPS // (plan.lanes * (plan.steps + 1))
        call.chunk = blocks * plan.lanes
        work_all(call, workers, tell)

    def add_up(self, inputs, rows, stays=None, workers=1, tell=None):
        """The sums of so many rows, one for each output, in the order of csrc/vm/sums.h.

        ``inputs``, ``workers``, ``tell``: as for ``run``. ``stays``: an array of so many rows, written with the last
        output, which then has no sum; rows for which it is not 1 are left out of the others.
        """
        return sums_of(self, tuple(inputs), rows, stays, workers, tell)

    cdef int one_row(self, const double *inputs, double *outputs) except -1:
        """One row: n_inputs numbers to as many as the program has outputs, which may be the same memory."""
        if self.lanes is not None:
            return self.lanes.row(inputs, outputs)
        if self.quick != NULL:  # it has one workspace, which the GIL protects
            self.spent += self.quick.length * NS_A_STEP
            row_run(self.quick, self.workspace, inputs, outputs)
            return 0
        if self.single.steps > QUICK:
            return self.long_row(inputs, outputs)
        self.prepare_row()
        row_run(self.quick, self.workspace, inputs, outputs)
        return 0

    cdef int prepare_row(self) except -1:
        cdef Row *row = row_new(self.single)
        if row != NULL:
            self.workspace = <double *>machine_array(row.places + LANES, sizeof(double))
        if self.workspace == NULL:
            row_free(row)
            raise MemoryError()
        row_prepare(row, self.workspace)
        self.quick = row
        return 0

    cdef inline int ready(self) except -1:
        """Before a row, where Python code may run: asks for machine code if it is time to."""
        cdef Unit unit = self if self.lanes is None else self.lanes
        if unit.spent >= unit.goal:
            unit.ask(self.mode)
        return 0

    cdef int long_row(self, const double *inputs, double *outputs) except -1:
        cdef double *slots = <double *>machine_memory(self.single.slots * sizeof(double))
        if slots == NULL:
            raise MemoryError()
        try:
            self.spent += self.single.steps * NS_A_STEP
            with nogil:
                plan_row(self.single, inputs, slots, outputs)
        finally:
            free(slots)
        return 0

    def jobs(self):
        """What is to be compiled, each a dict: one row."""
        if self.quick == NULL and self.single.steps <= QUICK:
            self.prepare_row()
        return [row_job(self.quick) if self.quick != NULL else long_row_job(self.single)]

    def accept(self, code, list parts):
        """Take machine code for one row into use."""
        if self.code is None:
            self.code = code
            native_give(&self.quick.native if self.quick != NULL else &self.single.native_row, native_from(parts[0]))

    def units(self):
        """What runs of it, or may become machine code: pairs of a name and a Unit."""
        return [("row", self if self.lanes is None else self.lanes), *(("batch", held) for held in self.plans.values())]

    def row(self, x, out):
        """One row from one array to another: float64, C-contiguous, of n_inputs and of as many items as outputs.

        ``out`` may be ``x``. Raises ValueError for other arrays.
        """
        cdef Buffers held = Buffers(2)
        cdef Py_buffer *given = held.take(x, "x", -1, True, ANY, False)
        cdef Py_buffer *results = held.take(out, "out", -1, True, ANY, True)
        if given.len != <Py_ssize_t>(self.program.inputs * sizeof(double)):
            raise ValueError(f"x has {given.len // 8} items, expected {self.program.inputs}")
        if results.len != <Py_ssize_t>(self.program.outputs * sizeof(double)):
            raise ValueError(f"out has {results.len // 8} items, expected {self.program.outputs}")
        self.ready()
        self.one_row(<const double *>given.buf, <double *>results.buf)

    def point(self, values):
        """One row of plain numbers: a sequence of floats in, a tuple of floats out."""
        cdef double few[FEW]
        cdef double *v = few
        cdef size_t i, n = self.program.inputs
        if type(values) is not tuple:
            values = tuple(values)  # a list may become shorter while a number is asked for its value
        if <size_t>len(values) != n:
            raise TypeError(f"the program takes {n} numbers, got {len(values)}")
        if n + self.program.outputs > FEW:
            v = <double *>machine_memory((n + self.program.outputs) * sizeof(double))
            if v == NULL:
                raise MemoryError()
        try:
            for i in range(n):
                v[i] = number(values[i])
            self.ready()
            self.one_row(v, v + n)
            return floats(v + n, self.program.outputs)
        finally:
            if v != few:
                free(v)


include "arrays.pxi"
include "watch.pxi"
include "fastcall.pxi"
include "few.pxi"
include "updates.pxi"
include "ways.pxi"
include "sums.pxi"
include "for_tests.pxi"
