/*
 * The ABI between TypeScript and OpenSSL: every call that crosses the border, and nothing else. gen-ffi.ts reads this
 * file (and x509_v.h, which it includes) and writes the export list, the typed calls, the callbacks and the constants; C
 * sources include it, so the compiler holds each line against OpenSSL's own headers.
 *
 * How to read (and write) it:
 *   - One prototype per statement, with named parameters. A name that OpenSSL has is OpenSSL's function itself.
 *     A name that begins with lsw_ is ours, in this folder: a macro made callable, or several steps that must not
 *     come apart. TypeScript sees both without the prefix.
 *   - LSW_OWNED before a return type: the caller must free the result with the type's own free function, once.
 *     Without it a pointer is borrowed: valid while the object that it came from is, or as the comment says.
 *   - LSW_TAKES before a parameter: the callee owns it from now on, even if the call fails. Such a call does nothing once
 *     the instance has ended by a trap; each other one throws then.
 *   - `uint8_t *` and `char *` are addresses in linear memory; a `const char *` returned is NUL-terminated UTF-8.
 *   - `int *error` of an I/O call receives SSL_get_error's answer. Such a call clears OpenSSL's error queue first.
 *   - LSW_CONSTANT(NAME): the generator asks the C compiler for its value.
 *   - LSW_CALLBACK(FAILURE): C calls JavaScript. FAILURE is what C gets if the callback throws.
 *     LSW_DECIDES(FAILURE): the same, and the callback may refuse the peer by an alert of its choice: JavaScript then answers
 *     LSW_REFUSE_WITH less the alert, which is sent, and C gets FAILURE.
 */
#ifndef LSW_H
#define LSW_H

#include <stddef.h>
#include <stdint.h>
#include <openssl/bio.h>
#include <openssl/ech.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#define LSW_OWNED
#define LSW_TAKES
#define LSW_CALLBACK(failure)
#define LSW_DECIDES(failure)
#define LSW_CONSTANT(name)

/* ---- memory.c ---- */

/* Zeroed memory, or NULL. Free with lsw_free. */
LSW_OWNED uint8_t *lsw_alloc(size_t size);
/* Overwrites `size` bytes, then frees them. NULL is allowed. */
void lsw_free(LSW_TAKES uint8_t *p, size_t size);
/* Bytes that the allocator has handed out and not got back. */
size_t lsw_allocated_bytes(void);

/* ---- err.c: OpenSSL's error queue ---- */

/* Takes the oldest entry off the queue. Returns its packed code, 0 if the queue is empty. `*data` receives the
   entry's extra text or "", valid until the next call. */
unsigned long lsw_ERR_get(const char **data);
void ERR_clear_error(void);
const char *ERR_lib_error_string(unsigned long code);
const char *ERR_reason_error_string(unsigned long code);
int lsw_ERR_GET_LIB(unsigned long code);
int lsw_ERR_GET_REASON(unsigned long code);
const char *X509_verify_cert_error_string(long code);
const char *OpenSSL_version(int type);

/* ---- ctx.c: SSL_CTX ---- */

/* `method`: 0 TLS_method, 1 TLS_client_method, 2 TLS_server_method. */
LSW_OWNED SSL_CTX *lsw_SSL_CTX_new(int method);
void SSL_CTX_free(LSW_TAKES SSL_CTX *ctx);
uint64_t SSL_CTX_set_options(SSL_CTX *ctx, uint64_t options);
uint64_t SSL_CTX_clear_options(SSL_CTX *ctx, uint64_t options);
uint64_t SSL_CTX_get_options(const SSL_CTX *ctx);
uint32_t lsw_SSL_CTX_set_mode(SSL_CTX *ctx, uint32_t mode);
int lsw_SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version);
int lsw_SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version);
int SSL_CTX_set_cipher_list(SSL_CTX *ctx, const char *list);
int SSL_CTX_set_ciphersuites(SSL_CTX *ctx, const char *list);
int lsw_SSL_CTX_set1_groups_list(SSL_CTX *ctx, const char *list);
int lsw_SSL_CTX_set1_sigalgs_list(SSL_CTX *ctx, const char *list);
int lsw_SSL_CTX_set1_client_sigalgs_list(SSL_CTX *ctx, const char *list);
int lsw_SSL_CTX_set_dh_auto(SSL_CTX *ctx, int onoff);
/* Diffie-Hellman parameters of a server, PEM or DER. Returns their size in bits, 0 on failure. */
int lsw_SSL_CTX_set_tmp_dh(SSL_CTX *ctx, const uint8_t *bytes, size_t length);
void SSL_CTX_set_security_level(SSL_CTX *ctx, int level);
int SSL_CTX_get_security_level(const SSL_CTX *ctx);
/* `protos`: length-prefixed names (RFC 7301), copied. 0 on success, as OpenSSL has it. */
int SSL_CTX_set_alpn_protos(SSL_CTX *ctx, const uint8_t *protos, unsigned int length);
/* alpn.c. What a server accepts, in its order of preference; without a match the handshake ends with the alert
   no_application_protocol. Same form as above, copied. 1 on success. */
int lsw_SSL_CTX_set_alpn_select_protos(SSL_CTX *ctx, const uint8_t *protos, size_t length);
/* `mode`: SSL_VERIFY_NONE or SSL_VERIFY_PEER | ... */
void lsw_SSL_CTX_set_verify(SSL_CTX *ctx, int mode);
/* Leaf first, then the chain, PEM; or one certificate as DER. 1 on success. */
int lsw_SSL_CTX_use_certificate_chain(SSL_CTX *ctx, const uint8_t *bytes, size_t length);
/* The certificate that was set last (index 0), then its chain; NULL behind the end. */
X509 *lsw_SSL_CTX_get0_chain_cert(SSL_CTX *ctx, int index);
int SSL_CTX_set_session_id_context(SSL_CTX *ctx, const uint8_t *id, unsigned int length);
long lsw_SSL_CTX_set_session_cache_mode(SSL_CTX *ctx, long mode);
/* How many sessions OpenSSL's own store holds; returns the number before. */
long lsw_SSL_CTX_sess_set_cache_size(SSL_CTX *ctx, long count);
int SSL_CTX_set_num_tickets(SSL_CTX *ctx, size_t count);
int SSL_CTX_set_max_early_data(SSL_CTX *ctx, uint32_t count);
int SSL_CTX_set_recv_max_early_data(SSL_CTX *ctx, uint32_t count);
int SSL_CTX_get_verify_mode(const SSL_CTX *ctx);
/* records.c. `mode`: TLSEXT_max_fragment_length_*. 1 on success. */
int lsw_SSL_CTX_set_tlsext_max_fragment_length(SSL_CTX *ctx, int mode);
int lsw_SSL_CTX_set_max_send_fragment(SSL_CTX *ctx, long bytes);
/* Returns the value before. */
long lsw_SSL_CTX_set_max_cert_list(SSL_CTX *ctx, long bytes);
int SSL_CTX_set_block_padding(SSL_CTX *ctx, size_t block_size);
/* The context takes a reference of its own. */
void SSL_CTX_set1_cert_store(SSL_CTX *ctx, X509_STORE *store);

