// AES: key schedule, and blocks one at a time or several side by side. Takes the place of OpenSSL's aes_core.c and its T-tables.
//
// The S-box is computed by vector permutation. A byte is written as i + j·r over GF(16), where r² + a·r + 1 = 0; its norm is
// n = i² + a·i·j + j², and the inverse has, in a suitable basis, the coordinates ((1+a)·i + j)/n and ((1+a)·j + i)/n. With k = i + j
// their reciprocals are 1/(1/i + a/k) + j and 1/(1/j + a/k) + i: nothing but sums and tables of 16 bytes, of which the last hold the
// reciprocal, the basis and the affine map as well. The reciprocal of 0 is 0x80: a swizzle takes every index from 16 on to 0.
//
// Constant time: every table is a whole vector, and i8x16.swizzle selects from it inside a register. No address and no branch
// depends on anything but the key's length and the number of blocks.
//
// Sources: FIPS 197; M. Hamburg, Accelerating AES with Vector Permute Instructions (CHES 2009), for the formula of the inverse.
// The tables follow from r = 0x08, a = 0xe0 and the powers 0 to 3 of 0x0d as basis of GF(16).
#include "aes.h"

// The tables of a direction, and a mask. They are read through a pointer that the compiler cannot see through: constants in the code
// would be built anew for each block by V8.
struct tables {
    uint8_t nibble[16];                 // the mask of a low nibble
    uint8_t reciprocal[16], a_over[16]; // in GF(16)
    uint8_t in_low[16], in_high[16];    // byte → i << 4 | k, by low and high nibble
    uint8_t out_i[16], out_j[16];       // reciprocals of the coordinates → byte
};

#define COMMON \
    { 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15 }, \
        { 0x80, 0x01, 0x0c, 0x08, 0x06, 0x0f, 0x04, 0x0e, 0x03, 0x0d, 0x0b, 0x0a, 0x02, 0x09, 0x07, 0x05 }, \
        { 0x80, 0x0d, 0x0a, 0x0c, 0x05, 0x04, 0x06, 0x09, 0x0e, 0x07, 0x02, 0x0f, 0x03, 0x01, 0x08, 0x0b }

// The S-box without its constant: the affine map comes last.
static const struct tables forward = {
    COMMON,
    { 0x00, 0x11, 0xbf, 0xae, 0x32, 0x23, 0x8d, 0x9c, 0x01, 0x10, 0xbe, 0xaf, 0x33, 0x22, 0x8c, 0x9d },
    { 0x00, 0x49, 0x1f, 0x56, 0x1c, 0x55, 0x03, 0x4a, 0xde, 0x97, 0xc1, 0x88, 0xc2, 0x8b, 0xdd, 0x94 },
    { 0x00, 0xd3, 0xae, 0x73, 0x34, 0x94, 0xdd, 0x47, 0x3a, 0x7d, 0x49, 0x9a, 0xe9, 0xa0, 0xe7, 0x0e },
    { 0x00, 0xb1, 0x80, 0x40, 0x88, 0x79, 0xc0, 0xc8, 0xf9, 0x31, 0xb9, 0x08, 0x48, 0xf1, 0x39, 0x71 },
};

// The inverse S-box, for bytes that have had 0x63 added: the affine map is undone first.
static const struct tables backward = {
    COMMON,
    { 0x00, 0xa2, 0xa5, 0x07, 0x0f, 0xad, 0xaa, 0x08, 0xea, 0x48, 0x4f, 0xed, 0xe5, 0x47, 0x40, 0xe2 },
    { 0x00, 0xf3, 0x0c, 0xff, 0x28, 0xdb, 0x24, 0xd7, 0x3c, 0xcf, 0x30, 0xc3, 0x14, 0xe7, 0x18, 0xeb },
    { 0x00, 0xcd, 0x83, 0xa1, 0xc4, 0xa8, 0x22, 0x65, 0x2b, 0x4e, 0x8a, 0x47, 0xe6, 0x6c, 0x09, 0xef },
    { 0x00, 0x82, 0x25, 0x92, 0x77, 0x67, 0xb7, 0xe5, 0x42, 0xa7, 0xd0, 0x52, 0xc0, 0x10, 0xf5, 0x35 },
};

