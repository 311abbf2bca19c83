// SHA-256 (and SHA-224), its message schedule by SIMD.
//
// Four words of the schedule are made at once, a step of it among every four rounds: the processor makes the one beside the other.
// Made before the rounds, or by itself, it gains nothing.
//
// It takes the place of OpenSSL's crypto/sha/sha256.c as a whole.
//
// Constant time: there is no branch or address that comes from the message. How much of it there is alone decides.
//
// Source: FIPS 180-4, its sections in the comments.
#include <string.h>
#include <wasm_simd128.h>
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include "crypto/sha.h"

enum { BLOCK = SHA256_CBLOCK, LENGTH_AT = BLOCK - 8 };

// 4.2.2
static const uint32_t constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// 6.2.2, step 3. `a` to `h` change places instead of values. Maj(a, b, c) is b ^ ((a ^ b) & (b ^ c)), and the next round's b ^ c is this
// one's a ^ b.
#define TURN(x, n) __builtin_rotateright32(x, n)
#define ROUND(a, b, c, d, e, f, g, h, word) do { \
    h += word; \
    h += g ^ (e & (f ^ g)); \
    h += TURN(e, 6) ^ TURN(e, 11) ^ TURN(e, 25); \
    d += h; \
    const uint32_t ab = a ^ b; \
    h += (TURN(a, 2) ^ TURN(a, 13) ^ TURN(a, 22)) + (b ^ (ab & bc)); \
    bc = ab; \
  } while (0)
#define FOUR_ROUNDS(a, b, c, d, e, f, g, h, words) \
  ROUND(a, b, c, d, e, f, g, h, (words)[0]); \
  ROUND(h, a, b, c, d, e, f, g, (words)[1]); \
  ROUND(g, h, a, b, c, d, e, f, (words)[2]); \
  ROUND(f, g, h, a, b, c, d, e, (words)[3])

#define PLUS wasm_i32x4_add
#define XOR3(x, y, z) wasm_v128_xor(wasm_v128_xor(x, y), z)
#define TURN_ALL(x, n) wasm_v128_or(wasm_u32x4_shr(x, n), wasm_i32x4_shl(x, 32 - (n)))
#define ZERO wasm_i32x4_const_splat(0)

// sigma1 of two words. Each is given twice side by side, so that a shift of 64 bits turns its 32; the results are lanes 0 and 2.
static inline v128_t sigma1(v128_t twice) {
  return XOR3(wasm_u64x2_shr(twice, 17), wasm_u64x2_shr(twice, 19), wasm_u32x4_shr(twice, 10));
}

// The four words that follow the sixteen of w0 to w3 (6.2.2, step 1). The last two of them need the first two.
static inline v128_t next_words(v128_t w0, v128_t w1, v128_t w2, v128_t w3) {
  const v128_t fifteen = wasm_i32x4_shuffle(w0, w1, 1, 2, 3, 4), seven = wasm_i32x4_shuffle(w2, w3, 1, 2, 3, 4);
  v128_t w = PLUS(PLUS(w0, seven), XOR3(TURN_ALL(fifteen, 7), TURN_ALL(fifteen, 18), wasm_u32x4_shr(fifteen, 3)));
  w = PLUS(w, wasm_i32x4_shuffle(sigma1(wasm_i32x4_shuffle(w3, w3, 2, 2, 3, 3)), ZERO, 0, 2, 4, 4));
  return PLUS(w, wasm_i32x4_shuffle(ZERO, sigma1(wasm_i32x4_shuffle(w, w, 0, 0, 1, 1)), 0, 0, 4, 6));
}

static void hash_blocks(SHA_LONG state[8], const uint8_t *in, size_t blocks) {
  uint32_t words[16]; // with the constants
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (; blocks > 0; blocks--, in += BLOCK) {
#define BIG_ENDIAN_WORDS(x) wasm_i8x16_shuffle(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)
#define LOAD(i) BIG_ENDIAN_WORDS(wasm_v128_load(in + 16 * (i)))
#define STORE(i, w, round) wasm_v128_store(words + 4 * (i), PLUS(w, wasm_v128_load(constants + (round) + 4 * (i))))
    v128_t w0 = LOAD(0), w1 = LOAD(1), w2 = LOAD(2), w3 = LOAD(3);
    STORE(0, w0, 0), STORE(1, w1, 0), STORE(2, w2, 0), STORE(3, w3, 0);
    uint32_t bc = b ^ c;
    for (int round = 16; round < 64; round += 16) {
      w0 = next_words(w0, w1, w2, w3);
      FOUR_ROUNDS(a, b, c, d, e, f, g, h, words);
      STORE(0, w0, round);
      w1 = next_words(w1, w2, w3, w0);
      FOUR_ROUNDS(e, f, g, h, a, b, c, d, words + 4);
      STORE(1, w1, round);
      w2 = next_words(w2, w3, w0, w1);
      FOUR_ROUNDS(a, b, c, d, e, f, g, h, words + 8);
      STORE(2, w2, round);
      w3 = next_words(w3, w0, w1, w2);
      FOUR_ROUNDS(e, f, g, h, a, b, c, d, words + 12);
      STORE(3, w3, round);
    }
    for (int i = 0; i < 16; i += 8) {
      FOUR_ROUNDS(a, b, c, d, e, f, g, h, words + i);
      FOUR_ROUNDS(e, f, g, h, a, b, c, d, words + i + 4);
    }
    a = state[0] += a, b = state[1] += b, c = state[2] += c, d = state[3] += d;
    e = state[4] += e, f = state[5] += f, g = state[6] += g, h = state[7] += h;
  }
}

