// readable and writable as what they claim to be: WHATWG streams, the readable one of bytes.

import { beforeAll, describe, expect, it } from 'vitest'
import { connect, load, memoryTransportPair, type LibSsl, type TlsConnection, type TlsServerConnection } from '../../src/index.js'
import {
  clientOptions, closeBoth, isPending, noise, opened, peers, readAll, readBytes, rejection, same, turns, writeAll,
} from '../helpers/stream-peers.js'
import { FaultyTransport } from '../helpers/faulty-transport.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const open = (highWaterMarkBytes?: number) => opened({
  client: { libssl, ...(highWaterMarkBytes && { highWaterMarkBytes }) }, server: { libssl },
})

/** Sends `bytes` and ends the direction. */
async function say({ writable }: TlsConnection, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await writeAll(writable, bytes, 30_000)
  await writable.close()
}

describe('TlsConnection.opened', () => {
  it('tells what was agreed on, the same on both sides', async () => {
    const both = await opened({ client: { libssl, alpnProtocols: ['h2'] }, server: { libssl, alpnProtocols: ['h2'] } })
    const agreed = {
      protocol: 'TLSv1.3', cipher: 'TLS_CHACHA20_POLY1305_SHA256', group: 'X25519MLKEM768', alpnProtocol: 'h2', servername: 'localhost',
    }
    expect(await both.client.opened).toMatchObject({ ...agreed, verifyResult: 'X509_V_OK' })
    expect(await both.client.opened).toMatchObject({ peerCertificate: { subject: 'CN=localhost' } })
    expect(await both.server.opened).toMatchObject({ ...agreed, peerCertificate: undefined, peerCertificateChain: [] })
    await closeBoth(both)
  })
})

describe('A write that the transport has not accepted', () => {
  it('rejects when the connection is aborted', async () => {
    const both = await opened({ client: { libssl }, server: { libssl }, transports: memoryTransportPair(1) })
    const writer = both.client.writable.getWriter()
    writer.closed.catch(() => {})
    const written = writer.write(noise(100))
    expect(await isPending(written)).toBe(true) // nobody reads there
    const reason = new Error('enough')
    both.client.abort(reason)
    expect(await rejection(written)).toBe(reason)
    both.server.abort(reason)
  })
})

describe('A stream of a TlsConnection that is first asked for late', () => {
  it('has ended after close(), on both sides', async () => {
    const both = await open()
    await both.client.close()
    await closeBoth(both)
    for (const connection of [both.client, both.server]) {
      expect(await connection.readable.getReader().read()).toEqual({ done: true, value: undefined })
      await connection.writable.getWriter().closed
      expect(connection.readable).toBe(connection.readable)
      expect(connection.writable).toBe(connection.writable)
    }
    expect(await (both.server as TlsServerConnection).earlyData.getReader().read()).toEqual({ done: true, value: undefined })
  })

  it('has closed before it is read', async () => {
    const both = await open()
    await closeBoth(both)
    await both.client.readable.getReader().closed
  })

  it('tells what the connection was aborted with', async () => {
    const both = await open()
    const reason = new Error('enough')
    both.client.abort(reason)
    expect(await rejection(both.client.closed)).toBe(reason)
    expect(await rejection(both.client.readable.getReader().read())).toBe(reason)
    expect(await rejection(both.client.writable.getWriter().closed)).toBe(reason)
    const error = await rejection(both.server.readable.getReader().read()) // a server hears of it when it reads
    expect(await rejection(both.server.closed)).toBe(error)
    expect(await rejection(both.server.writable.getWriter().write(noise(1)))).toBe(error)
  })

  it('tells what the handshake failed with', async () => {
    const both = peers({ client: { libssl, servername: 'other.example' }, server: { libssl } })
    const [mine, theirs] = await Promise.all([rejection(both.client.closed), rejection(both.server.closed)])
    expect(await rejection(both.client.writable.getWriter().closed)).toBe(mine)
    expect(await rejection(both.server.readable.getReader().read())).toBe(theirs)
    expect(await rejection((both.server as TlsServerConnection).earlyData.getReader().read())).toBe(theirs)
  })

  it('gives what had come before', async () => {
    const both = await open()
    const bytes = noise(100_000)
    const saying = say(both.server, bytes)
    await turns()
    expect(same(await readAll(both.client.readable), bytes)).toBe(true)
    await saying
    await both.client.close()
  })
})

