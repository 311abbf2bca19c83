/* A connection's callbacks: which are wanted, and those that only look on. */
#include "internal.h"

int lsw_cert_trampoline(SSL *ssl, void *arg)
{
    (void)arg;
    return lsw_wants(ssl, LSW_WANT_CERT_CB) ? lsw_js_cert_cb(ssl) : 1;
}

void lsw_info_trampoline(const SSL *ssl, int where, int value)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);

    if (conn == NULL)
        return;
    if (where & SSL_CB_ALERT) {
        *(where & SSL_CB_WRITE ? &conn->alert_sent : &conn->alert_received) = value;
        return;
    }
    /* Called before the transition: what the state names is done. */
    if ((where & SSL_CB_LOOP) && SSL_get_state(ssl) == TLS_ST_SR_FINISHED)
        conn->client_finished++;
    if ((conn->wanted & LSW_WANT_INFO_CB) && !(where & SSL_CB_EXIT))
        lsw_js_info_cb(ssl, where);
}

static void msg_trampoline(int write_p, int version, int content_type, const void *buf, size_t length, SSL *ssl, void *arg)
{
    (void)arg;
    lsw_js_msg_cb(ssl, write_p, version, content_type, buf, length);
}

/* The context's, not the connection's: another connection of it may be the one that wants to know. */
static void keylog_trampoline(const SSL *ssl, const char *line)
{
    if (lsw_wants(ssl, LSW_WANT_KEYLOG_CB))
        lsw_js_keylog_cb(ssl, line);
}

void lsw_SSL_set_callbacks(SSL *ssl, int wanted)
{
    SSL_CTX *ctx = SSL_get_SSL_CTX(ssl);

    lsw_conn_of(ssl)->wanted = wanted;
    /* Installed only while wanted: building their arguments costs OpenSSL time. */
    SSL_set_msg_callback(ssl, wanted & LSW_WANT_MSG_CB ? msg_trampoline : NULL);
    if (wanted & LSW_WANT_KEYLOG_CB)
        SSL_CTX_set_keylog_callback(ctx, keylog_trampoline);
    if (wanted & LSW_WANT_ALPN_CB)
        SSL_CTX_set_alpn_select_cb(ctx, lsw_alpn_trampoline, NULL);
    lsw_install_psk(ssl, wanted & LSW_WANT_PSK_CLIENT_CB, wanted & LSW_WANT_PSK_SERVER_CB);
}
