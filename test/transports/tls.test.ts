// A connection over each kind of transport, those included that hold nothing at all.

import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { load, memoryTransportPair, TlsError, type LibSsl, type TransportLike } from '../../src/index.js'
import { accept, connect } from '../../src/index.js'
import { clientOptions, closeBoth, noise, readAll, same, serverOptions, VERSIONS, writeAll } from '../helpers/stream-peers.js'
import { duplexPair } from '../helpers/duplex-pair.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const kinds: Readonly<Record<string, () => Promise<[TransportLike, TransportLike, (() => void)?]>>> = {
  'a pair in memory': async () => memoryTransportPair(),
  'a pair in memory of one byte': async () => memoryTransportPair(1),
  'TransformStreams': async () => {
    const [there, back] = [new TransformStream<Uint8Array, Uint8Array>(), new TransformStream<Uint8Array, Uint8Array>()]
    return [{ readable: back.readable, writable: there.writable }, { readable: there.readable, writable: back.writable }]
  },
  'Duplexes': async () => duplexPair(),
  'sockets': async () => {
    // As most programs make them: without allowHalfOpen.
    const server = net.createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const near = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [far] = await once(server, 'connection') as [net.Socket]
    return [near, far, () => server.close()]
  },
  'WebSockets': async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    const near = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [far] = await once(server, 'connection') as [WebSocket]
    return [near as TransportLike, far as TransportLike, () => server.close()]
  },
}

describe('blocks of records are filled again if they come back', () => {
  type See = (bytes: Uint8Array) => void
  interface Handle { writeBuffer(request: object, bytes: Uint8Array): number }
  type Spy = (near: net.Socket, see: See) => void | (() => void)
  const handleOf = (near: net.Socket) => (near as unknown as { _handle: Handle })._handle
  const spyOnWrite = (on: object, near: net.Socket, see: See) => {
    const { write } = near
    Object.assign(on, { write(this: net.Socket, bytes: Uint8Array, ...rest: []) {
      see(bytes)
      return write.call(this, bytes, ...rest)
    } })
  }

  it.each<[string, keyof typeof kinds, boolean, Spy]>([
    ['a socket', 'sockets', true, (near, see) => {
      const handle = handleOf(near)
      const { writeBuffer } = handle
      handle.writeBuffer = (request, bytes) => {
        see(bytes)
        return writeBuffer.call(handle, request, bytes)
      }
    }],
    ['a socket that writes in a way of its own', 'sockets', false, (near, see) => spyOnWrite(near, near, see)],
    ['a socket of a class that has the same name', 'sockets', false, (near, see) => {
      class Socket extends net.Socket {}
      spyOnWrite(Socket.prototype, near, see)
      Object.setPrototypeOf(near, Socket.prototype)
    }],
    ['a socket, where all write in another way', 'sockets', false, (near, see) => {
      spyOnWrite(net.Socket.prototype, near, see)
      return () => { delete (net.Socket.prototype as { write?: unknown }).write }
    }],
    ['a socket upon something other than the system\'s', 'sockets', false, (near, see) => {
      const handle = handleOf(near)
      class Recorder extends (handle.constructor as new () => Handle) {
        override writeBuffer(request: object, bytes: Uint8Array) {
          see(bytes)
          return super.writeBuffer(request, bytes)
        }
      }
      Object.setPrototypeOf(handle, Recorder.prototype)
    }],
    ['another Duplex', 'Duplexes', false, (near, see) => spyOnWrite(near, near, see)],
  ])('of %s', async (_, kind, again, spy) => {
    const [near, far, dispose = () => {}] = await kinds[kind]!()
    const buffers: ArrayBufferLike[] = []
    const undo = spy(near as net.Socket, ({ byteLength, buffer }) => { if (byteLength > 60_000) buffers.push(buffer) })
    try {
      const pair = { client: connect(near, { ...clientOptions(), libssl }), server: accept(far, { ...serverOptions(), libssl }) }
      const sent = noise(40 * 64 * 1024)
      const received = readAll(pair.server.readable)
      const writer = pair.client.writable.getWriter()
      for (let at = 0; at < sent.byteLength; at += 64 * 1024) await writer.write(sent.subarray(at, at + 64 * 1024))
      await writer.close()
      expect(same(await received, sent)).toBe(true)
      expect(buffers).toHaveLength(40)
      expect(new Set(buffers).size < 40).toBe(again)
      await closeBoth(pair)
    } finally {
      undo?.()
      dispose()
    }
  })
})

