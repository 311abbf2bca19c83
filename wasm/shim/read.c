/* The one reader of PEM texts and DER encodings. Bytes that follow, and objects that cannot be read, are errors. */
#include <string.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include "internal.h"

typedef void *from_der_fn(const unsigned char **bytes, long length);

struct lsw_form {
    const char *name;
    void (*free)(void *object);
    /* The first is DER's, too; its label is NULL if there is no PEM of it. */
    struct {
        const char *label;
        from_der_fn *from_der;
    } readable[4];
    const char *alike[3]; /* ends of labels of other blocks that hold such an object */
};

#define FROM_DER(NAME, D2I) \
    static void *NAME##_from_der(const unsigned char **bytes, long length) \
    { \
        return D2I(NULL, bytes, length); \
    }
#define FREE(NAME, FUNCTION) \
    static void NAME##_free(void *object) \
    { \
        FUNCTION(object); \
    }

static EVP_PKEY *d2i_rsa(EVP_PKEY **key, const unsigned char **bytes, long length)
{
    return d2i_PublicKey(EVP_PKEY_RSA, key, bytes, length);
}

static EVP_PKEY *d2i_dh_params(EVP_PKEY **params, const unsigned char **bytes, long length)
{
    return d2i_KeyParams(EVP_PKEY_DH, params, bytes, length);
}

FROM_DER(certificate, d2i_X509)
FROM_DER(trusted_certificate, d2i_X509_AUX)
FROM_DER(crl, d2i_X509_CRL)
FROM_DER(public_key, d2i_PUBKEY)
FROM_DER(rsa_public_key, d2i_rsa)
FROM_DER(dh_params, d2i_dh_params)
FROM_DER(session, d2i_SSL_SESSION)
FROM_DER(ocsp_response, d2i_OCSP_RESPONSE)
FROM_DER(pkcs12, d2i_PKCS12)
FREE(certificate, X509_free)
FREE(crl, X509_CRL_free)
FREE(public_key, EVP_PKEY_free)
FREE(session, SSL_SESSION_free)
FREE(ocsp_response, OCSP_RESPONSE_free)
FREE(pkcs12, PKCS12_free)

const struct lsw_form lsw_certificate = { "certificate", certificate_free,
    { { PEM_STRING_X509, certificate_from_der }, { PEM_STRING_X509_OLD, certificate_from_der },
        { PEM_STRING_X509_TRUSTED, trusted_certificate_from_der } },
    { PEM_STRING_PKCS7, PEM_STRING_PKCS7_SIGNED, PEM_STRING_CMS } };
const struct lsw_form lsw_crl = { "certificate revocation list", crl_free, { { PEM_STRING_X509_CRL, crl_from_der } }, { "CRL" } };
const struct lsw_form lsw_public_key = { "public key", public_key_free,
    { { PEM_STRING_PUBLIC, public_key_from_der }, { PEM_STRING_RSA_PUBLIC, rsa_public_key_from_der } }, { "PUBLIC KEY" } };
const struct lsw_form lsw_dh_params = { "set of DH parameters", public_key_free, { { PEM_STRING_DHPARAMS, dh_params_from_der } },
    { "PARAMETERS" } };
const struct lsw_form lsw_session = { "session", session_free, { { NULL, session_from_der } }, { NULL } };
const struct lsw_form lsw_ocsp_response = { "OCSP response", ocsp_response_free, { { NULL, ocsp_response_from_der } }, { NULL } };
const struct lsw_form lsw_pkcs12 = { "PKCS#12 file", pkcs12_free, { { "PKCS12", pkcs12_from_der } }, { NULL } };

/*
 * DER begins with a SEQUENCE, 0x30, which is the digit 0 in a text. There, visible characters follow; here, its length or what
 * it begins with is none.
 */
int lsw_is_der(const uint8_t *bytes, size_t length)
{
    size_t i;

    if (length < 2 || bytes[0] != 0x30)
        return 0;
    if (bytes[1] >= 0x80 && bytes[1] <= 0x84)
        return 1;
    for (i = 1; i < length && i < 8; i++)
        if (bytes[i] > 0 && bytes[i] < ' ' && strchr("\t\n\r", bytes[i]) == NULL)
            return 1;
    return 0;
}

static int is_der_of(const struct lsw_form *form, const uint8_t *bytes, size_t length)
{
    return form->readable[0].label == NULL || lsw_is_der(bytes, length);
}

