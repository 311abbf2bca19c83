/* The algorithms that encrypt keys and PKCS#12 files: which of them we have, and those that serve for nothing else. */
#include <openssl/pkcs12.h>
#include <openssl/proverr.h>
#include <openssl/provider.h>
#include "internal.h"

/* RC2 and single DES, by which old programs protect keys. OpenSSL's legacy provider has them; TLS never sees it. */
OSSL_PROVIDER *lsw_old_ciphers(void)
{
    return OSSL_PROVIDER_try_load(NULL, "legacy", 1);
}

static int has_digest(int nid)
{
    EVP_MD *digest = EVP_MD_fetch(NULL, OBJ_nid2sn(nid), NULL);

    EVP_MD_free(digest);
    return digest != NULL;
}

static int has_cipher(int nid)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, OBJ_nid2sn(nid), NULL);

    EVP_CIPHER_free(cipher);
    return cipher != NULL;
}

/* Raises `algorithm` unless `known`. */
static int known_or_raise(int known, const X509_ALGOR *algorithm)
{
    char name[80];

    ERR_clear_error();
    if (!known) {
        OBJ_obj2txt(name, sizeof(name), algorithm->algorithm, 0);
        ERR_raise_data(ERR_LIB_EVP, EVP_R_UNSUPPORTED_ALGORITHM, "%s", name);
    }
    return known;
}

/* `type`: EVP_PBE_TYPE_*. */
static int has_pbe(int type, const X509_ALGOR *algorithm)
{
    int cipher = -1, digest = -1;
    int known = EVP_PBE_find(type, OBJ_obj2nid(algorithm->algorithm), &cipher, &digest, NULL) && (cipher == -1 || has_cipher(cipher))
        && (digest == -1 || has_digest(digest));

    return known_or_raise(known, algorithm);
}

static int has_kdf(const X509_ALGOR *kdf)
{
    PBKDF2PARAM *param;
    int has;

    if (!has_pbe(EVP_PBE_TYPE_KDF, kdf))
        return 0;
    param = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf->parameter);
    has = param == NULL || param->prf == NULL || has_pbe(EVP_PBE_TYPE_PRF, param->prf);
    PBKDF2PARAM_free(param);
    return has;
}

int lsw_has_encryption(const X509_ALGOR *algorithm)
{
    PBE2PARAM *param;
    int has;

    if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2)
        return has_pbe(EVP_PBE_TYPE_OUTER, algorithm);
    param = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    has = param == NULL
        || (has_kdf(param->keyfunc) && known_or_raise(has_cipher(OBJ_obj2nid(param->encryption->algorithm)), param->encryption));
    PBE2PARAM_free(param);
    return has;
}

int lsw_has_mac(const X509_ALGOR *algorithm)
{
    PBMAC1PARAM *param;
    int has;

    if (OBJ_obj2nid(algorithm->algorithm) != NID_pbmac1)
        return known_or_raise(has_digest(OBJ_obj2nid(algorithm->algorithm)), algorithm);
    param = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBMAC1PARAM), algorithm->parameter);
    has = param == NULL || (has_kdf(param->keyDerivationFunc) && has_pbe(EVP_PBE_TYPE_PRF, param->messageAuthScheme));
    PBMAC1PARAM_free(param);
    return has;
}

int lsw_passphrase_was_wrong(void)
{
    unsigned long first = ERR_peek_error(), last = ERR_peek_last_error();

    return (ERR_GET_LIB(first) == ERR_LIB_PROV && ERR_GET_REASON(first) == PROV_R_BAD_DECRYPT)
        || (ERR_GET_LIB(last) == ERR_LIB_PKCS12 && ERR_GET_REASON(last) == PKCS12_R_DECODE_ERROR);
}