describe('blocks of records that go through a pair in memory', () => {
  async function carry([near, far]: readonly [TransportLike, TransportLike]): Promise<void> {
    const pair = { client: connect(near, { ...clientOptions(), libssl }), server: accept(far, { ...serverOptions(), libssl }) }
    const sent = noise(40 * 64 * 1024)
    const received = readAll(pair.server.readable)
    await writeAll(pair.client.writable, sent, 64 * 1024)
    await pair.client.writable.close()
    expect(same(await received, sent)).toBe(true)
    await closeBoth(pair)
  }

  it('are filled again', async () => {
    const { set } = Uint8Array.prototype
    const filled = new Set<ArrayBufferLike>()
    Uint8Array.prototype.set = function (source, offset) {
      if (this.buffer.byteLength > 60_000 && this.buffer.byteLength < 100_000) filled.add(this.buffer)
      return set.call(this, source, offset)
    }
    try {
      await carry(memoryTransportPair())
    } finally {
      Uint8Array.prototype.set = set
    }
    expect(filled.size).toBeGreaterThan(0)
    expect(filled.size).toBeLessThan(20)
  })

  it.each(['before the pair', 'behind it'])('are not if they were seen %s', async (where) => {
    const kept: { bytes: Uint8Array; copy: Uint8Array }[] = []
    const tap = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        kept.push({ bytes, copy: bytes.slice() })
        controller.enqueue(bytes)
      },
    })
    const [near, far] = memoryTransportPair()
    const [from, to] = where === 'behind it' ? [far.readable, tap.writable] : [tap.readable, near.writable]
    void from.pipeTo(to)
    await carry(where === 'behind it' ? [near, { ...far, readable: tap.readable }] : [{ ...near, writable: tap.writable }, far])
    expect(kept.length).toBeGreaterThan(40)
    expect(kept.filter(({ bytes, copy }) => !same(bytes, copy))).toEqual([])
  })

  it('are not while the other end has read a part of them, though nothing more can come', async () => {
    const [near, far] = memoryTransportPair(1 << 20)
    const pair = { client: connect(near, { ...clientOptions(), libssl }), server: accept(far, { ...serverOptions(), libssl }) }
    const sent = noise(64 * 1024, 5)
    await writeAll(pair.client.writable, sent, sent.byteLength)
    const reader = pair.server.readable.getReader({ mode: 'byob' })
    const parts = [(await reader.read(new Uint8Array(1000))).value!]
    pair.client.abort()
    await carry(memoryTransportPair())
    while (Buffer.concat(parts).byteLength < sent.byteLength) parts.push((await reader.read(new Uint8Array(20_000))).value!)
    expect(same(Buffer.concat(parts), sent)).toBe(true)
    pair.server.abort()
  })

  it('are not mixed up with what was written before by the caller', async () => {
    const [near, far] = memoryTransportPair(1 << 20)
    const before = [noise(70_000, 3), noise(70_000, 4)]
    const written = before.map((bytes) => bytes.slice())
    for (const bytes of written) await writeAll(near.writable, bytes, bytes.byteLength)
    const reader = far.readable.getReader()
    const seen = (await reader.read()).value!
    reader.releaseLock()
    const server = accept(far, { ...serverOptions(), libssl }) // the second chunk is no TLS
    await expect(server.opened).rejects.toMatchObject({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' })
    await carry(memoryTransportPair())
    expect(same(seen, before[0]!)).toBe(true)
    expect(same(written[1]!, before[1]!)).toBe(true)
  })

  it('are not mixed up with what the caller wrote, and the pair takes only now', async () => {
    const [near, far] = memoryTransportPair(1)
    // Begins as a record does: the server answers with an alert, and reads on.
    const before = [3, 4, 5].map((seed) => Uint8Array.of(23, 3, 3, 0, 10, ...noise(100_000, seed)))
    const written = before.map((bytes) => bytes.slice())
    const writer = near.writable.getWriter()
    for (const bytes of written) writer.write(bytes).catch(() => {})
    writer.releaseLock()
    const client = connect(near, { ...clientOptions(), libssl })
    const server = accept(far, { ...serverOptions(), libssl })
    await Promise.all([
      expect(server.opened).rejects.toBeInstanceOf(TlsError),
      expect(client.opened).rejects.toBeInstanceOf(TlsError),
    ])
    for (let times = 0; times < 3; times++) await carry(memoryTransportPair())
    expect(written.map((bytes, index) => same(bytes, before[index]!))).toEqual([true, true, true])
  })
})

describe.each(VERSIONS)('connect and accept, %s', (version) => {
  describe.each(Object.entries(kinds))('over %s', (_, open) => {
    const start = async () => {
      const [near, far, dispose = () => {}] = await open()
      const client = connect(near, { ...clientOptions({ version }), libssl })
      const server = accept(far, { ...serverOptions({ version }), libssl })
      await Promise.all([client.opened, server.opened])
      return { client, server, dispose }
    }

    it('talk both ways at once and end each direction for itself', async () => {
      const { client, server, dispose } = await start()
      const [there, back] = [noise(300_000), noise(400_000, 2)]
      const say = async (connection: typeof client, bytes: Uint8Array<ArrayBuffer>) => {
        await writeAll(connection.writable, bytes, 50_000)
        await connection.writable.close()
      }
      const [atServer, atClient] = await Promise.all([
        readAll(server.readable), readAll(client.readable), say(client, there), say(server, back),
      ])
      expect(same(atServer, there)).toBe(true)
      expect(same(atClient, back)).toBe(true)
      await Promise.all([client.closed, server.closed])
      dispose()
    })

    it('close at the same time, with nobody reading', async () => {
      const { client, server, dispose } = await start()
      await Promise.all([client.close(), server.close()])
      await Promise.all([client.closed, server.closed])
      dispose()
    })

    it('close at the same time, each waiting for the other', async () => {
      const { client, server, dispose } = await start()
      await closeBoth({ client, server })
      dispose()
    })

    it('close at the same time with megabytes under way, each waiting for the other', async () => {
      const { client, server, dispose } = await start()
      for (const { writable } of [client, server]) {
        const writer = writable.getWriter()
        for (let message = 0; message < 20; message++) writer.write(noise(100_000)).catch(() => {})
        writer.releaseLock()
      }
      await closeBoth({ client, server })
      dispose()
    })

    it('close one after the other', async () => {
      const { client, server, dispose } = await start()
      const written = writeAll(server.writable, noise(100))
      const reading = readAll(client.readable)
      await written
      await server.close()
      expect(await reading).toHaveLength(100)
      await client.close()
      await Promise.all([client.closed, server.closed])
      dispose()
    })
  })
})
