// The AEAD of RFC 8439 (section 2.8) and of TLS (RFC 7905) as OpenSSL's provider wants it: what EVP's ChaCha20-Poly1305 calls. All of
// cipher_chacha20_poly1305_hw.c is replaced: it encrypts and authenticates by separate calls, which cannot be fused.
//
// Constant time: lengths alone decide; see chacha20_poly1305.c.
#include "chacha20_poly1305.h"

typedef PROV_CHACHA20_POLY1305_CTX Aead;

// Between calls less than a block of key stream is left over, in chacha.buf; how much is in chacha.partial_len.
static void keep(Aead *ctx, Stream *stream) {
  PROV_CHACHA20_CTX *chacha = &ctx->chacha;
  chacha->counter[0] -= stream->left / BLOCK;
  chacha->partial_len = stream->left % BLOCK;
  memcpy(chacha->buf + BLOCK - chacha->partial_len, stream->bytes + FOUR - stream->left, chacha->partial_len);
  OPENSSL_cleanse(stream, sizeof *stream);
}

// Make the one-time key of Poly1305 (section 2.6), and key stream for `len` bytes of text with it if it comes at once.
static void begin(Aead *ctx, Stream *stream, size_t len) {
  ctx->chacha.counter[0] = 0;
  lsw_chacha20_stream(stream, BLOCK + len, ctx->chacha.key.d, ctx->chacha.counter, NULL, NULL);
  Poly1305_Init(&ctx->poly1305, stream->bytes + FOUR - stream->left);
  stream->left -= BLOCK;
  ctx->len.aad = ctx->len.text = 0;
  ctx->mac_inited = 1;
}

// Zeros up to a whole block of Poly1305.
static void pad(POLY1305 *poly) {
  static const uint8_t zeros[MAC_BLOCK];
  if (poly->num > 0) Poly1305_Update(poly, zeros, MAC_BLOCK - poly->num);
}

static void from_stream(Aead *ctx, Stream *stream, uint8_t *out, const uint8_t *in, size_t len) {
  if (!ctx->base.enc) Poly1305_Update(&ctx->poly1305, in, len);
  lsw_chacha20_xor(stream, out, in, len);
  if (ctx->base.enc) Poly1305_Update(&ctx->poly1305, out, len);
}

static void text(Aead *ctx, Stream *stream, uint8_t *out, const uint8_t *in, size_t len) {
  const uint32_t *key = ctx->chacha.key.d;
  uint32_t *counter = ctx->chacha.counter;
  POLY1305 *poly = &ctx->poly1305;
  ctx->len.text += len;
  const size_t begun = len < stream->left ? len : stream->left;
  from_stream(ctx, stream, out, in, begun);
  in += begun, out += begun, len -= begun;
  // From here on Poly1305 is at a border of its blocks, as ChaCha20 is.
  const uint8_t *unhashed = NULL;
  for (; len >= FOUR; len -= FOUR, in += FOUR, out += FOUR, counter[0] += 4) {
    lsw_chacha20_four_blocks(out, in, key, counter, poly, ctx->base.enc ? unhashed : in);
    if (ctx->base.enc) unhashed = out;
  }
  if (len > 0) {
    lsw_chacha20_stream(stream, len, key, counter, poly, unhashed);
    from_stream(ctx, stream, out, in, len);
  } else if (unhashed != NULL) {
    Poly1305_Update(poly, unhashed, FOUR);
  }
}

// Write the tag, or compare with the one that is expected.
static int finish(Aead *ctx, uint8_t *tag, const uint8_t *expected, size_t len) {
  uint8_t computed[MAC_BLOCK];
  pad(&ctx->poly1305);
  Poly1305_Update(&ctx->poly1305, (const uint8_t *)&ctx->len, sizeof ctx->len);
  Poly1305_Final(&ctx->poly1305, computed);
  ctx->mac_inited = 0;
  if (!ctx->base.enc) return CRYPTO_memcmp(computed, expected, len) == 0;
  memcpy(ctx->tag, computed, MAC_BLOCK);
  if (tag != NULL) memcpy(tag, computed, MAC_BLOCK);
  return 1;
}

