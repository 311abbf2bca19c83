// felem_mul and felem_square of OpenSSL's ecp_nistp384.c (multiplication.list): of any limbs, as there, into 13 limbs of 128 bits.
//
// A number is 15 halves of 28 bits, of which the last is what its last limb has beyond 56 bits. A column is less than 15 * 2^56.

#include "products.h"

// Names of their own in the .wasm, for tools/constant-time.
#define felem_square_ref p384_square
#define felem_mul_ref p384_multiply

enum { HALVES = 2 * NLIMBS + 1, HALF_BITS = 28 };

#define PRODUCT(out, column) \
    do { \
        UNROLL for (int k = 0; k < 2 * NLIMBS - 1; k++) \
            out[k] = (uint128_t)column(2 * k) + ((uint128_t)column(2 * k + 1) << HALF_BITS); \
        UNROLL for (int k = 4 * NLIMBS - 2; k < 2 * HALVES - 1; k++) \
            out[2 * NLIMBS - 2] += (uint128_t)column(k) << (k - 4 * NLIMBS + 4) * HALF_BITS; \
    } while (0)

static __attribute__((noinline)) void p384_square(widefelem out, const felem in)
{
    uint64_t a[HALVES];

    a[HALVES - 1] = halve(a, in, NLIMBS, HALF_BITS);
#define COLUMN(k) square_column(a, HALVES, k)
    PRODUCT(out, COLUMN);
#undef COLUMN
}

static __attribute__((noinline)) void p384_multiply(widefelem out, const felem in1, const felem in2)
{
    uint64_t a[HALVES], b[HALVES];

    a[HALVES - 1] = halve(a, in1, NLIMBS, HALF_BITS);
    b[HALVES - 1] = halve(b, in2, NLIMBS, HALF_BITS);
#define COLUMN(k) product_column(a, b, HALVES, k)
    PRODUCT(out, COLUMN);
#undef COLUMN
}
