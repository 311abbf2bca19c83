// The examples that the standards themselves give. Their results are no other implementation's.

import { beforeAll, describe, expect, it } from 'vitest'
import { cipher } from './ciphers.js'
import { LibCrypto } from './libcrypto.js'

const hex = (text: string) => Buffer.from(text, 'hex')

let lib: LibCrypto
beforeAll(() => { lib = LibCrypto.open('on') }, 900_000)

/** FIPS 197, appendix C. */
describe('AES', () => {
  const text = hex('00112233445566778899aabbccddeeff')
  const key = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')

  it.each([
    [128, '69c4e0d86a7b0430d8cdb78070b4c55a'],
    [192, 'dda97ca4864cdfe06eaf70a0ec0d7191'],
    [256, '8ea2b7ca516745bfeafc49904b496089'],
  ])('with a key of %i bits', (bits, expected) => {
    const input = { key: key.subarray(0, bits / 8), iv: Buffer.alloc(0) }
    expect(cipher(lib, `AES-${bits}-ECB`, true, input, text).text.toString('hex')).toBe(expected)
    expect(cipher(lib, `AES-${bits}-ECB`, false, input, hex(expected)).text).toEqual(text)
  })
})

/** McGrew and Viega's test cases, which NIST's validation took over (SP 800-38D). */
describe('AES-GCM', () => {
  const key = 'feffe9928665731c6d6a8f9467308308'
  const zeros = '00'.repeat(16)
  const text =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255'
  const shorter = text.slice(0, 120)
  const iv = 'cafebabefacedbaddecaf888'
  const aad = 'feedfacedeadbeeffeedfacedeadbeefabaddad2'
  const long = '9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b'
  const cases: readonly (readonly [number, string, string, string, string, string, string])[] = [
    [1, zeros, iv.replace(/./g, '0'), '', '', '', '58e2fccefa7e3061367f1d57a4e7455a'],
    [2, zeros, iv.replace(/./g, '0'), '', zeros, '0388dace60b6a392f328c2b971b2fe78', 'ab6e47d42cec13bdf53a67b21257bddf'],
    [3, key, iv, '', text,
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985',
      '4d5c2af327cd64a62cf35abd2ba6fab4'],
    [4, key, iv, aad, shorter,
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
      '5bc94fbc3221a5db94fae95ae7121a47'],
    [5, key, iv.slice(0, 16), aad, shorter,
      '61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c742373806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598',
      '3612d2e79e3b0785561be14aaca2fccb'],
    [6, key, long, aad, shorter,
      '8ce24998625615b603a033aca13fb894be9112a5c3a211a8ba262a3cca7e2ca701e4a9a4fba43c90ccdcb281d48c7c6fd62875d2aca417034c34aee5',
      '619cc5aefffe0bfa462af43c1699d050'],
    [7, zeros + zeros.slice(16), iv.replace(/./g, '0'), '', '', '', 'cd33b28ac773f74ba00ed1f312572435'],
    [8, zeros + zeros.slice(16), iv.replace(/./g, '0'), '', zeros, '98e7247c07f0fe411c267e4384b0f600', '2ff58d80033927ab8ef4d4587514f0fb'],
    [13, zeros + zeros, iv.replace(/./g, '0'), '', '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
    [14, zeros + zeros, iv.replace(/./g, '0'), '', zeros, 'cea7403d4d606b6e074ec5d3baf39d18', 'd0d1c8a799996bf0265b98b5d48ab919'],
    [15, key + key, iv, '', text,
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad',
      'b094dac5d93471bdec1a502270e3cc6c'],
    [16, key + key, iv, aad, shorter,
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
      '76fc6ece0f4e1768cddf8853bb2d551b'],
  ]

  it.each(cases)('test case %i', (_, keyHex, ivHex, aadHex, plain, sealed, tag) => {
    const name = `AES-${keyHex.length * 4}-GCM`
    const input = { key: hex(keyHex), iv: hex(ivHex), aad: aadHex === '' ? [] : [hex(aadHex)] }
    const made = cipher(lib, name, true, { ...input, tag: 16 }, hex(plain))
    expect([made.text.toString('hex'), made.tag.toString('hex')]).toEqual([sealed, tag])
    expect(cipher(lib, name, false, { ...input, tag: hex(tag) }, hex(sealed)).text.toString('hex')).toBe(plain)
  })
})

/** RFC 8439, 2.8.2. */
describe('ChaCha20-Poly1305', () => {
  it('seals as in the RFC', () => {
    const key = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
    const text =
      Buffer.from("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.")
    const made = cipher(
      lib, 'ChaCha20-Poly1305', true, { key, iv: hex('070000004041424344454647'), aad: [hex('50515253c0c1c2c3c4c5c6c7')], tag: 16 }, text,
    )
    expect(made.text.toString('hex')).toBe(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6'
        + '3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd'
        + '7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116',
    )
    expect(made.tag.toString('hex')).toBe('1ae10b594f09e26a7e902ecbd0600691')
  })
})
