// A connection over each kind of transport, those included that hold nothing at all.

import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { load, memoryTransportPair, type LibSsl, type TransportLike } from '../../src/index.js'
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
