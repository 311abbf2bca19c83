// Values of another realm, as jsdom, frames and node:vm make them, and what behaves as a stream or a signal without being
// the platform's own.

import vm from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  fromDataChannel, fromWebSocket, fromWebSocketStream, memoryTransportPair, openTunnel, PlaintextConversation, type DataChannelLike,
} from '../../src/index.js'
import { connectWisp } from '../../src/wisp.js'
import { continuePacket } from '../../src/transports/wisp/packets.js'
import { toByteTransport } from '../../src/transports/adapt.js'
import { PageDataChannel } from '../helpers/page-data-channel.js'
import { readBytes, rejection, turns } from '../helpers/streams.js'
import { PageWebSocket } from '../helpers/wisp-peers.js'

const foreign = vm.createContext({})
const ForeignBytes = vm.runInContext('Uint8Array', foreign) as Uint8ArrayConstructor
const foreignBuffer = (bytes: Uint8Array) => ForeignBytes.from(bytes).buffer

/** A signal of a polyfill: no class of the platform's, no `reason`, no `throwIfAborted`. */
function foreignSignal(): AbortSignal & { abort(): void } {
  const target = new EventTarget()
  return Object.assign(
    target, { aborted: false, abort() { Object.assign(target, { aborted: true }).dispatchEvent(new Event('abort')) } },
  ) as never
}

describe('bytes of another realm', () => {
  it('are bytes to fromWebSocket', async () => {
    const socket = new PageWebSocket()
    const { readable } = fromWebSocket(socket)
    socket.receive(foreignBuffer(Uint8Array.of(1, 2)))
    expect([...await readBytes(readable, 2)]).toEqual([1, 2])
  })

  it('are bytes to fromDataChannel', async () => {
    const channel = new PageDataChannel()
    const { readable } = fromDataChannel(channel as DataChannelLike)
    channel.receive(foreignBuffer(Uint8Array.of(1, 2)))
    expect([...await readBytes(readable, 2)]).toEqual([1, 2])
  })

  it('are bytes to connectWisp', async () => {
    const socket = new PageWebSocket()
    const opening = connectWisp(socket)
    socket.receive(foreignBuffer(continuePacket(0, 8)))
    expect((await opening).version).toBe(1)
  })

  it('are bytes to fromWebSocketStream, whose promises may be of another realm, too', async () => {
    const [near, far] = memoryTransportPair()
    const foreignPromise = vm.runInContext(
      '(own) => new Promise((resolve, reject) => own.then(resolve, reject))', foreign,
    ) as <T>(own: Promise<T>) => Promise<T>
    const readable = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(ForeignBytes.of(1, 2)) })
    const stream = {
      opened: foreignPromise(Promise.resolve({ readable, writable: near.writable })),
      closed: foreignPromise(new Promise<never>(() => {})),
      close: () => {},
    }
    expect([...await readBytes(toByteTransport(stream).readable, 2)]).toEqual([1, 2])
    await fromWebSocketStream({
      ...stream, opened: Promise.resolve({ readable: new ReadableStream(), writable: new WritableStream() }),
    }).writable.abort()
    await far.writable.close()
  })

  it('are bytes to PlaintextConversation, before and after it is released', async () => {
    const chunks = [ForeignBytes.from(Buffer.from('220 hello\r\n')), ForeignBytes.of(1, 2)]
    const readable = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(chunks.shift()!) }, { highWaterMark: 0 })
    const talk = new PlaintextConversation({ readable, writable: new WritableStream() })
    expect(await talk.readLine()).toBe('220 hello')
    expect([...await readBytes(talk.release().readable, 2)]).toEqual([1, 2])
  })
})

it('PlaintextConversation refuses chunks that are not bytes', async () => {
  const readable = new ReadableStream<any>({ pull: (controller) => controller.enqueue('220 hello\r\n') })
  const talk = new PlaintextConversation({ readable, writable: new WritableStream() })
  expect(await rejection(talk.readLine())).toMatchObject({ code: 'ERR_TLS_TRANSPORT', cause: expect.any(TypeError) })
})

describe('a signal of a polyfill', () => {
  it('aborts a conversation, a tunnel and a Wisp connection', async () => {
    const signals = [foreignSignal(), foreignSignal(), foreignSignal()]
    const reading = rejection(new PlaintextConversation(memoryTransportPair()[0], { signal: signals[0]! }).readLine())
    class Silent extends PageWebSocket { override readyState = 0 }
    const tunnel = openTunnel('ws://127.0.0.1:9', { host: 'a', port: 1 }, { WebSocket: Silent, signal: signals[1]! })
    const tunnelled = rejection(tunnel.readable.getReader().read())
    const wisp = rejection(connectWisp(new PageWebSocket(), { signal: signals[2]! }))
    await turns(1)
    for (const signal of signals) signal.abort()
    for (const error of await Promise.all([reading, tunnelled, wisp])) expect(error).toMatchObject({ name: 'AbortError' })
    expect(() => new PlaintextConversation(memoryTransportPair()[0], { signal: signals[0]! }))
      .toThrow(expect.objectContaining({ name: 'AbortError' }))
  })
})
