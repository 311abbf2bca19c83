/* Private keys; and why one cannot be used, as a number of its own. */
#include <string.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include "internal.h"

struct passphrase {
    const uint8_t *bytes;
    size_t length;
    int asked; /* OpenSSL asked for it: the block was encrypted, whatever happened afterwards */
    OSSL_PROVIDER *old_ciphers; /* once something encrypted has come; owned */
};

static void need_old_ciphers(struct passphrase *passphrase)
{
    if (passphrase->old_ciphers == NULL)
        passphrase->old_ciphers = lsw_old_ciphers();
}

static int answer_passphrase(char *buf, int size, int rwflag, void *arg)
{
    struct passphrase *passphrase = arg;

    (void)rwflag;
    passphrase->asked = 1;
    need_old_ciphers(passphrase);
    if (passphrase->bytes == NULL || passphrase->length > (size_t)size)
        return -1;
    memcpy(buf, passphrase->bytes, passphrase->length);
    return (int)passphrase->length;
}

/* These functions return 1 and a key that the caller owns, or LSW_KEY_*. */

static int decrypt_key(const X509_SIG *encrypted, struct passphrase *passphrase, EVP_PKEY **key)
{
    const X509_ALGOR *algorithm;
    PKCS8_PRIV_KEY_INFO *info;

    need_old_ciphers(passphrase);
    X509_SIG_get0(encrypted, &algorithm, NULL);
    if (!lsw_has_encryption(algorithm))
        return LSW_KEY_ENCRYPTION_UNSUPPORTED;
    if (passphrase->bytes == NULL)
        return LSW_KEY_PASSPHRASE_MISSING;
    info = PKCS8_decrypt(encrypted, (const char *)passphrase->bytes, (int)passphrase->length);
    if (info == NULL)
        return lsw_passphrase_was_wrong() ? LSW_KEY_PASSPHRASE_WRONG : LSW_KEY_UNREADABLE;
    *key = EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    return *key != NULL ? 1 : LSW_KEY_UNREADABLE;
}

/* Keys that are not encrypted begin with their version, an INTEGER. */
static int begins_with_version(const uint8_t *der, size_t length)
{
    const uint8_t *at = der;
    long size;
    int tag, class;

    return (ASN1_get_object(&at, &size, &tag, &class, (long)length) & 0x80) == 0 && size > 0 && *at == V_ASN1_INTEGER;
}

static int read_key_der(const uint8_t *der, size_t length, struct passphrase *passphrase, EVP_PKEY **key)
{
    const uint8_t *end = der;
    X509_SIG *encrypted = begins_with_version(der, length) ? NULL : d2i_X509_SIG(NULL, &end, (long)length);
    int result;

    ERR_clear_error();
    if (encrypted != NULL) {
        result = decrypt_key(encrypted, passphrase, key);
        X509_SIG_free(encrypted);
    } else {
        end = der;
        *key = d2i_AutoPrivateKey(NULL, &end, (long)length);
        result = *key != NULL ? 1 : LSW_KEY_UNREADABLE;
    }
    if (result == 1 && end != der + length) {
        EVP_PKEY_free(*key);
        *key = NULL;
        ERR_raise_data(ERR_LIB_ASN1, ASN1_R_TOO_LONG, "bytes after the private key");
        return LSW_KEY_UNREADABLE;
    }
    return result;
}

/* Whether these bytes are one ASN.1 SEQUENCE: a wrong passphrase does not make one. */
static int is_sequence(const uint8_t *der, size_t length)
{
    const uint8_t *at = der;
    long size;
    int tag, class;

    return (ASN1_get_object(&at, &size, &tag, &class, (long)length) & 0x80) == 0 && tag == V_ASN1_SEQUENCE && at + size == der + length;
}

