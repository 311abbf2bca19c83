// felem_mul and felem_square of OpenSSL's ecp_nistp521.c (multiplication.list): of any limbs, into 9 limbs of less than 2^93.
//
// A number is 18 halves of 29 bits: 522 bits, and 2^522 is 2 modulo 2^521 - 1. So what is beyond them comes back doubled, in numbers and
// in products. The first half is less than 2^29 + 2^8; a column is at most 18 products and 17 doubled ones: less than 2^64.

#include "products.h"

// Names of their own in the .wasm, for tools/constant-time.
#define felem_square_ref p521_square
#define felem_mul_ref p521_multiply

enum { HALVES = 2 * NLIMBS, HALF_BITS = 29 };

#define PRODUCT(out, column) \
    do { \
        UNROLL for (int k = 0; k < NLIMBS; k++) \
            out[k] = (uint128_t)(column(2 * k) + 2 * column(2 * k + HALVES)) \
                + ((uint128_t)(column(2 * k + 1) + 2 * column(2 * k + 1 + HALVES)) << HALF_BITS); \
    } while (0)

static __attribute__((noinline)) void p521_square(largefelem out, const felem in)
{
    uint64_t a[HALVES], beyond = halve(a, in, NLIMBS, HALF_BITS);

    a[0] += 2 * beyond;
#define COLUMN(k) square_column(a, HALVES, k)
    PRODUCT(out, COLUMN);
#undef COLUMN
}

static __attribute__((noinline)) void p521_multiply(largefelem out, const felem in1, const felem in2)
{
    uint64_t a[HALVES], b[HALVES], beyond = halve(a, in1, NLIMBS, HALF_BITS);

    a[0] += 2 * beyond;
    beyond = halve(b, in2, NLIMBS, HALF_BITS);
    b[0] += 2 * beyond;
#define COLUMN(k) product_column(a, b, HALVES, k)
    PRODUCT(out, COLUMN);
#undef COLUMN
}
