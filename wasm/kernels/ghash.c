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

// From so many blocks on the table for 16 lanes pays.
enum { WORTH_THE_LANES = 128 };

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
};

static __attribute__((noinline)) void make_products(struct products *p, v128_t h)
{
    v128_t of[8], by_nibble[16];
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

// [half of the result][byte][high nibble, low nibble][byte of the result]
typedef v128_t lane_table[2][16][2][8];

static __attribute__((noinline)) void make_lane_table(lane_table *table, v128_t h16)
{
    v128_t of[4], by_nibble[16], bytes[16];
    uint64_t first = __builtin_bswap64((uint64_t)wasm_i64x2_extract_lane(h16, 0));
    uint64_t second = __builtin_bswap64((uint64_t)wasm_i64x2_extract_lane(h16, 1));
    NO_UNROLL for (int nibble = 0; nibble < 32; nibble++) {
        for (int k = 0; k < 4; k++) {
            of[k] = wasm_u64x2_make(__builtin_bswap64(first), __builtin_bswap64(second));
            uint64_t carry = -(second & 1);
            second = second >> 1 | first << 63;
            first = first >> 1 ^ (carry & 0xe100000000000000);
        }
        sums(by_nibble, of);
        lsw_transpose16(bytes, by_nibble);
        memcpy((*table)[0][nibble / 2][nibble % 2], bytes, 128);
        memcpy((*table)[1][nibble / 2][nibble % 2], bytes + 8, 128);
    }
}

// sums = sums·h¹⁶ + 16 blocks.
static __attribute__((noinline)) void lanes_step(v128_t sums[16], const lane_table *table, const v128_t blocks[16])
{
    v128_t product[16];
    NO_UNROLL for (int half = 0; half < 2; half++) {
        v128_t r[8];
        for (int b = 0; b < 8; b++)
            r[b] = blocks[8 * half + b];
        NO_UNROLL for (int i = 0; i < 16; i++) {
            v128_t high = high_nibbles(sums[i]), low = low_nibbles(sums[i]);
            const v128_t (*t)[8] = (*table)[half][i];
            for (int b = 0; b < 8; b++)
                r[b] = XOR(r[b], XOR(wasm_i8x16_swizzle(t[0][b], high), wasm_i8x16_swizzle(t[1][b], low)));
        }
        for (int b = 0; b < 8; b++)
            product[8 * half + b] = r[b];
    }
    memcpy(sums, product, sizeof(product));
}

static void load_blocks(v128_t to[16], const unsigned char *in)
{
    v128_t rows[16];
    for (int i = 0; i < 16; i++)
        rows[i] = wasm_v128_load(in + 16 * i);
    lsw_transpose16(to, rows);
}

// `groups` times 16 blocks: all but the last multiplication by h.
static v128_t ghash_lanes(v128_t y, const struct products *p, v128_t h16, const unsigned char *in, size_t groups)
{
    lane_table table;
    v128_t lanes[16], blocks[16];
    make_lane_table(&table, h16);
    for (int i = 0; i < 16; i++)
        blocks[i] = wasm_v128_load(in + 16 * i);
    blocks[0] = XOR(blocks[0], multiply(y, p));
    lsw_transpose16(lanes, blocks);
    for (size_t group = 1; group < groups; group++) {
        load_blocks(blocks, in + 256 * group);
        lanes_step(lanes, (const lane_table *)&table, blocks);
    }
    lsw_transpose16(blocks, lanes);
    y = blocks[0];
    NO_UNROLL for (int i = 1; i < 16; i++)
        y = XOR(multiply(y, p), blocks[i]);
    OPENSSL_cleanse(&table, sizeof(table));
    OPENSSL_cleanse(lanes, sizeof(lanes));
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
