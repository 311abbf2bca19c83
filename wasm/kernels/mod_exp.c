// Modular exponentiation for RSA and finite-field Diffie-Hellman, by SIMD.
//
// Numbers are in limbs of 28 bits (27 or 26 where there are many), so that sums of products of two limbs need no carry before the
// end. A Montgomery multiplication adds two rows at a time, four columns at once, each column in 64 bits. R is at least 4 * m, so
// the product of numbers below 2 * m is such a number again, and nothing is subtracted but at the very end.
//
// It takes the place of two functions of OpenSSL's, which the linker wraps because the archive's member that they are in has many
// others: bn_mod_exp_mont_fixed_top, which raises to all secret exponents (RSA's private operation, whose CRT and blinding remain
// OpenSSL's, and Diffie-Hellman), and BN_mod_exp_mont where the exponent is public and one word. What is shorter than 512 bits or
// longer than 16,384 is left to OpenSSL's.
//
// Constant time: for a secret exponent, windows of five bits at fixed places, each one multiplication whatever its value, taken from
// the table by reading all of it under a mask. No branch and no address comes from the numbers: the lengths of modulus and exponent,
// in words, decide alone. Products are i64.mul and i64x2.extmul_i32x4_u, of fixed time on the processors that WebAssembly engines
// compile for.
//
// Source: P. L. Montgomery, "Modular multiplication without trial division" (1985); C. D. Walter, "Montgomery exponentiation needs no
// final subtractions" (1999).
#include <string.h>
#include <wasm_simd128.h>
#include "internal/cryptlib.h"
#include "bn_local.h"

enum { WINDOW = 5, POWERS = 1 << WINDOW, MIN_WORDS = 8, MAX_WORDS = 256, WORD_BITS = 64 };

// One modulus. A number is `length` limbs, a multiple of four, of which the last are zeros: the vectors of a row read them.
typedef struct {
  int bits;         // of a limb
  int rows;         // limbs that are not always zero: R = 2^(bits * rows); even
  int columns;      // rows, up to a multiple of four
  int length;
  int words;        // of the modulus in OpenSSL's form
  uint32_t negated; // -1 / m mod 2^bits
  uint32_t *m;
  uint32_t *ahead;  // for squaring
  uint64_t *sums;   // of the columns
  void *memory;
  size_t size;
} Field;

static void from_words(const Field *f, uint32_t *to, const BN_ULONG *words, int count) {
  const uint32_t mask = (1U << f->bits) - 1;
  for (int i = 0; i < f->length; i++) {
    const int bit = i * f->bits, word = bit / WORD_BITS, shift = bit % WORD_BITS;
    uint64_t limb = word < count ? words[word] >> shift : 0;
    if (shift + f->bits > WORD_BITS && word + 1 < count) limb |= words[word + 1] << (WORD_BITS - shift);
    to[i] = (uint32_t)limb & mask;
  }
}

static void to_words(const Field *f, BN_ULONG *words, const uint32_t *from) {
  memset(words, 0, f->words * sizeof *words);
  for (int i = 0; i < f->rows; i++) {
    const int bit = i * f->bits, word = bit / WORD_BITS, shift = bit % WORD_BITS;
    if (word < f->words) words[word] |= (uint64_t)from[i] << shift;
    if (shift + f->bits > WORD_BITS && word + 1 < f->words) words[word + 1] |= (uint64_t)from[i] >> (WORD_BITS - shift);
  }
}

#define PLUS wasm_i64x2_add
#define LOW wasm_u64x2_extmul_low_u32x4
#define HIGH wasm_u64x2_extmul_high_u32x4

// Two digits of a number and those of the multiple of m, in all lanes.
typedef struct {
  v128_t a0, a1, q0, q1;
} Digits;

