// ChaCha20, Poly1305, and the two fused as the AEAD of RFC 8439 and of TLS (RFC 7905), by SIMD.
//
// ChaCha20 makes four blocks at once: vector i holds word i of each of them. Poly1305 multiplies 32-bit limbs in 64-bit integers,
// and where both are wanted, two of its blocks are absorbed beside each double round: the processor then does the one while it
// waits for the other, and authentication is almost free. What is decrypted is authenticated with its own rounds, what is
// encrypted with those of the next 256 bytes.
//
// It takes the place of OpenSSL's ChaCha20_ctr32 and Poly1305_*; chacha20_poly1305_evp.c takes that of the functions behind EVP's
// ChaCha20-Poly1305.
//
// Constant time: there is no table, and no branch or address that comes from keys or data: lengths, positions and counters alone
// decide. Additions, rotations and exclusive ors are single instructions; the multiplications are i64.mul of numbers below 2^34,
// one instruction of fixed time on the 64-bit processors that WebAssembly engines compile for. Tags are compared
// by CRYPTO_memcmp.
//
// Source: RFC 8439, its sections in the comments.
#include <wasm_simd128.h>
#include "chacha20_poly1305.h"

// --- Poly1305 (section 2.5)

// What is in POLY1305.opaque: the accumulator and the clamped key, in limbs of 32 bits.
typedef struct {
  uint64_t h[5];
  uint32_t r[4];
} State;
_Static_assert(sizeof(State) <= sizeof(((POLY1305 *)0)->opaque), "the state has its place in OpenSSL's context");

static State *state_of(POLY1305 *poly) { return (State *)poly->opaque; }

// h = (h + block + pad * 2^128) * r mod 2^130 - 5, not fully reduced. r[1] to r[3] are multiples of four, so r[i] * 2^128 is
// r[i] / 4 * 2^130, which is r[i] / 4 * 5: s[i]. h[0] is below 2^33.1, h[1] to h[3] below 2^32, h[4] below 4; no sum exceeds 2^63.5.
static inline __attribute__((always_inline)) void absorb(State *state, const uint8_t *block, uint64_t pad) {
  const uint64_t r0 = state->r[0], r1 = state->r[1], r2 = state->r[2], r3 = state->r[3];
  const uint64_t s1 = r1 + (r1 >> 2), s2 = r2 + (r2 >> 2), s3 = r3 + (r3 >> 2);
  const uint64_t h0 = state->h[0] + load32(block), h1 = state->h[1] + load32(block + 4), h2 = state->h[2] + load32(block + 8),
                 h3 = state->h[3] + load32(block + 12), h4 = state->h[4] + pad;
  const uint64_t d0 = h0 * r0 + h1 * s3 + h2 * s2 + h3 * s1;
  const uint64_t d1 = h0 * r1 + h1 * r0 + h2 * s3 + h3 * s2 + h4 * s1 + (d0 >> 32);
  const uint64_t d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s3 + h4 * s2 + (d1 >> 32);
  const uint64_t d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s3 + (d2 >> 32);
  const uint64_t d4 = h4 * r0 + (d3 >> 32);
  state->h[0] = (uint32_t)d0 + (d4 >> 2) * 5;
  state->h[1] = (uint32_t)d1;
  state->h[2] = (uint32_t)d2;
  state->h[3] = (uint32_t)d3;
  state->h[4] = d4 & 3;
}

static void absorb_all(POLY1305 *poly, const uint8_t *in, size_t blocks, uint64_t pad) {
  State state = *state_of(poly);
  for (; blocks > 0; blocks--, in += MAC_BLOCK) absorb(&state, in, pad);
  *state_of(poly) = state;
}

size_t Poly1305_ctx_size(void) { return sizeof(POLY1305); }

void Poly1305_Init(POLY1305 *poly, const unsigned char key[POLY1305_KEY_SIZE]) {
  State *state = state_of(poly);
  memset(state->h, 0, sizeof state->h);
  memcpy(state->r, key, sizeof state->r);
  state->r[0] &= 0x0fffffff;
  for (int i = 1; i < 4; i++) state->r[i] &= 0x0ffffffc;
  memcpy(poly->nonce, key + sizeof state->r, sizeof poly->nonce);
  poly->num = 0;
}

void Poly1305_Update(POLY1305 *poly, const unsigned char *in, size_t len) {
  if (poly->num > 0) {
    size_t part = MAC_BLOCK - poly->num;
    if (part > len) part = len;
    memcpy(poly->data + poly->num, in, part);
    poly->num += part, in += part, len -= part;
    if (poly->num < MAC_BLOCK) return;
    absorb_all(poly, poly->data, 1, 1);
  }
  absorb_all(poly, in, len / MAC_BLOCK, 1);
  poly->num = len % MAC_BLOCK;
  memcpy(poly->data, in + len - poly->num, poly->num);
}

