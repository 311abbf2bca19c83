// Why a public key could not be decoded, for the error queue. See left-out.list.

/* The curve or the algorithm of the key that is not in this build; NULL if the key itself is wrong. */
static const ASN1_OBJECT *left_out_of(const X509_PUBKEY *key, int is_ec)
{
    EVP_KEYMGMT *method;
    const void *curve;
    char name[OSSL_MAX_NAME_SIZE];
    int type;

    X509_ALGOR_get0(NULL, &type, &curve, key->algor);
    if (is_ec)
        return type == V_ASN1_OBJECT && OBJ_obj2nid(curve) == NID_undef ? curve : NULL;
    OBJ_obj2txt(name, sizeof(name), key->algor->algorithm, 0);
    method = EVP_KEYMGMT_fetch(key->libctx, name, key->propq);
    EVP_KEYMGMT_free(method);
    return method == NULL ? key->algor->algorithm : NULL;
}

static void raise_unreadable(const X509_PUBKEY *key)
{
    int is_ec = OBJ_obj2nid(key->algor->algorithm) == NID_X9_62_id_ecPublicKey;
    const ASN1_OBJECT *left_out;
    char name[OSSL_MAX_NAME_SIZE];

    ERR_set_mark();
    left_out = left_out_of(key, is_ec);
    ERR_pop_to_mark();
    if (left_out == NULL) {
        ERR_raise(ERR_LIB_EVP, EVP_R_DECODE_ERROR);
        return;
    }
    OBJ_obj2txt(name, sizeof(name), left_out, 0);
    ERR_raise_data(ERR_LIB_X509, ERR_R_UNSUPPORTED, "left out of this build: the %s %s", is_ec ? "curve" : "kind of key", name);
}
