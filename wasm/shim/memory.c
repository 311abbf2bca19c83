/* Linear memory, for TypeScript's scopes. */
#include <malloc.h>
#include <openssl/crypto.h>
#include "lsw.h"

uint8_t *lsw_alloc(size_t size)
{
    return OPENSSL_zalloc(size != 0 ? size : 1);
}

void lsw_free(uint8_t *p, size_t size)
{
    OPENSSL_clear_free(p, size);
}

size_t lsw_allocated_bytes(void)
{
    return mallinfo().uordblks;
}
