/* P-256's kernel from within, for test/kernels/p256.test.ts. Numbers are nine int32_t, points two or three of them. */
#include <emscripten.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include "p256_field.h"

EMSCRIPTEN_KEEPALIVE void p256_inside_multiply(int32_t *r, const int32_t *a, const int32_t *b)
{
    field_multiply(r, a, b);
}

EMSCRIPTEN_KEEPALIVE void p256_inside_square(int32_t *r, const int32_t *a)
{
    field_square(r, a);
}

EMSCRIPTEN_KEEPALIVE void p256_inside_square_less(int32_t *r, const int32_t *a, const int32_t *b)
{
    field_square_less(r, a, b);
}

EMSCRIPTEN_KEEPALIVE void p256_inside_multiply_two(int32_t *r, const int32_t *a, const int32_t *b, const int32_t *c, const int32_t *d)
{
    field_multiply_two(r, a, b, c, d);
}

EMSCRIPTEN_KEEPALIVE void p256_inside_multiply_less_8_squares(int32_t *r, const int32_t *a, const int32_t *b, const int32_t *c)
{
    field_multiply_less_8_squares(r, a, b, c);
}

EMSCRIPTEN_KEEPALIVE void p256_inside_reduce(int32_t *r, const int64_t *a, int order)
{
    p256_reduce(r, a, order ? &p256_n : &p256_p);
}

EMSCRIPTEN_KEEPALIVE void p256_inside_inverse(int32_t *r, const int32_t *a, int order)
{
    p256_inverse(r, a, order ? &p256_n : &p256_p);
}

EMSCRIPTEN_KEEPALIVE void p256_inside_add(p256_jacobian *r, const p256_jacobian *a)
{
    p256_point_add(r, a);
}

EMSCRIPTEN_KEEPALIVE void p256_inside_point_times(p256_jacobian *r, const p256_affine *point, const int32_t *scalar)
{
    p256_point_times(r, point, scalar);
}

EMSCRIPTEN_KEEPALIVE void p256_inside_generator_times(p256_jacobian *r, const int32_t *scalar)
{
    p256_generator_times(r, scalar);
}

/*
 * EC_POINT_mul, the result in the place of the point if there is one. `point` is uncompressed or infinity (one byte), and so is what is
 * written to `r`; a length below 0 is a scalar of NULL. The length of the result, 0 for an error.
 */
EMSCRIPTEN_KEEPALIVE size_t p256_inside_ec_point_mul(uint8_t *r, const uint8_t *of_generator, int length, const uint8_t *point,
    const uint8_t *of_point, int point_length)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *p = EC_POINT_new(group);
    BIGNUM *a = length < 0 ? NULL : BN_bin2bn(of_generator, length, NULL);
    BIGNUM *b = point_length < 0 ? NULL : BN_bin2bn(of_point, point_length, NULL);
    size_t written = 0;
    if ((b == NULL || EC_POINT_oct2point(group, p, point, *point == 0 ? 1 : 65, NULL)) && EC_POINT_mul(group, p, a, b ? p : NULL, b, NULL))
        written = EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, r, 65, NULL);
    BN_free(a);
    BN_free(b);
    EC_POINT_free(p);
    EC_GROUP_free(group);
    return written;
}
