// A transport that takes nothing any more, and what it still has to give.

import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { connect, fromNodeStream, load, memoryTransportPair, type ByteTransport, type LibSsl } from '../../src/index.js'
import { authority, localhost, temporaryAuthority } from '../helpers/certificates.js'
import {
  ALLOCATION_NOISE_BYTES, clientOptions, closeBoth, isPending, noise, opened, peers, readAll, rejection, turns, unhandledDuring,
  VERSIONS, writeAll,
} from '../helpers/stream-peers.js'
import { FaultyTransport } from '../helpers/faulty-transport.js'

let libssl: LibSsl
let other: LibSsl
beforeAll(async () => { [libssl, other] = await Promise.all([load(), load()]) })

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const bytes = (words: string) => new TextEncoder().encode(words)
const cause = new Error('nobody takes this')
const failedToSend = { name: 'TransportError', code: 'ERR_TLS_TRANSPORT', cause }

/** Passes everything on; the writes from the `count`th on fail when they have been delivered, and the peer has had its say. */
function deliversAndFails({ readable, writable }: ByteTransport, count: number): ByteTransport {
  const writer = writable.getWriter()
  return {
    readable,
    writable: new WritableStream({
      async write(chunk) {
        await writer.write(chunk)
        if (--count > 0) return
        await turns(50)
        throw cause
      },
      abort: (reason) => writer.abort(reason),
    }),
  }
}

