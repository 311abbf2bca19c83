/*
 * Public keys of the latest certificates, by their encoding. A client meets the same server and the same issuer again, a server its own
 * certificate with each context: to decode a key takes longer than all else in a certificate. A public key never changes.
 */
#define KNOWN_KEYS 8
#define LONGEST_KNOWN_KEY 600 /* RSA of 4,096 bits has 550 bytes */

static struct {
    unsigned char *encoding;
    size_t length;
    EVP_PKEY *key;
} known_keys[KNOWN_KEYS];

/* Owned; NULL for another one. */
static EVP_PKEY *known_key(const unsigned char *encoding, size_t length)
{
    size_t i;

    for (i = 0; i < KNOWN_KEYS; i++)
        if (known_keys[i].length == length && memcmp(known_keys[i].encoding, encoding, length) == 0)
            return EVP_PKEY_up_ref(known_keys[i].key) ? known_keys[i].key : NULL;
    return NULL;
}

/* In the place of the one that was met first. */
static void remember_key(const unsigned char *encoding, size_t length, EVP_PKEY *key)
{
    static size_t next;
    unsigned char *copy;
    size_t i;

    if (key == NULL || length > LONGEST_KNOWN_KEY)
        return;
    for (i = 0; i < KNOWN_KEYS; i++)
        if (known_keys[i].key == key)
            return;
    copy = OPENSSL_memdup(encoding, length);
    if (copy == NULL)
        return;
    EVP_PKEY_up_ref(key);
    OPENSSL_free(known_keys[next].encoding);
    EVP_PKEY_free(known_keys[next].key);
    known_keys[next].encoding = copy;
    known_keys[next].length = length;
    known_keys[next].key = key;
    next = (next + 1) % KNOWN_KEYS;
}
