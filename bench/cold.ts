// The first connection of a process, from cold: import, load, contexts and a handshake of both sides in memory, each time in a new
// process.

import { execFileSync } from 'node:child_process'
import { median, row } from './measure.js'
import { credentials } from './peers.js'

const ROUNDS = 9
const dist = new URL('../dist/index.js', import.meta.url)

const given = 'const { cert, key, ca } = JSON.parse(process.env.LIBSSL_WASM_BENCH_CREDENTIALS); const t = performance.now();'
const ours = `${given}
  const { connect, accept, memoryTransportPair } = await import(${JSON.stringify(dist.href)})
  const [a, b] = memoryTransportPair()
  const [client, server] = [connect(a, { servername: 'localhost', ca }), accept(b, { cert, key })]
  await Promise.all([client.opened, server.opened])
  console.log(performance.now() - t); process.exit()`
const theirs = `${given}
  const tls = await import('node:tls'), { duplexPair } = await import('node:stream')
  const [a, b] = duplexPair()
  const server = new tls.TLSSocket(b, { isServer: true, secureContext: tls.createSecureContext({ cert, key }) })
  const client = tls.connect({ socket: a, servername: 'localhost', ca })
  await Promise.all([new Promise((resolve) => client.once('secureConnect', resolve)),
    new Promise((resolve) => server.once('secure', resolve))])
  console.log(performance.now() - t); process.exit()`

export async function cold(): Promise<void> {
  const env = { ...process.env, LIBSSL_WASM_BENCH_CREDENTIALS: JSON.stringify(credentials) }
  const run = (code: string) => Number(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', env }))
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    times[0].push(run(ours))
    times[1].push(run(theirs))
  }
  const [one, other] = times.map(median) as [number, number]
  const ms = (value: number) => `${value.toFixed(1)} ms`
  row('first connection of a process, from the import on: time', ms(one), ms(other), one / other, '')
}
