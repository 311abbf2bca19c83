// The first primes, by which OpenSSL's bn_prime.c (tables.list) divides what may be one; made when they are first asked for.

typedef unsigned short prime_t;
#define NUMPRIMES 2048

static const prime_t *small_primes(void)
{
    static prime_t primes[NUMPRIMES];
    static int count;
    int candidate, i;

    if (count == 0)
        primes[count++] = 2;
    for (candidate = 3; count < NUMPRIMES; candidate += 2) {
        for (i = 1; i < count && primes[i] * primes[i] <= candidate && candidate % primes[i] != 0; i++)
            ;
        if (i >= count || primes[i] * primes[i] > candidate)
            primes[count++] = (prime_t)candidate;
    }
    return primes;
}
