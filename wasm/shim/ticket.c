/*
 * Session tickets under keys that the application brings, or random ones: the first key makes tickets, the others still open
 * theirs, whose holders then get a new one. The keys hang in the context's ex_data, are overwritten and freed with it.
 */
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "internal.h"

/* Keys of 16 bytes take the first halves. */
struct ticket_key {
    uint8_t name[16];
    uint8_t cipher_key[32];
    uint8_t mac_key[32];
};

struct ticket_keys {
    size_t count;
    size_t secret_bytes; /* 32, or 16 for AES-128 */
    struct ticket_key keys[];
};

static void keys_free(struct ticket_keys *keys)
{
    OPENSSL_clear_free(keys, sizeof(*keys) + keys->count * sizeof(keys->keys[0]));
}

LSW_EX_DATA(SSL_CTX, keys, NULL, keys_free)

static int use_key(const struct ticket_keys *keys, size_t index, const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
    int encrypt)
{
    const struct ticket_key *key = &keys->keys[index];
    OSSL_PARAM params[3];

    params[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->mac_key, keys->secret_bytes);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    params[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(mac, params)
        && EVP_CipherInit_ex(cipher, keys->secret_bytes == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc(), NULL, key->cipher_key, iv, encrypt);
}

/*
 * OpenSSL's server makes no ticket of a session of more than 65,280 bytes: it fails (construct_stateless_ticket). A client has less
 * room: all extensions of its ClientHello are 65,535 bytes at most, its key shares among them.
 */
#define MAX_SESSION_BYTES 60000

/*
 * OpenSSL looks at the session's length before it asks for a key, which may be declined. So if the session is too long, a short
 * one takes its place until then: the same SSL_SESSION with other contents.
 */
static int set_session_aside(struct lsw_conn *conn, SSL_SESSION *session)
{
    SSL_SESSION *brief = SSL_SESSION_new();
    unsigned char *bytes = NULL;
    const unsigned char *at;
    int length = 0, ok;

    if (brief != NULL && SSL_SESSION_set_cipher(brief, SSL_SESSION_get0_cipher(session))
        && SSL_SESSION_set_protocol_version(brief, SSL_SESSION_get_protocol_version(session)))
        length = i2d_SSL_SESSION(brief, &bytes);
    SSL_SESSION_free(brief);
    at = bytes;
    ok = length > 0 && (conn->session_aside_length = i2d_SSL_SESSION(session, &conn->session_aside)) > 0
        && d2i_SSL_SESSION(&session, &at, length) != NULL;
    OPENSSL_free(bytes);
    return ok;
}

static int put_session_back(struct lsw_conn *conn, SSL_SESSION *session)
{
    const unsigned char *at = conn->session_aside;
    int ok = at == NULL || d2i_SSL_SESSION(&session, &at, conn->session_aside_length) != NULL;

    OPENSSL_clear_free(conn->session_aside, (size_t)conn->session_aside_length);
    conn->session_aside = NULL;
    return ok;
}

/* TLS 1.3 has tickets that are no more than a session's id: as tls_construct_new_session_ticket decides. */
static int holds_session(const SSL *ssl)
{
    uint64_t options = SSL_get_options(ssl);

    return SSL_version(ssl) < TLS1_3_VERSION
        || (!(options & SSL_OP_NO_TICKET) && (SSL_get_max_early_data(ssl) == 0 || options & SSL_OP_NO_ANTI_REPLAY));
}

/* SSL_CTX_set_session_ticket_cb(3): before each ticket; 0 is failure. */
static int new_ticket_callback(SSL *ssl, void *arg)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    SSL_SESSION *session = SSL_get_session(ssl);
    int answer;

    (void)arg;
    if (conn == NULL || !holds_session(ssl))
        return 1;
    answer = lsw_wants(ssl, LSW_WANT_TICKET_CB) ? lsw_js_ticket_cb(ssl) : 1;
    conn->declines_ticket = answer == 0;
    if (answer < 0)
        return 0;
    if (i2d_SSL_SESSION(session, NULL) <= MAX_SESSION_BYTES)
        return 1;
    conn->declines_ticket = 1;
    return set_session_aside(conn, session);
}

/* `bytes` are `count` keys as lsw.h has them. NULL if there is no memory. */
static struct ticket_keys *set_keys(SSL_CTX *ctx, const uint8_t *bytes, size_t count, size_t secret_bytes)
{
    size_t i, size = sizeof(struct ticket_keys) + count * sizeof(struct ticket_key);
    struct ticket_keys *old = SSL_CTX_get_ex_data(ctx, keys_index()), *keys = OPENSSL_zalloc(size);

