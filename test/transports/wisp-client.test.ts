// What connectWisp does with servers of every kind. Servers by hand, so that they can be bad.

import { createServer as createTcpServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { ApiMisuseError } from '../../src/index.js'
import { connectWisp, WispCloseError, WispCloseReason, type ConnectWispOptions, type WebSocketLike } from '../../src/wisp.js'
import {
  CLOSE, closePacket, CONNECT, continuePacket, DATA, dataPacket, INFO, infoPacket, type Extension,
} from '../../src/transports/wisp/packets.js'
import { listening } from '../interop/peers/tcp.js'
import { isPending, noise, readAll, readBytes, rejection, same, standstill, turns, until, writeAll } from '../helpers/stream-peers.js'
import { clientOf, hostForTest, memoryDial, PageWebSocket, serverByHand, tcpDial, type ByHand } from '../helpers/wisp-peers.js'

const target = { host: 'a.example', port: 443 }

/** A server of version 1 that grants `packets`, and a client of it. */
async function version1(packets = 128, options: ConnectWispOptions = {}) {
  let peer!: ByHand
  const url = await serverByHand((client) => (peer = client).send(continuePacket(0, packets)))
  return { connection: await clientOf(url, { version: 1, ...options }), peer, url }
}

const introducing = (...extensions: Extension[]) => serverByHand((peer) => {
  peer.send(infoPacket({ major: 2, minor: 1, extensions }))
  void peer.nextOf(INFO).then(() => peer.send(continuePacket(0, 8)), () => {})
})

describe('connectWisp', () => {
  it('offers wisp-v2, and speaks version 2 with a server that introduces itself', async () => {
    const offers: string[] = []
    const url = await serverByHand((peer, protocols) => {
      offers.push(protocols)
      peer.send(infoPacket({ major: 2, minor: 0, extensions: [{ id: 4, payload: Buffer.from('be nice') }] }))
      void peer.next().then((packet) => {
        expect(packet).toMatchObject({ type: INFO, info: { major: 2, minor: 1, extensions: [{ id: 4 }] } })
        peer.send(continuePacket(0, 8))
      })
    })
    const connection = await clientOf(url)
    expect(connection).toMatchObject({ version: 2, motd: 'be nice' })
    expect(offers).toEqual(['wisp-v2'])
  })

  it('speaks version 1 with a server that selects the subprotocol and does not introduce itself', async () => {
    expect((await clientOf(await serverByHand((peer) => peer.send(continuePacket(0, 8))))).version).toBe(1)
  })

  it('asks once more, without a subprotocol, if the server selects none', async () => {
    const offers: string[] = []
    const url = await serverByHand((peer, protocols) => {
      offers.push(protocols)
      peer.send(continuePacket(0, 8))
    }, { handleProtocols: () => false })
    expect((await clientOf(url)).version).toBe(1)
    expect(offers).toEqual(['wisp-v2', ''])
    expect(await rejection(connectWisp(url, { WebSocket, version: 2 }))).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
  })

  it('insists on the version that it was told', async () => {
    const offers: string[] = []
    const one = await serverByHand((peer, protocols) => {
      offers.push(protocols)
      peer.send(continuePacket(0, 8))
    })
    expect(await rejection(connectWisp(one, { WebSocket, version: 2 }))).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
    await clientOf(one, { version: 1 })
    expect(offers).toEqual(['wisp-v2', ''])
    expect(await rejection(connectWisp(await introducing(), { WebSocket, version: 1 }))).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
  })

  it('takes a WebSocket that was made elsewhere', async () => {
    const { url } = await version1()
    const connection = await connectWisp(new WebSocket(url) as WebSocketLike)
    expect(connection.version).toBe(1)
    await connection.close()
  })

  it('gives user name and password to a server that wants them, and reports what it thinks of them', async () => {
    const host = await hostForTest({
      dial: memoryDial().dial, authenticate: (username, password) => username === 'me' && password === 'secret',
    })
    const connection = await clientOf(host.url, { credentials: { username: 'me', password: 'secret' } })
    expect(connection.version).toBe(2)
    const refused = await rejection(connectWisp(host.url, { WebSocket, credentials: { username: 'me', password: 'guess' } }))
    expect(refused).toBeInstanceOf(WispCloseError)
    expect(refused).toMatchObject({ code: 'ERR_TLS_TRANSPORT', reason: WispCloseReason.BAD_PASSWORD, reasonName: 'BAD_PASSWORD' })
    expect(await rejection(connectWisp(host.url, { WebSocket }))).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
    expect(await rejection(connectWisp(host.url, { WebSocket, version: 1 }))).toMatchObject({ reasonName: 'CREDENTIALS_WANTED' })
  })

  it('says that it does not speak key authentication, unless a password will do', async () => {
    const key = { id: 3, payload: Uint8Array.of(1, 1, 9, 9) }
    expect(await rejection(connectWisp(await introducing(key), { WebSocket }))).toMatchObject({ message: expect.stringContaining('key') })
    const url = await introducing(key, { id: 2, payload: Uint8Array.of(1) })
    expect(await rejection(connectWisp(url, { WebSocket }))).toMatchObject({ message: expect.stringContaining('key') })
    await clientOf(url, { credentials: { username: 'me', password: 'secret' } })
  })

  it.each([
    ['a broken packet', (peer: ByHand) => peer.send(Uint8Array.of(3, 0, 0, 0, 0, 1))],
    ['text', (peer: ByHand) => peer.socket.send('hello')],
    ['the end', (peer: ByHand) => peer.socket.close(1000)],
    ['a cut', (peer: ByHand) => peer.socket.terminate()],
    ['an introduction of version 1', (peer: ByHand) => peer.send(infoPacket({ major: 1, minor: 0, extensions: [] }))],
  ])('rejects when the server begins with %s', async (_, begin) => {
    expect(await rejection(connectWisp(await serverByHand(begin), { WebSocket }))).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
  })

  it('rejects when nobody listens, when the server says nothing, and when its signal aborts', async () => {
    const tcp = createTcpServer((socket) => void socket.on('error', () => {}).resume())
    const port = await listening(tcp)
    const silent = `ws://127.0.0.1:${port}/` // not even the WebSocket's handshake
    const signal = new AbortController()
    const aborted = rejection(connectWisp(silent, { WebSocket, signal: signal.signal }))
    await turns()
    signal.abort('changed my mind')
    expect(await aborted).toBe('changed my mind')
    expect(await rejection(connectWisp(silent, { WebSocket, signal: signal.signal }))).toBe('changed my mind')
    expect(await rejection(connectWisp(await serverByHand(() => {}), { WebSocket, handshakeTimeoutMs: 20 })))
      .toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
    await new Promise((resolve) => tcp.close(resolve))
    expect(await rejection(connectWisp(silent, { WebSocket }))).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
  })

  it('checks its options before anything else', async () => {
    const refused = (options: object, url = 'ws://127.0.0.1:1/') =>
      rejection(connectWisp(url, { WebSocket, ...options } as ConnectWispOptions))
    expect(await refused({ versoin: 2 })).toMatchObject({ code: 'ERR_TLS_UNKNOWN_OPTION', option: 'versoin' })
    expect(await refused({ version: 3 })).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'version' })
    expect(await refused({ maxBufferedBytes: 0.5 })).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'maxBufferedBytes' })
    expect(await refused({ credentials: { username: 'x'.repeat(256), password: '' } }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'credentials' })
    expect(await refused({}, 'not a url')).toMatchObject({ code: 'ERR_TLS_INVALID_ARGUMENT' })
  })
})

