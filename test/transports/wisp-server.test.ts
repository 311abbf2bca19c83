// What serveWisp does with clients of every kind, good and bad. Clients by hand, so that they can be bad.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryTransportPair, type ByteTransport } from '../../src/index.js'
import { serveWisp, WispCloseReason, type ServeWispOptions, type WebSocketLike, type WispLogEntry } from '../../src/wisp.js'
import { clientInfo, readServerInfo } from '../../src/transports/wisp/handshake.js'
import {
  CLOSE, closePacket, connectPacket, CONTINUE, continuePacket, DATA, dataPacket, INFO, infoPacket,
} from '../../src/transports/wisp/packets.js'
import { isPending, noise, readAll, readBytes, rejection, same, standstill, turns, until, writeAll } from '../helpers/stream-peers.js'
import { ByHand, hostForTest, memoryDial, PageWebSocket } from '../helpers/wisp-peers.js'

/** A client of version 1 whose server is ready. */
async function start(options: Partial<ServeWispOptions> = {}) {
  const { dial, far } = memoryDial()
  const log: WispLogEntry[] = []
  const host = await hostForTest({ dial, log: (entry) => log.push(entry), ...options })
  const client = await ByHand.client(host.url)
  const first = await client.next()
  /** Opens stream `id`; the far end of what was dialled. */
  const open = async (id: number): Promise<ByteTransport> => {
    const before = far.length
    client.send(connectPacket(id, 'a.example', 443))
    await client.nextOf(CONTINUE)
    return far[before]!
  }
  return { host, client, first, far, open, log, server: host.servers[0]! }
}

const fails = (code: string) => async () => { throw Object.assign(new Error('secret words'), { code }) }

