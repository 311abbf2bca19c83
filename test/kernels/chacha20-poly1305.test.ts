import { createCipheriv } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { LibCrypto } from './libcrypto.js'
import { Pool } from './random.js'

const EVP_CTRL_AEAD_SET_IV_FIXED = 0x12
const EVP_CTRL_AEAD_TLS1_AAD = 0x16
const TAG_BYTES = 16

const pool = new Pool('vitest')
let lib: LibCrypto
beforeAll(() => { lib = LibCrypto.open('on') }, 900_000)

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('Poly1305', () => {
  function tagOf(key: Buffer, message: Buffer, first = 0): string {
    return lib.with([key, message, Buffer.alloc(16)], (keyAt, at, tagAt) => {
      lib.must('poly1305', keyAt!, at!, message.length, first, tagAt!)
      return lib.read(tagAt!, 16).toString('hex')
    })
  }

  const little = (bytes: Uint8Array) => BigInt(`0x0${Buffer.from(bytes).reverse().toString('hex')}`)

  function expectedTag(key: Buffer, message: Buffer): string {
    const r = little(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
    let sum = 0n
    for (let at = 0; at < message.length; at += 16) {
      const block = message.subarray(at, at + 16)
      sum = (sum + little(block) + (1n << BigInt(8 * block.length))) * r % ((1n << 130n) - 5n)
    }
    return Buffer.from(((sum + little(key.subarray(16))) % (1n << 128n)).toString(16).padStart(32, '0'), 'hex').reverse().toString('hex')
  }

  const zeros = '00'.repeat(15)
  const ones = 'ff'.repeat(16)
  const four = '0100000000000000 0400000000000000' + '00'.repeat(16)
  // RFC 8439, 2.5.2, and numbers 7 to 13 of A.3, which are about carries and the last subtraction.
  it.each([
    ['2.5.2', '85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b',
      Buffer.from('Cryptographic Forum Research Group').toString('hex'), 'a8061dc1305136c6c22b8baf0c0127a9'],
    ['7', `02${zeros}00${zeros}`, ones, `03${zeros}`],
    ['8', `02${zeros}${ones}`, `02${zeros}`, `03${zeros}`],
    ['9', `01${zeros}00${zeros}`, `${ones} f0${ones.slice(2)} 11${zeros}`, `05${zeros}`],
    ['10', `01${zeros}00${zeros}`, `${ones} fb${'fe'.repeat(15)} ${'01'.repeat(16)}`, `00${zeros}`],
    ['11', `02${zeros}00${zeros}`, `fd${ones.slice(2)}`, `fa${ones.slice(2)}`],
    ['12', four, `e33594d7505e43b9 0000000000000000 3394d7505e4379cd 0100000000000000 00${zeros} 01${zeros}`,
      '14000000000000005500000000000000'],
    ['13', four, `e33594d7505e43b9 0000000000000000 3394d7505e4379cd 0100000000000000 00${zeros}`, `13${zeros}`],
  ])('gives the tag of RFC 8439, %s', (_, key, message, tag) => {
    expect(tagOf(hex(key), hex(message))).toBe(tag)
    expect(expectedTag(hex(key), hex(message))).toBe(tag)
  })

  it('gives the tag that BigInt gives, in two pieces, also where limbs are all ones', () => {
    for (let index = 0; index < 500; index++) {
      const random = pool.case('poly1305', index)
      const key = Buffer.from(random.bytes(32))
      const message = Buffer.from(random.bytes(random.below(300)))
      if (random.once(3)) key.fill(255, 0, 16)
      if (random.once(3)) key.fill(0, 1, 16)
      if (random.once(2)) for (let i = 0; i < message.length; i++) message[i]! = random.pick([255, 255, 255, 0, 250, 251, 252, 254])
      expect(tagOf(key, message, random.below(message.length + 1))).toBe(expectedTag(key, message))
    }
  })
})

describe("ChaCha20-Poly1305 of TLS's records", () => {
  /** What is left in memory where the record was, and how much of it is the result; -1 if it was refused. */
  function record(encrypt: boolean, key: Buffer, fixed: Buffer, aad: Buffer, input: Buffer, inPlace: boolean) {
    const ctx = lib.must('EVP_CIPHER_CTX_new')
    try {
      return lib.with([key, fixed, aad, Buffer.alloc(4)], (keyAt, fixedAt, aadAt, sizeAt) => {
        lib.must('EVP_CipherInit_ex2', ctx, lib.fetch('CIPHER', 'ChaCha20-Poly1305'), keyAt!, 0, Number(encrypt), 0)
        lib.must('EVP_CIPHER_CTX_ctrl', ctx, EVP_CTRL_AEAD_SET_IV_FIXED, fixed.length, fixedAt!)
        expect(lib.must('EVP_CIPHER_CTX_ctrl', ctx, EVP_CTRL_AEAD_TLS1_AAD, aad.length, aadAt!)).toBe(TAG_BYTES)
        const from = lib.input + 5
        const to = inPlace ? from : lib.output + 3
        lib.memory.fill(0xaa, to, to + input.length + 300)
        lib.memory.set(input, from)
        const accepted = lib.call['EVP_CipherUpdate']!(ctx, to, sizeAt!, from, input.length) > 0
        expect(lib.read(to + input.length, 300).every((byte) => byte === 0xaa), 'wrote beyond the record').toBe(true)
        return { length: accepted ? lib.readSize(sizeAt!) : -1, bytes: lib.read(to, input.length) }
      })
    } finally {
      lib.call['EVP_CIPHER_CTX_free']!(ctx)
    }
  }

  const lengths = [...Array.from({ length: 530 }, (_, length) => length), 1000, 1023, 1024, 1025, 16_383, 16_384, 16_385, 16_640]

  it('seals and opens as node:crypto does, and leaves nothing of a record that was changed', () => {
    for (const length of lengths) {
      const random = pool.case('tls record', length)
      const [key, fixed, text] = [random.bytes(32), random.bytes(12), random.bytes(length)]
      const aad = (counted: number) => Buffer.concat([sequence, Buffer.from([23, 3, 3, counted >> 8, counted & 255])])
      const sequence = random.bytes(8)
      const nonce = fixed.map((byte, index) => byte ^ (index < 4 ? 0 : sequence[index - 4]!))
      const node = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(aad(length), { plaintextLength: length })
      const expected = Buffer.concat([node.update(text), node.final(), node.getAuthTag()])
      const room = Buffer.concat([text, Buffer.alloc(TAG_BYTES)])
      const inPlace = random.once(2)
      const sealed = record(true, key, fixed, aad(length), room, inPlace)
      expect(sealed.length).toBe(expected.length)
      expect(sealed.bytes.equals(expected)).toBe(true)
      const opened = record(false, key, fixed, aad(expected.length), expected, inPlace)
      expect(opened.length).toBe(length)
      expect(opened.bytes.subarray(0, length).equals(text)).toBe(true)
      const changed = Buffer.from(expected)
      changed[random.below(changed.length)]! ^= 1 << random.below(8)
      const refused = record(false, key, fixed, aad(expected.length), changed, inPlace)
      expect(refused.length).toBe(-1)
      expect(refused.bytes.subarray(0, length).every((byte) => byte === 0)).toBe(true)
    }
  })

  it('refuses a record that is not as long as its additional data says', () => {
    const aad = Buffer.concat([Buffer.alloc(8), Buffer.from([23, 3, 3, 0, 40])])
    for (const length of [1, 16, 39, 41, 300]) {
      expect(record(false, Buffer.alloc(32), Buffer.alloc(12), aad, Buffer.alloc(length), true).length).toBe(-1)
    }
  })
})