static inline const struct tables *from_memory(const struct tables *t)
{
    __asm__("" : "+r"(t));
    return t;
}

static inline v128_t look_up(const uint8_t table[16], v128_t index)
{
    return wasm_i8x16_swizzle(wasm_v128_load(table), index);
}

static inline v128_t sub_bytes(v128_t x, const struct tables *t)
{
    v128_t nibble = wasm_v128_load(t->nibble);
    v128_t low = wasm_v128_and(x, nibble), high = wasm_v128_and(wasm_u16x8_shr(x, 4), nibble);
    v128_t ik = wasm_v128_xor(look_up(t->in_low, low), look_up(t->in_high, high));
    v128_t i = wasm_v128_and(wasm_u16x8_shr(ik, 4), nibble), k = wasm_v128_and(ik, nibble), j = wasm_v128_xor(i, k);
    v128_t a_over_k = look_up(t->a_over, k);
    v128_t ri = look_up(t->reciprocal, wasm_v128_xor(look_up(t->reciprocal, i), a_over_k));
    v128_t rj = look_up(t->reciprocal, wasm_v128_xor(look_up(t->reciprocal, j), a_over_k));
    return wasm_v128_xor(look_up(t->out_i, wasm_v128_xor(ri, j)), look_up(t->out_j, wasm_v128_xor(rj, i)));
}

static inline v128_t shift_rows(v128_t x)
{
    return wasm_i8x16_swizzle(x, wasm_u8x16_const(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));
}

static inline v128_t inv_shift_rows(v128_t x)
{
    return wasm_i8x16_swizzle(x, wasm_u8x16_const(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));
}

// Twice each byte in GF(256).
static inline v128_t twice(v128_t x)
{
    v128_t carry = wasm_v128_and(wasm_i8x16_lt(x, wasm_i8x16_splat(0)), wasm_i8x16_splat(0x1b));
    return wasm_v128_xor(wasm_i8x16_add(x, x), carry);
}

// Each column's bytes one and two rows up.
static inline v128_t up1(v128_t x)
{
    return wasm_v128_or(wasm_u32x4_shr(x, 8), wasm_i32x4_shl(x, 24));
}

static inline v128_t up2(v128_t x)
{
    return wasm_i16x8_shuffle(x, x, 1, 0, 3, 2, 5, 4, 7, 6);
}

static inline v128_t mix_columns(v128_t x)
{
    v128_t next = up1(x), pair = wasm_v128_xor(x, next);
    return wasm_v128_xor(wasm_v128_xor(twice(pair), next), up2(pair));
}

static inline v128_t inv_mix_columns(v128_t x)
{
    return mix_columns(wasm_v128_xor(x, twice(twice(wasm_v128_xor(x, up2(x))))));
}

static inline v128_t last_encrypt_round(v128_t x, const struct tables *t)
{
    return shift_rows(sub_bytes(x, t));
}

static inline v128_t encrypt_round(v128_t x, const struct tables *t)
{
    return mix_columns(last_encrypt_round(x, t));
}

static inline v128_t last_decrypt_round(v128_t x, const struct tables *t)
{
    return sub_bytes(inv_shift_rows(x), t);
}

v128_t lsw_aes_round(v128_t state, v128_t drop)
{
    return mix_columns(shift_rows(wasm_v128_andnot(sub_bytes(state, from_memory(&forward)), drop)));
}

// SubWord.
static uint32_t sub_word(uint32_t word)
{
    return (uint32_t)wasm_i32x4_extract_lane(sub_bytes(wasm_i32x4_splat((int)word), from_memory(&forward)), 0) ^ 0x63636363;
}

