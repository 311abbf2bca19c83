/*
 * P-256 (FIPS 186-5, SP 800-186 §3.2.1.3): y² = x³ − 3x + b over the integers modulo p, a group of prime order n.
 *
 * A number is nine limbs of 29 bits, x = Σ x[i]·2^(29·i). Limbs are signed and may be larger than 29 bits: each function says which
 * limbs it takes and returns, in units of 2^28 ("size A" means |x[i]| ≤ A·2^28). A number is canonical if it is the least residue,
 * with limbs in [0, 2^29), which is size 2.
 */
#ifndef LSW_P256_H
#define LSW_P256_H
#include <stdint.h>

#define P256_LIMBS 9
#define P256_BITS 29
#define P256_MASK ((1 << P256_BITS) - 1)

typedef int32_t p256_number[P256_LIMBS];

typedef struct {
    p256_number value;
    p256_number unit;  /* the inverse of x that p256_inverse gives is unit / x */
    uint32_t negated;  /* −1 / value modulo 2^29 */
} p256_modulus;

/* A mask, all ones or 0. The compiler must not know: it would make a choice of it, and an engine may make a branch of that. */
static inline uint32_t p256_mask(uint32_t mask)
{
    __asm__("" : "+r"(mask));
    return mask;
}

/* Multiplication modulo p for numbers in Montgomery's form, x·2^261 (p256_field.c). */
void p256_multiply(p256_number r, const p256_number a, const p256_number b);
void p256_square(p256_number r, const p256_number a);
void p256_to_montgomery(p256_number r, const p256_number a);
void p256_from_montgomery(p256_number r, const p256_number a); /* canonical */
int p256_is_zero(const p256_number a);
int p256_is_on_curve(const p256_number x, const p256_number y);
extern const p256_number p256_one; /* in Montgomery's form */

/* Residues of either modulus (p256_modular.c). Results are canonical. */
extern const p256_modulus p256_p; /* its inverses stay in Montgomery's form */
extern const p256_modulus p256_n;
void p256_reduce(p256_number r, const int64_t a[P256_LIMBS], const p256_modulus *modulus);
void p256_inverse(p256_number r, const p256_number a, const p256_modulus *modulus);

/* Points (p256_point.c); coordinates are in Montgomery's form, of size 1. */
typedef struct {
    p256_number x, y, z; /* (x/z², y/z³); infinity if z = 0 */
} p256_jacobian;
typedef struct {
    p256_number x, y;
    int32_t padding[2]; /* 80 bytes: five vectors */
} __attribute__((aligned(16))) p256_affine;

/* r = scalar · point, in time that depends on neither. The scalar is canonical modulo n. */
void p256_point_times(p256_jacobian *r, const p256_affine *point, const p256_number scalar);
void p256_generator_times(p256_jacobian *r, const p256_number scalar);
/*
 * r = of_generator·G + of_point·point. 0 if that is infinity, or if two points that were to be added had the same x: then z becomes 0,
 * and stays so. The latter happens only to scalars that were chosen for it.
 */
int p256_sum_times(p256_jacobian *r, const p256_number of_generator, const p256_affine *point, const p256_number of_point);
/* r = r + a for any two points. It branches on them: for public points only. */
void p256_point_add(p256_jacobian *r, const p256_jacobian *a);
int p256_is_infinity(const p256_jacobian *a);
/* Infinity gives (0, 0). */
void p256_to_affine(p256_affine *r, const p256_jacobian *a);
extern const p256_affine p256_generator; /* canonical, not in Montgomery's form */
#endif
