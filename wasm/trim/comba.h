// The product of eight words and the square of as many, by columns as OpenSSL's own, but in loops: its steps written out are 17 KB.
// See unused.list. Words are multiplied by halves whose sums have no carry: OpenSSL's own steps choose by one, which is secret.

#define LOW_HALF(a) ((a) & BN_MASK2l)
#define HIGH_HALF(a) ((a) >> BN_BITS4)

/* Adds a * b, times once or twice, to the three words of a column. */
static inline void add_product(BN_ULONG column[3], BN_ULONG a, BN_ULONG b, int times)
{
    BN_ULONG low = LOW_HALF(a) * LOW_HALF(b);
    BN_ULONG first = HIGH_HALF(a) * LOW_HALF(b) + HIGH_HALF(low), second = LOW_HALF(a) * HIGH_HALF(b) + LOW_HALF(first);
    BN_ULONG high = HIGH_HALF(a) * HIGH_HALF(b) + HIGH_HALF(first) + HIGH_HALF(second);

    low = second << BN_BITS4 | LOW_HALF(low);
    for (; times > 0; times--) {
        BN_ULONG carried = high;

        column[0] += low;
        carried += column[0] < low; /* no carry: high is at most 2^64 - 2 */
        column[1] += carried;
        column[2] += column[1] < carried;
    }
}

static inline BN_ULONG shift(BN_ULONG column[3])
{
    BN_ULONG word = column[0];

    column[0] = column[1];
    column[1] = column[2];
    column[2] = 0;
    return word;
}

void bn_mul_comba8(BN_ULONG *r, BN_ULONG *a, BN_ULONG *b)
{
    BN_ULONG column[3] = { 0, 0, 0 };

    for (int k = 0; k < 15; k++) {
        int last = k < 8 ? k : 7;

        for (int i = k - last; i <= last; i++)
            add_product(column, a[i], b[k - i], 1);
        r[k] = shift(column);
    }
    r[15] = column[0];
}

void bn_sqr_comba8(BN_ULONG *r, const BN_ULONG *a)
{
    BN_ULONG column[3] = { 0, 0, 0 };

    for (int k = 0; k < 15; k++) {
        int i = k < 8 ? k : 7, j = k - i;

        for (; i > j; i--, j++)
            add_product(column, a[i], a[j], 2);
        if (i == j)
            add_product(column, a[i], a[i], 1);
        r[k] = shift(column);
    }
    r[15] = column[0];
}
