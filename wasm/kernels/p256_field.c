/* P-256's field as functions, where calls cost little, and Montgomery's form. What holds for p256_field.h holds here. */
#include "p256_field.h"

const p256_number p256_one = { 0x20, 0, 0, 0x1fffc000, 0x1fffffff, 0x1fffffff, 0x1f7fffff, 0x3ffffff, 0 };

void p256_multiply(p256_number r, const p256_number a, const p256_number b)
{
    field_multiply(r, a, b);
}

void p256_square(p256_number r, const p256_number a)
{
    field_square(r, a);
}

/* Takes a number below 2^256 with limbs in [0, 2^29), size 2. */
void p256_to_montgomery(p256_number r, const p256_number a)
{
    static const p256_number r_squared = { 0xc00, 0, 0x1fff0000, 0x1fdfffff, 0x1fbfffff, 0x1fffffff, 0x1fffffff, 0x1ffffffe, 0x13 };
    p256_multiply(r, a, r_squared);
}

void p256_from_montgomery(p256_number r, const p256_number a)
{
    static const p256_number plain_one = { 1 };
    int64_t wide[P256_LIMBS];
    p256_multiply(r, a, plain_one);
    for (int i = 0; i < P256_LIMBS; i++)
        wide[i] = r[i];
    p256_reduce(r, wide, &p256_p);
}

int p256_is_zero(const p256_number a)
{
    p256_number plain;
    int32_t bits = 0;
    p256_from_montgomery(plain, a);
    for (int i = 0; i < P256_LIMBS; i++)
        bits |= plain[i];
    return bits == 0;
}

/* y² = (x² − 3)·x + b. Both constants are of size 2, so the sums are of sizes 7, 3 and 4. */
int p256_is_on_curve(const p256_number x, const p256_number y)
{
    static const p256_number b = { 0x1897bbfb, 0x1cdf6229, 0x18486c4, 0x1732821, 0x1dad59e0, 0xabf7212, 0x1a06d110, 0x17721d20, 0x8600c3 };
    p256_number left, right;
    p256_square(right, x);
    field_sum(right, 1, right, -3, p256_one);
    p256_multiply(right, right, x);
    field_sum(right, 1, right, 1, b);
    p256_square(left, y);
    field_sum(left, 1, left, -1, right);
    return p256_is_zero(left);
}
