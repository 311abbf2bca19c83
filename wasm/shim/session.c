/* SSL_SESSION: as bytes and back, and its contents. */
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
    return lsw_read(&lsw_session, bytes, length);
}

const uint8_t *lsw_SSL_SESSION_get0_ticket(const SSL_SESSION *session, uint32_t *length)
{
    const unsigned char *ticket = NULL;
    size_t n = 0;

    SSL_SESSION_get0_ticket(session, &ticket, &n);
    *length = (uint32_t)n;
    return ticket;
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
 * the full handshake judges the client's certificate of now. SSL_get0_param says whether time counts, and which.
 */
int lsw_session_peer_expired(SSL *ssl, SSL_SESSION *session)
{
    const X509 *peer = SSL_SESSION_get0_peer(session);

    return peer != NULL && !X509_check_certificate_times(SSL_get0_param(ssl), peer, NULL);
}

static int new_session_trampoline(SSL *ssl, SSL_SESSION *session)
{
    unsigned char *bytes = NULL;
    const unsigned char *id;
    unsigned int id_length = 0;
    ERR_STATE *errors;
    int length;

    if (!lsw_wants(ssl, LSW_WANT_NEW_SESSION_CB))
        return 0;
    errors = lsw_errors_save();
    length = i2d_SSL_SESSION(session, &bytes);
    lsw_errors_restore(errors);
    if (length > 0) {
        id = SSL_SESSION_get_id(session, &id_length);
        lsw_js_new_session_cb(ssl, id, id_length, bytes, (size_t)length);
        OPENSSL_clear_free(bytes, (size_t)length);
    }
    return 0; /* no reference is kept */
}

static SSL_SESSION *get_session_trampoline(SSL *ssl, const unsigned char *id, int id_length, int *copy)
{
    uint8_t *bytes = NULL;
    SSL_SESSION *session;
    ERR_STATE *errors;
    int length;

    *copy = 0; /* the reference is OpenSSL's */
    length = lsw_wants(ssl, LSW_WANT_GET_SESSION_CB) ? lsw_js_get_session_cb(ssl, id, (size_t)id_length, &bytes) : 0;
    if (length <= 0)
        return NULL;
    /* A session that a cache gives back broken is taken for none, without a word. */
    errors = lsw_errors_save();
    session = lsw_read(&lsw_session, bytes, (size_t)length);
    lsw_free(bytes, (size_t)length);
    if (session != NULL && (lsw_session_peer_expired(ssl, session) || lsw_session_of_another_name(ssl, session))) {
        SSL_SESSION_free(session);
        session = NULL;
    }
    lsw_errors_restore(errors);
    return session;
}

void lsw_SSL_CTX_sess_set_callbacks(SSL_CTX *ctx)
{
    SSL_CTX_sess_set_new_cb(ctx, new_session_trampoline);
    SSL_CTX_sess_set_get_cb(ctx, get_session_trampoline);
}
