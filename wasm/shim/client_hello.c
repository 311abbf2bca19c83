/* A server's view of a ClientHello before it answers, and how it takes another context then. */
#include "internal.h"

const uint8_t *lsw_SSL_client_hello_get0_session_id(SSL *ssl, uint32_t *length)
{
    const unsigned char *bytes = NULL;

    *length = (uint32_t)SSL_client_hello_get0_session_id(ssl, &bytes);
    return *length > 0 ? bytes : NULL;
}

const uint8_t *lsw_SSL_client_hello_get0_ciphers(SSL *ssl, uint32_t *length)
{
    const unsigned char *bytes = NULL;

    *length = (uint32_t)SSL_client_hello_get0_ciphers(ssl, &bytes);
    return *length > 0 ? bytes : NULL;
}

const uint8_t *lsw_SSL_client_hello_get0_ext(SSL *ssl, unsigned int type, uint32_t *length)
{
    const unsigned char *bytes = NULL;
    size_t size = 0;
    int found = SSL_client_hello_get0_ext(ssl, type, &bytes, &size);

    *length = found ? (uint32_t)size : 0;
    return found ? bytes : NULL;
}

int lsw_client_hello_trampoline(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    if (lsw_conn_of(ssl) == NULL)
        return SSL_CLIENT_HELLO_SUCCESS;
    if (!lsw_remember_servername(ssl, alert))
        return SSL_CLIENT_HELLO_ERROR;
    *alert = SSL_AD_INTERNAL_ERROR;
    return lsw_wants(ssl, LSW_WANT_CLIENT_HELLO_CB) ? lsw_js_client_hello_cb(ssl) : SSL_CLIENT_HELLO_SUCCESS;
}

const char *lsw_SSL_CIPHER_find_name(SSL *ssl, unsigned int id)
{
    const unsigned char bytes[2] = { (unsigned char)(id >> 8), (unsigned char)id };
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, bytes);

    return cipher != NULL ? SSL_CIPHER_standard_name(cipher) : NULL;
}

const char *lsw_SSL_group_to_name(SSL *ssl, unsigned int id)
{
    return SSL_group_to_name(ssl, (int)(TLSEXT_nid_unknown | id)); /* else it takes it for a NID */
}

/*
 * SSL_new copies these from the context, and SSL_set_SSL_CTX leaves them as they are. Groups, which
 * SSL_new copies, too, have no getter; settings of the connection alone stay.
 */
int lsw_SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx)
{
    uint64_t before = SSL_CTX_get_options(SSL_get_SSL_CTX(ssl)), after = SSL_CTX_get_options(ctx);
    unsigned char *client_types = NULL, *server_types = NULL;
    size_t client_count = 0, server_count = 0;

    if (SSL_set_SSL_CTX(ssl, ctx) != ctx || !SSL_set1_param(ssl, SSL_CTX_get0_param(ctx))
        || !SSL_set_min_proto_version(ssl, SSL_CTX_get_min_proto_version(ctx))
        || !SSL_set_max_proto_version(ssl, SSL_CTX_get_max_proto_version(ctx)))
        return 0;
    /* Certificates or raw public keys: extensions are looked at after the ClientHello callback. NULL for none clears them. */
    if (!SSL_CTX_get0_client_cert_type(ctx, &client_types, &client_count) || !SSL_set1_client_cert_type(ssl, client_types, client_count)
        || !SSL_CTX_get0_server_cert_type(ctx, &server_types, &server_count) || !SSL_set1_server_cert_type(ssl, server_types, server_count))
        return 0;
    SSL_clear_options(ssl, before & ~after);
    SSL_set_options(ssl, after);
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(ctx), lsw_verify_trampoline);
    /* Some callbacks are the context's. */
    lsw_SSL_set_callbacks(ssl, lsw_conn_of(ssl)->wanted);
    return 1;
}

int lsw_SSL_set1_groups_list(SSL *ssl, const char *list)
{
    return (int)SSL_set1_groups_list(ssl, list);
}
