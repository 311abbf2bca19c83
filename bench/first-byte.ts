// Time to the first byte of an answer, through the relay, 50 ms away: what sessions and early data save. Each way every
// chunk takes 50 ms, so a round trip takes 100 ms. The tunnel stands before the clock starts: TLS is what is measured.

import { connect as dial, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { WebSocket } from 'ws'
import {
  accept, connect, fromWebSocket, load, memoryServerSessionCache, TicketKeys, type ConnectOptions, type LibSsl, type ProtocolVersion,
  type TlsServerConnection, type TlsSession, type WebSocketLike,
} from '../dist/index.js'
import { startRelay } from '../dist/apps/relay/relay.js'
import { median } from './measure.js'
import { credentials } from './peers.js'

const DELAY_MS = 50
const ROUNDS = 5
const question = new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n')

export async function firstByte(): Promise<void> {
  const libssl = await load()
  const target = await listening(tlsServer(libssl))
  const relay = await startRelay({ allow: [`127.0.0.1:${target.port}`] })
  const far = await listening(slowly(Number(new URL(relay.url).port)))
  try {
    const open = () => openTunnel(`ws://127.0.0.1:${far.port}/127.0.0.1:${target.port}`)
    console.log(`\ntime to the first byte through the relay, ${DELAY_MS} ms each way`)
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const full = await measure(libssl, open, version, 'full')
      report(`${version}, full handshake`, full, full)
      report(`${version}, session resumed`, await measure(libssl, open, version, 'resumed'), full)
      if (version === 'TLSv1.3') {
        report(`${version}, session resumed, early data (0-RTT)`, await measure(libssl, open, version, '0-RTT'), full)
      }
    }
  } finally {
    far.close()
    await relay.close()
    target.close()
  }
}

function report(what: string, ms: number, full: number): void {
  console.log(
    `${what.padEnd(58)} ${`${ms.toFixed(0)} ms`.padStart(14)} ${''.padStart(14)} `
      + `${(ms / full).toFixed(2).padStart(7)}×  of the full handshake`,
  )
}

async function measure(
  libssl: LibSsl, open: () => Promise<WebSocket>, version: ProtocolVersion, how: 'full' | 'resumed' | '0-RTT',
): Promise<number> {
  let session = (await visit(libssl, await open(), version, {})).session
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const again = await visit(
      libssl, await open(), version, how === 'full' ? {} : { session, ...(how === '0-RTT' && { earlyData: question }) },
    )
    const expected = [how !== 'full', how === '0-RTT' ? 'accepted' : 'not sent']
    if (String([again.resumed, again.earlyData]) !== String(expected)) {
      throw new Error(`resumed: ${again.resumed}, early data: ${again.earlyData}`)
    }
    times.push(again.ms)
    session = again.session
  }
  return median(times)
}

async function visit(libssl: LibSsl, tunnel: WebSocket, version: ProtocolVersion, options: Partial<ConnectOptions>) {
  let session!: TlsSession
  const start = performance.now()
  const connection = connect(fromWebSocket(tunnel as WebSocketLike), {
    servername: 'localhost', ca: credentials.ca, libssl, minVersion: version, maxVersion: version,
    onSession: (one) => { session = one }, ...options,
  })
  if (!options.earlyData) void connection.writable.getWriter().write(question).catch(() => {})
  const reader = connection.readable.getReader()
  await reader.read()
  const ms = performance.now() - start
  const { resumed, earlyData } = await connection.opened
  while (!(await reader.read()).done); // and the session, which may come after the answer
  await connection.close()
  return { ms, session, resumed, earlyData }
}

/** Answers as soon as it is asked, early or not. */
function tlsServer(libssl: LibSsl): Server {
  const { cert, key } = credentials
  const [ticketKeys, sessionCache] = [new TicketKeys(), memoryServerSessionCache()]
  return createServer({ noDelay: true }, (socket) => {
    const connection = accept(socket, { cert, key, libssl, ticketKeys, sessionCache, maxEarlyDataBytes: 4096 })
    answer(connection).catch(() => connection.abort())
  })
}

async function answer({ earlyData, readable, writable, opened }: TlsServerConnection): Promise<void> {
  const early = await earlyData.getReader().read()
  if (early.done) await readable.getReader().read()
  const writer = writable.getWriter()
  await writer.write(new TextEncoder().encode('HTTP/1.0 200 OK\r\n\r\n'))
  await opened
  await writer.close()
}

/** A proxy to `port` with all that the way takes. */
function slowly(port: number): Server {
  return createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = dial({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    const carry = (from: Socket, to: Socket) => {
      from.on('data', (chunk) => setTimeout(() => to.write(chunk), DELAY_MS))
      from.on('end', () => setTimeout(() => to.end(), DELAY_MS))
      from.on('error', () => to.destroy())
    }
    carry(near, far)
    carry(far, near)
  })
}

function openTunnel(url: string): Promise<WebSocket> {
  const tunnel = new WebSocket(url)
  return new Promise((resolve, reject) => tunnel.once('open', () => resolve(tunnel)).once('error', reject))
}

async function listening(server: Server): Promise<{ readonly port: number; close(): void }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}
