// Timing by turns: one round of each contestant, and again, so that a machine that slows down slows all. The median of the
// rounds counts, or the quickest where a round can only be disturbed. Each line names the Node that measured.

import { appendFileSync } from 'node:fs'

export async function byTurns(rounds: number, ...contestants: readonly (() => Promise<number>)[]): Promise<number[]> {
  return (await allByTurns(rounds, contestants)).map(median)
}

export async function quickestByTurns(rounds: number, ...contestants: readonly (() => Promise<number>)[]): Promise<number[]> {
  return (await allByTurns(rounds, contestants)).map((times) => Math.min(...times))
}

async function allByTurns(rounds: number, contestants: readonly (() => Promise<number>)[]): Promise<number[][]> {
  const times: number[][] = contestants.map(() => [])
  for (const run of contestants) await run() // warm up: compiling is measured elsewhere
  for (let round = 0; round < rounds; round++) {
    for (const [index, run] of contestants.entries()) times[index]!.push(await run())
  }
  return times
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Milliseconds that `body` takes. */
export async function time(body: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await body()
  return performance.now() - start
}

/** Milliseconds of processor time that this process spends on `body`: what others do on the machine does not count. */
export async function processorTime(body: () => Promise<void>): Promise<number> {
  const start = process.cpuUsage()
  await body()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** What {@link row} prints, as a line of JSON in the file that LIBSSL_WASM_BENCH_ROWS names, if it does. */
export interface Row {
  readonly node: string
  readonly what: string
  readonly ours: string
  readonly theirs: string
  readonly ratio?: number | undefined
  readonly wanted: string
}

/** One line: two figures, and their ratio. */
export function row(what: string, ours: string, theirs: string, ratio: number | undefined, wanted: string): void {
  const rows = process.env['LIBSSL_WASM_BENCH_ROWS']
  if (rows) appendFileSync(rows, `${JSON.stringify({ node: process.versions.node, what, ours, theirs, ratio, wanted } satisfies Row)}\n`)
  const last = ratio === undefined ? ''.padStart(8) : `${ratio.toFixed(2).padStart(7)}×`
  console.log(`${who}${what.padEnd(78)} ${ours.padStart(12)} ${theirs.padStart(12)} ${last}  ${wanted}`.trimEnd())
}

export function head(one = 'libssl-wasm', other = 'node:tls'): void {
  console.log(`${who}${''.padEnd(78)} ${one.padStart(12)} ${other.padStart(12)} ${'ratio'.padStart(8)}  to reach`)
}

/** How a line of another form begins. */
export const who = `Node ${process.versions.node}: `
