// IVs of GCM with a counter of one's choice, for what happens where the counter's 32 bits begin again. An IV of 16 bytes is hashed
// (SP 800-38D, 7.1): counter = ((IV · H) ⊕ L) · H with L = 0^64 ‖ 128, and this can be undone.

import { createCipheriv } from 'node:crypto'

const R = 0xe1n << 120n
const LENGTH = 128n

/** The IV of 16 bytes whose first counter block is `counter` under `key`. */
export function ivOf(counter: Uint8Array, key: Uint8Array): Buffer {
  const ecb = createCipheriv(`aes-${key.length * 8}-ecb`, key, null)
  const inverse = invert(number(ecb.update(Buffer.alloc(16))))
  return bytes(multiply(multiply(number(counter), inverse) ^ LENGTH, inverse))
}

/** In GF(2^128), the first bit being the lowest power. */
function multiply(x: bigint, y: bigint): bigint {
  let product = 0n
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= y
    y = (y >> 1n) ^ (y & 1n ? R : 0n)
  }
  return product
}

/** x^(2^128 − 2). */
function invert(x: bigint): bigint {
  let result = 1n << 127n
  let power = x
  for (let i = 1; i < 128; i++) {
    power = multiply(power, power)
    result = multiply(result, power)
  }
  return result
}

const number = (from: Uint8Array) => BigInt(`0x${Buffer.from(from).toString('hex')}`)
const bytes = (from: bigint) => Buffer.from(from.toString(16).padStart(32, '0'), 'hex')
