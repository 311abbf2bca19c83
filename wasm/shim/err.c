/* OpenSSL's error queue, one entry at a time. */
#include "lsw.h"

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
