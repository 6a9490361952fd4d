/* Matrix products of one instruction set: a template, see vmath.h and kernels.c.
 *
 * A tile is four chains and as many lanes as two vectors have: their sums stay in registers from the first term to the
 * last, which are added in the order of the chain, each product with its own rounding. */

INLINE void V(tile)(double *const *pointer, const int32_t *x, const int32_t *out, const int32_t *start,
                    const double *table, size_t terms, size_t at, size_t chains, size_t vectors) {
    V(Vector) sum[4][2];
    for (size_t m = 0; m < chains; m++)
        for (size_t v = 0; v < vectors; v++) {
            const double *from = start[m] < 0 ? NULL : pointer[start[m]] + at + v * WIDTH;
            if (from != NULL) sum[m][v] = *(const V(Vector) *)from;
            else sum[m][v] = table[m * (terms + 1)] - (V(Vector)){0};
        }
    for (size_t k = 0; k < terms; k++) {
        const V(Vector) *from = (const V(Vector) *)(pointer[x[k]] + at);
        for (size_t m = 0; m < chains; m++)
            for (size_t v = 0; v < vectors; v++) sum[m][v] = sum[m][v] + from[v] * table[m * (terms + 1) + k + 1];
    }
    for (size_t m = 0; m < chains; m++)
        for (size_t v = 0; v < vectors; v++) *(V(Vector) *)(pointer[out[m]] + at + v * WIDTH) = sum[m][v];
}

INLINE void V(tiles)(double *const *pointer, const int32_t *x, const int32_t *out, const int32_t *start,
                     const double *table, size_t terms, size_t n, size_t chains) {
    size_t at = 0;
    for (; at + 2 * WIDTH <= n; at += 2 * WIDTH) V(tile)(pointer, x, out, start, table, terms, at, chains, 2);
    for (; at < n; at += WIDTH) V(tile)(pointer, x, out, start, table, terms, at, chains, 1);
}

static void V(product)(double *const *pointer, const int32_t *x, const int32_t *out, const int32_t *start,
                       const double *table, size_t chains, size_t terms, size_t n) {
    size_t m = 0;
    n &= ~(size_t)(LANES - 1);
    for (; m + 4 <= chains; m += 4)
        V(tiles)(pointer, x, out + m, start + m, table + m * (terms + 1), terms, n, 4);
    for (; m < chains; m++) V(tiles)(pointer, x, out + m, start + m, table + m * (terms + 1), terms, n, 1);
}
