/*
 * To decode a public key takes longer than all else in a certificate. So it is decoded when it is asked for: of all trust anchors, one or
 * none is needed. Borrowed; NULL for a key that cannot be decoded, without an error.
 */
static EVP_PKEY *key_of(X509_PUBKEY *pubkey)
{
    X509_PUBKEY *now;
    unsigned char *encoding = NULL;
    const unsigned char *bytes;
    int length;

    if (pubkey->pkey != NULL || pubkey->was_asked_for || pubkey->flag_force_legacy)
        return pubkey->pkey;
    pubkey->was_asked_for = 1;
    ERR_set_mark();
    length = ASN1_item_i2d((ASN1_VALUE *)pubkey, &encoding, ASN1_ITEM_rptr(X509_PUBKEY_INTERNAL));
    bytes = encoding;
    decodes_at_once = 1;
    now = (X509_PUBKEY *)ASN1_item_d2i_ex(NULL, &bytes, length, ASN1_ITEM_rptr(X509_PUBKEY), pubkey->libctx, pubkey->propq);
    decodes_at_once = 0;
    if (now != NULL) {
        pubkey->pkey = now->pkey;
        now->pkey = NULL;
    }
    X509_PUBKEY_free(now);
    ERR_pop_to_mark();
    OPENSSL_free(encoding);
    return pubkey->pkey;
}
