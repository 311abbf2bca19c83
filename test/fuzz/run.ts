// The fuzzer as a command: npm run fuzz -- [--seconds N] [--seed S] [--target WORDS]
//
// Tries changed inputs on all targets in turn, for a minute if no time is given, with another seed each round. What breaks is printed
// with its seed, made smaller, and the command fails; `--seed` and `--target` try it again. Keys and random numbers of TLS are new each
// time.

import { parseArgs } from 'node:util'
import { fuzz, Watch, type Finding } from './fuzz.js'
import { openTargets } from './targets.js'
import { Watchdog } from './watchdog.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, target: { type: 'string', default: '' } },
})
const [seconds, first] = [Number(values.seconds), Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))]
if (!(seconds > 0) || !Number.isInteger(first)) throw new Error('usage: npm run fuzz -- [--seconds N] [--seed S] [--target WORDS]')

/** Of a target in a round. */
const RUNS = 100
const { targets, close } = await openTargets()
const chosen = targets.filter(({ name }) => name.includes(values.target))
if (chosen.length === 0) {
  throw new Error(`no target has '${values.target}' in its name; there are: ${targets.map(({ name }) => name).join('; ')}`)
}
const watch = new Watch()
const dog = new Watchdog()
const findings: Finding[] = []
const end = Date.now() + seconds * 1000
let [inputs, seed] = [0, first]
for (; seed === first || Date.now() < end; seed++) {
  for (const target of chosen) {
    if (seed > first && Date.now() >= end) break
    const began = () => {
      inputs++
      dog.began(`${target.name}, --seed ${seed}`)
    }
    const finding = await fuzz(watch, target, { runs: RUNS, seed, began })
    if (finding) {
      findings.push(finding)
      console.error(`${target.name} (--seed ${seed} --target '${target.name}'):`, finding.error, JSON.stringify(finding.input))
    }
  }
}
await close()
watch.stop()
console.log(`fuzz: ${inputs} inputs to ${chosen.length} targets, seeds ${first} to ${seed - 1}, ${findings.length} failed`)
process.exit(findings.length > 0 ? 1 : 0)
