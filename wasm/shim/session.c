/* SSL_SESSION: as bytes and back, and what it says. */
#include <string.h>
#include "internal.h"

int lsw_SSL_SESSION_to_bytes(const SSL_SESSION *session, uint8_t *buf, size_t capacity)
{
    int length = i2d_SSL_SESSION(session, NULL);
    unsigned char *end = buf;

    return length > 0 && (size_t)length <= capacity ? i2d_SSL_SESSION(session, &end) : length > 0 ? length : -1;
}

SSL_SESSION *lsw_SSL_SESSION_from_bytes(const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes;
    SSL_SESSION *session;

    ERR_clear_error();
    session = d2i_SSL_SESSION(NULL, &end, (long)length);
    if (session != NULL && end != bytes + length) {
        SSL_SESSION_free(session);
        ERR_raise_data(ERR_LIB_SSL, ERR_R_PASSED_INVALID_ARGUMENT, "bytes after the session");
        return NULL;
    }
    return session;
}

int64_t lsw_SSL_SESSION_get_time(const SSL_SESSION *session)
{
    return (int64_t)SSL_SESSION_get_time_ex(session);
}

const uint8_t *lsw_SSL_SESSION_get0_alpn_selected(const SSL_SESSION *session, uint32_t *length)
{
    const unsigned char *data = NULL;
    size_t n = 0;

    SSL_SESSION_get0_alpn_selected(session, &data, &n);
    *length = (uint32_t)n;
    return data;
}

long lsw_SSL_CTX_set_timeout(SSL_CTX *ctx, long seconds)
{
    return SSL_CTX_set_timeout(ctx, seconds);
}

/*
 * A resumed handshake looks at no certificate, and each gives the client another ticket: without this a client whose
 * certificate has expired would go on for ever (RFC 8446 section 4.6.1). A server is to take such a session for none:
 * the full handshake judges what the client has now. SSL_get0_param: whether time counts, and which, is said there.
 */
int lsw_session_peer_expired(SSL *ssl, SSL_SESSION *session)
{
    const X509 *peer = SSL_SESSION_get0_peer(session);

    return peer != NULL && !X509_check_certificate_times(SSL_get0_param(ssl), peer, NULL);
}

static int new_session_trampoline(SSL *ssl, SSL_SESSION *session)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    unsigned char *bytes = NULL;
    const unsigned char *id;
    unsigned int id_length = 0;
    ERR_STATE *errors;
    int length;

    if (conn == NULL || (conn->wanted & LSW_WANT_NEW_SESSION_CB) == 0)
        return 0;
    errors = lsw_errors_save();
    length = i2d_SSL_SESSION(session, &bytes);
    if (length > 0) {
        id = SSL_SESSION_get_id(session, &id_length);
        lsw_js_new_session_cb(conn->handle, id, id_length, bytes, (size_t)length);
        OPENSSL_clear_free(bytes, (size_t)length);
    }
    lsw_errors_restore(errors);
    return 0; /* no reference is kept */
}

static SSL_SESSION *get_session_trampoline(SSL *ssl, const unsigned char *id, int id_length, int *copy)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    uint8_t *bytes = NULL;
    SSL_SESSION *session = NULL;
    ERR_STATE *errors;
    int length;

    *copy = 0; /* the reference is OpenSSL's */
    if (conn == NULL || (conn->wanted & LSW_WANT_GET_SESSION_CB) == 0)
        return NULL;
    errors = lsw_errors_save();
    length = lsw_js_get_session_cb(conn->handle, id, (size_t)id_length, &bytes);
    if (length > 0) {
        /* What a cache gives back broken is as good as nothing. */
        session = lsw_SSL_SESSION_from_bytes(bytes, (size_t)length);
        lsw_free(bytes, (size_t)length);
        if (session != NULL && lsw_session_peer_expired(ssl, session)) {
            SSL_SESSION_free(session);
            session = NULL;
        }
    }
    lsw_errors_restore(errors);
    return session;
}

void lsw_SSL_CTX_sess_set_callbacks(SSL_CTX *ctx)
{
    SSL_CTX_sess_set_new_cb(ctx, new_session_trampoline);
    SSL_CTX_sess_set_get_cb(ctx, get_session_trampoline);
}
