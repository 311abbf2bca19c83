// AES-GCM on top of aes-ctr.c and ghash.c. Takes the place of OpenSSL's cipher_aes_gcm_hw.c; gcm128.c and its tables then are
// not linked. Contexts are OpenSSL's own: they are made, copied and cleansed by cipher_aes_gcm.c. Of GCM128_CONTEXT are used
//
//   Yi    the next counter block            EKi   keystream of a block that was begun, from byte mres on (mres 0: none)
//   EK0   what the tag is encrypted with    Xi    the hash; its last block is not multiplied by H yet
//   len   bytes of AAD and of message       ares  how many bytes of that block have been added: 0 (none yet) to 16
//   H, and in Htable its power of 16
//
// Constant time: only lengths decide about branches, and in aes-ctr.c a counter that is the IV's. The tag is compared by CRYPTO_memcmp.
//
// Source: SP 800-38D §7.
#include "aes.h"
#include "cipher_aes_gcm.h"
#include <string.h>

#define AAD_LIMIT ((uint64_t)1 << 61)
#define MESSAGE_LIMIT (((uint64_t)1 << 36) - 32)

static v128_t lengths(uint64_t aad_bytes, uint64_t bytes)
{
    return wasm_u64x2_make(__builtin_bswap64(aad_bytes * 8), __builtin_bswap64(bytes * 8));
}

static void hash_blocks(GCM128_CONTEXT *gcm, const unsigned char *in, size_t len)
{
    v128_t y = wasm_v128_load(gcm->Xi.c);
    lsw_ghash(&y, wasm_v128_load(gcm->H.c), wasm_v128_load(gcm->Htable), in, len);
    wasm_v128_store(gcm->Xi.c, y);
}

static void hash(GCM128_CONTEXT *gcm, const unsigned char *in, size_t len)
{
    for (; gcm->ares % 16 != 0 && len > 0; len--)
        gcm->Xi.c[gcm->ares++] ^= *in++;
    if (len == 0)
        return;
    hash_blocks(gcm, in, len);
    gcm->ares = (unsigned int)((len - 1) % 16 + 1);
}

// Ends AAD, IV or message: what follows is a block of its own.
static void hash_pad(GCM128_CONTEXT *gcm)
{
    if (gcm->ares > 0)
        gcm->ares = 16;
}

// The last block, and the multiplication that is still owed.
static void hash_end(GCM128_CONTEXT *gcm, v128_t last)
{
    v128_t two[2] = { last, wasm_i8x16_splat(0) };
    hash_blocks(gcm, (const unsigned char *)two, sizeof(two));
}

static int gcm_setkey(PROV_GCM_CTX *ctx, const unsigned char *key, size_t keylen)
{
    GCM128_CONTEXT *gcm = &ctx->gcm;
    AES_KEY *ks = &((PROV_AES_GCM_CTX *)ctx)->ks.ks;
    memset(gcm, 0, sizeof(*gcm));
    AES_set_encrypt_key(key, (int)(keylen * 8), ks);
    gcm->key = ks;
    AES_encrypt(gcm->H.c, gcm->H.c, ks);
    wasm_v128_store(gcm->Htable, lsw_ghash_power16(wasm_v128_load(gcm->H.c)));
    ctx->key_set = 1;
    return 1;
}

static void next_counter(GCM128_CONTEXT *gcm, uint32_t blocks)
{
    gcm->Yi.d[3] = __builtin_bswap32(__builtin_bswap32(gcm->Yi.d[3]) + blocks);
}

static int gcm_setiv(PROV_GCM_CTX *ctx, const unsigned char *iv, size_t ivlen)
{
    GCM128_CONTEXT *gcm = &ctx->gcm;
    gcm->len.u[0] = gcm->len.u[1] = gcm->Xi.u[0] = gcm->Xi.u[1] = 0;
    gcm->ares = gcm->mres = 0;
    if (ivlen == GCM_IV_DEFAULT_SIZE) {
        memcpy(gcm->Yi.c, iv, GCM_IV_DEFAULT_SIZE);
        gcm->Yi.d[3] = __builtin_bswap32(1);
    } else {
        hash(gcm, iv, ivlen);
        hash_pad(gcm);
        hash_end(gcm, lengths(0, ivlen));
        gcm->Yi = gcm->Xi;
        gcm->Xi.u[0] = gcm->Xi.u[1] = 0;
        gcm->ares = 0;
    }
    AES_encrypt(gcm->Yi.c, gcm->EK0.c, gcm->key);
    next_counter(gcm, 1);
    return 1;
}

