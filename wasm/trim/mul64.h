// The product of two 64-bit numbers. The compiler's is a call of compiler-rt's __multi3, which multiplies 128-bit numbers and returns
// by memory; here it is inlined into the field arithmetic of some curves (multiplication.list).

static inline uint128_t mul64(uint64_t a, uint64_t b)
{
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0;
    uint64_t middle = a1 * b0 + (low >> 32);
    uint64_t other = a0 * b1 + (uint32_t)middle;

    return (uint128_t)(a1 * b1 + (middle >> 32) + (other >> 32)) << 64 | (other << 32 | (uint32_t)low);
}
