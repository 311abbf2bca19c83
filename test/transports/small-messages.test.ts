// A peer that says all it may byte by byte: a receiver keeps at most twice what it agreed to, with what its chunks cost beside
// their bytes; and what is sent to a peer that does not read is few messages, however small they are.

import { afterEach, describe, expect, it } from 'vitest'
import { fromDataChannel, fromMessagePort, fromWebSocket, type DataChannelLike, type WebSocketLike } from '../../src/index.js'
import { ByteQueue } from '../../src/transports/byte-queue.js'
import { SendBacklog } from '../../src/transports/send-backlog.js'
import { connectWisp, serveWisp } from '../../src/wisp.js'
import { CLOSE, connectPacket, continuePacket, DATA, dataPacket } from '../../src/transports/wisp/packets.js'
import { PageDataChannel } from '../helpers/page-data-channel.js'
import { noise, random, rejection, same, turns, until } from '../helpers/streams.js'
import { memoryDial, PageWebSocket } from '../helpers/wisp-peers.js'

const KIB = 1024
const one = () => Uint8Array.of(65)
const cleanups: (() => unknown)[] = []
afterEach(() => { for (const cleanup of cleanups.splice(0)) cleanup() })

/** What chunks take: every buffer that they keep, whole, and what each costs beside it, which Node says is some 200 bytes. */
function memoryOf(chunks: readonly Uint8Array[]): number {
  const buffers = new Set(chunks.map(({ buffer }) => buffer))
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 200 * chunks.length)
}

/** What is unread, as chunks, once there are `count` bytes of it. */
async function unread(readable: ReadableStream<Uint8Array>, count: number): Promise<Uint8Array[]> {
  const reader = readable.getReader()
  const chunks: Uint8Array[] = []
  for (let got = 0; got < count;) {
    const { value } = await reader.read()
    chunks.push(value!)
    got += value!.byteLength
  }
  return chunks
}

async function expectSmall(readable: ReadableStream<Uint8Array>, count: number): Promise<void> {
  expect(memoryOf(await unread(readable, count))).toBeLessThanOrEqual(2 * count)
}

/** A page's WebSocket of a subprotocol, of which it is seen what was sent. */
class Page extends PageWebSocket {
  readonly protocol: string
  readonly messages: Uint8Array[] = []
  constructor(protocol = '') {
    super()
    this.protocol = protocol
  }
  override send(bytes: Uint8Array<ArrayBuffer>): void { this.messages.push(bytes) }
}

const credit = (bytes: number) => Uint8Array.of(1, bytes >>> 24, bytes >>> 16, bytes >>> 8, bytes)
const creditProtocol = 'libssl-wasm.credit.v1'
const like = (socket: PageWebSocket) => socket as unknown as WebSocketLike