    if (keys == NULL)
        return NULL;
    keys->count = count;
    keys->secret_bytes = secret_bytes;
    for (i = 0; i < count; i++, bytes += sizeof(keys->keys[0].name) + 2 * secret_bytes) {
        struct ticket_key *key = &keys->keys[i];
        const uint8_t *secrets = bytes + sizeof(key->name);

        memcpy(key->name, bytes, sizeof(key->name));
        memcpy(secret_bytes == 16 ? key->mac_key : key->cipher_key, secrets, secret_bytes);
        memcpy(secret_bytes == 16 ? key->cipher_key : key->mac_key, secrets + secret_bytes, secret_bytes);
    }
    if (!SSL_CTX_set_ex_data(ctx, keys_index(), keys)) {
        OPENSSL_clear_free(keys, size);
        return NULL;
    }
    if (old != NULL)
        keys_free(old);
    return keys;
}

/* For the first ticket of a context that was given no keys: most make none. */
static struct ticket_keys *set_random_keys(SSL_CTX *ctx)
{
    uint8_t bytes[LSW_TICKET_KEY_BYTES];
    struct ticket_keys *keys = NULL;

    if (RAND_bytes(bytes, 16) > 0 && RAND_priv_bytes(bytes + 16, sizeof(bytes) - 16) > 0) /* others see a key's name */
        keys = set_keys(ctx, bytes, 1, 32);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return keys;
}

/* SSL_CTX_set_tlsext_ticket_key_cb(3): 1 go on, 2 go on and renew, 0 no such key, -1 failure. */
static int ticket_key_callback(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    const struct ticket_keys *keys = conn != NULL ? SSL_CTX_get_ex_data(conn->first_ctx, keys_index()) : NULL;
    /* A client uses a TLS 1.3 ticket once (RFC 8446 appendix C.4): it needs the next. OpenSSL's own keys do the same. */
    int once;
    size_t i;

    if (conn == NULL || (keys == NULL && !encrypt))
        return 0;
    if (encrypt) {
        if (!put_session_back(conn, SSL_get_session(ssl)))
            return -1;
        if (conn->declines_ticket)
            return 0;
        if (keys == NULL)
            keys = set_random_keys(conn->first_ctx);
        if (keys == NULL || RAND_bytes(iv, 16) <= 0)
            return -1;
        memcpy(name, keys->keys[0].name, sizeof(keys->keys[0].name));
        return use_key(keys, 0, iv, cipher, mac, 1) ? 1 : -1;
    }
    /* A ticket of TLS 1.3 is used once, RFC 8446 appendix C.4; not with keys in Node's form, whose owners expect what Node does. */
    once = SSL_version(ssl) >= TLS1_3_VERSION && keys->secret_bytes == 32;
    for (i = 0; i < keys->count; i++) {
        if (memcmp(name, keys->keys[i].name, sizeof(keys->keys[i].name)) == 0)
            return !use_key(keys, i, iv, cipher, mac, 0) ? -1 : i == 0 && !once ? 1 : 2;
    }
    return 0;
}

/* SSL_CTX_set_session_ticket_cb(3): the fate of a ticket that was opened, or could not be. */
static SSL_TICKET_RETURN opened_ticket_callback(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_length,
    SSL_TICKET_STATUS status, void *arg)
{
    (void)name, (void)name_length, (void)arg;
    if ((status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) || lsw_session_peer_expired(ssl, session)
        || lsw_session_of_another_name(ssl, session))
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

int lsw_SSL_CTX_set_ticket_keys(SSL_CTX *ctx, const uint8_t *bytes, size_t length, size_t key_bytes)
{
    size_t count = length / key_bytes;

    ERR_clear_error();
    if (count == 0 || length % key_bytes != 0) {
        ERR_raise(ERR_LIB_SSL, SSL_R_INVALID_TICKET_KEYS_LENGTH);
        return 0;
    }
    return set_keys(ctx, bytes, count, key_bytes == LSW_TICKET_KEY128_BYTES ? 16 : 32) != NULL;
}

int lsw_make_tickets(SSL_CTX *ctx)
{
    return SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_key_callback)
        && SSL_CTX_set_session_ticket_cb(ctx, new_ticket_callback, opened_ticket_callback, NULL);
}
