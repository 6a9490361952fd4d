# cython: language_level=3, binding=False, boundscheck=False, wraparound=False, always_allow_keywords=True
# cython: autotestdict=False
"""The compiled engine that trains networks, without the GIL. Its twin is engine_py.py; programs.py has what it runs.

The engine itself is csrc/dense; this file gives it its programs, checks arrays, and looks for signals.
"""

from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from vargrad._vm import machine_c

cdef extern from "vm/program.h" nogil:
    ctypedef struct Program:
        size_t inputs, outputs
    ctypedef struct MachineApi:
        Program *(*program_new)(const int32_t *, size_t, const double *, size_t, int64_t, int64_t, const int32_t *,
                                size_t, char *, size_t)
        void (*program_free)(Program *)

cdef extern from "dense/dense.h" nogil:
    ctypedef struct PlannedProgram:
        pass
    ctypedef struct Layer:
        size_t inputs, outputs
        PlannedProgram forward, backward
    ctypedef struct Group:
        PlannedProgram update
        size_t states
        double hyper[2]
        int prepared, counts_steps
    ctypedef int (*LossHook)(void *, const double *, const double *, size_t, double, size_t, double *,
                             double *) except -1
    ctypedef int (*Poll)(void *) except -1
    ctypedef struct Dense:
        size_t layers, targets, parameters, states, groups
        Layer *layer
        Group *group
        PlannedProgram loss, penalty
        LossHook hook
        Poll poll
        void *context
        const double *loaded
    ctypedef struct Batch:
        const double *x
        const double *y
        const int64_t *order
        size_t rows
        const uint64_t *seed
        size_t at
    ctypedef struct Training:
        double *values
        double *grads
        double *state
        double *best
        double *losses
        const double *x
        const double *y
        const int64_t *order
        const double *rates
        const double *missed
        const uint64_t *seeds
        size_t rates_in_epoch
        size_t rows, batch, epochs
        int mean
        double clip, difference, best_loss, total
        size_t epoch, at, step
    Dense *dense_new(const MachineApi *, int, const int64_t *, const double *, size_t, int, size_t, size_t, size_t)
    void dense_free(Dense *)
    int dense_group(Dense *, size_t, const int64_t *, size_t)
    int dense_plan(const Dense *, PlannedProgram *, const Program *, const unsigned char *, int)
    void dense_outputs(Dense *, const double *, const Batch *, double *)
    int dense_loss(Dense *, const double *, const Batch *, double, double, double *, double *) except? -1
    int dense_train(Dense *, Training *) except? -1

IMPLEMENTATION = "compiled"
cdef const MachineApi *machine = <const MachineApi *>PyCapsule_GetPointer(
    machine_c.machine_api_capsule, "vargrad.machine_api")


cdef class OwnedProgram:
    """A program of the machine, freed with this object."""

    cdef Program *program

    def __dealloc__(self):
        if self.program != NULL:
            machine.program_free(self.program)


