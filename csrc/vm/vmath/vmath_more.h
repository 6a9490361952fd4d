/* Second half of vmath.h: circular, hyperbolic and error functions. See there. */

/* ---- circular. x = n * pi/2 + r, |x| <= HUGE_ANGLE; the kernels leave larger ones to libm */

#define HUGE_ANGLE 0x1p21

typedef struct {
    double high, low, sine, cosine;
    uint64_t n;
    int odd;
} V(Angle);

INLINE V(Angle) V(turn)(double x) {
    double kd = FMA(x, TWO_OVER_PI_0, ROUND), n = kd - ROUND, h, z, w, half = 0.5 * n;
    Pair a, b;
    V(Angle) r;
    a = V(two_sum)(x - n * HALF_PI_0, -(n * HALF_PI_1)); /* the pieces have 30 bits: the products are exact */
    b = V(two_sum)(a.high, -(n * HALF_PI_2));
    b = V(two_sum)(b.high, b.low + (a.low - n * HALF_PI_3));
    h = b.high, z = h * h;
    r.high = b.high, r.low = b.low;
    r.n = V(bits)(kd);
    r.odd = (half + ROUND) - ROUND != half;
    r.sine = FMA(h * z, FIT_SIN(z, z * z), b.low); /* + h */
    w = FMA(z, -0.5, 1.0);
    r.cosine = FMA(z * z, FIT_COS(z, z * z), (FMA(z, -0.5, 1.0 - w)) - h * b.low); /* + w */
    return r;
}

INLINE double V(sin)(double x) {
    V(Angle) v = V(turn)(x);
    double w = FMA(v.high * v.high, -0.5, 1.0), r = v.odd ? w + v.cosine : v.high + v.sine;
    r = V(from)(V(bits)(r) ^ ((v.n >> 1) << 63));
    return x == 0.0 ? x : r;
}

INLINE double V(cos)(double x) {
    V(Angle) v = V(turn)(x);
    double w = FMA(v.high * v.high, -0.5, 1.0), r = v.odd ? v.high + v.sine : w + v.cosine;
    return V(from)(V(bits)(r) ^ (((v.n + 1) >> 1) << 63));
}

INLINE double V(tan)(double x) {
    V(Angle) v = V(turn)(x);
    Pair s = V(fast_sum)(v.high, v.sine), c = V(fast_sum)(FMA(v.high * v.high, -0.5, 1.0), v.cosine), q;
    double nh = v.odd ? -c.high : s.high, nl = v.odd ? -c.low : s.low;
    double dh = v.odd ? s.high : c.high, dl = v.odd ? s.low : c.low, inverse = 1.0 / dh;
    q.high = nh * inverse;
    q.low = (V(residual)(q.high, dh, nh) + (nl - q.high * dl)) * inverse;
    return V(magnitude)(x) < 0x1p-27 ? x : q.high + q.low;
}

INLINE double V(asin_part)(double a, double *s, double *low) { /* asin(s) = s + low + result */
    int small = a < 0.5;
    double z = small ? a * a : 0.5 * (1.0 - a), root = sqrt(z), t = small ? a : root;
    double left = V(residual)(root, root, z) / (root + root);
    *s = t;
    *low = small ? 0.0 : (root > 0.0 ? left : 0.0);
    return t * z * FIT_ASIN(z, z * z);
}

INLINE double V(asin)(double x) {
    double a = V(magnitude)(x), s, low, rest = V(asin_part)(a, &s, &low), large;
    Pair p = V(fast_sum)(PI_2_0, -2.0 * s);
    large = p.high + (p.low + (PI_2_1 - 2.0 * (low + rest)));
    large = a < 0.5 ? a + rest : large;
    return V(signed)(large, x);
}

INLINE double V(acos)(double x) {
    double a = V(magnitude)(x), s, low, rest = V(asin_part)(a, &s, &low), near, far;
    Pair p = V(fast_sum)(PI_2_0, -V(signed)(s, x));
    near = p.high + (p.low + (PI_2_1 - V(signed)(rest, x)));
    far = 2.0 * (s + (low + rest));
    p = V(fast_sum)(PI_0, -2.0 * s);
    far = x < 0.0 ? p.high + (p.low + (PI_1 - 2.0 * (low + rest))) : far;
    return a < 0.5 ? near : far;
}

