// What is done with sockets of node:net and with ours, towards the same server, and the ways to that server.

import { once } from 'node:events'
import * as nodeNet from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { ByteTransport } from '../../src/index.js'
import * as net from '../../src/node/net/index.js'
import { tcpDial } from './wisp-peers.js'
import { Pausable, undici } from './tunnels.js'
import { uncaughtDuring } from './uncaught.js'

export type Net = Pick<typeof nodeNet, 'connect' | 'Socket'>
type Place = { readonly host: string; readonly port: number }

/** What happens to a socket, in order; pieces of data that follow each other are one. */
export function record(socket: nodeNet.Socket): string[] {
  const events: string[] = []
  const tell = (event: string) => events.push(event)
  socket.on('connect', () => tell('connect')).on('ready', () => tell('ready')).on('timeout', () => tell('timeout'))
  socket.on('end', () => tell('end')).on('finish', () => tell('finish')).on('drain', () => tell('drain'))
  socket.on('error', (error: NodeJS.ErrnoException) => tell(`error ${error.code}`)).on('close', (failed) => tell(`close ${failed}`))
  return events
}

function withData(socket: nodeNet.Socket, events: string[]): void {
  socket.on('data', (chunk) => {
    if (events.at(-1)?.startsWith('data ')) events.push(events.pop()! + String(chunk))
    else events.push(`data ${String(chunk)}`)
  })
}

/** Unlike once() of node:events it waits on when there is an error. */
const told = (socket: nodeNet.Socket, event: string) => new Promise((resolve) => socket.once(event, resolve))
export const closed = (socket: nodeNet.Socket) => told(socket, 'close')

const closes = (events: readonly string[], times: number) =>
  expect.poll(() => events.filter((event) => event.startsWith('close')).length).toBe(times)

type Found = (error: Error, address: string, family: number) => void

