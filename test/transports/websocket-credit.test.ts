import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { fromWebSocket, type WebSocketLike, type WebSocketTransportOptions } from '../../src/index.js'
import { isPending, noise, random, readAll, readBytes, rejection, same, turns, until } from '../helpers/stream-peers.js'

const KIB = 1024
const protocol = 'libssl-wasm.credit.v1'
const cleanups: (() => unknown)[] = []
afterEach(() => { for (const cleanup of cleanups.splice(0).reverse()) cleanup() })

const data = (bytes: Uint8Array | number) => Buffer.concat([Buffer.of(0), typeof bytes === 'number' ? new Uint8Array(bytes) : bytes])
const credit = (bytes: number) => Buffer.of(1, bytes >>> 24, bytes >>> 16, bytes >>> 8, bytes)
const end = Buffer.of(2)

/** The transport of one side, and the other side's WebSocket, which tests move by hand. */
async function byHand(options: WebSocketTransportOptions = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, protocol)
  const connected = once(server, 'connection')
  const asClient = options.role !== 'server'
  // A client is wrapped before it is open, so that no greeting can slip by.
  let transport = asClient ? fromWebSocket(client as WebSocketLike, options) : undefined
  const received: Buffer[] = []
  const listen = (socket: WebSocket) => {
    socket.on('message', (message: Buffer) => received.push(message))
    socket.on('error', () => {})
    return socket
  }
  if (!asClient) listen(client)
  const [accepted] = await connected as [WebSocket]
  transport ??= fromWebSocket(accepted as WebSocketLike, options)
  cleanups.push(() => { client.terminate(); accepted.terminate(); server.close() })
  const peer = asClient ? listen(accepted) : client
  if (!asClient && client.readyState === WebSocket.CONNECTING) await once(client, 'open')
  const closed = once(peer, 'close').then(([code, reason]) => [code, String(reason)])
  return { ...transport, peer, received, closed }
}

/** What was sent before has been received. */
async function roundTrip(socket: WebSocket): Promise<void> {
  const pong = once(socket, 'pong')
  socket.ping()
  await pong
}

