/* Declarations that only the files of the tape share. */
#ifndef VARGRAD_TAPE_INTERNAL_H
#define VARGRAD_TAPE_INTERNAL_H

#include "tape/tape.h"

extern Segment *tape_youngest; /* of the live segments */
extern Segment **tape_queue;   /* room for all live segments, so that no sweep allocates */
extern size_t tape_segments;   /* live ones */

static inline double tape_entry_value(const Entry *e) { return e->node ? e->node->value : e->number; }

void tape_trim(void); /* after much has been freed: let malloc give it back to the system */
void tape_collect(int with_leaves);
void tape_collect_leaves(void);
void tape_leaf_statistics(Statistics *into);
void tape_cell_statistics(Statistics *into);
void tape_clear_operands(Segment *s);
extern size_t tape_released; /* nodes and operands, since the last collection that looked at leaves */

#endif
