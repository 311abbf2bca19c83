/* SSL_CTX: what OpenSSL has only as macros, and what takes several steps. */
#include <string.h>
#include <openssl/pem.h>
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
    SSL_CTX_set_cert_cb(ctx, lsw_cert_trampoline, NULL);
    SSL_CTX_set_info_callback(ctx, lsw_info_callback);
    return ctx;
}

uint32_t lsw_SSL_CTX_set_mode(SSL_CTX *ctx, uint32_t mode)
{
    return (uint32_t)SSL_CTX_set_mode(ctx, (long)mode);
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

/* ALPN on the server: the list hangs in the context's ex_data and is freed with it. */
struct protos {
    unsigned int length;
    uint8_t bytes[];
};

static void protos_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    OPENSSL_free(ptr);
}

static int protos_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, protos_free);
    return index;
}

int lsw_alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
    unsigned int in_length)
{
    const struct protos *protos = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), protos_index());

    if (protos == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    if (SSL_select_next_proto((unsigned char **)out, out_length, protos->bytes, protos->length, in, in_length)
        != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* no_application_protocol, RFC 7301 section 3.2 */
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

int lsw_looks_like_pem(const uint8_t *bytes, size_t length)
{
    return length == 0 || bytes[0] != 0x30; /* DER begins with a SEQUENCE */
}

/* The next certificate of a PEM text. NULL at its end, or on a broken one; then the queue is not empty. */
static X509 *next_pem_cert(BIO *bio)
{
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned long error = ERR_peek_last_error();

    if (cert == NULL && ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
        ERR_clear_error();
    return cert;
}

static X509 *der_cert(const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes;
    X509 *cert = d2i_X509(NULL, &end, (long)length);

    if (cert != NULL && end != bytes + length) {
        X509_free(cert);
        ERR_raise_data(ERR_LIB_ASN1, ASN1_R_TOO_LONG, "bytes after the certificate");
        return NULL;
    }
    return cert;
}

/* Calls `add` for each certificate. Returns how many there were, or -1. */
static int each_cert(const uint8_t *bytes, size_t length, int (*add)(void *to, X509 *cert, int index), void *to)
{
    BIO *bio = NULL;
    X509 *cert = NULL;
    int count = 0, pem = lsw_looks_like_pem(bytes, length);

    ERR_clear_error();
    if (pem && (bio = BIO_new_mem_buf(bytes, (int)length)) == NULL)
        return -1;
    while ((cert = pem ? next_pem_cert(bio) : count == 0 ? der_cert(bytes, length) : NULL) != NULL) {
        int added = add(to, cert, count);

        X509_free(cert);
        if (!added) {
            BIO_free(bio);
            return -1;
        }
        count++;
    }
    BIO_free(bio);
    if (ERR_peek_error() != 0)
        return -1;
    if (count == 0) {
        ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
        return -1;
    }
    return count;
}

static int add_to_chain(void *ctx, X509 *cert, int index)
{
    if (index == 0)
        return SSL_CTX_use_certificate(ctx, cert) && SSL_CTX_clear_chain_certs(ctx);
    return SSL_CTX_add1_chain_cert(ctx, cert);
}

int lsw_SSL_CTX_use_certificate_chain(SSL_CTX *ctx, const uint8_t *bytes, size_t length)
{
    return each_cert(bytes, length, add_to_chain, ctx) > 0;
}

X509 *lsw_SSL_CTX_get0_chain_cert(SSL_CTX *ctx, int index)
{
    STACK_OF(X509) *chain = NULL;

    if (index == 0)
        return SSL_CTX_get0_certificate(ctx);
    return SSL_CTX_get0_chain_certs(ctx, &chain) ? sk_X509_value(chain, index - 1) : NULL;
}

static int add_to_store(void *store, X509 *cert, int index)
{
    (void)index;
    return X509_STORE_add_cert(store, cert);
}

int lsw_X509_STORE_add_certs(X509_STORE *store, const uint8_t *bytes, size_t length)
{
    return each_cert(bytes, length, add_to_store, store);
}
