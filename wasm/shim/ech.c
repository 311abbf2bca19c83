/* Encrypted Client Hello: stores of configurations and keys, and a connection's outcome. */
#include <string.h>
#include <openssl/pem.h>
#include "internal.h"

OSSL_ECHSTORE *lsw_OSSL_ECHSTORE_new(void)
{
    return OSSL_ECHSTORE_new(NULL, NULL);
}

int lsw_OSSL_ECHSTORE_read_echconfiglist(OSSL_ECHSTORE *es, const uint8_t *bytes, size_t length)
{
    BIO *bio = BIO_new_mem_buf(bytes, (int)length);
    int ok = bio != NULL && OSSL_ECHSTORE_read_echconfiglist(es, bio);

    BIO_free(bio);
    return ok;
}

/* Whether a private key is still to come. */
static int has_key(BIO *bio)
{
    static const char end[] = "PRIVATE KEY-----";
    const char *text;
    size_t left = (size_t)BIO_get_mem_data(bio, (char **)&text);

    for (; left >= sizeof(end) - 1; text++, left--)
        if (memcmp(text, end, sizeof(end) - 1) == 0)
            return 1;
    return 0;
}

/* OSSL_ECHSTORE_read_pem reads the first pair alone, and ignores what follows. */
int lsw_OSSL_ECHSTORE_read_pem(OSSL_ECHSTORE *es, const uint8_t *bytes, size_t length, int for_retry)
{
    struct lsw_pem pem;
    BIO *bio = lsw_pem_open(&pem, bytes, length) ? BIO_new_mem_buf(pem.text, -1) : NULL;
    int count = 0, ok = bio != NULL;

    while (ok && (count == 0 || has_key(bio))) {
        EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, lsw_no_passphrase, NULL);

        ok = key != NULL && OSSL_ECHSTORE_set1_key_and_read_pem(es, key, bio, for_retry);
        EVP_PKEY_free(key);
        count++;
    }
    BIO_free(bio);
    lsw_pem_close(&pem);
    return ok ? count : -1;
}

int lsw_OSSL_ECHSTORE_num_entries(OSSL_ECHSTORE *es)
{
    int count = 0;

    return OSSL_ECHSTORE_num_entries(es, &count) ? count : -1;
}

int lsw_OSSL_ECHSTORE_num_keys(OSSL_ECHSTORE *es)
{
    int count = 0;

    return OSSL_ECHSTORE_num_keys(es, &count) ? count : -1;
}

int lsw_OSSL_ECHSTORE_flush_keys(OSSL_ECHSTORE *es, int64_t age)
{
    return OSSL_ECHSTORE_flush_keys(es, (time_t)age);
}

/* Writes `text` if it fits, says how long it is, and frees it. -1 for NULL. */
static int give_text(char *text, uint8_t *buf, size_t capacity)
{
    size_t length;

    if (text == NULL)
        return -1;
    length = strlen(text);
    if (length <= capacity)
        memcpy(buf, text, length);
    OPENSSL_free(text);
    return (int)length;
}

static int info(OSSL_ECHSTORE *es, int index, int64_t *age, char **name, char **config, int *flags)
{
    time_t seconds = 0;
    int has_private = 0, for_retry = 0;

    if (!OSSL_ECHSTORE_get1_info(es, index, &seconds, name, config, &has_private, &for_retry))
        return 0;
    *age = (int64_t)seconds;
    *flags = (has_private ? 1 : 0) | (for_retry ? 2 : 0);
    return 1;
}

int64_t lsw_OSSL_ECHSTORE_get_age(OSSL_ECHSTORE *es, int index)
{
    char *name = NULL, *config = NULL;
    int64_t age = -1;
    int flags;

    if (!info(es, index, &age, &name, &config, &flags))
        return -1;
    OPENSSL_free(name);
    OPENSSL_free(config);
    return age;
}