describe('serveWisp', () => {
  it('tells a client of version 1 how much it may send, and nothing else', async () => {
    const { client, first } = await start({ bufferPackets: 7, motd: 'not for version 1' })
    expect(first).toEqual({ type: CONTINUE, streamId: 0, packets: 7 })
    client.send(connectPacket(1, '[::1]', 443))
    expect(await client.next()).toEqual({ type: CONTINUE, streamId: 1, packets: 7 })
  })

  it('introduces itself to a client that offered a subprotocol, and waits for its introduction', async () => {
    const host = await hostForTest({ dial: memoryDial().dial, motd: 'be nice' })
    const client = await ByHand.client(host.url, ['anything'])
    const { info } = await client.nextOf(INFO)
    expect(readServerInfo(info)).toMatchObject({ major: 2, motd: 'be nice', password: 'none', openConfirmation: true })
    client.send(infoPacket({ major: 2, minor: 0, extensions: [] }))
    expect(await client.next()).toEqual({ type: CONTINUE, streamId: 0, packets: 128 })
  })

  it('passes the target on as it was asked for, without the brackets of an address', async () => {
    const targets: unknown[] = []
    const { client } = await start({ dial: async (target) => { targets.push(target); return memoryTransportPair()[0] } })
    client.send(connectPacket(1, 'Mail.Example', 993), connectPacket(2, '[::1]', 1))
    await client.next()
    await client.next()
    expect(targets).toEqual([{ host: 'Mail.Example', port: 993 }, { host: '::1', port: 1 }])
  })

  it('carries bytes both ways, and what the target says before its end comes before CLOSE', async () => {
    const { client, open, log } = await start()
    const target = await open(9)
    client.send(dataPacket(9, Uint8Array.of(1, 2, 3)))
    expect([...await readBytes(target.readable, 3)]).toEqual([1, 2, 3])
    const said = noise(200_000)
    void writeAll(target.writable, said).then(() => target.writable.close())
    const heard: Uint8Array[] = []
    let packet
    while ((packet = await client.next()).type === DATA) heard.push(packet.bytes)
    expect(packet).toEqual({ type: CLOSE, streamId: 9, reason: WispCloseReason.VOLUNTARY })
    expect(same(Buffer.concat(heard), said)).toBe(true)
    expect(await readAll(target.readable)).toHaveLength(0)
    await until(() => log.length === 2)
    expect(log).toMatchObject([{ event: 'open', streamId: 9 }, { event: 'end', reason: 2, bytesToTarget: 3, bytesToClient: 200_000 }])
  })

  it.each([
    ['ECONNREFUSED', WispCloseReason.REFUSED], ['ENOTFOUND', WispCloseReason.UNREACHABLE], ['EHOSTUNREACH', WispCloseReason.UNREACHABLE],
    ['ETIMEDOUT', WispCloseReason.CONNECT_TIMEOUT], ['EACCES', WispCloseReason.BLOCKED], ['EINVAL', WispCloseReason.INVALID_TARGET],
    ['EBUSY', WispCloseReason.THROTTLED], ['EOTHER', WispCloseReason.UNSPECIFIED], ['toString', WispCloseReason.UNSPECIFIED],
  ])('says why a target was not reached: %s is %s', async (code, reason) => {
    const { client, log, server } = await start({ dial: fails(code) })
    client.send(connectPacket(1, 'a.example', 443))
    expect(await client.next()).toEqual({ type: CLOSE, streamId: 1, reason })
    await until(() => server.streams === 0)
    expect(log).toMatchObject([{ event: 'refuse', reason, error: { code } }])
  })

  it('finds the reason in a cause, and a time limit by its name', async () => {
    const failures = [
      new Error('outer', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }), new DOMException('', 'TimeoutError'), 'no error',
    ]
    const { client } = await start({ dial: async () => { throw failures.shift() } })
    const reasons: number[] = []
    for (const id of [1, 2, 3]) {
      client.send(connectPacket(id, 'a.example', 443))
      reasons.push((await client.nextOf(CLOSE)).reason)
    }
    expect(reasons).toEqual([WispCloseReason.REFUSED, WispCloseReason.CONNECT_TIMEOUT, WispCloseReason.UNSPECIFIED])
  })

  it('outlives a dial that throws at once, or gives what is no transport', async () => {
    const answers: ServeWispOptions['dial'][] = [() => { throw new Error('at once') }, async () => ({}) as ByteTransport]
    const { client, server } = await start({ dial: (target, signal) => answers.shift()!(target, signal) })
    for (const id of [1, 2]) {
      client.send(connectPacket(id, 'a.example', 443))
      expect(await client.next()).toMatchObject({ type: CLOSE, streamId: id })
    }
    await until(() => server.streams === 0)
  })

  it('refuses UDP, and a bad CONNECT, with a reason, and the connection goes on', async () => {
    const { client, open } = await start()
    const udp = connectPacket(1, 'a.example', 53)
    udp[5] = 2
    client.send(udp, connectPacket(2, 'a.example', 0), connectPacket(3, 'a\nb', 1), Uint8Array.of(1, 4, 0, 0, 0))
    for (const streamId of [1, 2, 3, 4]) {
      expect(await client.next()).toEqual({ type: CLOSE, streamId, reason: WispCloseReason.INVALID_TARGET })
    }
    await open(5)
  })

  it('passes over what it does not know: streams, types, CONTINUE, a second INFO', async () => {
    const { client, open, server } = await start()
    client.send(
      dataPacket(7, Uint8Array.of(1)), closePacket(7, 2), continuePacket(7, 1), Uint8Array.of(0x77, 1, 0, 0, 0),
      infoPacket({ major: 2, minor: 0, extensions: [] }),
    )
    const target = await open(1)
    client.send(dataPacket(1, Uint8Array.of(5)))
    expect([...await readBytes(target.readable, 1)]).toEqual([5])
    expect(server.streams).toBe(1)
  })

  it.each([
    ['a packet shorter than its header', Uint8Array.of(2, 1, 0), 1002],
    ['a broken packet of the connection itself', Uint8Array.of(4, 0, 0, 0, 0), 1002],
    ['stream 0', connectPacket(0, 'a.example', 1), 1002],
    ['text', 'CONNECT please', 1003],
    ['a message that is too long', dataPacket(1, new Uint8Array(1001)), 1009],
  ])('closes the connection upon %s, and its targets with it', async (_, message, code) => {
    const { client, open, server } = await start({ maxMessageBytes: 1000 })
    const target = await open(1)
    const cut = rejection(readAll(target.readable))
    client.socket.send(message)
    expect(await client.closed).toBe(code)
    await cut
    await server.closed
    expect(server.streams).toBe(0)
  })

  it('closes both when a client opens a stream of a number that it has', async () => {
    const { client, open } = await start()
    const cut = rejection(readAll((await open(1)).readable))
    client.send(connectPacket(1, 'b.example', 443))
    expect(await client.next()).toEqual({ type: CLOSE, streamId: 1, reason: WispCloseReason.INVALID_TARGET })
    await cut
    await open(1) // the number is free again
  })

  it('takes no more streams than it was told to, and counts those that are being dialled', async () => {
    const { client, server } = await start({
      maxStreams: 2, dial: (_, signal) => new Promise((__, reject) => { signal.addEventListener('abort', () => reject(signal.reason)) }),
    })
    client.send(...[1, 2, 3].map((id) => connectPacket(id, 'a.example', 443)))
    expect(await client.next()).toEqual({ type: CLOSE, streamId: 3, reason: WispCloseReason.THROTTLED })
    expect(server.streams).toBe(2)
    client.socket.terminate()
  })

  it('grants a whole buffer again once that much has gone to the target, and not before', async () => {
    const { client, open } = await start({ bufferPackets: 4 })
    const target = await open(1) // granted 4 at the start, and 4 when it was open
    const send = (count: number) => { for (let packet = 0; packet < count; packet++) client.send(dataPacket(1, new Uint8Array(70_000))) }
    send(8)
    await turns()
    const granted = client.next()
    expect(await isPending(granted)).toBe(true) // nobody reads at the target
    await readBytes(target.readable, 5 * 70_000)
    expect(await granted).toEqual({ type: CONTINUE, streamId: 1, packets: 4 })
  })

  it('ends a stream that brings more than was granted', async () => {
    const { client, open, log } = await start({ bufferPackets: 4 })
    const target = await open(1)
    for (let packet = 0; packet < 9; packet++) client.send(dataPacket(1, new Uint8Array(70_000)))
    expect(await client.next()).toEqual({ type: CLOSE, streamId: 1, reason: WispCloseReason.THROTTLED })
    await rejection(readAll(target.readable))
    await until(() => log.length === 2)
  })

  it('takes what is sent before the target is reached', async () => {
    let reached!: (transport: ByteTransport) => void
    const { client } = await start({ dial: () => new Promise((resolve) => { reached = resolve }) })
    client.send(connectPacket(1, 'a.example', 443), ...[1, 2, 3].map((byte) => dataPacket(1, Uint8Array.of(byte))))
    await until(() => reached !== undefined)
    const [near, far] = memoryTransportPair()
    reached(near)
    expect([...await readBytes(far.readable, 3)]).toEqual([1, 2, 3])
  })

  it.each([
    WispCloseReason.VOLUNTARY, WispCloseReason.UNSPECIFIED,
  ])('delivers what came before CLOSE %s, then ends the target in order', async (reason) => {
    const { client, open, server } = await start()
    const target = await open(1)
    const sent = noise(300_000)
    for (let at = 0; at < sent.byteLength; at += 10_000) client.send(dataPacket(1, sent.subarray(at, at + 10_000)))
    client.send(closePacket(1, reason))
    expect(same(await readAll(target.readable), sent)).toBe(true)
    await until(() => server.streams === 0)
  })

  it.each([WispCloseReason.NETWORK_ERROR, WispCloseReason.CLIENT_ERROR, 0xee])('cuts the target upon CLOSE %s', async (reason) => {
    const { client, open, server } = await start()
    const target = await open(1)
    const cut = [rejection(target.readable.getReader().read()), rejection(target.writable.getWriter().closed)]
    client.send(closePacket(1, reason))
    await Promise.all(cut)
    await until(() => server.streams === 0)
  })

  it.each([
    [WispCloseReason.CLIENT_ERROR, 1], [WispCloseReason.VOLUNTARY, 0],
  ])('upon CLOSE %s calls the reset of what was dialled %s times', async (reason, times) => {
    const { dial, far } = memoryDial()
    let resets = 0
    const { client, server } = await start({
      dial: async (target, signal) => ({ ...await dial(target, signal), reset: () => { resets++ } }),
    })
    client.send(connectPacket(1, 'a.example', 443))
    await client.nextOf(CONTINUE)
    const reading = Promise.allSettled([readAll(far[0]!.readable)])
    client.send(closePacket(1, reason))
    await reading
    await until(() => server.streams === 0)
    expect(resets).toBe(times)
  })

  it('aborts a dial that the client no longer wants, and gives up what it brings all the same', async () => {
    let reached!: (transport: ByteTransport) => void
    let aborted!: AbortSignal
    const { client, server, log } = await start({
      dial: (_, signal) => { aborted = signal; return new Promise((resolve) => { reached = resolve }) },
    })
    client.send(connectPacket(1, 'a.example', 443))
    await until(() => aborted !== undefined)
    client.send(closePacket(1, WispCloseReason.VOLUNTARY))
    await until(() => aborted.aborted)
    expect(server.streams).toBe(1)
    const [near, far] = memoryTransportPair()
    const cut = rejection(far.writable.getWriter().closed)
    reached(near)
    await cut
    await until(() => server.streams === 0)
    expect(log.map(({ event }) => event)).toEqual(['refuse'])
  })

  const leaves: [string, (client: ByHand) => void][] = [
    ['closes its stream in order', (client) => client.send(closePacket(1, WispCloseReason.VOLUNTARY))],
    ['closes the WebSocket', ({ socket }) => socket.close(1000)],
  ]

  it.each(leaves)('delivers what was sent before the target is reached by a client that %s', async (_, leave) => {
    let reached!: (transport: ByteTransport) => void
    const { client, server, log } = await start({ dial: () => new Promise((resolve) => { reached = resolve }) })
    client.send(connectPacket(1, 'a.example', 443), dataPacket(1, Uint8Array.of(1, 2)), dataPacket(1, Uint8Array.of(3)))
    await until(() => reached !== undefined)
    leave(client)
    client.socket.close(1000) // answered when the server has heard what was before it
    await client.closed
    expect(server.streams).toBe(1)
    const [near, far] = memoryTransportPair()
    reached(near)
    expect([...await readAll(far.readable)]).toEqual([1, 2, 3])
    await server.closed
    expect(log).toMatchObject([{ event: 'open', reason: 0 }, { event: 'end', reason: 2, error: undefined, bytesToTarget: 3 }])
  })

  it.each(['the target is not reached', 'the server is closing'])('lets go of what a client has left behind when %s', async (why) => {
    let fail!: (error: Error) => void
    const { client, server, log } = await start({
      dial: (_, signal) => new Promise((__, reject) => { fail = reject; signal.addEventListener('abort', () => reject(signal.reason)) }),
    })
    client.send(connectPacket(1, 'a.example', 443), dataPacket(1, Uint8Array.of(1)))
    await until(() => fail !== undefined)
    client.socket.close(1000)
    await client.closed
    if (why === 'the server is closing') void server.close()
    else fail(new Error(why))
    await server.closed
    expect(log).toMatchObject([{ event: 'refuse', reason: 2, error: { message: why } }])
  })

  it('does not dial for a client that has changed its mind already', async () => {
    const socket = new PageWebSocket()
    let dialled = 0
    const server = serveWisp(socket as unknown as WebSocketLike, { dial: async () => { dialled++; return memoryTransportPair()[0] } })
    socket.receive(connectPacket(1, 'a.example', 443).buffer)
    socket.receive(closePacket(1, WispCloseReason.VOLUNTARY).buffer)
    await until(() => server.streams === 0)
    expect(dialled).toBe(0)
    socket.nowClosed(1000)
    await server.closed
  })

  it('tells the client when the target fails', async () => {
    const { client, open, log } = await start()
    const target = await open(1)
    await target.writable.abort(new Error('reset'))
    expect(await client.next()).toEqual({ type: CLOSE, streamId: 1, reason: WispCloseReason.NETWORK_ERROR })
    await until(() => log.length === 2)
    expect(log[1]).toMatchObject({ event: 'end', error: { message: 'reset' } })
  })

  it('delivers what a target says that takes nothing any more, and then tells the client', async () => {
    const [near, target] = memoryTransportPair()
    let refused = false
    const writable = new WritableStream({
      write() {
        refused = true
        throw new Error('413')
      },
    })
    const { client, log } = await start({ dial: async () => ({ readable: near.readable, writable }) })
    client.send(connectPacket(1, 'a.example', 443), dataPacket(1, Uint8Array.of(1)))
    await client.nextOf(CONTINUE)
    await until(() => refused)
    await turns()
    const answer = noise(3000)
    await writeAll(target.writable, answer, 1000)
    await target.writable.abort(new Error('reset'))
    const heard: Uint8Array[] = []
    let packet
    while ((packet = await client.next()).type === DATA) heard.push(packet.bytes)
    expect(same(Buffer.concat(heard), answer)).toBe(true)
    expect(packet).toEqual({ type: CLOSE, streamId: 1, reason: WispCloseReason.NETWORK_ERROR })
    await until(() => log.length === 2)
    expect(log[1]).toMatchObject({ event: 'end', bytesToClient: 3000, error: { message: '413' } })
  })

  it('ends all targets in order when the client closes the WebSocket', async () => {
    const { client, open, server } = await start()
    const [one, other] = [await open(1), await open(2)]
    client.send(dataPacket(1, Uint8Array.of(1)))
    client.socket.close(1000)
    expect([...await readAll(one.readable)]).toEqual([1])
    expect(await readAll(other.readable)).toHaveLength(0)
    await server.closed
    expect(server.streams).toBe(0)
  })

  it('cuts all targets when the client is lost, and aborts what is being dialled', async () => {
    let dialling!: AbortSignal
    const { dial, far } = memoryDial()
    const { client, server } = await start({
      dial: (target,
        signal) => (target.port === 1
        ? new Promise((_, reject) => { (dialling = signal).addEventListener('abort', () => reject(signal.reason)) })
        : dial(target, signal)),
    })
    client.send(connectPacket(1, 'a.example', 443), connectPacket(2, 'a.example', 1))
    await client.next()
    await until(() => dialling !== undefined)
    const cut = rejection(readAll(far[0]!.readable))
    client.socket.terminate()
    await cut
    await server.closed
    expect(dialling.aborted).toBe(true)
  })

  it('close() ends everything', async () => {
    const { client, open, server } = await start()
    const cut = rejection(readAll((await open(1)).readable))
    await server.close()
    expect(await client.closed).toBe(1001)
    await cut
    expect(server.streams).toBe(0)
  })

  it('holds a bounded amount for targets that do not read: the WebSocket waits', async () => {
    const { client, open } = await start({ maxBufferedBytes: 1024 * 1024 })
    const targets = [await open(1), await open(2)]
    let sent = 0
    for (; sent < 96; sent++) for (const id of [1, 2]) client.send(dataPacket(id, new Uint8Array(256 * 1024)))
    // 48 MiB are under way, more than the system's buffers take.
    expect(await standstill(() => client.socket.bufferedAmount)).toBeGreaterThan(0)
    const received = await Promise.all(targets.map(({ readable }) => readBytes(readable, sent * 256 * 1024)))
    expect(received.map(({ byteLength }) => byteLength)).toEqual([sent * 256 * 1024, sent * 256 * 1024])
  })

  it('forgets what waited for targets that are gone', async () => {
    const { client, open, far, server } = await start({ maxBufferedBytes: 100_000 })
    for (let id = 1; id <= 6; id++) {
      const target = await open(id)
      client.send(dataPacket(id, new Uint8Array(70_000)), dataPacket(id, new Uint8Array(20_000))) // one is being written, one waits
      await turns()
      if (id % 2) client.send(closePacket(id, WispCloseReason.NETWORK_ERROR))
      else await target.readable.cancel(new Error('reset'))
      await until(() => server.streams === 0)
    }
    await open(7)
    client.send(dataPacket(7, Uint8Array.of(1)))
    expect([...await readBytes(far[6]!.readable, 1)]).toEqual([1])
  })

  it('where the WebSocket cannot wait, closes the stream that brought too much', async () => {
    const socket = new PageWebSocket()
    const { dial, far } = memoryDial()
    const server = serveWisp(socket as unknown as WebSocketLike, { dial, maxBufferedBytes: 100_000 })
    for (const id of [1, 2]) socket.receive(connectPacket(id, 'a.example', 443).buffer)
    await until(() => far.length === 2)
    socket.receive(dataPacket(1, new Uint8Array(10_000)).buffer)
    for (let packet = 0; packet < 4; packet++) socket.receive(dataPacket(2, new Uint8Array(70_000)).buffer)
    expect(socket.sent.filter(({ type }) => type === CLOSE)).toEqual([{ type: CLOSE, streamId: 2, reason: WispCloseReason.THROTTLED }])
    await rejection(readAll(far[1]!.readable))
    expect(await readBytes(far[0]!.readable, 10_000)).toHaveLength(10_000)
    socket.nowClosed(1000)
    await server.closed
  })

  it('does not read targets while the client does not read, and serves them by turns', async () => {
    const socket = new PageWebSocket()
    const { dial, far } = memoryDial()
    const server = serveWisp(socket as unknown as WebSocketLike, { dial, highWaterMarkBytes: 1000 })
    for (const id of [1, 2]) socket.receive(connectPacket(id, 'a.example', 443).buffer)
    await until(() => far.length === 2)
    socket.bufferedAmount = 1001
    const writers = far.map(({ writable }) => writable.getWriter())
    let accepted = 0
    for (const writer of writers) {
      writer.closed.catch(() => {})
      void (async () => {
        for (let chunk = 0; chunk < 40; chunk++, accepted++) await writer.write(new Uint8Array(50_000))
      })().catch(() => {})
    }
    expect(await standstill(() => accepted)).toBeLessThan(20)
    expect(socket.sent.filter(({ type }) => type === DATA)).toHaveLength(0)
    socket.bufferedAmount = 0
    await until(() => socket.sent.filter(({ type }) => type === DATA).length >= 20)
    const order = socket.sent.filter(({ type }) => type === DATA).map(({ streamId }) => streamId)
    expect(order.slice(0, 20).filter((id) => id === 1).length).toBe(10)
    socket.nowClosed(1006)
    await server.closed
  })

  it('lets go of a client that sends and sends, and hears nothing', async () => {
    const socket = new PageWebSocket()
    const server = serveWisp(socket as unknown as WebSocketLike, { dial: memoryDial().dial })
    socket.bufferedAmount = 64 * 1024 * 1024
    socket.receive(connectPacket(1, 'a.example', 0).buffer)
    expect(socket.closes).toEqual([1008])
    socket.nowClosed(1008)
    await server.closed
  })

  it('checks its options, and that the WebSocket is open', () => {
    const dial = memoryDial().dial
    const serve = (options: object) => () => serveWisp(new PageWebSocket() as unknown as WebSocketLike, options as ServeWispOptions)
    expect(serve({})).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'dial' }))
    expect(serve({ dial, maxStream: 1 })).toThrow(expect.objectContaining({ code: 'ERR_TLS_UNKNOWN_OPTION', option: 'maxStream' }))
    expect(serve({ dial, maxStreams: 0 })).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'maxStreams' }))
    expect(serve({ dial, version: 3 })).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'version' }))
    const connecting = Object.assign(new PageWebSocket(), { readyState: 0 })
    expect(() => serveWisp(connecting as unknown as WebSocketLike, { dial }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_STATE' }))
  })
})

