import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { fromWebSocket, fromWebSocketStream, type WebSocketLike } from '../../src/index.js'
import { isPending, noise, readAll, readBytes, rejection, same, turns, writeAll } from '../helpers/stream-peers.js'

const open: { end(): void }[] = []
afterEach(() => { for (const one of open.splice(0)) one.end() })

async function pair(): Promise<{ near: WebSocket; far: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const near = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [far] = await once(server, 'connection') as [WebSocket]
  open.push({ end() { near.terminate(); far.terminate(); server.close() } })
  await once(near, 'open')
  return { near, far }
}

const wrap = (socket: WebSocket) => fromWebSocket(socket as WebSocketLike)

/** A browser's WebSocket, as far as it is seen: nothing can be paused, and bufferedAmount is set by hand. */
class BrowserWebSocket extends EventTarget {
  binaryType = 'blob'
  bufferedAmount = 0
  readonly sent: Uint8Array[] = []
  readonly closes: (number | undefined)[] = []
  readyState: number
  constructor(readyState = 1) {
    super()
    this.readyState = readyState
  }
  send(bytes: Uint8Array<ArrayBuffer>): void { this.sent.push(bytes) }
  close(code?: number): void {
    this.closes.push(code)
    if (this.readyState < 2) this.readyState = 2
  }
  receive(data: unknown): void { this.dispatchEvent(Object.assign(new Event('message'), { data })) }
  nowOpen(): void {
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
  }
  nowClosed(code: number, reason = ''): void {
    this.readyState = 3
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }))
  }
}

const like = (socket: BrowserWebSocket) => socket as unknown as WebSocketLike

