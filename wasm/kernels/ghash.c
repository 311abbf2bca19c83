// GHASH, the authentication of GCM: y = (y + block)·h in GF(2¹²⁸), two ways, both by tables made from h inside vectors.
//
// One block: a byte of h times a nibble has 16 values; i8x16.swizzle looks them up for 16 nibbles of y at once. That gives the product
// as a polynomial, 16 bytes of h one after the other, and it is reduced at the end.
//
// 16 blocks: each lane has its own sum, y = y·h¹⁶ + block. The bytes are transposed, so that a vector holds one byte of all 16
// sums, and one swizzle is a nibble of them times h¹⁶, one byte of the reduced product: 512 swizzles. In the end the lanes are added
// up by Horner's rule.
//
// Constant time: tables are vectors that are loaded whole, in an order that follows from loop counters; secrets are only ever
// selected by swizzle, inside a register. Branches follow the number of blocks.
//
// Source: SP 800-38D §6.3 and §6.4. Bit 7 of byte 0 is the coefficient of x⁰: a byte to the right is eight degrees up, and so
// is a shift to the right within a byte.
#include "aes.h"
#include <openssl/crypto.h>
#include <string.h>

#define XOR wasm_v128_xor
#define AND wasm_v128_and
#define NO_UNROLL _Pragma("clang loop unroll(disable)")

// From so many blocks on 16 lanes pay.
enum { WORTH_THE_LANES = 32 };

static inline v128_t low_nibbles(v128_t x)
{
    return AND(x, wasm_i8x16_splat(0x0f));
}

static inline v128_t high_nibbles(v128_t x)
{
    return low_nibbles(wasm_u16x8_shr(x, 4));
}

// to[n] is the sum of those of `of` whose bit is set in n: of[0] has bit 3, of[3] bit 0.
static inline void sums(v128_t to[16], const v128_t of[4])
{
    to[0] = wasm_i8x16_splat(0);
    for (int k = 0; k < 4; k++)
        for (int n = 0; n < 1 << k; n++)
            to[n + (1 << k)] = XOR(to[n], of[3 - k]);
}

// [byte of h]: swizzles of a byte of y times that byte of h, by high and by low nibble, first byte (lower degrees) and second.
struct products {
    v128_t high_first[16], low_first[16], high_second[16], low_second[16];
    v128_t by_nibble[16]; // before it is transposed
};

static __attribute__((noinline)) void make_products(struct products *p, v128_t h)
{
    v128_t of[8], *by_nibble = p->by_nibble;
    for (int k = 0; k < 8; k++)
        of[k] = wasm_u8x16_shr(h, (uint32_t)k);
    sums(by_nibble, of);
    lsw_transpose16(p->high_first, by_nibble);
    sums(by_nibble, of + 4);
    lsw_transpose16(p->low_first, by_nibble);
    of[0] = wasm_i8x16_splat(0);
    for (int k = 1; k < 8; k++)
        of[k] = wasm_i8x16_shl(h, (uint32_t)(8 - k));
    sums(by_nibble, of);
    lsw_transpose16(p->high_second, by_nibble);
    sums(by_nibble, of + 4);
    lsw_transpose16(p->low_second, by_nibble);
}