describe('serveWisp, version 2', () => {
  const introduced = async (options: Partial<ServeWispOptions>, credentials?: { username: string; password: string }) => {
    const host = await hostForTest({ dial: memoryDial().dial, ...options })
    const client = await ByHand.client(host.url, ['wisp-v2'])
    const { info } = await client.nextOf(INFO)
    client.send(infoPacket(clientInfo(readServerInfo(info), credentials)))
    return client
  }
  const authenticate = async (username: string, password: string) => username === 'me' && password === 'secret'

  it('lets in who is known', async () => {
    const client = await introduced({ authenticate }, { username: 'me', password: 'secret' })
    expect(await client.next()).toMatchObject({ type: CONTINUE, streamId: 0 })
  })

  it.each([
    ['a wrong password', { username: 'me', password: 'guess' }, authenticate, WispCloseReason.BAD_PASSWORD],
    ['no password', undefined, authenticate, WispCloseReason.CREDENTIALS_WANTED],
    ['a judge that fails', { username: 'me', password: 'secret' }, async () => { throw new Error('database') },
      WispCloseReason.BAD_PASSWORD],
  ])('refuses %s', async (_, credentials, judge, reason) => {
    const client = await introduced({ authenticate: judge }, credentials)
    expect(await client.next()).toEqual({ type: CLOSE, streamId: 0, reason })
    expect(await client.closed).toBe(1008)
  })

  it('refuses a client of version 1 if it has to know its clients', async () => {
    const host = await hostForTest({ dial: memoryDial().dial, authenticate })
    const client = await ByHand.client(host.url)
    expect(await client.next()).toEqual({ type: CLOSE, streamId: 0, reason: WispCloseReason.CREDENTIALS_WANTED })
    expect(await client.closed).toBe(1008)
  })

  it.each([
    ['a stream', connectPacket(1, 'a.example', 443)], ['an introduction of version 1', infoPacket({ major: 1, minor: 0, extensions: [] })],
  ])('refuses %s in the place of an introduction', async (_, packet) => {
    const host = await hostForTest({ dial: memoryDial().dial })
    const client = await ByHand.client(host.url, ['wisp-v2'])
    client.send(packet)
    expect(await client.nextOf(CLOSE)).toEqual({ type: CLOSE, streamId: 0, reason: WispCloseReason.INCOMPATIBLE })
    await client.closed
  })

  it('does not wait for ever for an introduction', async () => {
    const host = await hostForTest({ dial: memoryDial().dial, handshakeTimeoutMs: 20 })
    const client = await ByHand.client(host.url, ['wisp-v2'])
    expect(await client.nextOf(CLOSE)).toMatchObject({ reason: WispCloseReason.INCOMPATIBLE })
    await client.closed
  })

  it('ends each direction for itself with a client of ours', async () => {
    const { dial, far } = memoryDial()
    const client = await introduced({ dial })
    client.send(connectPacket(1, 'a.example', 443), dataPacket(1, Uint8Array.of(1)), dataPacket(1, new Uint8Array()))
    await client.nextOf(CONTINUE)
    await client.nextOf(CONTINUE)
    expect([...await readAll(far[0]!.readable)]).toEqual([1])
    await writeAll(far[0]!.writable, Uint8Array.of(2))
    await far[0]!.writable.close()
    expect(await client.next()).toMatchObject({ type: DATA, bytes: Uint8Array.of(2) })
    expect(await client.next()).toMatchObject({ type: CLOSE, reason: WispCloseReason.VOLUNTARY })
  })
})

