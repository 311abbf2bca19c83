/*
 * P-256's points: doubling, addition, and multiples by fixed windows. Long because which multiples cannot meet follows from all of them.
 *
 * Formulas: Jacobian coordinates, EFD's "dbl-2001-b" for a = −3 and the addition of an affine point "madd-2004-hmv".
 *
 * A scalar is made odd (k or n − k), and is then Σ d[i]·32^i with 52 odd digits −31 … 31: if c = (k >> 1) + 2^259 has the five bits u
 * at 5·i, then d[i] = 2u − 31. So no digit is 0. The last digit is 1, as k < 2^256. For each digit one of the 16 points
 * P, 3P, … 31P is added or subtracted. The generator has 13 such tables, for 2^(20·j)·G, so that three times five doublings are
 * enough; they are made when first needed.
 *
 * Constant time: a table is read from end to end for each digit, and signs are masks. The formula for additions is wrong for equal
 * points, and these do not occur. Let the sum before an addition be a·P, a an integer, and what is added d·2^(20·j)·P; for a point
 * that is not the generator j = 0. All digits are odd, so 2^5 is the highest power of 2 that divides a, if doublings came before, or
 * else 2^(20·(j+1)). 2^(20·j) is the one that divides what is added. So a ≠ ±d·2^(20·j), and the same must hold modulo n.
 * Both are smaller than 2^252 before the last digits are added (those after the last doubling), where |a| < 2^256 + 2^245. So
 * a + d·2^(20·j) = n and a − d·2^(20·j) = n are left. n is odd, a even: then j = 0, and this is the last addition. The first
 * gives k = n, a scalar of 0: the formula gives z = 0 for opposite points, infinity, and that is right. The second needs k = n + 2d,
 * and so d < 0, as k ≤ n. But d = (k mod 64) − 32, which makes d = 32 − n modulo 64, that is 15: no negative digit of size 31.
 *
 * The point itself has order n, as all points but infinity have, and p256_method.c does not ask for multiples of that.
 * p256_sum_times adds multiples of two points, which may meet; it tells when they did. Its scalars are public.
 */
#include <wasm_simd128.h>
#include "p256_field.h"

#define DIGITS 52
#define WINDOW 5
#define ENTRIES 16
#define TABLES 13

typedef p256_affine table[ENTRIES];

const p256_affine p256_generator = {
    .x = { 0x1898c296, 0x509ca2e, 0x1acce83d, 0x6fb025b, 0x40f2770, 0x1372b1d2, 0x91fe2f3, 0x1e5c2588, 0x6b17d1 },
    .y = { 0x17bf51f5, 0x1db20341, 0xc57b3b2, 0x1c66aed6, 0x19e162bc, 0x15a53e07, 0x1e6e3b9f, 0x1c5fc34f, 0x4fe342 },
};

static void copy(p256_number r, const p256_number a)
{
    field_sum(r, 1, a, 0, a);
}

/*
 * r = 2r. Bounds, in p: x within ±3.7, y within ±1.5, z within ±1.3, and so again afterwards. The comments give the sizes of the
 * factors of each multiplication, its c, and where that puts its result. Neighbours do not need each other's results, so that a
 * processor can compute both at once.
 */
static __attribute__((noinline)) void twice(p256_jacobian *r)
{
    p256_number delta, gamma, alpha, beta, left, right;
    field_square(delta, r->z);                  /* 1·1, c = 1.7: 0 to 1.06 */
    field_square(gamma, r->y);                  /* 1·1, c = 2.3: 0 to 1.08 */
    field_sum(left, 1, r->x, -1, delta);        /* ±4.8 */
    field_sum(right, 3, r->x, 3, delta);        /* ±14.3 */
    field_multiply(alpha, left, right);         /* 2·6, c = 69: −2.2 to 3.2 */
    field_sum(right, 4, gamma, 0, gamma);       /* 0 to 4.4 */
    field_multiply(beta, r->x, right);          /* 1·4, c = 17: −0.6 to 1.6; four times EFD's */
    field_sum(left, 2, beta, 0, beta);          /* −1.2 to 3.2 */
    field_square_less(r->x, alpha, left);       /* 1·1, c = 11, and left: −3.2 to 2.6 */
    field_sum(left, 2, r->y, 0, r->y);          /* ±3 */
    field_multiply(r->z, r->z, left);           /* 1·2, c = 3.9: −0.2 to 1.2 */
    field_sum(left, 1, beta, -1, r->x);         /* −3.2 to 4.8 */
    field_multiply_less_8_squares(r->y, alpha, left, gamma); /* 1·2 + 8·1, c = 16, and −9.4 of the square: −0.8 to 1.5 */
}

