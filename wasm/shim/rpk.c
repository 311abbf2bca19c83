/* Raw public keys, RFC 7250: a key where there would be a certificate. No CA vouches for it: it is known, or it is not. */
#include "internal.h"

static int accept_key(void *to, void *key, int index)
{
    struct lsw_conn *conn = to;
    struct lsw_rpk *rpk = OPENSSL_zalloc(sizeof(*rpk));

    (void)index;
    if (rpk == NULL || !EVP_PKEY_up_ref(key)) {
        OPENSSL_free(rpk);
        return 0;
    }
    rpk->key = key;
    rpk->next = conn->accepted_rpks;
    conn->accepted_rpks = rpk;
    return 1;
}

int lsw_SSL_accept_rpk(SSL *ssl, const uint8_t *bytes, size_t length)
{
    return lsw_read_each(&lsw_public_key, bytes, length, accept_key, NULL, lsw_conn_of(ssl)) > 0;
}

/*
 * OpenSSL's own way is DANE, which would also change what certificates are held against. Without it OpenSSL calls every
 * raw key untrusted, and asks: here those that are known get their yes.
 */
int lsw_rpk_verdict(const struct lsw_conn *conn, X509_STORE_CTX *store_ctx, int preverify_ok)
{
    EVP_PKEY *key = X509_STORE_CTX_get0_rpk(store_ctx);
    const struct lsw_rpk *rpk;

    if (key == NULL || X509_STORE_CTX_get_error(store_ctx) != X509_V_ERR_RPK_UNTRUSTED)
        return preverify_ok;
    for (rpk = conn->accepted_rpks; rpk != NULL; rpk = rpk->next) {
        if (EVP_PKEY_eq(rpk->key, key) == 1) {
            X509_STORE_CTX_set_error(store_ctx, X509_V_OK);
            return 1;
        }
    }
    return preverify_ok;
}

int lsw_SSL_get_peer_rpk(const SSL *ssl, uint8_t *buf, size_t capacity)
{
    EVP_PKEY *key = SSL_get0_peer_rpk(ssl);
    int length = key != NULL ? i2d_PUBKEY(key, NULL) : -1;

    return length > 0 && (size_t)length <= capacity ? i2d_PUBKEY(key, &buf) : length;
}