/* ---- keys.c: private keys ---- */

/* PEM (PKCS#8, PKCS#1, SEC1, each also encrypted) or DER (PKCS#8, encrypted too, PKCS#1, SEC1). Of several in a PEM text the
   one that belongs to the certificate, or the first. `passphrase` is NULL for none. 1 on success, 0 or LSW_KEY_*; the key must
   match the certificate if one was set before. For LSW_KEY_ENCRYPTION_UNSUPPORTED the error queue has the algorithm's name. */
int lsw_SSL_CTX_use_PrivateKey(SSL_CTX *ctx, const uint8_t *bytes, size_t length, const uint8_t *passphrase, size_t passphrase_length);
int SSL_CTX_check_private_key(const SSL_CTX *ctx);
/* pkcs12.c. Key, certificate and chain of a PKCS#12 file, DER or PEM. `passphrase` is NULL for none. 1 on success, 0 or LSW_KEY_*. */
int lsw_SSL_CTX_use_pkcs12(SSL_CTX *ctx, const uint8_t *bytes, size_t length, const char *passphrase);

#define LSW_KEY_UNREADABLE (-1)
#define LSW_KEY_PASSPHRASE_MISSING (-2)
#define LSW_KEY_PASSPHRASE_WRONG (-3)
#define LSW_KEY_MISMATCH (-4)
#define LSW_KEY_ENCRYPTION_UNSUPPORTED (-5)
LSW_CONSTANT(LSW_KEY_UNREADABLE)
LSW_CONSTANT(LSW_KEY_PASSPHRASE_MISSING)
LSW_CONSTANT(LSW_KEY_PASSPHRASE_WRONG)
LSW_CONSTANT(LSW_KEY_MISMATCH)
LSW_CONSTANT(LSW_KEY_ENCRYPTION_UNSUPPORTED)

/* ---- conn.c: SSL ---- */

/* `handle` names the connection in calls to JavaScript. */
LSW_OWNED SSL *lsw_SSL_new(SSL_CTX *ctx, int handle);
void SSL_free(LSW_TAKES SSL *ssl);
/* The connection takes a reference of its own: the caller's stays valid and must still be freed. */
int lsw_SSL_set_bio(SSL *ssl, BIO *rbio, BIO *wbio);
void SSL_set_connect_state(SSL *ssl);
void SSL_set_accept_state(SSL *ssl);
/* Returns the value before. */
long lsw_SSL_set_max_cert_list(SSL *ssl, long bytes);
/* Whether it is certificates, or names of their issuers, that the handshake reads: max_cert_list limits them. */
int lsw_SSL_reads_cert_list(const SSL *ssl);
int lsw_SSL_set_tlsext_host_name(SSL *ssl, const char *name);
uint64_t SSL_set_options(SSL *ssl, uint64_t options);
uint64_t SSL_clear_options(SSL *ssl, uint64_t options);
uint64_t SSL_get_options(const SSL *ssl);
/* As lsw_SSL_CTX_set_verify, of one connection. */
void lsw_SSL_set_verify(SSL *ssl, int mode);
int lsw_SSL_set_min_proto_version(SSL *ssl, int version);
int lsw_SSL_set_max_proto_version(SSL *ssl, int version);
/* records.c */
int lsw_SSL_set_max_send_fragment(SSL *ssl, long bytes);
/* As SSL_CTX_set_alpn_protos, of one connection. */
int SSL_set_alpn_protos(SSL *ssl, const uint8_t *protos, unsigned int length);
int SSL_set1_dnsname(SSL *ssl, const char *name);
int SSL_set1_ipaddr(SSL *ssl, const char *address);
void SSL_set_hostflags(SSL *ssl, unsigned int flags);
void SSL_set_shutdown(SSL *ssl, int mode);
int SSL_get_shutdown(const SSL *ssl);
void SSL_set_quiet_shutdown(SSL *ssl, int mode);
int SSL_pending(const SSL *ssl);
int SSL_has_pending(const SSL *ssl);
int SSL_is_init_finished(const SSL *ssl);
int SSL_is_server(const SSL *ssl);
int SSL_session_reused(const SSL *ssl);
int SSL_key_update(SSL *ssl, int type);
const char *SSL_state_string_long(const SSL *ssl);
const char *SSL_get_version(const SSL *ssl);
/* The description of an alert, which is given as (level << 8 | description). Static text. */
const char *SSL_alert_desc_string_long(int value);
/* RFC name of the agreed cipher suite, e.g. TLS_AES_128_GCM_SHA256; NULL before there is one. */
const char *lsw_SSL_get_cipher_standard_name(const SSL *ssl);
/* OpenSSL's name of the same. */
const char *lsw_SSL_get_cipher_name(const SSL *ssl);
/* The lowest version that has it, e.g. TLSv1.2. */
const char *lsw_SSL_get_cipher_version(const SSL *ssl);
/* OpenSSL's name of a suite that remains of those that were set, by versions and security level; NULL after the last. */
const char *lsw_SSL_get_supported_cipher_name(SSL *ssl, int index);
/* 0: the lowest, the highest there is. */
int lsw_SSL_get_min_proto_version(SSL *ssl);
int lsw_SSL_get_max_proto_version(SSL *ssl);
/* The name of the agreed key exchange group, or NULL. */
const char *SSL_get0_group_name(SSL *ssl);
/* The agreed ALPN protocol's bytes, length in `*length` (0: none). Borrowed from the connection. */
const uint8_t *lsw_SSL_get0_alpn_selected(const SSL *ssl, uint32_t *length);
long SSL_get_verify_result(const SSL *ssl);
/* Depth at which verification failed, -1 if it did not. */
int lsw_SSL_get_verify_depth(const SSL *ssl);
/* The certificate that verification failed at, or NULL. */
X509 *lsw_SSL_get0_verify_cert(const SSL *ssl);
/* Last alert as (level << 8 | description), -1 if none. */
int lsw_SSL_get_alert_received(const SSL *ssl);
int lsw_SSL_get_alert_sent(const SSL *ssl);
X509 *SSL_get0_peer_certificate(const SSL *ssl);
/* How many certificates the peer sent. A server's view lacks the leaf; this does not. */
int lsw_SSL_get_peer_chain_length(const SSL *ssl);
X509 *lsw_SSL_get0_peer_chain_cert(const SSL *ssl, int index);
/* The certificate that we have shown, or would show; NULL if there is none. */
X509 *SSL_get_certificate(const SSL *ssl);
void SSL_set_post_handshake_auth(SSL *ssl, int val);
int SSL_verify_client_post_handshake(SSL *ssl);
/* How many Finished of a client a server has read: each authentication ends with one. */
int lsw_SSL_get_client_finished_count(const SSL *ssl);
/* records.c: the agreed length, TLSEXT_max_fragment_length_*. */
int lsw_SSL_get_max_fragment_length(SSL *ssl);

