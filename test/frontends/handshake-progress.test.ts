// What is said of a handshake that takes too long: what it has waited for, and what to look at.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  accept, connect, load, memoryTransportPair, openTunnel, PlaintextConversation, type LibSsl, type TlsConnection,
} from '../../src/index.js'
import { createWorker, type TlsWorker } from '../../src/worker.js'
import { clientOptions, peers, rejection, serverOptions } from '../helpers/stream-peers.js'
import { Pausable, startTarget, undici } from '../helpers/tunnels.js'

let libssl: LibSsl
let worker: TlsWorker
beforeAll(async () => {
  libssl = await load()
  worker = createWorker({ worker: new URL('../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url) })
})
afterAll(() => worker.terminate())

const never = new Promise<never>(() => {})
const limit = { handshakeTimeoutMs: 200 }
const late = async ({ opened, closed }: TlsConnection): Promise<string> => {
  const error = await rejection(opened)
  expect(await rejection(closed)).toBe(error)
  expect(error).toMatchObject({
    name: 'DeadlineError', code: 'ERR_TLS_HANDSHAKE_TIMEOUT',
    message: expect.stringMatching(/^no handshake within 200 ms \(handshakeTimeoutMs\): /),
  })
  return (error as Error).message
}

describe('a handshake that takes too long', () => {
  it('with a transport that accepts nothing', async () => {
    const transport = { readable: new ReadableStream(), writable: new WritableStream({ write: () => never }) }
    expect(await late(connect(transport, { ...clientOptions(), libssl, ...limit })))
      .toContain('the transport has not accepted our ClientHello: look whether it is connected')
  })

  it('with a peer that says nothing, on each side', async () => {
    const [near, far] = [memoryTransportPair()[0], memoryTransportPair()[0]]
    expect(await late(connect(near, { ...clientOptions(), libssl, ...limit })))
      .toMatch(/the server has sent nothing: it may not speak TLS on this port.*STARTTLS/)
    expect(await late(accept(far, { ...serverOptions(), libssl, ...limit }))).toContain('the client has sent nothing')
  })

  it('with a peer that says a little', async () => {
    for (const [said, words] of [
      [Uint8Array.of(22, 3, 3), /3 bytes came from the server, and the rest did not \(state: .*\)/],
      [Uint8Array.of(50, 50), /it said "22"/],
    ] as const) {
      const [near, far] = memoryTransportPair()
      void far.writable.getWriter().write(said)
      expect(await late(connect(near, { ...clientOptions(), libssl, ...limit }))).toMatch(words)
    }
  })

  it('with a callback that does not answer', async () => {
    const client = peers({ client: { libssl, ...limit, verify: () => never }, server: { libssl } })
    expect(await late(client.client)).toContain("a callback was asked and has not answered ('verify')")
    await rejection(client.server.opened)
    const server = peers({ client: { libssl }, server: { libssl, ...limit, onClientHello: () => never } })
    expect(await late(server.server)).toContain("a callback was asked and has not answered ('onClientHello')")
    await rejection(server.client.opened)
  })

  it('with what comes before it', async () => {
    const store = { take: () => never, put() {} }
    expect(await late(connect(memoryTransportPair()[0], { ...clientOptions(), libssl, ...limit, sessionStore: store })))
      .toContain("'sessionStore' has not answered")
  })

  it('with a relay that takes the connection and never answers', async () => {
    const mute = await startTarget()
    onTestFinished(() => mute.close())
    const relay = `ws://${mute.address}`
    const target = { host: 'imap.example', port: 993 }
    const said = `the connection to imap.example:993 through ${relay} is not open: the relay has not answered: is it a relay?`
    for (const options of [{ WebSocket: Pausable }, { WebSocketStream: undici.WebSocketStream }]) {
      const tunnel = () => openTunnel(relay, target, options)
      expect(await late(connect(tunnel(), { ...clientOptions(), libssl, ...limit }))).toContain(said)
      expect(await late(worker.connect(tunnel(), { ...clientOptions(), ...limit }))).toContain(`(handshakeTimeoutMs): ${said}`)
      expect(await rejection(new PlaintextConversation(tunnel(), { timeoutMs: 200 }).readLine()))
        .toMatchObject({ code: 'ERR_TLS_PLAINTEXT_TIMEOUT', message: expect.stringContaining(said) })
    }
    const socket = new Pausable(`${relay}/a:1`, [])
    expect(await late(connect(socket, { ...clientOptions(), libssl, ...limit }))).toContain(`the connection to ${relay}/a:1 is not open`)
  })

  it('in a worker', async () => {
    const [near] = memoryTransportPair()
    expect(await late(worker.connect(near, { ...clientOptions(), ...limit })))
      .toMatch(/the server has sent nothing|has not been loaded yet/)
  })
})
