// The end of a connection that goes well.

import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { connect, fromNodeStream, load, memoryTransportPair, type ConnectOptions, type IoEvent, type LibSsl } from '../../src/index.js'
import { localhost } from '../helpers/certificates.js'
import {
  ALLOCATION_NOISE_BYTES, clientOptions, closeBoth, isPending, noise, opened, peers, readAll, readBytes, rejection, same, turns,
  unhandledDuring, VERSIONS, writeAll,
} from '../helpers/stream-peers.js'
import { FaultyTransport } from '../helpers/faulty-transport.js'
import { virtualNetwork } from '../helpers/virtual-network.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

describe.each(VERSIONS)('TlsConnection.close, %s', (version) => {
  /** Both sides, upon the one instance; `calls` are the client's. */
  const open = async () => {
    const calls: IoEvent[] = []
    const both = await opened({ version, client: { libssl, onIo: (event) => calls.push(event) }, server: { libssl } })
    return { ...both, calls }
  }

  it('sends what was written, then close_notify, and ends both directions', async () => {
    const { client, server } = await open()
    const bytes = noise(300_000)
    const writer = client.writable.getWriter()
    writer.write(bytes).catch(() => {})
    writer.releaseLock()
    const received = readAll(server.readable)
    await client.close()
    await client.closed
    expect(same(await received, bytes)).toBe(true)
    expect(await readAll(client.readable)).toHaveLength(0)
    await server.close()
    await server.closed
  })

  it('invariant 17: has ended the transport when it resolves', async () => {
    for (const waits of [false, true]) {
      const [near, far] = memoryTransportPair()
      const transport = new FaultyTransport(near)
      const { client, server } = await opened({ version, transports: [transport, far], client: { libssl }, server: { libssl } })
      if (!waits) transport.stall()
      const closing = client.close(waits ? { waitForPeerMs: 50_000 } : {})
      await turns()
      // Now its close_notify is sent, and the transport will be slow to end.
      if (waits) transport.stall()
      await server.close()
      expect(await isPending(closing)).toBe(true)
      transport.goOn()
      await closing
      expect(transport.closed).toBe(true)
    }
  })

  it('invariant 9: sends close_notify once, however often it is called', async () => {
    const { client, server, calls } = await open()
    await Promise.all([client.close(), client.close(), client.writable.close().catch(() => {}), client.close({ waitForPeerMs: 1000 })])
    await client.close()
    expect(calls.filter(({ call }) => call === 'SSL_shutdown')).toHaveLength(1)
    expect(await readAll(server.readable)).toHaveLength(0)
    await server.close()
  })

  it('waits for the handshake if it is called before its end', async () => {
    const { client, server } = peers({ version, client: { libssl }, server: { libssl } })
    const closed = client.close()
    await client.opened
    await closed
    expect(await readAll(server.readable)).toHaveLength(0)
    await server.close()
  })

  it('rejects if the handshake fails that it waits for', async () => {
    const { client, server } = peers({ version, client: { libssl, servername: 'elsewhere' }, server: { libssl } })
    const error = await rejection(client.close())
    expect(await rejection(client.opened)).toBe(error)
    await rejection(server.close())
  })

  it('does not wait for the peer unless it is asked to', async () => {
    const { client, server } = await open()
    await client.close()
    expect(await isPending(server.closed)).toBe(true)
    await server.close()
  })

  it('waits for the close_notify of the peer if it is asked to', async () => {
    const { client, server } = await open()
    const closed = client.close({ waitForPeerMs: 50_000 })
    expect(await isPending(closed)).toBe(true)
    await server.close()
    await closed
  })

  it('throws away what the peer sends while it waits, and leaves no hole in what a reader gets', async () => {
    const { client, server } = await open()
    const bytes = noise(2_000_000)
    const reader = client.readable.getReader()
    const sending = writeAll(server.writable, bytes).then(() => server.writable.close())
    const chunks: Uint8Array[] = []
    for (let got = 0; got < 100_000;) {
      const { value } = await reader.read()
      chunks.push(value!)
      got += value!.byteLength
    }
    const reading = (async () => {
      for (let result; !(result = await reader.read()).done;) chunks.push(result.value)
    })()
    await client.close({ waitForPeerMs: 50_000 })
    await sending
    await reading
    const got = Buffer.concat(chunks)
    expect(got.byteLength).toBeLessThan(bytes.byteLength)
    expect(same(got, bytes.subarray(0, got.byteLength))).toBe(true)
    await server.close()
  })

  it('waits for the close_notify of the peer though its plaintext was cancelled', async () => {
    const { client, server } = await open()
    await client.readable.cancel()
    const closed = client.close({ waitForPeerMs: 50_000 })
    expect(await isPending(closed)).toBe(true)
    await server.close()
    await closed
  })

  it('ends a wait when it is called again without one', async () => {
    const { client, server } = await open()
    const closed = client.close({ waitForPeerMs: 50_000 })
    await turns()
    await client.close()
    await closed
    await server.close()
  })

  it('goes well when both sides close at once', async () => {
    for (const options of [{}, { waitForPeerMs: 50_000 }]) {
      const { client, server } = await open()
      await Promise.all([client.close(options), server.close(options)])
      await Promise.all([client.closed, server.closed])
    }
  })

  it('invariant 9: goes well when the peer closed first and does not listen any more', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({ version, transports: [transport, far], client: { libssl }, server: { libssl } })
    await server.close()
    expect(await readAll(client.readable)).toHaveLength(0)
    transport.failWriting(new Error('nobody there'))
    await client.close()
    await client.closed
  })

  it('goes well a while after the peer closed, without having read that', async () => {
    const { client, server } = await open()
    await writeAll(server.writable, noise(100))
    await server.close()
    await turns()
    await client.close()
    await client.closed
  })

  it('refuses a nonsensical wait', async () => {
    const { client, server } = await open()
    for (const waitForPeerMs of [-1, 0.5, NaN, 2 ** 31, '5' as unknown as number]) {
      expect(await rejection(client.close({ waitForPeerMs }))).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
    }
    await Promise.all([client.close(), server.close()])
  })

  it('leaves what a locked writer has queued to that writer, who is told', async () => {
    const { client, server } = await open()
    const writer = client.writable.getWriter()
    const results = [writer.write(noise(10)), writer.write(noise(200_000)), writer.write(noise(200_000))]
    const settled = Promise.allSettled(results)
    const unhandled = await unhandledDuring(async () => {
      await turns()
      void readAll(server.readable)
      await client.close()
      await settled
      writer.closed.catch(() => {})
    })
    expect(unhandled).toEqual([])
    expect(await rejection(writer.write(Uint8Array.of(1)))).toMatchObject({ code: 'ERR_TLS_INVALID_STATE' })
    await server.close()
  })

  it('can come while the peer keeps sending, and does not wait for it', async () => {
    const { client, server } = await open()
    const flood = (async () => { for (const writer = server.writable.getWriter(); ;) await writer.write(noise(10_000)) })()
    flood.catch(() => {})
    await readBytes(client.readable, 50_000)
    await client.close()
    server.abort()
    await rejection(flood)
  })
})

