/* The contents of a certificate, as bytes and text. */
#include <openssl/bio.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/x509v3.h>
#include "internal.h"

int lsw_X509_to_der(const X509 *cert, uint8_t *buf, size_t capacity)
{
    int length = i2d_X509(cert, NULL);
    unsigned char *end = buf;

    return length > 0 && (size_t)length <= capacity ? i2d_X509(cert, &end) : length;
}

static void put(BIO *out, int field, const void *bytes, int length)
{
    const unsigned char head[] = { (unsigned char)field, (unsigned char)(length >> 24), (unsigned char)(length >> 16),
        (unsigned char)(length >> 8), (unsigned char)length };

    if (bytes == NULL || length < 0)
        return;
    BIO_write(out, head, sizeof(head));
    BIO_write(out, bytes, length);
}

static void put_text(BIO *out, int field, const char *text)
{
    put(out, field, text, text != NULL ? (int)strlen(text) : -1);
}

static void put_number(BIO *out, int field, int64_t number)
{
    char text[24];

    BIO_snprintf(text, sizeof(text), "%lld", (long long)number);
    put_text(out, field, text);
}

/* The text that was printed to `text`, which is emptied. */
static void put_printed(BIO *out, int field, BIO *text, int ok)
{
    char *bytes = NULL;
    long length = BIO_get_mem_data(text, &bytes);

    if (ok)
        put(out, field, length > 0 ? bytes : "", (int)length);
    BIO_reset(text);
}

static void put_name(BIO *out, BIO *scratch, int field, const X509_NAME *name)
{
    put_printed(out, field, scratch, X509_NAME_print_ex(scratch, name, 0, LSW_NAME_FLAGS) >= 0);
}

/* Each attribute of a name, in the order of the certificate. */
static void put_attributes(BIO *out, BIO *scratch, int field, const X509_NAME *name)
{
    int i;

    for (i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

        lsw_print_object(scratch, X509_NAME_ENTRY_get_object(entry));
        lsw_print_nul(scratch);
        lsw_print_string(scratch, X509_NAME_ENTRY_get_data(entry));
        put_printed(out, field, scratch, 1);
    }
}

/* The first extension of that kind, as Node has it; X509_get_ext_d2i gives none if there are two. */
static void *first_extension(const X509 *cert, int nid)
{
    int index = X509_get_ext_by_NID(cert, nid, -1);

    return index >= 0 ? X509V3_EXT_d2i(X509_get_ext(cert, index)) : NULL;
}

static void put_alt_names(BIO *out, BIO *scratch, const X509 *cert)
{
    GENERAL_NAMES *names = first_extension(cert, NID_subject_alt_name);
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        lsw_print_general_name(scratch, sk_GENERAL_NAME_value(names, i));
        put_printed(out, LSW_X509_ALT_NAME, scratch, 1);
    }
    GENERAL_NAMES_free(names);
}

/* In hexadecimal; `number` is freed. */
static void put_bignum(BIO *out, int field, BIGNUM *number)
{
    char *text = number != NULL ? BN_bn2hex(number) : NULL;

    put_text(out, field, text);
    BN_free(number);
    OPENSSL_free(text);
}

static void put_key(BIO *out, X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    BIGNUM *modulus = NULL, *exponent = NULL;
    unsigned char *spki = NULL;
    int spki_length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    char group[80];

    put(out, LSW_X509_SPKI, spki, spki_length);
    OPENSSL_free(spki);
    if (key == NULL)
        return;
    put_text(out, LSW_X509_KEY_TYPE, EVP_PKEY_get0_type_name(key));
    put_number(out, LSW_X509_KEY_BITS, EVP_PKEY_get_bits(key));
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL))
        put_text(out, LSW_X509_KEY_GROUP, group);
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus);
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent);
    put_bignum(out, LSW_X509_MODULUS, modulus);
    put_bignum(out, LSW_X509_EXPONENT, exponent);
}

