import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { ORDER, p256PublicDer } from './key-cases.js'
import { Key } from './keys.js'
import { LibCrypto } from './libcrypto.js'
import { add, bytesOf, encode, GENERATOR, inverse, lift, modulo, negative, P, times, timesGenerator, type Point } from './p256-model.js'
import { Pool, type Random } from './random.js'

const R = 2n ** 261n
const HALF = 2 ** 28
const pool = new Pool('p256')

let lib: LibCrypto
// Links it if it is not up to date.
beforeAll(() => { lib = LibCrypto.open('on') }, 900_000)

type Limbs = readonly number[]
const valueOf = (limbs: Limbs) => limbs.reduce((sum, limb, i) => sum + (BigInt(limb) << BigInt(29 * i)), 0n)
const canonical = (value: bigint): Limbs => Array.from({ length: 9 }, (_, i) => Number((value >> BigInt(29 * i)) & 0x1fff_ffffn))
const times29 = (value: bigint): Limbs => [...canonical(value & (2n ** 232n - 1n)).slice(0, 8), Number(value >> 232n)]

/** Calls a function of insides/p256.c: the result is first, as many limbs as there are in `into`. */
function call(name: string, into: Limbs, ...operands: (Limbs | number)[]): number[] {
  const bytes = (limbs: Limbs) => new Uint8Array(Int32Array.from(limbs).buffer)
  const arrays = [into, ...operands.filter((operand) => typeof operand !== 'number')]
  return lib.with(arrays.map(bytes), (result, ...addresses) => {
    lib.call[`p256_inside_${name}`]!(result!, ...operands.map((operand) => (typeof operand === 'number' ? operand : addresses.shift()!)))
    const out = lib.read(result!, 4 * into.length)
    return into.map((_, i) => out.readInt32LE(4 * i))
  })
}
const NOTHING: Limbs = Array<number>(9).fill(0)

/** A number of size 1 (p256_field.h), times `factor`: most limbs as large as they may be, or next to where carries are born. */
function extreme(random: Random, factor = 1): Limbs {
  const all = random.pick([undefined, undefined, undefined, HALF, -HALF])
  return Array.from({ length: 9 }, (_, i) => {
    if (i === 8) return random.pick([0, 1, -1, 2 ** 27, -(2 ** 27), 2 ** 24, -(2 ** 24), 2 ** 23, random.below(2 ** 24)])
    const limb = all ?? random.pick([HALF, -HALF, HALF - 1, 1 - HALF, 0, 1, -1, random.below(HALF), -random.below(HALF)])
    return limb === HALF * factor ? limb : Math.min(limb * factor, 2 ** 31 - 1)
  })
}

function expectSum(limbs: Limbs, products: bigint, context: unknown): void {
  const message = () => JSON.stringify(context)
  expect(modulo(valueOf(limbs) * R - products, P), message()).toBe(0n)
  // Limbs 0 to 7 are of size 1, and the value is between products / 2^261 and that plus p.
  expect(limbs.slice(0, 8).every((limb) => limb >= -HALF && limb < HALF), message()).toBe(true)
  expect(valueOf(limbs) * R >= products && valueOf(limbs) * R <= products + P * R, message()).toBe(true)
}