cdef class Engine:
    """Trains one network. ``isa``: an instruction set instead of the one chosen at import.

    ``epoch``, ``at`` (a row of it), ``step`` and ``best_loss`` say how far the last call of train came, also after an
    exception.
    Raises ValueError for programs and arrays that do not fit, RuntimeError if it is used by two threads at once.
    """

    cdef Dense *dense
    cdef list programs
    cdef object loss
    cdef bint busy
    cdef readonly size_t epoch, at, step
    cdef readonly double best_loss

    def __cinit__(self, network, isa=None):
        sizes = network.sizes
        self.programs = []
        isa = isa or machine_c.instruction_set()
        if isa not in machine_c.instruction_sets():
            raise ValueError(f"instruction set {isa!r}: expected one of {', '.join(machine_c.instruction_sets())}")
        cdef int number = ("baseline", "avx2", "avx512").index(isa)
        if len(sizes) < 2 or min(sizes) < 1 or network.targets < 1 or network.states < 0:
            raise ValueError(f"{network!r:.200}: expected positive sizes")
        cdef size_t i, outputs = sizes[len(sizes) - 1]
        cdef int64_t *memory = <int64_t *>calloc(len(sizes), sizeof(int64_t))
        cdef double *rates = <double *>calloc(len(sizes), sizeof(double))
        try:
            if memory == NULL or rates == NULL:
                raise MemoryError()
            for i in range(<size_t>len(sizes)):
                memory[i] = sizes[i]
            for i in range(<size_t>min(len(network.dropout), len(sizes) - 2)):  # the last layer drops nothing
                rates[i] = network.dropout[i]
            self.dense = dense_new(machine, number, memory, rates, len(sizes) - 1, network.bias, network.targets,
                                   network.states, len(network.updates))
        finally:
            free(memory)
            free(rates)
        if self.dense == NULL:
            raise MemoryError()
        for i in range(self.dense.layers):
            self.take(&self.dense.layer[i].forward, network.forward[i], "forward", 1, 0, 1, False)
            self.take(&self.dense.layer[i].backward, network.backward[i], "backward", 2, 0, 1, False)
        if callable(network.loss):
            self.loss = network.loss
            self.dense.hook = call_loss
        else:
            self.take(&self.dense.loss, network.loss, "loss", outputs + network.targets, 1, 1 + outputs, False)
        for i in range(self.dense.groups):
            self.take_group(&self.dense.group[i], i, network.updates[i])
        self.take(&self.dense.penalty, network.penalty, "penalty", 2, 0, 2, False)
        self.dense.context = <void *>self
        self.dense.poll = look_at_signals

    def __dealloc__(self):
        dense_free(self.dense)

    cdef int take(self, PlannedProgram *planned, program, str name, size_t lanes, size_t broadcast, size_t outputs,
                  bint staged) except -1:
        """Plan a program whose inputs are ``lanes`` arrays and then ``broadcast`` numbers; None is left out."""
        cdef char message[200]
        cdef OwnedProgram owned = OwnedProgram()
        cdef const int32_t[:, ::1] code
        cdef const double[::1] constants
        cdef const int32_t[::1] results
        cdef unsigned char *flags
        cdef int good
        if program is None:
            return 0
        code, constants, results = program.code, program.constants, program.outputs
        if code.shape[1] != 5:
            raise ValueError(f"{name}: code has rows of {code.shape[1]}, expected 5")
        owned.program = machine.program_new(
            &code[0, 0] if code.shape[0] else NULL, code.shape[0], &constants[0] if constants.shape[0] else NULL,
            constants.shape[0], program.n_inputs, program.n_registers, &results[0] if results.shape[0] else NULL,
            results.shape[0], message, sizeof(message),
        )
        if owned.program == NULL:
            if message[0]:
                raise ValueError(f"{name}: {message.decode()}")
            raise MemoryError()
        if owned.program.inputs != lanes + broadcast or owned.program.outputs != outputs:
            raise ValueError(
                f"{name}: a program of {owned.program.inputs} inputs and {owned.program.outputs} outputs, "
                f"expected {lanes + broadcast} and {outputs}"
            )
        flags = <unsigned char *>calloc(lanes + broadcast + 1, 1)
        if flags == NULL:
            raise MemoryError()
        memset(flags + lanes, 1, broadcast)
        good = dense_plan(self.dense, planned, owned.program, flags, staged)
        free(flags)
        if not good:
            raise MemoryError()
        self.programs.append(owned)
        return 0

    cdef int take_group(self, Group *group, size_t i, update) except -1:
        """Plan the update rule of a group of parameters, and note where these are."""
        cdef const int64_t[:, ::1] ranges = update.ranges
        cdef int status
        expect("columns of ranges", ranges.shape[1], 2)
        group.states = update.states
        if group.states > self.dense.states:
            raise ValueError(f"update: {group.states} states, expected at most {self.dense.states}")
        self.take(&group.update, update.program, "update", 2 + group.states, 2, 1 + group.states, True)
        group.counts_steps = update.counts_steps  # of a program that has been checked
        status = dense_group(self.dense, i, &ranges[0, 0] if ranges.shape[0] else NULL, ranges.shape[0])
        if status == 0:
            raise MemoryError()
        if status < 0:
            raise ValueError(f"ranges of an update: {update.ranges.tolist()!r:.80} are no places in order")
        return 0

    cdef int begin(self) except -1:
        if self.busy:
            raise RuntimeError("this engine is in use by another thread, or by itself: make another one")
        self.busy = True
        self.dense.loaded = NULL
        return 0

    cdef int check(self, const double[::1] values, const double[:, ::1] x, const double[:, ::1] y) except -1:
        """ValueError for arrays of other shapes than this network's."""
        expect("values", values.shape[0], self.dense.parameters)
        expect("columns of x", x.shape[1], self.dense.layer[0].inputs)
        if y is not None:
            expect("columns of y", y.shape[1], self.dense.targets)
            expect("rows of y", y.shape[0], x.shape[0])
        return 0

    def outputs(self, const double[::1] values not None, const double[:, ::1] x not None, double[:, ::1] out not None):
        """Write the last layer's outputs for each row of x into ``out``."""
        self.check(values, x, None)
        expect("rows of out", out.shape[0], x.shape[0])
        expect("columns of out", out.shape[1], self.dense.layer[self.dense.layers - 1].outputs)
        if x.shape[0] == 0:
            return
        cdef Batch batch = Batch(&x[0, 0], NULL, NULL, x.shape[0], NULL, 0)
        self.begin()
        try:
            with nogil:
                dense_outputs(self.dense, &values[0], &batch, &out[0, 0])
        finally:
            self.busy = False

    def value(self, const double[::1] values not None, const double[:, ::1] x not None,
              const double[:, ::1] y not None, double weight, double[::1] grads=None):
        """The sum of the rows' losses times ``weight``, plus the penalty; writes its derivatives into ``grads``."""
        cdef double total = 0.0
        cdef double *into = NULL
        self.check(values, x, y)
        if x.shape[0] == 0:
            raise ValueError("no rows")
        if grads is not None:
            expect("grads", grads.shape[0], self.dense.parameters)
            into = &grads[0]
        cdef Batch batch = Batch(&x[0, 0], &y[0, 0], NULL, x.shape[0], NULL, 0)
        self.begin()
        try:
            with nogil:
                dense_loss(self.dense, &values[0], &batch, weight, 1.0, into, &total)
        finally:
            self.busy = False
        return total

    def train(self, work not None):
        """Train as ``work`` says, an Epochs. False at a batch whose loss is not finite, else True."""
        cdef Training t
        cdef size_t i
        cdef int status
        cdef double[::1] values = work.values, grads = work.grads, losses = work.losses, best = work.best
        cdef double[:, ::1] state = work.state
        cdef const double[:, ::1] x = work.x, y = work.y, rates = work.rates
        cdef const double[::1] lrs = work.lrs, missed = work.missed
        cdef const int64_t[:, ::1] order = work.order
        cdef const uint64_t[::1] seeds = work.seeds
        cdef size_t batch = work.batch
        if values is None or grads is None or losses is None or state is None or x is None or y is None or lrs is None:
            raise TypeError("values, grads, state, x, y, losses and lrs must be arrays")
        memset(&t, 0, sizeof(t))
        self.check(values, x, y)
        expect("grads", grads.shape[0], self.dense.parameters)
        expect("rows of state", state.shape[0], self.dense.states)
        expect("columns of state", state.shape[1], self.dense.parameters)
        expect("lrs", lrs.shape[0], self.dense.groups)
        if x.shape[0] == 0 or batch == 0 or losses.shape[0] == 0:
            raise ValueError(f"{x.shape[0]} rows, batches of {batch}, {losses.shape[0]} epochs: expected 1 or more")
        t.values, t.grads, t.losses = &values[0], &grads[0], &losses[0]
        t.state = &state[0, 0] if self.dense.states else NULL
        t.x, t.y, t.rows, t.batch, t.epochs = &x[0, 0], &y[0, 0], x.shape[0], batch, losses.shape[0]
        if order is not None:
            expect("rows of order", order.shape[0], t.epochs)
            expect("columns of order", order.shape[1], t.rows)
            t.order = &order[0, 0]
            for i in range(t.epochs * t.rows):
                if t.order[i] < 0 or <size_t>t.order[i] >= t.rows:
                    raise ValueError(f"order has {t.order[i]}, expected 0 to {t.rows - 1}")
        if rates is not None:
            t.rates_in_epoch = 1 if <size_t>rates.shape[0] == t.epochs else (t.rows - 1) // batch + 1
            expect("rows of rates", rates.shape[0], t.epochs * t.rates_in_epoch)
            expect("columns of rates", rates.shape[1], self.dense.groups)
            t.rates = &rates[0, 0] if self.dense.groups else NULL
        if missed is not None:
            expect("missed", missed.shape[0], self.dense.groups)
            t.missed = &missed[0] if self.dense.groups else NULL
        if seeds is not None:
            expect("seeds", seeds.shape[0], t.epochs)
            t.seeds = &seeds[0]
        if best is not None:
            expect("best", best.shape[0], self.dense.parameters)
            t.best = &best[0]
        t.mean, t.step, t.clip = work.mean, work.step, work.clip
        t.difference, t.best_loss = work.difference, work.best_loss
        self.begin()
        for i in range(self.dense.groups):
            self.dense.group[i].hyper[0], self.dense.group[i].hyper[1] = lrs[i], 0.0
            self.dense.group[i].prepared = 0
        try:
            with nogil:
                status = dense_train(self.dense, &t)
        finally:
            self.epoch, self.at, self.step, self.best_loss = t.epoch, t.at, t.step, t.best_loss
            self.busy = False
        return status == 0