/* ---- negotiated.c: algorithms, keys and names of a handshake ---- */

/* IANA's name of the scheme by which the peer has signed the handshake, and of ours; NULL if it was not signed. */
const char *lsw_SSL_get0_peer_signature_name(SSL *ssl);
const char *lsw_SSL_get0_signature_name(SSL *ssl);
/* OpenSSL's names of key type and hash of a signature algorithm that both ends have; NULL behind the last. */
const char *lsw_SSL_get_shared_sigalg_type(SSL *ssl, int index);
const char *lsw_SSL_get_shared_sigalg_hash(SSL *ssl, int index);
int lsw_SSL_set1_client_sigalgs_list(SSL *ssl, const char *list);
/* The peer's ephemeral key: its size in bits, 0 if it has none; its group, written as in x509.c, empty for finite fields, -1
   if it is no key of Diffie-Hellman's, on a curve or not. */
int lsw_SSL_get_peer_tmp_key_bits(SSL *ssl);
int lsw_SSL_get_peer_tmp_key_group(SSL *ssl, uint8_t *buf, size_t capacity);
long lsw_SSL_get_secure_renegotiation_support(SSL *ssl);
/* TLSEXT_cert_type_* */
int SSL_get_negotiated_client_cert_type(const SSL *ssl);
int SSL_get_negotiated_server_cert_type(const SSL *ssl);
/* The first stapled OCSP response, DER, and a name of a CA that the peer has sent, DER; both written as in x509.c. */
int lsw_SSL_get_tlsext_status_ocsp_resp(SSL *ssl, uint8_t *buf, size_t capacity);
int lsw_SSL_get_peer_CA_name_der(const SSL *ssl, int index, uint8_t *buf, size_t capacity);

/* ---- callbacks.c ---- */

/* Which of the connection's callbacks JavaScript wants: LSW_WANT_* or-ed. */
void lsw_SSL_set_callbacks(SSL *ssl, int wanted);

/* ---- exporter.c ---- */

/* 1 on success. `context` counts if `use_context` is not 0. */
int SSL_export_keying_material(SSL *ssl, uint8_t *out, size_t out_length, const char *label, size_t label_length, const uint8_t *context,
    size_t context_length, int use_context);
/* 1 if both ends have the extended master secret (RFC 7627); TLS 1.2. */
long lsw_SSL_get_extms_support(SSL *ssl);
/* Finished of the last handshake, ours and the peer's: as much as fits into `buf`. Return the whole length, 0 if there is none. */
size_t SSL_get_finished(const SSL *ssl, void *buf, size_t capacity);
size_t SSL_get_peer_finished(const SSL *ssl, void *buf, size_t capacity);
/* The hash of the server's certificate, written into `buf` if `capacity` suffices; returns the length needed, -1 if there is no
   certificate or no hash is right for it. */
int lsw_SSL_get_server_end_point(SSL *ssl, uint8_t *buf, size_t capacity);

int SSL_get_early_data_status(const SSL *ssl);
/* The connection takes a reference of its own; NULL for none. */
int SSL_set_session(SSL *ssl, SSL_SESSION *session);
void SSL_set_verify_result(SSL *ssl, long result);
/* The current session, or NULL. Under TLS 1.3 it can be resumed only once a ticket has come. */
LSW_OWNED SSL_SESSION *SSL_get1_session(SSL *ssl);

/* ---- session.c: SSL_SESSION ---- */

/* NULL for anything but exactly one session, ASN.1; the queue says why. */
LSW_OWNED SSL_SESSION *lsw_SSL_SESSION_from_bytes(const uint8_t *bytes, size_t length);
void SSL_SESSION_free(LSW_TAKES SSL_SESSION *session);
/* Writes into `buf` if `capacity` suffices, and returns the length needed; -1 on failure. */
int lsw_SSL_SESSION_to_bytes(const SSL_SESSION *session, uint8_t *buf, size_t capacity);
/* Seconds since 1970-01-01 UTC. */
int64_t lsw_SSL_SESSION_get_time(const SSL_SESSION *session);
/* Seconds. */
long SSL_SESSION_get_timeout(const SSL_SESSION *session);
/* Seconds, as the server has it; 0 if it has not said. */
unsigned long SSL_SESSION_get_ticket_lifetime_hint(const SSL_SESSION *session);
int SSL_SESSION_is_resumable(const SSL_SESSION *session);
int SSL_SESSION_get_protocol_version(const SSL_SESSION *session);
/* Length in `*length` (0: none). Borrowed from the session. */
const uint8_t *lsw_SSL_SESSION_get0_ticket(const SSL_SESSION *session, uint32_t *length);
uint32_t SSL_SESSION_get_max_early_data(const SSL_SESSION *session);
/* The name that was asked for, or NULL. Borrowed from the session. */
const char *SSL_SESSION_get0_hostname(const SSL_SESSION *session);
int SSL_SESSION_set1_hostname(SSL_SESSION *session, const char *hostname);
/* Length in `*length` (0: none). Borrowed from the session. */
const uint8_t *lsw_SSL_SESSION_get0_alpn_selected(const SSL_SESSION *session, uint32_t *length);
int SSL_SESSION_set1_alpn_selected(SSL_SESSION *session, const uint8_t *alpn, size_t length);
X509 *SSL_SESSION_get0_peer(SSL_SESSION *session);
/* How long new sessions may be resumed, in seconds; returns the time before. */
long lsw_SSL_CTX_set_timeout(SSL_CTX *ctx, long seconds);
/* Has connections of `ctx` ask JavaScript for sessions, and hand it new ones; see LSW_WANT_NEW_SESSION_CB. */
void lsw_SSL_CTX_sess_set_callbacks(SSL_CTX *ctx);

