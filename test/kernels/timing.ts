// Does the time of an operation depend on its secrets? By Welch's t-test over two classes of input, one value always and any value, as
// in "Dude, is my code constant time?" (Reparaz, Balasch, Verbauwhede, 2017). Run by `npm run timing`, on a quiet machine: it takes
// minutes, and is no test of CI's.
//
//   npm run timing -- [NAME ...] [--count N]
//
// --count: measurements of each; default a million. |t| above 4.5 says that the two classes differ. It proves nothing if it does not;
// so there are controls, whose differences must be found: OpenSSL's AES by tables, and a comparison that ends at the first difference.

import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { p256PrivateDer } from './key-cases.js'
import { Key } from './keys.js'
import { LibCrypto } from './libcrypto.js'

/** Inputs of each class. Both are read from as many places, so that reading them is no difference. */
const INPUTS = 512
const THRESHOLD = 4.5
const FIXED = 0
const ANY = 1
type Class = typeof FIXED | typeof ANY

interface Target {
  /** Whether the classes must be found to differ. */
  readonly leaks: boolean
  /** Puts input `index` of a class where `run` finds it; not measured. */
  prepare(which: Class, index: number): void
  run(): void
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { count: { type: 'string', default: '1000000' } } })
const count = Number(values.count)

/** `fixed` many times, and as many others. */
function pool(fixed: Uint8Array): readonly (readonly Uint8Array[])[] {
  return [
    Array.from({ length: INPUTS }, () => new Uint8Array(fixed)),
    Array.from({ length: INPUTS }, () => new Uint8Array(randomBytes(fixed.length))),
  ]
}

/** Blocks by one key. Its tables, if it has any, are not in the processor's first cache when it begins. */
function aesBlocks(which: 'on' | 'off'): Target {
  const lib = LibCrypto.open(which)
  const inputs = pool(new Uint8Array(16))
  const key = lib.must('malloc', 256)
  lib.memory.set(randomBytes(16), lib.input)
  lib.call['AES_set_encrypt_key']!(lib.input, 128, key)
  const encrypt = lib.call['AES_encrypt']!
  const others = new Uint8Array(128 * 1024)
  return {
    leaks: which === 'off',
    prepare(one, index) {
      lib.memory.set(inputs[one]![index]!, lib.input)
      for (let at = 0; at < others.length; at += 64) others[at]!++
    },
    run: () => void encrypt(lib.input, lib.output, key),
  }
}

/** The key schedule and a record of TLS. */
function gcmRecord(): Target {
  const lib = LibCrypto.open('on')
  const inputs = pool(new Uint8Array(16 + 1024))
  const ctx = lib.must('EVP_CIPHER_CTX_new')
  const size = lib.must('malloc', 4)
  const iv = lib.must('malloc', 12)
  lib.must('EVP_CipherInit_ex2', ctx, lib.fetch('CIPHER', 'AES-128-GCM'), 0, 0, 1, 0)
  const [init, update] = [lib.call['EVP_CipherInit_ex2']!, lib.call['EVP_CipherUpdate']!]
  return {
    leaks: false,
    prepare: (one, index) => lib.memory.set(inputs[one]![index]!, lib.input),
    run() {
      init(ctx, 0, lib.input, iv, 1, 0)
      update(ctx, lib.output, size, lib.input + 16, 1024)
    },
  }
}

/**
 * An operation with a P-256 key, which is made anew each time, so that it lies at the same place whatever its class. Its scalar is one
 * with a single bit, or any of that length: how many words it has is no secret of OpenSSL's.
 */
function p256(operation: 'sign' | 'derive'): Target {
  const lib = LibCrypto.open('on')
  const highest = 1n << 247n
  const inputs = [() => highest, () => highest | BigInt(`0x${randomBytes(30).toString('hex')}`)].map((scalar) =>
    Array.from({ length: INPUTS }, () => withPublicKey(lib, scalar())))
  const point = Key.publicKey(lib, Key.privateKey(lib, p256PrivateDer(3n)).publicDer())
  const size = lib.must('malloc', 4)
  const call = lib.call[`EVP_PKEY_${operation}`]!
  let key: Key | undefined
  let ctx = 0
  return {
    leaks: false,
    prepare(one, index) {
      lib.call['EVP_PKEY_CTX_free']!(ctx)
      key?.free()
      key = Key.privateKey(lib, inputs[one]![index]!)
      ctx = lib.must('EVP_PKEY_CTX_new', key.pkey, 0)
      lib.must(`EVP_PKEY_${operation}_init`, ctx)
      if (operation === 'derive') lib.must('EVP_PKEY_derive_set_peer', ctx, point.pkey)
      lib.writeSize(size, 80)
    },
    run: operation === 'sign' ? () => void call(ctx, lib.output, size, lib.input, 32) : () => void call(ctx, lib.output, size),
  }
}