/* r = r + a; they are not the same point. Bounds as in twice(), for a, too. */
static __attribute__((noinline)) void add(p256_jacobian *r, const p256_affine *a)
{
    p256_number h, t, square, cube, left;
    field_square(square, r->z);                 /* 1·1, c = 1.7: 0 to 1.06 */
    field_multiply(t, a->y, r->z);              /* 1·1, c = 2: −0.1 to 1.1 */
    field_multiply(left, a->x, square);         /* 1·1, c = 4: −0.2 to 1.2 */
    field_sum(h, 1, left, -1, r->x);            /* ±4.9 */
    field_multiply(t, t, square);               /* 1·1, c = 1.2: −0.1 to 1.1 */
    field_sum(t, 1, t, -1, r->y);               /* ±2.6 */
    field_square(square, h);                    /* 2·2, c = 25: 0 to 1.8 */
    field_multiply(r->z, r->z, h);              /* 1·2, c = 6.4: −0.2 to 1.2 */
    field_multiply(cube, square, h);            /* 1·2, c = 8.9: −0.28 to 1.28 */
    field_multiply(square, square, r->x);       /* 1·1, c = 6.7: −0.21 to 1.21 */
    field_sum(left, 1, cube, 2, square);        /* −0.7 to 3.7 */
    field_square_less(r->x, t, left);           /* 2·2, c = 6.8, and left: −3.7 to 2 */
    field_sum(square, 1, square, -1, r->x);     /* −2.3 to 4.9 */
    field_multiply_two(r->y, square, t, cube, r->y); /* 2·2 + 1·1, c = 4.9·2.6 + 1.3·1.5 = 15: −0.5 to 1.5 */
}

static void set(p256_jacobian *r, const p256_affine *a)
{
    copy(r->x, a->x);
    copy(r->y, a->y);
    copy(r->z, p256_one);
}

/* (x·z², y·z³) */
static void scale(p256_number r_x, p256_number r_y, const p256_number x, const p256_number y, const p256_number z)
{
    p256_number power;
    p256_square(power, z);
    p256_multiply(r_x, x, power);
    p256_multiply(power, power, z);
    p256_multiply(r_y, y, power);
}

int p256_is_infinity(const p256_jacobian *a)
{
    return p256_is_zero(a->z);
}

/*
 * The addition of an affine point does not ask for the curve's coefficients. So a point (x, y, z) may be taken for the affine point
 * (x, y) of the curve on which all coordinates z are divided by this one; another point goes there by x·z² and y·z³.
 */
void p256_point_add(p256_jacobian *r, const p256_jacobian *a)
{
    p256_jacobian other, sum;
    p256_affine there;
    if (p256_is_infinity(a))
        return;
    if (p256_is_infinity(r)) {
        *r = *a;
        return;
    }
    copy(there.x, a->x);
    copy(there.y, a->y);
    scale(sum.x, sum.y, r->x, r->y, a->z);
    copy(sum.z, r->z);
    other = sum;
    add(&sum, &there);
    p256_multiply(sum.z, sum.z, a->z);
    if (p256_is_infinity(&sum)) {
        /* The same x. Is it the same y? */
        p256_number x, y;
        scale(x, y, there.x, there.y, r->z);
        field_sum(y, 1, y, -1, other.y);
        if (p256_is_zero(y)) {
            twice(r);
            return;
        }
    }
    *r = sum;
}

/* 1 / a. The inverse is canonical, of size 2, and that times 1 is of size 1. */
static void invert(p256_number r, const p256_number a)
{
    int64_t wide[P256_LIMBS];
    for (int i = 0; i < P256_LIMBS; i++)
        wide[i] = a[i];
    p256_reduce(r, wide, &p256_p);
    p256_inverse(r, r, &p256_p);
    p256_multiply(r, r, p256_one);
}

void p256_to_affine(p256_affine *r, const p256_jacobian *a)
{
    p256_number inverse;
    invert(inverse, a->z);
    scale(r->x, r->y, a->x, a->y, inverse);
}

/*
 * P, 3P, … 31P, by adding 2P, on the curve where 2P is affine (see p256_point_add): never to itself, as n is larger. All inverses
 * are had by one (Montgomery's trick).
 */
static void make_table(table r, const p256_affine *point)
{
    p256_jacobian odd[ENTRIES], two;
    p256_affine step;
    p256_number product[ENTRIES], inverse;
    set(&two, point);
    twice(&two);
    copy(step.x, two.x);
    copy(step.y, two.y);
    scale(odd[0].x, odd[0].y, point->x, point->y, two.z);
    copy(odd[0].z, p256_one);
    for (int i = 1; i < ENTRIES; i++) {
        odd[i] = odd[i - 1];
        add(&odd[i], &step);
    }
    copy(product[0], odd[0].z);
    for (int i = 1; i < ENTRIES; i++)
        p256_multiply(product[i], product[i - 1], odd[i].z);
    p256_multiply(inverse, product[ENTRIES - 1], two.z);
    invert(inverse, inverse);
    for (int i = ENTRIES - 1; i >= 0; i--) {
        /* Now inverse is 1 / (two.z · odd[0].z · … odd[i].z). */
        p256_number one;
        p256_multiply(one, inverse, i ? product[i - 1] : p256_one);
        scale(r[i].x, r[i].y, odd[i].x, odd[i].y, one);
        p256_multiply(inverse, inverse, odd[i].z);
    }
}