// In columns `from` to `to`, add two rows of digits times b (none, if it is null) and times m, and shift them out by two columns.
static inline __attribute__((always_inline)) void add_rows(uint64_t *t, int from, int to, Digits d, const uint32_t *b, const uint32_t *m) {
  for (int j = from; j < to; j += 4) {
    // Else clang widens the digits before the loop, and multiplies 64 bits by 64, which takes three times as long.
    __asm__ volatile("" : "+r"(d.a0), "+r"(d.a1), "+r"(d.q0), "+r"(d.q1));
    const v128_t m1 = wasm_v128_load(m + j + 1), m2 = wasm_v128_load(m + j + 2);
    v128_t low = PLUS(LOW(m2, d.q0), LOW(m1, d.q1)), high = PLUS(HIGH(m2, d.q0), HIGH(m1, d.q1));
    if (b != NULL) {
      const v128_t b1 = wasm_v128_load(b + j + 1), b2 = wasm_v128_load(b + j + 2);
      low = PLUS(low, PLUS(LOW(b2, d.a0), LOW(b1, d.a1)));
      high = PLUS(high, PLUS(HIGH(b2, d.a0), HIGH(b1, d.a1)));
    }
    wasm_v128_store(t + j, PLUS(low, wasm_v128_load(t + j + 2)));
    wasm_v128_store(t + j + 2, PLUS(high, wasm_v128_load(t + j + 4)));
  }
}

// Which multiples q of m make the two lowest columns divisible by 2^bits; what they carry is left in `carry`.
static inline __attribute__((always_inline)) Digits digits(const Field *f, uint64_t a0, uint64_t a1, const uint32_t *b, uint64_t *carry) {
  const uint32_t mask = (1U << f->bits) - 1, *m = f->m;
  const uint64_t t0 = f->sums[0] + *carry + a0 * b[0];
  const uint64_t q0 = (uint32_t)t0 * f->negated & mask;
  const uint64_t t1 = f->sums[1] + a0 * b[1] + a1 * b[0] + q0 * m[1] + ((t0 + q0 * m[0]) >> f->bits);
  const uint64_t q1 = (uint32_t)t1 * f->negated & mask;
  *carry = (t1 + q1 * m[0]) >> f->bits;
  return (Digits){wasm_i32x4_splat(a0), wasm_i32x4_splat(a1), wasm_i32x4_splat(q0), wasm_i32x4_splat(q1)};
}

static void carry_on(const Field *f, uint32_t *out, uint64_t carry) {
  const uint32_t mask = (1U << f->bits) - 1;
  for (int i = 0; i < f->rows; i++) carry += f->sums[i], out[i] = (uint32_t)carry & mask, carry >>= f->bits;
}

// out = a * b / R mod m, below 2 * m if a * b is below R * m. `out` may be a or b.
// A column sums at most 2 * rows products of two limbs, and a carry: see choose_limbs.
static void multiply(const Field *f, uint32_t *out, const uint32_t *a, const uint32_t *b) {
  uint64_t carry = 0;
  memset(f->sums, 0, (f->columns + 2) * sizeof *f->sums);
  for (int i = 0; i < f->rows; i += 2) add_rows(f->sums, 0, f->columns, digits(f, a[i], a[i + 1], b, &carry), b, f->m);
  carry_on(f, out, carry);
}

// x = x * x / R mod m: what is right of the diagonal, twice. `ahead` is the limbs that a row has right of it, zeros before.
static void square(const Field *f, uint32_t *x) {
  uint64_t carry = 0, *t = f->sums;
  uint32_t *ahead = f->ahead;
  memset(t, 0, (f->columns + 2) * sizeof *t);
  for (int i = 0; i < f->length; i++) ahead[i] = 2 * x[i];
  for (int i = 0; i < f->rows; i += 2) {
    const uint64_t a0 = x[i], a1 = x[i + 1];
    ahead[i] = ahead[i + 1] = 0;
    wasm_v128_store(t + i, PLUS(wasm_v128_load(t + i), wasm_i64x2_make(a0 * a0, 2 * a0 * a1)));
    wasm_v128_store(t + i + 2, PLUS(wasm_v128_load(t + i + 2), wasm_i64x2_make(a1 * a1, 0)));
    const Digits d = digits(f, a0, a1, ahead, &carry);
    add_rows(t, 0, i & ~3, d, NULL, f->m);
    add_rows(t, i & ~3, f->columns, d, ahead, f->m);
  }
  carry_on(f, x, carry);
}

