// Node's own tests with our `node:tls` in the place of Node's: `npm run node-tests`.
//
//   --node=22|24       under which Node, each with the tests of its own version; default 22
//   --class=A,B        of lists/: public-api-tls, public-api-https, others, http2; default all
//   --only=WORD        those whose name holds it, with all that they print
//   --module=PATH      what is put in the place of node:tls; default libssl-wasm/node/tls, as built
//   --control=native   Node's own tls instead: must pass all
//   --control=poison   a module that throws whatever it is asked for: must pass none
//   --jobs=2 --timeout=60   at a time, and seconds for each
//   --update-docs      afterwards, put the counts into docs/node.md
//
// Needs the network the first time: obtain.sh fetches tests and Nodes, by hash. Each test runs in a process of its own (run.ts),
// in which tests and Node's own https, http2 and fetch find the module where node:tls was, and the module finds nothing of
// Node's tls (preload.cjs). What has passed is run again with the poison: what still passes proves nothing and is not counted.
// What is found is kept in build/node-tests-*.json. lists/reasons.txt holds why a test cannot pass.
//
// Exits 1 if a test fails for which lists/reasons.txt has no reason; with a control, if it is not as it must be.

import { execFileSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { classNames, readList, type Class } from './lists.js'
import { compareWithReasons, describeResults, majors, save, updateDocs, type Result, type Results } from './report.js'
import { runTest } from './run.js'

const { values: flags } = parseArgs({ options: {
  node: { type: 'string', default: '22' },
  class: { type: 'string', default: classNames.join() },
  only: { type: 'string' },
  module: { type: 'string' },
  control: { type: 'string' },
  jobs: { type: 'string', default: '2' },
  timeout: { type: 'string', default: '60' },
  'update-docs': { type: 'boolean', default: false },
} })
const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const oneOf = <T extends string | number>(flag: string, allowed: readonly T[], value: string): T =>
  allowed.find((one) => String(one) === value) ?? fail(`--${flag}: ${value} is none of ${allowed.join(', ')}`)
const positive = (flag: 'jobs' | 'timeout') =>
  Number(flags[flag]) > 0 ? Number(flags[flag]) : fail(`--${flag}: ${flags[flag]} is no number above 0`)

const major = oneOf('node', majors, flags.node)
const classes = flags.class.split(',').map((name) => oneOf('class', classNames, name))
const control = flags.control === undefined ? undefined : oneOf('control', ['native', 'poison'], flags.control)
const [jobs, timeoutMs] = [positive('jobs'), positive('timeout') * 1000]
const poison = path('controls/poison.cjs')
const module = control ? path(`controls/${control}.cjs`) : findModule()
const partial = flags.only !== undefined || control !== undefined || flags.module !== undefined
if (partial && flags['update-docs']) {
  fail('--update-docs cannot be combined with --only, --control or --module: they do not give the counts')
}

process.once('SIGINT', () => process.exit(130)) // for run.ts, which ends its processes then
const obtained =
  realpathSync(execFileSync(path('obtain.sh'), [flags.node], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim())
const results = await runAll()
console.log(describeResults(results))
if (!partial) save(major, results)
if (flags['update-docs']) updateDocs()
judge()

/** As require() finds it: in the package itself, or where --module says. */
function findModule(): string {
  const asked = flags.module === undefined ? 'libssl-wasm/node/tls' : resolve(flags.module)
  try {
    return createRequire(path('../../package.json')).resolve(asked)
  } catch (error) {
    fail(`${(error as Error).message}: run ./build.sh, or name another module by --module`)
  }
}

async function runAll(): Promise<Results> {
  const found: { [name in Class]?: Record<string, Result> } = {}
  const queue = classes.flatMap((name) => {
    // The lists serve several versions of Node: not each has all tests.
    const files = [...readList(name).keys()]
      .filter((file) => file.includes(flags.only ?? '') && existsSync(join(obtained, 'test/parallel', file)))
    const tests = found[name] = Object.fromEntries(files.map((file) => [file, { outcome: 'failed' } as Result]))
    return files.map((file) => ({ file, tests }))
  })
  if (queue.length === 0) fail(`no test of Node ${major} in these classes has ${flags.only} in its name`)
  const total = queue.length
  await Promise.all(Array.from({ length: jobs }, async (_, slot) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      if (process.stderr.isTTY) process.stderr.write(`\r${total - queue.length} of ${total}\x1b[K`)
      next.tests[next.file] = await runOne(next.file, slot)
    }
  }))
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const node = execFileSync(join(obtained, 'node/bin/node'), ['--version'], { encoding: 'utf8' }).trim()
  return { node, classes: found }
}

async function runOne(file: string, slot: number): Promise<Result> {
  const { output, ...result } = await runTest(obtained, file, module, slot, timeoutMs)
  if (flags.only !== undefined) console.log(`${file}: ${result.outcome}\n${output}`)
  if (control || result.outcome !== 'passed') return result
  const { outcome } = await runTest(obtained, file, poison, slot, timeoutMs)
  return outcome === 'passed' ? { outcome: 'empty' } : result
}

function judge(): void {
  const outcomes = Object.values(results.classes).flatMap((tests) => Object.values(tests)).map(({ outcome }) => outcome)
  const passed = outcomes.filter((outcome) => outcome === 'passed').length
  const others = outcomes.length - passed
  if (control === 'native' && others > 0) fail(`${others} tests do not pass with Node's own tls: they measure nothing here`)
  if (control === 'poison' && passed > 0) fail(`${passed} tests pass without TLS: they measure nothing`)
  if (partial) return
  const { unexplained, needless } = compareWithReasons(results)
  for (const file of needless) console.error(`${file} passes, and lists/reasons.txt has a reason why it cannot`)
  if (unexplained.length > 0) fail(`lists/reasons.txt has no reason why these fail: ${unexplained.join(', ')}`)
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
