// A message's tag, the message being given in two pieces.
#include <stdint.h>
#include "crypto/poly1305.h"

__attribute__((export_name("poly1305"))) int poly1305(const uint8_t key[32], const uint8_t *in, size_t len, size_t first, uint8_t tag[16])
{
    POLY1305 poly;
    Poly1305_Init(&poly, key);
    Poly1305_Update(&poly, in, first);
    Poly1305_Update(&poly, in + first, len - first);
    Poly1305_Final(&poly, tag);
    return 1;
}
