/* The matrix product for one instruction set: a template, see products.c. VECTOR lanes at once, tiles of up to
 * 4 rows by TILE vectors, which the registers hold. */

#define LOAD(x, p) memcpy(&(x), p, sizeof(x))
#define STORE(p, x) memcpy(p, &(x), sizeof(x))

INLINE void V(tile)(const Product *p, size_t m, size_t at, const size_t rows, const size_t vectors) {
    V(vector) sum[4][TILE], x[TILE];
    const double *s = p->s + m * p->s_row, *v = p->v + at, *factor;
    double *out = p->out + m * p->out_row + at;
    size_t lanes = p->lanes - at, step = p->s_column, v_row = p->v_row;
    UNROLL for (size_t r = 0; r < rows; r++)
        UNROLL for (size_t j = 0; j < vectors; j++) sum[r][j] = V(splat)(0.0);
    for (size_t k = p->depth; k > 0; k--, s += step, v += v_row) {
        UNROLL for (size_t j = 0; j < vectors; j++) LOAD(x[j], v + j * VECTOR);
        factor = s;
        UNROLL for (size_t r = 0; r < rows; r++, factor += p->s_row) {
            V(vector) w = V(splat)(*factor);
            UNROLL for (size_t j = 0; j < vectors; j++) sum[r][j] = V(fma)(w, x[j], sum[r][j]);
        }
    }
    UNROLL for (size_t r = 0; r < rows; r++, out += p->out_row) {
        if (lanes >= vectors * VECTOR && !p->add) {
            UNROLL for (size_t j = 0; j < vectors; j++) STORE(out + j * VECTOR, sum[r][j]);
        } else {
            double whole[TILE * VECTOR];
            UNROLL for (size_t j = 0; j < vectors; j++) STORE(whole + j * VECTOR, sum[r][j]);
            for (size_t i = 0; i < vectors * VECTOR && i < lanes; i++) out[i] = p->add ? out[i] + whole[i] : whole[i];
        }
    }
}

INLINE void V(column)(const Product *p, size_t at, const size_t vectors) {
    size_t m = 0;
    for (; m + 4 <= p->rows; m += 4) V(tile)(p, m, at, 4, vectors);
    if (p->rows - m == 3) V(tile)(p, m, at, 3, vectors);
    if (p->rows - m == 2) V(tile)(p, m, at, 2, vectors);
    if (p->rows - m == 1) V(tile)(p, m, at, 1, vectors);
}

static void V(product)(const Product *p) {
    size_t at = 0;
    for (; at + (TILE - 1) * VECTOR < p->lanes; at += TILE * VECTOR) V(column)(p, at, TILE);
    for (; at + VECTOR < p->lanes; at += 2 * VECTOR) V(column)(p, at, 2);
    if (at < p->lanes) V(column)(p, at, 1);
}

#undef LOAD
#undef STORE
