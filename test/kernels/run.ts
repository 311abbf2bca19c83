// Random inputs to the kernels, beside node:crypto, by the million. Run by `npm run kernels`.
//
//   npm run kernels -- [NAME ...] [--count N] [--seed TEXT] [--from N] [--build on|off]
//
// NAME: of targets.ts; default all. --count: cases of each; default a million, and 20,000 of RSA, where one takes milliseconds.
// A run is made again by its seed, which is printed, and --from, the first case to try. After a difference the line that tries this
// case alone is printed. All of it takes hours: without --count, --seed and
// --from, a run goes on where the last one of the same kernels ended.

import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { LibCrypto } from './libcrypto.js'
import { Progress } from './progress.js'
import { Pool } from './random.js'
import { ciphers, keys, lengthOf } from './targets.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' }, seed: { type: 'string' }, from: { type: 'string' }, build: { type: 'string', default: 'on' },
  },
})
const known = [...Object.keys(ciphers), ...Object.keys(keys)]
const unknown = positionals.find((name) => !known.includes(name))
if (unknown !== undefined) throw new Error(`there is no ${unknown}: ${known.join(', ')}`)
const build = values.build === 'off' ? 'off' : 'on'

const lib = LibCrypto.open(build)
const progress = values.count === undefined && values.seed === undefined && values.from === undefined ? Progress.of(build) : undefined
let [passed, failed] = [0, 0]
console.log(`libcrypto ${build === 'on' ? 'with' : 'without'} the kernels, Node ${process.versions.node}`)
for (const name of positionals.length > 0 ? positionals : known) {
  const before = progress?.get(name)
  const seed = before?.seed ?? values.seed ?? randomBytes(8).toString('hex')
  const pool = new Pool(seed)
  const first = Number(values.from ?? 0)
  const end = first + Number(values.count ?? (name.startsWith('RSA') ? 20_000 : 1_000_000))
  let index = before?.cases ?? first
  try {
    for (; index < end; index++) {
      const random = pool.case(name, index)
      const length = lengthOf(index)
      if (ciphers[name]) ciphers[name](lib, random, length)
      else keys[name]!(lib, random)
      if (index % 1000 === 999) {
        progress?.set(name, { seed, cases: index + 1 })
        if (process.stdout.isTTY) process.stdout.write(`\r${name}: ${index + 1}`)
      }
    }
    progress?.set(name, { seed, cases: index })
    passed += index - first
    const cases = `${(index - first).toLocaleString('en')} cases from ${first}, seed ${seed}`
    console.log(`${process.stdout.isTTY ? '\r' : ''}${name}: ${cases}, are as node:crypto's`)
  } catch (error) {
    failed++
    console.error(error)
    console.error(
      `${name}: case ${index} differs, length ${lengthOf(index)}. `
        + `Again: npm run kernels -- ${name} --seed ${seed} --from ${index} --count 1`,
    )
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
