/* How large records are. */
#include "lsw.h"

/* A smaller value also lowers split_send_fragment, which records then keep to: it goes up with a larger one. */
int lsw_SSL_CTX_set_max_send_fragment(SSL_CTX *ctx, long bytes)
{
    return SSL_CTX_set_max_send_fragment(ctx, bytes) && SSL_CTX_set_split_send_fragment(ctx, bytes);
}

int lsw_SSL_set_max_send_fragment(SSL *ssl, long bytes)
{
    return SSL_set_max_send_fragment(ssl, bytes) && SSL_set_split_send_fragment(ssl, bytes);
}

int lsw_SSL_CTX_set_tlsext_max_fragment_length(SSL_CTX *ctx, int mode)
{
    return SSL_CTX_set_tlsext_max_fragment_length(ctx, (uint8_t)mode);
}

int lsw_SSL_get_max_fragment_length(SSL *ssl)
{
    const SSL_SESSION *session = SSL_get_session(ssl);

    return session != NULL ? SSL_SESSION_get_max_fragment_length(session) : TLSEXT_max_fragment_length_DISABLED;
}
