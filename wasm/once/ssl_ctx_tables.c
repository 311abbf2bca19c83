/*
 * What OpenSSL finds out anew for each SSL_CTX, although the build alone decides it: methods of ciphers and digests, groups, signature
 * algorithms. It is found for the first SSL_CTX, and all have the same tables. They never change, and say nothing of a context or its
 * connections. wasm/trim/once.list has SSL_CTX_free leave them alone.
 *
 * The providers that count here are those of the build; every SSL_CTX is of the default library context, without properties, and for TLS.
 */
#include "ssl_local.h"

static SSL_CTX first;
static int is_known;

#define SHARE(FIELD) memcpy(&to->FIELD, &from->FIELD, sizeof(to->FIELD))

static void share_tables(SSL_CTX *to, const SSL_CTX *from)
{
    SHARE(ssl_cipher_methods);
    SHARE(ssl_digest_methods);
    SHARE(ssl_mac_secret_size);
    SHARE(ssl_mac_pkey_id);
    SHARE(disabled_enc_mask);
    SHARE(disabled_mac_mask);
    SHARE(disabled_mkey_mask);
    SHARE(disabled_auth_mask);
    SHARE(group_list);
    SHARE(group_list_len);
    SHARE(group_list_max_len);
    SHARE(sigalg_list);
    SHARE(sigalg_list_len);
    SHARE(sigalg_list_max_len);
    SHARE(ssl_cert_info);
    SHARE(sigalg_lookup_cache);
    SHARE(sigalg_lookup_cache_len);
    SHARE(tls12_sigalgs);
    SHARE(tls12_sigalgs_len);
}

#define COPY(FIELD) \
    ((to->ext.FIELD = OPENSSL_memdup(from->ext.FIELD, from->ext.FIELD##_len * sizeof(*from->ext.FIELD))) != NULL \
        && (to->ext.FIELD##_len = from->ext.FIELD##_len) > 0)

/* The groups that are chosen if nothing else is said: a context's own. */
static int copy_groups(SSL_CTX *to, const SSL_CTX *from)
{
    return COPY(supportedgroups) && COPY(keyshares) && COPY(tuples);
}

int __real_ssl_load_ciphers(SSL_CTX *ctx);
int __wrap_ssl_load_ciphers(SSL_CTX *ctx)
{
    if (!is_known)
        return __real_ssl_load_ciphers(ctx);
    share_tables(ctx, &first);
    return 1;
}

int __real_ssl_load_groups(SSL_CTX *ctx);
int __wrap_ssl_load_groups(SSL_CTX *ctx)
{
    return is_known ? copy_groups(ctx, &first) : __real_ssl_load_groups(ctx);
}

int __real_ssl_load_sigalgs(SSL_CTX *ctx);
int __wrap_ssl_load_sigalgs(SSL_CTX *ctx)
{
    return is_known || __real_ssl_load_sigalgs(ctx);
}

/* The last of the four. */
int __real_ssl_setup_sigalgs(SSL_CTX *ctx);
int __wrap_ssl_setup_sigalgs(SSL_CTX *ctx)
{
    if (is_known)
        return 1;
    if (!__real_ssl_setup_sigalgs(ctx) || !copy_groups(&first, ctx))
        return 0;
    share_tables(&first, ctx);
    is_known = 1;
    return 1;
}