// 5.3.2, 5.3.3
static int begin(SHA256_CTX *ctx, const SHA_LONG state[8], unsigned int length) {
  memset(ctx, 0, sizeof *ctx);
  memcpy(ctx->h, state, sizeof ctx->h);
  ctx->md_len = length;
  return 1;
}

static const SHA_LONG sha256_state[8] = {
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

int SHA256_Init(SHA256_CTX *ctx) { return begin(ctx, sha256_state, SHA256_DIGEST_LENGTH); }
int ossl_sha256_192_init(SHA256_CTX *ctx) { return begin(ctx, sha256_state, SHA256_192_DIGEST_LENGTH); }
int SHA224_Init(SHA256_CTX *ctx) {
  static const SHA_LONG state[8] = {
    0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4,
  };
  return begin(ctx, state, SHA224_DIGEST_LENGTH);
}

int SHA256_Update(SHA256_CTX *ctx, const void *data, size_t len) {
  const uint8_t *in = data;
  uint8_t *buffer = (uint8_t *)ctx->data;
  const uint64_t bits = ((uint64_t)ctx->Nh << 32 | ctx->Nl) + ((uint64_t)len << 3);
  ctx->Nl = (SHA_LONG)bits, ctx->Nh = (SHA_LONG)(bits >> 32);
  if (ctx->num > 0) {
    const size_t part = len < BLOCK - ctx->num ? len : BLOCK - ctx->num;
    memcpy(buffer + ctx->num, in, part);
    ctx->num += part, in += part, len -= part;
    if (ctx->num < BLOCK) return 1;
    hash_blocks(ctx->h, buffer, 1);
  }
  if (len >= BLOCK) hash_blocks(ctx->h, in, len / BLOCK);
  ctx->num = len % BLOCK;
  if (ctx->num > 0) memcpy(buffer, in + len - ctx->num, ctx->num);
  return 1;
}

int SHA224_Update(SHA256_CTX *ctx, const void *data, size_t len) { return SHA256_Update(ctx, data, len); }
int SHA256_Update_thunk(void *ctx, const unsigned char *data, size_t len);
int SHA256_Update_thunk(void *ctx, const unsigned char *data, size_t len) { return SHA256_Update(ctx, data, len); }

void SHA256_Transform(SHA256_CTX *ctx, const unsigned char *block) { hash_blocks(ctx->h, block, 1); }

// 5.1.1, 6.2.2 at its end
int SHA256_Final(unsigned char *digest, SHA256_CTX *ctx) {
  if (ctx->md_len > SHA256_DIGEST_LENGTH) return 0;
  uint8_t *buffer = (uint8_t *)ctx->data;
  buffer[ctx->num++] = 0x80;
  memset(buffer + ctx->num, 0, BLOCK - ctx->num);
  if (ctx->num > LENGTH_AT) {
    hash_blocks(ctx->h, buffer, 1);
    memset(buffer, 0, LENGTH_AT);
  }
  const uint32_t length[2] = {__builtin_bswap32(ctx->Nh), __builtin_bswap32(ctx->Nl)};
  memcpy(buffer + LENGTH_AT, length, sizeof length);
  hash_blocks(ctx->h, buffer, 1);
  ctx->num = 0;
  OPENSSL_cleanse(buffer, BLOCK);
  for (unsigned int i = 0; i < ctx->md_len / 4; i++) {
    const uint32_t word = __builtin_bswap32(ctx->h[i]);
    memcpy(digest + 4 * i, &word, sizeof word);
  }
  return 1;
}

int SHA224_Final(unsigned char *digest, SHA256_CTX *ctx) { return SHA256_Final(digest, ctx); }
