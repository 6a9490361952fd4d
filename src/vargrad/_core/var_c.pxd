# The tape as Cython sees it: csrc/tape/tape.h and csrc/ops/ops.h.
from libc.stdint cimport int32_t, uint16_t, uint32_t, uint64_t

cdef extern from "tape/tape.h" nogil:
    ctypedef struct Node:
        double value
        void *handle
        uint16_t code
        uint16_t flags

    ctypedef struct Segment:
        uint64_t seq
        uint32_t used
        Node *node

    ctypedef struct Entry:
        Node *node
        double number

    ctypedef struct Operands:
        size_t count
        Entry *entry

    ctypedef struct Cells:
        size_t count, without_grad
        double *cell

    ctypedef union Operand:
        Node *node
        double number
        Operands *many
        double *cell
        Cells *cells

    ctypedef struct Edited:
        int op
        double recorded
        double current

    ctypedef struct Statistics:
        size_t segments, spare, nodes, leaves, bytes

    ctypedef struct OpInfo:
        const char *name
        unsigned char arity, exact, pairs

    const OpInfo op_info[]
    int OP_leaf, OP_COUNT  # those of operations: methods.pxi and functions.pxi
    unsigned A_CONSTANT, B_CONSTANT
    int NODE_LEAF, NODE_USED, NODE_STALE, NODE_REQUIRES, NODE_ASKED, NODE_BOUND
    int SWEEP_DONE, SWEEP_EDITED, SWEEP_RESTORED

    long tape_allocations_left
    void *tape_memory(void *old, size_t bytes)
    int tape_start() except -1
    Segment *tape_segment(const Node *n)
    Segment *tape_room()
    int tape_use(Segment *s, Node *operand, int look)
    Node *tape_push(Segment *s, unsigned code, double value, Operand a, Operand b)
    Node *tape_leaf(double value)
    void tape_free_leaf(Node *leaf)
    Node *tape_edit(Node *leaf, double value)
    Node *tape_current(Node *n)
    Node *tape_renew(Node *leaf)
    double tape_value(const Node *n)
    Cells *tape_cells(size_t count)
    void tape_hold(Cells *cells)
    void tape_let_go(Cells *cells)
    void tape_bind(Node *leaf, Cells *cells, size_t i)
    Operands *tape_operands(Segment *s, size_t count, int op)
    void tape_return_operands(Segment *s, Operands *operands)
    Node *tape_push_many(Segment *s, int op, double value, double total, Operands *operands)
    double tape_value_many(int op, const Operands *operands, double *total)
    size_t tape_count(const Node *n)
    Node *tape_parent(Node *n, size_t i)
    int tape_constant(const Node *n, size_t i, double *value)
    double *tape_grad(Node *n)
    int tape_require(Node *n, int wanted)
    int tape_sweep(Node *root, double seed, Edited *edited)
    int tape_reaches_other()
    double tape_adjoint(const Node *n)
    void tape_finish(int accumulate)
    Node **tape_list(Node *root, size_t *count)
    ctypedef struct Directions:
        Node **wrt
        size_t n_wrt, first, columns, stride
        const double *seed
    int FORWARD_DONE, FORWARD_UNUSUAL
    int tape_forward(Node **list, size_t count, const Directions *by, Node **roots, size_t n_roots, double *out)
    ctypedef struct Export:
        size_t nodes, operands, numbers
        Node **node
        int32_t *code
        int32_t *first
        int32_t *operand
        double *number
        int32_t *place
    size_t tape_operands_of(Node **list, size_t count)
    void tape_export(Node **list, size_t count, Node **wanted, size_t n_wanted, Export *to)
    void tape_statistics(Statistics *into)
    double op_value(int op, double a, double b)


cdef class OpMethods:
    cdef Node *node


cdef class Float(OpMethods):
    pass


cdef class Var(Float):
    pass


# For the machine: block.pxi has them.
cdef bint gather_leaves(tuple vars, double *values, double *grads) noexcept
cdef int replace_values(tuple vars, const char *to) except -1
