// The multiples of Ed25519's base point, made when they are first asked for: as data they are 30 KB that do not compress. Included by
// OpenSSL's curve25519.c (tables.list) behind its group operations, from RFC 8032's formulas as they are there.
//
// Takes about a millisecond, once for an instance, and several where the code is new. Nothing here depends on a secret.

static const ge_precomp Bi[8];
static int made;

static const uint8_t base_point[32] = { 9 }; /* X25519's: RFC 7748, section 4.1 */

/*
 * The first public keys of X25519 are made by the ladder that agrees on secrets, whose code a handshake needs anyway. Each takes longer by
 * it; the table takes the time of several.
 */
static int without_table(void)
{
    static int keys;

    return !made && keys++ < 8;
}

static const ge_precomp (*base_table(void))[8]
{
    ge_p3 row[8];
    ge_p1p1 sum;
    fe products[8], inverse, x, y;
    int i, j;

    if (made)
        return (const ge_precomp(*)[8])k25519Precomp;
    ge_p3_0(&row[0]);
    ge_madd(&sum, &row[0], &Bi[0]);
    ge_p1p1_to_p3(&row[0], &sum);
    for (i = 0; i < 32; i++) {
        ge_cached first;

        // Row i: 1 to 8 times 256^i times the base point.
        ge_p3_to_cached(&first, &row[0]);
        for (j = 1; j < 8; j++) {
            ge_add(&sum, &row[j - 1], &first);
            ge_p1p1_to_p3(&row[j], &sum);
        }
        // One inversion for eight denominators (Montgomery): products[j] is Z of all up to j.
        fe_copy(products[0], row[0].Z);
        for (j = 1; j < 8; j++)
            fe_mul(products[j], products[j - 1], row[j].Z);
        fe_invert(inverse, products[7]);
        for (j = 7; j >= 0; j--) {
            ge_precomp *entry = &k25519Precomp[i][j];
            fe one;

            if (j > 0)
                fe_mul(one, inverse, products[j - 1]);
            else
                fe_copy(one, inverse);
            fe_mul(inverse, inverse, row[j].Z);
            fe_mul(x, row[j].X, one);
            fe_mul(y, row[j].Y, one);
            fe_add(entry->yplusx, y, x);
            fe_sub(entry->yminusx, y, x);
            fe_mul(entry->xy2d, x, y);
            fe_mul(entry->xy2d, entry->xy2d, d2);
        }
        // The next row begins with 256 times this one's first, which is 32 times its last.
        for (j = 0; j < 5; j++) {
            ge_p3_dbl(&sum, &row[j == 0 ? 7 : 0]);
            ge_p1p1_to_p3(&row[0], &sum);
        }
    }
    made = 1;
    return (const ge_precomp(*)[8])k25519Precomp;
}
