// The orders of RFC 7919's groups, (p - 1) / 2: made when they are first asked for, and kept. See unused.list.

static const BIGNUM *half_of(const DH_NAMED_GROUP *group)
{
    static BIGNUM halves[OSSL_NELEM(dh_named_groups)];
    BIGNUM *half = &halves[group - dh_named_groups];

    if (half->top == 0) {
        if (!BN_rshift1(half, group->p))
            return NULL;
        /* Nothing else may free it. */
        BN_set_flags(half, BN_FLG_STATIC_DATA);
    }
    return half;
}
