/*
 * Least residues and inverses modulo P-256's p and n.
 *
 * The inverse is Bernstein and Yang's ("Fast constant-time gcd computation and modular inversion", 2019): division steps on f and g,
 * which begin as the modulus and the number. Each step is
 *     (δ, f, g) → (1 − δ, g, (g − f) / 2)  if δ > 0 and g is odd
 *     (δ, f, g) → (1 + δ, f, (g + (g mod 2)·f) / 2)  otherwise
 * from δ = 1/2, as Pieter Wuille proposed. For a modulus below 2^256, 591 steps bring g to 0 and f to ±1, whatever the number: the
 * bound (45907·256 + 26313) / 19929 was proved by the convex hulls of the reachable f and g. 29 steps depend on the lowest 29 bits
 * alone, so they are done on these, collected into a matrix, and the matrix is applied to the limbs: 21 times, which is 609 steps.
 *
 * Constant time: the number of steps is fixed; what a step chooses, it chooses by masks.
 */
#include "p256.h"

#define ROUNDS 21

const p256_modulus p256_p = {
    .value = { 0x1fffffff, 0x1fffffff, 0x1fffffff, 0x1ff, 0, 0, 0x40000, 0x1fe00000, 0xffffff },
    /* R² modulo p: the inverse of x·R is R² / (x·R), and so again in Montgomery's form. */
    .unit = { 0xc00, 0, 0x1fff0000, 0x1fdfffff, 0x1fbfffff, 0x1fffffff, 0x1fffffff, 0x1ffffffe, 0x13 },
    .negated = 1,
};
const p256_modulus p256_n = {
    .value = { 0x1c632551, 0x1dce5617, 0x5e7a13c, 0xdf55b4e, 0x1ffffbce, 0x1fffffff, 0x3ffff, 0x1fe00000, 0xffffff },
    .unit = { 1 },
    .negated = 0x1fffffff & -0x11ff43b1,
};

/* Carries limbs of at most 2^60 into [0, 2^29), but for the last, which keeps the sign. */
static void carry(int64_t a[P256_LIMBS])
{
    for (int i = 0; i < P256_LIMBS - 1; i++) {
        a[i + 1] += a[i] >> P256_BITS;
        a[i] &= P256_MASK;
    }
}

/* A number within ±32 times the modulus, of limbs within ±2^60. */
void p256_reduce(p256_number r, const int64_t a[P256_LIMBS], const p256_modulus *modulus)
{
    int64_t x[P256_LIMBS], less[P256_LIMBS];
    for (int i = 0; i < P256_LIMBS; i++)
        x[i] = a[i] + ((int64_t)modulus->value[i] << 5);
    carry(x);
    /* x is below 2^(shift + 1) times the modulus before, and below 2^shift times it afterwards. */
    for (int shift = 5; shift >= 0; shift--) {
        for (int i = 0; i < P256_LIMBS; i++)
            less[i] = x[i] - ((int64_t)modulus->value[i] << shift);
        carry(less);
        int64_t negative = (int32_t)p256_mask((uint32_t)(less[P256_LIMBS - 1] >> 63));
        for (int i = 0; i < P256_LIMBS; i++)
            x[i] = less[i] ^ ((x[i] ^ less[i]) & negative);
    }
    for (int i = 0; i < P256_LIMBS; i++)
        r[i] = (int32_t)x[i];
}

/* 2^29 times what 29 steps do: f' = (uf·f + ug·g) / 2^29, g' = (vf·f + vg·g) / 2^29. |uf| + |ug| ≤ 2^29, and so for v. */
typedef struct {
    int32_t uf, ug, vf, vg;
} matrix;