describe('a receiver of one-byte messages', () => {
  it.each(['client', 'server'] as const)('with the credit window, as a %s', async (role) => {
    const socket = new Page(creditProtocol)
    const { readable } = fromWebSocket(like(socket), { role, windowBytes: 256 * KIB })
    socket.receive(credit(0).buffer)
    for (let sent = 0; sent < 256 * KIB; sent++) socket.receive(Uint8Array.of(0, 65).buffer)
    expect(socket.closes).toEqual([])
    await expectSmall(readable, 256 * KIB)
  })

  it('of the plain framing, which cannot be held back, up to its limit', async () => {
    const socket = new Page()
    const { readable } = fromWebSocket(like(socket), { maxBufferedBytes: 200_000 })
    for (let sent = 0; sent < 200_000; sent++) socket.receive(one().buffer)
    await expectSmall(readable, 200_000)
  })

  it('of Wisp, as a client', async () => {
    const socket = new PageWebSocket()
    const connecting = connectWisp(like(socket), { version: 1, maxBufferedBytes: 200_000 })
    socket.receive(continuePacket(0, 128).buffer)
    const stream = (await connecting).open({ host: 'a.example', port: 443 })
    for (let sent = 0; sent < 200_000; sent++) socket.receive(dataPacket(1, one()).buffer)
    await expectSmall(stream.readable, 200_000)
  })

  it('of Wisp, as a server, which grants as before: by the packet', async () => {
    const socket = new PageWebSocket()
    const { dial, far } = memoryDial(1)
    const server = serveWisp(like(socket), { dial, bufferPackets: 50_000 })
    socket.receive(connectPacket(1, 'a.example', 443).buffer)
    await until(() => far.length === 1)
    for (let sent = 0; sent < 100_000; sent++) socket.receive(dataPacket(1, one()).buffer)
    await until(() => socket.sent.length === 2)
    await expectSmall(far[0]!.readable, 100_000)
    await until(() => server.bytesToTargets === 100_000)
    expect(socket.sent.slice(1)).toMatchObject([{ packets: 50_000 }, { packets: 50_000 }, { packets: 50_000 }])
    socket.nowClosed(1000)
    await server.closed
  })

  it('of a message port, and of a byte in a large buffer', async () => {
    const { port1, port2 } = new MessageChannel()
    cleanups.push(() => port1.close())
    const { readable } = fromMessagePort(port1)
    for (let sent = 0; sent < 100_000; sent++) port2.postMessage({ type: 'data', bytes: one() })
    for (let sent = 0; sent < 100; sent++) port2.postMessage({ type: 'data', bytes: new Uint8Array(100 * KIB).subarray(0, 1) })
    port2.postMessage({ type: 'data', bytes: new Uint8Array(100 * KIB).subarray(0, 10_000) })
    const heard = new Promise((resolve) => { port2.addEventListener('message', resolve) }) // its first CREDIT
    port2.start()
    await heard
    await turns(100)
    await expectSmall(readable, 110_100)
  })

  it('of a data channel', async () => {
    const channel = new PageDataChannel()
    const { readable } = fromDataChannel(channel as DataChannelLike)
    for (let sent = 0; sent < 100_000; sent++) channel.receive(one().buffer)
    await expectSmall(readable, 100_000)
  })
})

describe('fromMessagePort', () => {
  it.each([
    { type: 'credit', bytes: NaN }, { type: 'credit', bytes: -1 }, { type: 'credit', bytes: '1' }, { type: 'credit' },
    { type: 'data' }, { type: 'data', bytes: 'text' }, { type: 'data', bytes: null }, { type: 'data', bytes: { byteLength: 1 } },
  ])('fails upon %j', async (message) => {
    const { port1, port2 } = new MessageChannel()
    cleanups.push(() => port1.close())
    const { readable } = fromMessagePort(port1)
    port2.postMessage(message)
    expect(await rejection(readable.getReader().read())).toBeInstanceOf(TypeError)
  })
})

describe('a sender to a peer that does not read', () => {
  /** All that is sent waits. */
  class Stuck extends Page {
    override send(bytes: Uint8Array<ArrayBuffer>): void {
      super.send(bytes)
      this.bufferedAmount += bytes.byteLength
    }
  }

  it('and gives credit byte by byte', async () => {
    const socket = new Stuck(creditProtocol)
    const { writable } = fromWebSocket(like(socket), { role: 'server' })
    void writable.getWriter().write(noise(300 * KIB)).catch(() => {})
    await until(() => socket.messages.length > 1)
    socket.bufferedAmount = 0 // the initial window has gone
    await turns()
    const before = socket.messages.length
    for (let given = 0; given < 2000; given++) {
      socket.receive(credit(1).buffer)
      await turns(1)
    }
    expect(socket.messages.length - before).toBeLessThan(600)
    socket.nowClosed(1006)
  })

  it.each(['', creditProtocol])('and to whom it says little at a time (%j)', async (protocol) => {
    const socket = new Stuck(protocol)
    const writer = fromWebSocket(like(socket), { role: 'server' }).writable.getWriter()
    writer.closed.catch(() => {})
    let written = 0
    void (async () => { for (; written < 2000; written++) await writer.write(one()) })().catch(() => {})
    await turns(200)
    expect(written).toBeLessThan(600)
    socket.nowClosed(1006)
  })

  it('of Wisp, and to whom a target says little at a time', async () => {
    const socket = new Stuck()
    const { dial, far } = memoryDial(1)
    const server = serveWisp(like(socket), { dial })
    socket.receive(connectPacket(1, 'a.example', 443).buffer)
    await until(() => far.length === 1)
    const writer = far[0]!.writable.getWriter()
    writer.closed.catch(() => {})
    void (async () => { for (let written = 0; written < 2000; written++) await writer.write(one()) })().catch(() => {})
    await turns(200)
    expect(socket.messages.filter(([type]) => type === DATA).length).toBeLessThan(600)
    socket.nowClosed(1006)
    await server.closed
  })

  it('of Wisp, and asks for what must be refused', async () => {
    const socket = new Stuck()
    const server = serveWisp(like(socket), { dial: memoryDial().dial })
    for (let asked = 0; asked < 10_000; asked++) socket.receive(connectPacket(1 + asked, 'a.example', 0).buffer)
    expect(socket.messages.filter(([type]) => type === CLOSE).length).toBeLessThan(2500)
    expect(socket.closes).toEqual([1008])
    socket.nowClosed(1006)
    await server.closed
  })
})

