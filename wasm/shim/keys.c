/* Private keys, by themselves and in PKCS#12 files; and why one cannot be used, as a number of its own. */
#include <string.h>
#include <openssl/decoder.h>
#include <openssl/pkcs12.h>
#include "internal.h"

/* A passphrase, and whether OpenSSL asked for it: then the key was encrypted, whatever happened afterwards. */
struct passphrase {
    const uint8_t *bytes;
    size_t length;
    int asked;
};

static int answer_passphrase(char *buf, size_t size, size_t *length, const OSSL_PARAM *params, void *arg)
{
    struct passphrase *passphrase = arg;

    (void)params;
    passphrase->asked = 1;
    if (passphrase->bytes == NULL || passphrase->length > size)
        return 0;
    memcpy(buf, passphrase->bytes, passphrase->length);
    *length = passphrase->length;
    return 1;
}

static EVP_PKEY *read_key(const uint8_t *bytes, size_t length, struct passphrase *passphrase)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&key, lsw_looks_like_pem(bytes, length) ? "PEM" : "DER",
        NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);

    /* The callback is set even if there is no passphrase: without one OpenSSL would look for a terminal to ask. */
    if (decoder != NULL && OSSL_DECODER_CTX_set_passphrase_cb(decoder, answer_passphrase, passphrase)
        && !OSSL_DECODER_from_data(decoder, &bytes, &length)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_DECODER_CTX_free(decoder);
    return key;
}

int lsw_SSL_CTX_use_PrivateKey(SSL_CTX *ctx, const uint8_t *bytes, size_t length, const uint8_t *passphrase,
    size_t passphrase_length)
{
    struct passphrase given = { passphrase, passphrase_length, 0 };
    EVP_PKEY *key;
    X509 *cert = SSL_CTX_get0_certificate(ctx);
    int ok;

    ERR_clear_error();
    key = read_key(bytes, length, &given);
    if (key == NULL)
        return !given.asked ? LSW_KEY_UNREADABLE : passphrase == NULL ? LSW_KEY_PASSPHRASE_MISSING : LSW_KEY_PASSPHRASE_WRONG;
    ERR_clear_error(); /* decoders that did not fit leave theirs behind */
    ok = SSL_CTX_use_PrivateKey(ctx, key);
    if (!ok && cert != NULL && ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509)
        ok = LSW_KEY_MISMATCH;
    EVP_PKEY_free(key);
    return ok;
}

/*
 * From `certs` those that lead on from `cert`, in order: PKCS#12 has none, and TLS 1.2 wants it (RFC 5246 section 7.4.2).
 * Borrowed from `certs`.
 */
static STACK_OF(X509) *chain_from(X509 *cert, STACK_OF(X509) *certs)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    int i;

    for (i = 0; chain != NULL && i < sk_X509_num(certs); i++) {
        X509 *next = sk_X509_value(certs, i);

        if (X509_check_issued(cert, cert) == X509_V_OK)
            break; /* its own issuer */
        if (sk_X509_find(chain, next) >= 0 || X509_check_issued(next, cert) != X509_V_OK)
            continue;
        if (!sk_X509_push(chain, next)) {
            sk_X509_free(chain);
            return NULL;
        }
        cert = next;
        i = -1;
    }
    return chain;
}

/* Takes what was found in the file. `cert` is NULL if the key belongs to none of its certificates. */
static int use_found(SSL_CTX *ctx, EVP_PKEY *key, X509 *cert, STACK_OF(X509) *others)
{
    STACK_OF(X509) *chain;
    int ok;

    if (key == NULL)
        return LSW_KEY_UNREADABLE;
    if (cert == NULL)
        return sk_X509_num(others) > 0 ? LSW_KEY_MISMATCH : LSW_KEY_UNREADABLE;
    chain = chain_from(cert, others);
    ok = chain != NULL && SSL_CTX_use_cert_and_key(ctx, cert, key, chain, 1);
    sk_X509_free(chain);
    return ok;
}

int lsw_SSL_CTX_use_pkcs12(SSL_CTX *ctx, const uint8_t *bytes, size_t length, const char *passphrase)
{
    PKCS12 *file = lsw_read(&lsw_pkcs12, bytes, length);
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    STACK_OF(X509) *others = NULL;
    int result = LSW_KEY_UNREADABLE, has_mac;

    if (file == NULL)
        return LSW_KEY_UNREADABLE;
    has_mac = PKCS12_mac_present(file);
    if (PKCS12_parse(file, passphrase, &key, &cert, &others)) {
        ERR_clear_error();
        result = use_found(ctx, key, cert, others);
    } else if (has_mac ? ERR_GET_REASON(ERR_peek_last_error()) == PKCS12_R_MAC_VERIFY_FAILURE : 1) {
        result = passphrase == NULL ? LSW_KEY_PASSPHRASE_MISSING : LSW_KEY_PASSPHRASE_WRONG;
    }
    EVP_PKEY_free(key);
    X509_free(cert);
    OSSL_STACK_OF_X509_free(others);
    PKCS12_free(file);
    return result;
}