void Poly1305_Final(POLY1305 *poly, unsigned char mac[POLY1305_DIGEST_SIZE]) {
  State *state = state_of(poly);
  if (poly->num > 0) {
    poly->data[poly->num] = 1;
    memset(poly->data + poly->num + 1, 0, MAC_BLOCK - poly->num - 1);
    absorb_all(poly, poly->data, 1, 0);
  }
  // Carries, twice, since the first leaves h[4] with up to three bits; then h - p if that is not negative: h + 5 has bit 130.
  uint64_t carry = 0, over = 5, mask;
  uint32_t h[4], g[4];
  for (int round = 0; round < 2; round++) {
    carry = (state->h[4] >> 2) * 5, state->h[4] &= 3;
    for (int i = 0; i < 4; i++) carry += state->h[i], state->h[i] = (uint32_t)carry, carry >>= 32;
    state->h[4] += carry;
  }
  for (int i = 0; i < 4; i++) h[i] = (uint32_t)state->h[i], over += h[i], g[i] = (uint32_t)over, over >>= 32;
  mask = 0 - ((over + state->h[4]) >> 2);
  carry = 0;
  for (int i = 0; i < 4; i++) {
    carry += ((g[i] & mask) | (h[i] & ~mask)) + (uint64_t)poly->nonce[i];
    h[i] = (uint32_t)carry, carry >>= 32;
  }
  memcpy(mac, h, POLY1305_DIGEST_SIZE);
  OPENSSL_cleanse(poly, sizeof *poly);
}

// --- ChaCha20 (sections 2.1 to 2.4)

#define ROTATE(x, n) wasm_v128_or(wasm_i32x4_shl(x, n), wasm_u32x4_shr(x, 32 - (n)))
#define ROTATE16(x) wasm_i8x16_shuffle(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define ROTATE8(x) wasm_i8x16_shuffle(x, x, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14)
#define QUARTER_ROUND(a, b, c, d) \
  a = wasm_i32x4_add(a, b), d = ROTATE16(wasm_v128_xor(d, a)), c = wasm_i32x4_add(c, d), b = ROTATE(wasm_v128_xor(b, c), 12), \
  a = wasm_i32x4_add(a, b), d = ROTATE8(wasm_v128_xor(d, a)), c = wasm_i32x4_add(c, d), b = ROTATE(wasm_v128_xor(b, c), 7)

// Words 4 * i to 4 * i + 3 of the four blocks are transposed from a to d, and go to 16 bytes of each block.
#define XOR_OUT(i, a, b, c, d) do { \
    const v128_t ab = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), cd = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5); \
    const v128_t AB = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7), CD = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7); \
    XOR_16(0 * BLOCK + 16 * (i), wasm_i64x2_shuffle(ab, cd, 0, 2)); \
    XOR_16(1 * BLOCK + 16 * (i), wasm_i64x2_shuffle(ab, cd, 1, 3)); \
    XOR_16(2 * BLOCK + 16 * (i), wasm_i64x2_shuffle(AB, CD, 0, 2)); \
    XOR_16(3 * BLOCK + 16 * (i), wasm_i64x2_shuffle(AB, CD, 1, 3)); \
  } while (0)
#define XOR_16(at, stream) wasm_v128_store(out + (at), wasm_v128_xor(wasm_v128_load(in + (at)), stream))