describe('SendBacklog', () => {
  it('forgets messages that have left, and never one that has not', () => {
    const socket = { bufferedAmount: 0, readyState: 1, send: () => {} }
    const backlog = new SendBacklog(socket as unknown as WebSocketLike)
    const next = random(3)
    const waiting: number[] = []
    const send = (size: number) => {
      backlog.send(new Uint8Array(size))
      waiting.push(size)
    }
    const leave = (count: number) => {
      waiting.splice(0, count)
      socket.bufferedAmount = waiting.reduce((sum, bytes) => sum + bytes, 0)
    }
    for (let step = 0; step < 20_000; step++) {
      send(1 + Math.floor(next() * 9))
      leave(next() < 0.3 ? Math.floor(next() * 9) : 0)
      for (const most of [0, 10, 100]) if (waiting.length > most) expect(backlog.isFull(Infinity, most)).toBe(true)
    }
    for (let round = 0; round < 3; round++) {
      for (let message = 0; message < 10; message++) send(1)
      leave(waiting.length - 1)
      backlog.isFull(Infinity)
    }
    expect(backlog.isFull(Infinity, 20)).toBe(false)
    socket.bufferedAmount = 0
    expect(backlog.isFull(Infinity, 0)).toBe(false)
  })

  it('lets large messages wait up to the mark, however many', () => {
    const socket = { bufferedAmount: 0, readyState: 1, send: ({ byteLength }: Uint8Array) => { socket.bufferedAmount += byteLength } }
    const backlog = new SendBacklog(socket as unknown as WebSocketLike)
    let sent = 0
    for (; !backlog.isFull(64 * 1024 * KIB); sent++) backlog.send(new Uint8Array(16 * KIB))
    expect(sent).toBe(4097)
  })
})

describe('ByteQueue', () => {
  it('gives back the same bytes, and keeps at most twice them, whatever the sizes', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const next = random(seed)
      const queue = new ByteQueue()
      const pushed: Uint8Array[] = []
      const taken: Uint8Array[] = []
      const sum = (chunks: readonly Uint8Array[]) => chunks.reduce((bytes, { byteLength }) => bytes + byteLength, 0)
      for (let step = 0; step < 500; step++) {
        const size = 1 + Math.floor(next() ** seed * 10_000)
        const chunk = new Uint8Array(size * (next() < 0.2 ? 20 : 1)).subarray(0, size)
        chunk.set(noise(size, step))
        queue.push(chunk)
        pushed.push(chunk)
        while (next() < 0.4) {
          const first = queue.shift()
          if (first) taken.push(first)
        }
        expect(queue.byteLength).toBe(sum(pushed) - sum(taken))
      }
      const rest: Uint8Array[] = []
      for (let chunk; (chunk = queue.shift());) rest.push(chunk)
      expect(same(Buffer.concat([...taken, ...rest]), Buffer.concat(pushed))).toBe(true)
      expect(memoryOf(rest)).toBeLessThanOrEqual(2 * sum(rest) + 40 * KIB)
      expect(queue.shift()).toBeUndefined()
    }
  })
})
