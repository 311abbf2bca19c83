// `npm run relay-load`: many clients through one relay on this machine, each with so many bytes both ways to a target that sends them
// back. First every relay in each form it speaks, and the ratio of ours to the other; then ours with a hostile tenth among its
// clients, and without: it fails if one of the others is not served. A smaller try: --clients=100. More rounds of the second part, by
// turns: --rounds=3.

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median, who } from '../measure.js'
import type { Job, Times } from './clients.js'
import { memoryBytes, openFilesLimit, processorSeconds } from './process-tree.js'
import { ours, websockify, wispServer, type Contestant } from './relays.js'
import type { Form, Place } from './wire.js'

const number = (initial: string) => ({ type: 'string', default: initial }) as const
const { values } = parseArgs({ options: { clients: number('1000'), rounds: number('1') } })
const [clients, rounds] = [Number(values.clients), Number(values.rounds)]
const BYTES = 1_000_000
const hostile = Math.ceil(clients / 10)
/** A run that takes longer has failed. */
const LONGEST_MS = 180_000
const TOKEN = 'the-right-one'

interface Result extends Times {
  readonly processorSeconds: number
  readonly memoryBytes: number
}

/** The last: whom it is held against. */
const contest: readonly (readonly [Contestant, Form, Contestant?])[] = [
  [websockify, 'raw'], [ours, 'raw', websockify], [ours, 'credit', websockify], [wispServer, 'Wisp'], [ours, 'Wisp', wispServer],
]

if (process.platform !== 'linux') throw new Error('relay-load reads what processes use from /proc: run it on Linux')
if (!(clients >= 10 && rounds >= 1)) throw new Error('--clients is a number from 10, --rounds one from 1')
const needed = 2 * clients + 500
if (openFilesLimit() < needed) throw new Error(`${clients} clients need ${needed} open files in one process: ulimit -n ${needed}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(128 + constants.signals[signal]))
const targetProcess = child('target.ts')
const target: Place = { host: '127.0.0.1', port: (await once(targetProcess, 'message'))[0] as number }
try {
  console.log(`Node ${process.versions.node}: ${clients} clients of one relay, all open at once; 1 MB from each, and as much back to it`)
  await compare()
  await attack()
} finally {
  targetProcess.kill()
}

async function compare(): Promise<void> {
  line('', 'done', 'opening', 'median', 'p95', 'memory', 'MB/s', 'ratio', 'CPU s', 'CPU s/GB', 'ratio')
  const measured = new Map<Contestant, { readonly speed: number, readonly cost: number }>()
  for (const [contestant, form, other] of contest) {
    const name = `${contestant.name}, ${form}`
    if (contestant.missing !== undefined) {
      console.log(`${who}${name}: not measured: ${contestant.missing}`)
      continue
    }
    const { opening, moving, each, failures, ...used } = await run(contestant, form, clients, 0)
    const gigabytes = 2 * BYTES * each.length / 1e9
    const [speed, cost] = [gigabytes * 1e6 / moving, used.processorSeconds / gigabytes]
    const against = other && measured.get(other)
    line(name, String(each.length), seconds(opening), seconds(median(each)), seconds(p95(each)), megabytes(used.memoryBytes),
      speed.toFixed(0), ratio(speed, against?.speed), used.processorSeconds.toFixed(1), cost.toFixed(1), ratio(cost, against?.cost))
    tell(failures)
    measured.set(contestant, { speed, cost })
  }
}

async function attack(): Promise<void> {
  const others = clients - hostile
  console.log(
    `\n${who}${ours.name}, the times of ${others} clients without ${hostile} hostile ones and with them; `
      + `to reach: a change of less than 20 %`,
  )
  line('', 'done', 'with', 'median', 'with', 'change', 'p95', 'with', 'change', 'memory', 'with', 'CPU s', 'with')
  const changes: string[] = []
  let failed = 0
  for (const form of ['raw', 'credit', 'Wisp'] as const) {
    const results: Record<'without' | 'among', Result[]> = { without: [], among: [] }
    for (let round = 0; round < rounds; round++) {
      results.without.push(await run(ours, form, others, 0))
      results.among.push(await run(ours, form, others, hostile))
    }
    const [without, among] = [summary(results.without), summary(results.among)]
    line(form, String(without.done), String(among.done), seconds(without.median), seconds(among.median),
      change(without.median, among.median), seconds(without.p95), seconds(among.p95), change(without.p95, among.p95),
      megabytes(without.memoryBytes), megabytes(among.memoryBytes), without.processorSeconds.toFixed(1), among.processorSeconds.toFixed(1))
    const failures = [...without.failures, ...among.failures]
    tell(failures)
    changes.push(`${form} ${change(without.median, among.median)}`)
    failed += failures.length
  }
  console.log(`\nrelay-load: ${others} clients beside ${hostile} hostile ones: ${failed} failed; median times: ${changes.join(', ')}`)
  if (failed > 0) process.exitCode = 1
}

/** Sums up all rounds. */
function summary(results: readonly Result[]) {
  const each = results.flatMap((result) => result.each)
  const failures = results.flatMap((result) => result.failures)
  return {
    done: each.length, median: median(each), p95: p95(each),
    memoryBytes: Math.max(...results.map((result) => result.memoryBytes)), failures,
    processorSeconds: results.reduce((sum, result) => sum + result.processorSeconds, 0) / rounds,
  }
}

async function run(contestant: Contestant, form: Form, count: number, attackers: number): Promise<Result> {
  const relay = await contestant.start(target, form, clients, TOKEN)
  const job: Job = { url: relay.url, form, target, token: TOKEN, count, bytes: BYTES, longestMs: LONGEST_MS }
  const started: ChildProcess[] = []
  try {
    if (attackers > 0) started.push((await asked('attackers.ts', { ...job, count: attackers }))[0])
    const before = processorSeconds(relay.pid)
    const [clientProcess, times] = await asked('clients.ts', job)
    started.push(clientProcess)
    return { ...times as Times, processorSeconds: processorSeconds(relay.pid) - before, memoryBytes: memoryBytes(relay.pid) }
  } finally {
    for (const one of started) one.kill('SIGKILL')
    await relay.stop()
  }
}

/** A process of ours, and its answer. */
async function asked(file: string, job: Job): Promise<[ChildProcess, unknown]> {
  const process = child(file)
  process.send(job)
  return [process, (await once(process, 'message'))[0]]
}

function child(file: string): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)))
}

function line(what: string, ...cells: readonly string[]): void {
  console.log(`${who}${what.padEnd(26)}${cells.map((cell) => cell.padStart(10)).join('')}`)
}

function tell(failures: readonly string[]): void {
  for (const why of new Set(failures)) {
    console.log(`${''.padEnd(who.length)}${failures.filter((one) => one === why).length} clients failed: ${why}`)
  }
}

function p95(values: readonly number[]): number {
  return [...values].sort((x, y) => x - y)[Math.ceil(values.length * 0.95) - 1] ?? NaN
}

function ratio(ours: number, theirs: number | undefined): string {
  return theirs === undefined ? '' : `${(ours / theirs).toFixed(2)}×`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}

function change(before: number, after: number): string {
  return `${after >= before ? '+' : ''}${((after / before - 1) * 100).toFixed(0)} %`
}
