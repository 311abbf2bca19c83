/* Secrets of both ends of a connection, and the server's end point. */
#include <string.h>
#include "lsw.h"

long lsw_SSL_get_extms_support(SSL *ssl)
{
    return SSL_get_extms_support(ssl);
}

/* RFC 5929 section 4.1: by the hash of the certificate's signature, but SHA-256 for MD5 and SHA-1. */
int lsw_SSL_get_server_end_point(SSL *ssl, uint8_t *buf, size_t capacity)
{
    X509 *cert = SSL_is_server(ssl) ? SSL_get_certificate(ssl) : SSL_get0_peer_certificate(ssl);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    const EVP_MD *md;
    int nid = NID_undef;

    /* Without one hash (Ed25519, ML-DSA) the binding is undefined. */
    if (cert == NULL || !X509_get_signature_info(cert, &nid, NULL, NULL, NULL) || nid == NID_undef)
        return -1;
    md = nid == NID_md5 || nid == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(nid);
    if (md == NULL || !X509_digest(cert, md, digest, &length))
        return -1;
    if (length <= capacity)
        memcpy(buf, digest, length);
    return (int)length;
}
