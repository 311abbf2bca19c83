/* Shared by the shim's own files. Not part of the ABI. */
#ifndef LSW_INTERNAL_H
#define LSW_INTERNAL_H

#include "lsw.h"
#include "callbacks.gen.h" /* LSW_WANT_* */

/* ---- pem.c: the blocks of a PEM text ---- */

/* A text, without what editors add. */
struct lsw_pem {
    char *text;       /* owned */
    const char *next; /* where the next block is looked for */
    size_t capacity;
};

/* From its first dashes to its last, or as far as it goes. Borrowed from the text. */
struct lsw_block {
    const char *text;
    size_t length;
    const char *label;
    size_t label_length;
};

/* 1, or 0 for want of memory. Close what was opened: the copy is overwritten, as there may be keys in it. */
int lsw_pem_open(struct lsw_pem *pem, const uint8_t *bytes, size_t length);
void lsw_pem_close(struct lsw_pem *pem);
/* Whether there is another block; it may be cut off or broken. */
int lsw_pem_next(struct lsw_pem *pem, struct lsw_block *block);
int lsw_block_is(const struct lsw_block *block, const char *label);
int lsw_block_ends_in(const struct lsw_block *block, const char *words);
/* Owned: what the block holds, decrypted if its header says that it is encrypted. NULL if it cannot be read; the error queue says why. */
uint8_t *lsw_block_der(const struct lsw_block *block, pem_password_cb *passphrase, void *arg, size_t *length);
/* Raises an error of the PEM library with the block's label. */
void lsw_block_raise(const struct lsw_block *block, int reason);
/* Raises the error that there is no block of the wanted kind; it names those that there are. */
void lsw_pem_raise_none(struct lsw_pem *pem);
/* A pem_password_cb that has none: without a callback OpenSSL would look for a terminal to ask. */
int lsw_no_passphrase(char *buf, int size, int rwflag, void *arg);

/* ---- read.c: PEM or DER ---- */

struct lsw_form;
extern const struct lsw_form lsw_certificate, lsw_crl, lsw_public_key, lsw_pkcs12; /* X509, X509_CRL, EVP_PKEY, PKCS12 */
extern const struct lsw_form lsw_dh_params; /* EVP_PKEY */
extern const struct lsw_form lsw_session, lsw_ocsp_response; /* SSL_SESSION, OCSP_RESPONSE: DER alone */

/* Owned: the first of a PEM text, or the one of a DER encoding. NULL for anything else; the error queue says why. */
void *lsw_read(const struct lsw_form *form, const uint8_t *bytes, size_t length);
/*
 * Calls `add` with each of a PEM text, or the one of a DER encoding. Returns how many there were, or -1 less the number of those before
 * the one that failed; the error queue says why. `take`, if there is one, is called first, with the encoding: 1 if it has taken that in
 * the place of the object.
 */
int lsw_read_each(const struct lsw_form *form, const uint8_t *bytes, size_t length, int (*add)(void *to, void *object, int index),
    int (*take)(void *to, const uint8_t *der, size_t length), void *to);
/* Whether the bytes look like DER rather than text. */
int lsw_is_der(const uint8_t *bytes, size_t length);

/* ---- plain_certificate.c ---- */

#define LSW_LONGEST_PLAIN_NAME 256
/*
 * Whether d2i_X509 is known to read these bytes, all of them. Then `subject` is the canonical form of the certificate's subject, by
 * which X509_NAME_cmp compares, and its length is returned. 0 for others: they must be read.
 */
size_t lsw_plain_subject(const uint8_t *bytes, size_t length, uint8_t subject[LSW_LONGEST_PLAIN_NAME]);

/* ---- pbe.c: what keys are encrypted by ---- */

/* Owned: ciphers that are for reading keys alone, until OSSL_PROVIDER_unload. NULL is allowed there. */
OSSL_PROVIDER *lsw_old_ciphers(void);
/* Whether we have what something is encrypted or authenticated by. If not, the error queue holds its name, and nothing else. */
int lsw_has_encryption(const X509_ALGOR *algorithm);
int lsw_has_mac(const X509_ALGOR *algorithm);
/* Whether the failure in the error queue is that of a wrong passphrase, and not of a broken encoding. */
int lsw_passphrase_was_wrong(void);

/* ---- err.c ---- */

/*
 * Around every call of JavaScript. OpenSSL may hold errors at that moment (it raises one, then writes the alert), and
 * JavaScript may call OpenSSL for another connection, which empties the queue and fills it anew. Call restore with what
 * save gave, NULL included.
 */
ERR_STATE *lsw_errors_save(void);
void lsw_errors_restore(ERR_STATE *errors);

/* ---- ex_data: the shim's own data, attached to OpenSSL's objects ---- */

/*
 * Defines NAME_index(), the number of a slot in each TYPE (SSL, SSL_CTX, SSL_SESSION). Data that is put there is
 * freed with the object by FREE, and copied with it by DUP, a CRYPTO_EX_dup or NULL.
 */
#define LSW_EX_DATA(TYPE, NAME, DUP, FREE) \
    static void NAME##_free_ex(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp) \
    { \
        (void)parent, (void)ad, (void)idx, (void)argl, (void)argp; \
        if (ptr != NULL) \
            FREE(ptr); \
    } \
    static int NAME##_index(void) \
    { \
        static int index = -1; \
\
        if (index < 0) \
            index = TYPE##_get_ex_new_index(0, NULL, NULL, DUP, NAME##_free_ex); \
        return index; \
    }