describe('TlsConnection.readable', () => {
  it('fills views of any kind, at any offset', async () => {
    const { client, server } = await open()
    const bytes = noise(4000)
    const saying = say(server, bytes)
    const reader = client.readable.getReader({ mode: 'byob' })
    const words = await reader.read(new Uint16Array(new ArrayBuffer(1001 * 2), 2, 1000))
    expect(words.value).toBeInstanceOf(Uint16Array)
    expect(words.value!.byteOffset).toBe(2)
    const rest = await reader.read(new DataView(new ArrayBuffer(3000), 500, 2000))
    expect(rest.value!.byteOffset).toBe(500)
    const view = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => new Uint8Array(buffer, byteOffset, byteLength)
    expect(
      same(Buffer.concat([view(words.value!), view(rest.value!)]), bytes.subarray(0, words.value!.byteLength + rest.value!.byteLength)),
    ).toBe(true)
    reader.releaseLock()
    await readAll(client.readable)
    await saying
    await client.close()
  })

  it('gives a BYOB reader its view back at the end', async () => {
    const { client, server } = await open()
    const reader = client.readable.getReader({ mode: 'byob' })
    const last = reader.read(new Uint8Array(100))
    await turns()
    await server.close()
    const { done, value } = await last
    expect(done).toBe(true)
    expect(value!.byteLength).toBe(0)
    await client.close()
  })

  it('loses nothing when readers take turns', async () => {
    const { client, server } = await open()
    const bytes = noise(100_000)
    const saying = say(server, bytes)
    const got: Uint8Array[] = []
    for (let turn = 0, count = 0; count < bytes.byteLength; turn++) {
      const readable: ReadableStream<Uint8Array> = client.readable
      let value: Uint8Array | undefined
      if (turn % 2) {
        const reader = readable.getReader()
        value = (await reader.read()).value
        reader.releaseLock()
      } else {
        const reader = readable.getReader({ mode: 'byob' })
        value = (await reader.read(new Uint8Array(777))).value
        reader.releaseLock()
      }
      got.push(value!.slice())
      count += value!.byteLength
    }
    expect(same(Buffer.concat(got), bytes)).toBe(true)
    await saying
    await readAll(client.readable)
    await client.close()
  })

  it('loses nothing when a reader lets go while it waits', async () => {
    const { client, server } = await open()
    const first = client.readable.getReader()
    const waiting = rejection(first.read())
    await turns()
    first.releaseLock()
    await waiting
    const saying = say(server, noise(5000))
    expect(same(await readAll(client.readable), noise(5000))).toBe(true)
    await saying
    await client.close()
  })

  it('can be iterated', async () => {
    const { client, server } = await open()
    const saying = say(server, noise(200_000))
    const got: Uint8Array[] = []
    for await (const chunk of client.readable) got.push(chunk)
    expect(same(Buffer.concat(got), noise(200_000))).toBe(true)
    await saying
    await client.close()
  })

  it('can be piped, through and back', async () => {
    const { client, server } = await open()
    const echo = server.readable.pipeTo(server.writable)
    const bytes = noise(500_000)
    const received = readAll(client.readable)
    await say(client, bytes)
    expect(same(await received, bytes)).toBe(true)
    await echo
    await Promise.all([client.closed, server.closed])
  })

  it('can be teed', async () => {
    const { client, server } = await open()
    const [one, other] = client.readable.tee()
    const saying = say(server, noise(100_000))
    const both = await Promise.all([readAll(one), readAll(other)])
    for (const got of both) expect(same(got, noise(100_000))).toBe(true)
    await saying
    await client.close()
  })

  it('cancels before the handshake is done', async () => {
    const { client, server } = peers({ client: { libssl }, server: { libssl } })
    await client.readable.cancel()
    await client.close()
    await server.close()
  })

  it('rejects a cancel with what the handshake failed with', async () => {
    const { client, server } = peers({ client: { libssl, servername: 'elsewhere' }, server: { libssl } })
    const error = await rejection(client.readable.cancel())
    expect(await rejection(client.opened)).toBe(error)
    await rejection(server.closed)
  })
})

