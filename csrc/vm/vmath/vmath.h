/* exp, log, pow, erf and their like, written so that a plain loop over them becomes vector code: no branch, no
 * table, no call, only selections, integer operations on the bits, polynomials (fits.h), fma where there
 * is one. At most 2 ulp from the true value everywhere; tests/vm/test_vmath.py measures. No fast-math: the order of
 * additions here is the algorithm.
 *
 * A template: included once for each instruction set, with V(name) giving names of its own and FMA(x, y, z) being
 * x * y + z with one rounding, where VMATH_FMA is 1, or with two. A double-double is a sum of two doubles high + low,
 * |low| at most half an ulp of high. */

#define MIN_NORMAL 0x1p-1022
#define ROUND 0x1.8p52                 /* ROUND + x has rint(x) in its low bits, |x| < 2**51 */
#define ROUND_1 (0x1.8p52 + 1023.0)    /* the same, biased: shifted left by 52 it is 2**rint(x) */
#define ROUND_2 (0x1.8p52 + 2046.0)    /* biased twice: for a scale in two factors */
#define EXPONENT_1 0x3ff0000000000000u /* of 1.0 */
#define SQRT_HALF 0x3fe6a09e667f3bcdu
#define FRACTION 0x000fffffffffffffu
#define SIGN 0x8000000000000000u

typedef struct {
    double high, low;
} V(Pair);
#define Pair V(Pair)