describe('fromWebSocket', () => {
  it('fails upon a text message', async () => {
    const { near, far } = await pair()
    const { readable, writable } = wrap(near)
    const failures = [rejection(readable.getReader().read()), rejection(writable.getWriter().closed)]
    far.send('text')
    for (const error of await Promise.all(failures)) expect(error).toBeInstanceOf(TypeError)
  })

  it('takes an empty message for the end of its direction alone', async () => {
    const { near, far } = await pair()
    const { readable, writable } = wrap(near)
    far.send(Uint8Array.of(1, 2))
    far.send(new Uint8Array())
    expect([...await readAll(readable)]).toEqual([1, 2])
    const message = once(far, 'message')
    await writeAll(writable, Uint8Array.of(3))
    expect([...(await message)[0] as Buffer]).toEqual([3])
  })

  it('says its own end with an empty message, and closes with 1000 when both have', async () => {
    const { near, far } = await pair()
    const { readable, writable } = wrap(near)
    const message = once(far, 'message')
    await writable.close()
    expect((await message)[0]).toHaveLength(0)
    const closed = once(far, 'close')
    far.send(new Uint8Array())
    expect(await readAll(readable)).toHaveLength(0)
    expect((await closed)[0]).toBe(1000)
  })

  it.each([1000, undefined])('takes a close with code %s for the end', async (code) => {
    const { near, far } = await pair()
    const { readable, writable } = wrap(near)
    const writer = writable.getWriter()
    const failed = rejection(writer.closed)
    far.send(Uint8Array.of(1))
    far.close(code)
    expect([...await readAll(readable)]).toEqual([1])
    await failed
  })

  it.each([1011, 4000])('fails when it is closed with code %s', async (code) => {
    const { near, far } = await pair()
    const { readable } = wrap(near)
    far.close(code, 'why')
    expect(await rejection(readAll(readable))).toMatchObject({ message: expect.stringMatching(new RegExp(`${code}.*why`)) })
  })

  it('fails when it is lost, with code 1006', async () => {
    const { near, far } = await pair()
    const { readable } = wrap(near)
    far.terminate()
    expect(await rejection(readAll(readable))).toMatchObject({ message: expect.stringContaining('1006') })
  })

  it('fails reader and writer when it cannot be opened', async () => {
    const server = net.createServer((socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const { readable, writable } = wrap(socket)
    const failures = [rejection(readable.getReader().read()), rejection(writable.getWriter().write(Uint8Array.of(1)))]
    for (const error of await Promise.all(failures)) expect(error).toMatchObject({ message: expect.stringContaining('403') })
    server.close()
  })

  it('fails at once upon a WebSocket that is closed already', async () => {
    const { near, far } = await pair()
    const closed = once(near, 'close')
    far.close()
    await closed
    const { readable, writable } = wrap(near)
    await rejection(readable.getReader().read())
    await rejection(writable.getWriter().write(Uint8Array.of(1)))
  })

  it('can be aborted before it is open', async () => {
    const server = net.createServer() // never answers
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const { readable, writable } = wrap(socket)
    const [reader, writer] = [readable.getReader(), writable.getWriter()]
    const reason = new Error('changed my mind')
    const failures = [rejection(reader.read()), rejection(writer.write(Uint8Array.of(1)))]
    await writer.abort(reason)
    expect(await failures[0]).toBe(reason)
    await failures[1]
    server.close()
  })

  it('closes with a code that no clean end has when it is aborted', async () => {
    const { near, far } = await pair()
    const { writable } = wrap(near)
    const other = rejection(readAll(wrap(far).readable))
    await writable.abort(new Error('cut'))
    expect(await other).toMatchObject({ message: expect.stringContaining('4000') })
  })

  it('can be closed although the peer has sent more than anybody read', async () => {
    const { near, far } = await pair()
    const { readable, writable } = wrap(near)
    const closed = once(near, 'close')
    for (let message = 0; message < 100; message++) far.send(new Uint8Array(64 * 1024))
    await readBytes(readable, 1)
    await turns()
    await writable.abort(new Error('enough'))
    // A paused WebSocket would never see the answer to its close.
    await closed
  })

  it('waits with the first write until it is open', async () => {
    const socket = new BrowserWebSocket(0)
    const writer = fromWebSocket(like(socket)).writable.getWriter()
    const written = writer.write(Uint8Array.of(1))
    expect(await isPending(written)).toBe(true)
    expect(socket.sent).toHaveLength(0)
    socket.nowOpen()
    await written
    expect(socket.sent).toHaveLength(1)
  })

  it('refuses a write while it is closing, which the WebSocket itself would swallow', async () => {
    const socket = new BrowserWebSocket()
    const writer = fromWebSocket(like(socket)).writable.getWriter()
    writer.closed.catch(() => {})
    socket.readyState = 2
    await rejection(writer.write(Uint8Array.of(1)))
    expect(socket.sent).toHaveLength(0)
  })

  it('holds a writer while bufferedAmount is above the mark', async () => {
    const socket = new BrowserWebSocket()
    const writer = fromWebSocket(like(socket), { highWaterMarkBytes: 1000 }).writable.getWriter()
    socket.bufferedAmount = 1001
    const written = writer.write(Uint8Array.of(1))
    expect(await isPending(written)).toBe(true)
    socket.bufferedAmount = 1000
    await written
  })

  it('releases a held writer when it is closed', async () => {
    const socket = new BrowserWebSocket()
    const writer = fromWebSocket(like(socket), { highWaterMarkBytes: 1000 }).writable.getWriter()
    socket.bufferedAmount = 1001
    const written = writer.write(Uint8Array.of(1))
    const closed = rejection(writer.closed)
    await turns(2)
    socket.nowClosed(1006)
    await written.catch(() => {})
    await closed
  })

  it('fails when more than maxBufferedBytes pile up where nothing can be paused', async () => {
    const socket = new BrowserWebSocket()
    const { readable } = fromWebSocket(like(socket), { maxBufferedBytes: 100_000 })
    for (let message = 0; message < 10; message++) socket.receive(new ArrayBuffer(16 * 1024))
    await turns(1)
    expect(socket.closes).toHaveLength(0)
    for (let message = 0; message < 10; message++) socket.receive(new ArrayBuffer(16 * 1024))
    expect(await rejection(readAll(readable))).toMatchObject({ message: expect.stringContaining('100000') })
    expect(socket.closes).toEqual([4000])
  })

  it('does not count what was read against maxBufferedBytes', async () => {
    const socket = new BrowserWebSocket()
    const { readable } = fromWebSocket(like(socket), { maxBufferedBytes: 100_000 })
    const bytes = noise(1_000_000)
    const received = readAll(readable)
    for (let at = 0; at < bytes.byteLength; at += 10_000) {
      socket.receive(bytes.slice(at, at + 10_000).buffer)
      await turns(1)
    }
    socket.nowClosed(1000)
    expect(same(await received, bytes)).toBe(true)
  })

  it.each<[string, (socket: BrowserWebSocket) => void]>([
    ['is closed with 1011', (socket) => socket.nowClosed(1011, 'why')],
    ['is lost', (socket) => socket.nowClosed(1006)],
    ['fails', (socket) => socket.dispatchEvent(new Event('error'))],
  ])('gives a reader that is late what arrived before it %s, and then the error; the writer at once', async (_, end) => {
    const socket = new BrowserWebSocket()
    const { readable, writable } = fromWebSocket(like(socket))
    const large = (message: number) => new Uint8Array(4096).fill(message) // small ones would be read as one
    for (let message = 1; message <= 3; message++) socket.receive(large(message).buffer)
    end(socket)
    const error = await rejection(writable.getWriter().closed)
    const reader = readable.getReader()
    const closed = rejection(reader.closed)
    for (let message = 1; message <= 3; message++) {
      expect(await isPending(closed)).toBe(true)
      expect((await reader.read()).value).toEqual(large(message))
    }
    expect(await closed).toBe(error) // also without a read
    expect(await rejection(reader.read())).toBe(error)
  })

  it.each<[string, (socket: BrowserWebSocket, writable: WritableStream) => void]>([
    ['it is aborted', (_, writable) => void writable.abort(new Error('enough'))],
    ['the peer breaks the protocol', (socket) => socket.receive('text')],
  ])('forgets what nobody has read when %s', async (_, end) => {
    const socket = new BrowserWebSocket()
    const { readable, writable } = fromWebSocket(like(socket))
    socket.receive(Uint8Array.of(1).buffer)
    end(socket, writable)
    await rejection(readable.getReader().read())
  })

  it('ignores what arrives after a cancel', async () => {
    const socket = new BrowserWebSocket()
    const { readable, writable } = fromWebSocket(like(socket), { maxBufferedBytes: 1 })
    await readable.cancel()
    for (let message = 0; message < 10; message++) socket.receive(new ArrayBuffer(64 * 1024))
    await writable.close()
    expect(socket.closes).toEqual([1000])
  })
})

describe('fromWebSocketStream', () => {
  it('tells reader and writer alike that it cannot be opened, with the cause', async () => {
    const cause = new Error('refused')
    const stream = { opened: Promise.reject(cause), closed: Promise.reject(cause), close() {} }
    const { readable, writable } = fromWebSocketStream(stream)
    const failures = [rejection(readable.getReader().read()), rejection(writable.getWriter().write(Uint8Array.of(1)))]
    for (const error of await Promise.all(failures)) {
      expect(error).toMatchObject({ message: expect.stringMatching(/^cannot reach the WebSocket: refused/), cause })
    }
  })
})