describe('fromWebSocket with libssl-wasm.credit.v1', () => {
  it('as a client waits for the first CREDIT, then says what it will take, then writes', async () => {
    const { writable, peer, received } = await byHand({ windowBytes: 300 * KIB })
    const written = writable.getWriter().write(Uint8Array.of(7))
    await turns()
    expect(received).toHaveLength(0)
    expect(await isPending(written)).toBe(true)
    peer.send(credit(0))
    await written
    await until(() => received.length === 2)
    expect(received).toEqual([credit(44 * KIB), data(Uint8Array.of(7))])
  })

  it('as a server says at once what it will take, and writes without waiting', async () => {
    const { writable, received } = await byHand({ role: 'server', windowBytes: 256 * KIB })
    await writable.getWriter().write(Uint8Array.of(7))
    await until(() => received.length === 2)
    expect(received).toEqual([credit(0), data(Uint8Array.of(7))])
  })

  it('writes the initial window and no more, then exactly what it is given', async () => {
    const { writable, peer, received } = await byHand({ role: 'server' })
    const bytes = noise(600 * KIB)
    const written = writable.getWriter().write(bytes)
    const sent = () => Buffer.concat(received.filter(([type]) => type === 0).map((message) => message.subarray(1)))
    await until(() => sent().length === 256 * KIB)
    for (const more of [1, 2, 100 * KIB, 0]) {
      const before = sent().length
      peer.send(credit(more))
      await until(() => sent().length >= before + more)
      await turns()
      expect(sent().length).toBe(before + more)
    }
    expect(await isPending(written)).toBe(true)
    peer.send(credit(2 ** 31 - 1))
    await written
    await until(() => sent().length === bytes.length)
    expect(same(sent(), bytes)).toBe(true)
    expect(Math.max(...received.map(({ length }) => length))).toBe(1 + 64 * KIB)
  })

  it('gives credit back as the reader consumes, not as bytes arrive, and in steps of half a window', async () => {
    const { readable, peer, received } = await byHand({ role: 'server', windowBytes: 256 * KIB })
    for (let sent = 0; sent < 256; sent += 32) peer.send(data(32 * KIB))
    await roundTrip(peer)
    expect(received).toEqual([credit(0)])
    await readBytes(readable, 96 * KIB)
    await turns()
    expect(received).toEqual([credit(0)])
    await readBytes(readable, 32 * KIB)
    await until(() => received.length === 2)
    expect(received[1]).toEqual(credit(128 * KIB))
  })

  it('gives credit for what arrives after a cancel, so that the peer can come to its end', async () => {
    const { readable, writable, peer, received, closed } = await byHand({ role: 'server', windowBytes: 256 * KIB })
    for (let sent = 0; sent < 256; sent += 64) peer.send(data(64 * KIB))
    await roundTrip(peer)
    await readable.cancel()
    await until(() => received.length === 2)
    expect(received[1]).toEqual(credit(256 * KIB))
    for (let sent = 0; sent < 256; sent += 64) peer.send(data(64 * KIB))
    await until(() => received.length >= 3)
    await writable.close()
    expect((await closed)[0]).toBe(1000)
  })

  it('is closed with 4001 by a peer that was sent more than it gave credit for', async () => {
    const { readable, peer, closed } = await byHand({ role: 'server', windowBytes: 256 * KIB })
    for (let sent = 0; sent < 256; sent += 64) peer.send(data(64 * KIB))
    peer.send(data(1))
    expect((await closed)[0]).toBe(4001)
    await rejection(readAll(readable))
  })

  it('ends each direction for itself, and closes with 1000 when both have', async () => {
    const { readable, writable, peer, received, closed } = await byHand({ role: 'server' })
    peer.send(data(Uint8Array.of(1, 2)))
    peer.send(end)
    expect([...await readAll(readable)]).toEqual([1, 2])
    const writer = writable.getWriter()
    await writer.write(Uint8Array.of(3))
    await writer.close()
    expect((await closed)[0]).toBe(1000)
    expect(received.filter(([type]) => type !== 1)).toEqual([data(Uint8Array.of(3)), end])
  })

  it('gives a reader that is late what arrived before the peer closed with an error', async () => {
    const { peer, readable, closed } = await byHand()
    peer.send(credit(0))
    for (let message = 0; message < 5; message++) peer.send(data(1000))
    peer.close(1011, 'target: ECONNRESET')
    await closed
    const reader = readable.getReader()
    for (let left = 5000; left > 0;) left -= (await reader.read()).value!.byteLength
    expect(await rejection(reader.read())).toMatchObject({ closeCode: 1011, reason: 'target: ECONNRESET' })
  })

  it('sends END when it is the first to end, and then still gives and takes credit', async () => {
    const { readable, writable, peer, received } = await byHand({ role: 'server', windowBytes: 256 * KIB })
    await writable.close()
    await until(() => received.length === 2)
    expect(received[1]).toEqual(end)
    peer.send(credit(1))
    peer.send(data(64 * KIB))
    peer.send(data(64 * KIB))
    await readBytes(readable, 128 * KIB)
    await until(() => received.length === 3)
    expect(received[2]).toEqual(credit(128 * KIB))
  })

  it.each<[string, Buffer[]]>([
    ['no type', [Buffer.alloc(0)]], ['an unknown type', [Buffer.of(3)]], ['DATA without bytes', [data(0)]],
    ['DATA that is too long', [data(64 * KIB + 1)]], ['a short CREDIT', [Buffer.of(1, 0, 0, 0)]],
    ['a long CREDIT', [Buffer.of(1, 0, 0, 0, 0, 0)]], ['END with a tail', [Buffer.of(2, 0)]], ['DATA after END', [end, data(1)]],
    ['two ENDs', [end, end]], ['too much credit', [credit(2 ** 31 - 1)]], ['too much credit in steps', [credit(2 ** 30), credit(2 ** 30)]],
    ['credit beyond 2^31', [credit(2 ** 32 - 1)]],
  ])('is closed with 4002 after %s', async (_what, messages) => {
    const { readable, peer, closed } = await byHand({ role: 'server' })
    for (const message of messages) peer.send(message)
    expect((await closed)[0]).toBe(4002)
    await readAll(readable).catch(() => {})
  })

  it('as a client takes nothing else for the first message, and has sent nothing before', async () => {
    const { readable, writable, peer, received, closed } = await byHand()
    const failures = [rejection(readAll(readable)), rejection(writable.getWriter().write(Uint8Array.of(1)))]
    peer.send(Buffer.from('220 mail.example ESMTP\r\n'))
    expect((await closed)[0]).toBe(4002)
    await Promise.all(failures)
    expect(received).toHaveLength(0)
  })

  it('stands any message at any time: it goes on, or closes with one of its codes', async () => {
    const next = random(20)
    for (let round = 0; round < 60; round++) {
      const { readable, peer, closed } = await byHand({ role: round % 2 ? 'server' : 'client' })
      const outcome = readAll(readable).catch((error: unknown) => error)
      if (round % 3) peer.send(credit(0))
      for (let message = 0; message < 20; message++) {
        const bytes = Buffer.from(noise(Math.floor(next() ** 3 * 80_000), round * 20 + message + 1))
        if (bytes.length > 0 && next() < 0.8) bytes[0] = Math.floor(next() * 3)
        peer.send(bytes)
      }
      peer.close(1000)
      expect([1000, 4001, 4002]).toContain((await closed)[0])
      await outcome
      for (const cleanup of cleanups.splice(0)) cleanup()
    }
  })

  it('keeps the order and every byte through any sizes and any pace of reading', async () => {
    const next = random(7)
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, protocol)
    const near = fromWebSocket(client as WebSocketLike, { windowBytes: 256 * KIB })
    const [accepted] = await once(server, 'connection') as [WebSocket]
    const far = fromWebSocket(accepted as WebSocketLike, { role: 'server', windowBytes: 500 * KIB })
    cleanups.push(() => { client.terminate(); accepted.terminate(); server.close() })
    const bytes = noise(5_000_000, 9)
    const transfer = async (from: typeof near, to: typeof near) => {
      const writer = from.writable.getWriter()
      const writing = (async () => {
        for (let at = 0; at < bytes.length;) {
          const size = 1 + Math.floor(next() ** 4 * 400_000)
          await writer.write(bytes.subarray(at, at += size))
        }
        await writer.close()
      })()
      const chunks: Uint8Array[] = []
      for await (const chunk of to.readable) {
        chunks.push(chunk)
        if (next() < 0.05) await turns(Math.floor(next() * 10))
      }
      await writing
      return Buffer.concat(chunks)
    }
    const both = await Promise.all([transfer(near, far), transfer(far, near)])
    for (const received of both) expect(same(received, bytes)).toBe(true)
  })

  it.each([0, 256 * KIB - 1, 2 ** 31, 300_000.5, NaN])('refuses a window of %d bytes', (windowBytes) => {
    const socket = new WebSocket('ws://127.0.0.1:9', protocol)
    socket.on('error', () => {})
    cleanups.push(() => socket.terminate())
    expect(() => fromWebSocket(socket as WebSocketLike, { windowBytes }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }) as Error)
  })
})
