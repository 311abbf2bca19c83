// The multiples of edwards448's base point that signing (a signed comb) and verifying (odd multiples) add up, made when they are first
// asked for: as data they are 21 KB that do not compress. Included by OpenSSL's curve448.c (tables.list) behind its group operations.
//
// Sources: M. Hamburg, "Fast and compact elliptic-curve cryptography" (2012), for the comb; RFC 8032 for the curve. Takes some
// milliseconds, once for an instance. Nothing here depends on a secret.

enum { COMB_ROW = 1 << (COMBS_T - 1), ODD_MULTIPLES = 1 << C448_WNAF_FIXED_TABLE_BITS, MOST_AT_ONCE = ODD_MULTIPLES };

// The base point on the twisted curve y^2 - x^2 = 1 + d x^2 y^2, by limbs of 56 bits, the lowest first.
static const curve448_point_t twisted_base = { {
    { FIELD_LITERAL(0, 0, 0, 0x80000000000000, 0xfffffffffffffe, 0xffffffffffffff, 0xffffffffffffff, 0x7fffffffffffff) },
    { FIELD_LITERAL(0x6079b4dfdd4a64, 0x0c1e3ab470a1c8, 0x44d73f48e5199b, 0x50452714141818, 0x4c74c393d5242c, 0x24080526437050,
        0xd48d06c13078ca, 0x8508de14f04286) },
    { FIELD_LITERAL(1, 0, 0, 0, 0, 0, 0, 0) },
    { FIELD_LITERAL(0, 0, 0, 0, 0, 0, 0, 0) },
} };

static curve448_precomputed_s comb;
static niels_t odd_multiples[ODD_MULTIPLES];

// Writes `count` points, each divided by its Z, with one inversion for all (Montgomery).
static void write_affine(niels_t *out, pniels_t *points, int count)
{
    gf products[MOST_AT_ONCE], inverse, one;
    int i;

    gf_copy(products[0], points[0]->z);
    for (i = 1; i < count; i++)
        ossl_gf_mul(products[i], products[i - 1], points[i]->z);
    gf_invert(inverse, products[count - 1], 1);
    for (i = count - 1; i >= 0; i--) {
        gf rest;

        if (i > 0)
            ossl_gf_mul(one, inverse, products[i - 1]);
        else
            gf_copy(one, inverse);
        ossl_gf_mul(rest, inverse, points[i]->z);
        gf_copy(inverse, rest);
        ossl_gf_mul(out[i]->a, points[i]->n->a, one);
        ossl_gf_mul(out[i]->b, points[i]->n->b, one);
        ossl_gf_mul(out[i]->c, points[i]->n->c, one);
    }
}

static void make_tables(void)
{
    static int made;
    pniels_t row[MOST_AT_ONCE], teeth[COMBS_T], twice;
    curve448_point_t base, point;
    int comb_index, entry, tooth, i;

    if (made)
        return;
    curve448_point_copy(base, twisted_base);
    ossl_gf_mul(base->t, base->x, base->y);

    // 1, 3, 5, … times the base point.
    ossl_curve448_point_double(point, base);
    pt_to_pniels(twice, point);
    curve448_point_copy(point, base);
    for (i = 0; i < ODD_MULTIPLES; i++) {
        if (i > 0)
            add_pniels_to_pt(point, twice, 0);
        pt_to_pniels(row[i], point);
    }
    write_affine(odd_multiples, row, ODD_MULTIPLES);

    // A comb's teeth are the base point times 2^(COMBS_S * number of the tooth), counted through all combs. An entry is its last tooth,
    // and each other one added if the entry's bit of that number is set, else subtracted.
    for (comb_index = 0; comb_index < COMBS_N; comb_index++) {
        curve448_point_t last;

        for (tooth = 0; tooth < COMBS_T; tooth++) {
            pt_to_pniels(teeth[tooth], base);
            curve448_point_copy(last, base);
            for (i = 0; i < COMBS_S; i++)
                ossl_curve448_point_double(base, base);
        }
        for (entry = 0; entry < COMB_ROW; entry++) {
            curve448_point_copy(point, last);
            for (tooth = 0; tooth < COMBS_T - 1; tooth++) {
                if (entry >> tooth & 1)
                    add_pniels_to_pt(point, teeth[tooth], 0);
                else
                    sub_pniels_from_pt(point, teeth[tooth], 0);
            }
            pt_to_pniels(row[entry], point);
        }
        write_affine(comb.table + comb_index * COMB_ROW, row, COMB_ROW);
    }
    made = 1;
}

const curve448_precomputed_s *ed448_comb_table(void)
{
    make_tables();
    return &comb;
}

static const niels_t *odd_multiples_table(void)
{
    make_tables();
    return (const niels_t *)odd_multiples;
}
