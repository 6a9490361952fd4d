/* Sums of one instruction set: a template, see vmath.h and kernels.c. */

static void V(add_rows)(double *sum, const double *x, size_t n) {
    for (const double *end = x + n; x < end; x += LANES * LANES)
        INDEPENDENT for (size_t j = 0; j < LANES; j++)
            sum[j] += ((x[j] + x[j + 4 * LANES]) + (x[j + 2 * LANES] + x[j + 6 * LANES])) +
                      ((x[j + LANES] + x[j + 5 * LANES]) + (x[j + 3 * LANES] + x[j + 7 * LANES]));
}

/* What a last piece of terms is filled up with changes no sum: -0.0 that is added, 0.0 that is taken off. */
INLINE void V(accumulate)(V(Vector) *sum, const double *x, size_t n, int minus) {
    double rest[ACCUMULATORS];
    size_t i = 0;
    for (; i < n; i += ACCUMULATORS) {
        const V(Vector) *from = (const V(Vector) *)(x + i);
        if (n - i < ACCUMULATORS) {
            for (size_t j = 0; j < ACCUMULATORS; j++) rest[j] = j < n - i ? x[i + j] : minus ? 0.0 : -0.0;
            from = (const V(Vector) *)rest;
        }
        for (size_t v = 0; v < ACCUMULATORS / WIDTH; v++) sum[v] = minus ? sum[v] - from[v] : sum[v] + from[v];
    }
}

static void V(add_terms)(double *sum, const double *x, size_t n, int minus) {
    if (minus) V(accumulate)((V(Vector) *)sum, x, n, 1);
    else V(accumulate)((V(Vector) *)sum, x, n, 0);
}

static double V(total)(const double *x, size_t n, int minus) {
    V(Vector) sum[ACCUMULATORS / WIDTH];
    double s[ACCUMULATORS];
    for (size_t v = 0; v < ACCUMULATORS / WIDTH; v++) sum[v] = -0.0 - (V(Vector)){0};
    if (minus) V(accumulate)(sum, x, n, 1);
    else V(accumulate)(sum, x, n, 0);
    memcpy(s, sum, sizeof s);
    for (size_t half = ACCUMULATORS / 2; half; half /= 2)
        for (size_t j = 0; j < half; j++) s[j] += s[j + half];
    return s[0];
}
