/*
 * To decode a public key takes longer than all else in a certificate. So a key is decoded when it is asked for, not with its certificate:
 * of all trust anchors, one or none is needed. And the keys of the latest certificates are kept, by their encoding: a client meets the same
 * server and the same issuer again, a server its own certificate with each context. A public key never changes.
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

/* Borrowed; NULL for a key that cannot be decoded, without an error. */
static EVP_PKEY *key_of(X509_PUBKEY *pubkey)
{
    X509_PUBKEY *now;
    unsigned char *encoding = NULL;
    const unsigned char *bytes;
    int length;

    if (pubkey->pkey != NULL || pubkey->decodes_now || pubkey->flag_force_legacy)
        return pubkey->pkey;
    pubkey->decodes_now = 1;
    ERR_set_mark();
    length = ASN1_item_i2d((ASN1_VALUE *)pubkey, &encoding, ASN1_ITEM_rptr(X509_PUBKEY_INTERNAL));
    if (length > 0)
        pubkey->pkey = known_key(encoding, (size_t)length);
    if (length > 0 && pubkey->pkey == NULL && (now = X509_PUBKEY_new_ex(pubkey->libctx, pubkey->propq)) != NULL) {
        now->decodes_now = 1;
        bytes = encoding;
        if (d2i_X509_PUBKEY(&now, &bytes, length) != NULL) {
            pubkey->pkey = now->pkey;
            now->pkey = NULL;
            remember_key(encoding, (size_t)length, pubkey->pkey);
        }
        X509_PUBKEY_free(now);
    }
    ERR_pop_to_mark();
    OPENSSL_free(encoding);
    return pubkey->pkey;
}
