/* Written by csrc/vm/vmath/gen_vmath.py; do not edit. Fits and constants of vmath.h. zz is z * z. */
#ifndef VARGRAD_VMATH_FITS_H
#define VARGRAD_VMATH_FITS_H

#define LN2_0 0x1.62e42fefa0000p-1
#define LN2_1 0x1.cf79abc9e3b3ap-40
#define LN2_FULL_0 0x1.62e42fefa39efp-1
#define LN2_FULL_1 0x1.abc9e3b39803fp-56
#define LOG2E_0 0x1.71547652b82fep+0
#define LOG2E_1 0x1.777d0ffda0d24p-56
#define LOG10E_0 0x1.bcb7b1526e50ep-2
#define LOG10E_1 0x1.95355baaafad3p-57
#define LOG10_2_0 0x1.34413509f0000p-2
#define LOG10_2_1 0x1.e7fbcc47c4acdp-40
#define HALF_PI_0 0x1.921fb54000000p+0
#define HALF_PI_1 0x1.10b4611800000p-30
#define HALF_PI_2 0x1.313198a000000p-61
#define HALF_PI_3 0x1.701b839a25205p-92
#define PI_2_0 0x1.921fb54442d18p+0
#define PI_2_1 0x1.1a62633145c07p-54
#define PI_4_0 0x1.921fb54442d18p-1
#define PI_4_1 0x1.1a62633145c07p-55
#define PI_0 0x1.921fb54442d18p+1
#define PI_1 0x1.1a62633145c07p-53
#define TWO_OVER_PI_0 0x1.45f306dc9c883p-1
#define TWO_THIRDS_0 0x1.5555555555555p-1
#define TWO_THIRDS_1 0x1.5555555555555p-55
#define CBRT_2_0 0x1.428a2f98d728bp+0
#define CBRT_4_0 0x1.965fea53d6e3dp+0

/* exp(r) = 1 + r + r*r*P(r); within 2^-58.0 */
#define FIT_EXP(z, zz) \
    FMA(FMA(FMA(FMA(FMA(0x1.af859206e91d1p-26, zz, 0x1.71dddfc62e9cep-19), zz, 0x1.a01a01bae471ep-13), zz, 0x1.111111110d634p-7), zz, 0x1.5555555555561p-3), z, FMA(FMA(FMA(FMA(0x1.28b055d9c83d3p-22, zz, 0x1.a019968643220p-16), zz, 0x1.6c16c185ac2dbp-10), zz, 0x1.555555555001ap-5), zz, 0x1.000000000000bp-1))

/* log((1+s)/(1-s)) = 2*s + s*z*P(z), z = s*s; within 2^-58.5 */
#define FIT_LOG(z, zz) \
    FMA(FMA(FMA(0x1.39a0150baea44p-3, zz, 0x1.c71c51c216ff4p-3), zz, 0x1.999999997f855p-2), z, FMA(FMA(FMA(0x1.2f16cd7bc0ec3p-3, zz, 0x1.74664e69211f5p-3), zz, 0x1.2492494243491p-2), zz, 0x1.5555555555593p-1))

/* log((1+s)/(1-s)) = 2*s + s*z*(2/3 + z*P(z)), z = s*s; within 2^-65.3 */
#define FIT_LOG_TAIL(z, zz) \
    FMA(FMA(FMA(0x1.0f7e2c7573e20p-3, zz, 0x1.745ce9804e0b7p-3), zz, 0x1.2492492457177p-2), z, FMA(FMA(FMA(0x1.0e534d7efd05dp-3, zz, 0x1.3b1efe894e17ep-3), zz, 0x1.c71c722e7c73ap-3), zz, 0x1.9999999999b36p-2))

/* sin(r) = r + r*z*P(z), z = r*r; within 2^-58.0 */
#define FIT_SIN(z, zz) \
    FMA(FMA(FMA(0x1.5d92ab7121f50p-33, zz, 0x1.71de3576572a3p-19), zz, 0x1.111111110f86fp-7), z, FMA(FMA(-0x1.ae5e651d24613p-26, zz, -0x1.a01a019c10144p-13), zz, -0x1.5555555555549p-3))

/* cos(r) = 1 - z/2 + z*z*P(z), z = r*r; within 2^-64.2 */
#define FIT_COS(z, zz) \
    FMA(FMA(FMA(-0x1.8fae3f2878963p-37, zz, -0x1.27e4f808fa977p-22), zz, -0x1.6c16c16c15171p-10), z, FMA(FMA(0x1.1ee9eb3b49805p-29, zz, 0x1.a01a019cb0777p-16), zz, 0x1.555555555554cp-5))

/* atan(t) = t + t*z*P(z), z = t*t; within 2^-57.8 */
#define FIT_ATAN(z, zz) \
    FMA(FMA(FMA(FMA(FMA(FMA(0x1.4bfe28ecbe618p-7, zz, 0x1.5714781939b46p-5), zz, 0x1.dfec476240a7dp-5), zz, 0x1.3b1143c66ad56p-4), zz, 0x1.c71c7095899afp-4), zz, 0x1.9999999991447p-3), z, FMA(FMA(FMA(FMA(FMA(-0x1.c1dc6d54fcb6ep-6, zz, -0x1.a3a4129be6eafp-5), zz, -0x1.10f3583053796p-4), zz, -0x1.745cf535b6e8dp-4), zz, -0x1.249249216cda1p-3), zz, -0x1.5555555555518p-2))