describe.each(VERSIONS)('invariant 16: a failed send ends writing, not reading, %s', (version) => {
  /** An open client whose next write fails; the memory that was in use before it. */
  const broken = async () => {
    await closeBoth(await opened({ version, client: { libssl }, server: { libssl: other } }))
    await rejection(connect(memoryTransportPair()[0], { ...clientOptions(), libssl, ciphers: 'none such' }).closed)
    const baseline = libssl.allocatedBytes
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({ version, transports: [transport, far], client: { libssl }, server: { libssl: other } })
    transport.failWriting(cause)
    const write = async () => {
      const writer = client.writable.getWriter()
      const error = await rejection(writer.write(noise(100)))
      expect(await rejection(writer.closed)).toBe(error)
      writer.releaseLock()
      return error
    }
    const expectFreed = () => expect(libssl.allocatedBytes - baseline).toBeLessThan(ALLOCATION_NOISE_BYTES)
    return { transport, client, server, write, expectFreed }
  }

  it('an answer that lies there is read to its clean end; then the connection breaks with the failure', async () => {
    const unhandled = await unhandledDuring(async () => {
      const { transport, client, server, write, expectFreed } = await broken()
      await writeAll(server.writable, bytes('the answer'))
      await server.writable.close()
      const error = await write()
      expect(error).toMatchObject(failedToSend)
      expect(await isPending(client.closed)).toBe(true)
      expect(text(await readAll(client.readable))).toBe('the answer')
      expect(await rejection(client.closed)).toBe(error)
      expect(transport.cancelled).toEqual({ reason: error })
      expectFreed()
      server.abort()
    })
    expect(unhandled).toEqual([])
  })

  it('a reader that waits gets what comes after the failure', async () => {
    const { client, server, write, expectFreed } = await broken()
    const reading = readAll(client.readable)
    await turns()
    const writing = write()
    await turns()
    await writeAll(server.writable, noise(200_000))
    await server.writable.close()
    expect(await reading).toHaveLength(200_000)
    const error = await writing
    expect(error).toMatchObject(failedToSend)
    expect(await rejection(client.closed)).toBe(error)
    expectFreed()
    server.abort()
  })

  it('a stream that is cut after it fails with it, behind what came before the cut', async () => {
    for (const end of ['endReading', 'failReading'] as const) {
      const { transport, client, server, write, expectFreed } = await broken()
      await writeAll(server.writable, bytes('half an ans'))
      const error = await write()
      const reader = client.readable.getReader()
      expect(text((await reader.read()).value!)).toBe('half an ans')
      transport[end](new Error('the stream itself'))
      expect(await rejection(reader.read())).toBe(error)
      expect(await rejection(client.closed)).toBe(error)
      expectFreed()
      server.abort()
    }
  })

  it('a peer that only says goodbye after it needs no reader', async () => {
    const { client, server, write, expectFreed } = await broken()
    await server.writable.close()
    const error = await write()
    expect(error).toMatchObject(failedToSend)
    expect(await rejection(client.closed)).toBe(error)
    expect(await readAll(client.readable)).toHaveLength(0)
    expectFreed()
    server.abort()
  })

  it('breaks the connection if nothing comes, and nothing is waited for', async () => {
    const { client, server, write, expectFreed } = await broken()
    const error = await write()
    expect(error).toMatchObject(failedToSend)
    expect(await rejection(client.closed)).toBe(error)
    expectFreed()
    server.abort()
  })

  it.each(['lies unread', 'is waited for'])('does not keep the connection for ever when plaintext %s', async (what) => {
    const { client, server, write, expectFreed } = await broken()
    const reading = what === 'is waited for' ? rejection(readAll(client.readable)) : undefined
    if (!reading) await writeAll(server.writable, bytes('the answer'))
    await turns()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const writing = write()
    await turns()
    vi.advanceTimersByTime(1_000)
    const error = await writing
    expect(error).toMatchObject(failedToSend)
    vi.advanceTimersByTime(29_000)
    expect(await isPending(client.closed)).toBe(true)
    vi.advanceTimersByTime(2_000)
    vi.useRealTimers()
    expect(await rejection(client.closed)).toBe(error)
    if (reading) expect(await reading).toBe(error)
    expectFreed()
    server.abort()
  })

  it.each(['close', 'close and wait', 'cancel', 'abort'] as const)('%s concludes at once', async (how) => {
    const { client, server, write, expectFreed } = await broken()
    await writeAll(server.writable, bytes('the answer'))
    const error = await write()
    const reason = new Error('enough')
    if (how === 'close') expect(await rejection(client.close())).toBe(error)
    if (how === 'close and wait') expect(await rejection(client.close({ waitForPeerMs: 50_000 }))).toBe(error)
    if (how === 'cancel') await client.readable.cancel()
    if (how === 'abort') client.abort(reason)
    expect(await rejection(client.closed)).toBe(how === 'abort' ? reason : error)
    expectFreed()
    server.abort()
  })

  it('is told by close() if that is what could not be sent', async () => {
    for (const options of [{}, { waitForPeerMs: 50_000 }]) {
      const { client, server, expectFreed } = await broken()
      await writeAll(server.writable, noise(10_000))
      const writer = client.writable.getWriter()
      const writing = rejection(writer.write(noise(100)))
      writer.releaseLock()
      const error = await rejection(client.close(options))
      expect(error).toMatchObject(failedToSend)
      expect([await rejection(client.closed), await writing]).toEqual([error, error])
      expectFreed()
      server.abort()
    }
  })

  it('an alert that explains a refused client certificate is the error', async () => {
    const stranger = temporaryAuthority('stranger').leaf({ name: 'stranger' })
    const run = async () => {
      const [near, far] = memoryTransportPair()
      // The server refuses what came with the client's second flight, and that is what seems to have failed.
      const { client, server } = peers({
        version, transports: [deliversAndFails(near, 2), far],
        client: { libssl, cert: stranger.cert, key: stranger.key }, server: { libssl: other, ca: authority.ca.cert },
      })
      const error = await rejection(client.closed)
      expect(error).toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal', description: 48 } }) // unknown_ca
      expect(await rejection(client.opened)).toBe(error)
      expect(await rejection(client.writable.getWriter().write(noise(1)))).toBe(error)
      await rejection(server.opened)
    }
    await run() // OpenSSL keeps the words of an error
    const baseline = libssl.allocatedBytes
    await run()
    expect(libssl.allocatedBytes - baseline).toBeLessThan(ALLOCATION_NOISE_BYTES)
  })

  it('a handshake whose first message cannot be sent fails with that', async () => {
    const transport = new FaultyTransport(memoryTransportPair()[0])
    transport.failWriting(cause)
    const client = connect(transport, { ...clientOptions({ version }), libssl, handshakeTimeoutMs: 0 })
    expect(await rejection(client.opened)).toMatchObject(failedToSend)
    expect(await rejection(client.closed)).toBe(await rejection(client.opened))
  })

  it('leaves nothing behind and nothing pending, at whichever write of a life it comes', async () => {
    const life = async (failing: number, side: 'client' | 'server') => {
      const [near, far] = memoryTransportPair()
      const writer = near.writable.getWriter()
      let count = 0
      const writable = new WritableStream<Uint8Array>({
        write: (chunk) => (++count === failing ? Promise.reject(cause) : writer.write(chunk)),
        close: () => writer.close(),
        abort: (reason) => writer.abort(reason),
      })
      const transport = { readable: near.readable, writable }
      const [client, server] = side === 'client' ? [libssl, other] : [other, libssl]
      const both = peers({
        version, transports: side === 'client' ? [transport, far] : [far, transport], client: { libssl: client },
        server: { libssl: server },
      })
      const ends = Object.values(both).flatMap((connection) => [
        readAll(connection.readable),
        writeAll(connection.writable, noise(200_000), 50_000).then(() => connection.close({ waitForPeerMs: 50_000 })), connection.closed,
      ])
      await Promise.allSettled(ends.slice(side === 'client' ? 0 : 3).slice(0, 3))
      both.client.abort()
      both.server.abort()
      await Promise.allSettled(ends)
      return failing > count
    }
    for (const side of ['client', 'server'] as const) {
      await life(2, side)
      const baseline = libssl.allocatedBytes
      const done = await Promise.all(Array.from({ length: 14 }, (_, write) => life(write + 1, side)))
      expect(done.at(-1)).toBe(true) // there were no more writes
      expect(libssl.allocatedBytes - baseline).toBeLessThan(ALLOCATION_NOISE_BYTES)
    }
  })

  it('a server that answers 413 and closes during an upload over TCP is heard to its clean end', async () => {
    const server = tls.createServer({ cert: localhost.cert, key: localhost.key, minVersion: version, maxVersion: version }, (socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.pause()
        socket.end('HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\n')
        socket.once('finish', () => socket.destroy())
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    await closeBoth(await opened({ version, client: { libssl }, server: { libssl: other } }))
    const baseline = libssl.allocatedBytes
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    const client = connect(fromNodeStream(socket), { ...clientOptions({ version }), libssl })
    const upload = new Response(new Uint8Array(60 << 20)).body!.pipeTo(client.writable)
    const error = await rejection(upload)
    expect(error).toMatchObject({ name: 'TransportError' })
    expect(text(await readAll(client.readable))).toMatch(/^HTTP\/1.1 413 /)
    expect(await rejection(client.closed)).toBe(error)
    expect(libssl.allocatedBytes - baseline).toBeLessThan(ALLOCATION_NOISE_BYTES)
    server.close()
  })
})

describe('invariant 16: a failed send ends writing, not reading, TLSv1.3', () => {
  it('a handshake whose last flight fails is open if the server has answered all the same', async () => {
    const [near, far] = memoryTransportPair()
    const { client, server } = peers({
      version: 'TLSv1.3', transports: [deliversAndFails(near, 2), far], client: { libssl }, server: { libssl: other },
    })
    const answering = server.opened.then(() => writeAll(server.writable, bytes('the answer'))).then(() => server.writable.close())
    await client.opened
    await answering
    expect(text(await readAll(client.readable))).toBe('the answer')
    expect(await rejection(client.closed)).toMatchObject(failedToSend)
    server.abort()
  })

  it('reading goes on when its own reply cannot be sent, and a message of ours is refused', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({
      version: 'TLSv1.3', transports: [transport, far], client: { libssl }, server: { libssl: other },
    })
    transport.failWriting(cause)
    await server.updateKeys({ requestPeer: true })
    await writeAll(server.writable, bytes('the answer'))
    const reader = client.readable.getReader()
    expect(text((await reader.read()).value!)).toBe('the answer')
    await server.writable.close()
    const error = await rejection(client.updateKeys())
    expect(error).toMatchObject(failedToSend)
    expect((await reader.read()).done).toBe(true)
    expect(await rejection(client.closed)).toBe(error)
    server.abort()
  })
})
