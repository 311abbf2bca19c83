/* Stores of trust anchors: filling them, and using their names; an identity chosen late. */
#include "internal.h"

/* In wasm/trim/unread-anchors.h. 1 if the certificate is added, and will be read when it is looked for. */
int ossl_x509_store_add_unread(X509_STORE *store, const uint8_t *subject, int subject_length, const uint8_t *der, size_t length);

static int add_unread(void *store, const uint8_t *der, size_t length)
{
    uint8_t subject[LSW_LONGEST_PLAIN_NAME];
    size_t subject_length = lsw_plain_subject(der, length, subject);

    return subject_length > 0 && ossl_x509_store_add_unread(store, subject, (int)subject_length, der, length);
}

static int add_cert(void *store, void *cert, int index)
{
    (void)index;
    return X509_STORE_add_cert(store, cert);
}

int lsw_X509_STORE_add_certs(X509_STORE *store, const uint8_t *bytes, size_t length)
{
    return lsw_read_each(&lsw_certificate, bytes, length, add_cert, add_unread, store);
}

static int add_crl(void *store, void *crl, int index)
{
    (void)index;
    return X509_STORE_add_crl(store, crl);
}

int lsw_X509_STORE_add_crls(X509_STORE *store, const uint8_t *bytes, size_t length)
{
    return lsw_read_each(&lsw_crl, bytes, length, add_crl, NULL, store);
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

/* Owned; NULL if there is no memory. */
static X509_STORE_CTX *lookup_for(const SSL *ssl)
{
    X509_STORE_CTX *lookup = X509_STORE_CTX_new();

    if (lookup != NULL && !X509_STORE_CTX_init(lookup, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), NULL, NULL)) {
        X509_STORE_CTX_free(lookup);
        return NULL;
    }
    return lookup;
}

/* Owned: the trust anchors of that name. */
static STACK_OF(X509) *anchors_named(const SSL *ssl, const X509_NAME *name)
{
    X509_STORE_CTX *lookup = lookup_for(ssl);
    STACK_OF(X509) *certs = lookup != NULL ? X509_STORE_CTX_get1_certs(lookup, name) : NULL;

    X509_STORE_CTX_free(lookup);
    return certs;
}

int lsw_SSL_count_possible_issuers(const SSL *ssl)
{
    const X509 *cert = lsw_conn_of(ssl)->verify_cert;
    STACK_OF(X509) *certs = cert != NULL ? anchors_named(ssl, X509_get_issuer_name(cert)) : NULL;
    int count = certs != NULL ? sk_X509_num(certs) : 0;

    OSSL_STACK_OF_X509_free(certs);
    return count;
}

int lsw_SSL_has_refused_anchor(const SSL *ssl)
{
    const X509 *cert = lsw_conn_of(ssl)->verify_cert;
    STACK_OF(X509) *certs = cert != NULL ? anchors_named(ssl, X509_get_subject_name(cert)) : NULL;
    int i, found = 0;

    for (i = 0; !found && i < sk_X509_num(certs); i++)
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
    X509_STORE_CTX *lookup = lookup_for(ssl);
    X509 *issuer = NULL;

    ERR_set_mark();
    if (X509_check_issued(cert, cert) == X509_V_OK)
        issuer = X509_up_ref(cert) ? cert : NULL;
    else if ((issuer = issuer_among(SSL_get_peer_cert_chain(ssl), cert)) == NULL && lookup != NULL
        && X509_STORE_CTX_get1_issuer(&issuer, lookup, cert) <= 0)
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
