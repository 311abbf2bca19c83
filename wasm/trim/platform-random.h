/*
 * Random bytes are the platform's, as they come: crypto.getRandomValues is a generator that its system has seeded. One of OpenSSL's
 * behind it would be no better than its seed, keep a secret state of its own, and take time and code at the first handshake.
 */
#include <unistd.h>

#define MOST_AT_ONCE 256 /* bytes that getentropy gives */

static int platform_bytes(unsigned char *buf, size_t num)
{
    while (num > 0) {
        size_t now = num < MOST_AT_ONCE ? num : MOST_AT_ONCE;

        if (getentropy(buf, now) != 0) {
            ERR_raise(ERR_LIB_RAND, RAND_R_ERROR_RETRIEVING_ENTROPY);
            return 0;
        }
        buf += now;
        num -= now;
    }
    return 1;
}