describe('P-256\'s field', () => {
  it('is right, and within its bounds, for limbs at their corners and the largest sizes', () => {
    for (let index = 0; index < 1500; index++) {
      const random = pool.case('field', index)
      const [sizeA, sizeB] = random.pick([[1, 1], [2, 7], [7, 2], [3, 4], [4, 3], [2, 6]] as const)
      const [a, b] = [extreme(random, sizeA), extreme(random, sizeB)]
      expectSum(call('multiply', NOTHING, a, b), valueOf(a) * valueOf(b), { a, b })
      const c = extreme(random, 1 + random.below(3))
      expectSum(call('square', NOTHING, c), valueOf(c) ** 2n, { c })
      const less = extreme(random, 3)
      expectSum(call('square_less', NOTHING, c, less), valueOf(c) ** 2n - valueOf(less) * R, { c, less })
      const four = [extreme(random, 2), extreme(random, 2), extreme(random, 2), extreme(random, 5)] as const
      expectSum(call('multiply_two', NOTHING, ...four), valueOf(four[0]) * valueOf(four[1]) - valueOf(four[2]) * valueOf(four[3]), { four })
      const three = [extreme(random), extreme(random, 6), extreme(random)] as const
      expectSum(
        call('multiply_less_8_squares', NOTHING, ...three), valueOf(three[0]) * valueOf(three[1]) - 8n * valueOf(three[2]) ** 2n, { three },
      )
    }
  })

  it.each(
    [['p', P, 0, R * R], ['n', ORDER, 1, 1n]] as const,
  )('inverts modulo %s, and finds least residues', (_name, modulus, order, unit) => {
    const powers = Array.from({ length: 256 }, (_, i) => 2n ** BigInt(i))
    const special = [...powers, ...powers.map((power) => power - 1n), ...powers.map((power) => modulus - power), (modulus + 1n) / 2n]
    for (let index = 0; index < special.length + 1000; index++) {
      const random = pool.case('inverse', index)
      const value = modulo(special[index] ?? BigInt(`0x${random.bytes(32).toString('hex')}`), modulus)
      expect(valueOf(call('inverse', NOTHING, canonical(value), order)), `1 / ${value}`)
        .toBe(modulo(inverse(value, modulus) * unit, modulus))
      // Any multiple within ±32 moduli, with limbs that hold carries back.
      const far = value + BigInt(random.below(63) - 31) * modulus
      const limbs = times29(far).map(BigInt)
      for (let i = 0; i < 8; i++) {
        const carry = BigInt(random.pick([0, 0, 1, -1, HALF, -HALF]))
        limbs[i]! += carry << 29n
        limbs[i + 1]! -= carry
      }
      const halves = [...new Int32Array(BigInt64Array.from(limbs).buffer)]
      expect(call('reduce', NOTHING, halves, order), `${far} modulo`).toEqual(canonical(value))
    }
  })
})

