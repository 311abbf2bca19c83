// 10,000 pairs of connections, open at once in one instance: a handshake must not become slower by what is open already.
// Beside it another process makes handshakes and keeps none: the machine may slow down, and the ratio of the two says
// what is our own doing.

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { median, time, who } from './measure.js'
import { Library, X25519 } from './peers.js'

const PAIRS = 10_000
const STEP = 1_000
/** So many here, then so many there: the time of a turn has its share of garbage collection. */
const TURN = 20
/** Before anything is measured. */
const WARM_UP = 500

export async function manyPairs(): Promise<void> {
  const control = fork(fileURLToPath(import.meta.url), ['control'])
  const library = await Library.open()
  const kept: unknown[] = []
  const ratios: number[][] = []
  await closedPairs(library, WARM_UP)
  await ask(control, WARM_UP)
  console.log(`${who}pairs open           handshake   where none is open    ratio   WebAssembly    JS heap`)
  try {
    while (kept.length < PAIRS) {
      const turns: { ours: number; others: number }[] = []
      for (let turn = 0; turn < STEP / TURN; turn++) {
        const ours = await time(async () => {
          for (let i = 0; i < TURN; i++) kept.push(await library.pair(X25519, 'shared'))
        })
        turns.push({ ours: ours / TURN, others: await ask(control, TURN) })
      }
      ratios.push(turns.map(({ ours, others }) => ours / others))
      report(
        kept.length, median(turns.map(({ ours }) => ours)), median(turns.map(({ others }) => others)), median(ratios.at(-1)!),
        library.libssl.memoryBytes,
      )
    }
  } finally {
    control.kill()
  }
  const growth = median(ratios.slice(-2).flat()) / median(ratios.slice(1, 3).flat())
  console.log(
    `${who}a handshake with 8,000 to 10,000 pairs open takes ${growth.toFixed(2)}× as long as with `
      + `1,000 to 3,000 (to reach: at most 1.10×)`,
  )
}

function report(pairs: number, ours: number, others: number, ratio: number, bytes: number): void {
  const heap = process.memoryUsage().heapUsed
  const mib = (count: number) => `${(count / 2 ** 20).toFixed(0)} MiB`
  console.log(`${who}${pairs.toLocaleString('en').padStart(10)} ${`${ours.toFixed(2)} ms`.padStart(19)} `
    + `${`${others.toFixed(2)} ms`.padStart(20)} `
    + `${`${ratio.toFixed(2)}×`.padStart(8)} ${mib(bytes).padStart(13)} ${mib(heap).padStart(10)}`)
}

/** Milliseconds for each of `count` handshakes over there. */
async function ask(control: ChildProcess, count: number): Promise<number> {
  control.send(count)
  return (await once(control, 'message'))[0] as number
}

async function answer(): Promise<void> {
  const library = await Library.open()
  process.on('message', async (count: number) => process.send!(await closedPairs(library, count)))
}

/** Milliseconds for each handshake, without the closing. */
async function closedPairs(library: Library, count: number): Promise<number> {
  let ms = 0
  for (let i = 0; i < count; i++) {
    let pair!: Awaited<ReturnType<Library['pair']>>
    ms += await time(async () => { pair = await library.pair(X25519, 'shared') })
    await Promise.all([pair.client.close(), pair.server.close()])
  }
  return ms / count
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await answer()
