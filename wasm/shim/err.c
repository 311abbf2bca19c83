/* OpenSSL's error queue, one entry at a time. */
#include <openssl/crypto.h>
#include "internal.h"

/*
 * The words of errors are thousands of entries in a hash table: a tenth of the time to a first context, and 29 KiB.
 * Most instances never need them. So OpenSSL is told not to load them by itself, before anything else; they are loaded
 * with the first error that is asked for. OpenSSL's own functions for that, of no public header:
 */
int ossl_err_load_crypto_strings(void);
int ossl_err_load_SSL_strings(void);

__attribute__((constructor)) static void no_words_yet(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_LOAD_SSL_STRINGS, NULL);
}

static void load_words(void)
{
    static int loaded = 0;

    if (!loaded)
        loaded = ossl_err_load_crypto_strings() && ossl_err_load_SSL_strings();
}

unsigned long lsw_ERR_get(const char **data)
{
    int flags = 0;
    unsigned long code = ERR_get_error_all(NULL, NULL, NULL, data, &flags);

    if (code != 0)
        load_words();
    if (code == 0 || (flags & ERR_TXT_STRING) == 0)
        *data = "";
    return code;
}

int lsw_ERR_GET_LIB(unsigned long code)
{
    return ERR_GET_LIB(code);
}

int lsw_ERR_GET_REASON(unsigned long code)
{
    return ERR_GET_REASON(code);
}

ERR_STATE *lsw_errors_save(void)
{
    ERR_STATE *errors = ERR_peek_error() != 0 ? OSSL_ERR_STATE_new() : NULL;

    OSSL_ERR_STATE_save(errors);
    return errors;
}

void lsw_errors_restore(ERR_STATE *errors)
{
    ERR_clear_error();
    OSSL_ERR_STATE_restore(errors);
    OSSL_ERR_STATE_free(errors);
}
