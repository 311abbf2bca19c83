// connect() and accept() take a transport over, and end it whenever they fail. What is no transport, or is in use, is left alone.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import {
  accept, connect, createContext, memoryTransportPair, openTunnel, PlaintextConversation, TicketKeys, type AcceptOptions,
  type ConnectOptions, type TransportLike,
} from '../../src/index.js'
import { createWorker, type TlsWorker } from '../../src/worker.js'
import { file } from '../helpers/certificates.js'
import { caught, trappingInstance, traps } from '../helpers/traps.js'
import { clientOptions, rejection, serverOptions, until } from '../helpers/stream-peers.js'

const dist = new URL('../../dist/', import.meta.url)

let worker: TlsWorker
let deadWorker: TlsWorker
/** Its connections stay open until the other end has ended. */
const server = net.createServer({ allowHalfOpen: false }, (socket) => { socket.on('error', () => {}).resume() })
let port: number
beforeAll(async () => {
  const script = new URL('frontends/worker/libssl-wasm/worker-script.js', dist)
  worker = createWorker({ worker: script })
  deadWorker = createWorker({ worker: script })
  deadWorker.terminate()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  worker.terminate()
  server.close()
})

/** Refused on the page in worker mode, too; what the worker refuses is in the connection contract. */
const wrong = { highWaterMarkBytes: -1 }
/** Each begins to use the transport, in vain. */
const failures: Readonly<Record<string, (transport: TransportLike) => unknown>> = {
  'connect()': (transport) => connect(transport, { ...clientOptions(), ...wrong }),
  'accept()': (transport) => accept(transport, { ...serverOptions(), ...wrong }),
  'connect() of a worker': (transport) => worker.connect(transport, { ...clientOptions(), ...wrong }),
  'accept() of a worker': (transport) => worker.accept(transport, { ...serverOptions(), ...wrong }),
  'connect() of a worker, with what it cannot be given': (transport) => worker.connect(transport, { ...clientOptions(), sessionStore: {
    take: async () => undefined, put: async () => {},
  } }),
  'connect() of a worker that has ended': (transport) => deadWorker.connect(transport, clientOptions()),
  'accept() of a worker that has ended': (transport) => deadWorker.accept(transport, serverOptions()),
  'connect() with a context for servers': (transport) =>
    connect(transport, { servername: 'localhost', context: createContext(serverOptions({ server: { ticketKeys: new TicketKeys() } })) }),
  'accept() with a context that was freed': (transport) => accept(transport, { context: freedContext() }),
  'connect() without options': (transport) => connect(transport, undefined as unknown as ConnectOptions),
  'accept() without options': (transport) => accept(transport, undefined as unknown as AcceptOptions),
  'PlaintextConversation': (transport) => new PlaintextConversation(transport, { nonsense: true } as object),
  'PlaintextConversation with a signal that is aborted': (transport) =>
    new PlaintextConversation(transport, { signal: AbortSignal.abort() }),
}

function freedContext() {
  const context = createContext(serverOptions())
  context.free()
  return context
}

describe.each(Object.entries(failures))('%s that throws', (_, fail) => {
  it('cancels and aborts a pair of streams with what it throws', async () => {
    const reasons: unknown[] = []
    const readable = new ReadableStream<Uint8Array>({ cancel: (reason) => void reasons.push(reason) })
    const writable = new WritableStream<Uint8Array>({ abort: (reason) => void reasons.push(reason) })
    const error = caught(() => fail({ readable, writable }))
    expect(error).toBeInstanceOf(Error)
    await until(() => reasons.length === 2)
    expect(reasons).toEqual([error, error])
  })

  it('destroys a Duplex', async () => {
    const duplex = new Duplex({ read() {}, write() {} })
    const error = caught(() => fail(duplex))
    await until(() => duplex.closed)
    expect(duplex.errored).toBe(error)
  })

  it('closes a socket that is still connecting', async () => {
    const socket = net.connect(port, '127.0.0.1')
    caught(() => fail(socket))
    await until(() => socket.closed)
  })

  it('closes a socket that is open', async () => {
    const socket = net.connect(port, '127.0.0.1')
    const [[peer]] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]) as [[net.Socket], unknown]
    caught(() => fail(socket))
    await until(() => peer.closed)
  })

  it('closes a WebSocket, and a tunnel', async () => {
    const relay = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(relay, 'listening')
    const url = `ws://127.0.0.1:${(relay.address() as AddressInfo).port}`
    for (const make of [() => new WebSocket(url), () => openTunnel(url, { host: 'localhost', port: 1 }, { WebSocket })]) {
      const accepted = once(relay, 'connection')
      const transport: TransportLike = make()
      const [peer] = await accepted as [WebSocket]
      const closed = once(peer, 'close')
      caught(() => fail(transport))
      await closed
    }
    relay.close()
  })

  it('breaks the connection that it was to be within', async () => {
    const [near, far] = memoryTransportPair()
    const [outer, peer] = [connect(near, clientOptions()), accept(far, serverOptions())]
    await Promise.all([outer.opened, peer.opened])
    const error = caught(() => fail(outer))
    expect(await rejection(outer.closed)).toBe(error)
    await rejection(peer.readable.getReader().read())
  })

  it('leaves what is in use alone', async () => {
    const [transport, peer] = memoryTransportPair()
    const reader = transport.readable.getReader()
    expect(caught(() => fail(transport))).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
    reader.releaseLock()
    const writer = peer.writable.getWriter()
    void writer.write(Uint8Array.of(1))
    expect((await transport.readable.getReader().read()).value).toEqual(Uint8Array.of(1))
    await transport.writable.close()
    expect((await peer.readable.getReader().read()).done).toBe(true)
  })

  it('leaves what is no transport alone', async () => {
    let touched = 0
    const readable = new ReadableStream<Uint8Array>({ cancel: () => { touched++ } })
    for (const none of [undefined, null, 'host:443', {}, { readable }, { readable, writable: {} }, readable]) {
      expect(caught(() => fail(none as unknown as TransportLike))).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
    }
    expect([touched, readable.locked]).toEqual([0, false])
  })
})

