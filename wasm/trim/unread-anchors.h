/*
 * Certificates of a store that were not looked for yet: their encodings. One is read when its subject is looked up, or when all are listed:
 * of a long list of trust anchors, one or none is needed.
 */
#define X509_LU_UNREAD ((X509_LOOKUP_TYPE)(X509_LU_CRL + 1))

struct unread {
    size_t length;
    unsigned char der[];
};

/* What a store has of one name. What is unread has no others beside it. */
static STACK_OF(X509_OBJECT) *read_late(STACK_OF(X509_OBJECT) *objs)
{
    X509_OBJECT *obj = sk_X509_OBJECT_value(objs, 0);

    if (obj != NULL && obj->type == X509_LU_UNREAD) {
        struct unread *unread = (struct unread *)obj->data.x509;
        const unsigned char *der = unread->der;
        X509 *cert = d2i_X509(NULL, &der, (long)unread->length);

        if (cert != NULL) {
            OPENSSL_free(unread);
            obj->type = X509_LU_X509;
            obj->data.x509 = cert;
        }
    }
    return objs;
}

static int x509_name_objs_ht_insert(const X509_STORE *store, const X509_NAME *xn, STACK_OF(X509_OBJECT) *objs, X509_OBJECT *obj);

/*
 * Adds a certificate that d2i_X509 is known to read, with its subject as X509_NAME_cmp compares it. 0 if it must be read to be added, as
 * there is something of that name.
 */
int ossl_x509_store_add_unread(X509_STORE *store, unsigned char *subject, int subject_length, const unsigned char *der, size_t length)
{
    X509_NAME name = { 0 };
    X509_OBJECT *obj;
    struct unread *unread;

    name.canon_enc = subject;
    name.canon_enclen = subject_length;
    if (store->objs_ht == NULL || ossl_x509_store_ht_get_by_name(store, &name) != NULL)
        return 0;
    obj = X509_OBJECT_new();
    unread = OPENSSL_malloc(sizeof(*unread) + length);
    if (obj != NULL && unread != NULL) {
        unread->length = length;
        memcpy(unread->der, der, length);
        obj->type = X509_LU_UNREAD;
        obj->data.x509 = (X509 *)unread;
        if (x509_name_objs_ht_insert(store, &name, NULL, obj))
            return 1;
    }
    OPENSSL_free(unread);
    OPENSSL_free(obj);
    return 0;
}
