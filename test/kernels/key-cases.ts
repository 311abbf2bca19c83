// One random operation with a key by the kernels and by node:crypto.

import { deepStrictEqual, strictEqual } from 'node:assert'
import {
  checkPrimeSync, constants, createECDH, createPrivateKey, createPublicKey, diffieHellman, privateEncrypt, publicEncrypt, sign, verify,
  type ECDH, type KeyObject,
} from 'node:crypto'
import { unlessRefused } from './ciphers.js'
import { Key } from './keys.js'
import type { LibCrypto } from './libcrypto.js'
import type { Random } from './random.js'

export type KeyCase = (lib: LibCrypto, random: Random) => void

/** P-256's order. */
export const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** SEC 1, without the public key: OpenSSL computes it. */
export function p256PrivateDer(scalar: bigint): Buffer {
  return Buffer.from(`30310201010420${scalar.toString(16).padStart(64, '0')}a00a06082a8648ce3d030107`, 'hex')
}

/** @param point uncompressed */
export function p256PublicDer(point: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'), point])
}

/** A scalar: any, or near what carries a long way: 0, n, a power of two, long runs of equal bits, small windows. */
export function scalarOf(random: Random): bigint {
  const any = BigInt(`0x${random.bytes(32).toString('hex')}`)
  const small = BigInt(random.below(64))
  const power = 1n << BigInt(random.below(257))
  const runs = random.bytes(32).map((byte) => (byte & 1 ? 255 : 0))
  const value = random.pick([
    any, any, any, small, ORDER - small, power + small, power - small, BigInt(`0x${Buffer.from(runs).toString('hex')}`), power * small,
  ])
  return 1n + (((value - 1n) % (ORDER - 1n)) + ORDER - 1n) % (ORDER - 1n)
}

/** The public key of a scalar, ECDH both ways, signatures both ways, and one with a wrong bit. */
export const p256: KeyCase = (lib, random) => {
  const [ourScalar, theirScalar] = [scalarOf(random), scalarOf(random)]
  const theirPoint = p256Node(theirScalar).getPublicKey()
  const ours = random.once(8) ? Key.generate(lib) : Key.privateKey(lib, p256PrivateDer(ourScalar))
  const theirs = Key.publicKey(lib, p256PublicDer(theirPoint))
  try {
    const node = createPrivateKey({ key: ours.privateDer(), format: 'der', type: 'sec1' })
    const reference = p256Node(BigInt(`0x${Buffer.from(node.export({ format: 'jwk' }).d!, 'base64url').toString('hex')}`))
    const point = reference.getPublicKey()
    deepStrictEqual(ours.publicDer(), p256PublicDer(point), 'public key')
    deepStrictEqual(ours.derive(theirs), reference.computeSecret(theirPoint), 'ECDH')
    const message = random.bytes(random.below(100))
    const publicKey = createPublicKey({ key: p256PublicDer(point), format: 'der', type: 'spki' })
    strictEqual(verify('sha256', message, publicKey, ours.signMessage(message, 'SHA256')), true, 'our signature')
    const signature = sign('sha256', message, node)
    strictEqual(ours.verifyMessage(message, signature, 'SHA256'), true, 'their signature')
    strictEqual(ours.verifyMessage(random.bytes(101), signature, 'SHA256'), false, 'a signature of something else')
    strictEqual(theirs.verifyMessage(message, signature, 'SHA256'), point.equals(theirPoint), 'a signature of another key')
  } finally {
    ours.free()
    theirs.free()
  }
}

function p256Node(scalar: bigint): ECDH {
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex'))
  return ecdh
}

