// AES in CTR, CBC, ECB, OFB and CCM mode, as far as several blocks can be done at once: CTR, also CCM's, by aes-ctr.c, decryption of
// CBC side by side. Takes the place of OpenSSL's cipher_aes_hw.c and cipher_aes_ccm_hw.c, which know of such code only in assembly;
// partial blocks, padding and parameters stay OpenSSL's.
//
// Constant time: lengths alone decide. Sources: SP 800-38A, SP 800-38C.
#include "aes.h"
#include "cipher_aes.h"
#include "cipher_aes_ccm.h"
#include <openssl/crypto.h>
#include <openssl/proverr.h>

enum { SIDE_BY_SIDE = 16 };

// Each block is added to what became of the last one, and encrypted: CBC, and where `out` is NULL its last block alone, the CBC-MAC.
static void chain(const unsigned char *in, unsigned char *out, size_t blocks, const AES_KEY *key, unsigned char last[16])
{
    for (; blocks > 0; blocks--, in += 16) {
        wasm_v128_store(last, wasm_v128_xor(wasm_v128_load(last), wasm_v128_load(in)));
        AES_encrypt(last, last, key);
        if (out != NULL) {
            wasm_v128_store(out, wasm_v128_load(last));
            out += 16;
        }
    }
}

static void unchain(const unsigned char *in, unsigned char *out, size_t blocks, const AES_KEY *key, unsigned char last[16])
{
    v128_t done[SIDE_BY_SIDE], before = wasm_v128_load(last);
    while (blocks > 0) {
        size_t n = blocks < SIDE_BY_SIDE ? blocks : SIDE_BY_SIDE;
        for (size_t i = 0; i < n; i++)
            done[i] = wasm_v128_load(in + 16 * i);
        lsw_aes_decrypt_blocks(done, n, key);
        for (size_t i = 0; i < n; i++, in += 16, out += 16) {
            v128_t block = wasm_v128_load(in);
            wasm_v128_store(out, wasm_v128_xor(done[i], before));
            before = block;
        }
        blocks -= n;
    }
    wasm_v128_store(last, before);
    OPENSSL_cleanse(done, sizeof(done));
}

static void cbc(const unsigned char *in, unsigned char *out, size_t len, const void *key, unsigned char iv[16], int enc)
{
    (enc ? chain : unchain)(in, out, len / 16, key, iv);
}

static void ctr(const unsigned char *in, unsigned char *out, size_t blocks, const void *key, const unsigned char iv[16])
{
    lsw_aes_ctr32(in, out, 16 * blocks, key, iv, NULL);
}

static int init(PROV_CIPHER_CTX *ctx, const unsigned char *key, size_t keylen)
{
    AES_KEY *ks = &((PROV_AES_CTX *)ctx)->ks.ks;
    int decrypt = !ctx->enc && (ctx->mode == EVP_CIPH_ECB_MODE || ctx->mode == EVP_CIPH_CBC_MODE);
    ctx->ks = ks;
    ctx->block = (block128_f)(decrypt ? AES_decrypt : AES_encrypt);
    if (ctx->mode == EVP_CIPH_CBC_MODE)
        ctx->stream.cbc = cbc;
    else
        ctx->stream.ctr = ctx->mode == EVP_CIPH_CTR_MODE ? ctr : NULL;
    if (AES_set_encrypt_key(key, (int)(keylen * 8), ks) == 0)
        return 1;
    ERR_raise(ERR_LIB_PROV, PROV_R_KEY_SETUP_FAILED);
    return 0;
}

static void copy(PROV_CIPHER_CTX *to, const PROV_CIPHER_CTX *from)
{
    *(PROV_AES_CTX *)to = *(const PROV_AES_CTX *)from;
    to->ks = &((PROV_AES_CTX *)to)->ks.ks;
}

#define MODE(mode) \
    const PROV_CIPHER_HW *ossl_prov_cipher_hw_aes_##mode(size_t keybits) \
    { \
        static const PROV_CIPHER_HW hw = { init, ossl_cipher_hw_generic_##mode, copy }; \
        (void)keybits; \
        return &hw; \
    }
MODE(cbc)
MODE(ecb)
MODE(ofb128)
MODE(ctr)

// The counter of CCM has more than 32 bits, but begins at 1, and no input has 2³² blocks.
static void ccm_encrypt(const unsigned char *in, unsigned char *out, size_t blocks, const void *key, const unsigned char counter[16],
    unsigned char mac[16])
{
    chain(in, NULL, blocks, key, mac);
    ctr(in, out, blocks, key, counter);
}

static void ccm_decrypt(const unsigned char *in, unsigned char *out, size_t blocks, const void *key, const unsigned char counter[16],
    unsigned char mac[16])
{
    ctr(in, out, blocks, key, counter);
    chain(out, NULL, blocks, key, mac);
}

static int ccm_setkey(PROV_CCM_CTX *ctx, const unsigned char *key, size_t keylen)
{
    AES_KEY *ks = &((PROV_AES_CCM_CTX *)ctx)->ccm.ks.ks;
    AES_set_encrypt_key(key, (int)(keylen * 8), ks);
    CRYPTO_ccm128_init(&ctx->ccm_ctx, (unsigned int)ctx->m, (unsigned int)ctx->l, ks, (block128_f)AES_encrypt);
    ctx->str = ctx->enc ? ccm_encrypt : ccm_decrypt;
    ctx->key_set = 1;
    return 1;
}

const PROV_CCM_HW *ossl_prov_aes_hw_ccm(size_t keybits)
{
    static const PROV_CCM_HW hw = { ccm_setkey, ossl_ccm_generic_setiv, ossl_ccm_generic_setaad, ossl_ccm_generic_auth_encrypt,
        ossl_ccm_generic_auth_decrypt, ossl_ccm_generic_gettag };
    (void)keybits;
    return &hw;
}