static void put_usage(BIO *out, BIO *scratch, X509 *cert)
{
    uint32_t flags = X509_get_extension_flags(cert);
    EXTENDED_KEY_USAGE *extended = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
    int i;

    if (X509_check_ca(cert) == 1)
        put_text(out, LSW_X509_CA, "");
    if (X509_get_pathlen(cert) >= 0)
        put_number(out, LSW_X509_PATH_LENGTH, X509_get_pathlen(cert));
    if (flags & EXFLAG_KUSAGE)
        put_number(out, LSW_X509_KEY_USAGE, X509_get_key_usage(cert));
    for (i = 0; i < sk_ASN1_OBJECT_num(extended); i++) {
        lsw_print_object(scratch, sk_ASN1_OBJECT_value(extended, i));
        lsw_print_nul(scratch);
        lsw_print_numbers(scratch, sk_ASN1_OBJECT_value(extended, i));
        put_printed(out, LSW_X509_EXTENDED_KEY_USAGE, scratch, 1);
    }
    EXTENDED_KEY_USAGE_free(extended);
}

static void put_access(BIO *out, BIO *scratch, const X509 *cert)
{
    AUTHORITY_INFO_ACCESS *access = first_extension(cert, NID_info_access);
    int i;

    for (i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, i);

        i2a_ASN1_OBJECT(scratch, one->method);
        lsw_print_nul(scratch);
        lsw_print_general_name(scratch, one->location);
        put_printed(out, LSW_X509_ACCESS, scratch, 1);
    }
    AUTHORITY_INFO_ACCESS_free(access);
}

static void put_time(BIO *out, BIO *scratch, int field, const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, secs = 0;

    if (epoch != NULL && ASN1_TIME_diff(&days, &secs, epoch, time))
        BIO_printf(scratch, "%lld", (long long)days * 86400 + secs);
    ASN1_TIME_free(epoch);
    lsw_print_nul(scratch);
    ASN1_TIME_print(scratch, time);
    put_printed(out, field, scratch, 1);
}

static void put_digest(BIO *out, int field, const X509 *cert, const EVP_MD *md)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    if (X509_digest(cert, md, digest, &length))
        put(out, field, digest, (int)length);
}

static void put_validity(BIO *out, BIO *scratch, const X509 *cert)
{
    put_name(out, scratch, LSW_X509_SUBJECT, X509_get_subject_name(cert));
    put_time(out, scratch, LSW_X509_NOT_BEFORE, X509_get0_notBefore(cert));
    put_time(out, scratch, LSW_X509_NOT_AFTER, X509_get0_notAfter(cert));
}

static void put_others(BIO *out, BIO *scratch, X509 *cert)
{
    const ASN1_OBJECT *signature = NULL;

    put_name(out, scratch, LSW_X509_ISSUER, X509_get_issuer_name(cert));
    put_attributes(out, scratch, LSW_X509_ISSUER_ATTRIBUTE, X509_get_issuer_name(cert));
    put_bignum(out, LSW_X509_SERIAL_NUMBER, ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL));
    put_digest(out, LSW_X509_FINGERPRINT, cert, EVP_sha1());
    put_digest(out, LSW_X509_FINGERPRINT256, cert, EVP_sha256());
    put_digest(out, LSW_X509_FINGERPRINT512, cert, EVP_sha512());
    put_key(out, cert);
    put_usage(out, scratch, cert);
    X509_ALGOR_get0(&signature, NULL, NULL, X509_get0_tbs_sigalg(cert));
    lsw_print_object(scratch, signature);
    put_printed(out, LSW_X509_SIGNATURE_ALGORITHM, scratch, 1);
    put_access(out, scratch, cert);
}

int lsw_X509_describe(X509 *cert, int parts, uint8_t *buf, size_t capacity)
{
    BIO *out = BIO_new(BIO_s_mem()), *scratch = BIO_new(BIO_s_mem());
    ERR_STATE *errors = lsw_errors_save();
    char *bytes = NULL;
    int length = -1;

    if (out != NULL && scratch != NULL) {
        if (parts & LSW_X509_NAMES) {
            put_attributes(out, scratch, LSW_X509_SUBJECT_ATTRIBUTE, X509_get_subject_name(cert));
            put_alt_names(out, scratch, cert);
        }
        if (parts & LSW_X509_VALIDITY)
            put_validity(out, scratch, cert);
        if (parts & LSW_X509_OTHERS)
            put_others(out, scratch, cert);
        length = (int)BIO_get_mem_data(out, &bytes);
        if (length > 0 && (size_t)length <= capacity)
            memcpy(buf, bytes, (size_t)length);
    }
    BIO_free(out);
    BIO_free(scratch);
    lsw_errors_restore(errors); /* fields that could not be read are left out */
    return length;
}

const char *lsw_X509_key_type(X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);

    return key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;
}