__attribute__((noinline)) int AES_set_encrypt_key(const unsigned char *user_key, int bits, AES_KEY *key)
{
    if (user_key == NULL || key == NULL)
        return -1;
    if (bits != 128 && bits != 192 && bits != 256)
        return -2;
    uint32_t *w = key->rd_key, rcon = 1;
    int words = bits / 32, all = 4 * (words + 7);
    key->rounds = words + 6;
    for (int i = 0; i < words; i++)
        w[i] = (uint32_t)wasm_i32x4_extract_lane(wasm_v128_load32_zero(user_key + 4 * i), 0);
    for (int i = words, n = 0; i < all; i++, n = n + 1 == words ? 0 : n + 1) {
        uint32_t word = w[i - 1];
        if (n == 0) {
            word = sub_word(word >> 8 | word << 24) ^ rcon;
            rcon = rcon << 1 ^ (rcon >> 7) * 0x11b;
        } else if (n == 4 && words == 8) {
            word = sub_word(word);
        }
        w[i] = w[i - words] ^ word;
    }
    for (int i = 4; i < all; i++)
        w[i] ^= 0x63636363;
    return 0;
}

int AES_set_decrypt_key(const unsigned char *user_key, int bits, AES_KEY *key)
{
    return AES_set_encrypt_key(user_key, bits, key);
}

void AES_encrypt(const unsigned char *in, unsigned char *out, const AES_KEY *key)
{
    const struct tables *t = from_memory(&forward);
    v128_t x = wasm_v128_xor(wasm_v128_load(in), lsw_aes_round_key(key, 0));
    size_t rounds = (size_t)key->rounds;
    for (size_t round = 1; round < rounds; round++)
        x = wasm_v128_xor(encrypt_round(x, t), lsw_aes_round_key(key, round));
    wasm_v128_store(out, wasm_v128_xor(last_encrypt_round(x, t), lsw_aes_round_key(key, rounds)));
}

void AES_decrypt(const unsigned char *in, unsigned char *out, const AES_KEY *key)
{
    const struct tables *t = from_memory(&backward);
    size_t rounds = (size_t)key->rounds;
    v128_t x = wasm_v128_xor(wasm_v128_load(in), lsw_aes_round_key(key, rounds));
    for (size_t round = rounds - 1; round > 0; round--)
        x = inv_mix_columns(wasm_v128_xor(last_decrypt_round(x, t), lsw_aes_round_key(key, round)));
    wasm_v128_store(out, wasm_v128_xor(last_decrypt_round(x, t), lsw_aes_round_key(key, 0)));
}

// Round by round through all blocks, so that the processor works at several of them at once.
void lsw_aes_encrypt_blocks(v128_t *blocks, size_t n, const AES_KEY *key)
{
    const struct tables *t = from_memory(&forward);
    size_t rounds = (size_t)key->rounds;
    v128_t k = lsw_aes_round_key(key, 0);
    for (size_t b = 0; b < n; b++)
        blocks[b] = wasm_v128_xor(blocks[b], k);
    for (size_t round = 1; round < rounds; round++) {
        k = lsw_aes_round_key(key, round);
        for (size_t b = 0; b < n; b++)
            blocks[b] = wasm_v128_xor(encrypt_round(blocks[b], t), k);
    }
    k = lsw_aes_round_key(key, rounds);
    for (size_t b = 0; b < n; b++)
        blocks[b] = wasm_v128_xor(last_encrypt_round(blocks[b], t), k);
}

void lsw_aes_decrypt_blocks(v128_t *blocks, size_t n, const AES_KEY *key)
{
    const struct tables *t = from_memory(&backward);
    size_t rounds = (size_t)key->rounds;
    v128_t k = lsw_aes_round_key(key, rounds);
    for (size_t b = 0; b < n; b++)
        blocks[b] = wasm_v128_xor(blocks[b], k);
    for (size_t round = rounds - 1; round > 0; round--) {
        k = lsw_aes_round_key(key, round);
        for (size_t b = 0; b < n; b++)
            blocks[b] = inv_mix_columns(wasm_v128_xor(last_decrypt_round(blocks[b], t), k));
    }
    k = lsw_aes_round_key(key, 0);
    for (size_t b = 0; b < n; b++)
        blocks[b] = wasm_v128_xor(last_decrypt_round(blocks[b], t), k);
}
