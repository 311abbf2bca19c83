// Timing by turns: one round of ours, one of theirs, and again, so that a machine that slows down slows both. The
// median of the rounds counts.

export async function byTurns(rounds: number, ours: () => Promise<number>, theirs: () => Promise<number>): Promise<{ ours: number; theirs: number }> {
  const a: number[] = []
  const b: number[] = []
  await ours() // warm up: compiling is measured elsewhere
  await theirs()
  for (let round = 0; round < rounds; round++) {
    a.push(await ours())
    b.push(await theirs())
  }
  return { ours: median(a), theirs: median(b) }
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

export function row(what: string, ours: string, theirs: string, ratio: number, wanted: string): void {
  console.log(`${what.padEnd(58)} ${ours.padStart(14)} ${theirs.padStart(14)} ${ratio.toFixed(2).padStart(7)}×  ${wanted}`)
}

export function head(): void {
  console.log(`${''.padEnd(58)} ${'libssl-wasm'.padStart(14)} ${'node:tls'.padStart(14)} ${'ratio'.padStart(8)}  to reach`)
}
