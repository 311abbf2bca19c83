/*
 * TLS 1.3's key schedule (RFC 8446 section 7.1) straight upon SHA-256 and SHA-384, which all of its suites have. OpenSSL asks its providers
 * for each secret, by names and parameters: that takes longer than the hashing, twenty times a handshake on each side.
 */
#include <openssl/sha.h>

#define MAX_SECRET SHA384_DIGEST_LENGTH
#define MAX_BLOCK SHA512_CBLOCK

/* Of `first`, which is a block, or nothing, and of `data`. `out` may be within `data`. */
static void hash_both(size_t size, const unsigned char *first, size_t firstlen, const unsigned char *data, size_t datalen,
    unsigned char *out)
{
    union {
        SHA256_CTX sha256;
        SHA512_CTX sha384;
    } state;

    if (size == SHA256_DIGEST_LENGTH) {
        SHA256_Init(&state.sha256);
        SHA256_Update(&state.sha256, first, firstlen);
        SHA256_Update(&state.sha256, data, datalen);
        SHA256_Final(out, &state.sha256);
    } else {
        SHA384_Init(&state.sha384);
        SHA384_Update(&state.sha384, first, firstlen);
        SHA384_Update(&state.sha384, data, datalen);
        SHA384_Final(out, &state.sha384);
    }
    OPENSSL_cleanse(&state, sizeof(state));
}

/* HMAC (RFC 2104) with a key that is as long as the hash. */
static size_t hmac(size_t size, const unsigned char *key, const unsigned char *data, size_t datalen, unsigned char *out)
{
    size_t block = size == SHA256_DIGEST_LENGTH ? SHA256_CBLOCK : SHA512_CBLOCK, i;
    unsigned char pad[MAX_BLOCK];

    for (i = 0; i < block; i++)
        pad[i] = 0x36 ^ (i < size ? key[i] : 0);
    hash_both(size, pad, block, data, datalen, out);
    for (i = 0; i < block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hash_both(size, pad, block, out, size, out);
    OPENSSL_cleanse(pad, sizeof(pad));
    return size;
}

/* HKDF-Expand-Label: HKDF-Expand (RFC 5869) hashes, each time, the last output, the label and a counter. */
int tls13_hkdf_expand_ex(OSSL_LIB_CTX *libctx, const char *propq, const EVP_MD *md, const unsigned char *secret, const unsigned char *label,
    size_t labellen, const unsigned char *data, size_t datalen, unsigned char *out, size_t outlen, int raise_error)
{
    unsigned char message[MAX_SECRET + 4 + 2 * UINT8_MAX + 1], *info = message + MAX_SECRET, *from = info, *at = info;
    size_t size = (size_t)EVP_MD_get_size(md), prefixlen = sizeof(label_prefix) - 1;

    (void)libctx, (void)propq;
    if (data == NULL) /* whatever its length: so it is where keys are updated */
        datalen = 0;
    if (labellen > TLS13_MAX_LABEL_LEN || datalen > UINT8_MAX || size > MAX_SECRET || outlen > UINT8_MAX * size) {
        if (raise_error)
            ERR_raise(ERR_LIB_SSL, labellen > TLS13_MAX_LABEL_LEN ? SSL_R_TLS_ILLEGAL_EXPORTER_LABEL : ERR_R_INTERNAL_ERROR);
        return 0;
    }
    *at++ = (unsigned char)(outlen >> 8);
    *at++ = (unsigned char)outlen;
    *at++ = (unsigned char)(prefixlen + labellen);
    memcpy(at, label_prefix, prefixlen);
    memcpy(at += prefixlen, label, labellen);
    at += labellen;
    *at++ = (unsigned char)datalen;
    if (datalen > 0)
        memcpy(at, data, datalen);
    at += datalen;
    *at = 0;
    while (outlen > 0) {
        size_t length = outlen < size ? outlen : size;

        ++*at;
        hmac(size, secret, from, at + 1 - from, info - size);
        from = info - size;
        memcpy(out, from, length);
        out += length;
        outlen -= length;
    }
    OPENSSL_cleanse(message, MAX_SECRET);
    return 1;
}

int tls13_generate_secret(SSL_CONNECTION *s, const EVP_MD *md, const unsigned char *prevsecret, const unsigned char *insecret,
    size_t insecretlen, unsigned char *outsecret)
{
    static const unsigned char zeros[MAX_SECRET];
    size_t size = (size_t)EVP_MD_get_size(md);
    unsigned char salt[MAX_SECRET] = { 0 }, of_nothing[MAX_SECRET];

    (void)s;
    if (prevsecret != NULL) {
        hash_both(size, zeros, 0, zeros, 0, of_nothing);
        tls13_hkdf_expand_ex(NULL, NULL, md, prevsecret, (const unsigned char *)"derived", 7, of_nothing, size, salt, size, 0);
    }
    hmac(size, salt, insecret != NULL ? insecret : zeros, insecret != NULL ? insecretlen : size, outsecret);
    OPENSSL_cleanse(salt, sizeof(salt));
    return 1;
}
