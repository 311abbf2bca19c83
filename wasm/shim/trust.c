/* Stores of trust anchors: filling them, and using their names; an identity chosen late. */
#include "internal.h"

static int add_cert(void *store, void *cert, int index)
{
    (void)index;
    return X509_STORE_add_cert(store, cert);
}

int lsw_X509_STORE_add_certs(X509_STORE *store, const uint8_t *bytes, size_t length)
{
    return lsw_read_each(&lsw_certificate, bytes, length, add_cert, store);
}

static int add_crl(void *store, void *crl, int index)
{
    (void)index;
    return X509_STORE_add_crl(store, crl);
}

int lsw_X509_STORE_add_crls(X509_STORE *store, const uint8_t *bytes, size_t length)
{
    return lsw_read_each(&lsw_crl, bytes, length, add_crl, store);
}

int lsw_X509_STORE_add_store(X509_STORE *store, X509_STORE *from)
{
    STACK_OF(X509) *certs = X509_STORE_get1_all_certs(from);
    int i, ok = certs != NULL;

    for (i = 0; ok && i < sk_X509_num(certs); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(certs, i));
    OSSL_STACK_OF_X509_free(certs);
    return ok;
}

/* As a CertificateRequest writes them (RFC 5246 section 7.4.4). */
static size_t encoded_length(const STACK_OF(X509_NAME) *names)
{
    size_t length = 0;
    int i;

    for (i = 0; i < sk_X509_NAME_num(names); i++)
        length += 2 + (size_t)i2d_X509_NAME(sk_X509_NAME_value(names, i), NULL);
    return length;
}

int lsw_SSL_CTX_add_store_to_CA_list(SSL_CTX *ctx, X509_STORE *store)
{
    STACK_OF(X509) *certs = X509_STORE_get1_all_certs(store);
    int i, ok = certs != NULL;

    for (i = 0; ok && i < sk_X509_num(certs); i++)
        ok = SSL_CTX_add_client_CA(ctx, sk_X509_value(certs, i)); /* SSL_CTX_add1_to_CA_list's clients send, too */
    OSSL_STACK_OF_X509_free(certs);
    if (ok && encoded_length(SSL_CTX_get_client_CA_list(ctx)) > LSW_MAX_CA_LIST_BYTES) {
        ERR_raise_data(ERR_LIB_SSL, SSL_R_LENGTH_TOO_LONG, "names of more than %d bytes", LSW_MAX_CA_LIST_BYTES);
        return 0;
    }
    return ok;
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

int lsw_SSL_count_possible_issuers(const SSL *ssl)
{
    const X509 *cert = lsw_conn_of(ssl)->verify_cert;
    STACK_OF(X509) *certs = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)));
    int i, count = 0;

    for (i = 0; cert != NULL && i < sk_X509_num(certs); i++)
        count += X509_NAME_cmp(X509_get_subject_name(sk_X509_value(certs, i)), X509_get_issuer_name(cert)) == 0;
    OSSL_STACK_OF_X509_free(certs);
    return count;
}

int lsw_SSL_has_refused_anchor(const SSL *ssl)
{
    const X509 *cert = lsw_conn_of(ssl)->verify_cert;
    STACK_OF(X509) *certs = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)));
    int i, found = 0;

    for (i = 0; cert != NULL && !found && i < sk_X509_num(certs); i++)
        found = X509_cmp(sk_X509_value(certs, i), cert) == 0;
    OSSL_STACK_OF_X509_free(certs);
    return found;
}

static X509 *issuer_among(STACK_OF(X509) *certs, X509 *cert)
{
    int i;

    for (i = 0; i < sk_X509_num(certs); i++) {
        X509 *one = sk_X509_value(certs, i);

        if (X509_check_issued(one, cert) == X509_V_OK)
            return X509_up_ref(one) ? one : NULL;
    }
    return NULL;
}

X509 *lsw_SSL_get1_issuer(SSL *ssl, X509 *cert)
{
    X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
    X509_STORE_CTX *lookup = X509_STORE_CTX_new();
    X509 *issuer = NULL;

    ERR_set_mark();
    if (X509_check_issued(cert, cert) == X509_V_OK)
        issuer = X509_up_ref(cert) ? cert : NULL;
    else if ((issuer = issuer_among(SSL_get_peer_cert_chain(ssl), cert)) == NULL && lookup != NULL
        && X509_STORE_CTX_init(lookup, store, NULL, NULL) && X509_STORE_CTX_get1_issuer(&issuer, lookup, cert) <= 0)
        issuer = NULL;
    X509_STORE_CTX_free(lookup);
    ERR_pop_to_mark();
    return issuer;
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
