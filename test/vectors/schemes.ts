// What is done with one vector of Wycheproof's, by libcrypto.

import { cipher } from '../kernels/ciphers.js'
import { p256PrivateDer, p256PublicDer } from '../kernels/key-cases.js'
import { Key, type Padding } from '../kernels/keys.js'
import { OpensslFailure, type LibCrypto } from '../kernels/libcrypto.js'

/** As in the file: a group's fields and a test's are hexadecimal text, numbers and names. */
export interface Group { readonly type: string; readonly tests: readonly Vector[]; readonly [field: string]: unknown }
export interface Vector {
  readonly tcId: number
  readonly result: 'valid' | 'acceptable' | 'invalid'
  readonly comment: string
  readonly [field: string]: unknown
}

/** `true`: OpenSSL did what the vector says. `false`: it refused. Text: it gave something else. */
export type Outcome = boolean | string

type Scheme = (lib: LibCrypto, group: Group, vector: Vector) => Outcome

/** By a group's type. */
const schemes: Readonly<Record<string, Scheme>> = {
  IndCpaTest(lib, { keySize }, vector) {
    const [key, iv, text] = fields(vector, 'key', 'iv', 'msg')
    const name = `AES-${keySize}-CBC`
    if (vector.result === 'valid') same(cipher(lib, name, true, { key, iv: iv!, padding: true }, text!).text, vector['ct'])
    return same(cipher(lib, name, false, { key, iv: iv!, padding: true }, field(vector, 'ct')).text, vector['msg'])
  },
  EcdhTest: (lib, _, vector) => ecdh(lib, vector, field(vector, 'public')),
  EcdhEcpointTest(lib, _, vector) {
    const point = field(vector, 'public')
    // A compressed one is shorter; the lengths in DER are then others.
    const der = p256PublicDer(point)
    der[1] = der.length - 2
    der[24] = point.length + 1
    return ecdh(lib, vector, der)
  },
  EcdsaVerify: (lib, group, vector) => verify(lib, group, vector),
  RsassaPkcs1Verify: (lib, group, vector) => verify(lib, group, vector, 'pkcs1'),
  RsassaPssVerify: (lib, group, vector) => verify(lib, group, vector, 'pss', Number(group['sLen'])),
  RsaesPkcs1Decrypt(lib, group, vector) {
    const key = Key.privateKey(lib, field(group, 'privateKeyPkcs8'))
    try {
      return same(key.decrypt(field(vector, 'ct'), 'pkcs1'), vector['msg'])
    } finally {
      key.free()
    }
  },
  XdhComp(lib, _, vector) {
    return derive(Key.x25519(lib, 'private', field(vector, 'private')), () => Key.x25519(lib, 'public', field(vector, 'public')), vector)
  },
}

/** @param algorithm the file's, for example `AES-GCM` */
export function outcomeOf(lib: LibCrypto, algorithm: string, group: Group, vector: Vector): Outcome {
  const scheme = group.type === 'AeadTest'
    ? aead(algorithm === 'AES-GCM' ? `AES-${group['keySize']}-GCM` : 'ChaCha20-Poly1305') : schemes[group.type]
  if (!scheme) throw new Error(`no scheme for ${group.type}`)
  try {
    return scheme(lib, group, vector)
  } catch (error) {
    if (error instanceof OpensslFailure) return false
    throw error
  }
}

const aead = (name: string): Scheme => (lib, _, vector) => {
  const [key, iv, aad, text, sealed, tag] = fields(vector, 'key', 'iv', 'aad', 'msg', 'ct', 'tag')
  const pieces = aad!.length > 0 ? [aad!] : []
  if (vector.result === 'valid') {
    const made = cipher(lib, name, true, { key, iv: iv!, aad: pieces, tag: tag!.length }, text!)
    if (!made.text.equals(sealed!) || !made.tag.equals(tag!)) return 'sealed as something else'
  }
  return same(cipher(lib, name, false, { key, iv: iv!, aad: pieces, tag: tag! }, sealed!).text, vector['msg'])
}

function ecdh(lib: LibCrypto, vector: Vector, publicDer: Uint8Array): Outcome {
  return derive(Key.privateKey(lib, p256PrivateDer(BigInt(`0x${vector['private']}`))), () => Key.publicKey(lib, publicDer), vector)
}

function derive(ours: Key, peer: () => Key, vector: Vector): Outcome {
  try {
    const theirs = peer()
    try {
      return same(ours.derive(theirs), vector['shared'])
    } finally {
      theirs.free()
    }
  } finally {
    ours.free()
  }
}

function verify(lib: LibCrypto, group: Group, vector: Vector, padding?: Padding, saltLength?: number): boolean {
  const key = Key.publicKey(lib, field(group, 'publicKeyDer'))
  try {
    return key.verifyMessage(field(vector, 'msg'), field(vector, 'sig'), String(group['sha']), padding, saltLength)
  } finally {
    key.free()
  }
}

function same(got: Buffer, wanted: unknown): Outcome {
  const text = got.toString('hex')
  return text === wanted || text
}

function fields(from: Vector, ...names: readonly string[]): Buffer[] {
  return names.map((name) => field(from, name))
}

function field(from: Vector | Group, name: string): Buffer {
  return Buffer.from(String(from[name]), 'hex')
}
