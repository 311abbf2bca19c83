// The product of eight words and the square of as many, by columns as OpenSSL's own, but in loops: its steps written out are 17 KB.
// See unused.list.

void bn_mul_comba8(BN_ULONG *r, BN_ULONG *a, BN_ULONG *b)
{
    BN_ULONG c0 = 0, c1 = 0, c2 = 0;

    for (int column = 0; column < 15; column++) {
        int last = column < 8 ? column : 7;

        for (int i = column - last; i <= last; i++)
            mul_add_c(a[i], b[column - i], c0, c1, c2);
        r[column] = c0;
        c0 = c1;
        c1 = c2;
        c2 = 0;
    }
    r[15] = c0;
}

void bn_sqr_comba8(BN_ULONG *r, const BN_ULONG *a)
{
    BN_ULONG c0 = 0, c1 = 0, c2 = 0;

    for (int column = 0; column < 15; column++) {
        int i = column < 8 ? column : 7, j = column - i;

        for (; i > j; i--, j++)
            sqr_add_c2(a, i, j, c0, c1, c2);
        if (i == j)
            sqr_add_c(a, i, c0, c1, c2);
        r[column] = c0;
        c0 = c1;
        c1 = c2;
        c2 = 0;
    }
    r[15] = c0;
}
