// P-256 by BigInt, straight from the definitions: what the kernel is held against.

import { createECDH } from 'node:crypto'
import { ORDER } from './key-cases.js'

export const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n

/** Infinity is null. */
export type Point = readonly [x: bigint, y: bigint] | null

export const GENERATOR: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n, 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
]

export function modulo(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus
}

/** 0 gives 0. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [modulo(value, modulus), modulus, 1n, 0n]
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y]
  return modulo(value, modulus) === 0n ? 0n : modulo(x, modulus)
}

export function negative(point: Point): Point {
  return point && [point[0], modulo(-point[1], P)]
}

export function add(a: Point, b: Point): Point {
  if (a === null || b === null) return a ?? b
  const same = a[0] === b[0]
  if (same && modulo(a[1] + b[1], P) === 0n) return null
  const slope = same ? (3n * a[0] * a[0] - 3n) * inverse(2n * a[1], P) : (b[1] - a[1]) * inverse(b[0] - a[0], P)
  const x = modulo(slope * slope - a[0] - b[0], P)
  return [x, modulo(slope * (a[0] - x) - a[1], P)]
}

/** By node:crypto. */
export function timesGenerator(scalar: bigint): Point {
  const least = modulo(scalar, ORDER)
  if (least === 0n) return null
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(bytesOf(least))
  const hex = ecdh.getPublicKey('hex')
  return [BigInt(`0x${hex.slice(2, 66)}`), BigInt(`0x${hex.slice(66)}`)]
}

export function times(scalar: bigint, point: Point): Point {
  let sum: Point = null
  for (let power = point, left = scalar; left > 0n; left >>= 1n, power = add(power, power)) {
    if (left & 1n) sum = add(sum, power)
  }
  return sum
}

/** The point with this x and an even y, if there is one. */
export function lift(x: bigint): Point {
  const square = modulo(x * x * x - 3n * x + 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn, P)
  let y = 1n
  for (let base = square, exponent = (P + 1n) / 4n; exponent > 0n; exponent >>= 1n, base = base * base % P) {
    if (exponent & 1n) y = y * base % P
  }
  return y * y % P === square ? [x, y % 2n === 0n ? y : P - y] : null
}

export function bytesOf(value: bigint, length = 32): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')
}

/** SEC 1, uncompressed. */
export function encode(point: Point): Buffer {
  return point ? Buffer.concat([Buffer.of(4), bytesOf(point[0]), bytesOf(point[1])]) : Buffer.of(0)
}