/* ---- ticket.c: keys of session tickets ---- */

/* One or more keys of `key_bytes` each, copied: LSW_TICKET_KEY_BYTES (16 name, 32 AES-256-CBC, 32 HMAC-SHA-256) or
   LSW_TICKET_KEY128_BYTES (16 name, 16 HMAC-SHA-256, 16 AES-128-CBC, as Node has them). The first makes tickets. A ticket of a
   client whose certificate has expired is taken for none, as is one of TLS 1.2 for another name than is asked for. A session that
   is too large for a ticket goes without. 1 on success. */
int lsw_SSL_CTX_set_ticket_keys(SSL_CTX *ctx, const uint8_t *bytes, size_t length, size_t key_bytes);

/* ---- digest.c ---- */

/* `digest` receives 32 bytes. 1 on success. */
int lsw_sha256(const uint8_t *bytes, size_t length, uint8_t *digest);

/* ---- verify.c: verification of a whole chain ---- */

int SSL_add1_dnsname(SSL *ssl, const char *name);
int SSL_add1_ipaddr(SSL *ssl, const char *address);
/* One of the DNS names that the peer's certificate may hold, NULL after the last. Borrowed from the connection. */
const char *lsw_SSL_get0_dnsname(SSL *ssl, int index);
/* X509_V_FLAG_*, added to those of the context's connections. */
int lsw_SSL_CTX_set_verify_flags(SSL_CTX *ctx, unsigned long flags);
/* The chain that was verified, leaf first; during lsw_js_chain_cb the one that is asked about. */
int lsw_SSL_get_verified_chain_length(const SSL *ssl);
X509 *lsw_SSL_get0_verified_chain_cert(const SSL *ssl, int index);
/* Over the SubjectPublicKeyInfo; as in x509.c. */
int lsw_X509_spki_sha256(const X509 *cert, uint8_t *buf, size_t capacity);
/* alert.c. Leaves the alert in the BIO, and the connection in its failed state. */
void lsw_SSL_send_fatal_alert(SSL *ssl, int description);

/* ---- trust.c: stores, names of CAs, an identity chosen late ---- */

LSW_OWNED X509_STORE *X509_STORE_new(void);
void X509_STORE_free(LSW_TAKES X509_STORE *store);
/* Adds every certificate of a PEM text, or the one of a DER encoding. Returns how many, or -1 less the number of those before
   the one that failed. */
int lsw_X509_STORE_add_certs(X509_STORE *store, const uint8_t *bytes, size_t length);
/* All certificates of another store, shared with it. 1 on success. */
int lsw_X509_STORE_add_store(X509_STORE *store, X509_STORE *from);
/* The same for revocation lists. */
int lsw_X509_STORE_add_crls(X509_STORE *store, const uint8_t *bytes, size_t length);
/* The names of its certificates, for CertificateRequest. 1 on success. 0 also if all names of the context are more than fit:
   65,535 bytes in TLS 1.2; in TLS 1.3 the other extensions of that message share them. */
#define LSW_MAX_CA_LIST_BYTES (65535 - 256)
LSW_CONSTANT(LSW_MAX_CA_LIST_BYTES)
int lsw_SSL_CTX_add_store_to_CA_list(SSL_CTX *ctx, X509_STORE *store);
/* Shares certificates, chains and keys of a context with a connection of another. 1 on success. */
int lsw_SSL_use_identity_of(SSL *ssl, SSL_CTX *from);
/* Of the certificate at which verification failed: how many trust anchors have its issuer's name. */
int lsw_SSL_count_possible_issuers(const SSL *ssl);
/* Whether that certificate is a trust anchor. 1 or 0. */
int lsw_SSL_has_refused_anchor(const SSL *ssl);
/* Itself if it is its own issuer; else the issuer among what the peer sent or, failing that, among the trust anchors; NULL if it is
   in neither. By names, key identifiers and key usage: no signature is verified. */
LSW_OWNED X509 *lsw_SSL_get1_issuer(SSL *ssl, X509 *cert);
void X509_free(LSW_TAKES X509 *cert);
/* The names that the peer's CertificateRequest holds; text as in x509.c. */
int lsw_SSL_get_peer_CA_count(const SSL *ssl);
int lsw_SSL_get_peer_CA_name(const SSL *ssl, int index, uint8_t *buf, size_t capacity);

/* ---- ocsp.c: stapled OCSP ---- */

/* On a client, before the handshake. `mode`: LSW_OCSP_*. 1 on success. */
int lsw_SSL_request_ocsp(SSL *ssl, int mode);
/* Whether it is the DER encoding of an OCSP response. */
int lsw_OCSP_RESPONSE_check(const uint8_t *bytes, size_t length);
/* On a server, during lsw_js_status_cb; copied. 1 on success. */
int lsw_SSL_set_tlsext_status_ocsp_resp(SSL *ssl, const uint8_t *bytes, size_t length);

/* ---- psk.c: external pre-shared keys ---- */

/* The hint by which a TLS 1.2 server tells clients which key it wants; copied, NULL for none. 1 on success. */
int SSL_CTX_use_psk_identity_hint(SSL_CTX *ctx, const char *hint);
int SSL_use_psk_identity_hint(SSL *ssl, const char *hint);

/* Identity of the external PSK in use, written as in x509.c; -1 if there is none. */
int lsw_SSL_get_psk_identity(const SSL *ssl, uint8_t *buf, size_t capacity);

/* ---- rpk.c: raw public keys, RFC 7250 ---- */

/* What clients may show, and servers: TLSEXT_cert_type_*, most wanted first, copied. */
int SSL_CTX_set1_client_cert_type(SSL_CTX *ctx, const uint8_t *types, size_t length);
int SSL_CTX_set1_server_cert_type(SSL_CTX *ctx, const uint8_t *types, size_t length);
/* Adds each key of a PEM text, or the one of a DER encoding (SubjectPublicKeyInfo), to those that pass verification. */
int lsw_SSL_accept_rpk(SSL *ssl, const uint8_t *bytes, size_t length);
/* The peer's key, SubjectPublicKeyInfo, DER; -1 if it showed none. */
int lsw_SSL_get_peer_rpk(const SSL *ssl, uint8_t *buf, size_t capacity);

