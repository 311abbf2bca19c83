// Random inputs to the kernels, beside node:crypto, by the million. Run by `npm run kernels`.
//
//   npm run kernels -- [NAME ...] [--count N] [--seed TEXT] [--from N] [--build on|off]
//
// NAME: of targets.ts; default all. Several names are tried at once, in a process each, one for each processor. --count: cases of each;
// default a million, and 20,000 of RSA, where one takes milliseconds. A run is made again by its seed, which is printed, and --from, the
// first case to try. After a difference the line that tries this case alone is printed. All of it takes hours: without --count, --seed
// and --from, a run goes on where the last one of the same kernels ended.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
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
const known = [...Object.keys(keys), ...Object.keys(ciphers)]
const unknown = positionals.find((name) => !known.includes(name))
if (unknown !== undefined) throw new Error(`there is no ${unknown}: ${known.join(', ')}`)
const build = values.build === 'off' ? 'off' : 'on'
const lib = LibCrypto.open(build) // also for the processes below: they find it linked

const [only, ...others] = positionals.length > 0 ? positionals : known
const total = { passed: 0, failed: 0 }
if (others.length === 0) {
  tryAll(only!)
} else {
  console.log(`libcrypto ${build === 'on' ? 'with' : 'without'} the kernels, Node ${process.versions.node}`)
  const waiting = [only!, ...others]
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    for (let name; (name = waiting.shift()) !== undefined;) await inProcess(name)
  }))
}
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0

/** Tries one target in a process of its own, with the options of this one. */
async function inProcess(name: string): Promise<void> {
  const options = Object.entries(values).flatMap(([option, value]) => [`--${option}`, value])
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), name, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')])
  const [, passed, failed] = /(\d+) passed, (\d+) failed\n$/.exec(said) ?? [0, 0, 1] // it has died
  total.passed += Number(passed)
  total.failed += Number(failed)
  process.stdout.write(said.replace(/.*\n$/, ''))
}

function tryAll(name: string): void {
  const goesOn = values.count === undefined && values.seed === undefined && values.from === undefined
  const progress = goesOn ? Progress.of(name, build) : undefined
  const before = progress?.done
  const seed = before?.seed ?? values.seed ?? randomBytes(8).toString('hex')
  const pool = new Pool(seed)
  const first = Number(values.from ?? 0)
  const end = first + Number(values.count ?? (name.startsWith('RSA') ? 20_000 : 1_000_000))
  let index = before?.cases ?? first
  try {
    for (; index < end; index++) {
      const random = pool.case(name, index)
      if (ciphers[name]) ciphers[name](lib, random, lengthOf(index))
      else keys[name]!(lib, random)
      if (progress && index % 1000 === 999) progress.done = { seed, cases: index + 1 }
    }
    if (progress) progress.done = { seed, cases: index }
    total.passed += index - first
    console.log(`${name}: ${(index - first).toLocaleString('en')} cases from ${first}, seed ${seed}, are as node:crypto's`)
  } catch (error) {
    total.failed++
    console.error(error)
    console.error(
      `${name}: case ${index} differs, length ${lengthOf(index)}. `
        + `Again: npm run kernels -- ${name} --seed ${seed} --from ${index} --count 1`,
    )
  }
}
