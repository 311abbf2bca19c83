// What the two files of this kernel share: see chacha20_poly1305.c.
#include <string.h>
#include "cipher_chacha20_poly1305.h"

enum { BLOCK = CHACHA_BLK_SIZE, FOUR = 4 * BLOCK, MAC_BLOCK = POLY1305_BLOCK_SIZE };

// Key stream that is not used yet: the last `left` of these bytes.
typedef struct {
  uint8_t bytes[FOUR];
  size_t left;
} Stream;

static inline uint32_t load32(const uint8_t *from) {
  uint32_t word;
  memcpy(&word, from, sizeof word);
  return word;
}

// Encrypt or decrypt 256 bytes, in place or not, while Poly1305 absorbs the 256 at `mac`, if it is not null; `mac` may be `in`.
void lsw_chacha20_four_blocks(uint8_t *out, const uint8_t *in, const uint32_t key[8], const uint32_t counter[4], POLY1305 *poly,
                              const uint8_t *mac);

// Fill an empty stream with one block if `want` is no more, else with four, and count on; `mac` as above.
void lsw_chacha20_stream(Stream *stream, size_t want, const uint32_t key[8], uint32_t counter[4], POLY1305 *poly, const uint8_t *mac);

// Use `len` bytes of the stream, which has them.
void lsw_chacha20_xor(Stream *stream, uint8_t *out, const uint8_t *in, size_t len);