describe.each(VERSIONS)('TlsConnection.writable.close, %s', (version) => {
  it('ends our direction alone', async () => {
    const { client, server } = await opened({ version, client: { libssl }, server: { libssl } })
    await client.writable.close()
    expect(await readAll(server.readable)).toHaveLength(0)
    const bytes = noise(500_000)
    const received = readAll(client.readable)
    await writeAll(server.writable, bytes, 10_000)
    expect(await isPending(client.closed)).toBe(true)
    await server.writable.close()
    expect(same(await received, bytes)).toBe(true)
    await Promise.all([client.closed, server.closed])
  })

  it('ends the connection when the plaintext of the peer was cancelled', async () => {
    const { client, server } = await opened({ version, client: { libssl }, server: { libssl } })
    await client.readable.cancel()
    expect(await isPending(client.closed)).toBe(true)
    await client.writable.close()
    await client.closed
    await server.close()
  })

  it('ends the connection when the plaintext of the peer is cancelled after it', async () => {
    const { client, server } = await opened({ version, client: { libssl }, server: { libssl } })
    await client.writable.close()
    expect(await isPending(client.closed)).toBe(true)
    await client.readable.cancel()
    await client.closed
    await server.close()
  })

  it('sends close_notify as an alert record of its own, the last there is', async () => {
    const sent: Uint8Array[] = []
    const { client, server } = await opened({
      version,
      transports: virtualNetwork({ tap: (direction, bytes) => { if (direction === 'client to server') sent.push(bytes); return bytes } }),
      client: { libssl }, server: { libssl },
    })
    await writeAll(client.writable, noise(100))
    const before = sent.length
    await client.writable.close()
    await readAll(server.readable)
    expect(sent).toHaveLength(before + 1)
    // TLS 1.3 wraps alerts in records of application data.
    expect(sent.at(-1)![0]).toBe(version === 'TLSv1.2' ? 21 : 23)
    await server.close()
    await client.close()
    expect(sent).toHaveLength(before + 1)
  })
})

