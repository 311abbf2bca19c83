/* PKCS#12 files: key, certificate and chain in one; and why one cannot be used, by the numbers of keys.c. */
#include <string.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include "internal.h"

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

/* Whether this is the passphrase, by the file's MAC. OpenSSL knows two empty ones: `*passphrase` becomes the right one. */
static int verify_mac(PKCS12 *file, const char **passphrase)
{
    if (*passphrase != NULL && **passphrase != '\0')
        return PKCS12_verify_mac(file, *passphrase, -1);
    *passphrase = NULL;
    if (PKCS12_verify_mac(file, NULL, 0))
        return 1;
    *passphrase = "";
    return PKCS12_verify_mac(file, "", 0);
}

/* The first of these keys that cannot be decrypted; 1 if there is none. */
static int try_keys(const STACK_OF(PKCS12_SAFEBAG) *bags, const char *passphrase)
{
    int i, result = 1;

    for (i = 0; result == 1 && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
        const X509_ALGOR *algorithm;
        PKCS8_PRIV_KEY_INFO *info;

        if (PKCS12_SAFEBAG_get_nid(bag) != NID_pkcs8ShroudedKeyBag)
            continue;
        X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
        if (!lsw_has_encryption(algorithm))
            return LSW_KEY_ENCRYPTION_UNSUPPORTED;
        info = PKCS12_decrypt_skey(bag, passphrase, -1);
        if (info == NULL)
            result = lsw_passphrase_was_wrong() ? LSW_KEY_PASSPHRASE_WRONG : LSW_KEY_UNREADABLE;
        PKCS8_PRIV_KEY_INFO_free(info);
    }
    return result;
}

/* The same for one part of a file. */
static int try_part(PKCS7 *part, const char *passphrase)
{
    STACK_OF(PKCS12_SAFEBAG) *bags;
    int result;

    if (PKCS7_type_is_data(part)) {
        bags = PKCS12_unpack_p7data(part);
    } else if (PKCS7_type_is_encrypted(part) && part->d.encrypted != NULL) {
        if (!lsw_has_encryption(part->d.encrypted->enc_data->algorithm))
            return LSW_KEY_ENCRYPTION_UNSUPPORTED;
        bags = PKCS12_unpack_p7encdata(part, passphrase, -1);
    } else {
        return 1;
    }
    if (bags == NULL)
        return lsw_passphrase_was_wrong() ? LSW_KEY_PASSPHRASE_WRONG : LSW_KEY_UNREADABLE;
    result = try_keys(bags, passphrase);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return result;
}

/* PKCS12_parse has failed and does not say at what. So each step is tried by itself. */
static int why_not(PKCS12 *file, const char *passphrase)
{
    const X509_ALGOR *mac = NULL;
    STACK_OF(PKCS7) *parts;
    int i, result = 1;

    PKCS12_get0_mac(NULL, &mac, NULL, NULL, file);
    if (mac != NULL && !lsw_has_mac(mac))
        return LSW_KEY_ENCRYPTION_UNSUPPORTED;
    if (mac != NULL && !verify_mac(file, &passphrase))
        return ERR_peek_error() == 0 ? LSW_KEY_PASSPHRASE_WRONG : LSW_KEY_UNREADABLE;
    parts = PKCS12_unpack_authsafes(file);
    for (i = 0; result == 1 && i < sk_PKCS7_num(parts); i++)
        result = try_part(sk_PKCS7_value(parts, i), passphrase);
    sk_PKCS7_pop_free(parts, PKCS7_free);
    if (result == LSW_KEY_PASSPHRASE_WRONG && mac != NULL)
        return LSW_KEY_UNREADABLE; /* the MAC knows better */
    return result == 1 ? LSW_KEY_UNREADABLE : result;
}

static int use_file(SSL_CTX *ctx, PKCS12 *file, const char *passphrase)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    STACK_OF(X509) *others = NULL;
    int result;

    ERR_clear_error();
    if (PKCS12_parse(file, passphrase, &key, &cert, &others)) {
        ERR_clear_error();
        result = use_found(ctx, key, cert, others);
    } else {
        result = why_not(file, passphrase);
    }
    EVP_PKEY_free(key);
    X509_free(cert);
    OSSL_STACK_OF_X509_free(others);
    return result;
}

/*
 * Owned: the text that gives the key that OpenSSL before 1.1.0 made of this passphrase, each byte of UTF-8 being a character
 * (passphrase-encoding(7)). NULL for ASCII, where it is the same.
 */
static char *as_openssl_1_0(const char *passphrase)
{
    const char *at = passphrase;
    unsigned char *characters = NULL;
    char *text;
    int length;

    while (*at != '\0' && (*at & 0x80) == 0)
        at++;
    if (*at == '\0' || OPENSSL_asc2uni(passphrase, -1, &characters, &length) == NULL)
        return NULL;
    text = OPENSSL_uni2utf8(characters, length);
    OPENSSL_clear_free(characters, (size_t)length);
    return text;
}

int lsw_SSL_CTX_use_pkcs12(SSL_CTX *ctx, const uint8_t *bytes, size_t length, const char *passphrase)
{
    OSSL_PROVIDER *old_ciphers = lsw_old_ciphers();
    PKCS12 *file = lsw_read(&lsw_pkcs12, bytes, length);
    int result = file != NULL ? use_file(ctx, file, passphrase) : LSW_KEY_UNREADABLE;

    if (result == LSW_KEY_PASSPHRASE_WRONG && passphrase == NULL) {
        result = LSW_KEY_PASSPHRASE_MISSING;
    } else if (result == LSW_KEY_PASSPHRASE_WRONG) {
        char *old = as_openssl_1_0(passphrase);

        if (old != NULL)
            result = use_file(ctx, file, old);
        OPENSSL_clear_free(old, old != NULL ? strlen(old) : 0);
    }
    PKCS12_free(file);
    OSSL_PROVIDER_unload(old_ciphers);
    return result;
}
