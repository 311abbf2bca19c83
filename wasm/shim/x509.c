/* The contents of a certificate, as bytes and text. */
#include <stdio.h>
#include <string.h>
#include <openssl/x509v3.h>
#include "internal.h"

int lsw_X509_to_der(const X509 *cert, uint8_t *buf, size_t capacity)
{
    int length = i2d_X509(cert, NULL);
    unsigned char *end = buf;

    return length > 0 && (size_t)length <= capacity ? i2d_X509(cert, &end) : length;
}

/* RFC 2253, with UTF-8 as it is rather than escaped. */
static int print_name(BIO *bio, const X509_NAME *name)
{
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0;
}

int lsw_print_name(const X509_NAME *name, uint8_t *buf, size_t capacity)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = bio != NULL && print_name(bio, name) ? BIO_get_mem_data(bio, &text) : -1;

    if (length > 0 && (size_t)length <= capacity)
        memcpy(buf, text, (size_t)length);
    BIO_free(bio);
    return (int)length;
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

    snprintf(text, sizeof(text), "%lld", (long long)number);
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

/* The short name of an object, or its numbers. */
static void object_name(const ASN1_OBJECT *object, char *buf, int size)
{
    int nid = OBJ_obj2nid(object);

    if (nid != NID_undef)
        BIO_snprintf(buf, (size_t)size, "%s", OBJ_nid2sn(nid));
    else if (OBJ_obj2txt(buf, size, object, 1) < 0)
        buf[0] = '\0';
}

/* The whole, and each attribute, in the order of the certificate. */
static void put_name(BIO *out, BIO *scratch, int whole, int attribute, const X509_NAME *name)
{
    int i;

    put_printed(out, whole, scratch, print_name(scratch, name));
    for (i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        char type[80];
        unsigned char *value = NULL;
        int length = ASN1_STRING_to_UTF8(&value, X509_NAME_ENTRY_get_data(entry));

        object_name(X509_NAME_ENTRY_get_object(entry), type, sizeof(type));
        BIO_write(scratch, type, (int)strlen(type) + 1);
        if (length > 0)
            BIO_write(scratch, value, length);
        put_printed(out, attribute, scratch, length >= 0);
        OPENSSL_free(value);
    }
}

static void put_ip(BIO *out, const ASN1_OCTET_STRING *address)
{
    const unsigned char *b = ASN1_STRING_get0_data(address);
    char text[64];
    int i, at = 0;

    if (ASN1_STRING_length(address) == 4) {
        snprintf(text, sizeof(text), "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
    } else if (ASN1_STRING_length(address) == 16) {
        for (i = 0; i < 16; i += 2)
            at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%x", i != 0 ? ":" : "", b[i] << 8 | b[i + 1]);
    } else {
        return;
    }
    put_text(out, LSW_X509_IP_ADDRESS, text);
}

static void put_alt_names(BIO *out, BIO *scratch, const X509 *cert)
{
    int i, index = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1);
    GENERAL_NAMES *names = index >= 0 ? X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL) : NULL;

    if (index >= 0)
        put_printed(out, LSW_X509_SUBJECT_ALT_NAME, scratch, X509V3_EXT_print(scratch, X509_get_ext(cert, index), 0, 0));
    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        int field = type == GEN_DNS ? LSW_X509_DNS_NAME : type == GEN_EMAIL ? LSW_X509_EMAIL : type == GEN_URI ? LSW_X509_URI : 0;

        if (field != 0)
            put(out, field, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
        else if (type == GEN_IPADD)
            put_ip(out, value);
    }
    GENERAL_NAMES_free(names);
}

static void put_key(BIO *out, X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
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
}

static void put_usage(BIO *out, X509 *cert)
{
    uint32_t flags = X509_get_extension_flags(cert);
    EXTENDED_KEY_USAGE *extended = flags & EXFLAG_XKUSAGE ? X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL) : NULL;
    char name[80];
    int i;

    if (flags & EXFLAG_CA)
        put_text(out, LSW_X509_CA, "");
    if (X509_get_pathlen(cert) >= 0)
        put_number(out, LSW_X509_PATH_LENGTH, X509_get_pathlen(cert));
    if (flags & EXFLAG_KUSAGE)
        put_number(out, LSW_X509_KEY_USAGE, X509_get_key_usage(cert));
    for (i = 0; i < sk_ASN1_OBJECT_num(extended); i++) {
        object_name(sk_ASN1_OBJECT_value(extended, i), name, sizeof(name));
        put_text(out, LSW_X509_EXTENDED_KEY_USAGE, name);
    }
    EXTENDED_KEY_USAGE_free(extended);
}

static void put_access(BIO *out, const X509 *cert)
{
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(cert, NID_info_access, NULL, NULL);
    int i;

    for (i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, i);
        int nid = OBJ_obj2nid(one->method), type;
        const void *value = GENERAL_NAME_get0_value(one->location, &type);

        int field = nid == NID_ad_OCSP ? LSW_X509_OCSP_URL : nid == NID_ad_ca_issuers ? LSW_X509_CA_ISSUERS_URL : 0;

        if (type == GEN_URI && field != 0)
            put(out, field, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
    }
    AUTHORITY_INFO_ACCESS_free(access);
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

int lsw_X509_describe(X509 *cert, uint8_t *buf, size_t capacity)
{
    BIO *out = BIO_new(BIO_s_mem()), *scratch = BIO_new(BIO_s_mem());
    ERR_STATE *errors = lsw_errors_save();
    const ASN1_OBJECT *signature = NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length = 0;
    char name[80], *bytes = NULL;
    int length = -1;

    if (out != NULL && scratch != NULL) {
        put_name(out, scratch, LSW_X509_SUBJECT, LSW_X509_SUBJECT_ATTRIBUTE, X509_get_subject_name(cert));
        put_name(out, scratch, LSW_X509_ISSUER, LSW_X509_ISSUER_ATTRIBUTE, X509_get_issuer_name(cert));
        put_alt_names(out, scratch, cert);
        put_printed(out, LSW_X509_SERIAL_NUMBER, scratch, i2a_ASN1_INTEGER(scratch, X509_get0_serialNumber(cert)) > 0);
        put_number(out, LSW_X509_NOT_BEFORE, seconds(X509_get0_notBefore(cert)));
        put_number(out, LSW_X509_NOT_AFTER, seconds(X509_get0_notAfter(cert)));
        if (X509_digest(cert, EVP_sha256(), digest, &digest_length))
            put(out, LSW_X509_FINGERPRINT256, digest, (int)digest_length);
        put_key(out, cert);
        put_usage(out, cert);
        X509_ALGOR_get0(&signature, NULL, NULL, X509_get0_tbs_sigalg(cert));
        object_name(signature, name, sizeof(name));
        put_text(out, LSW_X509_SIGNATURE_ALGORITHM, name);
        put_access(out, cert);
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
