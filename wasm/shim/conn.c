/* SSL: its making, its BIO, and the outcome of its handshake. */
#include "internal.h"

static void free_rpks(struct lsw_rpk *first)
{
    while (first != NULL) {
        struct lsw_rpk *next = first->next;

        EVP_PKEY_free(first->key);
        OPENSSL_free(first);
        first = next;
    }
}

static void conn_free(struct lsw_conn *conn)
{
    X509_free(conn->verify_cert);
    OPENSSL_free(conn->psk_identity);
    OPENSSL_free(conn->servername);
    OPENSSL_clear_free(conn->session_aside, (size_t)conn->session_aside_length);
    free_rpks(conn->accepted_rpks);
    OPENSSL_free(conn);
}

LSW_EX_DATA(SSL, conn, NULL, conn_free)

struct lsw_conn *lsw_conn_of(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, conn_index());
}

int lsw_SSL_handle(const SSL *ssl)
{
    return lsw_conn_of(ssl)->handle;
}

int lsw_wants(const SSL *ssl, int callback)
{
    const struct lsw_conn *conn = lsw_conn_of(ssl);

    return conn != NULL && (conn->wanted & callback) != 0;
}

/* OpenSSL itself keeps the code, but neither the depth nor the certificate. */
void lsw_remember_failure(struct lsw_conn *conn, X509 *cert, int depth)
{
    X509_free(conn->verify_cert);
    conn->verify_cert = cert != NULL && X509_up_ref(cert) ? cert : NULL;
    conn->verify_depth = depth;
}

SSL *lsw_SSL_new(SSL_CTX *ctx, int handle)
{
    struct lsw_conn *conn = OPENSSL_zalloc(sizeof(*conn));
    SSL *ssl = SSL_new(ctx);

    if (conn == NULL || ssl == NULL || !SSL_set_ex_data(ssl, conn_index(), conn)) {
        SSL_free(ssl);
        OPENSSL_free(conn);
        return NULL;
    }
    conn->handle = handle;
    conn->first_ctx = ctx;
    conn->alert_received = conn->alert_sent = conn->verify_depth = -1;
    return ssl;
}

int lsw_SSL_set_bio(SSL *ssl, BIO *rbio, BIO *wbio)
{
    /* SSL_set_bio(3) consumes one reference if both are the same object, else one of each. */
    if (!BIO_up_ref(rbio))
        return 0;
    if (rbio != wbio && !BIO_up_ref(wbio)) {
        BIO_free(rbio);
        return 0;
    }
    SSL_set_bio(ssl, rbio, wbio);
    return 1;
}

long lsw_SSL_set_max_cert_list(SSL *ssl, long bytes)
{
    return SSL_set_max_cert_list(ssl, bytes);
}

int lsw_SSL_reads_cert_list(const SSL *ssl)
{
    OSSL_HANDSHAKE_STATE state = SSL_get_state(ssl);

    return state == TLS_ST_CR_CERT || state == TLS_ST_SR_CERT || state == TLS_ST_CR_CERT_REQ;
}

int lsw_SSL_set_tlsext_host_name(SSL *ssl, const char *name)
{
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

const char *lsw_SSL_get_cipher_standard_name(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

    return cipher != NULL ? SSL_CIPHER_standard_name(cipher) : NULL;
}

const char *lsw_SSL_get_cipher_name(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

    return cipher != NULL ? SSL_CIPHER_get_name(cipher) : NULL;
}

const char *lsw_SSL_get_cipher_version(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

    return cipher != NULL ? SSL_CIPHER_get_version(cipher) : NULL;
}

const char *lsw_SSL_get_supported_cipher_name(SSL *ssl, int index)
{
    STACK_OF(SSL_CIPHER) *ciphers = SSL_get1_supported_ciphers(ssl);
    const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, index);

    sk_SSL_CIPHER_free(ciphers);
    return cipher != NULL ? SSL_CIPHER_get_name(cipher) : NULL;
}

int lsw_SSL_set_min_proto_version(SSL *ssl, int version)
{
    return (int)SSL_set_min_proto_version(ssl, version);
}

int lsw_SSL_set_max_proto_version(SSL *ssl, int version)
{
    return (int)SSL_set_max_proto_version(ssl, version);
}

int lsw_SSL_get_min_proto_version(SSL *ssl)
{
    return (int)SSL_get_min_proto_version(ssl);
}

int lsw_SSL_get_max_proto_version(SSL *ssl)
{
    return (int)SSL_get_max_proto_version(ssl);
}

const uint8_t *lsw_SSL_get0_alpn_selected(const SSL *ssl, uint32_t *length)
{
    const unsigned char *data = NULL;
    unsigned int n = 0;

    SSL_get0_alpn_selected(ssl, &data, &n);
    *length = n;
    return data;
}

int lsw_SSL_get_verify_depth(const SSL *ssl)
{
    return lsw_conn_of(ssl)->verify_depth;
}

X509 *lsw_SSL_get0_verify_cert(const SSL *ssl)
{
    return lsw_conn_of(ssl)->verify_cert;
}

int lsw_SSL_get_alert_received(const SSL *ssl)
{
    return lsw_conn_of(ssl)->alert_received;
}

int lsw_SSL_get_alert_sent(const SSL *ssl)
{
    return lsw_conn_of(ssl)->alert_sent;
}

int lsw_SSL_get_client_finished_count(const SSL *ssl)
{
    return lsw_conn_of(ssl)->client_finished;
}

/* SSL_get_peer_cert_chain(3): "if called on the server side, the stack does not contain the peer's certificate". */
int lsw_SSL_get_peer_chain_length(const SSL *ssl)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int rest = chain != NULL ? sk_X509_num(chain) : 0;

    return SSL_is_server(ssl) && SSL_get0_peer_certificate(ssl) != NULL ? rest + 1 : rest;
}

X509 *lsw_SSL_get0_peer_chain_cert(const SSL *ssl, int index)
{
    if (SSL_is_server(ssl) && index-- == 0)
        return SSL_get0_peer_certificate(ssl);
    return sk_X509_value(SSL_get_peer_cert_chain(ssl), index);
}
