/* Blocks: leaves whose values are side by side in memory, and their grads behind them, so that other code may write
 * there. See tape.h.
 *
 * A leaf's value must not change under the operations that have read it, and no call tells of a write to a cell.
 * So the leaf keeps a copy, the value that operations record, and every operation compares the two first: where they
 * differ, the leaf is edited as if its Var's value had been set. A sweep compares as well. The cells live as long as a
 * leaf is bound to them, or a view of the block holds them. */
#include <stdlib.h>
#include <string.h>

#include "tape/internal.h"

static size_t cell_bytes;

static size_t bytes_of(const Cells *cells) { return sizeof *cells + 2 * cells->count * sizeof(double); }

Cells *tape_cells(size_t count) {
    if (count > (SIZE_MAX / 2 - sizeof(Cells)) / sizeof(double)) return NULL;
    Cells *cells = tape_memory(NULL, sizeof *cells + 2 * count * sizeof(double));
    if (!cells) return NULL;
    memset(cells, 0, sizeof *cells + 2 * count * sizeof(double));
    cells->count = count;
    cells->holders = 1;
    cell_bytes += bytes_of(cells);
    return cells;
}

void tape_hold(Cells *cells) { cells->holders++; }

void tape_let_go(Cells *cells) {
    if (--cells->holders) return;
    cell_bytes -= bytes_of(cells);
    free(cells);
}

void tape_bind(Node *leaf, Cells *cells, size_t i) {
    cells->holders++;
    if (!(leaf->flags & NODE_REQUIRES)) cells->without_grad++;
    leaf->flags |= NODE_BOUND;
    leaf->a.cell = &cells->cell[i];
    leaf->b.cells = cells;
    cells->cell[i] = leaf->value;
}

Node *tape_renew(Node *leaf) {
    return leaf->flags & NODE_BOUND ? tape_succeed(leaf, *leaf->a.cell) : leaf; /* read once: a thread may be writing */
}

void tape_cell_statistics(Statistics *into) { into->bytes += cell_bytes; }
