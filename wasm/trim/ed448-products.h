// ossl_gf_mul and ossl_gf_sqr of OpenSSL's curve448 (multiplication.list): of any limbs, into 8 limbs of less than 2^56 + 2^37.
//
// A number is 16 halves of 28 bits, and 2^448 is 2^224 + 1 modulo p. So what is beyond them comes back at two places, 8 halves apart,
// in numbers and in products. A half is less than 2^28 + 2^9; a column of the reduced product is less than 64 * 2^56 * (1 + 2^-18).

#include "products.h"

enum { HALVES = 16, HALF_BITS = 28, MIDDLE = HALVES / 2 };

INLINE void halve_448(uint64_t a[HALVES], const gf from)
{
    uint64_t beyond = halve(a, from->limb, MIDDLE, HALF_BITS);

    a[0] += beyond;
    a[MIDDLE] += beyond;
}

#define PRODUCT(out, column) \
    do { \
        const uint64_t mask = ((uint64_t)1 << HALF_BITS) - 1; \
        uint64_t *limbs = (out)->limb, sums[HALVES], t = 0; \
        UNROLL for (int k = 0; k < MIDDLE; k++) { \
            uint64_t middle = column(k + MIDDLE), high = column(k + HALVES), top = column(k + HALVES + MIDDLE); \
            sums[k] = column(k) + high + top; \
            sums[k + MIDDLE] = middle + high + 2 * top; \
        } \
        UNROLL for (int k = 0; k < MIDDLE; k++) { \
            t += sums[2 * k]; \
            limbs[k] = t & mask; \
            t = (t >> HALF_BITS) + sums[2 * k + 1]; \
            limbs[k] |= (t & mask) << HALF_BITS; \
            t >>= HALF_BITS; \
        } \
        limbs[0] += t; \
        limbs[MIDDLE / 2] += t; \
    } while (0)

void ossl_gf_mul(gf_s *RESTRICT cs, const gf as, const gf bs)
{
    uint64_t a[HALVES], b[HALVES];

    halve_448(a, as);
    halve_448(b, bs);
#define COLUMN(k) product_column(a, b, HALVES, k)
    PRODUCT(cs, COLUMN);
#undef COLUMN
}

void ossl_gf_sqr(gf_s *RESTRICT cs, const gf as)
{
    uint64_t a[HALVES];

    halve_448(a, as);
#define COLUMN(k) square_column(a, HALVES, k)
    PRODUCT(cs, COLUMN);
#undef COLUMN
}