/** X25519 with bytes that any may be. */
export const x25519: KeyCase = (lib, random) => {
  const [secret, point] = [random.bytes(32), random.bytes(32)]
  // As JWK: reading DER takes Node longer than all else. The private key's `x` is not looked at.
  const jwk = (x: Buffer) => ({ kty: 'OKP', crv: 'X25519', x: x.toString('base64url') })
  const node = createPrivateKey({ key: { ...jwk(point), d: secret.toString('base64url') }, format: 'jwk' })
  const publicKey = createPublicKey({ key: jwk(point), format: 'jwk' })
  const [ours, theirs] = [Key.x25519(lib, 'private', secret), Key.x25519(lib, 'public', point)]
  try {
    deepStrictEqual(ours.derive(theirs), diffieHellman({ privateKey: node, publicKey }))
    deepStrictEqual(ours.publicDer(), createPublicKey(node).export({ format: 'der', type: 'spki' }))
  } finally {
    ours.free()
    theirs.free()
  }
}

/** Private operations of RSA: plain powers of any number, signatures, decryption; all beside node:crypto. */
export function rsa(bits: number): KeyCase {
  let made: KeyObject | undefined
  const { RSA_NO_PADDING, RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PSS_PADDING } = constants
  return (lib, random) => {
    // Not of this case's numbers alone: a key takes longer to find than to try.
    const node = made && !random.once(2000) ? made : made = rsaKey(bits, random)
    const publicKey = createPublicKey(node)
    const ours = Key.privateKey(lib, node.export({ format: 'der', type: 'pkcs8' }))
    try {
      const modulus = BigInt(`0x${Buffer.from(publicKey.export({ format: 'jwk' }).n!, 'base64url').toString('hex')}`)
      const any = BigInt(`0x${random.bytes(bits / 8).toString('hex')}`)
      const small = BigInt(random.below(10))
      const value = random.pick([any, any, any, small, modulus - 1n - small, 1n << BigInt(random.below(bits - 1))]) % modulus
      const input = Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex')
      deepStrictEqual(ours.sign(input, 'none'), privateEncrypt({ key: node, padding: RSA_NO_PADDING }, input), `power of ${value}`)
      const message = random.bytes(random.below(100))
      deepStrictEqual(ours.signMessage(message, 'SHA256', 'pkcs1'), sign('sha256', message, node), 'PKCS #1 signature')
      const pss = ours.signMessage(message, 'SHA256', 'pss')
      strictEqual(verify('sha256', message, { key: publicKey, padding: RSA_PKCS1_PSS_PADDING }, pss), true, 'PSS signature')
      const sealed = publicEncrypt({ key: publicKey, padding: RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, message.subarray(0, 32))
      deepStrictEqual(ours.decrypt(sealed, 'oaep', 'SHA256'), message.subarray(0, 32), 'OAEP')
      sealed[random.below(sealed.length - 1) + 1]! ^= 1
      strictEqual(unlessRefused(() => ours.decrypt(sealed, 'oaep', 'SHA256')), undefined, 'OAEP, one bit wrong')
    } finally {
      ours.free()
    }
  }
}

function rsaKey(bits: number, random: Random): KeyObject {
  const e = 65_537n
  const half = BigInt(bits / 2)
  const prime = (): bigint => {
    for (;;) {
      // The two highest bits, so that the product has all its bits.
      const candidate = BigInt(`0x${random.bytes(bits / 16).toString('hex')}`) | (3n << (half - 2n)) | 1n
      if (candidate % e !== 1n && checkPrimeSync(candidate)) return candidate
    }
  }
  const [p, q] = [prime(), prime()]
  if (p === q) return rsaKey(bits, random)
  const d = inverse(e, (p - 1n) * (q - 1n))
  const text = (value: bigint) => {
    const hex = value.toString(16)
    return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').toString('base64url')
  }
  const key = {
    kty: 'RSA', n: text(p * q), e: text(e), d: text(d), p: text(p), q: text(q), dp: text(d % (p - 1n)), dq: text(d % (q - 1n)),
    qi: text(inverse(q, p)),
  }
  return createPrivateKey({ key, format: 'jwk' })
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n]
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y]
  return ((x % modulus) + modulus) % modulus
}
