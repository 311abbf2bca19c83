// Big-endian numbers into and out of BN_mod_exp_mont: m's length is the result's.
#include <openssl/bn.h>

__attribute__((export_name("mod_exp"))) int mod_exp(int secret, int in_place, const uint8_t *a, int a_len, const uint8_t *p, int p_len,
    const uint8_t *m, int m_len, uint8_t *out)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *base = BN_bin2bn(a, a_len, NULL), *exponent = BN_bin2bn(p, p_len, NULL), *modulus = BN_bin2bn(m, m_len, NULL);
    BIGNUM *result = in_place ? base : BN_new();
    if (secret)
        BN_set_flags(exponent, BN_FLG_CONSTTIME);
    const int ok = BN_mod_exp_mont(result, base, exponent, modulus, ctx, NULL) && BN_bn2binpad(result, out, m_len) == m_len;
    if (!in_place)
        BN_free(result);
    BN_free(base);
    BN_free(exponent);
    BN_free(modulus);
    BN_CTX_free(ctx);
    return ok;
}
