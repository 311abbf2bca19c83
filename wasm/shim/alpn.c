/* ALPN on a server: JavaScript chooses, or else a list, which hangs in the context's ex_data. */
#include <string.h>
#include "internal.h"

struct protos {
    unsigned int length;
    uint8_t bytes[];
};

LSW_EX_DATA(SSL_CTX, protos, NULL, OPENSSL_free)

static int select_by_list(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in, unsigned int in_length)
{
    const struct protos *protos = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), protos_index());

    if (protos == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    if (SSL_select_next_proto((unsigned char **)out, out_length, protos->bytes, protos->length, in, in_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* no_application_protocol, RFC 7301 section 3.2 */
    return SSL_TLSEXT_ERR_OK;
}

int lsw_alpn_trampoline(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in, unsigned int in_length,
    void *arg)
{
    int offset;

    (void)arg;
    if (!lsw_wants(ssl, LSW_WANT_ALPN_CB))
        return select_by_list(ssl, out, out_length, in, in_length);
    offset = lsw_js_alpn_cb(ssl, in, in_length);
    if (offset < 0)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = in + offset + 1;
    *out_length = in[offset];
    return SSL_TLSEXT_ERR_OK;
}

int lsw_SSL_CTX_set_alpn_select_protos(SSL_CTX *ctx, const uint8_t *bytes, size_t length)
{
    struct protos *protos = OPENSSL_malloc(sizeof(*protos) + length);

    if (protos == NULL)
        return 0;
    protos->length = (unsigned int)length;
    memcpy(protos->bytes, bytes, length);
    OPENSSL_free(SSL_CTX_get_ex_data(ctx, protos_index()));
    if (!SSL_CTX_set_ex_data(ctx, protos_index(), protos)) {
        OPENSSL_free(protos);
        return 0;
    }
    SSL_CTX_set_alpn_select_cb(ctx, lsw_alpn_trampoline, NULL);
    return 1;
}