/* asin(x) = x + x*z*P(z), z = x*x; within 2^-59.8 */
#define FIT_ASIN(z, zz) \
    FMA(FMA(FMA(FMA(FMA(FMA(-0x1.59fb2a41d42c0p-6, zz, 0x1.e14e431e5994fp-9), zz, 0x1.75775d15e8432p-7), zz, 0x1.1c49ddb2bbe11p-6), zz, 0x1.f1c71a8b6797ep-6), zz, 0x1.333333332df03p-4), z, FMA(FMA(FMA(FMA(FMA(FMA(0x1.0be5bb89ed46fp-5, zz, 0x1.65059a7991161p-6), zz, 0x1.618bad7f2dd26p-7), zz, 0x1.ca214ad90fdfbp-7), zz, 0x1.6e8bdfeb9a267p-6), zz, 0x1.6db6db722c0ffp-5), zz, 0x1.5555555555578p-3))

/* sinh(x) = x + x*z*P(z), z = x*x; within 2^-63.2 */
#define FIT_SINH(z, zz) \
    FMA(FMA(FMA(0x1.611a3a1e3111dp-33, zz, 0x1.71de3a45f71b0p-19), zz, 0x1.11111111110a1p-7), z, FMA(FMA(FMA(0x1.b4cf7940c6424p-41, zz, 0x1.ae646766904fap-26), zz, 0x1.a01a01a0291fcp-13), zz, 0x1.5555555555556p-3))

/* erf(x) = x + x*P(x*x); within 2^-57.0 */
#define FIT_ERF(z, zz) \
    FMA(FMA(FMA(FMA(FMA(FMA(-0x1.acdff9741294fp-31, zz, -0x1.5c16e2d5443f2p-23), zz, -0x1.f4ca9496af282p-17), zz, -0x1.c02db072f1224p-11), zz, -0x1.b82ce312062aep-6), zz, -0x1.812746b0379c2p-2), z, FMA(FMA(FMA(FMA(FMA(0x1.d78492be396efp-27, zz, 0x1.b9827b0889cb2p-20), zz, 0x1.f9a2bf73bb76ap-14), zz, 0x1.565bccfa9a6aep-8), zz, 0x1.ce2f21a041018p-4), zz, 0x1.06eba8214db68p-3))

/* erf(x) = 1 - exp(-x*x) * P((x-3)/(x+3)) from 1 to 6; within 2^-57.1 */
#define FIT_ERF_TAIL(z, zz) \
    FMA(FMA(FMA(FMA(FMA(FMA(0x1.fe22890d855c8p-17, zz, 0x1.406b1dc809541p-14), zz, 0x1.75e8c1181a0c8p-11), zz, -0x1.8fa4d6a1c7088p-6), zz, -0x1.336ffbe9a4005p-3), zz, -0x1.4e102b9d04eb1p-2), z, FMA(FMA(FMA(FMA(FMA(0x1.afcf69ee4abb8p-14, zz, -0x1.30a8e75e7b544p-11), zz, 0x1.17dca5cddfb5bp-8), zz, 0x1.258b1728c0a84p-4), zz, 0x1.f6ff203f5f07ap-3), zz, 0x1.6e9827d229815p-3))

/* erfc(x) = exp(-x*x) / (1 + 2*x) * (1.25 + P((x-4)/(x+4))) from 0.5 to 28; within 2^-54.7 */
#define FIT_ERFC(z, zz) \
    FMA(FMA(FMA(FMA(FMA(FMA(FMA(FMA(FMA(FMA(0x1.3e577e66bba1bp-24, zz, -0x1.a3b5b3c2802dcp-21), zz, 0x1.7d1e52decae3ap-18), zz, -0x1.992076097917ep-16), zz, -0x1.a1e11cf5ac5d8p-13), zz, 0x1.49c6754569c3ep-8), zz, 0x1.3079eded3fd7dp-5), zz, 0x1.7fee004e572e0p-4), zz, 0x1.16ecefcfa362dp-4), zz, -0x1.1df1ad154a271p-3), z, FMA(FMA(FMA(FMA(FMA(FMA(FMA(FMA(FMA(FMA(-0x1.32122562ef684p-27, zz, 0x1.f0f34737c9bd0p-25), zz, 0x1.4d3358b33c28dp-22), zz, -0x1.78df9a199f87ep-17), zz, 0x1.3be24c4fea060p-13), zz, -0x1.8d4ab7fc0498ap-11), zz, -0x1.096238634d901p-6), zz, -0x1.0fb06dfef8525p-4), zz, -0x1.9ddb23c3e1d74p-4), zz, 0x1.f7f5df66fc8fep-7), zz, -0x1.169ba4580a048p-6))

/* a first guess at cbrt(m), half to one; within 2^-16.7 */
#define FIT_CBRT(z, zz) \
    FMA(FMA(0x1.17e207f8ebd55p-1, zz, 0x1.23d6f228c40c1p+0), z, FMA(FMA(-0x1.13c9409811121p-3, zz, -0x1.e8a4d8a7e4ce3p-1), zz, 0x1.9c0c0f1f26e6cp-2))

#endif
