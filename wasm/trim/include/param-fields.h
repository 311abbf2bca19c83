// Parameters by their names, for the decoders that wasm/trim/param_fields.pm writes.
#ifndef PARAM_FIELDS_H
#define PARAM_FIELDS_H

#include <stddef.h>
#include <string.h>
#include <openssl/params.h>

/* Offsets in a decoder's structure. The first field is never a number, so 0 says that a name may come once. */
struct param_field {
    const char *name;
    unsigned short field, number;
};

#define PARAM_UNSUPPORTED ((unsigned short)-1)

/* Points the fields of result, which is cleared, to the parameters of those names; counts them if count is not NULL. */
int ossl_find_param_fields(const OSSL_PARAM *params, const struct param_field *fields, void *result, size_t size, int *count);

#ifdef PARAM_FIELDS_FUNCTION
#include <openssl/err.h>
#include <openssl/proverr.h>

int ossl_find_param_fields(const OSSL_PARAM *params, const struct param_field *fields, void *result, size_t size, int *count)
{
    memset(result, 0, size);
    if (count != NULL)
        *count = 0;
    if (params == NULL)
        return 1;
    for (; params->key != NULL; params++) {
        const struct param_field *at = fields;
        const OSSL_PARAM **field;

        while (at->name != NULL && strcmp(at->name, params->key) != 0)
            at++;
        if (at->name == NULL)
            continue;
        if (at->field == PARAM_UNSUPPORTED) {
            ERR_raise_data(ERR_LIB_PROV, ERR_R_UNSUPPORTED, "param %s is unsupported", params->key);
            return 0;
        }
        field = (const OSSL_PARAM **)((char *)result + at->field);
        if (at->number != 0) {
            int *number = (int *)((char *)result + at->number);

            if (field + *number == (const OSSL_PARAM **)number) {
                ERR_raise_data(ERR_LIB_PROV, PROV_R_TOO_MANY_RECORDS, "param %s present >%d times", params->key, *number);
                return 0;
            }
            field += (*number)++;
        } else if (*field != NULL) {
            ERR_raise_data(ERR_LIB_PROV, PROV_R_REPEATED_PARAMETER, "param %s is repeated", params->key);
            return 0;
        }
        *field = params;
        if (count != NULL)
            ++*count;
    }
    return 1;
}
#endif

#endif