describe.each(VERSIONS)('the limit of TlsConnection.close, %s', (version) => {
  /** A client over TCP whose peer does not read, and all of what it wrote is on its way. */
  const stuck = async (locked: boolean, options: Partial<ConnectOptions> = {}) => {
    const server = tls.createServer({ cert: localhost.cert, key: localhost.key, minVersion: version, maxVersion: version })
    const peer = new Promise<tls.TLSSocket>((resolve) => {
      server.on('secureConnection', (socket) => resolve(socket.on('error', () => {}).pause()))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    const client = connect(fromNodeStream(socket), { ...clientOptions({ version }), libssl, ...options })
    const writer = client.writable.getWriter()
    await writer.ready
    const writing = Promise.allSettled([writer.write(new Uint8Array(32 << 20)), writer.closed])
    if (!locked) writer.releaseLock()
    await peer
    const end = async () => {
      ;(await peer).destroy()
      server.close()
    }
    return { socket, client, writing, end }
  }

  it.each([
    [{ waitForPeerMs: 100 }, 'locked'], [{ waitForPeerMs: 100 }, 'unlocked'], [{}, 'locked'], [{}, 'unlocked'],
  ] as const)('holds over all that was written: close(%j) with `writable` %s', async (options, writable) => {
    await closeBoth(await opened({ version, client: { libssl }, server: { libssl } }))
    const baseline = libssl.allocatedBytes
    const { socket, client, writing, end } = await stuck(writable === 'locked', { closeTimeoutMs: 100 })
    const error = await rejection(client.close(options))
    expect(error).toMatchObject({ name: 'DeadlineError', code: 'ERR_TLS_CLOSE_TIMEOUT' })
    expect(await rejection(client.closed)).toBe(error)
    expect((await writing)[0]).toEqual({ status: 'rejected', reason: error })
    if (!socket.closed) await once(socket, 'close')
    expect(libssl.allocatedBytes - baseline).toBeLessThan(ALLOCATION_NOISE_BYTES)
    await end()
  })

  it('is 30 seconds by default, and 0 is no limit', async () => {
    for (const options of [{}, { closeTimeoutMs: 0 }]) {
      const { client, writing, end } = await stuck(true, options)
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const closing = client.close()
      closing.catch(() => {})
      vi.advanceTimersByTime(29_999)
      expect(await isPending(closing)).toBe(true)
      vi.advanceTimersByTime(1)
      expect(await isPending(closing)).toBe('closeTimeoutMs' in options)
      vi.useRealTimers()
      client.abort()
      await rejection(closing)
      await writing
      await end()
    }
  })

  it('holds for the handshake that it waits for', async () => {
    const baseline = libssl.allocatedBytes
    const transport = new FaultyTransport(memoryTransportPair()[0])
    const client = connect(transport, { ...clientOptions({ version }), libssl, handshakeTimeoutMs: 0 })
    const error = await rejection(client.close({ waitForPeerMs: 5 }))
    expect(error).toMatchObject({ code: 'ERR_TLS_CLOSE_TIMEOUT' })
    expect([await rejection(client.opened), await rejection(client.closed)]).toEqual([error, error])
    expect(transport.aborted).toEqual({ reason: error })
    expect(libssl.allocatedBytes - baseline).toBeLessThan(ALLOCATION_NOISE_BYTES)
  })

  it('invariant 17: holds for the acceptance of our last bytes by the transport', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({ version, transports: [transport, far], client: { libssl }, server: { libssl } })
    await server.close()
    transport.stall()
    const error = await rejection(client.close({ waitForPeerMs: 5 }))
    expect(error).toMatchObject({ code: 'ERR_TLS_CLOSE_TIMEOUT' })
    expect(await rejection(client.closed)).toBe(error)
    expect(transport.aborted).toEqual({ reason: error })
  })
  it('is not needed by those who abort when all was said: the transport is given up, and that is no failure', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({ version, transports: [transport, far], client: { libssl }, server: { libssl } })
    transport.stall()
    const closing = client.close()
    expect(await isPending(closing)).toBe(true)
    const reason = new Error('enough')
    client.abort(reason)
    await closing
    await client.closed
    expect(transport.aborted).toEqual({ reason })
    server.abort()
  })
})