// Read all of the table, and keep the entry of that index.
static void pick(const Field *f, uint32_t *out, const uint32_t *table, uint32_t index) {
  for (int i = 0; i < f->length; i += 4) {
    v128_t found = wasm_i32x4_const_splat(0);
    for (int entry = 0; entry < POWERS; entry++) {
      const v128_t mask = wasm_i32x4_eq(wasm_i32x4_splat(entry), wasm_i32x4_splat(index));
      found = wasm_v128_or(found, wasm_v128_and(wasm_v128_load(table + entry * f->length + i), mask));
    }
    wasm_v128_store(out + i, found);
  }
}

// Limbs as long as sums allow: 2 * rows * 2^(2 * bits) may not reach 2^64. R is at least four times what `words` words hold.
static void choose_limbs(Field *f, int words) {
  f->words = words;
  f->bits = 28;
  for (;; f->bits--) {
    f->rows = (words * WORD_BITS + 2 + f->bits - 1) / f->bits;
    f->rows += f->rows & 1;
    if (2 * f->rows < 1 << (64 - 2 * f->bits)) break;
  }
  f->columns = (f->rows + 3) & ~3;
  f->length = f->columns + 4;
}

// `numbers`: how many there is to be room for, besides the modulus. They are returned, and zero.
static uint32_t *begin(Field *f, const BN_MONT_CTX *mont, int numbers) {
  choose_limbs(f, mont->N.top);
  const size_t sums = (f->columns + 4) * sizeof *f->sums;
  f->size = sums + (size_t)(numbers + 2) * f->length * sizeof *f->m;
  f->memory = OPENSSL_zalloc(f->size);
  if (f->memory == NULL) return NULL;
  f->sums = f->memory;
  f->m = (uint32_t *)((uint8_t *)f->memory + sums);
  f->ahead = f->m + f->length;
  f->negated = (uint32_t)mont->n0[0] & ((1U << f->bits) - 1);
  from_words(f, f->m, mont->N.d, f->words);
  return f->ahead + f->length;
}

static void power_of_two(const Field *f, uint32_t *to, int exponent) {
  memset(to, 0, f->length * sizeof *to);
  to[exponent / f->bits] = 1U << exponent % f->bits;
}

// Bring 1 and `a` to Montgomery's form: times R. OpenSSL has S * S mod m for its S = 2^(64 * words), and R is S * 2^d. So
// S * S * 2^(2 * d) / R is R, and S * S * 2^(4 * d) / R, once more times S * S / R, is R * R.
static void to_montgomery(const Field *f, const BN_MONT_CTX *mont, const BIGNUM *a, uint32_t *one, uint32_t *power, uint32_t *spare) {
  const int d = f->bits * f->rows - WORD_BITS * f->words;
  from_words(f, spare, mont->RR.d, mont->RR.top);
  power_of_two(f, one, 2 * d);
  multiply(f, one, one, spare);
  power_of_two(f, power, 4 * d);
  multiply(f, power, power, spare);
  multiply(f, power, power, spare);
  from_words(f, spare, a->d, a->top);
  multiply(f, power, power, spare);
}

// Leave Montgomery's form, and subtract m if what is left is m itself: that is all that it can exceed.
static int from_montgomery(const Field *f, const BN_MONT_CTX *mont, BIGNUM *r, uint32_t *x, uint32_t *spare) {
  power_of_two(f, spare, 0);
  multiply(f, x, x, spare);
  if (bn_wexpand(r, f->words) == NULL) return 0;
  to_words(f, r->d, x);
  BN_ULONG differs = 0;
  for (int i = 0; i < f->words; i++) differs |= r->d[i] ^ mont->N.d[i];
  BN_ULONG keep = differs | (0 - differs);
  __asm__("" : "+r"(keep)); // the compiler must not know what it can be, here and below: it would choose by a branch
  keep = 0 - (keep >> (WORD_BITS - 1));
  __asm__("" : "+r"(keep));
  for (int i = 0; i < f->words; i++) r->d[i] &= keep;
  r->top = f->words;
  r->neg = 0;
  r->flags |= BN_FLG_FIXED_TOP;
  return 1;
}

static uint32_t window(const BIGNUM *p, int at) {
  const int word = at / WORD_BITS, shift = at % WORD_BITS;
  uint64_t bits = p->d[word] >> shift;
  if (shift > WORD_BITS - WINDOW && word + 1 < p->top) bits |= p->d[word + 1] << (WORD_BITS - shift);
  return bits & (POWERS - 1);
}

