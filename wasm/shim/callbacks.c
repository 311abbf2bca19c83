/*
 * Trampolines: OpenSSL calls these static functions, they find the connection's handle and call JavaScript, and
 * only if JavaScript asked for it. One function-table slot each, however many connections there are.
 */
#include "internal.h"

static struct lsw_conn *conn_of_store(X509_STORE_CTX *store_ctx, SSL **ssl)
{
    *ssl = X509_STORE_CTX_get_ex_data(store_ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    return *ssl != NULL ? lsw_conn_of(*ssl) : NULL;
}

/* Remembers where verification failed: OpenSSL itself keeps the code, but neither the depth nor the certificate. */
void lsw_remember_failure(struct lsw_conn *conn, X509 *cert, int depth)
{
    X509_free(conn->verify_cert);
    conn->verify_cert = cert != NULL && X509_up_ref(cert) ? cert : NULL;
    conn->verify_depth = depth;
}

int lsw_verify_trampoline(int preverify_ok, X509_STORE_CTX *store_ctx)
{
    SSL *ssl;
    struct lsw_conn *conn = conn_of_store(store_ctx, &ssl);
    int answer = preverify_ok;

    if (conn == NULL)
        return preverify_ok;
    answer = preverify_ok = lsw_rpk_verdict(conn, store_ctx, preverify_ok);
    if (conn->wanted & LSW_WANT_VERIFY_CB) {
        ERR_STATE *errors = lsw_errors_save();

        answer = lsw_js_verify_cb(conn->handle, preverify_ok, X509_STORE_CTX_get_error_depth(store_ctx),
            X509_STORE_CTX_get_error(store_ctx));
        lsw_errors_restore(errors);
        if (lsw_refused(ssl, answer))
            answer = 0;
        if (answer < 0 && !SSL_is_server(ssl))
            return SSL_set_retry_verify(ssl);
        /* OpenSSL's server knows no retry, and would take the 1 that stands for it as a yes. */
        if (answer < 0)
            answer = 0;
        if (answer == 0 && preverify_ok)
            X509_STORE_CTX_set_error(store_ctx, X509_V_ERR_APPLICATION_VERIFICATION);
    }
    if (answer == 0)
        lsw_remember_failure(conn, X509_STORE_CTX_get_current_cert(store_ctx), X509_STORE_CTX_get_error_depth(store_ctx));
    return answer;
}

int lsw_client_hello_trampoline(SSL *ssl, int *alert, void *arg)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    ERR_STATE *errors;
    int answer;

    (void)arg;
    if (conn == NULL)
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_INTERNAL_ERROR;
    if (!lsw_remember_servername(ssl, conn))
        return SSL_CLIENT_HELLO_ERROR;
    if ((conn->wanted & LSW_WANT_CLIENT_HELLO_CB) == 0)
        return SSL_CLIENT_HELLO_SUCCESS;
    errors = lsw_errors_save();
    answer = lsw_js_client_hello_cb(conn->handle);
    lsw_errors_restore(errors);
    if (answer > LSW_REFUSE_WITH)
        return answer;
    *alert = LSW_REFUSE_WITH - answer;
    return SSL_CLIENT_HELLO_ERROR;
}

int lsw_alpn_trampoline(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
    unsigned int in_length, void *arg)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    ERR_STATE *errors;
    int offset;

    (void)arg;
    if (conn == NULL || (conn->wanted & LSW_WANT_ALPN_CB) == 0)
        return lsw_alpn_select(ssl, out, out_length, in, in_length);
    errors = lsw_errors_save();
    offset = lsw_js_alpn_cb(conn->handle, in, in_length);
    lsw_errors_restore(errors);
    if (lsw_refused(ssl, offset) || offset < 0)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = in + offset + 1;
    *out_length = in[offset];
    return SSL_TLSEXT_ERR_OK;
}

int lsw_cert_trampoline(SSL *ssl, void *arg)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    ERR_STATE *errors;
    int answer;

    (void)arg;
    if (conn == NULL || (conn->wanted & LSW_WANT_CERT_CB) == 0)
        return 1;
    errors = lsw_errors_save();
    answer = lsw_js_cert_cb(conn->handle);
    lsw_errors_restore(errors);
    return lsw_refused(ssl, answer) ? 0 : answer;
}

static void remember_alert(struct lsw_conn *conn, int where, int value)
{
    if (where & SSL_CB_WRITE)
        conn->alert_sent = value;
    else
        conn->alert_received = value;
}

void lsw_info_callback(const SSL *ssl, int where, int value)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    ERR_STATE *errors;

    if (conn == NULL)
        return;
    if (where & SSL_CB_ALERT) {
        remember_alert(conn, where, value);
        return;
    }
    /* Called before the transition: what the state names is done. */
    if ((where & SSL_CB_LOOP) && SSL_get_state(ssl) == TLS_ST_SR_FINISHED)
        conn->client_finished++;
    if ((conn->wanted & LSW_WANT_INFO_CB) == 0 || (where & SSL_CB_EXIT))
        return;
    errors = lsw_errors_save();
    lsw_js_info_cb(conn->handle, where);
    lsw_errors_restore(errors);
}

void lsw_msg_trampoline(int write_p, int version, int content_type, const void *buf, size_t length, SSL *ssl, void *arg)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    ERR_STATE *errors;

    (void)arg;
    if (conn == NULL)
        return;
    errors = lsw_errors_save();
    lsw_js_msg_cb(conn->handle, write_p, version, content_type, buf, length);
    lsw_errors_restore(errors);
}

/* The context's, not the connection's: another connection of it may be the one that wants to know. */
void lsw_keylog_trampoline(const SSL *ssl, const char *line)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    ERR_STATE *errors;

    if (conn == NULL || (conn->wanted & LSW_WANT_KEYLOG_CB) == 0)
        return;
    errors = lsw_errors_save();
    lsw_js_keylog_cb(conn->handle, line);
    lsw_errors_restore(errors);
}