static int read_key_block(const struct lsw_block *block, struct passphrase *passphrase, EVP_PKEY **key)
{
    size_t length;
    uint8_t *der;
    int result;

    passphrase->asked = 0;
    der = lsw_block_der(block, answer_passphrase, passphrase, &length);
    if (der == NULL) {
        unsigned long error = ERR_peek_last_error();

        if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_UNSUPPORTED_ENCRYPTION)
            return LSW_KEY_ENCRYPTION_UNSUPPORTED;
        if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_BAD_PASSWORD_READ)
            return passphrase->bytes == NULL ? LSW_KEY_PASSPHRASE_MISSING : LSW_KEY_PASSPHRASE_WRONG;
        return lsw_passphrase_was_wrong() ? LSW_KEY_PASSPHRASE_WRONG : LSW_KEY_UNREADABLE;
    }
    result = read_key_der(der, length, passphrase, key);
    if (result == LSW_KEY_UNREADABLE && passphrase->asked && !is_sequence(der, length))
        result = LSW_KEY_PASSPHRASE_WRONG;
    OPENSSL_clear_free(der, length);
    return result;
}

static int is_readable(const struct lsw_block *block)
{
    return lsw_block_is(block, PEM_STRING_PKCS8INF) || lsw_block_is(block, PEM_STRING_PKCS8) || lsw_block_is(block, PEM_STRING_RSA)
        || lsw_block_is(block, PEM_STRING_ECPRIVATEKEY);
}

static int looks_alike(const struct lsw_block *block)
{
    return lsw_block_ends_in(block, "PRIVATE KEY");
}

/*
 * Picks from several keys the first that belongs to `cert`; the first of all if none does, or if there is no certificate. Keys that cannot
 * be read are skipped only if another one belongs to `cert`.
 */
static int read_key_pem(struct lsw_pem *pem, struct passphrase *passphrase, const X509 *cert, EVP_PKEY **key)
{
    struct lsw_block block, passed_over = { NULL, 0, NULL, 0 };
    int fits = 0, result = 1;

    while (result == 1 && !fits && lsw_pem_next(pem, &block)) {
        EVP_PKEY *next = NULL;

        if (is_readable(&block))
            result = read_key_block(&block, passphrase, &next);
        else if (passed_over.text == NULL && looks_alike(&block))
            passed_over = block;
        fits = next != NULL && (cert == NULL || X509_check_private_key(cert, next));
        if (fits || *key == NULL) {
            EVP_PKEY_free(*key);
            *key = next;
        } else {
            EVP_PKEY_free(next);
        }
    }
    if (result == 1 && passed_over.text != NULL && (cert == NULL || !fits)) {
        ERR_clear_error(); /* of keys that did not fit */
        lsw_block_raise(&passed_over, ERR_R_UNSUPPORTED);
        result = LSW_KEY_UNREADABLE;
    } else if (result == 1 && *key == NULL) {
        lsw_pem_raise_none(pem);
        result = LSW_KEY_UNREADABLE;
    }
    if (result != 1) {
        EVP_PKEY_free(*key);
        *key = NULL;
    }
    return result;
}

static int read_key(const uint8_t *bytes, size_t length, struct passphrase *passphrase, const X509 *cert, EVP_PKEY **key)
{
    struct lsw_pem pem;
    int result = 0;

    if (lsw_is_der(bytes, length)) {
        result = read_key_der(bytes, length, passphrase, key);
    } else if (lsw_pem_open(&pem, bytes, length)) {
        result = read_key_pem(&pem, passphrase, cert, key);
        lsw_pem_close(&pem);
    }
    OSSL_PROVIDER_unload(passphrase->old_ciphers);
    return result;
}

int lsw_SSL_CTX_use_PrivateKey(SSL_CTX *ctx, const uint8_t *bytes, size_t length, const uint8_t *passphrase, size_t passphrase_length)
{
    struct passphrase given = { passphrase, passphrase_length, 0, NULL };
    EVP_PKEY *key = NULL;
    X509 *cert = SSL_CTX_get0_certificate(ctx);
    int result;

    ERR_clear_error();
    result = read_key(bytes, length, &given, cert, &key);
    if (result != 1)
        return result;
    ERR_clear_error(); /* keys that did not fit leave theirs behind */
    if (!SSL_CTX_use_PrivateKey(ctx, key))
        result = cert != NULL && ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509 ? LSW_KEY_MISMATCH : 0;
    EVP_PKEY_free(key);
    return result;
}