static int gcm_aadupdate(PROV_GCM_CTX *ctx, const unsigned char *aad, size_t len)
{
    GCM128_CONTEXT *gcm = &ctx->gcm;
    if (gcm->len.u[1] > 0 || gcm->len.u[0] + len > AAD_LIMIT)
        return 0;
    gcm->len.u[0] += len;
    hash(gcm, aad, len);
    return 1;
}

static void gcm_crypt(PROV_GCM_CTX *ctx, const unsigned char *in, unsigned char *out, size_t len)
{
    GCM128_CONTEXT *gcm = &ctx->gcm;
    for (; gcm->mres > 0 && len > 0; len--) {
        *out++ = *in++ ^ gcm->EKi.c[gcm->mres];
        gcm->mres = (gcm->mres + 1) % 16;
    }
    // The counter is the IV's, or a hash of it by the secret H.
    size_t most = ctx->ivlen == GCM_IV_DEFAULT_SIZE ? len : 16 * (LSW_AES_BATCH_FROM - 1);
    while (len > 0) {
        size_t piece = len < most ? len : most;
        lsw_aes_ctr32(in, out, piece, gcm->key, gcm->Yi.c, gcm->EKi.c);
        next_counter(gcm, (uint32_t)((piece + 15) / 16));
        gcm->mres = piece % 16;
        in += piece;
        out += piece;
        len -= piece;
    }
}

static int gcm_cipherupdate(PROV_GCM_CTX *ctx, const unsigned char *in, size_t len, unsigned char *out)
{
    GCM128_CONTEXT *gcm = &ctx->gcm;
    if (gcm->len.u[1] + len > MESSAGE_LIMIT)
        return 0;
    if (gcm->len.u[1] == 0 && len > 0)
        hash_pad(gcm);
    gcm->len.u[1] += len;
    if (!ctx->enc)
        hash(gcm, in, len);
    gcm_crypt(ctx, in, out, len);
    if (ctx->enc)
        hash(gcm, out, len);
    return 1;
}

static int gcm_cipherfinal(PROV_GCM_CTX *ctx, unsigned char *tag)
{
    GCM128_CONTEXT *gcm = &ctx->gcm;
    hash_pad(gcm);
    hash_end(gcm, lengths(gcm->len.u[0], gcm->len.u[1]));
    wasm_v128_store(gcm->Xi.c, wasm_v128_xor(wasm_v128_load(gcm->Xi.c), wasm_v128_load(gcm->EK0.c)));
    if (!ctx->enc)
        return ctx->taglen <= GCM_TAG_MAX_SIZE && CRYPTO_memcmp(gcm->Xi.c, tag, ctx->taglen) == 0;
    memcpy(tag, gcm->Xi.c, GCM_TAG_MAX_SIZE);
    ctx->taglen = GCM_TAG_MAX_SIZE;
    return 1;
}

// A record of TLS 1.2.
static int gcm_oneshot(PROV_GCM_CTX *ctx, unsigned char *aad, size_t aad_len, const unsigned char *in, size_t len, unsigned char *out,
    unsigned char *tag, size_t tag_len)
{
    (void)tag_len;
    ctx->taglen = GCM_TAG_MAX_SIZE;
    return gcm_aadupdate(ctx, aad, aad_len) && gcm_cipherupdate(ctx, in, len, out) && gcm_cipherfinal(ctx, tag);
}

const PROV_GCM_HW *ossl_prov_aes_hw_gcm(size_t keybits)
{
    static const PROV_GCM_HW hw = { gcm_setkey, gcm_setiv, gcm_aadupdate, gcm_cipherupdate, gcm_cipherfinal, gcm_oneshot };
    (void)keybits;
    return &hw;
}
