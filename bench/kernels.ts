// The kernels alone, beside node:crypto and beside OpenSSL's own C code (the build without kernels), in one process: the processor's
// time of the quickest round, so that neither what else the machine does counts nor V8's compiling.

import {
  createCipheriv, createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, sign, verify,
  type CipherGCMTypes, type KeyObject,
} from 'node:crypto'
import { CertificateAuthority, RSA } from '../tools/certificates.js'
import { Cipher, digest } from '../test/kernels/ciphers.js'
import { Key } from '../test/kernels/keys.js'
import { LibCrypto } from '../test/kernels/libcrypto.js'
import { processorTime, quickestByTurns, row } from './measure.js'

const ROUNDS = 25
/** What a round is to take, in milliseconds, so that the clock and what else happens count little. */
const ROUND_MS = 20
const WARM_UP_MS = 400

/** What is measured: a run by node:crypto, and a run by a build. */
interface Operation {
  readonly name: string
  readonly node: () => unknown
  readonly ours: (lib: LibCrypto) => () => unknown
  /** The part of the time without kernels that is to be reached. */
  readonly wanted: string
}

export async function kernels(): Promise<void> {
  const [on, off] = [LibCrypto.open('on'), LibCrypto.open('off')]
  for (const { name, node, ours, wanted } of operations()) {
    const runs = [ours(on), ours(off), node]
    for (const run of runs) await warmUp(run)
    const counts = runs.map(fitting)
    const times = await quickestByTurns(ROUNDS, ...runs.map((run, index) => async () => await processorTime(async () => {
      for (let i = 0; i < counts[index]!; i++) run()
    }) / counts[index]!))
    const [kernel, without, crypto] = times as [number, number, number]
    const us = (ms: number) => `${(ms * 1000).toFixed(ms < 0.01 ? 2 : 1)} µs`
    row(`${name}: with the kernel | node:crypto`, us(kernel), us(crypto), kernel / crypto, '')
    row(`${name}: with the kernel | without`, us(kernel), us(without), kernel / without, wanted)
  }
}

/** V8 compiles what runs often once more, in another thread, and takes it up when it comes by again. */
async function warmUp(run: () => unknown): Promise<void> {
  for (const start = performance.now(); performance.now() - start < WARM_UP_MS;) {
    run()
    if (Math.random() < 0.01) await new Promise((resolve) => { setImmediate(resolve) })
  }
}

/** How many runs take {@link ROUND_MS}. */
function fitting(run: () => unknown): number {
  for (let count = 1; ; count *= 2) {
    const start = process.cpuUsage()
    for (let i = 0; i < count; i++) run()
    const took = process.cpuUsage(start).user / 1000
    if (took > ROUND_MS / 4) return Math.max(1, Math.round(count * ROUND_MS / took))
  }
}

function operations(): Operation[] {
  const authority = new CertificateAuthority('bench kernels')
  const [ec, rsa] = [createPrivateKey(authority.leaf().key), createPrivateKey(authority.leaf({ newkey: RSA }).key)]
  const wanted = { chacha: 'at most 0.5×', gcm: 'at most 0.4×', short: 'at most 1.5×', p256: 'at most 0.4×', rsa: 'at most 0.5×' }
  return [
    seal('ChaCha20-Poly1305', 32, 16_384, wanted.chacha), open('ChaCha20-Poly1305', 32, 16_384, wanted.chacha),
    seal('ChaCha20-Poly1305', 32, 64, 'at most 1.0×'), seal('AES-128-GCM', 16, 16_384, wanted.gcm),
    open('AES-128-GCM', 16, 16_384, wanted.gcm), seal('AES-128-GCM', 16, 64, wanted.short), seal('AES-256-GCM', 32, 16_384, wanted.gcm),
    open('AES-256-GCM', 32, 16_384, wanted.gcm), seal('AES-256-GCM', 32, 64, wanted.short), keySetup(),
    hash(),
    ...ecdsa(ec, wanted.p256),
    {
      name: 'P-256 ECDH', wanted: wanted.p256,
      node: () => diffieHellman({ privateKey: ec, publicKey: createPublicKey(ec) }),
      ours: (lib) => {
        const [key, peer] = [Key.privateKey(lib, der(ec)), Key.publicKey(lib, publicDer(ec))]
        return () => key.derive(peer)
      },
    },
    {
      name: 'P-256 key generation', wanted: wanted.p256,
      node: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      ours: (lib) => () => Key.generate(lib).free(),
    },
    {
      name: 'RSA-2048 signature', wanted: wanted.rsa,
      node: () => sign('sha256', message, rsa),
      ours: (lib) => {
        const key = Key.privateKey(lib, der(rsa))
        return () => key.signMessage(message, 'SHA256', 'pkcs1')
      },
    },
  ]
}