LSW_CONSTANT(TLSEXT_cert_type_x509)
LSW_CONSTANT(TLSEXT_cert_type_rpk)

/* ---- client_hello.c: a server's view before it answers ---- */

/* All of these: inside of lsw_js_client_hello_cb alone. Bytes are borrowed for that time; NULL if there are none. */
unsigned int SSL_client_hello_get0_legacy_version(SSL *ssl);
const uint8_t *lsw_SSL_client_hello_get0_session_id(SSL *ssl, uint32_t *length);
const uint8_t *lsw_SSL_client_hello_get0_ciphers(SSL *ssl, uint32_t *length);
const uint8_t *lsw_SSL_client_hello_get0_ext(SSL *ssl, unsigned int type, uint32_t *length);
/* Names by the numbers of the wire; NULL if OpenSSL does not know it. */
const char *lsw_SSL_CIPHER_find_name(SSL *ssl, unsigned int id);
const char *lsw_SSL_group_to_name(SSL *ssl, unsigned int id);
/* Certificate, lists and callbacks come from `ctx` from now on, as SSL_set_SSL_CTX has it; and here also options,
   versions, and the demands on the peer's certificate. The connection takes a reference. 1 on success. */
int lsw_SSL_set_SSL_CTX(SSL *ssl, SSL_CTX *ctx);
int lsw_SSL_set1_groups_list(SSL *ssl, const char *list);

/* ---- servername.c: the name that a client asks for ---- */

/* On a server the one in the last ClientHello that it has read, if that is the name of a host; NULL if there is none. */
const char *lsw_SSL_get_servername(const SSL *ssl);
/* On a server, before or inside of lsw_js_client_hello_cb: it will answer such a name by an empty server_name. */
void lsw_SSL_acknowledge_servername(SSL *ssl);

/* ---- io.c: clear the queue, call, SSL_get_error, in one ---- */

int lsw_SSL_connect(SSL *ssl, int *error);
int lsw_SSL_accept(SSL *ssl, int *error);
int lsw_SSL_do_handshake(SSL *ssl, int *error);
int lsw_SSL_read(SSL *ssl, uint8_t *buf, int length, int *error);
int lsw_SSL_peek(SSL *ssl, uint8_t *buf, int length, int *error);
int lsw_SSL_write(SSL *ssl, const uint8_t *buf, int length, int *error);
int lsw_SSL_shutdown(SSL *ssl, int *error);
/* Returns OpenSSL's own result: 1 when all of it was written, else 0. */
int lsw_SSL_write_early_data(SSL *ssl, const uint8_t *buf, int length, int *error);
/* SSL_READ_EARLY_DATA_*; `*count` receives how many bytes were read. */
int lsw_SSL_read_early_data(SSL *ssl, uint8_t *buf, int length, int *count, int *error);

/* ---- bio_pair.c: BIO_s_bio ---- */

/* `*a` and `*b` receive two owned halves; sizes in bytes, 0 for OpenSSL's 17 KiB. Bytes written to a are read
   from b: size_a bounds what a holds for b. */
int lsw_BIO_new_bio_pair(BIO **a, size_t size_a, BIO **b, size_t size_b);
/* Frees the buffers of a pair's two halves, if nothing is in either and neither is shut down. The next write or
   shutdown allocates them again, or returns LSW_BIO_NO_MEMORY. Read requests are not kept meanwhile. */
void lsw_BIO_release_buffers(BIO *a, BIO *b);
int BIO_free(LSW_TAKES BIO *bio);
size_t BIO_ctrl_pending(BIO *bio);
size_t BIO_ctrl_wpending(BIO *bio);
size_t BIO_ctrl_get_write_guarantee(BIO *bio);
size_t BIO_ctrl_get_read_request(BIO *bio);
int BIO_ctrl_reset_read_request(BIO *bio);
int lsw_BIO_shutdown_wr(BIO *bio);
int lsw_BIO_eof(BIO *bio);
int lsw_BIO_should_retry(BIO *bio);
int BIO_read(BIO *bio, void *buf, int length);
int BIO_write(BIO *bio, const void *buf, int length);
/* `*buf` receives an address inside the pair, valid until the next call on either half. */
int BIO_nread0(BIO *bio, char **buf);
int BIO_nread(BIO *bio, char **buf, int num);
int BIO_nwrite0(BIO *bio, char **buf);
int BIO_nwrite(BIO *bio, char **buf, int num);

#define LSW_BIO_NO_MEMORY (-3)
LSW_CONSTANT(LSW_BIO_NO_MEMORY)

/* ---- bio_callback.c: a BIO made of JavaScript callbacks ---- */

LSW_OWNED BIO *lsw_BIO_new_callback(int handle);

/* ---- x509.c ---- */

/* Each writes into `buf` if `capacity` suffices, and returns the length needed; -1 on failure. */
int lsw_X509_to_der(const X509 *cert, uint8_t *buf, size_t capacity);
/* Its contents, LSW_X509_NAMES, VALIDITY and OTHERS or-ed, in one call: fields of one byte LSW_X509_*, four of length (big-endian), and so many bytes. Numbers
   are decimal text, lists come as one field each. Some consist of parts with NUL between them: a time is in seconds since 1970
   (empty, if it is none) and as ASN1_TIME_print has it; an attribute of a name is its type and its value; an extended key usage
   its name and its numbers; a general name its kind and, if there is a form for it, its value; an access method its name, and a
   general name. */
int lsw_X509_describe(X509 *cert, int parts, uint8_t *buf, size_t capacity);
/* The type of its key, e.g. EC, RSA-PSS, ML-DSA-65; NULL if OpenSSL does not know it. */
const char *lsw_X509_key_type(X509 *cert);

#define LSW_X509_NAMES 1 /* the subject's attributes and the alternative names */
#define LSW_X509_VALIDITY 2 /* the subject and its times */
#define LSW_X509_OTHERS 4
LSW_CONSTANT(LSW_X509_NAMES)
LSW_CONSTANT(LSW_X509_VALIDITY)
LSW_CONSTANT(LSW_X509_OTHERS)