describe('P-256\'s points', () => {
  /** One of the numbers of size 1 that stand for a coordinate. */
  const coordinate = (value: bigint, random: Random): Limbs => {
    const montgomery = modulo(value * R, P)
    const limbs = [...times29(montgomery - BigInt(random.below(2)) * P)]
    for (let i = 0; i < 8; i++) {
      if (limbs[i]! < HALF) continue
      limbs[i]! -= 2 ** 29
      limbs[i + 1]!++
    }
    return limbs
  }
  const jacobian = (point: Point, random: Random): Limbs => {
    const z = point ? random.pick([1n, P - 1n, 2n, BigInt(`0x${random.bytes(31).toString('hex')}`) + 1n]) : 0n
    const [x, y] = point ? [point[0] * z * z, point[1] * z * z * z] : [5n, 7n]
    return [x, y, z].flatMap((value) => [...coordinate(value, random)])
  }
  const pointOf = (limbs: Limbs): Point => {
    const [x, y, z] = [0, 9, 18].map((at) => modulo(valueOf(limbs.slice(at, at + 9)) * inverse(R, P), P)) as [bigint, bigint, bigint]
    const inverseZ = inverse(z, P)
    return z === 0n ? null : [modulo(x * inverseZ ** 2n, P), modulo(y * inverseZ ** 3n, P)]
  }
  const LOG = 0x1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdefn
  const any = timesGenerator(LOG)

  it('are added, whether they are the same, opposite or infinity', () => {
    const points = [null, GENERATOR, negative(GENERATOR), add(GENERATOR, GENERATOR), any, negative(any)]
    for (const a of points) {
      for (const b of points) {
        for (let index = 0; index < 8; index++) {
          const random = pool.case('add', index)
          expect(pointOf(call('add', jacobian(a, random), jacobian(b, random)))).toEqual(add(a, b))
        }
      }
    }
  })

  const powers = Array.from({ length: 256 }, (_, i) => 2n ** BigInt(i))
  const small = Array.from({ length: 140 }, (_, i) => BigInt(i))
  it('are multiplied by small scalars, those near n, powers of two and long runs of bits', () => {
    const scalars = [...small, ...small.slice(1).map((value) => ORDER - value), ...powers, ...powers.map((power) => power - 1n),
      ...powers.map((power) => ORDER - power), (ORDER - 1n) / 2n, (ORDER + 1n) / 2n]
    for (const [index, scalar] of scalars.entries()) {
      const random = pool.case('times', index)
      const least = modulo(scalar, ORDER)
      expect(pointOf(call('generator_times', Array<number>(27).fill(0), canonical(least))), `${least} G`).toEqual(timesGenerator(least))
      const log = random.pick([1n, -1n, LOG])
      const affine = [...timesGenerator(log)!.flatMap((value) => coordinate(value, random)), 0, 0]
      expect(pointOf(call('point_times', Array<number>(27).fill(0), affine, canonical(least))), `${least} P`)
        .toEqual(timesGenerator(least * log))
    }
  })

  it('are multiplied and added by EC_POINT_mul with scalars of any size, and with what cancels out', () => {
    const scalars = [undefined, 0n, 1n, 2n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n, 2n ** 256n, ORDER * 3n + 5n, 2n ** 600n + 1n]
    for (const log of [0n, 1n, -1n, 7n]) {
      for (const a of scalars) {
        for (const b of scalars) {
          const [x, y] = [a, b].map((scalar) => (scalar === undefined ? Buffer.of() : bytesOf(scalar, 80))) as [Buffer, Buffer]
          const result = lib.with([Buffer.alloc(65), x, encode(timesGenerator(log)), y], (r, first, point, second) =>
            lib.read(
              r!, lib.must('p256_inside_ec_point_mul', r!, first!, a === undefined ? -1 : 80, point!, second!, b === undefined ? -1 : 80),
            ))
          expect(result, `${a} G + ${b} times ${log} G`).toEqual(encode(timesGenerator((a ?? 0n) + (b ?? 0n) * log)))
        }
      }
    }
  })

  it('verify signatures whose point has an x of n or more, or is a sum of equal points, but none that is a sum of opposite ones', () => {
    const message = Buffer.from('any')
    const e = BigInt(`0x${createHash('sha256').update(message).digest('hex')}`)
    const verifies = (key: Point, r: bigint, s: bigint) => {
      const ours = Key.publicKey(lib, p256PublicDer(encode(key)))
      try {
        return ours.verifyMessage(message, derOf(r, s), 'SHA256')
      } finally {
        ours.free()
      }
    }
    // The signature's point is chosen, and so is s; this is the key for which they sign.
    let x = ORDER
    while (lift(x) === null) x++
    for (const [point, s] of [[lift(x), 12_345n], [lift(x), ORDER - 1n], [any, 3n]] as const) {
      const r = modulo(point![0], ORDER)
      const key = times(inverse(r, ORDER), add(times(s, point), timesGenerator(-e)))
      expect([verifies(key, r, s), verifies(key, r, s - 1n), verifies(key, r + 1n, s)]).toEqual([true, false, false])
    }
    // e/s times G and r/s times the key are equal, opposite.
    const [r, s] = [modulo(any![0], ORDER), modulo(2n * e * inverse(LOG, ORDER), ORDER)]
    const key = timesGenerator(e * inverse(r, ORDER))
    expect(add(timesGenerator(e * inverse(s, ORDER)), timesGenerator(e * inverse(s, ORDER)))).toEqual(any)
    expect([verifies(key, r, s), verifies(negative(key), r, s)]).toEqual([true, false])
  })
})

function derOf(...numbers: bigint[]): Buffer {
  const parts = numbers.map((value) => {
    const bytes = Buffer.from(value.toString(16).padStart(2 * Math.ceil((value.toString(2).length + 1) / 8), '0'), 'hex')
    return Buffer.concat([Buffer.of(2, bytes.length), bytes])
  })
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(0x30, body.length), body])
}
