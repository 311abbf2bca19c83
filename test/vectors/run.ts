// Wycheproof's vectors against libcrypto with the kernels. Run by `npm run vectors [FOLDER]`.
//
// The vectors are data of C2SP/wycheproof (testvectors_v1), which this project does not carry: FOLDER is where they lie, by default
// what the environment variable LIBSSL_WASM_VECTORS names, or ../shared/vectors/wycheproof beside the checkout. Each file is held
// against its SHA-256 in SHA256SUMS.
//
// Valid ones must be accepted, with the very bytes, and invalid ones refused. The build without kernels is asked the same: on what is
// `acceptable`, and on what OpenSSL is known to see in another way (`known`), both builds must agree.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LibCrypto } from '../kernels/libcrypto.js'
import { outcomeOf, type Group, type Outcome, type Vector } from './schemes.js'

/** What OpenSSL answers to some vectors whatever the kernels, by their flag. */
const known: Readonly<Record<string, readonly [outcome: string, reason: string]>> = {
  LongIv: ['refused', 'OpenSSL takes IVs of up to 128 bytes'],
  NoCofactor: ['accepted', 'OpenSSL computes the cofactor, and the point is on P-256'],
  LargeCofactor: ['accepted', 'OpenSSL computes the cofactor, and the point is on P-256'],
  InvalidPkcs1Padding: ['answered by other bytes', 'implicit rejection'],
  InvalidCiphertextFormat: ['answered by other bytes', 'implicit rejection; a number is a number, with zeros in front or without'],
}

const folder = vectorsFolder()
const [on, off] = [LibCrypto.open('on'), LibCrypto.open('off')]
let [passed, failed] = [0, 0]
for (const line of readFileSync(new URL('SHA256SUMS', import.meta.url), 'utf8').trim().split('\n')) {
  const [sha256, file] = line.split('  ') as [string, string]
  const bytes = readFileSync(join(folder, file))
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new Error(`${join(folder, file)} is not the file that SHA256SUMS names`)
  }
  const { algorithm, numberOfTests, testGroups } = JSON.parse(bytes.toString()) as {
    algorithm: string
    numberOfTests: number
    testGroups: Group[]
  }
  const counts = new Map<string, number>()
  let tried = 0
  for (const group of testGroups) {
    for (const vector of group.tests) {
      tried++
      const [ours, theirs] = [outcomeOf(on, algorithm, group, vector), outcomeOf(off, algorithm, group, vector)]
      const judged = judge(vector, ours, theirs)
      counts.set(judged, (counts.get(judged) ?? 0) + 1)
      if (!judged.startsWith('WRONG')) continue
      failed++
      console.log(`${file}: test ${vector.tcId} (${vector.comment}; ${String(vector['flags'])}): ${judged}`)
    }
  }
  if (tried !== numberOfTests) throw new Error(`${file}: ${tried} of ${numberOfTests} were tried`)
  console.log(`${file}: ${[...counts].map(([what, count]) => `${count} ${what}`).join('; ')}`)
  passed += tried
}
console.log(`vectors: ${passed - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

function judge(vector: Vector, ours: Outcome, theirs: Outcome): string {
  const accepted = (outcome: Outcome) => (outcome === true ? 'accepted' : outcome === false ? 'refused' : 'answered by other bytes')
  if (ours !== theirs) return 'WRONG: the two builds differ'
  if (vector.result === 'valid' && ours === true) return 'valid accepted'
  if (vector.result === 'invalid' && ours === false) return 'invalid refused'
  if (vector.result === 'acceptable') return `acceptable ${accepted(ours)}, as without the kernels`
  const reason = (vector['flags'] as string[]).map((flag) => known[flag]).find((one) => one?.[0] === accepted(ours))?.[1]
  return reason === undefined
    ? `WRONG: ${vector.result}, but ${accepted(ours)}` : `${vector.result} ${accepted(ours)}, as without the kernels (${reason})`
}

function vectorsFolder(): string {
  const beside = fileURLToPath(new URL('../../../shared/vectors/wycheproof', import.meta.url))
  const given = process.argv[2] ?? process.env['LIBSSL_WASM_VECTORS'] ?? beside
  if (existsSync(given)) return resolve(given)
  throw new Error(
    `there are no vectors in ${given}: name the folder testvectors_v1 of C2SP/wycheproof `
      + `as npm run vectors -- FOLDER, or by LIBSSL_WASM_VECTORS`,
  )
}
