// What the AES kernels share. Internal to this directory; the cipher's public names are OpenSSL's own.
#ifndef LSW_KERNEL_AES_H
#define LSW_KERNEL_AES_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/aes.h>
#include <stddef.h>
#include <stdint.h>
#include <wasm_simd128.h>

// An AES_KEY of ours holds the round keys in the order of FIPS 197, for both directions. From round 1 on each byte has 0x63 added:
// the constant of the S-box, which the kernels leave out (MixColumns maps it to itself).
static inline v128_t lsw_aes_round_key(const AES_KEY *key, size_t round)
{
    return wasm_v128_load(key->rd_key + 4 * round);
}

// `n` independent blocks in place, encrypted or decrypted side by side.
void lsw_aes_encrypt_blocks(v128_t *blocks, size_t n, const AES_KEY *key);
void lsw_aes_decrypt_blocks(v128_t *blocks, size_t n, const AES_KEY *key);

// One round without its key: SubBytes less the 0x63, the bytes in `drop` set to zero, ShiftRows, MixColumns.
v128_t lsw_aes_round(v128_t state, v128_t drop);

// CTR with a 32-bit big-endian counter at the end of `counter`. When `len` is not a multiple of 16, the whole keystream of the last
// block is written to `last`. Where the counter is secret, `len` must be less than this number of blocks: from it on, the counter
// decides how the blocks are grouped.
enum { LSW_AES_BATCH_FROM = 56 };
void lsw_aes_ctr32(const unsigned char *in, unsigned char *out, size_t len, const AES_KEY *key, const unsigned char counter[16],
    unsigned char last[16]);

// 16 × 16 bytes, at any address: byte i of `to`[j] is byte j of the 16 bytes at `from` + 16·i. They may be the same.
void lsw_transpose16(v128_t *to, const void *from);

// y = y·h ^ block, for each block of 16 bytes at `in`, the last one filled up with zeros; h16 is h to the power of 16.
void lsw_ghash(v128_t *y, v128_t h, v128_t h16, const unsigned char *in, size_t len);
// The power of 16.
v128_t lsw_ghash_power16(v128_t h);

#endif
