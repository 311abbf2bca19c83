import { createCipheriv } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { ivOf } from './gcm-iv.js'
import { LibCrypto } from './libcrypto.js'
import { Pool } from './random.js'
import { ciphers, keys, LONGEST_BYTES } from './targets.js'

// `npm run kernels` is the same, a million times, with every length.
const pool = new Pool('vitest')
/** Every length near a block's, a group's of blocks and a record's; and the longest. */
const lengths = [
  ...Array.from({ length: 300 }, (_, length) => length), 511, 512, 513, 1023, 1024, 2047, 2048, 2049, 2063, 4096, 4112, 16_384, 16_401,
  LONGEST_BYTES,
]

describe('libcrypto with the kernels, beside node:crypto', () => {
  let lib: LibCrypto
  // Links it if it is not up to date.
  beforeAll(() => { lib = LibCrypto.open('on') }, 900_000)

  it.each(Object.keys(ciphers))('%s does the same with messages of any length, in any pieces, in place and not', (name) => {
    for (const [index, length] of lengths.entries()) ciphers[name]!(lib, pool.case(name, index), length)
  })

  it.each(Object.keys(keys))('%s does the same with any key', (name) => {
    for (let index = 0; index < (name.startsWith('RSA') ? 4 : 60); index++) keys[name]!(lib, pool.case(name, index))
  })
})

describe('ivOf', () => {
  it('gives an IV that begins with the counter asked for', () => {
    const [key, counter] = [Buffer.alloc(16, 7), Buffer.alloc(16, 255)]
    const stream = createCipheriv('aes-128-gcm', key, ivOf(counter, key)).update(Buffer.alloc(16))
    const next = Buffer.concat([Buffer.alloc(12, 255), Buffer.alloc(4)]) // the last 32 bits begin again
    expect(stream).toEqual(createCipheriv('aes-128-ecb', key, null).update(next))
  })
})