static void *read_der(const struct lsw_form *form, from_der_fn *from_der, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes;
    void *object = from_der(&end, (long)length);

    if (object != NULL && end != bytes + length) {
        form->free(object);
        ERR_raise_data(ERR_LIB_ASN1, ASN1_R_TOO_LONG, "bytes after the %s", form->name);
        return NULL;
    }
    return object;
}

static from_der_fn *reader_of(const struct lsw_form *form, const struct lsw_block *block)
{
    size_t i;

    for (i = 0; i < sizeof(form->readable) / sizeof(form->readable[0]) && form->readable[i].label != NULL; i++)
        if (lsw_block_is(block, form->readable[i].label))
            return form->readable[i].from_der;
    return NULL;
}

static int looks_alike(const struct lsw_form *form, const struct lsw_block *block)
{
    size_t i;

    for (i = 0; i < sizeof(form->alike) / sizeof(form->alike[0]) && form->alike[i] != NULL; i++)
        if (lsw_block_ends_in(block, form->alike[i]))
            return 1;
    return 0;
}

/* The encoding of the next of a PEM text. NULL at its end, or for one that cannot be read; then the queue is not empty. */
static uint8_t *next_of(const struct lsw_form *form, struct lsw_pem *pem, from_der_fn **from_der, size_t *length)
{
    struct lsw_block block;

    do {
        if (!lsw_pem_next(pem, &block))
            return NULL;
        *from_der = reader_of(form, &block);
        if (*from_der == NULL && looks_alike(form, &block)) {
            lsw_block_raise(&block, ERR_R_UNSUPPORTED);
            return NULL;
        }
    } while (*from_der == NULL);
    return lsw_block_der(&block, lsw_no_passphrase, NULL, length);
}

typedef int add_fn(void *to, void *object, int index);
typedef int take_fn(void *to, const uint8_t *der, size_t length);

static int read_one(const struct lsw_form *form, from_der_fn *from_der, const uint8_t *der, size_t length, add_fn *add, take_fn *take,
    void *to, int index)
{
    void *object;
    int added;

    if (take != NULL && from_der == form->readable[0].from_der && take(to, der, length))
        return 1;
    object = read_der(form, from_der, der, length);
    added = object != NULL && add(to, object, index);
    form->free(object);
    return added;
}

static int read_each_pem(const struct lsw_form *form, struct lsw_pem *pem, add_fn *add, take_fn *take, void *to)
{
    from_der_fn *from_der;
    uint8_t *der;
    size_t length;
    int count = 0;

    while ((der = next_of(form, pem, &from_der, &length)) != NULL) {
        int added = read_one(form, from_der, der, length, add, take, to, count);

        OPENSSL_free(der);
        if (!added)
            return -1 - count;
        ERR_clear_error(); /* left by what was taken all the same, for example over a key of an unknown type */
        count++;
    }
    if (count == 0 && ERR_peek_error() == 0)
        lsw_pem_raise_none(pem);
    return ERR_peek_error() == 0 ? count : -1 - count;
}

int lsw_read_each(const struct lsw_form *form, const uint8_t *bytes, size_t length, add_fn *add, take_fn *take, void *to)
{
    struct lsw_pem pem;
    int count = -1;

    ERR_clear_error();
    if (is_der_of(form, bytes, length)) {
        count = read_one(form, form->readable[0].from_der, bytes, length, add, take, to, 0) ? 1 : -1;
    } else if (lsw_pem_open(&pem, bytes, length)) {
        count = read_each_pem(form, &pem, add, take, to);
        lsw_pem_close(&pem);
    }
    return count;
}

void *lsw_read(const struct lsw_form *form, const uint8_t *bytes, size_t length)
{
    struct lsw_pem pem;
    void *object = NULL;
    from_der_fn *from_der;
    uint8_t *der;

    ERR_clear_error();
    if (is_der_of(form, bytes, length))
        return read_der(form, form->readable[0].from_der, bytes, length);
    if (lsw_pem_open(&pem, bytes, length)) {
        der = next_of(form, &pem, &from_der, &length);
        object = der != NULL ? read_der(form, from_der, der, length) : NULL;
        OPENSSL_free(der);
        if (object == NULL && ERR_peek_error() == 0)
            lsw_pem_raise_none(&pem);
        lsw_pem_close(&pem);
    }
    return object;
}