/** SEC 1 with the public key, so that it need not be computed when it is read. */
function withPublicKey(lib: LibCrypto, scalar: bigint): Buffer {
  const key = Key.privateKey(lib, p256PrivateDer(scalar))
  try {
    return key.privateDer()
  } finally {
    key.free()
  }
}

/** A comparison as nobody should make it. */
function comparison(): Target {
  const inputs = pool(new Uint8Array(256))
  const [expected, given] = [new Uint8Array(256), new Uint8Array(256)]
  let _equal = 0 // so that the loop is for something
  return {
    leaks: true,
    prepare: (one, index) => given.set(inputs[one]![index]!),
    run() {
      let at = 0
      while (at < 256 && expected[at] === given[at]) at++
      _equal += at
    },
  }
}

const targets: Readonly<Record<string, () => Target>> = {
  'control: a comparison that ends early': comparison,
  'control: AES-128 blocks by tables (the build without kernels)': () => aesBlocks('off'),
  'AES-128 blocks': () => aesBlocks('on'),
  'AES-128-GCM, key and record of 1 KiB': gcmRecord,
  'P-256 signature': () => p256('sign'),
  'P-256 ECDH': () => p256('derive'),
}

/** The largest |t|, over all measurements and over those that are not the slowest: interruptions are slow. */
function largestT({ prepare, run }: Target): number {
  const times = new Float64Array(count)
  const classes = new Uint8Array(count)
  const warmUp = Math.min(2000, count)
  for (let index = -warmUp; index < count; index++) {
    const which: Class = Math.random() < 0.5 ? FIXED : ANY
    prepare(which, Math.floor(Math.random() * INPUTS))
    const start = performance.now()
    run()
    const time = performance.now() - start
    if (index < 0) continue
    times[index] = time
    classes[index] = which
  }
  const sorted = times.slice().sort()
  const t = [1, 0.99, 0.95, 0.9, 0.75, 0.5].map((share) => Math.abs(welch(times, classes, sorted[Math.ceil(share * count) - 1]!)))
  return Math.max(...t)
}

/** Welch's t of the times that are no longer than `limit`. */
function welch(times: Float64Array, classes: Uint8Array, limit: number): number {
  const [n, mean, squares] = [[0, 0], [0, 0], [0, 0]]
  for (let index = 0; index < times.length; index++) {
    const [time, which] = [times[index]!, classes[index]!]
    if (time > limit) continue
    n[which]!++
    const off = time - mean[which]!
    mean[which]! += off / n[which]!
    squares[which]! += off * (time - mean[which]!)
  }
  const error = Math.sqrt(squares[0]! / (n[0]! - 1) / n[0]! + squares[1]! / (n[1]! - 1) / n[1]!)
  return error > 0 ? (mean[0]! - mean[1]!) / error : 0
}

console.log(`Node ${process.versions.node}, `
  + `${count.toLocaleString('en')} measurements of each; |t| above ${THRESHOLD}: the classes differ`)
let [tried, failed] = [0, 0]
for (const [name, make] of Object.entries(targets)) {
  if (positionals.length > 0 && !positionals.some((word) => name.includes(word))) continue
  const target = make()
  tried++
  const t = largestT(target)
  const right = t > THRESHOLD === target.leaks
  if (!right) failed++
  console.log(
    `${name.padEnd(64)} |t| ${t.toFixed(1).padStart(7)}  ${t > THRESHOLD ? 'differ' : 'no difference found'}`
      + `${right ? '' : target.leaks ? ': THE CONTROL HAS NOT BEEN FOUND' : ': LEAKS'}`,
  )
}
console.log(
  `timing: ${tried - failed} of ${tried} are as they should be, `
    + `Node ${process.versions.node}, ${count.toLocaleString('en')} measurements of each`,
)
process.exitCode = failed > 0 ? 1 : 0