/* `theta` is δ − 1/2. f and g are right in their lowest 29 bits, and each step leaves one right bit fewer. */
static int32_t steps(matrix *result, int32_t theta, int32_t low_f, int32_t low_g)
{
    uint32_t f = (uint32_t)low_f, g = (uint32_t)low_g, uf = 1, ug = 0, vf = 0, vg = 1;
    for (int i = 0; i < P256_BITS; i++) {
        uint32_t positive = p256_mask(~(uint32_t)(theta >> 31)), odd = p256_mask(-(g & 1));
        /* g plus or minus f if g is odd. f is odd, so that is even. */
        g += ((f ^ positive) - positive) & odd;
        vf += ((uf ^ positive) - positive) & odd;
        vg += ((ug ^ positive) - positive) & odd;
        /* Where f takes the old g, that is f plus the difference just made. Then theta changes its sign, else it grows by 1. */
        uint32_t swap = positive & odd;
        f += g & swap;
        uf += vf & swap;
        ug += vg & swap;
        theta = (int32_t)(((uint32_t)theta ^ swap) + 1);
        /* Instead of halving the new row of the matrix, double the other. */
        g = (uint32_t)((int32_t)g >> 1);
        uf *= 2;
        ug *= 2;
    }
    *result = (matrix){ (int32_t)uf, (int32_t)ug, (int32_t)vf, (int32_t)vg };
    return theta;
}

/*
 * (a, b) becomes the matrix times (a, b), divided by 2^29. Modulo a modulus, its multiple makes that division exact; without, it is.
 * The limbs are in [0, 2^29), but for the last, so a sum is below 2^29·2^29 + 2^29·2^29 + a carry, 2^60. As |m| < 2^29, values
 * grow by one modulus at most in each round.
 */
static void apply(const matrix *by, int64_t a[P256_LIMBS], int64_t b[P256_LIMBS], const p256_modulus *modulus)
{
    int64_t from_a = by->uf * a[0] + by->ug * b[0], from_b = by->vf * a[0] + by->vg * b[0];
    int64_t of_a = 0, of_b = 0;
    if (modulus) {
        of_a = (uint32_t)from_a * modulus->negated & P256_MASK;
        of_b = (uint32_t)from_b * modulus->negated & P256_MASK;
        from_a += of_a * modulus->value[0];
        from_b += of_b * modulus->value[0];
    }
    for (int i = 1; i < P256_LIMBS; i++) {
        int64_t old_a = a[i], old_b = b[i];
        from_a = (from_a >> P256_BITS) + by->uf * old_a + by->ug * old_b;
        from_b = (from_b >> P256_BITS) + by->vf * old_a + by->vg * old_b;
        if (modulus) {
            from_a += of_a * modulus->value[i];
            from_b += of_b * modulus->value[i];
        }
        a[i - 1] = from_a & P256_MASK;
        b[i - 1] = from_b & P256_MASK;
    }
    a[P256_LIMBS - 1] = from_a >> P256_BITS;
    b[P256_LIMBS - 1] = from_b >> P256_BITS;
}

/*
 * A canonical number; the canonical unit / a. 0 gives 0.
 * f is d·a / unit, and g is e·a / unit, modulo the modulus, in every round. |d| and |e| are below 22 moduli in the end.
 */
void p256_inverse(p256_number r, const p256_number a, const p256_modulus *modulus)
{
    int64_t f[P256_LIMBS], g[P256_LIMBS], d[P256_LIMBS] = { 0 }, e[P256_LIMBS];
    int32_t theta = 0;
    for (int i = 0; i < P256_LIMBS; i++) {
        f[i] = modulus->value[i];
        g[i] = a[i];
        e[i] = modulus->unit[i];
    }
    for (int round = 0; round < ROUNDS; round++) {
        matrix m;
        theta = steps(&m, theta, (int32_t)f[0], (int32_t)g[0]);
        apply(&m, f, g, 0);
        apply(&m, d, e, modulus);
    }
    int64_t negative = (int32_t)p256_mask((uint32_t)(f[P256_LIMBS - 1] >> 63));
    for (int i = 0; i < P256_LIMBS; i++)
        d[i] = (d[i] ^ negative) - negative;
    p256_reduce(r, d, modulus);
}
