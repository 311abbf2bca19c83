// Products in the fields of P-384, P-521 and edwards448: OpenSSL's limbs of 56 or 58 bits are halved, so that all the products of a
// column add up within 64 bits, without a carry. OpenSSL's own take 128-bit products, which WebAssembly has not: each is a call.
//
// Constant time: no branch and no index depends on a limb.

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// Halves of `limbs` limbs, each of `bits` bits; returns what is left above, less than 2^(64 - 2 * bits) + 1.
INLINE uint64_t halve(uint64_t *halves, const uint64_t *limbs, int count, int bits)
{
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    uint64_t carry = 0;

    UNROLL for (int i = 0; i < count; i++) {
        uint64_t low = (limbs[i] & mask) + carry, high = (limbs[i] >> bits) + (low >> bits);
        halves[2 * i] = low & mask;
        halves[2 * i + 1] = high & mask;
        carry = high >> bits;
    }
    return carry;
}

// Column k of the product of two numbers of n halves.
INLINE uint64_t product_column(const uint64_t *a, const uint64_t *b, int n, int k)
{
    uint64_t sum = 0;

    UNROLL for (int i = 0; i < n; i++)
        if (k - i >= 0 && k - i < n)
            sum += a[i] * b[k - i];
    return sum;
}

// The same of a and a: products of two different halves once, then doubled.
INLINE uint64_t square_column(const uint64_t *a, int n, int k)
{
    uint64_t sum = 0;

    UNROLL for (int i = 0; i < n; i++)
        if (k - i > i && k - i < n)
            sum += a[i] * a[k - i];
    sum *= 2;
    return k % 2 == 0 && k / 2 < n ? sum + a[k / 2] * a[k / 2] : sum;
}