cdef int expect(str what, size_t found, size_t wanted) except -1:
    if found != wanted:
        raise ValueError(f"{what}: {found}, expected {wanted}")
    return 0


cdef int look_at_signals(void *context) except -1 with gil:
    PyErr_CheckSignals()
    return 0


cdef int call_loss(void *context, const double *outputs, const double *targets, size_t stride, double weight,
                   size_t rows, double *values, double *slopes) except -1 with gil:
    """Call a loss that is Python code: see LossOfArrays in programs.py."""
    import numpy

    cdef Engine self = <Engine>context
    cdef size_t i, k = self.dense.layer[self.dense.layers - 1].outputs, m = self.dense.targets
    cdef double[:, ::1] given, taken, slope
    cdef double[::1] value
    given, taken = numpy.empty((k, rows)), numpy.empty((m, rows))
    for i in range(k):
        memcpy(&given[i, 0], outputs + i * stride, rows * sizeof(double))
    for i in range(m):
        memcpy(&taken[i, 0], targets + i * stride, rows * sizeof(double))
    value, slope = self.loss(numpy.asarray(given), numpy.asarray(taken), weight)
    expect("values of the loss", value.shape[0], rows)
    expect("slopes of the loss", slope.shape[0], k)
    expect("rows of slopes of the loss", slope.shape[1], rows)
    memcpy(values, &value[0], rows * sizeof(double))
    memset(slopes, 0, k * stride * sizeof(double))
    for i in range(k):
        memcpy(slopes + i * stride, &slope[i, 0], rows * sizeof(double))
    return 0
