/*
 * The suites of TLS 1.2 that a cipher string stands for: OpenSSL sorts all that there are, by a dozen rules, for each SSL_CTX twice. A
 * few strings are remembered with what came of them. Those that also say something of the context (@SECLEVEL, SUITEB128) are not.
 */
#include <string.h>
#include "ssl_local.h"

static struct {
    char *rule;
    STACK_OF(SSL_CIPHER) *suites;
} known[4];

static STACK_OF(SSL_CIPHER) *suites_of(const char *rule)
{
    size_t i;

    for (i = 0; i < OSSL_NELEM(known); i++)
        if (known[i].rule != NULL && strcmp(known[i].rule, rule) == 0)
            return known[i].suites;
    return NULL;
}

/* The oldest entry makes room for it. */
static void remember(const char *rule, STACK_OF(SSL_CIPHER) *suites)
{
    static size_t next;
    char *copy = OPENSSL_strdup(rule);

    suites = sk_SSL_CIPHER_dup(suites);
    if (copy == NULL || suites == NULL) {
        OPENSSL_free(copy);
        sk_SSL_CIPHER_free(suites);
        return;
    }
    while (sk_SSL_CIPHER_num(suites) > 0 && sk_SSL_CIPHER_value(suites, 0)->min_tls == TLS1_3_VERSION)
        sk_SSL_CIPHER_shift(suites);
    OPENSSL_free(known[next].rule);
    sk_SSL_CIPHER_free(known[next].suites);
    known[next].rule = copy;
    known[next].suites = suites;
    next = (next + 1) % OSSL_NELEM(known);
}

/* As at the end of ssl_create_cipher_list. No suite of TLS 1.3 is missing in this build. */
static STACK_OF(SSL_CIPHER) *use(STACK_OF(SSL_CIPHER) *suites, STACK_OF(SSL_CIPHER) *tls13, STACK_OF(SSL_CIPHER) **list,
    STACK_OF(SSL_CIPHER) **by_id)
{
    STACK_OF(SSL_CIPHER) *all = sk_SSL_CIPHER_dup(tls13), *again;
    int i, ok = all != NULL;

    for (i = 0; ok && i < sk_SSL_CIPHER_num(suites); i++)
        ok = sk_SSL_CIPHER_push(all, sk_SSL_CIPHER_value(suites, i)) > 0;
    again = ok ? sk_SSL_CIPHER_dup(all) : NULL;
    if (again == NULL) {
        sk_SSL_CIPHER_free(all);
        return NULL;
    }
    sk_SSL_CIPHER_set_cmp_func(again, ssl_cipher_ptr_id_cmp);
    sk_SSL_CIPHER_free(*list);
    sk_SSL_CIPHER_free(*by_id);
    *by_id = again;
    return *list = all;
}

STACK_OF(SSL_CIPHER) *__real_ssl_create_cipher_list(SSL_CTX *ctx, STACK_OF(SSL_CIPHER) *tls13, STACK_OF(SSL_CIPHER) **list,
    STACK_OF(SSL_CIPHER) **by_id, const char *rule, CERT *cert);
STACK_OF(SSL_CIPHER) *__wrap_ssl_create_cipher_list(SSL_CTX *ctx, STACK_OF(SSL_CIPHER) *tls13, STACK_OF(SSL_CIPHER) **list,
    STACK_OF(SSL_CIPHER) **by_id, const char *rule, CERT *cert)
{
    STACK_OF(SSL_CIPHER) *suites = suites_of(rule);

    if (suites != NULL)
        return use(suites, tls13, list, by_id);
    suites = __real_ssl_create_cipher_list(ctx, tls13, list, by_id, rule, cert);
    if (suites != NULL && strchr(rule, '@') == NULL && strncmp(rule, "SUITEB", 6) != 0)
        remember(rule, suites);
    return suites;
}
