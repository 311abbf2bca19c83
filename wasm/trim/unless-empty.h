/* NULL for a store without certificates. */
static X509_STORE *unless_empty(X509_STORE *store)
{
    STACK_OF(X509) *certs = X509_STORE_get1_all_certs(store);
    int count = sk_X509_num(certs);

    OSSL_STACK_OF_X509_free(certs);
    return count > 0 ? store : NULL;
}
