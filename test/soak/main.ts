// `npm run soak`: many connections of every kind through everything that carries them, with faults that a seed decides
// (plan.ts): no byte is lost or invented, each ends by a documented error or well, and nothing is left in the end.
//
//   --connections=100000   how many
//   --seed=1               of the plans
//   --lanes=16             how many at once
//   --only=INDEX           one of them alone, for a failure that was printed

import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startRelay } from '../../src/apps/relay/relay.js'
import { load } from '../../src/index.js'
import { createWorker } from '../../src/worker.js'
import { Lane } from './carriers.js'
import { live } from './connection.js'
import { planOf } from './plan.js'

const number = (initial: string) => ({ type: 'string', default: initial }) as const
const { values } = parseArgs({
  options: { connections: number('100000'), seed: number('1'), lanes: number('16'), only: { type: 'string' } },
})
const [connections, seed, laneCount] = [Number(values.connections), Number(values.seed), Number(values.lanes)]
/** OpenSSL's error queue and what it makes once. */
const NOISE_BYTES = 4096
/** What V8 keeps for itself moves by more than a connection holds. */
const MAX_GROWTH_BYTES = 48 * 2 ** 20
const MAX_SHOWN = 20

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const failures: string[] = []
process.on('unhandledRejection', (reason) => failures.push(`unhandled: ${reason instanceof Error ? reason.stack : String(reason)}`))

const libssl = await load()
const worker = createWorker({ worker: new URL('../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url) })
const allow: string[] = []
// On a busy machine a lane has no use for its Wisp connection for minutes.
const relay = await startRelay({ allow: ['127.0.0.1:1'], streamlessTimeoutMs: 0 })
const lanes: Lane[] = []
for (let i = 0; i < laneCount; i++) lanes.push(await Lane.open(relay, (address) => allow.push(address)))
relay.change({ allow })

async function run(from: number, to: number): Promise<void> {
  let next = from
  await Promise.all(lanes.map(async (lane) => {
    while (next < to) {
      const plan = planOf(seed, next++)
      try {
        await live(plan, lane, libssl, worker)
      } catch (error) {
        const { message, cause } = error as Error
        failures.push(`connection ${plan.index}: ${message}${cause === undefined ? '' : ` (${String(cause)})`}\n  ${JSON.stringify(plan)}`)
      }
    }
  }))
}

interface Held {
  readonly allocated: number
  readonly wasm: number
  readonly heap: number
  readonly resources: number
}

const resources = () => process.getActiveResourcesInfo().filter((name) => /TCP|MessagePort|Timeout/.test(name)).length

/** What is held when no more than `atRest` resources are, or a while has passed: a WebSocket waits half a minute for its peer's goodbye. */
async function held(atRest: number): Promise<Held> {
  for (let tries = 0; resources() > atRest && tries < 900; tries++) await delay(100)
  for (let round = 0; round < 5; round++) { // what is finalized may let go of more
    await delay(100)
    collectGarbage()
  }
  const { heapUsed, external } = process.memoryUsage()
  return { allocated: libssl.allocatedBytes, wasm: libssl.memoryBytes, heap: heapUsed + external, resources: resources() }
}

const started = performance.now()
if (values.only === undefined) {
  const atRest = resources()
  const warmUp = Math.min(2_000, Math.floor(connections / 5))
  await run(0, warmUp)
  const before = await held(atRest)
  const step = Math.max(1_000, Math.ceil(connections / 10))
  for (let at = warmUp; at < connections; at += step) {
    await run(at, Math.min(connections, at + step))
    console.log(
      `${Math.min(connections, at + step)} connections, ${failures.length} failed, ${Math.round((performance.now() - started) / 1000)} s`,
    )
    if (failures.length >= MAX_SHOWN) break
  }
  const after = await held(atRest)
  const grown = (what: keyof Held, limit: number) => {
    const growth = after[what] - before[what]
    console.log(`${what}: ${before[what]}, then ${after[what]}`)
    if (growth > limit) failures.push(`${what} has grown by ${growth}`)
  }
  grown('allocated', NOISE_BYTES)
  grown('wasm', 4 * 2 ** 20)
  grown('heap', MAX_GROWTH_BYTES)
  if (after.resources > atRest) failures.push(`${after.resources} sockets, ports and timers are open, and ${atRest} were`)
} else {
  await run(Number(values.only), Number(values.only) + 1)
}
for (const failure of failures.slice(0, MAX_SHOWN)) console.error(failure)
for (const lane of lanes) await lane.close()
worker.terminate()
await relay.close()
const what = values.only === undefined ? `${connections} connections` : `connection ${values.only}`
console.log(`soak: ${what}, seed ${seed}, Node ${process.versions.node}: ${failures.length === 0 ? 'passed' : `${failures.length} failed`}`)
process.exit(failures.length === 0 ? 0 : 1)