/* atan(least / most) for 0 <= least <= most, as a double-double: t = least / most, above 1/2 (t - 1) / (t + 1) */
INLINE Pair V(atan_ratio)(double least, double most) {
    int far = least > 0.5 * most;
    Pair d = V(fast_sum)(most, least), q, sum;
    double n = far ? least - most : least, z, rest;
    d.high = far ? d.high : most;
    d.low = far ? d.low : 0.0;
    q = V(quotient)(n, d.high, d.low);
    z = q.high * q.high;
    rest = FMA(q.high * z, FIT_ATAN(z, z * z), q.low);
    sum = V(fast_sum)(far ? PI_4_0 : 0.0, q.high);
    return V(fast_sum)(sum.high, sum.low + (rest + (far ? PI_4_1 : 0.0)));
}

INLINE double V(atan)(double x) {
    double a = V(magnitude)(x), most, least, r;
    Pair p, q;
    int over = a > 1.0;
    a = a > 0x1p100 ? 0x1p100 : a;
    most = over ? a : 1.0, least = over ? 1.0 : a;
    p = V(atan_ratio)(least, most);
    q = V(fast_sum)(PI_2_0, -p.high);
    r = over ? q.high + (q.low + (PI_2_1 - p.low)) : p.high + p.low;
    r = a < 0x1p-27 ? a : r;
    return x != x ? x : V(signed)(r, x);
}

INLINE double V(atan2)(double y, double x) {
    double a = V(magnitude)(y), b = V(magnitude)(x), most, least, high, low, unit, tiny;
    int steep = a > b;
    Pair p, q;
    most = steep ? a : b, least = steep ? b : a;
    tiny = least / most; /* where least * unit underflows, and where the result is subnormal */
    unit = most > 0x1p500 ? 0x1p-600 : (most < 0x1p-400 ? 0x1p600 : 1.0);
    least = most == INFINITY ? (least == INFINITY ? 1.0 : 0.0) : least * unit;
    most = most == INFINITY ? 1.0 : (most == 0.0 ? 1.0 : most * unit);
    p = V(atan_ratio)(least, most);
    q = V(fast_sum)(PI_2_0, -p.high);
    high = steep ? q.high : p.high;
    low = steep ? q.low + (PI_2_1 - p.low) : p.low;
    q = V(fast_sum)(PI_0, -high);
    {
        double r = high + low, back = q.high + (q.low + (PI_1 - low));
        r = steep ? r : (tiny < 0x1p-300 ? tiny : r);
        r = (V(bits)(x) >> 63) != 0 ? back : r;
        r = V(signed)(r, y);
        r = x != x ? x : r;
        return y != y ? y : r;
    }
}

/* ---- hyperbolic */

INLINE double V(tanh)(double x) {
    double a = V(magnitude)(x), c = V(clamp)(2.0 * a, 0.0, 46.0), inverse, q, r;
    Pair e = V(expm1_pair)(c), d = V(two_sum)(e.high, 1.0); /* e is half of expm1 */
    d.low += e.low;
    inverse = 1.0 / d.high;
    q = e.high * inverse;
    r = q + (V(residual)(q, d.high, e.high) + (e.low - q * d.low)) * inverse;
    r = a < 0x1p-28 ? a : r;
    return x != x ? x : V(signed)(r, x);
}

INLINE double V(both)(double a, double sign) { /* (exp(a) + sign * exp(-a)) / 2, a >= 0 */
    double kd, n, power, inverse, q;
    Pair e = V(exp_pair)(V(clamp)(a, 0.0, 711.0), 0.0, &kd), s;
    n = kd - ROUND_2;
    n = n > 100.0 ? 100.0 : n;
    power = V(from)(V(bits)(ROUND_1 - n) << 52); /* 2**-n */
    inverse = 1.0 / e.high;
    q = sign * power * power;
    s = V(two_sum)(e.high, q * (inverse + inverse * (V(residual)(inverse, e.high, 1.0) - inverse * e.low)));
    return V(scale)(s.high + (s.low + e.low), kd - 1.0);
}

INLINE double V(sinh)(double x) {
    double a = V(magnitude)(x), z = x * x, small = FMA(x * z, FIT_SINH(z, z * z), x);
    return a < 1.0 ? small : V(signed)(V(both)(a, -1.0), x);
}