#define LSW_X509_SUBJECT 1
#define LSW_X509_ISSUER 2
#define LSW_X509_SERIAL_NUMBER 3
#define LSW_X509_NOT_BEFORE 4
#define LSW_X509_NOT_AFTER 5
#define LSW_X509_FINGERPRINT 6
#define LSW_X509_FINGERPRINT256 7
#define LSW_X509_FINGERPRINT512 8
#define LSW_X509_SUBJECT_ATTRIBUTE 9
#define LSW_X509_ISSUER_ATTRIBUTE 10
#define LSW_X509_ALT_NAME 11
#define LSW_X509_ACCESS 12
#define LSW_X509_KEY_TYPE 13
#define LSW_X509_KEY_BITS 14
#define LSW_X509_KEY_GROUP 15
#define LSW_X509_SPKI 16
#define LSW_X509_CA 17
#define LSW_X509_PATH_LENGTH 18
#define LSW_X509_KEY_USAGE 19
#define LSW_X509_EXTENDED_KEY_USAGE 20
#define LSW_X509_SIGNATURE_ALGORITHM 21
#define LSW_X509_MODULUS 22
#define LSW_X509_EXPONENT 23
LSW_CONSTANT(LSW_X509_SUBJECT)
LSW_CONSTANT(LSW_X509_ISSUER)
LSW_CONSTANT(LSW_X509_SERIAL_NUMBER)
LSW_CONSTANT(LSW_X509_NOT_BEFORE)
LSW_CONSTANT(LSW_X509_NOT_AFTER)
LSW_CONSTANT(LSW_X509_FINGERPRINT)
LSW_CONSTANT(LSW_X509_FINGERPRINT256)
LSW_CONSTANT(LSW_X509_FINGERPRINT512)
LSW_CONSTANT(LSW_X509_SUBJECT_ATTRIBUTE)
LSW_CONSTANT(LSW_X509_ISSUER_ATTRIBUTE)
LSW_CONSTANT(LSW_X509_ALT_NAME)
LSW_CONSTANT(LSW_X509_ACCESS)
LSW_CONSTANT(LSW_X509_KEY_TYPE)
LSW_CONSTANT(LSW_X509_KEY_BITS)
LSW_CONSTANT(LSW_X509_KEY_GROUP)
LSW_CONSTANT(LSW_X509_SPKI)
LSW_CONSTANT(LSW_X509_CA)
LSW_CONSTANT(LSW_X509_PATH_LENGTH)
LSW_CONSTANT(LSW_X509_KEY_USAGE)
LSW_CONSTANT(LSW_X509_EXTENDED_KEY_USAGE)
LSW_CONSTANT(LSW_X509_SIGNATURE_ALGORITHM)
LSW_CONSTANT(LSW_X509_MODULUS)
LSW_CONSTANT(LSW_X509_EXPONENT)

/* ---- ech.c: Encrypted Client Hello ---- */

LSW_OWNED OSSL_ECHSTORE *lsw_OSSL_ECHSTORE_new(void);
void OSSL_ECHSTORE_free(LSW_TAKES OSSL_ECHSTORE *es);
/* Adds an ECHConfigList, binary. 1 on success. */
int lsw_OSSL_ECHSTORE_read_echconfiglist(OSSL_ECHSTORE *es, const uint8_t *bytes, size_t length);
/* Adds every pair of private key and configurations of a PEM text (RFC 9934). Returns how many, or -1. */
int lsw_OSSL_ECHSTORE_read_pem(OSSL_ECHSTORE *es, const uint8_t *bytes, size_t length, int for_retry);
int lsw_OSSL_ECHSTORE_num_entries(OSSL_ECHSTORE *es);
int lsw_OSSL_ECHSTORE_num_keys(OSSL_ECHSTORE *es);
/* Drops keys that were loaded `age` seconds ago or earlier. */
int lsw_OSSL_ECHSTORE_flush_keys(OSSL_ECHSTORE *es, int64_t age);
int OSSL_ECHSTORE_downselect(OSSL_ECHSTORE *es, int index);
/* Of the entry `index`: seconds since it was loaded; 1 for a private key | 2 for retry; texts, written as those of
   x509.c are. -1 if there is no such entry. */
int64_t lsw_OSSL_ECHSTORE_get_age(OSSL_ECHSTORE *es, int index);
int lsw_OSSL_ECHSTORE_get_flags(OSSL_ECHSTORE *es, int index);
int lsw_OSSL_ECHSTORE_get_public_name(OSSL_ECHSTORE *es, int index, uint8_t *buf, size_t capacity);
int lsw_OSSL_ECHSTORE_get_config(OSSL_ECHSTORE *es, int index, uint8_t *buf, size_t capacity);
/* A new key with its configuration, as a BIO that holds the PEM. */
LSW_OWNED BIO *lsw_OSSL_ECHSTORE_generate_pem(const char *public_name, const char *suite_text, int max_name_length);
/* Each copies the store. NULL takes the store away. */
int SSL_CTX_set1_echstore(SSL_CTX *ctx, OSSL_ECHSTORE *es);
int SSL_set1_echstore(SSL *ssl, OSSL_ECHSTORE *es);
/* `name` NULL: the configuration's public name, or with `no_outer` none at all. */
int SSL_ech_set1_outer_server_name(SSL *ssl, const char *name, int no_outer);
int lsw_SSL_ech_get_status(SSL *ssl);
/* Written as those of x509.c are; -1 if there is none. */
int lsw_SSL_ech_get_inner_sni(SSL *ssl, uint8_t *buf, size_t capacity);
int lsw_SSL_ech_get_outer_sni(SSL *ssl, uint8_t *buf, size_t capacity);
/* 0 if the server sent none; -1 if those it sent must not be used. */
int lsw_SSL_ech_get_retry_config(SSL *ssl, uint8_t *buf, size_t capacity);

/* ---- C calls JavaScript ---- */

/*
 * A callback is declared here and nowhere else. The generator writes from it the function that C calls (it keeps OpenSSL's error
 * queue, calls JavaScript with the handle of the SSL or BIO, and sends the alert of a refusal), the import behind that, the bit
 * LSW_WANT_* by which a connection says that it wants to be called (internal.h: lsw_wants), and TypeScript's side,
 * src/ffi/callbacks.gen.ts. There `const uint8_t *x` and the length after it arrive as bytes, a `const char *` as text or,
 * for NULL, undefined, all else as numbers.
 */