describe('a Wisp connection', () => {
  it('refuses UDP and targets that are none, and sends nothing of them', async () => {
    const { connection, peer } = await version1()
    const open = (value: object) => () => connection.open(value as typeof target)
    for (const bad of [
      { ...target, protocol: 'udp' }, { host: '', port: 1 }, { host: 'a b', port: 1 }, { host: 'é'.repeat(128), port: 1 },
      { host: 'a', port: 0 }, { host: 'a', port: 65536 },
    ]) {
      expect(open(bad)).toThrow(ApiMisuseError)
      expect(open(bad)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    }
    for (const [bad, option, words] of [
      [{ ...target, credentials: {} }, 'credentials', "'credentials' is an option of connectWisp()"],
      [{ hostname: 'a', port: 1 }, 'hostname', "did you mean 'host'?"],
    ] as const) {
      expect(open(bad))
        .toThrow(expect.objectContaining({ code: 'ERR_TLS_UNKNOWN_OPTION', option, message: expect.stringContaining(words) }))
    }
    for (const bad of ['localhost:993', undefined, null]) {
      expect(() => connection.open(bad as never))
        .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT', message: expect.stringContaining('must be { host, port }') }))
    }
    connection.open(target)
    expect(await peer.next()).toMatchObject({ type: CONNECT, streamId: 1, ...target })
  })

  it('sends no more packets than it was granted, and takes a grant for the whole', async () => {
    const { connection, peer } = await version1(2)
    const writer = connection.open(target).writable.getWriter()
    await peer.nextOf(CONNECT)
    const written = [1, 2, 3, 4, 5].map((byte) => writer.write(Uint8Array.of(byte)))
    expect([await peer.next(), await peer.next()]).toMatchObject([{ bytes: Uint8Array.of(1) }, { bytes: Uint8Array.of(2) }])
    expect(await isPending(written[2]!)).toBe(true)
    peer.send(continuePacket(1, 1))
    expect(await peer.next()).toMatchObject({ bytes: Uint8Array.of(3) })
    expect(await isPending(written[3]!)).toBe(true)
    peer.send(continuePacket(1, 0), continuePacket(1, 5), continuePacket(1, 2))
    await Promise.all(written)
  })

  it('keeps the end of writing to itself until the peer has ended', async () => {
    const { connection, peer } = await version1()
    const { readable, writable } = connection.open(target)
    await writable.close()
    await peer.nextOf(CONNECT)
    const next = peer.next()
    expect(await isPending(next)).toBe(true)
    peer.send(dataPacket(1, Uint8Array.of(7)), closePacket(1, WispCloseReason.VOLUNTARY))
    expect([...await readAll(readable)]).toEqual([7])
    expect(connection.streams).toBe(0)
    connection.open(target)
    expect(await next).toMatchObject({ type: CONNECT, streamId: 2 }) // no CLOSE for what the peer had closed
  })

  it('closes a stream that was closed for writing when nobody reads it any more', async () => {
    const { connection, peer } = await version1()
    const { readable, writable } = connection.open(target)
    await writable.close()
    await readable.cancel()
    expect(await peer.nextOf(CLOSE)).toEqual({ type: CLOSE, streamId: 1, reason: WispCloseReason.VOLUNTARY })
    expect(connection.streams).toBe(0)
  })

  it('tells the server of an abort with a reason that no clean end has', async () => {
    const { connection, peer } = await version1(1)
    const { readable, writable } = connection.open(target)
    const writer = writable.getWriter()
    const stuck = [writer.write(Uint8Array.of(1)), writer.write(Uint8Array.of(2))].map(rejection)
    stuck[0]!.catch(() => {}) // it was sent
    const reading = rejection(readable.getReader().read())
    await peer.nextOf(DATA)
    const reason = new Error('given up')
    await writer.abort(reason)
    expect(await peer.nextOf(CLOSE)).toMatchObject({ streamId: 1, reason: WispCloseReason.CLIENT_ERROR })
    expect(await reading).toBe(reason)
    await stuck[1]
  })

  it.each([
    [WispCloseReason.REFUSED, 'REFUSED', 'ERR_TLS_RELAY_CONNECTION_REFUSED'],
    [WispCloseReason.BLOCKED, 'BLOCKED', 'ERR_TLS_RELAY_TARGET_NOT_ALLOWED'],
    [WispCloseReason.UNSPECIFIED, 'UNSPECIFIED', 'ERR_TLS_TRANSPORT'], [0xee, undefined, 'ERR_TLS_TRANSPORT'],
  ])('fails both directions of a stream that the server closes with 0x%s', async (reason, reasonName, code) => {
    const { connection, peer } = await version1()
    const { readable, writable } = connection.open(target)
    const failures = [rejection(readAll(readable)), rejection(writable.getWriter().closed)]
    peer.send(closePacket(1, reason))
    for (const error of await Promise.all(failures)) {
      expect(error).toBeInstanceOf(WispCloseError)
      expect(error).toMatchObject({ code, reason, reasonName })
    }
    expect(connection.streams).toBe(0)
  })

  it('passes over packets of streams that are gone, and of types that it does not know', async () => {
    const { connection, peer } = await version1()
    const { readable } = connection.open(target)
    peer.send(
      dataPacket(9, Uint8Array.of(1)), continuePacket(9, 1), closePacket(9, 3), Uint8Array.of(0x77, 1, 0, 0, 0),
      dataPacket(1, new Uint8Array()), dataPacket(1, Uint8Array.of(4)),
    )
    expect([...await readBytes(readable, 1)]).toEqual([4])
  })

  it.each([
    ['the server breaks the protocol', (peer: ByHand) => peer.send(Uint8Array.of(2, 1))],
    ['the server closes the connection', (peer: ByHand) => peer.send(closePacket(0, WispCloseReason.NETWORK_ERROR))],
    ['the WebSocket is closed', (peer: ByHand) => peer.socket.close(1000)],
    ['the WebSocket is lost', (peer: ByHand) => peer.socket.terminate()],
  ])('fails its streams when %s, and opens no more', async (_, end) => {
    const { connection, peer } = await version1()
    const { readable, writable } = connection.open(target)
    const failures = [rejection(readAll(readable)), rejection(writable.getWriter().closed)]
    end(peer)
    for (const error of await Promise.all(failures)) expect(error).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
    await connection.closed
    expect(() => connection.open(target)).toThrow(expect.objectContaining({ code: 'ERR_TLS_TRANSPORT' }))
    expect(connection.streams).toBe(0)
  })

  it.each([
    ['the server closes the stream', (peer: ByHand) => peer.send(closePacket(1, WispCloseReason.NETWORK_ERROR))],
    ['the server closes the connection', (peer: ByHand) => peer.send(closePacket(0, WispCloseReason.NETWORK_ERROR))],
    ['the WebSocket is closed', (peer: ByHand) => peer.socket.close(1000)],
  ])('gives a reader that is late what came before %s, and then the error; the writer at once', async (_, end) => {
    const { connection, peer } = await version1()
    const { readable, writable } = connection.open(target)
    peer.send(dataPacket(1, new Uint8Array(100_000)), dataPacket(1, Uint8Array.of(7)))
    end(peer)
    const error = await rejection(writable.getWriter().closed)
    const reader = readable.getReader()
    const closed = rejection(reader.closed)
    expect((await reader.read()).value).toHaveLength(100_000)
    expect(await isPending(closed)).toBe(true)
    expect((await reader.read()).value).toEqual(Uint8Array.of(7))
    expect(await closed).toBe(error)
    expect(error).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
    expect(connection.streams).toBe(0)
  })

  it.each([
    ['the connection is closed', ({ connection }: Awaited<ReturnType<typeof version1>>) => void connection.close()],
    ['the server breaks the protocol', ({ peer }: Awaited<ReturnType<typeof version1>>) => peer.send(Uint8Array.of(2, 1))],
  ])('forgets what nobody has read when %s', async (_, end) => {
    const all = await version1()
    const { readable, writable } = all.connection.open(target)
    const marked = all.connection.open(target).readable
    all.peer.send(dataPacket(1, Uint8Array.of(7)), dataPacket(2, Uint8Array.of(7)))
    await readBytes(marked, 1) // so the other has come, too
    end(all)
    await rejection(writable.getWriter().closed)
    await rejection(readable.getReader().read())
  })

  it('ends when its signal aborts, and says so', async () => {
    const controller = new AbortController()
    const { connection, peer } = await version1(8, { signal: controller.signal })
    const reading = rejection(readAll(connection.open(target).readable))
    controller.abort('enough')
    expect(await reading).toBe('enough')
    await Promise.all([connection.closed, peer.closed])
  })

  it('fails the stream that nobody reads, and no other, where the WebSocket cannot wait', async () => {
    const socket = new PageWebSocket()
    const opened = connectWisp(socket as unknown as WebSocketLike, { maxBufferedBytes: 100_000 })
    socket.receive(continuePacket(0, 8).buffer)
    const connection = await opened
    const [slow, quick] = [connection.open(target), connection.open(target)]
    const heard = readBytes(quick.readable, 400_000)
    for (let packet = 0; packet < 10; packet++) {
      for (const id of [1, 2]) socket.receive(dataPacket(id, new Uint8Array(40_000)).buffer)
      await turns(1)
    }
    expect((await heard).byteLength).toBe(400_000)
    expect(await rejection(readAll(slow.readable))).toMatchObject({ code: 'ERR_TLS_TRANSPORT', message: expect.stringContaining('100000') })
    expect(socket.sent.filter(({ type }) => type === CLOSE)).toEqual([{ type: CLOSE, streamId: 1, reason: WispCloseReason.CLIENT_ERROR }])
    expect(connection.streams).toBe(1)
    const ended = connection.close()
    expect(socket.closes).toEqual([1000])
    socket.nowClosed(1000)
    await ended
  })
})

describe.each([1, 2] as const)('many streams on one WebSocket, version %s', (version) => {
  it('carry a hundred conversations at once', async () => {
    const echo = createTcpServer((socket) => socket.pipe(socket))
    const port = await listening(echo)
    onTestFinished(() => void echo.close())
    const host = await hostForTest({ dial: tcpDial })
    const connection = await clientOf(host.url, { version })
    await Promise.all(Array.from({ length: 100 }, async (_, index) => {
      const { readable, writable } = connection.open({ host: '127.0.0.1', port })
      const said = noise(100_000 + index, index)
      const [heard] = await Promise.all([readBytes(readable, said.byteLength), writeAll(writable, said, 7001)])
      expect(same(heard, said)).toBe(true)
      await writable.close()
      await readable.cancel()
    }))
    expect(connection.streams).toBe(0)
    await until(() => host.servers[0]!.streams === 0)
  })

  it('do not wait for one whose reader is slow before maxBufferedBytes, and lose nothing beyond', async () => {
    const { dial, far } = memoryDial()
    const host = await hostForTest({ dial })
    const connection = await clientOf(host.url, { version, maxBufferedBytes: 1024 * 1024 })
    const [slow, quick] = [connection.open(target), connection.open(target)]
    await until(() => far.length === 2)
    const [toSlow, toQuick] = far.map(({ writable }) => writable.getWriter())
    // Below the limit: the slow one holds up nobody.
    await toSlow!.write(new Uint8Array(900_000))
    const quickly = readBytes(quick.readable, 2_000_000)
    await toQuick!.write(noise(2_000_000))
    expect((await quickly).byteLength).toBe(2_000_000)
    // Beyond it, the WebSocket waits for the slow reader, and all with it.
    let written = 0
    const flood = (async () => {
      for (; written < 64; written++) await toSlow!.write(new Uint8Array(1024 * 1024))
    })()
    expect(await standstill(() => written)).toBeLessThan(64)
    const held = readBytes(quick.readable, 1)
    void toQuick!.write(Uint8Array.of(1))
    expect(await isPending(held)).toBe(true)
    expect((await readBytes(slow.readable, 900_000 + 64 * 1024 * 1024)).byteLength).toBe(900_000 + 64 * 1024 * 1024)
    await flood
    expect([...await held]).toEqual([1])
  })

  it('do not wait for one whose target is slow', async () => {
    const { dial, far } = memoryDial()
    const host = await hostForTest({ dial })
    const connection = await clientOf(host.url, { version })
    const [slow, quick] = [connection.open(target), connection.open(target)]
    await until(() => far.length === 2)
    const writer = slow.writable.getWriter()
    let written = 0
    const flood = (async () => {
      for (; written < 1000; written++) await writer.write(new Uint8Array(64 * 1024))
    })().catch(() => {})
    expect(await standstill(() => written)).toBeLessThan(1000)
    const said = noise(1_000_000)
    const [heard] = await Promise.all([readBytes(far[1]!.readable, said.byteLength), writeAll(quick.writable, said, 50_000)])
    expect(same(heard, said)).toBe(true)
    await writer.abort(new Error('enough'))
    await flood
  })
})
