// AES-CTR, 128 blocks at a time, bit-sliced: register (byte, bit) holds that bit of that byte of all 128 blocks. The S-box is then a
// circuit of 113 gates, and ShiftRows a matter of which register is read. Fewer blocks are encrypted side by side (aes.c).
//
// A batch is 128 counters that begin at a multiple of 128: only the last byte's low seven bits differ, so of round 1 one byte, of
// round 2 four bytes are computed for all blocks, the rest once. Lane (byte l, bit k) of a register belongs to block 16·k + l:
// turned back, the eight bits of a byte are then the bytes of 16 blocks that follow each other.
//
// Constant time: gates, shuffles with fixed lanes, and loads at addresses that follow from loop counters. Branches follow the number of
// blocks, and from LSW_AES_BATCH_FROM blocks on the counter. It is public, but for GCM with an IV that is not of 12 bytes, which asks for
// fewer blocks (aes-gcm.c).
//
// Sources: FIPS 197; SP 800-38A; J. Boyar and R. Peralta's circuit for the S-box, as in "A small depth-16 circuit for the AES S-box"
// (2012) and the improvements of its linear part; its four inversions at the end are in the round keys (aes.h).
//
// The loops are left as loops on purpose: unrolled, V8 makes code of half the speed of them.
#include "aes.h"
#include <openssl/crypto.h>
#include <string.h>

#define XOR wasm_v128_xor
#define AND wasm_v128_and
#define NO_UNROLL _Pragma("clang loop unroll(disable)")

enum { BATCH = 128 };

typedef v128_t sliced_byte[8]; // bit 0 first

// All that is written down on the way, so that it can be cleansed. Few blocks take of it the keystream alone.
struct work {
    v128_t keystream[BATCH], other[BATCH];
    uint32_t round_keys[AES_MAXNR - 3][16][8]; // as masks, from round 3 on
    sliced_byte varying[4];
    uint32_t masks[16][8];
    uint8_t bytes[16];
};

static inline __attribute__((always_inline)) void sub_byte(sliced_byte b)
{
    v128_t x0 = b[7], x1 = b[6], x2 = b[5], x3 = b[4], x4 = b[3], x5 = b[2], x6 = b[1], x7 = b[0];
    // Into GF(((2²)²)²).
    v128_t y14 = XOR(x3, x5), y13 = XOR(x0, x6), y9 = XOR(x0, x3), y8 = XOR(x0, x5), t0 = XOR(x1, x2);
    v128_t y1 = XOR(t0, x7), y4 = XOR(y1, x3), y12 = XOR(y13, y14), y2 = XOR(y1, x0), y5 = XOR(y1, x6), y3 = XOR(y5, y8);
    v128_t t1 = XOR(x4, y12), y15 = XOR(t1, x5), y20 = XOR(t1, x1), y6 = XOR(y15, x7), y10 = XOR(y15, t0), y11 = XOR(y20, y9);
    v128_t y7 = XOR(x7, y11), y17 = XOR(y10, y11), y19 = XOR(y10, y8), y16 = XOR(t0, y11), y21 = XOR(y13, y16), y18 = XOR(x0, y16);
    // The inverse.
    v128_t t2 = AND(y12, y15), t3 = AND(y3, y6), t4 = XOR(t3, t2), t5 = AND(y4, x7), t6 = XOR(t5, t2), t7 = AND(y13, y16);
    v128_t t8 = AND(y5, y1), t9 = XOR(t8, t7), t10 = AND(y2, y7), t11 = XOR(t10, t7), t12 = AND(y9, y11), t13 = AND(y14, y17);
    v128_t t14 = XOR(t13, t12), t15 = AND(y8, y10), t16 = XOR(t15, t12), t17 = XOR(t4, t14), t18 = XOR(t6, t16);
    v128_t t19 = XOR(t9, t14), t20 = XOR(t11, t16), t21 = XOR(t17, y20), t22 = XOR(t18, y19), t23 = XOR(t19, y21);
    v128_t t24 = XOR(t20, y18), t25 = XOR(t21, t22), t26 = AND(t21, t23), t27 = XOR(t24, t26), t28 = AND(t25, t27);
    v128_t t29 = XOR(t28, t22), t30 = XOR(t23, t24), t31 = XOR(t22, t26), t32 = AND(t31, t30), t33 = XOR(t32, t24);
    v128_t t34 = XOR(t23, t33), t35 = XOR(t27, t33), t36 = AND(t24, t35), t37 = XOR(t36, t34), t38 = XOR(t27, t36);
    v128_t t39 = AND(t29, t38), t40 = XOR(t25, t39), t41 = XOR(t40, t37), t42 = XOR(t29, t33), t43 = XOR(t29, t40);
    v128_t t44 = XOR(t33, t37), t45 = XOR(t42, t41);
    v128_t z0 = AND(t44, y15), z1 = AND(t37, y6), z2 = AND(t33, x7), z3 = AND(t43, y16), z4 = AND(t40, y1), z5 = AND(t29, y7);
    v128_t z6 = AND(t42, y11), z7 = AND(t45, y17), z8 = AND(t41, y10), z9 = AND(t44, y12), z10 = AND(t37, y3), z11 = AND(t33, y4);
    v128_t z12 = AND(t43, y13), z13 = AND(t40, y5), z14 = AND(t29, y2), z15 = AND(t42, y9), z16 = AND(t45, y14), z17 = AND(t41, y8);
    // Out again, and the affine map.
    v128_t t46 = XOR(z15, z16), t47 = XOR(z10, z11), t48 = XOR(z5, z13), t49 = XOR(z9, z10), t50 = XOR(z2, z12), t51 = XOR(z2, z5);
    v128_t t52 = XOR(z7, z8), t53 = XOR(z0, z3), t54 = XOR(z6, z7), t55 = XOR(z16, z17), t56 = XOR(z12, t48), t57 = XOR(t50, t53);
    v128_t t58 = XOR(z4, t46), t59 = XOR(z3, t54), t60 = XOR(t46, t57), t61 = XOR(z14, t57), t62 = XOR(t52, t58), t63 = XOR(t49, t58);
    v128_t t64 = XOR(z4, t59), t65 = XOR(t61, t62), t66 = XOR(z1, t63), t67 = XOR(t64, t65), s3 = XOR(t53, t66);
    b[7] = XOR(t59, t63);
    b[6] = XOR(t64, s3);
    b[5] = XOR(t55, t67);
    b[4] = s3;
    b[3] = XOR(t51, t66);
    b[2] = XOR(t47, t65);
    b[1] = XOR(t56, t62);
    b[0] = XOR(t48, t60);
}

