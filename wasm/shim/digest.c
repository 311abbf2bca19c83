/* SHA-256, for comparing values without keeping them. */
#include <openssl/evp.h>
#include "lsw.h"

int lsw_sha256(const uint8_t *bytes, size_t length, uint8_t *digest)
{
    return EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL);
}
