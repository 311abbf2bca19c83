// One random message by a cipher of the kernels and by node:crypto's: both must give the same, however it is handed over.

import { deepStrictEqual, strictEqual } from 'node:assert'
import { createCipheriv, createHash, type CipherCCMTypes, type CipherGCMTypes } from 'node:crypto'
import { Cipher, cipher, digest, unlessRefused, type Manner } from './ciphers.js'
import { ivOf } from './gcm-iv.js'
import type { LibCrypto } from './libcrypto.js'
import type { Random } from './random.js'

export type CipherCase = (lib: LibCrypto, random: Random, length: number) => void

/** An AEAD: sealed by both, opened in another manner, refused with any bit of the tag wrong; then another message of the same key. */
export function aead(name: string, keyLength: number): CipherCase {
  const ccm = name.endsWith('CCM')
  return (lib, random, length) => {
    const key = random.bytes(keyLength)
    const [sealing, opening] = [new Cipher(lib, name, true), new Cipher(lib, name, false)]
    try {
      for (const first of random.once(4) ? [true, false] : [true]) {
        const iv = aeadIv(name, key, random)
        const aad = random.bytes(random.pick([0, 5, 13, 16, random.below(100), random.below(3000)]))
        const text = random.bytes(first ? length : random.below(3000))
        const expected = nodeSeals(name, key, iv, aad, text)
        const given = first ? key : undefined
        const split = () => (ccm ? [aad] : random.split(aad)).filter((piece) => piece.length > 0)
        const sealed = sealing.run({ key: given, iv, aad: split(), tag: 16 }, text, ccm ? {} : manner(random, length))
        deepStrictEqual(sealed, expected)
        const opened = opening.run({ key: given, iv, aad: split(), tag: expected.tag }, expected.text, ccm ? {} : manner(random, length))
        deepStrictEqual(opened.text.equals(text), true, 'the text is not what was sealed')
        const wrong = Buffer.from(expected.tag)
        wrong[random.below(16)]! ^= 1 << random.below(8)
        const refused = unlessRefused(() => cipher(lib, name, false, { key, iv, aad: split(), tag: wrong }, expected.text))
        strictEqual(refused, undefined, 'a wrong tag was accepted')
      }
    } finally {
      sealing.free()
      opening.free()
    }
  }
}

function nodeSeals(name: string, key: Buffer, iv: Buffer, aad: Buffer, text: Buffer) {
  const lower = name.toLowerCase()
  const sealing = createCipheriv(lower as CipherGCMTypes & CipherCCMTypes, key, iv, { authTagLength: 16 })
  sealing.setAAD(aad, { plaintextLength: text.length })
  return { text: Buffer.concat([sealing.update(text), sealing.final()]), tag: sealing.getAuthTag() }
}

/** Of 12 bytes mostly, as TLS has it; GCM takes any, and its counter may be about to begin again (which takes milliseconds to find). */
function aeadIv(name: string, key: Buffer, random: Random): Buffer {
  if (!name.endsWith('GCM') || !random.once(4)) return random.bytes(12)
  return random.once(16) ? ivOf(nearlyFull(random.bytes(16), 4, random), key) : random.bytes(1 + random.below(64))
}

/** A counter whose last `bytes` bytes are all ones, or a few steps before that. */
function nearlyFull(counter: Buffer, bytes: number, random: Random): Buffer {
  const changed = Buffer.from(counter).fill(255, 16 - bytes)
  changed.writeUInt16BE(65_535 - random.below(random.pick([2, 300, 2000])), 14)
  return changed
}

/** A mode without a tag: both ways, in two manners. `unit`: what its blocks have, 1 for a stream. */
export function mode(name: string, keyLength: number, ivLength: number, unit = 1): CipherCase {
  return (lib, random, length) => {
    const key = random.bytes(keyLength)
    let iv = random.bytes(ivLength)
    if (name.endsWith('CTR') && random.once(3)) iv = nearlyFull(iv, random.pick([2, 4, 8, 12, 16]), random)
    const padding = unit > 1 && random.once(2)
    const text = random.bytes(padding ? length : length - length % unit)
    const reference = createCipheriv(name.toLowerCase(), key, ivLength > 0 ? iv : null).setAutoPadding(padding)
    const expected = Buffer.concat([reference.update(text), reference.final()])
    // A cipher that holds a block back cannot write where it has not yet read.
    const how = () => (padding ? { ...manner(random, text.length), inPlace: false } : manner(random, text.length, unit))
    deepStrictEqual(cipher(lib, name, true, { key, iv, padding }, text, how()).text.equals(expected), true, 'encrypted')
    deepStrictEqual(cipher(lib, name, false, { key, iv, padding }, expected, how()).text.equals(text), true, 'decrypted')
  }
}

export function hash(name: string): CipherCase {
  return (lib, random, length) => {
    const text = random.bytes(length)
    deepStrictEqual(digest(lib, name, random.split(text)), createHash(name.toLowerCase()).update(text).digest())
  }
}

function manner(random: Random, length: number, unit = 1): Manner {
  return {
    pieces: random.pieces(length, unit), inPlace: random.once(2), inputAt: random.pick([0, random.below(64)]),
    outputAt: random.pick([0, random.below(64)]),
  }
}