/* ---- conn.c: the shim's memory of one SSL, in its ex_data ---- */

struct lsw_conn {
    int handle;            /* JavaScript's name of the connection */
    int wanted;            /* LSW_WANT_* */
    int alert_received;    /* level << 8 | description, or -1 */
    int alert_sent;        /* the same of an alert that we sent */
    int client_finished;   /* Finished messages of a client that were read */
    int verify_depth;      /* where verification failed, or -1 */
    X509 *verify_cert;     /* the certificate that it failed at, or NULL; owned */
    char *psk_identity;    /* a client's, or NULL; owned */
    char *servername;      /* that a client has asked for, or NULL; owned */
    int hello_read;        /* a client's first ClientHello has been read */
    int acknowledges_servername;
    struct lsw_rpk *accepted_rpks; /* owned */
    SSL_CTX *first_ctx;    /* the one it was made from, whatever it uses now; OpenSSL keeps it for sessions; borrowed */
    X509_STORE_CTX *verifying; /* while JavaScript is asked about its chain */
    int ocsp;              /* LSW_OCSP_*, 0 for not asked for */
    int declines_ticket;   /* the one that is being made */
    uint8_t *session_aside; /* ASN.1 of the session while another one stands in its place (ticket.c), or NULL; owned */
    int session_aside_length;
};

/* A list of raw public keys that the peer may have. */
struct lsw_rpk {
    EVP_PKEY *key;
    struct lsw_rpk *next;
};

/* NULL for an SSL that lsw_SSL_new did not make. */
struct lsw_conn *lsw_conn_of(const SSL *ssl);
/* Whether JavaScript wants to be called: one of LSW_WANT_*. */
int lsw_wants(const SSL *ssl, int callback);
/* Keeps where verification failed. Takes a reference of its own. */
void lsw_remember_failure(struct lsw_conn *conn, X509 *cert, int depth);

/* For the generated callbacks: JavaScript's names, the BIO's being what bio_callback.c has put in it. */
int lsw_SSL_handle(const SSL *ssl);
static inline int lsw_BIO_handle(BIO *bio)
{
    return (int)(intptr_t)BIO_get_data(bio);
}

/* alert.c: whether a callback that decides has answered LSW_REFUSE_WITH less an alert. Then it is sent, and the callback
   is to fail. */
int lsw_refused(SSL *ssl, int answer);

/* servername.c. Whether it is the name of a host; without the dot of the root then. */
int lsw_host_name(char *name);
/* In the callback for a ClientHello: keeps the name that is asked for, if it is one. 0, and an alert, if the client is to be refused. */
int lsw_remember_servername(SSL *ssl, int *alert);
/* Whether a session may not be resumed, as it was made for another name than is asked for now. */
int lsw_session_of_another_name(SSL *ssl, const SSL_SESSION *session);

/* session.c: whether the peer's certificate, if the session has one, is out of its time. */
int lsw_session_peer_expired(SSL *ssl, SSL_SESSION *session);

/* ticket.c: has a server make tickets as ticket.c does. 1 on success. Its random keys are made for the first ticket. */
int lsw_make_tickets(SSL_CTX *ctx);

/* rpk.c: the verdict, or a yes if the peer has shown a raw key that is one of the accepted ones. */
int lsw_rpk_verdict(const struct lsw_conn *conn, X509_STORE_CTX *store_ctx, int preverify_ok);

/* ---- x509_print.c: parts of a certificate as text ---- */

/* X509_NAME_print_ex's for RFC 2253, with UTF-8 as it is rather than escaped. */
#define LSW_NAME_FLAGS (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB)

/* What separates the parts of a field. */
void lsw_print_nul(BIO *out);
/* An object identifier's numbers, however many. */
void lsw_print_numbers(BIO *out, const ASN1_OBJECT *object);
/* The short name of an object, or its numbers. */
void lsw_print_object(BIO *out, const ASN1_OBJECT *object);
/* Prints a string as UTF-8, or, if it has no text, in the form of RFC 2253: '#' and its DER in hexadecimal. */
void lsw_print_string(BIO *out, const ASN1_STRING *string);
/* Its kind, and NUL and the value if there is a form for it. */
void lsw_print_general_name(BIO *out, const GENERAL_NAME *name);
/* With the buffer convention of lsw.h. */
int lsw_print_name(const X509_NAME *name, uint8_t *buf, size_t capacity);

/* ---- trampolines: the functions that OpenSSL calls. One slot of the function table each, however many connections ---- */

int lsw_verify_trampoline(int preverify_ok, X509_STORE_CTX *store_ctx);
int lsw_chain_trampoline(X509_STORE_CTX *store_ctx, void *arg);
int lsw_client_hello_trampoline(SSL *ssl, int *alert, void *arg);
int lsw_servername_trampoline(SSL *ssl, int *alert, void *arg);
int lsw_cert_trampoline(SSL *ssl, void *arg);
int lsw_status_trampoline(SSL *ssl, void *arg);
int lsw_alpn_trampoline(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in, unsigned int in_length,
    void *arg);
void lsw_info_trampoline(const SSL *ssl, int where, int value);

/* psk.c */
void lsw_install_psk(SSL *ssl, int client_wanted, int server_wanted);

#endif
