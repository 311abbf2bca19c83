/* What a certificate says, as bytes and text. */
#include <string.h>
#include <openssl/x509v3.h>
#include "internal.h"

static int copy_out(const void *from, int length, uint8_t *buf, size_t capacity)
{
    if (length >= 0 && (size_t)length <= capacity)
        memcpy(buf, from, (size_t)length);
    return length;
}

static int copy_out_bio(BIO *bio, int ok, uint8_t *buf, size_t capacity)
{
    char *text = NULL;
    long length = bio != NULL && ok ? BIO_get_mem_data(bio, &text) : -1;
    int needed = copy_out(text, (int)length, buf, capacity);

    BIO_free(bio);
    return needed;
}

int lsw_X509_to_der(const X509 *cert, uint8_t *buf, size_t capacity)
{
    int length = i2d_X509(cert, NULL);
    unsigned char *end = buf;

    return length > 0 && (size_t)length <= capacity ? i2d_X509(cert, &end) : length;
}

/* RFC 2253, with UTF-8 as it is rather than escaped. */
int lsw_print_name(const X509_NAME *name, uint8_t *buf, size_t capacity)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int ok = bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0;

    return copy_out_bio(bio, ok, buf, capacity);
}

int lsw_X509_subject(const X509 *cert, uint8_t *buf, size_t capacity)
{
    return lsw_print_name(X509_get_subject_name(cert), buf, capacity);
}

int lsw_X509_issuer(const X509 *cert, uint8_t *buf, size_t capacity)
{
    return lsw_print_name(X509_get_issuer_name(cert), buf, capacity);
}

int lsw_X509_subject_alt_name(const X509 *cert, uint8_t *buf, size_t capacity)
{
    int index = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1);
    BIO *bio;

    if (index < 0)
        return 0;
    bio = BIO_new(BIO_s_mem());
    return copy_out_bio(bio, bio != NULL && X509V3_EXT_print(bio, X509_get_ext(cert, index), 0, 0), buf, capacity);
}

int lsw_X509_serial_number(const X509 *cert, uint8_t *buf, size_t capacity)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return copy_out_bio(bio, bio != NULL && i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(cert)) > 0, buf, capacity);
}

int lsw_X509_fingerprint256(const X509 *cert, uint8_t *buf, size_t capacity)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    return X509_digest(cert, EVP_sha256(), digest, &length) ? copy_out(digest, (int)length, buf, capacity) : -1;
}

static int64_t seconds(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, secs = 0;

    if (epoch != NULL)
        ASN1_TIME_diff(&days, &secs, epoch, time);
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + secs;
}

int64_t lsw_X509_not_before(const X509 *cert)
{
    return seconds(X509_get0_notBefore(cert));
}

int64_t lsw_X509_not_after(const X509 *cert)
{
    return seconds(X509_get0_notAfter(cert));
}