const message = Buffer.alloc(100, 7)
const [iv, aad] = [Buffer.alloc(12), Buffer.alloc(5)]
const der = (key: KeyObject) => key.export({ format: 'der', type: 'pkcs8' })
const publicDer = (key: KeyObject) => createPublicKey(key).export({ format: 'der', type: 'spki' })

/** A key is set once, then each record has its nonce, as in TLS. */
function record(name: string, keyLength: number, bytes: number, encrypt: boolean, wanted: string): Operation {
  const [key, text] = [Buffer.alloc(keyLength, 1), Buffer.alloc(bytes)]
  const lower = name.toLowerCase() as CipherGCMTypes
  const sealing = () => {
    const cipher = createCipheriv(lower, key, iv, { authTagLength: 16 }).setAAD(aad, { plaintextLength: bytes })
    return { sealed: Buffer.concat([cipher.update(text), cipher.final()]), tag: cipher.getAuthTag() }
  }
  const { sealed, tag } = sealing()
  const size = bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} bytes`
  return {
    name: `${name}, ${encrypt ? 'seal' : 'open'} ${size}`, wanted,
    node: encrypt ? sealing : () => {
      const cipher = createDecipheriv(lower, key, iv, { authTagLength: 16 }).setAAD(aad, { plaintextLength: bytes }).setAuthTag(tag)
      return Buffer.concat([cipher.update(sealed), cipher.final()])
    },
    ours: (lib) => {
      const cipher = new Cipher(lib, name, encrypt)
      const [input, output] = encrypt ? [text, 16] : [sealed, tag]
      cipher.run({ key, iv, aad: [aad], tag: output }, input)
      return cipher.repeat({ iv, aad: [aad], tag: output }, input)
    },
  }
}

const seal = (name: string, keyLength: number, bytes: number, wanted: string) => record(name, keyLength, bytes, true, wanted)
const open = (name: string, keyLength: number, bytes: number, wanted: string) => record(name, keyLength, bytes, false, wanted)

function keySetup(): Operation {
  const key = Buffer.alloc(16, 1)
  return {
    name: 'AES-128-GCM, key set-up and an empty record', wanted: '',
    node: () => createCipheriv('aes-128-gcm', key, iv).final(),
    ours: (lib) => {
      const cipher = new Cipher(lib, 'AES-128-GCM', true)
      return () => cipher.run({ key, iv, tag: 16 }, Buffer.alloc(0))
    },
  }
}

function hash(): Operation {
  const text = Buffer.alloc(16_384)
  return {
    name: 'SHA-256, 16 KiB', wanted: '', node: () => createHash('sha256').update(text).digest(),
    ours: (lib) => () => digest(lib, 'SHA256', [text]),
  }
}

function ecdsa(key: KeyObject, wanted: string): Operation[] {
  const signature = sign('sha256', message, key)
  const publicKey = createPublicKey(key)
  return [
    { name: 'P-256 signature', wanted, node: () => sign('sha256', message, key), ours: (lib) => {
      const ours = Key.privateKey(lib, der(key))
      return () => ours.signMessage(message, 'SHA256')
    } },
    { name: 'P-256 verification', wanted, node: () => verify('sha256', message, publicKey, signature), ours: (lib) => {
      const ours = Key.publicKey(lib, publicDer(key))
      return () => ours.verifyMessage(message, signature, 'SHA256')
    } },
  ]
}
