// Random inputs to the kernels, beside node:crypto, by the million. Run by `npm run kernels`.
//
//   npm run kernels -- [NAME ...] [--count N] [--seed TEXT] [--from N] [--build on|off]
//
// NAME: of targets.ts; default all. --count: cases of each; default a million, and 20,000 of RSA, where one takes milliseconds.
// A run is made again by its seed, which is printed, and goes on by --from, the first case to try. After a difference the line that
// tries this case alone is printed.

import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { LibCrypto } from './libcrypto.js'
import { Pool } from './random.js'
import { ciphers, keys, lengthOf } from './targets.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' }, seed: { type: 'string' }, from: { type: 'string', default: '0' }, build: { type: 'string', default: 'on' },
  },
})
const seed = values.seed ?? randomBytes(8).toString('hex')
const known = [...Object.keys(ciphers), ...Object.keys(keys)]
const unknown = positionals.find((name) => !known.includes(name))
if (unknown !== undefined) throw new Error(`there is no ${unknown}: ${known.join(', ')}`)
const build = values.build === 'off' ? 'off' : 'on'

const pool = new Pool(seed)
const lib = LibCrypto.open(build)
let [passed, failed] = [0, 0]
console.log(`libcrypto ${build === 'on' ? 'with' : 'without'} the kernels, Node ${process.versions.node}, seed ${seed}`)
for (const name of positionals.length > 0 ? positionals : known) {
  const from = Number(values.from)
  const end = from + Number(values.count ?? (name.startsWith('RSA') ? 20_000 : 1_000_000))
  const start = performance.now()
  let index = from
  try {
    for (; index < end; index++) {
      const random = pool.case(name, index)
      const length = lengthOf(index)
      if (ciphers[name]) ciphers[name](lib, random, length)
      else keys[name]!(lib, random)
      passed++
      if (process.stdout.isTTY && index % 1000 === 0) process.stdout.write(`\r${name}: ${index}`)
    }
    console.log(
      `${process.stdout.isTTY ? '\r' : ''}${name}: ${(end - from).toLocaleString('en')} cases from ${from} are as node:crypto's `
        + `(${((performance.now() - start) / 1000).toFixed(0)} s)`,
    )
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