/* Bytes read or written (>0), 0 at the end of input, or LSW_BIO_*. */
LSW_CALLBACK(LSW_BIO_FAILED) int lsw_js_bio_read(BIO *bio, uint8_t *buf, int length);
LSW_CALLBACK(LSW_BIO_FAILED) int lsw_js_bio_write(BIO *bio, const uint8_t *buf, int length);
/* 1 go on, 0 fail, -1 suspend (SSL_ERROR_WANT_X509_LOOKUP). */
LSW_DECIDES(0) int lsw_js_cert_cb(SSL *ssl);
/* SSL_CLIENT_HELLO_SUCCESS, _ERROR or _RETRY. */
LSW_DECIDES(SSL_CLIENT_HELLO_ERROR) int lsw_js_client_hello_cb(SSL *ssl);
/* `protos`: what the client offers, as SSL_CTX_set_alpn_select_cb(3) has it. The offset of the one to take, or -1. */
LSW_DECIDES(-1) int lsw_js_alpn_cb(SSL *ssl, const uint8_t *protos, size_t length);
/* 1 accept, 0 refuse, -1 suspend (SSL_ERROR_WANT_RETRY_VERIFY). */
LSW_DECIDES(0) int lsw_js_verify_cb(SSL *ssl, int preverify_ok, int depth, int error);
/* OpenSSL's verdict on a chain: 1 accept, 0 refuse, -1 suspend (on a client, SSL_ERROR_WANT_RETRY_VERIFY). */
LSW_DECIDES(0) int lsw_js_chain_cb(SSL *ssl, int preverify_ok, int error);
/* A client asks a server for OCSP: 1 a response was set, 0 there is none, -1 fail. */
LSW_DECIDES(-1) int lsw_js_status_cb(SSL *ssl);
/* A key's length, LSW_PSK_SHA384 or-ed if it is for that hash; 0 for no key, -1 fail. `hint` may be NULL; `identity` is
   to be NUL-terminated. */
LSW_DECIDES(-1) int lsw_js_psk_client_cb(SSL *ssl, const char *hint, char *identity, int identity_capacity, uint8_t *key, int key_capacity);
LSW_DECIDES(-1) int lsw_js_psk_server_cb(SSL *ssl, const uint8_t *identity, size_t length, uint8_t *key, int key_capacity);
/* A session to keep: its id, and itself as ASN.1. Both are overwritten after the call. */
LSW_CALLBACK() void lsw_js_new_session_cb(SSL *ssl, const uint8_t *id, size_t id_length, const uint8_t *bytes, size_t length);
/* The session of this id, as ASN.1: `*bytes` receives memory of lsw_alloc, which the caller frees. Returns its length, 0 if
   there is none. A session of a client whose certificate has expired is taken for none. */
LSW_CALLBACK(0) int lsw_js_get_session_cb(SSL *ssl, const uint8_t *id, size_t id_length, uint8_t **bytes);
/* Before a server makes a ticket that holds the session: 1 make it, 0 go without, -1 fail. */
LSW_CALLBACK(-1) int lsw_js_ticket_cb(SSL *ssl);
/* SSL_set_msg_callback(3): `sent` is its write_p. */
LSW_CALLBACK() void lsw_js_msg_cb(SSL *ssl, int sent, int version, int content_type, const uint8_t *buf, size_t length);
/* SSL_set_info_callback(3), except for alerts and exits. */
LSW_CALLBACK() void lsw_js_info_cb(const SSL *ssl, int where);
/* `line`: without a newline. */
LSW_CALLBACK() void lsw_js_keylog_cb(const SSL *ssl, const char *line);

#define LSW_PSK_SHA384 0x10000
LSW_CONSTANT(LSW_PSK_SHA384)
LSW_CONSTANT(PSK_MAX_IDENTITY_LEN)
LSW_CONSTANT(PSK_MAX_PSK_LEN)

#define LSW_BIO_WOULD_BLOCK (-1)
#define LSW_BIO_FAILED (-2)
#define LSW_BIO_CONNECT (-3)
#define LSW_BIO_ACCEPT (-4)
#define LSW_REFUSE_WITH (-256)
LSW_CONSTANT(LSW_REFUSE_WITH)
LSW_CONSTANT(LSW_BIO_WOULD_BLOCK)
LSW_CONSTANT(LSW_BIO_FAILED)
LSW_CONSTANT(LSW_BIO_CONNECT)
LSW_CONSTANT(LSW_BIO_ACCEPT)

#define LSW_TICKET_KEY_BYTES 80
LSW_CONSTANT(LSW_TICKET_KEY_BYTES)
#define LSW_TICKET_KEY128_BYTES 48
LSW_CONSTANT(LSW_TICKET_KEY128_BYTES)

/* A verification result of no number of OpenSSL's: its alert is certificate_unknown. */
#define LSW_V_ERR_REFUSED 1000
#define LSW_OCSP_UNCHECKED 0
#define LSW_OCSP_REQUEST 1
#define LSW_OCSP_REQUIRE 2
LSW_CONSTANT(LSW_OCSP_UNCHECKED)
LSW_CONSTANT(LSW_OCSP_REQUEST)
LSW_CONSTANT(LSW_OCSP_REQUIRE)