// All bytes one lane to the right, `carry`'s last one in front.
static inline v128_t shift_lanes(v128_t x, v128_t carry)
{
    return wasm_i8x16_shuffle(carry, x, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}

// x·(1 + x + x² + x⁷), to which x¹²⁸ is equal: what stays in its byte, and what goes to the next.
static inline v128_t fold_here(v128_t x)
{
    return XOR(XOR(x, wasm_u8x16_shr(x, 1)), XOR(wasm_u8x16_shr(x, 2), wasm_u8x16_shr(x, 7)));
}

static inline v128_t fold_next(v128_t x)
{
    return XOR(XOR(wasm_i8x16_shl(x, 7), wasm_i8x16_shl(x, 6)), wasm_i8x16_shl(x, 1));
}

static inline v128_t multiply(v128_t y, const struct products *p)
{
    const v128_t zero = wasm_i8x16_splat(0);
    v128_t high = high_nibbles(y), low = low_nibbles(y), lower = zero, upper = zero, second = zero;
    for (int q = 15; q >= 0; q--) {
        v128_t first = XOR(wasm_i8x16_swizzle(p->high_first[q], high), wasm_i8x16_swizzle(p->low_first[q], low));
        second = XOR(wasm_i8x16_swizzle(p->high_second[q], high), wasm_i8x16_swizzle(p->low_second[q], low));
        // The second byte belongs one lane further: add it before the step to the right, the first one after it.
        lower = XOR(lower, second);
        upper = shift_lanes(upper, lower);
        lower = XOR(shift_lanes(lower, zero), first);
    }
    // What the last byte's fold would carry out of the vector comes in again in front.
    v128_t next = fold_next(upper);
    upper = XOR(upper, shift_lanes(zero, next));
    return XOR(XOR(lower, fold_here(upper)), shift_lanes(fold_next(upper), zero));
}

v128_t lsw_ghash_power16(v128_t h)
{
    struct products p;
    for (int i = 0; i < 4; i++) {
        make_products(&p, h);
        h = multiply(h, &p);
    }
    OPENSSL_cleanse(&p, sizeof(p));
    return h;
}

// The products of h¹⁶ and a nibble of the block, for [high, low nibbles]. One byte further on in the block the product is x⁸ times
// what it was: its bytes move on by one, and the last one is folded into the first two. So byte b of what belongs to byte i of the
// block is moved[15 + b - i], but for b = 0, where it is first[i].
struct lane_table {
    v128_t moved[2][31], first[2][16];
    v128_t of[8], by_nibble[16]; // what it is made from
};

static __attribute__((noinline)) void make_lane_table(struct lane_table *table, v128_t h16)
{
    v128_t *of = table->of;
    uint64_t left = __builtin_bswap64((uint64_t)wasm_i64x2_extract_lane(h16, 0));
    uint64_t right = __builtin_bswap64((uint64_t)wasm_i64x2_extract_lane(h16, 1));
    NO_UNROLL for (int k = 0; k < 8; k++) {
        of[k] = wasm_u64x2_make(__builtin_bswap64(left), __builtin_bswap64(right));
        uint64_t carry = -(right & 1);
        right = right >> 1 | left << 63;
        left = left >> 1 ^ (carry & 0xe100000000000000);
    }
    NO_UNROLL for (int nibble = 0; nibble < 2; nibble++) {
        v128_t *moved = table->moved[nibble] + 15, *first = table->first[nibble];
        sums(table->by_nibble, of + 4 * nibble);
        lsw_transpose16(moved, table->by_nibble);
        first[0] = moved[0];
        NO_UNROLL for (int i = 1; i < 16; i++) {
            v128_t last = moved[16 - i];
            moved[1 - i] = XOR(first[i - 1], fold_next(last));
            first[i] = fold_here(last);
        }
    }
}

// blocks = sums·h¹⁶ + blocks
static __attribute__((noinline)) void lanes_step(v128_t blocks[16], const v128_t sums[16], const struct lane_table *table)
{
    NO_UNROLL for (int half = 0; half < 16; half += 8) {
        v128_t r[8];
        for (int b = 0; b < 8; b++)
            r[b] = blocks[half + b];
        NO_UNROLL for (int i = 0; i < 16; i++) {
            v128_t high = high_nibbles(sums[i]), low = low_nibbles(sums[i]);
            const v128_t *by_high = table->moved[0] + 15 + half - i, *by_low = table->moved[1] + 15 + half - i;
            const v128_t *high0 = half > 0 ? by_high : table->first[0] + i, *low0 = half > 0 ? by_low : table->first[1] + i;
            r[0] = XOR(r[0], XOR(wasm_i8x16_swizzle(*high0, high), wasm_i8x16_swizzle(*low0, low)));
            for (int b = 1; b < 8; b++)
                r[b] = XOR(r[b], XOR(wasm_i8x16_swizzle(by_high[b], high), wasm_i8x16_swizzle(by_low[b], low)));
        }
        for (int b = 0; b < 8; b++)
            blocks[half + b] = r[b];
    }
}

// `groups` times 16 blocks: all but the last multiplication by h.
static v128_t ghash_lanes(v128_t y, const struct products *p, v128_t h16, const unsigned char *in, size_t groups)
{
    struct lane_table table;
    v128_t two[2][16], *lanes = two[0], *blocks = two[1];
    make_lane_table(&table, h16);
    for (int i = 0; i < 16; i++)
        blocks[i] = wasm_v128_load(in + 16 * i);
    blocks[0] = XOR(blocks[0], multiply(y, p));
    lsw_transpose16(lanes, blocks);
    for (size_t group = 1; group < groups; group++) {
        lsw_transpose16(blocks, in + 256 * group);
        lanes_step(blocks, lanes, &table);
        v128_t *swap = lanes;
        lanes = blocks;
        blocks = swap;
    }
    lsw_transpose16(lanes, lanes);
    y = lanes[0];
    NO_UNROLL for (int i = 1; i < 16; i++)
        y = XOR(multiply(y, p), lanes[i]);
    OPENSSL_cleanse(&table, sizeof(table));
    OPENSSL_cleanse(two, sizeof(two));
    return y;
}

void lsw_ghash(v128_t *y, v128_t h, v128_t h16, const unsigned char *in, size_t len)
{
    struct products p;
    make_products(&p, h);
    if (len / 16 >= WORTH_THE_LANES) {
        size_t groups = len / 256;
        *y = ghash_lanes(*y, &p, h16, in, groups);
        in += 256 * groups;
        len %= 256;
    }
    NO_UNROLL for (; len >= 16; len -= 16, in += 16)
        *y = XOR(multiply(*y, &p), wasm_v128_load(in));
    if (len > 0) {
        unsigned char block[16] = { 0 };
        memcpy(block, in, len);
        *y = XOR(multiply(*y, &p), wasm_v128_load(block));
    }
    OPENSSL_cleanse(&p, sizeof(p));
}