int lsw_OSSL_ECHSTORE_get_flags(OSSL_ECHSTORE *es, int index)
{
    char *name = NULL, *config = NULL;
    int64_t age;
    int flags = -1;

    if (!info(es, index, &age, &name, &config, &flags))
        return -1;
    OPENSSL_free(name);
    OPENSSL_free(config);
    return flags;
}

int lsw_OSSL_ECHSTORE_get_public_name(OSSL_ECHSTORE *es, int index, uint8_t *buf, size_t capacity)
{
    char *name = NULL, *config = NULL;
    int64_t age;
    int flags;

    if (!info(es, index, &age, &name, &config, &flags))
        return -1;
    OPENSSL_free(config);
    return give_text(name, buf, capacity);
}

int lsw_OSSL_ECHSTORE_get_config(OSSL_ECHSTORE *es, int index, uint8_t *buf, size_t capacity)
{
    char *name = NULL, *config = NULL;
    int64_t age;
    int flags;

    if (!info(es, index, &age, &name, &config, &flags))
        return -1;
    OPENSSL_free(name);
    return give_text(config, buf, capacity);
}

BIO *lsw_OSSL_ECHSTORE_generate_pem(const char *public_name, const char *suite_text, int max_name_length)
{
    OSSL_ECHSTORE *es = OSSL_ECHSTORE_new(NULL, NULL);
    OSSL_HPKE_SUITE suite = OSSL_HPKE_SUITE_DEFAULT;
    BIO *out = BIO_new(BIO_s_mem());

    /* A store that a configuration was made in can only write it: its bytes for HPKE are two too many. */
    if (es == NULL || out == NULL || !OSSL_HPKE_str2suite(suite_text, &suite)
        || !OSSL_ECHSTORE_new_config(es, OSSL_ECH_CURRENT_VERSION, (uint8_t)max_name_length, public_name, suite)
        || !OSSL_ECHSTORE_write_pem(es, OSSL_ECHSTORE_LAST, out)) {
        BIO_free(out); /* which overwrites */
        out = NULL;
    }
    OSSL_ECHSTORE_free(es);
    return out;
}

static void keep_host_name(char **name)
{
    if (*name == NULL || lsw_host_name(*name))
        return;
    OPENSSL_free(*name);
    *name = NULL;
}

static int status(SSL *ssl, char **inner, char **outer)
{
    int code;

    /* It raises errors for outcomes that it returns, too. */
    ERR_set_mark();
    code = SSL_ech_get1_status(ssl, inner, outer);
    ERR_pop_to_mark();
    /* On a server both names are a client's text. */
    if (SSL_is_server(ssl)) {
        keep_host_name(inner);
        keep_host_name(outer);
    }
    return code;
}

int lsw_SSL_ech_get_status(SSL *ssl)
{
    char *inner = NULL, *outer = NULL;
    int code = status(ssl, &inner, &outer);

    OPENSSL_free(inner);
    OPENSSL_free(outer);
    return code;
}

int lsw_SSL_ech_get_inner_sni(SSL *ssl, uint8_t *buf, size_t capacity)
{
    char *inner = NULL, *outer = NULL;

    status(ssl, &inner, &outer);
    OPENSSL_free(outer);
    return give_text(inner, buf, capacity);
}

int lsw_SSL_ech_get_outer_sni(SSL *ssl, uint8_t *buf, size_t capacity)
{
    char *inner = NULL, *outer = NULL;

    status(ssl, &inner, &outer);
    OPENSSL_free(inner);
    return give_text(outer, buf, capacity);
}

int lsw_SSL_ech_get_retry_config(SSL *ssl, uint8_t *buf, size_t capacity)
{
    unsigned char *config = NULL;
    size_t length = 0;
    int ok;

    ERR_set_mark();
    ok = SSL_ech_get1_retry_config(ssl, &config, &length);
    ERR_pop_to_mark();
    if (!ok)
        return -1;
    if (length > 0 && length <= capacity)
        memcpy(buf, config, length);
    OPENSSL_free(config);
    return (int)length;
}