static __attribute__((noinline)) void sub_bytes(sliced_byte *s, size_t n)
{
    NO_UNROLL for (size_t i = 0; i < n; i++)
        sub_byte(s[i]);
}

// The bits of `n` bytes, each as a mask of 32 bits.
static void spread(uint32_t (*masks)[8], const uint8_t *bytes, size_t n)
{
    const v128_t low = wasm_u32x4_const(1, 2, 4, 8), high = wasm_u32x4_const(16, 32, 64, 128);
    NO_UNROLL for (size_t i = 0; i < n; i++) {
        v128_t byte = wasm_i32x4_splat(bytes[i]);
        wasm_v128_store(masks[i], wasm_i32x4_eq(AND(byte, low), low));
        wasm_v128_store(masks[i] + 4, wasm_i32x4_eq(AND(byte, high), high));
    }
}

static inline v128_t mask(const uint32_t *at)
{
    return wasm_v128_load32_splat(at);
}

// ShiftRows, MixColumns and AddRoundKey from one state to another: a column from the four that ShiftRows brings there. Bit by bit:
// twice a pair of rows is the pair's bits one higher, and the bit that leaves comes in again at 0, 1, 3 and 4.
static __attribute__((noinline)) void linear_layer(sliced_byte *to, const sliced_byte *from, const uint32_t (*key)[8])
{
    NO_UNROLL for (size_t c = 0; c < 4; c++) {
        const v128_t *a0 = from[4 * c], *a1 = from[4 * ((c + 1) & 3) + 1];
        const v128_t *a2 = from[4 * ((c + 2) & 3) + 2], *a3 = from[4 * ((c + 3) & 3) + 3];
        v128_t high0 = XOR(a0[7], a1[7]), high1 = XOR(a1[7], a2[7]), high2 = XOR(a2[7], a3[7]), high3 = XOR(a3[7], a0[7]);
        v128_t low0 = high0, low1 = high1, low2 = high2, low3 = high3;
        sliced_byte *column = to + 4 * c;
        const uint32_t (*k)[8] = key + 4 * c;
#define BIT(j, FEEDBACK)                                                                         \
    {                                                                                            \
        v128_t b0 = a0[j], b1 = a1[j], b2 = a2[j], b3 = a3[j];                                   \
        v128_t p0 = XOR(b0, b1), p1 = XOR(b1, b2), p2 = XOR(b2, b3), p3 = XOR(b3, b0);           \
        column[0][j] = XOR(XOR(FEEDBACK(low0, high0), b1), XOR(p2, mask(&k[0][j])));             \
        column[1][j] = XOR(XOR(FEEDBACK(low1, high1), b2), XOR(p3, mask(&k[1][j])));             \
        column[2][j] = XOR(XOR(FEEDBACK(low2, high2), b3), XOR(p0, mask(&k[2][j])));             \
        column[3][j] = XOR(XOR(FEEDBACK(low3, high3), b0), XOR(p1, mask(&k[3][j])));             \
        low0 = p0, low1 = p1, low2 = p2, low3 = p3;                                              \
    }
#define WITHOUT(low, high) low
#define WITH(low, high) XOR(low, high)
        BIT(0, WITHOUT) BIT(1, WITH) BIT(2, WITHOUT) BIT(3, WITH) BIT(4, WITH) BIT(5, WITHOUT) BIT(6, WITHOUT) BIT(7, WITHOUT)
#undef BIT
#undef WITHOUT
#undef WITH
    }
}

