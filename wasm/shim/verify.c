/* Verification of certificates and of a whole chain: OpenSSL's verdict first, then JavaScript's word, if it wants one. */
#include <string.h>
#include "internal.h"

static SSL *ssl_of(const X509_STORE_CTX *store_ctx)
{
    return X509_STORE_CTX_get_ex_data(store_ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
}

static X509 *unreadable_issuer(const STACK_OF(X509) *candidates, const X509 *cert)
{
    int i;

    for (i = 0; i < sk_X509_num(candidates); i++) {
        X509 *candidate = sk_X509_value(candidates, i);

        if (X509_NAME_cmp(X509_get_subject_name(candidate), X509_get_issuer_name(cert)) == 0 && X509_get0_pubkey(candidate) == NULL)
            return candidate;
    }
    return NULL;
}

/*
 * A key that cannot be read, as its algorithm or its curve is not in the build, is too small to OpenSSL, and a CA that has one is no
 * issuer, as if it were not there. So the result says what is the matter, and the error queue which algorithm or curve.
 */
static void tell_unreadable_key(X509_STORE_CTX *store_ctx)
{
    X509 *cert = X509_STORE_CTX_get_current_cert(store_ctx), *issuer;
    STACK_OF(X509) *anchors;

    switch (X509_STORE_CTX_get_error(store_ctx)) {
    case X509_V_ERR_EE_KEY_TOO_SMALL:
        if (cert != NULL && X509_get0_pubkey(cert) == NULL)
            X509_STORE_CTX_set_error(store_ctx, X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        anchors = X509_STORE_CTX_get1_certs(store_ctx, X509_get_issuer_name(cert));
        issuer = unreadable_issuer(X509_STORE_CTX_get0_untrusted(store_ctx), cert);
        if (issuer == NULL)
            issuer = unreadable_issuer(anchors, cert);
        if (issuer != NULL) {
            X509_STORE_CTX_set_error(store_ctx, X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM);
            X509_STORE_CTX_set_error_depth(store_ctx, X509_STORE_CTX_get_error_depth(store_ctx) + (issuer != cert));
            X509_STORE_CTX_set_current_cert(store_ctx, issuer);
        }
        OSSL_STACK_OF_X509_free(anchors);
        break;
    }
}

int lsw_verify_trampoline(int preverify_ok, X509_STORE_CTX *store_ctx)
{
    SSL *ssl = ssl_of(store_ctx);
    struct lsw_conn *conn = ssl != NULL ? lsw_conn_of(ssl) : NULL;
    int answer;

    if (conn == NULL)
        return preverify_ok;
    if (!preverify_ok)
        tell_unreadable_key(store_ctx);
    answer = preverify_ok = lsw_rpk_verdict(conn, store_ctx, preverify_ok);
    if (conn->wanted & LSW_WANT_VERIFY_CB) {
        answer = lsw_js_verify_cb(ssl, preverify_ok, X509_STORE_CTX_get_error_depth(store_ctx), X509_STORE_CTX_get_error(store_ctx));
        if (answer < 0 && !SSL_is_server(ssl))
            return SSL_set_retry_verify(ssl);
        /* OpenSSL's server knows no retry, and would take the 1 that stands for it as a yes. */
        if (answer < 0)
            answer = 0;
        if (answer == 0 && preverify_ok)
            X509_STORE_CTX_set_error(store_ctx, X509_V_ERR_APPLICATION_VERIFICATION);
    }
    if (answer == 0 || !preverify_ok) /* overruled, it is still the verification's result */
        lsw_remember_failure(conn, X509_STORE_CTX_get_current_cert(store_ctx), X509_STORE_CTX_get_error_depth(store_ctx));
    return answer;
}

void lsw_SSL_set_verify(SSL *ssl, int mode)
{
    SSL_set_verify(ssl, mode, lsw_verify_trampoline);
}

const char *lsw_SSL_get0_dnsname(SSL *ssl, int index)
{
    return X509_VERIFY_PARAM_get0_host(SSL_get0_param(ssl), index);
}

/*
 * To OpenSSL no wildcard stands for an underscore, and a dNSName with an underscore has no wildcard. To browsers, curl and Node
 * both do and have. So a host with an underscore may also have the dNSName "*" and what follows its first label, literally:
 * "*.corp.test" for "a_b.corp.test". What follows must have two labels, as OpenSSL has it for every wildcard.
 */
static int has_wildcard_for_underscore(const X509 *cert, SSL *ssl)
{
    unsigned int flags = X509_VERIFY_PARAM_get_hostflags(SSL_get0_param(ssl));
    const char *host, *parent;
    char wildcard[260]; /* OpenSSL's hosts have up to 256 */
    int i;

    if (flags & X509_CHECK_FLAG_NO_WILDCARDS)
        return 0;
    /* The SSL's own names: OpenSSL copies them into a verification's parameters without their NUL. */
    for (i = 0; (host = lsw_SSL_get0_dnsname(ssl, i)) != NULL; i++) {
        parent = strchr(host, '.');
        if (strchr(host, '_') == NULL || parent == NULL || parent == host || strchr(parent + 1, '.') == NULL)
            continue;
        BIO_snprintf(wildcard, sizeof(wildcard), "*%s", parent);
        if (X509_check_host(cert, wildcard, 0, flags, NULL) > 0)
            return 1;
    }
    return 0;
}

int lsw_chain_trampoline(X509_STORE_CTX *store_ctx, void *arg)
{
    SSL *ssl = ssl_of(store_ctx);
    struct lsw_conn *conn = ssl != NULL ? lsw_conn_of(ssl) : NULL;
    const X509 *cert = X509_STORE_CTX_get0_cert(store_ctx); /* NULL for a raw public key */
    int ok, answer;

    (void)arg;
    /* Then its host is found, and OpenSSL need not look for it. These parameters are for this verification alone. */
    if (ssl != NULL && cert != NULL && has_wildcard_for_underscore(cert, ssl))
        X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(store_ctx), NULL, 0);
    ok = X509_verify_cert(store_ctx) > 0;
    /* Suspended by the callback for single certificates: all of it will be repeated. */
    if (conn == NULL || (conn->wanted & LSW_WANT_CHAIN_CB) == 0 || SSL_want_retry_verify(ssl))
        return ok;
    conn->verifying = store_ctx;
    answer = lsw_js_chain_cb(ssl, ok, X509_STORE_CTX_get_error(store_ctx));
    conn->verifying = NULL;
    if (answer < 0 && !SSL_is_server(ssl))
        return SSL_set_retry_verify(ssl);
    if (answer > 0)
        return 1;
    /* If all went well, an error that is left was overruled: it is not what the peer is refused for. */
    if (ok || X509_STORE_CTX_get_error(store_ctx) == X509_V_OK)
        X509_STORE_CTX_set_error(store_ctx, LSW_V_ERR_REFUSED);
    return 0;
}

static STACK_OF(X509) *verified_chain(const SSL *ssl)
{
    const struct lsw_conn *conn = lsw_conn_of(ssl);

    return conn->verifying != NULL ? X509_STORE_CTX_get0_chain(conn->verifying) : SSL_get0_verified_chain(ssl);
}

int lsw_SSL_get_verified_chain_length(const SSL *ssl)
{
    STACK_OF(X509) *chain = verified_chain(ssl);

    return chain != NULL ? sk_X509_num(chain) : 0;
}

X509 *lsw_SSL_get0_verified_chain_cert(const SSL *ssl, int index)
{
    return sk_X509_value(verified_chain(ssl), index);
}

int lsw_X509_spki_sha256(const X509 *cert, uint8_t *buf, size_t capacity)
{
    unsigned char *spki = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    int ok = length > 0 && (capacity < 32 || EVP_Digest(spki, (size_t)length, buf, NULL, EVP_sha256(), NULL));

    OPENSSL_free(spki);
    return ok ? 32 : -1;
}

int lsw_SSL_CTX_set_verify_flags(SSL_CTX *ctx, unsigned long flags)
{
    return X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), flags);
}
