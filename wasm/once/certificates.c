/*
 * The latest certificates, by their encoding: a client meets the same server again, a server shows its own one from each context. One that
 * comes again is the object that was read before, with all that OpenSSL has found out about it, and with the key that its signature was
 * verified by. Nothing changes a certificate once it is read; only d2i_X509_AUX does, whose certificates stay apart. What depends on a
 * connection is checked each time: dates, names, purposes, trust, security levels, revocation.
 */
#include <string.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include "ssl_local.h"
#include "crypto/x509.h"

#define LONGEST_KNOWN 4096 /* bytes; most have 1,000 to 2,000 */

static struct {
    X509 *cert;
    uint8_t *der;
    size_t length;
    EVP_PKEY *signer; /* the signature is right by this key; NULL: that is not known */
} known[8];

/* In the place of the one that was met first. */
static void remember(X509 *cert, const uint8_t *der, size_t length)
{
    static size_t next;
    uint8_t *copy = length <= LONGEST_KNOWN ? OPENSSL_memdup(der, length) : NULL;

    if (copy == NULL || !X509_up_ref(cert)) {
        OPENSSL_free(copy);
        return;
    }
    X509_free(known[next].cert);
    OPENSSL_free(known[next].der);
    EVP_PKEY_free(known[next].signer);
    known[next].cert = cert;
    known[next].der = copy;
    known[next].length = length;
    known[next].signer = NULL;
    next = (next + 1) % OSSL_NELEM(known);
}

/* A TRUSTED CERTIFICATE is being read: what it says of its trust is its reader's alone. */
static int apart;

X509 *__real_d2i_X509(X509 **cert, const uint8_t **der, long length);
X509 *__wrap_d2i_X509(X509 **cert, const uint8_t **der, long length)
{
    const uint8_t *begin = *der;
    X509 *read;
    size_t i;

    if (apart)
        return __real_d2i_X509(cert, der, length);
    for (i = 0; i < OSSL_NELEM(known); i++)
        if (known[i].cert != NULL && length >= (long)known[i].length && memcmp(begin, known[i].der, known[i].length) == 0) {
            /* OpenSSL says why when it looks at the extensions first, and memory may have been what was wrong. */
            if ((known[i].cert->ex_flags & EXFLAG_INVALID) != 0 || !X509_up_ref(known[i].cert))
                return __real_d2i_X509(cert, der, length);
            *der += known[i].length;
            if (cert != NULL) {
                X509_free(*cert);
                *cert = known[i].cert;
            }
            return known[i].cert;
        }
    read = __real_d2i_X509(cert, der, length);
    if (read != NULL)
        remember(read, begin, (size_t)(*der - begin));
    return read;
}

X509 *__real_d2i_X509_AUX(X509 **cert, const uint8_t **der, long length);
X509 *__wrap_d2i_X509_AUX(X509 **cert, const uint8_t **der, long length)
{
    X509 *read;

    apart = 1;
    read = __real_d2i_X509_AUX(cert, der, length);
    apart = 0;
    return read;
}

int __real_X509_verify(const X509 *cert, EVP_PKEY *key);
int __wrap_X509_verify(const X509 *cert, EVP_PKEY *key)
{
    size_t i = 0;
    int result;

    while (i < OSSL_NELEM(known) && known[i].cert != cert)
        i++;
    if (i < OSSL_NELEM(known) && known[i].signer == key && key != NULL)
        return 1;
    result = __real_X509_verify(cert, key);
    if (result > 0 && i < OSSL_NELEM(known) && EVP_PKEY_up_ref(key)) {
        EVP_PKEY_free(known[i].signer);
        known[i].signer = key;
    }
    return result;
}
