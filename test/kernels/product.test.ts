// libcrypto as it is in the product, less what wasm/trim leaves out: each algorithm that TLS, certificates and key files need is there and
// agrees with node:crypto; what was left out says that it is.

import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { Key } from './keys.js'
import { LibCrypto } from './libcrypto.js'

let lib: LibCrypto
beforeAll(() => { lib = LibCrypto.open('product') })

const message = Buffer.from('a message')
const pkcs8 = (key: KeyObject) => key.export({ format: 'der', type: 'pkcs8' })
const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' })
const CURVES = ['P-256', 'P-384', 'P-521', 'secp256k1', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1']
const HASHES = { 'P-384': 'SHA384', 'P-521': 'SHA512' } as Readonly<Record<string, string>>

describe.each(CURVES)('%s', (namedCurve) => {
  it('agrees with node:crypto on secrets and signatures', () => {
    for (let i = 0; i < 20; i++) {
      const [ours, theirs] = [generateKeyPairSync('ec', { namedCurve }), generateKeyPairSync('ec', { namedCurve })]
      const key = Key.privateKey(lib, pkcs8(ours.privateKey))
      const peer = Key.publicKey(lib, spki(theirs.publicKey))
      expect(key.derive(peer)).toEqual(diffieHellman({ privateKey: theirs.privateKey, publicKey: ours.publicKey }))
      const hash = HASHES[namedCurve] ?? 'SHA256'
      expect(verify(hash, message, ours.publicKey, key.signMessage(message, hash))).toBe(true)
      expect(peer.verifyMessage(message, sign(hash, message, theirs.privateKey), hash)).toBe(true)
      expect(peer.verifyMessage(message, sign(hash, message, ours.privateKey), hash)).toBe(false)
      key.free()
      peer.free()
    }
  })
})

describe.each(['x25519', 'x448'] as const)('%s', (type) => {
  it('agrees with node:crypto on secrets', () => {
    for (let i = 0; i < 50; i++) {
      const [ours, theirs] = [generateKeyPairSync(type as 'x25519'), generateKeyPairSync(type as 'x25519')]
      const [key, peer] = [Key.privateKey(lib, pkcs8(ours.privateKey)), Key.publicKey(lib, spki(theirs.publicKey))]
      expect(key.derive(peer)).toEqual(diffieHellman({ privateKey: theirs.privateKey, publicKey: ours.publicKey }))
      key.free()
      peer.free()
    }
  })
})

// Their public keys are made from the private ones by the tables that are computed.
describe.each(['ed25519', 'ed448'] as const)('%s', (type) => {
  it('gives the public keys that node:crypto gives', () => {
    for (let i = 0; i < 50; i++) {
      const der = pkcs8(generateKeyPairSync(type as 'ed25519').privateKey)
      const key = Key.privateKey(lib, der)
      expect(key.publicDer()).toEqual(spki(createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))))
      key.free()
    }
  })
})

const DIGESTS = [
  'MD5', 'SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512', 'SHA3-224', 'SHA3-256', 'SHA3-384', 'SHA3-512', 'SHAKE-128', 'SHAKE-256',
]
const CIPHERS =
  ['AES-128-GCM', 'AES-256-GCM', 'AES-128-CCM', 'AES-256-CCM', 'ChaCha20-Poly1305', 'AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC',
  'AES-128-ECB', 'AES-256-ECB', 'AES-128-CTR', 'AES-256-CTR', 'DES-EDE3-CBC', 'DES-EDE-CBC', 'ChaCha20']
it.each([
  ...DIGESTS.map((name) => ['MD', name] as const), ...CIPHERS.map((name) => ['CIPHER', name] as const),
])('%s %s is there', (kind, name) => {
  expect(lib.fetch(kind, name)).toBeGreaterThan(0)
})

const KEYS: readonly (readonly [type: string, group?: string])[] =
  [['ML-KEM-512'], ['ML-KEM-768'], ['ML-KEM-1024'], ['X25519MLKEM768'], ['SecP256r1MLKEM768'], ['SecP384r1MLKEM1024'], ['ML-DSA-44'],
  ['ML-DSA-65'], ['ML-DSA-87'], ['DH', 'ffdhe2048'], ['DH', 'ffdhe3072'], ['ED25519'], ['ED448'],
  ...CURVES.map((name) => ['EC', name] as const)]
it.each(KEYS.map(([type, group = '']) => ({ type, group })))('keys of $type $group can be made', ({ type, group }) => {
  expect(generate(type, group)).toBeGreaterThan(0)
})

it.each([
  ['CIPHER', 'AES-128-OFB'], ['CIPHER', 'AES-256-CFB'], ['CIPHER', 'AES-128-XTS'], ['CIPHER', 'AES-128-WRAP'], ['CIPHER', 'DES-EDE3-OFB'],
  ['MD', 'SHA512-256'], ['MD', 'KECCAK-256'], ['MD', 'MD5-SHA1'],
] as const)('%s %s was left out, and the error says so', (kind, name) => {
  expect(() => lib.fetch(kind, name)).toThrow('unsupported')
})

it.each([['EC', 'secp192r1', 'invalid curve'], ['EC', 'brainpoolP320r1', 'unsupported'], ['RSA', '', 'unsupported']])(
  'keys of %s %s are not made, and the error says why', (type, group, why) => {
    expect(() => generate(type, group)).toThrow(why)
  })

/** An EVP_PKEY. */
function generate(type: string, group: string): number {
  return lib.with([type, group, new Uint8Array(4)], (name, groupName, pointer) => {
    const ctx = lib.must('EVP_PKEY_CTX_new_from_name', 0, name!, 0)
    try {
      lib.must('EVP_PKEY_keygen_init', ctx)
      if (group !== '') lib.must('EVP_PKEY_CTX_set_group_name', ctx, groupName!)
      lib.must('EVP_PKEY_generate', ctx, pointer!)
      return lib.readSize(pointer!)
    } finally {
      lib.call['EVP_PKEY_CTX_free']!(ctx)
    }
  })
}
