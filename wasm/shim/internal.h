/* What the shim's own files share. Not part of the ABI. */
#ifndef LSW_INTERNAL_H
#define LSW_INTERNAL_H

#include "lsw.h"

/* What the shim remembers for one SSL; hangs in its ex_data, is freed with it. */
struct lsw_conn {
    int handle;            /* JavaScript's name of the connection */
    int wanted;            /* LSW_WANT_* */
    int alert_received;    /* level << 8 | description, or -1 */
    int alert_sent;        /* likewise */
    int client_finished;   /* Finished messages of a client that were read */
    int verify_depth;      /* where verification failed, or -1 */
    X509 *verify_cert;     /* what it failed at, or NULL; owned */
    char *psk_identity;    /* a client's, or NULL; owned */
    char *servername;      /* what a client has asked for, or NULL; owned */
    struct lsw_rpk *accepted_rpks; /* owned */
    SSL_CTX *first_ctx;    /* the one it was made from, whatever it uses now; OpenSSL keeps it for sessions; borrowed */
    X509_STORE_CTX *verifying; /* while JavaScript is asked about its chain */
    int ocsp;              /* LSW_OCSP_*, 0 for not asked for */
};

/* rpk.c: raw public keys that the peer may have. */
struct lsw_rpk {
    EVP_PKEY *key;
    struct lsw_rpk *next;
};
void lsw_rpk_free(struct lsw_rpk *first);
/* What becomes of a verdict once the peer's raw key, if it is one, was looked for among them. */
int lsw_rpk_verdict(const struct lsw_conn *conn, X509_STORE_CTX *store_ctx, int preverify_ok);

/* session.c: whether the peer's certificate, if the session has one, is out of its time. */
int lsw_session_peer_expired(SSL *ssl, SSL_SESSION *session);

/* NULL for an SSL that lsw_SSL_new did not make. */
struct lsw_conn *lsw_conn_of(const SSL *ssl);

/* client_hello.c: keeps the name that this ClientHello asks for. Within a ClientHello callback. 1 on success. */
int lsw_remember_servername(SSL *ssl, struct lsw_conn *conn);

/* ctx.c: whether it is text rather than DER. */
int lsw_looks_like_pem(const uint8_t *bytes, size_t length);

/* callbacks.c: keeps where verification failed. Takes a reference of its own. */
void lsw_remember_failure(struct lsw_conn *conn, X509 *cert, int depth);

/* x509.c: RFC 2253, as what lsw.h says of text. */
int lsw_print_name(const X509_NAME *name, uint8_t *buf, size_t capacity);

/* verify.c, ocsp.c: more trampolines. */
int lsw_chain_trampoline(X509_STORE_CTX *store_ctx, void *arg);
int lsw_status_trampoline(SSL *ssl, void *arg);

/* callbacks.c: the static trampolines, for ctx.c to install. */
int lsw_verify_trampoline(int preverify_ok, X509_STORE_CTX *store_ctx);
int lsw_client_hello_trampoline(SSL *ssl, int *alert, void *arg);
int lsw_cert_trampoline(SSL *ssl, void *arg);
int lsw_alpn_trampoline(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
    unsigned int in_length, void *arg);
void lsw_info_callback(const SSL *ssl, int where, int value);
void lsw_msg_trampoline(int write_p, int version, int content_type, const void *buf, size_t length, SSL *ssl, void *arg);
void lsw_keylog_trampoline(const SSL *ssl, const char *line);

/* ctx.c: chooses by the list that the context has, if any. */
int lsw_alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
    unsigned int in_length);

/*
 * err.c: around every call of JavaScript. OpenSSL may hold errors at that moment (it raises one, then writes the
 * alert) and JavaScript may call OpenSSL for another connection, which empties the queue and fills it anew.
 * Call restore with what save gave, NULL included.
 */
ERR_STATE *lsw_errors_save(void);
void lsw_errors_restore(ERR_STATE *errors);

/* verify.c: whether a callback that decides has answered LSW_REFUSE_WITH less an alert. Then it is sent, and the callback
   is to fail. */
int lsw_refused(SSL *ssl, int answer);

#endif