LSW_CONSTANT(SSL_ERROR_NONE)
LSW_CONSTANT(SSL_ERROR_SSL)
LSW_CONSTANT(SSL_ERROR_WANT_READ)
LSW_CONSTANT(SSL_ERROR_WANT_WRITE)
LSW_CONSTANT(SSL_ERROR_WANT_X509_LOOKUP)
LSW_CONSTANT(SSL_ERROR_SYSCALL)
LSW_CONSTANT(SSL_ERROR_ZERO_RETURN)
LSW_CONSTANT(SSL_ERROR_WANT_CONNECT)
LSW_CONSTANT(SSL_ERROR_WANT_ACCEPT)
LSW_CONSTANT(SSL_ERROR_WANT_ASYNC)
LSW_CONSTANT(SSL_ERROR_WANT_ASYNC_JOB)
LSW_CONSTANT(SSL_ERROR_WANT_CLIENT_HELLO_CB)
LSW_CONSTANT(SSL_ERROR_WANT_RETRY_VERIFY)
LSW_CONSTANT(SSL_CLIENT_HELLO_ERROR)
LSW_CONSTANT(SSL_CLIENT_HELLO_RETRY)
LSW_CONSTANT(SSL_CLIENT_HELLO_SUCCESS)
LSW_CONSTANT(SSL_MAX_CERT_LIST_DEFAULT)
LSW_CONSTANT(SSL_VERIFY_NONE)
LSW_CONSTANT(SSL_VERIFY_PEER)
LSW_CONSTANT(SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
LSW_CONSTANT(SSL_VERIFY_CLIENT_ONCE)
LSW_CONSTANT(SSL_VERIFY_POST_HANDSHAKE)
LSW_CONSTANT(SSL_CB_LOOP)
LSW_CONSTANT(SSL_CB_HANDSHAKE_START)
LSW_CONSTANT(SSL_CB_HANDSHAKE_DONE)
LSW_CONSTANT(TLSEXT_max_fragment_length_DISABLED)
LSW_CONSTANT(TLSEXT_max_fragment_length_512)
LSW_CONSTANT(TLSEXT_max_fragment_length_1024)
LSW_CONSTANT(TLSEXT_max_fragment_length_2048)
LSW_CONSTANT(TLSEXT_max_fragment_length_4096)
LSW_CONSTANT(SSL_SENT_SHUTDOWN)
LSW_CONSTANT(SSL_RECEIVED_SHUTDOWN)
LSW_CONSTANT(SSL_MODE_ENABLE_PARTIAL_WRITE)
LSW_CONSTANT(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
LSW_CONSTANT(SSL_MODE_AUTO_RETRY)
LSW_CONSTANT(SSL_MODE_RELEASE_BUFFERS)
LSW_CONSTANT(SSL_OP_NO_TICKET)
LSW_CONSTANT(SSL_OP_NO_RENEGOTIATION)
LSW_CONSTANT(SSL_OP_SERVER_PREFERENCE)
LSW_CONSTANT(SSL_OP_LEGACY_SERVER_CONNECT)
LSW_CONSTANT(SSL_OP_PRIORITIZE_CHACHA)
LSW_CONSTANT(SSL_OP_IGNORE_UNEXPECTED_EOF)
LSW_CONSTANT(SSL_OP_ECH_GREASE)
LSW_CONSTANT(SSL_OP_ECH_TRIALDECRYPT)
LSW_CONSTANT(SSL_ECH_STATUS_BACKEND)
LSW_CONSTANT(SSL_ECH_STATUS_GREASE_ECH)
LSW_CONSTANT(SSL_ECH_STATUS_GREASE)
LSW_CONSTANT(SSL_ECH_STATUS_SUCCESS)
LSW_CONSTANT(SSL_ECH_STATUS_FAILED)
LSW_CONSTANT(SSL_ECH_STATUS_BAD_CALL)
LSW_CONSTANT(SSL_ECH_STATUS_NOT_TRIED)
LSW_CONSTANT(SSL_ECH_STATUS_BAD_NAME)
LSW_CONSTANT(SSL_ECH_STATUS_NOT_CONFIGURED)
LSW_CONSTANT(SSL_ECH_STATUS_FAILED_ECH)
LSW_CONSTANT(SSL_ECH_STATUS_FAILED_ECH_BAD_NAME)
LSW_CONSTANT(SSL_SESS_CACHE_OFF)
LSW_CONSTANT(SSL_SESS_CACHE_CLIENT)
LSW_CONSTANT(SSL_SESS_CACHE_SERVER)
LSW_CONSTANT(SSL_SESS_CACHE_NO_AUTO_CLEAR)
LSW_CONSTANT(SSL_SESS_CACHE_NO_INTERNAL_LOOKUP)
LSW_CONSTANT(SSL_SESS_CACHE_NO_INTERNAL_STORE)
LSW_CONSTANT(SSL_OP_NO_ANTI_REPLAY)
LSW_CONSTANT(SSL_READ_EARLY_DATA_ERROR)
LSW_CONSTANT(SSL_READ_EARLY_DATA_SUCCESS)
LSW_CONSTANT(SSL_READ_EARLY_DATA_FINISH)
LSW_CONSTANT(SSL_EARLY_DATA_NOT_SENT)
LSW_CONSTANT(SSL_EARLY_DATA_REJECTED)
LSW_CONSTANT(SSL_EARLY_DATA_ACCEPTED)
LSW_CONSTANT(SSL_KEY_UPDATE_NOT_REQUESTED)
LSW_CONSTANT(SSL_KEY_UPDATE_REQUESTED)
LSW_CONSTANT(SSL3_RT_CHANGE_CIPHER_SPEC)
LSW_CONSTANT(SSL3_RT_ALERT)
LSW_CONSTANT(SSL3_RT_HANDSHAKE)
LSW_CONSTANT(SSL3_RT_APPLICATION_DATA)
LSW_CONSTANT(SSL3_RT_HEADER)
LSW_CONSTANT(SSL3_RT_INNER_CONTENT_TYPE)
LSW_CONSTANT(TLS1_2_VERSION)
LSW_CONSTANT(TLS1_3_VERSION)
LSW_CONSTANT(OPENSSL_VERSION)
LSW_CONSTANT(ERR_LIB_SSL)
LSW_CONSTANT(ERR_LIB_X509)
LSW_CONSTANT(SSL_R_UNEXPECTED_EOF_WHILE_READING)
LSW_CONSTANT(SSL_R_CERTIFICATE_VERIFY_FAILED)
LSW_CONSTANT(SSL_R_INVALID_STATUS_RESPONSE)
LSW_CONSTANT(SSL_AD_CLOSE_NOTIFY)
LSW_CONSTANT(SSL_AD_CERTIFICATE_UNKNOWN)
LSW_CONSTANT(SSL_AD_INTERNAL_ERROR)
LSW_CONSTANT(SSL_R_ECH_REQUIRED)
LSW_CONSTANT(SSL_AD_REASON_OFFSET)
LSW_CONSTANT(SSL3_AD_CLOSE_NOTIFY)
LSW_CONSTANT(SSL_AD_ECH_REQUIRED)
LSW_CONSTANT(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
LSW_CONSTANT(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
LSW_CONSTANT(X509_V_FLAG_PARTIAL_CHAIN)
LSW_CONSTANT(X509_V_FLAG_TRUSTED_FIRST)
LSW_CONSTANT(X509_V_FLAG_CRL_CHECK)
LSW_CONSTANT(X509_V_FLAG_CRL_CHECK_ALL)

#include "x509_v.h"

#endif
