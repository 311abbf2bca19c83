// What is still waited for lives, though nothing but a promise, a reader, a writer or a listener of it is held, and garbage is collected
// meanwhile. What nothing refers to is in collected.test.ts.

import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import {
  accept, connect, createContext, fromWebSocket, load, memoryTransportPair, openTunnel, TicketKeys, type ConnectOptions, type LibSsl,
  type TlsConnection, type TlsSession, type TransportLike, type WebSocketLike,
} from '../../src/index.js'
import ours from '../../src/node/tls/index.js'
import { createWorker } from '../../src/worker.js'
import { collect, collectAll } from '../helpers/collect.js'
import { duplexPair } from '../helpers/duplex-pair.js'
import { cert, key, serve, trust } from '../helpers/node-face.js'
import { setUpRelay } from '../helpers/relays.js'
import { clientOptions, readAll, readBytes, rejection, serverOptions, until, VERSIONS, writeAll } from '../helpers/stream-peers.js'
import { Pausable } from '../helpers/tunnels.js'
import { clientOf, hostForTest, memoryDial } from '../helpers/wisp-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })
let collecting: NodeJS.Timeout
beforeEach(() => { collecting = setInterval(collect, 20) })
afterEach(() => clearInterval(collecting))

type Pair = [near: TransportLike, far: TransportLike]

const streams: Readonly<Record<string, () => Promise<Pair>>> = {
  'a pair in memory': async () => memoryTransportPair(),
  'TransformStreams': async () => {
    const [there, back] = [new TransformStream<Uint8Array, Uint8Array>(), new TransformStream<Uint8Array, Uint8Array>()]
    return [{ readable: back.readable, writable: there.writable }, { readable: there.readable, writable: back.writable }]
  },
  'a MessagePort': async () => {
    const { port1, port2 } = new MessageChannel()
    onTestFinished(() => port2.close())
    return [port1, port2]
  },
  'a WebSocket': async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => { server.close() })
    await once(server, 'listening')
    const near = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [far] = await once(server, 'connection') as [WebSocket]
    onTestFinished(() => far.terminate())
    return [near as TransportLike, fromWebSocket(far as WebSocketLike)] // which loses what comes before it is listened to
  },
  'a tunnel': async () => {
    const { relay, target } = await setUpRelay()
    return [openTunnel(relay.url, target, { WebSocket: Pausable }), await target.accept()]
  },
  'a stream of Wisp': async () => {
    const { dial, far } = memoryDial()
    const { url } = await hostForTest({ dial })
    const near = (await clientOf(url)).open({ host: 'localhost', port: 443 })
    await until(() => far.length > 0)
    return [near, far[0]!]
  },
}

const duplexes: Readonly<Record<string, () => Promise<[near: net.Socket, far: net.Socket]>>> = {
  'a socket': async () => {
    const server = net.createServer({ allowHalfOpen: true })
    onTestFinished(() => { server.close() })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const near = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [far] = await once(server, 'connection') as [net.Socket]
    onTestFinished(() => { far.destroy() })
    return [near, far]
  },
  'a Duplex': async () => duplexPair() as [net.Socket, net.Socket],
}

