/* External pre-shared keys: of TLS 1.3, where OpenSSL takes them for sessions, and of TLS 1.2's PSK suites. */
#include <string.h>
#include "internal.h"

/* Attached to the session that is made from a key, so that a connection's session tells its key's identity. */
struct identity {
    size_t length;
    uint8_t bytes[];
};

static struct identity *identity_new(const uint8_t *bytes, size_t length)
{
    struct identity *identity = OPENSSL_malloc(sizeof(*identity) + length);

    if (identity == NULL)
        return NULL;
    identity->length = length;
    memcpy(identity->bytes, bytes, length);
    return identity;
}

/* A server's session is a copy. */
static int identity_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **from_d, int idx, long argl, void *argp)
{
    const struct identity *identity = *from_d;

    (void)to, (void)from, (void)idx, (void)argl, (void)argp;
    return identity == NULL || (*from_d = identity_new(identity->bytes, identity->length)) != NULL;
}

LSW_EX_DATA(SSL_SESSION, identity, identity_dup, OPENSSL_free)

/* The session that stands for a key; of its suite the hash alone matters. */
static SSL_SESSION *session_of(SSL *ssl, const uint8_t *identity, size_t identity_length, const uint8_t *key, int answer)
{
    const unsigned char suite[] = { 0x13, answer & LSW_PSK_SHA384 ? 0x02 : 0x01 };
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, suite);
    struct identity *own = identity_new(identity, identity_length);
    SSL_SESSION *session = SSL_SESSION_new();

    if (own != NULL && session != NULL && SSL_SESSION_set_ex_data(session, identity_index(), own)) {
        if (cipher != NULL && SSL_SESSION_set1_master_key(session, key, (size_t)(answer & ~LSW_PSK_SHA384))
            && SSL_SESSION_set_cipher(session, cipher) && SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION))
            return session;
        own = NULL;
    }
    OPENSSL_free(own);
    SSL_SESSION_free(session);
    return NULL;
}

/* TLS 1.3, client. `md` is the hash that a HelloRetryRequest has settled on: a key of the other one is not offered then. */
static int use_session(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_length, SSL_SESSION **session)
{
    struct lsw_conn *conn = lsw_conn_of(ssl);
    uint8_t key[PSK_MAX_PSK_LEN];
    char identity[PSK_MAX_IDENTITY_LEN + 1] = "";
    int answer = lsw_js_psk_client_cb(ssl, NULL, identity, sizeof(identity), key, sizeof(key)), ok = answer >= 0;

    *session = NULL;
    if (answer > 0 && (md == NULL || EVP_MD_is_a(md, answer & LSW_PSK_SHA384 ? "SHA2-384" : "SHA2-256"))) {
        *id_length = strlen(identity);
        *session = session_of(ssl, (uint8_t *)identity, *id_length, key, answer);
        OPENSSL_free(conn->psk_identity);
        conn->psk_identity = OPENSSL_strdup(identity); /* OpenSSL wants it as long as the handshake lasts */
        *id = (unsigned char *)conn->psk_identity;
        ok = *session != NULL && *id != NULL;
    }
    OPENSSL_cleanse(key, sizeof(key));
    return ok;
}

/* TLS 1.3, server: for each identity that the client offers, tickets among them. */
static int find_session(SSL *ssl, const unsigned char *identity, size_t length, SSL_SESSION **session)
{
    uint8_t key[PSK_MAX_PSK_LEN];
    int answer = lsw_js_psk_server_cb(ssl, identity, length, key, sizeof(key));

    *session = answer > 0 ? session_of(ssl, identity, length, key, answer) : NULL;
    OPENSSL_cleanse(key, sizeof(key));
    return answer == 0 || *session != NULL;
}

/*
 * TLS 1.2, client. OpenSSL also calls it for TLS 1.3 when use_session has given no key, and would offer the key under
 * SHA-256 whatever its hash is: so it gives one in TLS 1.2's own state alone.
 */
static unsigned int client(SSL *ssl, const char *hint, char *identity, unsigned int identity_capacity, unsigned char *key,
    unsigned int key_capacity)
{
    int answer = SSL_get_state(ssl) != TLS_ST_CW_KEY_EXCH
        ? 0
        : lsw_js_psk_client_cb(ssl, hint, identity, (int)identity_capacity, key, (int)key_capacity);

    return answer > 0 ? (unsigned int)(answer & ~LSW_PSK_SHA384) : 0;
}

/* TLS 1.2, server. In TLS 1.3 find_session has been asked. */
static unsigned int server(SSL *ssl, const char *identity, unsigned char *key, unsigned int key_capacity)
{
    int answer = SSL_version(ssl) >= TLS1_3_VERSION
        ? 0
        : lsw_js_psk_server_cb(ssl, (const uint8_t *)identity, strlen(identity), key, (int)key_capacity);

    return answer > 0 ? (unsigned int)(answer & ~LSW_PSK_SHA384) : 0;
}

void lsw_install_psk(SSL *ssl, int client_wanted, int server_wanted)
{
    SSL_set_psk_use_session_callback(ssl, client_wanted ? use_session : NULL);
    /* A server's, too: SSL_get1_supported_ciphers leaves PSK suites out without it. A server calls the other. */
    SSL_set_psk_client_callback(ssl, client_wanted || server_wanted ? client : NULL);
    SSL_set_psk_find_session_callback(ssl, server_wanted ? find_session : NULL);
    SSL_set_psk_server_callback(ssl, server_wanted ? server : NULL);
}

int lsw_SSL_get_psk_identity(const SSL *ssl, uint8_t *buf, size_t capacity)
{
    const SSL_SESSION *session = SSL_get_session(ssl);
    const struct identity *own = session != NULL ? SSL_SESSION_get_ex_data(session, identity_index()) : NULL;
    const void *bytes = own != NULL ? own->bytes : (const void *)SSL_get_psk_identity(ssl);
    size_t length = own != NULL ? own->length : bytes != NULL ? strlen(bytes) : 0;

    if (bytes == NULL)
        return -1;
    if (length <= capacity)
        memcpy(buf, bytes, length);
    return (int)length;
}
