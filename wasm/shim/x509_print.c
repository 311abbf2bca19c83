/* Parts of a certificate as text, in the forms that lsw.h describes. */
#include <string.h>
#include "internal.h"

int lsw_print_name(const X509_NAME *name, uint8_t *buf, size_t capacity)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = bio != NULL && X509_NAME_print_ex(bio, name, 0, LSW_NAME_FLAGS) >= 0 ? BIO_get_mem_data(bio, &text) : -1;

    if (length > 0 && (size_t)length <= capacity)
        memcpy(buf, text, (size_t)length);
    BIO_free(bio);
    return (int)length;
}

void lsw_print_nul(BIO *out)
{
    BIO_write(out, "", 1);
}

void lsw_print_numbers(BIO *out, const ASN1_OBJECT *object)
{
    char usual[80], *text = NULL;
    int length = OBJ_obj2txt(usual, sizeof(usual), object, 1);

    if (length > 0 && (size_t)length < sizeof(usual))
        BIO_write(out, usual, length);
    else if (length > 0)
        text = OPENSSL_malloc((size_t)length + 1);
    if (text != NULL && OBJ_obj2txt(text, length + 1, object, 1) == length)
        BIO_write(out, text, length);
    OPENSSL_free(text);
}

void lsw_print_object(BIO *out, const ASN1_OBJECT *object)
{
    int nid = OBJ_obj2nid(object);

    if (nid == NID_undef)
        lsw_print_numbers(out, object);
    else
        BIO_puts(out, OBJ_nid2sn(nid));
}

void lsw_print_string(BIO *out, const ASN1_STRING *string)
{
    unsigned char *text = NULL;
    int length = ASN1_STRING_to_UTF8(&text, string);

    if (length < 0)
        ASN1_STRING_print_ex(out, string, ASN1_STRFLGS_DUMP_ALL | ASN1_STRFLGS_DUMP_DER);
    else if (length > 0)
        BIO_write(out, text, length);
    OPENSSL_free(text);
}

/* The names of other kinds that have a text, and the type of that. */
static const struct {
    int nid, type;
    const char *kind;
} other_kinds[] = {
    { NID_id_on_SmtpUTF8Mailbox, V_ASN1_UTF8STRING, "SmtpUTF8Mailbox" },
    { NID_XmppAddr, V_ASN1_UTF8STRING, "XmppAddr" },
    { NID_SRVName, V_ASN1_IA5STRING, "SRVName" },
    { NID_ms_upn, V_ASN1_UTF8STRING, "UPN" },
    { NID_NAIRealm, V_ASN1_UTF8STRING, "NAIRealm" },
};

static void print_kind(BIO *out, const char *kind, const ASN1_STRING *value)
{
    BIO_puts(out, kind);
    lsw_print_nul(out);
    if (ASN1_STRING_type(value) == V_ASN1_IA5STRING)
        lsw_print_string(out, value);
    else
        BIO_write(out, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
}

static void print_other_name(BIO *out, const OTHERNAME *name)
{
    int nid = OBJ_obj2nid(name->type_id);
    size_t i;

    for (i = 0; i < sizeof(other_kinds) / sizeof(other_kinds[0]); i++) {
        if (other_kinds[i].nid == nid && other_kinds[i].type == name->value->type) {
            print_kind(out, other_kinds[i].kind, name->value->value.asn1_string);
            return;
        }
    }
    BIO_puts(out, "othername");
}

void lsw_print_general_name(BIO *out, const GENERAL_NAME *name)
{
    int type;
    const void *value = GENERAL_NAME_get0_value(name, &type);

    switch (type) {
    case GEN_DNS:
        print_kind(out, "DNS", value);
        break;
    case GEN_EMAIL:
        print_kind(out, "email", value);
        break;
    case GEN_URI:
        print_kind(out, "URI", value);
        break;
    case GEN_IPADD:
        print_kind(out, "IP Address", value);
        break;
    case GEN_DIRNAME:
        BIO_puts(out, "DirName");
        lsw_print_nul(out);
        X509_NAME_print_ex(out, value, 0, LSW_NAME_FLAGS & ~ASN1_STRFLGS_ESC_CTRL);
        break;
    case GEN_RID:
        BIO_puts(out, "Registered ID");
        lsw_print_nul(out);
        lsw_print_numbers(out, value);
        break;
    case GEN_OTHERNAME:
        print_other_name(out, value);
        break;
    default:
        BIO_puts(out, type == GEN_X400 ? "X400Name" : "EdiPartyName");
    }
}
