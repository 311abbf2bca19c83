import { beforeAll, describe, expect, it } from 'vitest'
import { LibCrypto } from './libcrypto.js'
import { Pool, type Random } from './random.js'

const pool = new Pool('vitest')
let lib: LibCrypto
beforeAll(() => { lib = LibCrypto.open('on') }, 900_000)

const number = (bytes: Uint8Array) => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus
  for (base %= modulus; exponent > 0n; exponent >>= 1n, base = base * base % modulus) if (exponent & 1n) result = result * base % modulus
  return result
}

function modExp(secret: boolean, inPlace: boolean, base: Buffer, exponent: Buffer, modulus: Buffer): bigint {
  return lib.with([base, exponent, modulus, modulus], (a, p, m, out) => {
    lib.must('mod_exp', Number(secret), Number(inPlace), a!, base.length, p!, exponent.length, m!, modulus.length, out!)
    return number(lib.read(out!, modulus.length))
  })
}

/** Odd, of exactly so many bits: any, or near a power of two, where carries go a long way. */
function modulusOf(bits: number, random: Random): Buffer {
  const length = Math.ceil(bits / 8)
  const modulus = Buffer.from(random.pick([random.bytes(length), random.bytes(length), Buffer.alloc(length), Buffer.alloc(length, 255)]))
  const top = 1 << (bits - 1) % 8
  modulus[0] = modulus[0]! & (2 * top - 1) | top
  modulus[length - 1]! = random.below(256) | 1
  return modulus
}

/** Any, short, larger than the modulus, or near it. */
function baseOf(modulus: Buffer, random: Random): Buffer {
  const { length } = modulus
  const minusOne = Buffer.from(modulus)
  minusOne[length - 1]! -= 1
  return random.pick([random.bytes(length), random.bytes(length), random.bytes(1 + random.below(length)), random.bytes(length + 9),
    Buffer.alloc(0), Buffer.alloc(1, 1), Buffer.alloc(length, 255), minusOne, modulus])
}

describe('BN_mod_exp_mont with the kernels, beside BigInt', () => {
  // Every size in words of 64 bits has its own number of limbs; 28 bits in a limb, 27 above 3,500 bits, 26 above 13,700.
  const sizes = [
    65, 448, 449, 511, 512, 513, ...Array.from({ length: 24 }, (_, i) => 576 + 64 * i), 1023, 1025, 2048, 2049, 3072, 3456, 3520,
    3584, 4095, 4096,
  ]

  it.each(sizes)('a modulus of %i bits, and a secret exponent', (bits) => {
    for (let index = 0; index < (bits > 1600 ? 2 : 6); index++) {
      const random = pool.case(`mod_exp ${bits}`, index)
      const modulus = modulusOf(bits, random)
      const base = baseOf(modulus, random)
      const { length } = modulus
      const exponent = random.pick([
        random.bytes(length), random.bytes(8 + random.below(60)), Buffer.alloc(40, 255),
        Buffer.concat([Buffer.alloc(1, 1), Buffer.alloc(length - 1)]),
      ])
      const expected = power(number(base), number(exponent), number(modulus))
      expect(modExp(true, random.once(2), base, exponent, modulus)).toBe(expected)
    }
  })

  it.each([
    512, 1024, 1500, 2048, 3072, 4096, 8192, 13_696, 13_760, 16_384, 16_448,
  ])('a modulus of %i bits, and a public exponent', (bits) => {
    for (let index = 0; index < 12; index++) {
      const random = pool.case(`mod_exp public ${bits}`, index)
      const modulus = modulusOf(bits, random)
      const base = baseOf(modulus, random)
      const exponent = random.pick([
        Buffer.from([1, 0, 1]), Buffer.from([3]), Buffer.alloc(8, 255), Buffer.from([1]), Buffer.alloc(0),
        random.bytes(1 + random.below(8)),
      ])
      expect(modExp(false, random.once(2), base, exponent, modulus)).toBe(power(number(base), number(exponent), number(modulus)))
    }
  })

  it.each([13_696, 13_760, 16_384])('a modulus of %i bits, and a secret exponent that is short', (bits) => {
    const random = pool.case('mod_exp long', bits)
    const modulus = Buffer.alloc(bits / 8, 255) // its limbs are the largest, so sums are
    const base = Buffer.from(random.bytes(bits / 8))
    const exponent = random.bytes(17)
    expect(modExp(true, false, base, exponent, modulus)).toBe(power(number(base), number(exponent), number(modulus)))
  })

  it('refuses an even modulus', () => {
    const even = Buffer.alloc(64, 254)
    for (const secret of [true, false]) {
      expect(() => modExp(secret, false, Buffer.alloc(3, 3), Buffer.alloc(20, 3), even)).toThrow('called with even modulus')
    }
  })
})