static int secret_exponent(BIGNUM *r, const BIGNUM *a, const BIGNUM *p, const BN_MONT_CTX *mont) {
  Field f;
  uint32_t *table = begin(&f, mont, POWERS + 2);
  if (table == NULL) return 0;
  uint32_t *x = table + POWERS * f.length, *y = x + f.length, *base = table + f.length;
  to_montgomery(&f, mont, a, table, base, x);
  for (int i = 2; i < POWERS; i++) multiply(&f, table + i * f.length, table + (i - 1) * f.length, base);
  int at = (p->top * WORD_BITS - 1) / WINDOW * WINDOW;
  pick(&f, x, table, window(p, at));
  while (at > 0) {
    at -= WINDOW;
    for (int i = 0; i < WINDOW; i++) square(&f, x);
    pick(&f, y, table, window(p, at));
    multiply(&f, x, x, y);
  }
  const int ok = from_montgomery(&f, mont, r, x, y);
  OPENSSL_clear_free(f.memory, f.size);
  return ok;
}

static int public_exponent(BIGNUM *r, const BIGNUM *a, const BIGNUM *p, const BN_MONT_CTX *mont) {
  Field f;
  uint32_t *x = begin(&f, mont, 3);
  if (x == NULL) return 0;
  uint32_t *base = x + f.length, *spare = base + f.length;
  to_montgomery(&f, mont, a, x, base, spare);
  for (int bit = BN_num_bits(p) - 1; bit >= 0; bit--) {
    square(&f, x);
    if (BN_is_bit_set(p, bit)) multiply(&f, x, x, base);
  }
  const int ok = from_montgomery(&f, mont, r, x, spare);
  OPENSSL_clear_free(f.memory, f.size);
  return ok;
}

typedef int Exponentiation(BIGNUM *, const BIGNUM *, const BIGNUM *, const BIGNUM *, BN_CTX *, BN_MONT_CTX *);
extern Exponentiation __real_bn_mod_exp_mont_fixed_top, __real_BN_mod_exp_mont, __wrap_bn_mod_exp_mont_fixed_top, __wrap_BN_mod_exp_mont;

// By lengths alone, and whether m is odd.
static int takes(const BIGNUM *a, const BIGNUM *m) {
  return m->top >= MIN_WORDS && m->top <= MAX_WORDS && BN_is_odd(m) && !m->neg && !a->neg && a->top <= m->top;
}

static int with_mont(int (*exponentiate)(BIGNUM *, const BIGNUM *, const BIGNUM *, const BN_MONT_CTX *), BIGNUM *r, const BIGNUM *a,
                     const BIGNUM *p, const BIGNUM *m, BN_CTX *ctx, BN_MONT_CTX *mont) {
  if (mont != NULL) return exponentiate(r, a, p, mont);
  mont = BN_MONT_CTX_new();
  const int ok = mont != NULL && BN_MONT_CTX_set(mont, m, ctx) && exponentiate(r, a, p, mont);
  BN_MONT_CTX_free(mont);
  return ok;
}

int __wrap_bn_mod_exp_mont_fixed_top(BIGNUM *r, const BIGNUM *a, const BIGNUM *p, const BIGNUM *m, BN_CTX *ctx, BN_MONT_CTX *mont) {
  if (!takes(a, m) || p->top < 2) return __real_bn_mod_exp_mont_fixed_top(r, a, p, m, ctx, mont);
  return with_mont(secret_exponent, r, a, p, m, ctx, mont);
}

int __wrap_BN_mod_exp_mont(BIGNUM *r, const BIGNUM *a, const BIGNUM *p, const BIGNUM *m, BN_CTX *ctx, BN_MONT_CTX *mont) {
  const int secret = BN_get_flags(a, BN_FLG_CONSTTIME) || BN_get_flags(p, BN_FLG_CONSTTIME) || BN_get_flags(m, BN_FLG_CONSTTIME);
  if (secret || !takes(a, m) || p->top != 1) return __real_BN_mod_exp_mont(r, a, p, m, ctx, mont);
  const int ok = with_mont(public_exponent, r, a, p, m, ctx, mont);
  if (ok) bn_correct_top(r);
  return ok;
}
