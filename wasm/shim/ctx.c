/* SSL_CTX: OpenSSL's macros as functions, and calls of several steps. */
#include "internal.h"

SSL_CTX *lsw_SSL_CTX_new(int method)
{
    SSL_CTX *ctx = SSL_CTX_new(method == 1 ? TLS_client_method() : method == 2 ? TLS_server_method() : TLS_method());

    if (ctx == NULL)
        return NULL;
    /* The bytes of a write are copied in: their address means nothing to the caller, and may differ when it repeats. */
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(ctx, SSL_CTX_get_verify_mode(ctx), lsw_verify_trampoline);
    SSL_CTX_set_cert_verify_callback(ctx, lsw_chain_trampoline, NULL);
    SSL_CTX_set_tlsext_status_cb(ctx, lsw_status_trampoline);
    SSL_CTX_set_client_hello_cb(ctx, lsw_client_hello_trampoline, NULL);
    SSL_CTX_set_tlsext_servername_callback(ctx, lsw_servername_trampoline);
    SSL_CTX_set_cert_cb(ctx, lsw_cert_trampoline, NULL);
    SSL_CTX_set_info_callback(ctx, lsw_info_trampoline);
    if (method != 1 && !lsw_make_tickets(ctx)) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

uint32_t lsw_SSL_CTX_set_mode(SSL_CTX *ctx, uint32_t mode)
{
    return (uint32_t)SSL_CTX_set_mode(ctx, (long)mode);
}

long lsw_SSL_CTX_set_max_cert_list(SSL_CTX *ctx, long bytes)
{
    return SSL_CTX_set_max_cert_list(ctx, bytes);
}

int lsw_SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version)
{
    return SSL_CTX_set_min_proto_version(ctx, version);
}

int lsw_SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version)
{
    return SSL_CTX_set_max_proto_version(ctx, version);
}

int lsw_SSL_CTX_set1_groups_list(SSL_CTX *ctx, const char *list)
{
    return SSL_CTX_set1_groups_list(ctx, list);
}

int lsw_SSL_CTX_set1_sigalgs_list(SSL_CTX *ctx, const char *list)
{
    return SSL_CTX_set1_sigalgs_list(ctx, list);
}

int lsw_SSL_CTX_set1_client_sigalgs_list(SSL_CTX *ctx, const char *list)
{
    return SSL_CTX_set1_client_sigalgs_list(ctx, list);
}

int lsw_SSL_CTX_set_tmp_dh(SSL_CTX *ctx, const uint8_t *bytes, size_t length)
{
    EVP_PKEY *params = lsw_read(&lsw_dh_params, bytes, length);
    int bits = params != NULL ? EVP_PKEY_get_bits(params) : 0;

    if (params != NULL && !SSL_CTX_set0_tmp_dh_pkey(ctx, params)) {
        ERR_raise_data(ERR_LIB_SSL, SSL_R_DH_KEY_TOO_SMALL, "%d bits", bits);
        EVP_PKEY_free(params);
        return 0;
    }
    return bits;
}

int lsw_SSL_CTX_set_dh_auto(SSL_CTX *ctx, int onoff)
{
    return (int)SSL_CTX_set_dh_auto(ctx, onoff);
}

void lsw_SSL_CTX_set_verify(SSL_CTX *ctx, int mode)
{
    SSL_CTX_set_verify(ctx, mode, lsw_verify_trampoline);
}

long lsw_SSL_CTX_set_session_cache_mode(SSL_CTX *ctx, long mode)
{
    return SSL_CTX_set_session_cache_mode(ctx, mode);
}

long lsw_SSL_CTX_sess_set_cache_size(SSL_CTX *ctx, long count)
{
    return SSL_CTX_sess_set_cache_size(ctx, count);
}

static int add_to_chain(void *ctx, void *cert, int index)
{
    if (index == 0)
        return SSL_CTX_use_certificate(ctx, cert) && SSL_CTX_clear_chain_certs(ctx);
    return SSL_CTX_add1_chain_cert(ctx, cert);
}

int lsw_SSL_CTX_use_certificate_chain(SSL_CTX *ctx, const uint8_t *bytes, size_t length)
{
    return lsw_read_each(&lsw_certificate, bytes, length, add_to_chain, NULL, ctx) > 0;
}

X509 *lsw_SSL_CTX_get0_chain_cert(SSL_CTX *ctx, int index)
{
    STACK_OF(X509) *chain = NULL;

    if (index == 0)
        return SSL_CTX_get0_certificate(ctx);
    return SSL_CTX_get0_chain_certs(ctx, &chain) ? sk_X509_value(chain, index - 1) : NULL;
}
