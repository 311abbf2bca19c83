/* The one reader of PEM texts and DER encodings. Bytes that follow, and objects that cannot be read, are errors. */
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include "internal.h"

struct lsw_form {
    const char *name;
    void *(*from_der)(const unsigned char **bytes, long length);
    void *(*from_pem)(BIO *bio); /* NULL: there is no PEM of it */
    void (*free)(void *object);
};

int lsw_no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf, (void)size, (void)rwflag, (void)arg;
    return -1;
}

#define DER(NAME, WORDS, D2I, FREE, FROM_PEM) \
    static void *NAME##_from_der(const unsigned char **bytes, long length) \
    { \
        return D2I(NULL, bytes, length); \
    } \
    static void NAME##_free(void *object) \
    { \
        FREE(object); \
    } \
    const struct lsw_form lsw_##NAME = { WORDS, NAME##_from_der, FROM_PEM, NAME##_free };

#define PEM_OR_DER(NAME, WORDS, D2I, PEM_READ, FREE) \
    static void *NAME##_from_pem(BIO *bio) \
    { \
        return PEM_READ(bio, NULL, lsw_no_passphrase, NULL); \
    } \
    DER(NAME, WORDS, D2I, FREE, NAME##_from_pem)

PEM_OR_DER(certificate, "certificate", d2i_X509, PEM_read_bio_X509, X509_free)
PEM_OR_DER(crl, "list", d2i_X509_CRL, PEM_read_bio_X509_CRL, X509_CRL_free)
PEM_OR_DER(public_key, "key", d2i_PUBKEY, PEM_read_bio_PUBKEY, EVP_PKEY_free)
DER(session, "session", d2i_SSL_SESSION, SSL_SESSION_free, NULL)
DER(ocsp_response, "response", d2i_OCSP_RESPONSE, OCSP_RESPONSE_free, NULL)
DER(pkcs12, "file", d2i_PKCS12, PKCS12_free, NULL)

int lsw_looks_like_pem(const uint8_t *bytes, size_t length)
{
    return length == 0 || bytes[0] != 0x30; /* DER begins with a SEQUENCE */
}

static void *read_der(const struct lsw_form *form, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes;
    void *object = form->from_der(&end, (long)length);

    if (object != NULL && end != bytes + length) {
        form->free(object);
        ERR_raise_data(ERR_LIB_ASN1, ASN1_R_TOO_LONG, "bytes after the %s", form->name);
        return NULL;
    }
    return object;
}

/* The next of a PEM text. NULL at its end, or for a broken one; then the queue is not empty. */
static void *next_pem(const struct lsw_form *form, BIO *bio)
{
    void *object = form->from_pem(bio);
    unsigned long error = ERR_peek_last_error();

    if (object == NULL && ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
        ERR_clear_error();
    return object;
}

static int read_each_pem(const struct lsw_form *form, BIO *bio, int (*add)(void *to, void *object, int index), void *to)
{
    void *object;
    int count = 0;

    while ((object = next_pem(form, bio)) != NULL) {
        int added = add(to, object, count);

        form->free(object);
        if (!added)
            return -1;
        count++;
    }
    if (ERR_peek_error() != 0)
        return -1;
    if (count == 0) {
        ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
        return -1;
    }
    return count;
}

int lsw_read_each(const struct lsw_form *form, const uint8_t *bytes, size_t length,
    int (*add)(void *to, void *object, int index), void *to)
{
    BIO *bio;
    void *object;
    int count;

    ERR_clear_error();
    if (form->from_pem == NULL || !lsw_looks_like_pem(bytes, length)) {
        object = read_der(form, bytes, length);
        count = object != NULL && add(to, object, 0) ? 1 : -1;
        form->free(object);
        return count;
    }
    bio = BIO_new_mem_buf(bytes, (int)length);
    count = bio != NULL ? read_each_pem(form, bio, add, to) : -1;
    BIO_free(bio);
    return count;
}

void *lsw_read(const struct lsw_form *form, const uint8_t *bytes, size_t length)
{
    BIO *bio;
    void *object;

    ERR_clear_error();
    if (form->from_pem == NULL || !lsw_looks_like_pem(bytes, length))
        return read_der(form, bytes, length);
    bio = BIO_new_mem_buf(bytes, (int)length);
    object = bio != NULL ? form->from_pem(bio) : NULL;
    BIO_free(bio);
    return object;
}
