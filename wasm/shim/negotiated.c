/* What the two ends of a handshake have used and told: signatures, ephemeral keys, names, a stapled response. */
#include <string.h>
#include <openssl/ocsp.h>
#include "internal.h"

const char *lsw_SSL_get0_peer_signature_name(SSL *ssl)
{
    const char *name = NULL;

    return SSL_get0_peer_signature_name(ssl, &name) ? name : NULL;
}

const char *lsw_SSL_get0_signature_name(SSL *ssl)
{
    const char *name = NULL;

    return SSL_get0_signature_name(ssl, &name) ? name : NULL;
}

const char *lsw_SSL_get_shared_sigalg_type(SSL *ssl, int index)
{
    int type = NID_undef;

    return SSL_get_shared_sigalgs(ssl, index, &type, NULL, NULL, NULL, NULL) > index ? OBJ_nid2sn(type) : NULL;
}

const char *lsw_SSL_get_shared_sigalg_hash(SSL *ssl, int index)
{
    int hash = NID_undef;

    return SSL_get_shared_sigalgs(ssl, index, NULL, &hash, NULL, NULL, NULL) > index ? OBJ_nid2sn(hash) : NULL;
}

int lsw_SSL_set1_client_sigalgs_list(SSL *ssl, const char *list)
{
    return SSL_set1_client_sigalgs_list(ssl, list);
}

int lsw_SSL_get_peer_tmp_key_bits(SSL *ssl)
{
    EVP_PKEY *key = NULL;
    int bits = SSL_get_peer_tmp_key(ssl, &key) ? EVP_PKEY_get_bits(key) : 0;

    EVP_PKEY_free(key);
    return bits;
}

int lsw_SSL_get_peer_tmp_key_group(SSL *ssl, uint8_t *buf, size_t capacity)
{
    EVP_PKEY *key = NULL;
    char group[64] = "";
    size_t length = 0;
    int ok = (int)SSL_get_peer_tmp_key(ssl, &key);

    if (ok && EVP_PKEY_is_a(key, "EC"))
        ok = EVP_PKEY_get_group_name(key, group, sizeof(group), &length);
    else if (ok && (EVP_PKEY_is_a(key, "X25519") || EVP_PKEY_is_a(key, "X448")))
        length = OPENSSL_strlcpy(group, EVP_PKEY_get0_type_name(key), sizeof(group));
    else
        ok = ok && EVP_PKEY_is_a(key, "DH");
    EVP_PKEY_free(key);
    if (!ok)
        return -1;
    if (length <= capacity)
        memcpy(buf, group, length);
    return (int)length;
}

long lsw_SSL_get_secure_renegotiation_support(SSL *ssl)
{
    return SSL_get_secure_renegotiation_support(ssl);
}

int lsw_SSL_get_tlsext_status_ocsp_resp(SSL *ssl, uint8_t *buf, size_t capacity)
{
    unsigned char *response = NULL;
    long length = SSL_get_tlsext_status_ocsp_resp(ssl, &response);

    if (length > 0 && (size_t)length <= capacity)
        memcpy(buf, response, (size_t)length);
    return length > 0 ? (int)length : -1;
}

int lsw_SSL_get_peer_CA_name_der(const SSL *ssl, int index, uint8_t *buf, size_t capacity)
{
    const X509_NAME *name = sk_X509_NAME_value(SSL_get0_peer_CA_list(ssl), index);
    int length = name != NULL ? i2d_X509_NAME(name, NULL) : -1;

    return length > 0 && (size_t)length <= capacity ? i2d_X509_NAME(name, &buf) : length;
}