describe('what is no transport is told what to make', () => {
  const said = (begin: (transport: TransportLike) => unknown, none: unknown) => {
    const error = caught(() => begin(none as TransportLike)) as Error
    expect(error).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
    return error.message
  }
  const begins = Object.entries(failures).filter(([name]) => !name.includes(','))

  it.each(begins)('%s', (_, begin) => {
    for (const none of [{ host: 'localhost', port: 993 }, 993, 'host:993', new URL('wss://relay'), undefined]) {
      expect(said(begin, none)).toBe('the transport must be { readable, writable }, a socket of some kind, or a MessagePort: '
        + 'for example net.connect(port, host) of node:net')
    }
    expect(said(begin, new PlaintextConversation(memoryTransportPair()[0])))
      .toBe('a PlaintextConversation is no transport: give the one that its release() returns')
  })

  it('with a port and a host, too, as node:tls has them', () => {
    expect(said((transport) => connect(transport, 'localhost' as never), 993)).toContain('the transport must be')
  })
})

it('connect() and accept() that reject destroy the socket: an instance that has trapped', async () => {
  const { lib: libssl, arm } = await trappingInstance('lsw_SSL_new', traps.unreachable)
  arm()
  for (const begin of [
    (socket: net.Socket) => connect(socket, { ...clientOptions(), libssl }),
    (socket: net.Socket) => accept(socket, { ...serverOptions(), libssl }),
  ]) {
    const socket = net.connect(port, '127.0.0.1')
    const { opened } = begin(socket)
    expect(await rejection(opened)).toMatchObject({ code: 'ERR_TLS_WASM_ABORT' })
    await until(() => socket.closed)
  }
})

describe('a process whose connections were refused ends by itself', () => {
  const wrongs: Readonly<Record<string, [options: string, said: RegExp]>> = {
    'an option': ['{ nonsense: true }', /^(UNKNOWN_OPTION ){4}$/],
    'a context': ['{ context: {} }', /^(INVALID_OPTION ){4}$/],
    'a key': ["{ cert: 'none', key: 'none' }", /^(ERR_PEM_NO_START_LINE ){4}$/],
    'a signal': ['{ signal: AbortSignal.abort({ code: "unwanted" }) }', /^(unwanted ){4}$/],
  }
  it.each(Object.entries(wrongs))('%s', { timeout: 30_000 }, async (_, [options, said]) => {
    const script = file('refused.mjs')
    writeFileSync(script, `
      import net from 'node:net'
      import { accept, connect } from '${new URL('index.js', dist).href}'
      import { createWorker } from '${new URL('worker.js', dist).href}'
      const worker = createWorker()
      const client = { ...${JSON.stringify(clientOptions())}, ...${options} }
      const server = { ...${JSON.stringify(serverOptions())}, ...${options} }
      for (const [begin, given] of [[connect, client], [accept, server], [worker.connect, client], [worker.accept, server]]) {
        try {
          await begin(net.connect(${port}, '127.0.0.1'), given).opened
        } catch (error) {
          process.stdout.write(error.code.replace('ERR_TLS_', '') + ' ')
        }
      }
      worker.terminate()
    `)
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 20_000 })
    expect(stdout).toMatch(said)
  })
})
