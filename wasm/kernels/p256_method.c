/*
 * P-256 as OpenSSL's EC_METHOD, in the place of ecp_nistp256.c.
 *
 * What is secret goes through mul (multiples of the generator, and of one point) and the inverse modulo n. Both take the same time for
 * all values, up to the conversion from and to BIGNUM, which may show how many words of a result are 0, as OpenSSL's own does. The
 * product of two scalars and two points, for verifying, branches by its points, which are public. There is no blinding: OpenSSL's
 * method has none either. Points are checked by OpenSSL, before they come here.
 */
#include <string.h>
#include <openssl/err.h>
#include "ec_local.h"
#include "crypto/bn.h"
#include "../bn/bn_local.h"
#include "p256.h"

#define WORDS 4

static void from_words(p256_number r, const uint64_t words[WORDS])
{
    for (int i = 0; i < P256_LIMBS; i++) {
        int word = i * P256_BITS / 64, shift = i * P256_BITS % 64;
        uint64_t bits = words[word] >> shift;
        if (shift > 64 - P256_BITS && word < WORDS - 1)
            bits |= words[word + 1] << (64 - shift);
        r[i] = bits & P256_MASK;
    }
}

static void to_words(uint64_t words[WORDS], const p256_number canonical)
{
    memset(words, 0, WORDS * sizeof *words);
    for (int i = 0; i < P256_LIMBS; i++) {
        int word = i * P256_BITS / 64, shift = i * P256_BITS % 64;
        words[word] |= (uint64_t)canonical[i] << shift;
        if (shift > 64 - P256_BITS && word < WORDS - 1)
            words[word + 1] |= (uint64_t)canonical[i] >> (64 - shift);
    }
}

/* Reduces any number modulo n. Only for negative numbers and those of more than 256 bits the time may depend on the number. */
static int scalar_of(p256_number r, const EC_GROUP *group, const BIGNUM *number, BN_CTX *ctx)
{
    uint64_t words[WORDS];
    int64_t wide[P256_LIMBS];
    int ok = 1;
    if (BN_is_negative(number) || BN_bn2lebinpad(number, (unsigned char *)words, sizeof words) < 0) {
        BN_CTX_start(ctx);
        BIGNUM *least = BN_CTX_get(ctx);
        ok = least && BN_nnmod(least, number, group->order, ctx) && BN_bn2lebinpad(least, (unsigned char *)words, sizeof words) >= 0;
        BN_CTX_end(ctx);
    }
    if (ok) {
        from_words(r, words);
        for (int i = 0; i < P256_LIMBS; i++)
            wide[i] = r[i];
        p256_reduce(r, wide, &p256_n);
    }
    OPENSSL_cleanse(words, sizeof words);
    OPENSSL_cleanse(wide, sizeof wide);
    return ok;
}

/* A coordinate: below p, as OpenSSL's points hold them. */
static int coordinate_of(p256_number r, const BIGNUM *number)
{
    uint64_t words[WORDS];
    if (BN_bn2lebinpad(number, (unsigned char *)words, sizeof words) < 0)
        return 0;
    from_words(r, words);
    return 1;
}

static int set_coordinate(BIGNUM *r, const p256_number number)
{
    p256_number plain;
    uint64_t words[WORDS];
    p256_from_montgomery(plain, number);
    to_words(words, plain);
    return bn_set_words(r, words, WORDS);
}

/* The coordinates of a finite point, canonical. */
static int affine_of(p256_affine *r, const EC_GROUP *group, const EC_POINT *point, BN_CTX *ctx)
{
    BN_CTX_start(ctx);
    BIGNUM *x = BN_CTX_get(ctx), *y = BN_CTX_get(ctx);
    int ok = y && EC_POINT_get_affine_coordinates(group, point, x, y, ctx) && coordinate_of(r->x, x) && coordinate_of(r->y, y);
    BN_CTX_end(ctx);
    return ok;
}

static void into_montgomery(p256_affine *a)
{
    p256_to_montgomery(a->x, a->x);
    p256_to_montgomery(a->y, a->y);
}

/* 1, 0, or −1 for a failure. OpenSSL asks this of each key that it reads, and again before it uses a peer's. */
static int is_on_curve(const EC_GROUP *group, const EC_POINT *point, BN_CTX *ctx)
{
    p256_affine affine;
    if (!point->Z_is_one)
        return ossl_ec_GFp_simple_is_on_curve(group, point, ctx);
    if (!coordinate_of(affine.x, point->X) || !coordinate_of(affine.y, point->Y))
        return -1;
    into_montgomery(&affine);
    return p256_is_on_curve(affine.x, affine.y);
}