/** A place with a name that is not found, at once. */
const unknown = (place: Place) => ({
  ...place,
  host: 'nowhere.invalid',
  lookup: (host: string, _: unknown, found: Found) => found(Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' }), '', 0),
})
/** A place with a name that is looked up for ever. */
const lookedUp = (place: Place) => ({ ...place, host: 'nowhere.invalid', lookup() {} })

interface Scenario {
  /** What the server does with the connection. */
  readonly serve?: (socket: nodeNet.Socket) => unknown
  /** Returns what is to be compared. */
  readonly run: (api: Net, place: Place) => Promise<unknown>
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  'attempts to connect': {
    async run(api, place) {
      const socket = api.connect(place)
      const attempts: unknown[] = []
      socket.on('connectionAttempt', (...args) => attempts.push(['attempt', ...args.map((arg) => (arg === place.port ? 'the port' : arg))]))
      socket.on('connect', () => attempts.push('connect'))
      await once(socket, 'connect')
      socket.destroy()
      return attempts
    },
  },
  'a buffer of the application\'s, by onread': {
    serve: (socket) => socket.end('0123456789'),
    async run(api, place) {
      const pieces: string[] = []
      const events: string[] = []
      const onread = {
        buffer: Buffer.alloc(4),
        callback(bytes: number, buffer: Uint8Array) {
          pieces.push(Buffer.from(buffer).toString('latin1', 0, bytes))
          if (pieces.length === 2) setImmediate(() => socket.resume())
          return pieces.length !== 2
        },
      }
      const socket = api.connect({ ...place, onread } as nodeNet.NetConnectOpts)
      socket.on('data', () => events.push('data')).on('end', () => events.push('end'))
      await closed(socket)
      return { pieces, events, read: socket.bytesRead }
    },
  },
  'an onread that is none, and no new': {
    serve: (socket) => socket.end('hello'),
    async run(api, place) {
      const make = api.Socket as unknown as (options: object) => nodeNet.Socket
      const socket = make({ onread: { buffer: 5 } })
      const events = record(socket)
      withData(socket, events)
      socket.connect(place)
      await closed(socket)
      return [events, socket instanceof api.Socket, socket.constructor === api.Socket]
    },
  },
  'data both ways, and an end of ours': {
    serve: (socket) => socket.pipe(socket),
    async run(api, place) {
      const socket = api.connect(place)
      const events = record(socket)
      withData(socket, events)
      socket.write('hello')
      socket.once('data', () => socket.end())
      await closed(socket)
      return { events, read: socket.bytesRead, written: socket.bytesWritten }
    },
  },
  'an end of theirs ends ours': {
    serve: (socket) => socket.end('good bye'),
    async run(api, place) {
      const socket = api.connect(place.port, place.host)
      const events = record(socket)
      withData(socket, events)
      await closed(socket)
      return { events, read: socket.bytesRead }
    },
  },
  'with allowHalfOpen it does not': {
    serve(socket) {
      socket.write('first')
      socket.resume().once('data', () => socket.end()).on('end', () => socket.destroy())
    },
    async run(api, place) {
      const socket = api.connect({ ...place, allowHalfOpen: true })
      const events = record(socket)
      withData(socket, events)
      socket.write('a')
      await once(socket, 'end')
      const states = [socket.readyState, socket.writable]
      socket.end('b')
      await closed(socket)
      return { events, states }
    },
  },
  'a write after their end': {
    serve: (socket) => socket.end(),
    async run(api, place) {
      const socket = api.connect(place)
      const events = record(socket)
      socket.resume()
      await once(socket, 'end')
      socket.write('late', (error) => events.push(`callback ${(error as NodeJS.ErrnoException).code}`))
      await closed(socket)
      return events
    },
  },
  'a write after our end': {
    async run(api, place) {
      const socket = api.connect(place)
      const events = record(socket)
      socket.end()
      socket.write('late')
      await closed(socket)
      return events
    },
  },
  'destroyed at once': {
    async run(api, place) {
      const socket = api.connect(place)
      const events = record(socket)
      const written = new Promise((resolve) => socket.write('never', (error) => resolve((error as NodeJS.ErrnoException).code)))
      socket.destroy()
      const states = [socket.destroyed, socket.connecting, socket.pending, socket.readyState]
      await closed(socket)
      return { events, states, written: await written }
    },
  },
  'destroyed with an error': {
    async run(api, place) {
      const socket = api.connect(place)
      const events = record(socket)
      await once(socket, 'ready')
      socket.destroy(Object.assign(new Error('enough'), { code: 'EENOUGH' }))
      await closed(socket)
      return events
    },
  },
  'destroyed soon: what was written arrives': {
    serve: (socket) => socket.resume(),
    async run(api, place) {
      const socket = api.connect(place)
      const events = record(socket)
      socket.write(Buffer.alloc(1_000_000))
      socket.destroySoon()
      await closed(socket)
      return { events: events.filter((event) => event !== 'drain'), written: socket.bytesWritten }
    },
  },
  'a reset': {
    serve: (socket) => socket.once('data', () => socket.resetAndDestroy()),
    async run(api, place) {
      const socket = api.connect(place)
      const events = record(socket)
      const failed = new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve))
      socket.resume().write('x')
      await closed(socket)
      const { code, errno, syscall } = await failed
      return { events, code, errno, syscall }
    },
  },
  'a time limit': {
    async run(api, place) {
      const socket = api.connect({ ...place, timeout: 300 })
      const events = record(socket)
      await new Promise<void>((resolve) => socket.setTimeout(200, () => {
        events.push('called')
        resolve()
      }))
      socket.destroy()
      await closed(socket)
      return { events: events.filter((event) => event !== 'connect' && event !== 'ready'), timeout: socket.timeout }
    },
  },
  'a signal': {
    async run(api, place) {
      const controller = new AbortController()
      const socket = api.connect({ ...place, signal: controller.signal })
      const events = record(socket)
      await once(socket, 'ready')
      controller.abort()
      await closed(socket)
      return events
    },
  },
  'a signal that is aborted already': {
    async run(api, place) {
      const socket = api.connect({ ...place, signal: AbortSignal.abort() } as nodeNet.NetConnectOpts)
      const events = record(socket)
      await closed(socket)
      return events.map((event) => event.replace('close undefined', 'close true')) // Node has no handle yet that could say
    },
  },
  'states': {
    serve: (socket) => socket.resume().on('end', () => socket.end()),
    async run(api, place) {
      const socket = new api.Socket()
      const states: unknown[] = []
      const note = () => {
        const { readyState, pending, connecting, destroyed, remoteAddress, remotePort, remoteFamily, timeout } = socket
        states.push({
          readyState, pending, connecting, destroyed, remoteAddress, remotePort: remotePort === place.port, remoteFamily, timeout,
        })
      }
      note()
      socket.connect(place.port, place.host)
      note()
      await once(socket, 'connect')
      note()
      expect([socket.setNoDelay(), socket.setKeepAlive(true, 1000), socket.ref(), socket.unref(), socket.setTimeout(0)])
        .toEqual(Array(5).fill(socket))
      socket.ref()
      socket.resume().end()
      await closed(socket)
      note()
      return states
    },
  },
  'a second connection of the same socket': {
    serve: (socket) => socket.end('again'),
    async run(api, place) {
      const socket = new api.Socket()
      const events = record(socket)
      withData(socket, events)
      for (let round = 0; round < 2; round++) {
        socket.connect(place)
        await closed(socket)
      }
      return { events, read: socket.bytesRead }
    },
  },
  'a second connection of the same socket, which is reset like the first': {
    serve: (socket) => socket.once('data', () => socket.resetAndDestroy()),
    async run(api, place) {
      const socket = new api.Socket()
      const events = record(socket)
      for (let round = 0; round < 2; round++) {
        socket.connect(place).resume().write('x')
        await once(socket, 'error')
        await closed(socket) // it comes in a later turn
      }
      return events
    },
  },
  'destroyed with what is no error': {
    serve: (socket) => socket.resume(),
    async run(api, place) {
      const socket = api.connect(place)
      await told(socket, 'connect')
      const events = record(socket)
      socket.destroy(0 as unknown as Error)
      await closed(socket)
      return events
    },
  },
  'a new attempt at each error, which fails at once': {
    async run(api, place) {
      const socket = new api.Socket()
      const events = record(socket)
      const attempt = () => socket.connect(unknown(place))
      let attempts = 0
      socket.on('error', () => { if (++attempts < 3) attempt() })
      attempt()
      await closes(events, 3)
      return events.sort()
    },
  },
  'destroyed, connected in the same turn, and destroyed again': {
    serve: (socket) => socket.resume(),
    async run(api, place) {
      const socket = api.connect(place)
      const events = record(socket)
      await told(socket, 'connect')
      socket.destroy(new Error('first')).connect(place)
      await told(socket, 'connect')
      socket.destroy(new Error('second'))
      await closes(events, 2)
      return events.filter((event) => event.startsWith('close'))
    },
  },
  'connected and destroyed at an error: each close says whether there was one': {
    async run(api, place) {
      const socket = new api.Socket()
      const events = record(socket)
      socket.once('error', () => socket.connect(lookedUp(place)).destroy())
      socket.connect(unknown(place))
      await closes(events, 2)
      return events.sort()
    },
  },
  'a new attempt at an error, with a time limit of its own': {
    async run(api, place) {
      const socket = new api.Socket()
      const events = record(socket)
      socket.once('error', () => socket.connect(lookedUp(place)).setTimeout(100))
      socket.connect(unknown(place))
      await told(socket, 'timeout')
      socket.destroy()
      await closes(events, 2)
      return events.sort()
    },
  },
  'an error that nobody hears': {
    serve: (socket) => socket.resume(),
    async run(api, place) {
      const socket = api.connect(place)
      await told(socket, 'connect')
      const events: unknown[] = []
      const caught = await uncaughtDuring(async () => {
        socket.destroy(new Error('mine'))
        events.push(await closed(socket))
      })
      return [...events, ...caught]
    },
  },
}

/** Each way to a server: what to give setDialer(). */
export const ways: Readonly<Record<string, (relay: string) => net.Dialer>> = {
  'a transport of the application': () => ({ host, port, signal }) => tcpDial({ host, port }, signal) as Promise<ByteTransport>,
  'a raw tunnel': (relay) => net.tunnelDialer(relay, { WebSocket: Pausable, flowControl: 'none' }),
  'a tunnel with the credit window': (relay) => net.tunnelDialer(relay, { WebSocket: undici.WebSocket, flowControl: 'credit' }),
  'a WebSocketStream': (relay) => net.tunnelDialer(relay, { WebSocketStream: undici.WebSocketStream }),
  'a tunnel that is told by its query': (relay) => net.tunnelDialer(relay, { WebSocket: Pausable, form: 'query' }),
  'a WebSocket of the application': (relay) => ({ host, port }) => new WebSocket(`${relay}/${host}:${port}`),
  'Wisp': (relay) => net.wispDialer(`${relay}/wisp/`, { WebSocket, signal: forTest().signal }),
}

/** Aborts with the test. */
function forTest(): AbortController {
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  return controller
}