void lsw_chacha20_four_blocks(uint8_t *out, const uint8_t *in, const uint32_t key[8], const uint32_t counter[4], POLY1305 *poly,
                              const uint8_t *mac) {
#define KEY(i) wasm_v128_load32_splat(key + (i))
#define COUNTER(i) wasm_v128_load32_splat(counter + (i))
#define FIRST_COUNTERS wasm_i32x4_add(COUNTER(0), wasm_i32x4_const(0, 1, 2, 3))
#define C0 wasm_i32x4_const_splat(0x61707865)
#define C1 wasm_i32x4_const_splat(0x3320646e)
#define C2 wasm_i32x4_const_splat(0x79622d32)
#define C3 wasm_i32x4_const_splat(0x6b206574)
  v128_t x0 = C0, x1 = C1, x2 = C2, x3 = C3;
  v128_t x4 = KEY(0), x5 = KEY(1), x6 = KEY(2), x7 = KEY(3), x8 = KEY(4), x9 = KEY(5), x10 = KEY(6), x11 = KEY(7);
  v128_t x12 = FIRST_COUNTERS, x13 = COUNTER(1), x14 = COUNTER(2), x15 = COUNTER(3);
  State state;
  int macs = 0;
  if (mac != NULL) state = *state_of(poly), macs = FOUR / MAC_BLOCK / 2;
  for (int i = 0; i < 10; i++) {
    QUARTER_ROUND(x0, x4, x8, x12), QUARTER_ROUND(x1, x5, x9, x13), QUARTER_ROUND(x2, x6, x10, x14), QUARTER_ROUND(x3, x7, x11, x15);
    if (i < macs) absorb(&state, mac, 1), absorb(&state, mac + MAC_BLOCK, 1), mac += 2 * MAC_BLOCK;
    QUARTER_ROUND(x0, x5, x10, x15), QUARTER_ROUND(x1, x6, x11, x12), QUARTER_ROUND(x2, x7, x8, x13), QUARTER_ROUND(x3, x4, x9, x14);
  }
  if (mac != NULL) *state_of(poly) = state;
#define PLUS wasm_i32x4_add
  x0 = PLUS(x0, C0), x1 = PLUS(x1, C1), x2 = PLUS(x2, C2), x3 = PLUS(x3, C3);
  x4 = PLUS(x4, KEY(0)), x5 = PLUS(x5, KEY(1)), x6 = PLUS(x6, KEY(2)), x7 = PLUS(x7, KEY(3));
  x8 = PLUS(x8, KEY(4)), x9 = PLUS(x9, KEY(5)), x10 = PLUS(x10, KEY(6)), x11 = PLUS(x11, KEY(7));
  x12 = PLUS(x12, FIRST_COUNTERS), x13 = PLUS(x13, COUNTER(1)), x14 = PLUS(x14, COUNTER(2)), x15 = PLUS(x15, COUNTER(3));
  XOR_OUT(0, x0, x1, x2, x3);
  XOR_OUT(1, x4, x5, x6, x7);
  XOR_OUT(2, x8, x9, x10, x11);
  XOR_OUT(3, x12, x13, x14, x15);
}

// One block: vector a holds the first four words, and so on. A column round works on the vectors as they are, a diagonal round on
// b, c and d turned by one, two and three words.
static void one_block(uint8_t out[BLOCK], const uint8_t in[BLOCK], const uint32_t key[8], const uint32_t counter[4]) {
  const v128_t A = wasm_i32x4_const(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);
  const v128_t B = wasm_v128_load(key), C = wasm_v128_load(key + 4), D = wasm_v128_load(counter);
  v128_t a = A, b = B, c = C, d = D;
#define TURN(x, n) wasm_i32x4_shuffle(x, x, n, (n + 1) % 4, (n + 2) % 4, (n + 3) % 4)
  for (int i = 0; i < 10; i++) {
    QUARTER_ROUND(a, b, c, d);
    b = TURN(b, 1), c = TURN(c, 2), d = TURN(d, 3);
    QUARTER_ROUND(a, b, c, d);
    b = TURN(b, 3), c = TURN(c, 2), d = TURN(d, 1);
  }
  XOR_16(0, PLUS(a, A));
  XOR_16(16, PLUS(b, B));
  XOR_16(32, PLUS(c, C));
  XOR_16(48, PLUS(d, D));
}

void lsw_chacha20_stream(Stream *stream, size_t want, const uint32_t key[8], uint32_t counter[4], POLY1305 *poly, const uint8_t *mac) {
  stream->left = want > BLOCK ? FOUR : BLOCK;
  uint8_t *bytes = memset(stream->bytes + FOUR - stream->left, 0, stream->left);
  if (stream->left == FOUR) {
    lsw_chacha20_four_blocks(bytes, bytes, key, counter, poly, mac);
  } else {
    one_block(bytes, bytes, key, counter);
    if (mac != NULL) Poly1305_Update(poly, mac, FOUR);
  }
  counter[0] += stream->left / BLOCK;
}

void lsw_chacha20_xor(Stream *stream, uint8_t *out, const uint8_t *in, size_t len) {
  const uint8_t *bytes = stream->bytes + FOUR - stream->left;
  size_t i = 0;
  for (; i + 16 <= len; i += 16) wasm_v128_store(out + i, wasm_v128_xor(wasm_v128_load(in + i), wasm_v128_load(bytes + i)));
  for (; i < len; i++) out[i] = in[i] ^ bytes[i];
  stream->left -= len;
}

void ChaCha20_ctr32(unsigned char *out, const unsigned char *in, size_t len, const unsigned int key[8], const unsigned int counter[4]) {
  uint32_t at[4];
  memcpy(at, counter, sizeof at);
  for (; len >= FOUR; len -= FOUR, in += FOUR, out += FOUR, at[0] += 4) lsw_chacha20_four_blocks(out, in, key, at, NULL, NULL);
  if (len == BLOCK) {
    one_block(out, in, key, at);
  } else if (len > 0) {
    Stream rest;
    lsw_chacha20_stream(&rest, len, key, at, NULL, NULL);
    lsw_chacha20_xor(&rest, out, in, len);
    OPENSSL_cleanse(&rest, sizeof rest);
  }
}