static int is_generator(const p256_affine *a)
{
    return memcmp(a->x, p256_generator.x, sizeof a->x) == 0 && memcmp(a->y, p256_generator.y, sizeof a->y) == 0;
}

/* The scalar times a finite point. */
static int multiple(p256_jacobian *r, const EC_GROUP *group, const EC_POINT *point, const BIGNUM *number, BN_CTX *ctx)
{
    p256_number scalar;
    p256_affine affine;
    if (!scalar_of(scalar, group, number, ctx) || !affine_of(&affine, group, point, ctx))
        return 0;
    if (is_generator(&affine)) {
        p256_generator_times(r, scalar);
    } else {
        into_montgomery(&affine);
        p256_point_times(r, &affine, scalar);
    }
    OPENSSL_cleanse(scalar, sizeof scalar);
    return 1;
}

/*
 * The sum of two products, as verifying needs it: doublings are shared, and verifying alone needs only the first of the
 * generator's tables. 0 if they must be computed one by one.
 */
static int two_multiples(p256_jacobian *r, const EC_GROUP *group, const BIGNUM *of_generator, const EC_POINT *point, const BIGNUM *of_point,
    BN_CTX *ctx)
{
    p256_number first, second;
    p256_affine affine;
    if (EC_POINT_is_at_infinity(group, point) || !affine_of(&affine, group, group->generator, ctx) || !is_generator(&affine)
        || !affine_of(&affine, group, point, ctx) || !scalar_of(first, group, of_generator, ctx)
        || !scalar_of(second, group, of_point, ctx))
        return 0;
    into_montgomery(&affine);
    return p256_sum_times(r, first, &affine, second);
}

/* r = scalar·generator + Σ scalars[i]·points[i]; what is NULL or infinity adds nothing. r may be one of the points. */
static int points_mul(const EC_GROUP *group, EC_POINT *r, const BIGNUM *scalar, size_t num, const EC_POINT *points[],
    const BIGNUM *scalars[], BN_CTX *ctx)
{
    p256_jacobian sum = { { 0 }, { 0 }, { 0 } }, product;
    p256_affine affine;
    int count = 0;
    int done = num == 1 && scalar != NULL && points[0] != NULL && scalars[0] != NULL
        && two_multiples(&sum, group, scalar, points[0], scalars[0], ctx);
    for (size_t i = 0; i <= num && !done; i++) {
        const EC_POINT *point = i < num ? points[i] : group->generator;
        const BIGNUM *number = i < num ? scalars[i] : scalar;
        if (point == NULL || number == NULL || EC_POINT_is_at_infinity(group, point))
            continue;
        if (!multiple(count ? &product : &sum, group, point, number, ctx))
            return 0;
        if (count++)
            p256_point_add(&sum, &product);
    }
    if (p256_is_infinity(&sum))
        return EC_POINT_set_to_infinity(group, r);
    p256_to_affine(&affine, &sum);
    r->Z_is_one = 1;
    return set_coordinate(r->X, affine.x) && set_coordinate(r->Y, affine.y) && BN_one(r->Z);
}

/* The result keeps all its words, leading zeros too, as that of OpenSSL's own inverse. */
static int inverse_mod_order(const EC_GROUP *group, BIGNUM *r, const BIGNUM *number, BN_CTX *ctx)
{
    p256_number scalar;
    uint64_t words[WORDS];
    if (!scalar_of(scalar, group, number, ctx) || bn_wexpand(r, WORDS) == NULL)
        return 0;
    p256_inverse(scalar, scalar, &p256_n);
    to_words(words, scalar);
    memcpy(r->d, words, sizeof words);
    r->top = WORDS;
    r->neg = 0;
    bn_pollute(r);
    OPENSSL_cleanse(scalar, sizeof scalar);
    OPENSSL_cleanse(words, sizeof words);
    return 1;
}

/*
 * The whole group from OpenSSL's data of the curve: seed, p, a, b, x, y, n, and squares of 2^256 modulo p and n, big-endian. Otherwise
 * OpenSSL would check the generator and compute what it needs to calculate modulo n, each time that it reads or makes a key.
 */