// One varying byte through MixColumns, from row `row` of its column, the rest of which is in the masks.
static inline void mix_one(sliced_byte *column, const sliced_byte byte, size_t row, const uint32_t (*rest)[8])
{
    v128_t *one = column[(row + 1) & 3], *also_one = column[(row + 2) & 3], *three = column[(row + 3) & 3], *two = column[row];
    const uint32_t *rest1 = rest[(row + 1) & 3], *rest2 = rest[(row + 2) & 3], *rest3 = rest[(row + 3) & 3], *rest0 = rest[row];
    v128_t low = byte[7];
    for (int j = 0; j < 8; j++) {
        v128_t twice = j == 1 || j == 3 || j == 4 ? XOR(low, byte[7]) : low;
        one[j] = XOR(byte[j], mask(rest1 + j));
        also_one[j] = XOR(byte[j], mask(rest2 + j));
        two[j] = XOR(twice, mask(rest0 + j));
        three[j] = XOR(XOR(twice, byte[j]), mask(rest3 + j));
        low = byte[j];
    }
}

// The state after two rounds, for the 128 counters from `base` on.
static __attribute__((noinline)) void first_rounds(sliced_byte *s, struct work *work, v128_t base, const AES_KEY *key)
{
    uint8_t *bytes = work->bytes;
    uint32_t (*masks)[8] = work->masks;
    sliced_byte *varying = work->varying;
    v128_t x = XOR(base, lsw_aes_round_key(key, 0));
    const v128_t low[4] = { wasm_u16x8_const_splat(0xff00), wasm_u32x4_const_splat(0xffff0000),
        wasm_u64x2_const_splat(0xffffffff00000000), wasm_u64x2_const(0, ~0ull) };
    const v128_t high[3] = { wasm_u8x16_const_splat(0xaa), wasm_u8x16_const_splat(0xcc), wasm_u8x16_const_splat(0xf0) };
    wasm_v128_store(bytes, x);
    spread(masks, bytes + 15, 1);
    for (int j = 0; j < 8; j++)
        s[0][j] = j < 4 ? XOR(mask(masks[0] + j), low[j]) : j < 7 ? XOR(mask(masks[0] + j), high[j - 4]) : mask(masks[0] + j);
    sub_bytes(s, 1);

    x = XOR(lsw_aes_round(x, wasm_u32x4_const(0, 0, 0, 0xff000000)), lsw_aes_round_key(key, 1));
    wasm_v128_store(bytes, x);
    spread(masks, bytes, 4);
    mix_one(varying, s[0], 3, (const uint32_t(*)[8])masks);
    sub_bytes(varying, 4);

    x = XOR(lsw_aes_round(x, wasm_u32x4_const(~0u, 0, 0, 0)), lsw_aes_round_key(key, 2));
    wasm_v128_store(bytes, x);
    spread(masks, bytes, 16);
    NO_UNROLL for (size_t row = 0; row < 4; row++) {
        size_t column = 4 * (-row & 3);
        mix_one(s + column, varying[row], row, (const uint32_t(*)[8])masks + column);
    }
}

