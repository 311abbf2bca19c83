// The page of the memory test: downloads through a tunnel, stops reading where it is told to, and goes on when it is told
// to. The test calls `start` and `resume`, and looks at `progress`.

import { connect, openTunnel, type TunnelOptions } from 'libssl-wasm'
import { isPatternAt } from './pattern.js'

export interface Order {
  readonly relay: string
  readonly port: number
  readonly ca: string
  readonly bytes: number
  /** How much to read before each pause. */
  readonly pauseEveryBytes: number
  /** The platform's class to open the tunnel with. */
  readonly transport: 'WebSocket' | 'WebSocketStream'
  readonly options: Pick<TunnelOptions, 'flowControl' | 'maxBufferedBytes'>
}

export interface Progress {
  readonly state: 'idle' | 'reading' | 'paused' | 'done' | 'failed'
  readonly readBytes: number
  /** Code and message of what went wrong, and of its causes. */
  readonly failure: readonly string[]
}

let progress: Progress = { state: 'idle', readBytes: 0, failure: [] }
let resume = () => {}

async function download({ relay, port, ca, bytes, pauseEveryBytes, transport, options }: Order): Promise<void> {
  const target = { host: '127.0.0.1', port }
  const platform = globalThis as unknown as Record<Order['transport'], never>
  const tls = connect(openTunnel(relay, target, { ...options, [transport]: platform[transport] }), { servername: 'localhost', ca })
  const writer = tls.writable.getWriter()
  await writer.write(new TextEncoder().encode(`${bytes}\n`))
  let readBytes = 0
  let pauseAt = pauseEveryBytes
  for await (const chunk of tls.readable) {
    if (!isPatternAt(readBytes, chunk)) throw new Error(`wrong bytes after ${readBytes}`)
    readBytes += chunk.byteLength
    progress = { ...progress, readBytes }
    if (readBytes < pauseAt) continue
    pauseAt += pauseEveryBytes
    const resumed = new Promise<void>((resolve) => { resume = resolve })
    progress = { ...progress, state: 'paused' }
    await resumed
    progress = { ...progress, state: 'reading' }
  }
  // The server's close_notify has come; ours follows, and both directions are over.
  await writer.close()
  await tls.closed
}

function start(order: Order): void {
  progress = { state: 'reading', readBytes: 0, failure: [] }
  download(order).then(
    () => { progress = { ...progress, state: 'done' } },
    (error: unknown) => { progress = { ...progress, state: 'failed', failure: causes(error) } },
  )
}

function causes(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return [`${(error as { code?: string }).code ?? error.name}: ${error.message}`, ...causes(error.cause)]
}

/** Frees what is unreachable, so that what is measured then is held. By a switch of Chromium's, a preference of Firefox's. */
async function collectGarbage(): Promise<void> {
  const { TestUtils, gc } = globalThis as { TestUtils?: { gc(): Promise<void> }; gc?: () => void }
  if (TestUtils) await TestUtils.gc()
  else gc!()
}

Object.assign(globalThis, { start, collectGarbage, resume: () => resume(), progress: () => progress })