// As EVP_CipherUpdate and EVP_CipherFinal want it: additional data if `out` is null, the end if `in` is null; and after
// EVP_CTRL_AEAD_TLS1_AAD one whole record, its tag behind the text.
static int aead_cipher(PROV_CIPHER_CTX *base, unsigned char *out, size_t *outl, const unsigned char *in, size_t inl) {
  Aead *ctx = (Aead *)base;
  Stream stream;
  size_t len = inl;
  int ok = 1;
  const int tls = ctx->tls_payload_length != NO_TLS_PAYLOAD_LENGTH, record = tls && in != NULL && out != NULL;
  *outl = 0;
  if (record) {
    if (inl != ctx->tls_payload_length + MAC_BLOCK) return 0;
    len = ctx->tls_payload_length;
    ctx->tls_payload_length = NO_TLS_PAYLOAD_LENGTH;
  }
  if (ctx->mac_inited) {
    stream.left = ctx->chacha.partial_len;
    memcpy(stream.bytes + FOUR - BLOCK, ctx->chacha.buf, BLOCK);
  } else {
    begin(ctx, &stream, in != NULL && out != NULL ? len : 0);
    if (tls) {
      Poly1305_Update(&ctx->poly1305, ctx->tls_aad, EVP_AEAD_TLS1_AAD_LEN);
      ctx->len.aad = EVP_AEAD_TLS1_AAD_LEN;
    }
  }
  if (in != NULL && out == NULL) {
    ok = ctx->len.text == 0;
    if (ok) Poly1305_Update(&ctx->poly1305, in, inl), ctx->len.aad += inl;
  } else if (in != NULL) {
    if (ctx->len.text == 0) pad(&ctx->poly1305);
    text(ctx, &stream, out, in, len);
  }
  keep(ctx, &stream);
  if (record) {
    ok = finish(ctx, out + len, in + len, MAC_BLOCK);
    if (!ok) memset(out, 0, len);
    else if (!base->enc) inl = len;
  } else if (in == NULL) {
    ok = finish(ctx, NULL, ctx->tag, ctx->tag_len);
  }
  if (ok) *outl = inl;
  return ok;
}

static void restart(Aead *ctx) {
  ctx->len.aad = ctx->len.text = 0;
  ctx->mac_inited = 0;
  ctx->tls_payload_length = NO_TLS_PAYLOAD_LENGTH;
}

static int init_key(PROV_CIPHER_CTX *base, const unsigned char *key, size_t len) {
  Aead *ctx = (Aead *)base;
  restart(ctx);
  memcpy(ctx->chacha.key.d, key, len);
  return 1;
}

static void set_nonce(Aead *ctx, const uint8_t nonce[CHACHA20_POLY1305_IVLEN]) {
  memcpy(ctx->nonce, nonce, sizeof ctx->nonce);
  memcpy(ctx->chacha.counter + 1, nonce, sizeof ctx->nonce);
}

static int init_iv(PROV_CIPHER_CTX *base) {
  Aead *ctx = (Aead *)base;
  restart(ctx);
  set_nonce(ctx, base->oiv);
  base->iv_set = 1;
  return 1;
}

static int tls_iv_set_fixed(PROV_CIPHER_CTX *base, unsigned char *fixed, size_t len) {
  if (len != CHACHA20_POLY1305_IVLEN) return 0;
  set_nonce((Aead *)base, fixed);
  return 1;
}

// Take a record's additional data: sequence number, type, version, length, which counts the tag if it is to be opened. The sequence
// number becomes the nonce (RFC 7905, section 2). Returns how many bytes the record grows by.
static int tls_init(PROV_CIPHER_CTX *base, unsigned char *aad, size_t len) {
  Aead *ctx = (Aead *)base;
  if (len != EVP_AEAD_TLS1_AAD_LEN) return 0;
  size_t payload = (size_t)aad[len - 2] << 8 | aad[len - 1];
  if (!base->enc) {
    if (payload < MAC_BLOCK) return 0;
    payload -= MAC_BLOCK;
  }
  memcpy(ctx->tls_aad, aad, len);
  ctx->tls_aad[len - 2] = (uint8_t)(payload >> 8);
  ctx->tls_aad[len - 1] = (uint8_t)payload;
  ctx->tls_payload_length = payload;
  ctx->chacha.counter[1] = ctx->nonce[0];
  ctx->chacha.counter[2] = ctx->nonce[1] ^ load32(aad);
  ctx->chacha.counter[3] = ctx->nonce[2] ^ load32(aad + 4);
  ctx->mac_inited = 0;
  return MAC_BLOCK;
}

static const PROV_CIPHER_HW_CHACHA20_POLY1305 hw = {{init_key, NULL, NULL}, aead_cipher, init_iv, tls_init, tls_iv_set_fixed};

const PROV_CIPHER_HW *ossl_prov_cipher_hw_chacha20_poly1305(size_t keybits) {
  (void)keybits;
  return (const PROV_CIPHER_HW *)&hw;
}
