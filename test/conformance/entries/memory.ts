// A page that downloads and pauses: /memory.html?session=…&relay=…&port=…&flow=…&total=…

import { connect, openTunnel } from 'libssl-wasm'
import type { Flow } from '../memory.js'
import { MIB, noise, send } from '../suite/bytes.js'
import { Host } from '../suite/host.js'

const PAUSE_EVERY_BYTES = 32 * MIB

const parameters = Object.fromEntries(new URL(location.href).searchParams) as Record<'session' | 'relay' | 'port' | 'flow'
  | 'total', string>
const { session } = parameters
const post = (path: string, what: object) => fetch(path, { method: 'POST', body: JSON.stringify({ session, ...what }) })

async function download(): Promise<void> {
  const { ca } = await new Host(location.origin, session).identities()
  const flowControl = parameters.flow as Flow
  const tunnel = openTunnel(parameters.relay, { host: '127.0.0.1', port: Number(parameters.port) }, {
    flowControl, maxBufferedBytes: Number(parameters.total), ...(flowControl === 'none' && { WebSocket }),
  })
  const tls = connect(tunnel, { servername: 'localhost', ca })
  await send(tls.writable, 'go')
  const block = noise(MIB, 1)
  const reader = tls.readable.getReader()
  let received = 0
  for (let nextPause = PAUSE_EVERY_BYTES; ;) {
    const { done, value } = await reader.read()
    if (done) break
    for (let at = 0; at < value.byteLength; at++) {
      if (value[at] !== block[(received + at) % MIB]) throw new Error(`another byte than was sent, at ${received + at}`)
    }
    received += value.byteLength
    if (received >= nextPause) {
      nextPause += PAUSE_EVERY_BYTES
      await post('/pause', {}) // answered once the sender has come to a standstill
    }
  }
  if (received !== Number(parameters.total)) throw new Error(`${received} bytes came`)
  await tls.close()
}

await download()
  .then(() => post('/report', { done: true }), (error: Error) => post('/report', { crashed: `${error.message}\n${error.stack}` }))