/* The entry for the window u: the point times 2u − 31. */
static void look_up(p256_affine *r, const table from, uint32_t u)
{
    uint32_t negative = p256_mask((u >> (WINDOW - 1)) - 1); /* below 16 */
    v128_t found[5], index = wasm_i32x4_splat((int32_t)((u ^ negative) & (ENTRIES - 1)));
    for (int j = 0; j < 5; j++)
        found[j] = wasm_i32x4_const_splat(0);
    for (int i = 0; i < ENTRIES; i++) {
        v128_t here = wasm_i32x4_eq(index, wasm_i32x4_splat(i));
        for (int j = 0; j < 5; j++)
            found[j] = wasm_v128_or(found[j], wasm_v128_and(here, wasm_v128_load((const v128_t *)&from[i] + j)));
    }
    for (int j = 0; j < 5; j++)
        wasm_v128_store((v128_t *)r + j, found[j]);
    for (int i = 0; i < P256_LIMBS; i++)
        r->y[i] = (int32_t)(((uint32_t)r->y[i] ^ negative) - negative);
}

/*
 * The scalar or its negative, whichever is odd, with one more bit for c; carries keep it canonical. Returns a mask, all ones if it is the
 * negative.
 */
static uint32_t make_odd(p256_number k, const p256_number scalar)
{
    uint32_t even = p256_mask((uint32_t)(scalar[0] & 1) - 1);
    int32_t carry = 0;
    for (int i = 0; i < P256_LIMBS; i++) {
        carry += scalar[i] + ((int32_t)even & (p256_n.value[i] - 2 * scalar[i]));
        k[i] = carry & P256_MASK;
        carry >>= P256_BITS;
    }
    k[P256_LIMBS - 1] |= 1 << (260 - 8 * P256_BITS); /* 2^259, doubled */
    return even;
}

/* The entry for digit `index` of k. */
static void digit(p256_affine *r, const table from, const p256_number k, int index)
{
    int position = WINDOW * index + 1, limb = position / P256_BITS;
    int64_t bits = k[limb];
    if (limb < P256_LIMBS - 1)
        bits |= (int64_t)k[limb + 1] << P256_BITS;
    look_up(r, from, (uint32_t)(bits >> position % P256_BITS) & (2 * ENTRIES - 1));
}

static void negate(p256_number y, uint32_t mask)
{
    for (int i = 0; i < P256_LIMBS; i++)
        y[i] = (int32_t)(((uint32_t)y[i] ^ mask) - mask);
}

static void twice_window(p256_jacobian *r)
{
    for (int i = 0; i < WINDOW; i++)
        twice(r);
}

/* `tables` are for the point times 2^(i · DIGITS/count · WINDOW). */
static void times(p256_jacobian *r, const table *tables, int count, const p256_number scalar)
{
    p256_number k;
    p256_affine entry;
    uint32_t even = make_odd(k, scalar);
    int columns = DIGITS / count;
    for (int column = columns - 1; column >= 0; column--) {
        if (column < columns - 1)
            twice_window(r);
        for (int i = count - 1; i >= 0; i--) {
            digit(&entry, tables[i], k, i * columns + column);
            if (i * columns + column == DIGITS - 1)
                set(r, &entry);
            else
                add(r, &entry);
        }
    }
    negate(r->y, even);
}

/* The first `count` of the generator's tables, made if they are not. */
static const table *generator_tables(int count)
{
    static table tables[TABLES];
    static p256_affine next; /* of the first that is not made */
    static int made;
    if (!made) {
        p256_to_montgomery(next.x, p256_generator.x);
        p256_to_montgomery(next.y, p256_generator.y);
    }
    for (; made < count; made++) {
        p256_jacobian power;
        make_table(tables[made], &next);
        set(&power, &next);
        for (int i = 0; i < DIGITS / TABLES; i++)
            twice_window(&power);
        p256_to_affine(&next, &power);
    }
    return (const table *)tables;
}

void p256_point_times(p256_jacobian *r, const p256_affine *point, const p256_number scalar)
{
    table multiples;
    make_table(multiples, point);
    times(r, (const table *)&multiples, 1, scalar);
}

void p256_generator_times(p256_jacobian *r, const p256_number scalar)
{
    times(r, generator_tables(TABLES), TABLES, scalar);
}

int p256_sum_times(p256_jacobian *r, const p256_number of_generator, const p256_affine *point, const p256_number of_point)
{
    table multiples;
    p256_number k[2];
    const table *tables[2] = { generator_tables(1), (const table *)&multiples };
    uint32_t even[2] = { make_odd(k[0], of_generator), make_odd(k[1], of_point) };
    make_table(multiples, point);
    for (int index = DIGITS - 1; index >= 0; index--) {
        if (index < DIGITS - 1)
            twice_window(r);
        for (int i = 0; i < 2; i++) {
            p256_affine entry;
            digit(&entry, *tables[i], k[i], index);
            negate(entry.y, even[i]);
            if (index == DIGITS - 1 && i == 0)
                set(r, &entry);
            else
                add(r, &entry);
        }
    }
    return !p256_is_infinity(r);
}