describe('TlsConnection.writable', () => {
  it('tells by ready and desiredSize when to wait', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = await opened({
      transports: [transport, far], client: { libssl, highWaterMarkBytes: 1000 }, server: { libssl },
    })
    const writer = client.writable.getWriter()
    await writer.ready
    expect(writer.desiredSize).toBe(1000)
    transport.stall()
    void writer.write(noise(400))
    expect(writer.desiredSize).toBe(600)
    void writer.write(noise(700))
    expect(writer.desiredSize).toBe(-100)
    expect(await isPending(writer.ready)).toBe(true)
    transport.goOn()
    await writer.ready
    await readBytes(server.readable, 1100)
    writer.releaseLock()
    await closeBoth({ client, server })
  })

  it('aborts the connection when what is piped into it fails', async () => {
    const { client, server } = await open()
    const reason = new Error('no more')
    const source = new ReadableStream<Uint8Array>({ pull(controller) { controller.error(reason) } })
    expect(await rejection(source.pipeTo(client.writable as WritableStream<Uint8Array>))).toBe(reason)
    expect(await rejection(client.closed)).toBe(reason)
    await rejection(readAll(server.readable))
  })
})

describe('connect', () => {
  it('without libssl has an instance of its own', async () => {
    const before = libssl.allocatedBytes
    const { Instance } = WebAssembly
    let instances = 0
    WebAssembly.Instance = new Proxy(
      Instance, { construct: (target, args) => { instances++; return Reflect.construct(target, args) as object } },
    )
    const both = await opened().finally(() => { WebAssembly.Instance = Instance })
    expect(instances).toBe(2)
    expect(libssl.allocatedBytes).toBeLessThanOrEqual(before)
    await closeBoth(both)
  })

  it('throws the reason of a signal that is aborted already, and gives the transport up with it', async () => {
    const [transport, peer] = memoryTransportPair()
    const reason = new Error('too late')
    expect(() => connect(transport, { ...clientOptions(), signal: AbortSignal.abort(reason) })).toThrow(reason)
    expect(await rejection(peer.readable.getReader().read())).toBe(reason)
  })

  it.each(['with libssl', 'without libssl'])('ends with the very reason of its signal, at each moment, %s', async (which) => {
    for (const moment of ['at once', 'a turn later', 'in the handshake', 'when open', 'while closing', 'when closed']) {
      const controller = new AbortController()
      const reason = { moment }
      const [near, far] = memoryTransportPair()
      const server = moment === 'in the handshake' ? undefined : peersServer(far)
      const client = connect(near, { ...clientOptions(), ...(which === 'with libssl' && { libssl }), signal: controller.signal })
      if (moment === 'a turn later') await Promise.resolve()
      if (moment === 'in the handshake') await far.readable.getReader().read()
      if (moment.startsWith('w')) await client.opened
      if (moment === 'while closing') client.close({ waitForPeerMs: 60_000 }).catch(() => {})
      if (moment === 'when closed') await client.close()
      await (moment === 'while closing' ? turns() : undefined)
      controller.abort(reason)
      if (moment === 'when closed') {
        await client.closed
      } else {
        expect(await rejection(client.closed)).toBe(reason)
        expect(await rejection(readAll(client.readable))).toBe(reason)
        if (!moment.startsWith('w')) expect(await rejection(client.opened)).toBe(reason)
      }
      server?.abort()
    }
  })

  it('forgets its signal when the connection has ended', async () => {
    const controller = new AbortController()
    let listening = 0
    const { signal } = controller
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => { listening++; add(...args) }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => { listening--; remove(...args) }
    const both = await opened({ client: { libssl, signal }, server: { libssl } })
    expect(listening).toBe(1)
    await closeBoth(both)
    await turns(1)
    expect(listening).toBe(0)
  })

  it('tells its observer nothing before it has returned', async () => {
    const [near] = memoryTransportPair()
    let returned = false
    const connection = connect(near, { ...clientOptions(), libssl, onIo: () => { expect(returned).toBe(true) } })
    returned = true
    await turns()
    connection.abort()
    expect(await rejection(connection.closed)).toMatchObject({ name: 'AbortError' })
  })
})

function peersServer(transport: ReturnType<typeof memoryTransportPair>[1]): TlsConnection {
  return peers({ transports: [memoryTransportPair()[0], transport], server: { libssl } }).server
}
