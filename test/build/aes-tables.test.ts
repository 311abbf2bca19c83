import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const wasm = readFileSync(join(import.meta.dirname, '../../lib/libssl-wasm/libssl.wasm'))

/** The product in GF(2⁸) with AES's polynomial. */
function times(a: number, b: number): number {
  let product = 0
  for (; b > 0; b >>= 1, a = a << 1 ^ (a >> 7) * 0x11b) if (b & 1) product ^= a
  return product
}

function sBox(byte: number): number {
  let inverse = 1
  for (let i = 0; i < 254; i++) inverse = times(inverse, byte)
  const doubled = inverse << 8 | inverse
  return (inverse ^ doubled >> 4 ^ doubled >> 5 ^ doubled >> 6 ^ doubled >> 7) & 0xff ^ 0x63
}

const forward = Array.from({ length: 256 }, (_, byte) => sBox(byte))
const backward = forward.map((_, byte) => forward.indexOf(byte))

/** The beginning of a table of words: each byte of `box` times the four factors, the least significant byte first. */
const words = (box: readonly number[], factors: readonly number[]) =>
  Buffer.from(box.slice(0, 8).flatMap((byte) => factors.map((factor) => times(byte, factor))))

const rotations = (factors: readonly number[]) => factors.map((_, by) => [...factors.slice(by), ...factors.slice(0, by)])

const tables: Readonly<Record<string, readonly Buffer[]>> = {
  'the S-box': [Buffer.from(forward.slice(0, 32))],
  'the inverse S-box': [Buffer.from(backward.slice(0, 32))],
  'the S-box and MixColumns': [[2, 1, 1, 3], [3, 1, 1, 2]].flatMap(rotations).map((factors) => words(forward, factors)),
  'the inverse S-box and InvMixColumns': [[14, 9, 13, 11], [11, 13, 9, 14]].flatMap(rotations).map((factors) => words(backward, factors)),
  // In the upper half of 32-bit words; the zeros in front are not stored.
  "GHASH's remainders of four bits": [Buffer.from(Uint16Array.of(0x1c20, 0, 0x3840, 0, 0x2460, 0, 0x7080, 0, 0x6ca0, 0, 0x48c0).buffer)],
}

describe('libssl.wasm', () => {
  it('computes the tables that it is searched for rightly', () => {
    expect(forward.slice(0, 4)).toEqual([0x63, 0x7c, 0x77, 0x7b])
    expect(backward.slice(0, 4)).toEqual([0x52, 0x09, 0x6a, 0xd5])
  })

  it.each(Object.entries(tables))('has no table of %s', (_, beginnings) => {
    expect(beginnings.map((beginning) => wasm.indexOf(beginning))).toEqual(beginnings.map(() => -1))
  })
})