INLINE double V(cosh)(double x) { return V(both)(V(magnitude)(x), 1.0); }

INLINE double V(asinh)(double x) {
    double a = V(magnitude)(x), c = a > 0x1p500 ? 0x1p500 : a, large, r;
    Pair s = V(two_product)(c, c), t = V(two_sum)(1.0, s.high), q, u;
    double root = sqrt(t.high), half = (V(residual)(root, root, t.high) + (t.low + s.low)) / (root + root);
    u = V(two_sum)(1.0, root);
    q = V(quotient)(s.high, u.high, u.low + half);
    q.low += s.low / u.high;
    u = V(two_sum)(c, q.high);
    r = V(log1p_pair)(u.high, u.low + q.low);
    large = V(log)(a) + LN2_FULL_0;
    r = a > 0x1p30 ? large : r;
    r = a < 0x1p-28 ? a : r;
    return x != x ? x : V(signed)(r, x);
}

INLINE double V(acosh)(double x) {
    double c = x > 0x1p500 ? 0x1p500 : x, t = c - 1.0, r, root, half, large;
    Pair s = V(two_product)(t, t), w = V(two_sum)(s.high, 2.0 * t), u;
    w.low += s.low;
    root = sqrt(w.high);
    half = (V(residual)(root, root, w.high) + w.low) / (root + root);
    u = V(two_sum)(t, root);
    r = V(log1p_pair)(u.high, u.low + half);
    large = V(log)(x) + LN2_FULL_0;
    r = x > 0x1p30 ? large : r;
    r = x == 1.0 ? 0.0 : r;
    return x < 1.0 ? NAN : r;
}

INLINE double V(atanh)(double x) {
    double a = V(magnitude)(x), r;
    Pair d = V(two_sum)(1.0, -a), q = V(quotient)(2.0 * a, d.high, d.low);
    r = 0.5 * V(log1p_pair)(q.high, q.low);
    r = a < 0x1p-28 ? a : r;
    r = a == 1.0 ? INFINITY : r;
    r = a > 1.0 ? NAN : r;
    return x != x ? x : V(signed)(r, x);
}

/* ---- error function and the logistic */

/* exp(-x * x) */
INLINE double V(gauss)(double x) {
    double a = V(magnitude)(x), c = a > 27.4 ? 27.4 : a, kd, n, r; /* nan stays */
    Pair s = V(two_product)(c, c);
    kd = FMA(s.high, -LOG2E_0, ROUND_2);
    n = kd - ROUND_2;
    r = FMA(n, -LN2_1, FMA(n, -LN2_0, -s.high)) - s.low;
    return V(scale)(1.0 + (r + V(exp_fraction)(r, 0.0)), kd);
}

INLINE double V(erf_given)(double x, double gauss) { /* erf(x), of which derivatives have exp(-x * x) anyway */
    double a = V(magnitude)(x), c = a > 6.0 ? 6.0 : a, z = x * x, small = FMA(x, FIT_ERF(z, z * z), x);
    double t = (c - 3.0) / (c + 3.0), large = FMA(-gauss, FIT_ERF_TAIL(t, t * t), 1.0);
    return a < 1.0 ? small : V(signed)(large, x);
}

INLINE double V(erf)(double x) { return V(erf_given)(x, V(gauss)(x)); }

INLINE double V(erfc)(double x) {
    double a = V(magnitude)(x), c = a > 28.0 ? 28.0 : a, z = x * x, small = 1.0 - FMA(x, FIT_ERF(z, z * z), x), kd, t, r;
    Pair square = V(two_product)(c, c), e = V(exp_pair)(-square.high, -square.low, &kd), p, d, q;
    t = (c - 4.0) / (c + 4.0);
    d = V(two_sum)(1.0, 2.0 * c);
    p = V(fast_sum)(1.25, FIT_ERFC(t, t * t));
    q = V(quotient)(p.high, d.high, d.low);
    q.low += p.low / d.high;
    p = V(two_product)(e.high, q.high);
    r = V(scale)(p.high + (p.low + FMA(e.high, q.low, e.low * q.high)), kd);
    r = x < 0.0 ? 2.0 - r : r;
    r = a < 0.5 ? small : r;
    return x != x ? x : r;
}

#undef Pair