type Begin = (transport: TransportLike, options?: Partial<ConnectOptions>) => TlsConnection
const here: Begin = (transport, options) => connect(transport, clientOptions({ client: { libssl, ...options } }))
const inWorker: Begin = (transport, options) => {
  const worker = createWorker({ worker: new URL('../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url) })
  onTestFinished(() => worker.terminate())
  return worker.connect(transport, clientOptions({ client: options! }))
}
const answer = (transport: TransportLike) => accept(transport, serverOptions({ server: { libssl } }))

const kinds: [string, () => Promise<Pair>, Begin][] = [
  ...Object.entries({ ...streams, ...duplexes }).map(([name, make]) => [name, make, here] as [string, () => Promise<Pair>, Begin]),
  ['a pair in memory, in a worker', streams['a pair in memory']!, inWorker],
]

describe.each(kinds)('lives on upon %s:', (_, make, begin) => {
  /** An open connection: its server, and of the client what `keep` gives alone. */
  async function open<Kept>(keep: (client: TlsConnection) => Kept): Promise<{ server: TlsConnection; kept: Kept }> {
    const [near, far] = await make()
    const [client, server] = [begin(near), answer(far)]
    onTestFinished(() => server.abort())
    await Promise.all([client.opened, server.opened])
    return { server, kept: keep(client) }
  }

  it('a handshake, by `opened`', async () => {
    const { far, opened } = await (async () => {
      const [near, far] = await make()
      return { far, opened: begin(near).opened }
    })()
    await collectAll()
    const server = answer(far)
    expect((await opened).protocol).toBe('TLSv1.3')
    server.abort()
  })

  it('a read that waits', async () => {
    const { server, kept } = await open((client) => client.readable.getReader().read())
    await collectAll()
    await writeAll(server.writable, Uint8Array.of(1, 2))
    expect((await kept).value).toEqual(Uint8Array.of(1, 2))
  })

  it('a reader', async () => {
    const { server, kept } = await open((client) => client.readable.getReader())
    await collectAll()
    const writing = writeAll(server.writable, Uint8Array.of(1, 2))
    await collectAll()
    expect((await kept.read()).value).toEqual(Uint8Array.of(1, 2))
    await writing
  })

  it('a writer', async () => {
    const { server, kept } = await open((client) => client.writable.getWriter())
    await collectAll()
    const reading = readBytes(server.readable, 2)
    await kept.write(Uint8Array.of(1, 2))
    expect(await reading).toEqual(Uint8Array.of(1, 2))
  })

  it('a close that waits for the peer', async () => {
    const { server, kept } = await open((client) => client.close({ waitForPeerMs: 30_000 }))
    await collectAll()
    await Promise.all([readAll(server.readable), server.writable.close()])
    await kept
  })

  it('a handshake that its signal ends, by `closed`', async () => {
    const { controller, closed } = await (async () => {
      const [near, far] = await make()
      const controller = new AbortController()
      return { far, controller, closed: begin(near, { signal: controller.signal }).closed }
    })()
    await collectAll()
    const reason = new Error('given up')
    controller.abort(reason)
    expect(await rejection(closed)).toBe(reason)
  })
})

describe.each(VERSIONS)('lives on, %s:', (version) => {
  const versions = { minVersion: version, maxVersion: version } as const

  it('decisions that take their time, by what answers them, of contexts that were dropped', async () => {
    const [near, far] = memoryTransportPair()
    const waiting: Record<string, () => void> = {}
    const wait = (name: string) => new Promise<undefined>((resolve) => { waiting[name] = () => resolve(undefined) })
    const both = (() => {
      const context = createContext({ ca: trust.ca, libssl, ...versions })
      const client = connect(near, { context, servername: 'localhost', verify: () => wait('verify') })
      const server = accept(far, { context: createContext({ cert, key, libssl, ...versions }), onClientHello: () => wait('hello') })
      return Promise.all([client.opened, server.opened])
    })()
    for (const name of ['hello', 'verify']) {
      await until(() => name in waiting)
      await collectAll()
      waiting[name]!()
    }
    expect((await both).map(({ protocol }) => protocol)).toEqual([version, version])
  })

  it('a session, when its connection and its context are gone', async () => {
    const server = createContext({ cert, key, libssl, ticketKeys: new TicketKeys(), ...versions })
    const talk = async (session?: TlsSession) => {
      const [near, far] = memoryTransportPair()
      let next: TlsSession | undefined
      const client = connect(near, {
        context: createContext({ ca: trust.ca, libssl, ...versions }), servername: 'localhost', session, onSession: (one) => { next = one },
      })
      const accepted = accept(far, { context: server })
      await Promise.all([writeAll(accepted.writable, Uint8Array.of(1)), readBytes(client.readable, 1)])
      return { session: next!, resumed: (await client.opened).resumed }
    }
    const { session } = await talk()
    await collectAll()
    expect((await talk(session)).resumed).toBe(true)
  })

  it.each(Object.entries(duplexes))('a TLSSocket upon %s, by its listeners', async (_, make) => {
    const { accepting, got } = await (async () => {
      const [near, far] = await make()
      const accepting = new ours.TLSSocket(far, {
        isServer: true, secureContext: ours.createSecureContext({ cert, key, libssl, ...versions } as never),
      })
      const got: string[] = []
      const secureContext = ours.createSecureContext({ ca: trust.ca, libssl, ...versions } as never)
      ours.connect({ socket: near, secureContext, servername: 'localhost' })
        .on('data', (chunk) => got.push(String(chunk))).on('end', () => got.push('end'))
      await once(accepting, 'secure')
      return { accepting, got }
    })()
    for (const text of ['one', 'two']) {
      await collectAll()
      accepting.write(text)
      await until(() => got.includes(text))
    }
    await collectAll()
    accepting.resume().end()
    await until(() => got.includes('end'))
  })

  it('a server of node/tls that asks its callbacks, which answer late and keep nothing', async () => {
    const { port } = serve({
      cert: undefined, key: undefined, ...versions, ALPNCallback: ({ protocols }) => protocols[1],
      SNICallback: (_, done) => { void collectAll().then(() => done(null, ours.createSecureContext({ cert, key, ...versions }))) },
    })
    const socket = ours.connect({ ...trust, port: await port, ALPNProtocols: ['a', 'b'] })
    await once(socket, 'secureConnect')
    await collectAll()
    const { alpnProtocol } = socket
    socket.end('hello')
    const [data] = await once(socket, 'data') as [Buffer]
    expect([alpnProtocol, String(data)]).toEqual(['b', 'hello'])
  })
})
