/*
 * The name that a client asks a server for (RFC 6066 section 3). It is read and checked here alone: OpenSSL takes any text for one, and
 * gives the session's, not the client's, where a TLS 1.2 session is resumed.
 */
#include <string.h>
#include <openssl/lhash.h>
#include "internal.h"

/*
 * Labels of 1 to 63 letters, digits, hyphens and underscores, 253 in all. The last one is not of digits alone: that would be an IPv4
 * address.
 */
int lsw_host_name(char *name)
{
    size_t length = strlen(name), label = 0, digits = 0, i;

    if (length > 0 && name[length - 1] == '.')
        name[--length] = '\0';
    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i], lower = c | 0x20;

        if (c == '.') {
            if (label == 0)
                return 0;
            label = digits = 0;
            continue;
        }
        if (c >= '0' && c <= '9')
            digits++;
        else if (!(lower >= 'a' && lower <= 'z') && c != '-' && c != '_')
            return 0;
        if (++label > 63)
            return 0;
    }
    return length <= 253 && digits < label;
}

/* `*name` receives the name, owned, or NULL: a list of one, of type host_name. Returns 0 if there is no memory. */
static int read_name(SSL *ssl, char **name)
{
    const unsigned char *bytes = NULL;
    size_t size = 0, length;

    *name = NULL;
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) || size < 5)
        return 1;
    length = size - 5;
    if ((size_t)(bytes[0] << 8 | bytes[1]) != size - 2 || bytes[2] != TLSEXT_NAMETYPE_host_name
        || (size_t)(bytes[3] << 8 | bytes[4]) != length || memchr(bytes + 5, 0, length) != NULL)
        return 1;
    if ((*name = OPENSSL_strndup((const char *)bytes + 5, length)) == NULL)
        return 0;
    if (!lsw_host_name(*name)) {
        OPENSSL_free(*name);
        *name = NULL;
    }
    return 1;
}

/*
 * OpenSSL's own store gives out sessions without regard to the name they were made for, so a session that may not be resumed is
 * removed from it. A fatal alert would remove it, too.
 */
static void forget_session_of_another_name(SSL *ssl)
{
    SSL_CTX *ctx = lsw_conn_of(ssl)->first_ctx;
    const unsigned char *id;
    unsigned int length = (unsigned int)SSL_client_hello_get0_session_id(ssl, &id);
    SSL_SESSION *asked, *kept = NULL;

    if (length == 0 || SSL_CTX_sess_number(ctx) == 0 || (asked = SSL_SESSION_new()) == NULL)
        return;
    if (SSL_SESSION_set1_id(asked, id, length) && SSL_SESSION_set_protocol_version(asked, TLS1_2_VERSION))
        kept = OPENSSL_LH_retrieve((OPENSSL_LHASH *)SSL_CTX_sessions(ctx), asked);
    if (kept != NULL && lsw_session_of_another_name(ssl, kept))
        SSL_CTX_remove_session(ctx, kept);
    SSL_SESSION_free(asked);
}

int lsw_remember_servername(SSL *ssl, int *alert)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    char *name;

    *alert = SSL_AD_INTERNAL_ERROR;
    if (!read_name(ssl, &name))
        return 0;
    /* After a HelloRetryRequest the name is the same (RFC 8446 section 4.1.2): the answer to the first one holds. */
    if (conn->hello_read && strcmp(name != NULL ? name : "", conn->servername != NULL ? conn->servername : "") != 0) {
        OPENSSL_free(name);
        ERR_raise_data(ERR_LIB_SSL, SSL_R_BAD_EXTENSION, "another server_name in the second ClientHello");
        *alert = SSL_AD_ILLEGAL_PARAMETER;
        return 0;
    }
    OPENSSL_free(conn->servername);
    conn->servername = name;
    conn->hello_read = 1;
    forget_session_of_another_name(ssl);
    return 1;
}

const char *lsw_SSL_get_servername(const SSL *ssl)
{
    return SSL_is_server(ssl) ? lsw_conn_of(ssl)->servername : SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
}

void lsw_SSL_acknowledge_servername(SSL *ssl)
{
    lsw_conn_of(ssl)->acknowledges_servername = 1;
}

int lsw_servername_trampoline(SSL *ssl, int *alert, void *arg)
{
    const struct lsw_conn *conn = lsw_conn_of(ssl);

    (void)arg;
    if (conn == NULL || conn->servername == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    /* By itself OpenSSL writes only acknowledged names into sessions. */
    if (!SSL_session_reused(ssl) && !SSL_SESSION_set1_hostname(SSL_get_session(ssl), conn->servername)) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return conn->acknowledges_servername ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* OpenSSL would resume it. TLS 1.3 sessions are for any name (RFC 8446 section 4.2.11). */
int lsw_session_of_another_name(SSL *ssl, const SSL_SESSION *session)
{
    const char *name = SSL_SESSION_get0_hostname(session), *asked = lsw_conn_of(ssl)->servername;

    return SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION && name != NULL && asked != NULL
        && OPENSSL_strcasecmp(name, asked) != 0;
}