void lsw_transpose16(v128_t *to, const void *from)
{
    v128_t a[16], b[16];
    for (int i = 0; i < 16; i++)
        a[i] = wasm_v128_load((const v128_t *)from + i);
    // Four perfect shuffles of the 256 bytes turn rows into columns.
#define SHUFFLE(to, from)                                                                                                        \
    for (int i = 0; i < 8; i++) {                                                                                                \
        to[2 * i] = wasm_i8x16_shuffle(from[i], from[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);            \
        to[2 * i + 1] = wasm_i8x16_shuffle(from[i], from[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);  \
    }
    SHUFFLE(b, a)
    SHUFFLE(a, b)
    SHUFFLE(b, a)
    SHUFFLE(a, b)
#undef SHUFFLE
    for (int i = 0; i < 16; i++)
        to[i] = a[i];
}

// The last round's ShiftRows, and the eight bits of each byte of 16 blocks back together: t[k][i] is byte i of the blocks from 16·k on.
static __attribute__((noinline)) void join_bits(v128_t (*t)[16], const sliced_byte *s)
{
    NO_UNROLL for (size_t i = 0; i < 16; i++) {
        v128_t r[8];
        for (int j = 0; j < 8; j++)
            r[j] = s[(i + 4 * (i & 3)) & 15][j];
#define SWAP(a, b, shift, bits)                                                             \
    {                                                                                       \
        v128_t t = AND(XOR(wasm_u32x4_shr(a, shift), b), wasm_u8x16_const_splat(bits));     \
        b = XOR(b, t);                                                                      \
        a = XOR(a, wasm_i32x4_shl(t, shift));                                               \
    }
        for (int j = 0; j < 4; j++)
            SWAP(r[j], r[j + 4], 4, 0x0f)
        for (int j = 0; j < 8; j += 4) {
            SWAP(r[j], r[j + 2], 2, 0x33)
            SWAP(r[j + 1], r[j + 3], 2, 0x33)
        }
        for (int j = 0; j < 8; j += 2)
            SWAP(r[j], r[j + 1], 1, 0x55)
#undef SWAP
        for (int k = 0; k < 8; k++)
            t[k][i] = r[k];
    }
}

// The keystream of the 128 counters from `base` on.
static void batch(struct work *work, v128_t base, const AES_KEY *key)
{
    size_t rounds = (size_t)key->rounds;
    sliced_byte *a = (sliced_byte *)work->other, *b = (sliced_byte *)work->keystream;
    first_rounds(a, work, base, key);
    for (size_t round = 3; round < rounds; round++) {
        sub_bytes(a, 16);
        linear_layer(b, (const sliced_byte *)a, (const uint32_t(*)[8])work->round_keys[round - 3]);
        sliced_byte *swap = a;
        a = b;
        b = swap;
    }
    sub_bytes(a, 16);
    // Of 10, 12 and 14 rounds 7, 9 and 11 have swapped the two: the state is in `keystream`, and goes over to `other` and back.
    join_bits((v128_t(*)[16])work->other, (const sliced_byte *)a);
    v128_t last = lsw_aes_round_key(key, rounds);
    for (size_t i = 0; i < BATCH; i += 16)
        lsw_transpose16(work->keystream + i, work->other + i);
    for (size_t i = 0; i < BATCH; i++)
        work->keystream[i] = XOR(work->keystream[i], last);
}

void lsw_aes_ctr32(const unsigned char *in, unsigned char *out, size_t len, const AES_KEY *key, const unsigned char counter[16],
    unsigned char last[16])
{
    struct work work;
    size_t used = 0; // bytes of it
    v128_t base = wasm_v128_load(counter);
    // Loaded by itself, as it alone of the block decides about branches: looking at the .wasm the two can then be told apart.
    const unsigned char *end = counter + 12;
    uint32_t count;
    __asm__("" : "+r"(end));
    memcpy(&count, end, 4);
    count = __builtin_bswap32(count);
    while (len > 0) {
        const v128_t *from = work.keystream;
        size_t first = 0, blocks = (len + 15) / 16;
        if (blocks >= LSW_AES_BATCH_FROM) {
            first = count % BATCH;
            if (blocks > BATCH - first)
                blocks = BATCH - first;
        }
        if (blocks < LSW_AES_BATCH_FROM) {
            for (size_t i = 0; i < blocks; i++)
                work.keystream[i] = wasm_i32x4_replace_lane(base, 3, (int)__builtin_bswap32(count + (uint32_t)i));
            lsw_aes_encrypt_blocks(work.keystream, blocks, key);
            if (used < 16 * blocks)
                used = 16 * blocks;
        } else {
            if (used < sizeof(work))
                for (int round = 3; round < key->rounds; round++)
                    spread(work.round_keys[round - 3], (const uint8_t *)(key->rd_key + 4 * round), 16);
            used = sizeof(work);
            batch(&work, wasm_i32x4_replace_lane(base, 3, (int)__builtin_bswap32(count - (uint32_t)first)), key);
            from += first;
        }
        count += (uint32_t)blocks;
        for (; blocks > 0 && len >= 16; blocks--, len -= 16, in += 16, out += 16)
            wasm_v128_store(out, XOR(wasm_v128_load(in), *from++));
        if (blocks > 0) {
            wasm_v128_store(last, *from);
            NO_UNROLL for (; len > 0; len--)
                *out++ = *in++ ^ *last++;
        }
    }
    OPENSSL_cleanse(&work, used);
}
