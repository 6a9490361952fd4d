/* A graph as arrays, from which compile makes expressions. See tape.h. */
#include "tape/internal.h"

size_t tape_operands_of(Node *const *list, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) total += tape_count(list[i]);
    return total;
}

static int32_t number_of(const Node *n) { return (int32_t)n->adjoint_bits; }

/* While this runs, a node's number is where sweeps keep its adjoint. */
void tape_export(Node *const *list, size_t count, Node *const *wanted, size_t n_wanted, Export *to) {
    size_t nodes = 0, operands = 0, numbers = 0;
    for (size_t i = count; i-- > 0;) { /* in the list leaves are last, and operands behind their results */
        Node *n = list[i], *current = n->flags & NODE_LEAF ? tape_current(n) : n;
        if (current->adjoint_bits == TAPE_UNREACHED) {
            current->adjoint_bits = nodes;
            to->node[nodes] = current;
            to->code[nodes] = (n->code >> 2) - 1 - OP_leaf;
            to->first[nodes++] = (int32_t)operands;
            for (size_t k = 0, all = tape_count(n); k < all; k++) {
                const int many = !op_info[n->code >> 2].arity;
                const Node *from = many ? n->a.many->entry[k].node : k ? n->b.node : n->a.node;
                if (tape_constant(n, k, &to->number[numbers])) to->operand[operands++] = -1 - (int32_t)numbers++;
                else to->operand[operands++] = number_of(from);
            }
        }
        n->adjoint_bits = current->adjoint_bits; /* one number for a leaf, whatever values the graph has seen */
    }
    to->first[nodes] = (int32_t)operands;
    to->nodes = nodes, to->operands = operands, to->numbers = numbers;
    for (size_t k = 0; k < n_wanted; k++)
        to->place[k] = wanted[k]->adjoint_bits == TAPE_UNREACHED ? -1 : number_of(wanted[k]);
    for (size_t i = 0; i < count; i++) list[i]->adjoint_bits = TAPE_UNREACHED;
    for (size_t i = 0; i < nodes; i++) to->node[i]->adjoint_bits = TAPE_UNREACHED;
}