describe('serveWisp and chance', () => {
  it('survives whatever is sent to it, keeps nothing, and serves the next', async () => {
    const { dial, far } = memoryDial()
    const message = fc.oneof(
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
      { weight: 6, arbitrary: fc.tuple(fc.nat(6), fc.nat(4), fc.uint8Array({ maxLength: 12 }))
        .map(([type, id, rest]) => Uint8Array.of(type, id, 0, 0, 0, ...rest)) },
      { weight: 6, arbitrary: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 9 }))
        .map(([id, port]) => connectPacket(id, 'a.example', port)) },
    )
    await fc.assert(fc.asyncProperty(fc.boolean(), fc.array(
      message, { maxLength: 40 },
    ), fc.constantFrom(1000, 1006), async (introduce, messages, code) => {
      const socket = new PageWebSocket()
      const server = serveWisp(socket as unknown as WebSocketLike, {
        version: introduce ? 2 : 1,
        maxStreams: 3,
        dial: (target, signal) => (target.port > 7 ? fails('ECONNREFUSED')() : dial(target, signal)),
      })
      if (introduce) socket.receive(infoPacket({ major: 2, minor: 1, extensions: [] }).buffer)
      for (const bytes of messages) {
        socket.receive(bytes.slice().buffer)
        if (bytes.byteLength % 3 === 0) await turns(1)
      }
      await turns(1)
      expect(server.streams).toBeLessThanOrEqual(3)
      const reading = Promise.allSettled(far.splice(0).map(({ readable }) => readAll(readable)))
      socket.nowClosed(code)
      await server.closed
      await reading
      expect(server.streams).toBe(0)
    }), { numRuns: 200 })
  })
})