INLINE uint64_t V(bits)(double x) {
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

INLINE double V(from)(uint64_t u) {
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

INLINE Pair V(two_sum)(double a, double b) { /* exact */
    double s = a + b, t = s - a;
    return (Pair){s, (a - (s - t)) + (b - t)};
}

INLINE Pair V(fast_sum)(double a, double b) { /* exact if |a| >= |b| or a is 0 */
    double s = a + b;
    return (Pair){s, b - (s - a)};
}

INLINE Pair V(two_product)(double a, double b) { /* exact while nothing over- or underflows */
    double p = a * b;
#if VMATH_FMA
    return (Pair){p, FMA(a, b, -p)};
#else
    double ca = 134217729.0 * a, cb = 134217729.0 * b, ah = ca - (ca - a), bh = cb - (cb - b), al = a - ah, bl = b - bh;
    return (Pair){p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
#endif
}

INLINE double V(residual)(double q, double d, double n) { /* n - q * d, exact if q is about n / d */
#if VMATH_FMA
    return FMA(-q, d, n);
#else
    Pair p = V(two_product)(q, d);
    return (n - p.high) - p.low;
#endif
}

INLINE double V(signed)(double magnitude, double sign) {
    return V(from)((V(bits)(magnitude) & ~SIGN) | (V(bits)(sign) & SIGN));
}

INLINE double V(magnitude)(double x) { return V(from)(V(bits)(x) & ~SIGN); }

INLINE double V(rint)(double x) {
    double a = V(magnitude)(x), r = (a + 0x1p52) - 0x1p52;
    return a < 0x1p52 ? V(signed)(r, x) : x;
}

INLINE double V(clamp)(double x, double low, double high) { /* nan stays */
    x = low > x ? low : x;
    return high < x ? high : x;
}

/* n / d as a double-double, low the low part of d; d * 2**52 must not overflow */
INLINE Pair V(quotient)(double n, double d, double low) {
    double inverse = 1.0 / d, q = n * inverse;
    return (Pair){q, (V(residual)(q, d, n) - q * low) * inverse};
}

/* ---- exponentials. x = n ln2 + r, |r| <= ln2 / 2 and a little; kd is ROUND_2 + n */

INLINE Pair V(reduce)(double x, double n) {
    double high = FMA(n, -LN2_0, x), r = FMA(n, -LN2_1, high); /* LN2_0 is short: high is exact */
    return (Pair){r, FMA(n, -LN2_1, high - r)};
}

INLINE double V(exp_fraction)(double r, double low) { /* exp(r + low) - 1 - r */
    double rr = r * r;
    return FMA(rr, FIT_EXP(r, rr), low);
}

INLINE double V(scale)(double x, double kd) { /* x * 2**n: one rounding, also of a subnormal */
    uint64_t b = V(bits)(kd), half = b >> 1;
    return x * V(from)(half << 52) * V(from)((b - half) << 52);
}

INLINE double V(exp)(double x) {
    double kd, n, r;
    x = V(magnitude)(x) > 746.0 ? V(signed)(746.0, x) : x; /* nan stays, and infinity comes of 2**1076 */
    kd = FMA(x, LOG2E_0, ROUND_2);
    n = kd - ROUND_2;
    r = FMA(n, -LN2_1, FMA(n, -LN2_0, x));
    return V(scale)(1.0 + (r + V(exp_fraction)(r, 0.0)), kd);
}

INLINE Pair V(exp_pair)(double x, double low, double *kd) { /* exp(x + low) / 2**n */
    double n;
    Pair r;
    *kd = FMA(x, LOG2E_0, ROUND_2);
    n = *kd - ROUND_2;
    r = V(reduce)(x, n);
    r = V(fast_sum)(r.high, r.low + low);
    {
        Pair s = V(fast_sum)(1.0, r.high);
        return V(fast_sum)(s.high, s.low + V(exp_fraction)(r.high, r.low));
    }
}

INLINE double V(exp2)(double x) {
    double kd, r;
    Pair p;
    x = V(clamp)(x, -1076.0, 1025.0);
    kd = x + ROUND_2;
    r = x - (kd - ROUND_2);
    p = V(two_product)(r, LN2_FULL_0);
    return V(scale)(1.0 + (p.high + V(exp_fraction)(p.high, FMA(r, LN2_FULL_1, p.low))), kd);
}

INLINE Pair V(expm1_pair)(double x) { /* -50 <= x <= 60; half of it, so that 2**n - 1 may be 2**1024 */
    double kd = FMA(x, LOG2E_0, ROUND_1), n = kd - ROUND_1, power = 0.5 * V(from)(V(bits)(kd) << 52);
    Pair r = V(reduce)(x, n), s = V(fast_sum)(power - 0.5, power * r.high);
    return V(fast_sum)(s.high, FMA(power, V(exp_fraction)(r.high, r.low), s.low));
}

INLINE double V(expm1)(double x) {
    double c = V(clamp)(x, -50.0, 60.0), e;
    Pair p = V(expm1_pair)(c);
    e = 2.0 * (p.high + p.low);
    e = x > 60.0 ? V(exp)(x) : e;
    return V(magnitude)(x) < 0x1p-54 ? x : e;
}

/* ---- logarithms. x = 2**e * (1 + f), sqrt(1/2) <= 1 + f < sqrt(2); s = f / (2 + f) */

typedef struct {
    double e, f;
} V(Split);

INLINE V(Split) V(split)(double x) { /* of a positive finite x, also a subnormal one */
    int tiny = x < MIN_NORMAL;
    double y = tiny ? x * 0x1p54 : x, bias = tiny ? 0x1p52 + 1023.0 + 54.0 : 0x1p52 + 1023.0;
    uint64_t t = V(bits)(y) + (EXPONENT_1 - SQRT_HALF);
    V(Split) r;
    r.e = V(from)((t >> 52) | 0x4330000000000000u) - bias;
    r.f = V(from)((t & FRACTION) + SQRT_HALF) - 1.0;
    return r;
}

INLINE double V(log_rest)(double f) { /* log(1 + f) - f */
    double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    return s * FMA(z, FIT_LOG(z, z * z), half) - half;
}

INLINE double V(log_limits)(double x, double y) { /* y, but what log is at 0, infinity, below 0 */
    double limit = x == 0.0 ? -INFINITY : x < 0.0 ? NAN : x;
    return ((x > 0.0) & (x < INFINITY)) ? y : limit;
}

INLINE double V(log)(double x) {
    V(Split) v = V(split)(x);
    double s = v.f / (2.0 + v.f), z = s * s, half = 0.5 * v.f * v.f;
    double rest = half - FMA(s, FMA(z, FIT_LOG(z, z * z), half), v.e * LN2_1);
    return V(log_limits)(x, FMA(v.e, LN2_0, v.f - rest));
}

INLINE double V(log_base)(double x, double base_0, double base_1, double two_0, double two_1) {
    V(Split) v = V(split)(x);
    Pair p = V(two_product)(v.f, base_0), s = V(two_sum)(v.e * two_0, p.high);
    double rest = FMA(V(log_rest)(v.f), base_0, FMA(v.f, base_1, FMA(v.e, two_1, p.low)));
    return V(log_limits)(x, s.high + (s.low + rest));
}

INLINE double V(log2)(double x) { return V(log_base)(x, LOG2E_0, LOG2E_1, 1.0, 0.0); }
INLINE double V(log10)(double x) { return V(log_base)(x, LOG10E_0, LOG10E_1, LOG10_2_0, LOG10_2_1); }

INLINE double V(log1p_pair)(double x, double low) {
    Pair u = V(two_sum)(1.0, x);
    V(Split) v = V(split)(u.high);
    double correction = (u.low + low) / u.high, s = v.f / (2.0 + v.f), z = s * s, half = 0.5 * v.f * v.f;
    double rest = half - FMA(s, FMA(z, FIT_LOG(z, z * z), half), FMA(v.e, LN2_1, correction));
    return V(log_limits)(u.high, FMA(v.e, LN2_0, v.f - rest));
}

INLINE double V(log1p)(double x) {
    double y = V(log1p_pair)(x, 0.0);
    return V(magnitude)(x) < 0x1p-54 ? x : y;
}

/* log(x) as a double-double good to 2**-64 of it: what y * log(x) needs in pow */
INLINE Pair V(log_pair)(double x) {
    V(Split) v = V(split)(x);
    Pair d = V(fast_sum)(2.0, v.f), s = V(quotient)(v.f, d.high, d.low), z, w, c, t;
    double q;
    z = V(two_product)(s.high, s.high);
    z.low = FMA(2.0 * s.high, s.low, z.low);
    q = z.high * FIT_LOG_TAIL(z.high, z.high * z.high);
    w = V(fast_sum)(TWO_THIRDS_0, q);
    w.low += TWO_THIRDS_1;
    c = V(two_product)(s.high, z.high);
    c.low += s.high * z.low + s.low * z.high;
    t = V(two_product)(c.high, w.high);
    t.low += c.high * w.low + c.low * w.high;
    s = V(fast_sum)(2.0 * s.high, 2.0 * s.low);
    w = V(two_sum)(s.high, t.high);
    w.low += s.low + t.low;
    d = V(two_sum)(v.e * LN2_0, w.high);
    return V(fast_sum)(d.high, FMA(v.e, LN2_1, d.low + w.low));
}

INLINE double V(pow)(double x, double y) {
    double a = V(magnitude)(x), b = V(clamp)(y, -0x1p66, 0x1p66), kd, r, h = 0.5 * y, limit;
    Pair l = V(log_pair)(a), p = V(two_product)(b, l.high);
    int whole = V(rint)(y) == y, odd = V(rint)(h) != h, up;
    p.low = FMA(b, l.low, p.low);
    p.low = V(magnitude)(p.high) < 746.0 ? p.low : 0.0;
    p = V(exp_pair)(V(clamp)(p.high, -746.0, 710.0), p.low, &kd);
    r = V(scale)(p.high + p.low, kd);
    up = (a > 1.0) == (y > 0.0);
    limit = up ? INFINITY : 0.0;
    limit = a == 1.0 ? 1.0 : limit;
    r = a == 0.0 ? limit : r;
    r = a == INFINITY ? limit : r;
    r = V(magnitude)(y) == INFINITY ? limit : r;
    h = whole ? (odd ? -r : r) : (a == INFINITY ? r : (a == 0.0 ? r : NAN));
    r = (V(bits)(x) >> 63) != 0 ? h : r;
    r = x != x ? x : r;
    r = y != y ? y : r;
    r = x == 1.0 ? 1.0 : r;
    return y == 0.0 ? 1.0 : r;
}

INLINE double V(cbrt)(double x) {
    double a = V(magnitude)(x), e, third, r, y, y3, m;
    int tiny = a < MIN_NORMAL;
    uint64_t t = V(bits)(tiny ? a * 0x1p54 : a);
    e = V(from)((t >> 52) | 0x4330000000000000u) - (tiny ? 0x1p52 + 1022.0 + 54.0 : 0x1p52 + 1022.0);
    m = V(from)((t & FRACTION) | 0x3fe0000000000000u); /* half to one */
    third = FMA(e, 1.0 / 3.0, ROUND_1);
    r = e - 3.0 * (third - ROUND_1); /* -1, 0 or 1 */
    y = FIT_CBRT(m, m * m) * (r > 0.5 ? CBRT_2_0 : r < -0.5 ? 0.5 * CBRT_4_0 : 1.0);
    m = m * (r > 0.5 ? 2.0 : r < -0.5 ? 0.5 : 1.0);
    y3 = y * y * y;
    y = y * ((y3 + 2.0 * m) / (2.0 * y3 + m)); /* Halley */
    {
        Pair square = V(two_product)(y, y), cube = V(two_product)(square.high, y);
        double left = ((cube.high - m) + cube.low) + square.low * y;
        y = y - left / (3.0 * square.high);
    }
    y = V(signed)(y * V(from)(V(bits)(third) << 52), x);
    return a > 0.0 ? (a < INFINITY ? y : x) : x;
}