static int full_init(EC_GROUP *group, const unsigned char *data)
{
    const unsigned char *number = data + 20;
    EC_POINT *generator = group->generator = EC_POINT_new(group);
    BN_MONT_CTX *order = group->mont_data = BN_MONT_CTX_new();
    group->a_is_minus3 = 1;
    group->field_mod_func = BN_nist_mod_256;
    if (generator == NULL || order == NULL)
        return 0;
    generator->Z_is_one = 1;
    return EC_GROUP_set_seed(group, data, 20) == 20 && BN_bin2bn(number, 32, group->field) && BN_bin2bn(number + 32, 32, group->a)
        && BN_bin2bn(number + 64, 32, group->b) && BN_bin2bn(number + 96, 32, generator->X) && BN_bin2bn(number + 128, 32, generator->Y)
        && BN_one(generator->Z) && BN_bin2bn(number + 160, 32, group->order) && BN_one(group->cofactor)
        && ossl_bn_mont_ctx_set(order, group->order, 256, number + 224, 32, 0xee00bc4f, 0xccd1c8aa);
}

const EC_METHOD *EC_GFp_nistp256_method(void)
{
    static const EC_METHOD method = {
        .flags = EC_FLAGS_DEFAULT_OCT,
        .field_type = NID_X9_62_prime_field,
        .group_init = ossl_ec_GFp_simple_group_init,
        .group_finish = ossl_ec_GFp_simple_group_finish,
        .group_clear_finish = ossl_ec_GFp_simple_group_clear_finish,
        .group_copy = ossl_ec_GFp_nist_group_copy,
        .group_get_curve = ossl_ec_GFp_simple_group_get_curve,
        .group_get_degree = ossl_ec_GFp_simple_group_get_degree,
        .group_order_bits = ossl_ec_group_simple_order_bits,
        .group_check_discriminant = ossl_ec_GFp_simple_group_check_discriminant,
        .point_init = ossl_ec_GFp_simple_point_init,
        .point_finish = ossl_ec_GFp_simple_point_finish,
        .point_clear_finish = ossl_ec_GFp_simple_point_clear_finish,
        .point_copy = ossl_ec_GFp_simple_point_copy,
        .point_set_to_infinity = ossl_ec_GFp_simple_point_set_to_infinity,
        .point_set_affine_coordinates = ossl_ec_GFp_simple_point_set_affine_coordinates,
        .point_get_affine_coordinates = ossl_ec_GFp_simple_point_get_affine_coordinates,
        .add = ossl_ec_GFp_simple_add,
        .dbl = ossl_ec_GFp_simple_dbl,
        .invert = ossl_ec_GFp_simple_invert,
        .is_at_infinity = ossl_ec_GFp_simple_is_at_infinity,
        .is_on_curve = is_on_curve,
        .point_cmp = ossl_ec_GFp_simple_cmp,
        .make_affine = ossl_ec_GFp_simple_make_affine,
        .points_make_affine = ossl_ec_GFp_simple_points_make_affine,
        .mul = points_mul,
        .field_mul = ossl_ec_GFp_nist_field_mul,
        .field_sqr = ossl_ec_GFp_nist_field_sqr,
        .field_inv = ossl_ec_GFp_simple_field_inv,
        .priv2oct = ossl_ec_key_simple_priv2oct,
        .oct2priv = ossl_ec_key_simple_oct2priv,
        .keygen = ossl_ec_key_simple_generate_key,
        .keycheck = ossl_ec_key_simple_check_key,
        .keygenpub = ossl_ec_key_simple_generate_public_key,
        .ecdh_compute_key = ossl_ecdh_simple_compute_key,
        .ecdsa_sign_setup = ossl_ecdsa_simple_sign_setup,
        .ecdsa_sign_sig = ossl_ecdsa_simple_sign_sig,
        .ecdsa_verify_sig = ossl_ecdsa_simple_verify_sig,
        .field_inverse_mod_ord = inverse_mod_order,
        .group_full_init = full_init,
    };
    return &method;
}

/* OpenSSL's method can keep a table of another generator in a group; this one does not. */
NISTP256_PRE_COMP *EC_nistp256_pre_comp_dup(NISTP256_PRE_COMP *none)
{
    return none;
}

void EC_nistp256_pre_comp_free(NISTP256_PRE_COMP *none)
{
    (void)none;
}
