/* OpenSSL's error queue, one entry at a time. */
#include "internal.h"

unsigned long lsw_ERR_get(const char **data)
{
    int flags = 0;
    unsigned long code = ERR_get_error_all(NULL, NULL, NULL, data, &flags);

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
