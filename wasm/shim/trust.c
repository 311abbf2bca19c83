/* What a store of trust anchors takes beside certificates, and what is taken from it. */
#include <openssl/pem.h>
#include "internal.h"

int lsw_X509_STORE_add_store(X509_STORE *store, X509_STORE *from)
{
    STACK_OF(X509) *certs = X509_STORE_get1_all_certs(from);
    int i, ok = certs != NULL;

    for (i = 0; ok && i < sk_X509_num(certs); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(certs, i));
    OSSL_STACK_OF_X509_free(certs);
    return ok;
}

int lsw_SSL_CTX_add_store_to_CA_list(SSL_CTX *ctx, X509_STORE *store)
{
    STACK_OF(X509) *certs = X509_STORE_get1_all_certs(store);
    int i, ok = certs != NULL;

    for (i = 0; ok && i < sk_X509_num(certs); i++)
        ok = SSL_CTX_add1_to_CA_list(ctx, sk_X509_value(certs, i));
    OSSL_STACK_OF_X509_free(certs);
    return ok;
}

static X509_CRL *der_crl(const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes;
    X509_CRL *crl = d2i_X509_CRL(NULL, &end, (long)length);

    if (crl != NULL && end != bytes + length) {
        X509_CRL_free(crl);
        ERR_raise_data(ERR_LIB_ASN1, ASN1_R_TOO_LONG, "bytes after the list");
        return NULL;
    }
    return crl;
}

int lsw_X509_STORE_add_crls(X509_STORE *store, const uint8_t *bytes, size_t length)
{
    int pem = length == 0 || bytes[0] != 0x30; /* DER begins with a SEQUENCE */
    BIO *bio = pem ? BIO_new_mem_buf(bytes, (int)length) : NULL;
    X509_CRL *crl;
    unsigned long error;
    int count = 0, ok = !pem || bio != NULL;

    ERR_clear_error();
    while (ok && (pem || count == 0)) {
        crl = pem ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : der_crl(bytes, length);
        if (crl == NULL)
            break;
        ok = X509_STORE_add_crl(store, crl);
        X509_CRL_free(crl);
        count++;
    }
    BIO_free(bio);
    error = ERR_peek_last_error();
    /* How a PEM text ends, unless there was nothing in it. */
    if (count > 0 && ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
        ERR_clear_error();
    return ok && count > 0 && ERR_peek_error() == 0 ? count : -1;
}

/* All that `from` would show as its own, for this connection alone. */
int lsw_SSL_use_identity_of(SSL *ssl, SSL_CTX *from)
{
    STACK_OF(X509) *chain = NULL;
    long more = SSL_CTX_set_current_cert(from, SSL_CERT_SET_FIRST);
    int ok = more > 0;

    for (; ok && more > 0; more = SSL_CTX_set_current_cert(from, SSL_CERT_SET_NEXT)) {
        SSL_CTX_get0_chain_certs(from, &chain);
        ok = SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(from), SSL_CTX_get0_privatekey(from), chain, 1);
    }
    return ok;
}

int lsw_SSL_get_peer_CA_count(const SSL *ssl)
{
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);

    return names != NULL ? sk_X509_NAME_num(names) : 0;
}

int lsw_SSL_get_peer_CA_name(const SSL *ssl, int index, uint8_t *buf, size_t capacity)
{
    return lsw_print_name(sk_X509_NAME_value(SSL_get0_peer_CA_list(ssl), index), buf, capacity);
}
