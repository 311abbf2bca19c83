// What a tunnel carries, how it ends, and who waits for whom, seen from outside over real sockets.

import { createHash, randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { Bridge } from '../../src/apps/relay/bridge.js'
import { connectTarget } from '../../src/apps/relay/connect-target.js'
import type { RelaySocket } from '../../src/apps/relay/visitor.js'
import { collect, collectSocket, MiB, pour, settled, sha256 } from '../helpers/flows.js'
import { closing, openTunnelTo, openWebSocket, setUpRelay } from '../helpers/relays.js'
import { until } from '../helpers/streams.js'
import { startTarget } from '../helpers/tunnels.js'

const empty = Buffer.alloc(0)

describe('Bridge', () => {
  it('carries what is sent in chunks of any size, both ways, and counts it', async () => {
    const { relay, target, log } = await setUpRelay({}, (socket) => socket.pipe(socket))
    const client = await openTunnelTo(target, relay)
    const sent = randomBytes(2 * MiB)
    const echo = collect(client)
    for (let at = 0; at < sent.length;) {
      const end = at + randomInt(1, 40_000)
      client.send(sent.subarray(at, end))
      at = end
    }
    client.send(empty)
    expect(sha256(await echo.ended)).toBe(sha256(sent))
    expect(await closing(client)).toEqual([1000, 'both directions ended'])
    await until(() => relay.connections === 0)
    expect(log.map(({ event }) => event)).toEqual(['open', 'end'])
    expect(log[1]).toMatchObject({ bytesToTarget: sent.length, bytesToClient: sent.length, status: 101, target: target.address })
    expect(log[1]?.durationMs).toBeGreaterThanOrEqual(0)
    expect(log[1]?.client).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it('passes on the client\'s end, and then the whole answer of the target', async () => {
    const answer = randomBytes(MiB)
    const { relay, target } = await setUpRelay({}, (socket) => socket.resume().once('end', () => socket.end(answer)))
    const client = await openTunnelTo(target, relay)
    const received = collect(client)
    client.send('question?' as unknown as Buffer, { binary: true })
    client.send(empty)
    expect(sha256(await received.ended)).toBe(sha256(answer))
    expect((await closing(client))[0]).toBe(1000)
  })

  it('passes on the target\'s end, and then all that the client still sends', async () => {
    const { relay, target } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    const received = collect(client)
    target.sockets[0]!.end('hello')
    expect(String(await received.ended)).toBe('hello')
    const sent = randomBytes(MiB)
    const arrived = collectSocket(target.sockets[0]!)
    for (let at = 0; at < sent.length; at += 10_000) client.send(sent.subarray(at, at + 10_000))
    client.send(empty)
    expect(sha256(await arrived)).toBe(sha256(sent))
    expect((await closing(client))[0]).toBe(1000)
  })

  it('closes with 1003 after a text message, and resets the target', async () => {
    const { relay, target } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    const reset = once(target.sockets[0]!.resume(), 'error')
    client.send('text')
    expect(await closing(client)).toEqual([1003, 'binary messages only'])
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }])
  })

  it('closes with 1009 after a message that is too long, and takes one that is not', async () => {
    const { relay, target } = await setUpRelay({ maxMessageBytes: 1000 })
    const client = await openTunnelTo(target, relay)
    client.send(Buffer.alloc(1000))
    client.send(Buffer.alloc(1001))
    expect((await closing(client))[0]).toBe(1009)
    await until(() => relay.connections === 0)
  })

  it('closes with 1002 after a message that follows the end', async () => {
    const { relay, target } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    client.send(empty)
    client.send(Buffer.alloc(1))
    expect(await closing(client)).toEqual([1002, 'a message after the end'])
  })

  it('closes with 1011 when the target resets the connection', async () => {
    const { relay, target, log } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    target.sockets[0]!.resetAndDestroy()
    expect(await closing(client)).toEqual([1011, 'target: ECONNRESET'])
    await until(() => log.length === 2)
    expect(log[1]).toMatchObject({ event: 'end', result: 'target: ECONNRESET' })
  })

  it('closes a target that is reset while its end is on its way to the system', async () => {
    const target = await startTarget((socket) => socket.resume())
    onTestFinished(() => target.close())
    const { writable, reset, closed } = await connectTarget(target, new AbortController().signal)
    writable.close().catch(() => {}) // it may be given up
    for (let microtask = 0; microtask < 10; microtask++) await Promise.resolve() // to the end, without a turn of the event loop
    reset()
    await closed
  })

  it.each([1000, 1001, undefined])('delivers everything, then ends the target, when the client closes with %s', async (code) => {
    const { relay, target } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    const sent = randomBytes(4 * MiB)
    for (let at = 0; at < sent.length; at += MiB) client.send(sent.subarray(at, at + MiB))
    client.close(code)
    expect(sha256(await collectSocket(target.sockets[0]!))).toBe(sha256(sent))
    target.sockets[0]!.end()
    await until(() => relay.connections === 0)
  })

  it('lets go of a target that does not end after the client has closed', async () => {
    const { relay, target } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    target.sockets[0]!.resume()
    client.close(1000)
    await vi.waitFor(() => expect(relay.connections).toBe(0), { timeout: 30_000 })
  })

  it.each(['reads', 'does not read'])('resets a target that %s when the client is lost', async (how) => {
    const { relay, target, log } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    client.send(Buffer.alloc(1000))
    await until(() => target.sockets[0]!.readableLength > 0)
    const reset = once(target.sockets[0]!, 'error')
    if (how === 'reads') target.sockets[0]!.resume()
    client.terminate()
    await until(() => relay.connections === 0)
    expect(log[1]).toMatchObject({ result: 'the client was lost (1006)', bytesToTarget: 1000 })
    target.sockets[0]!.resume() // a socket that does not read learns nothing
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }])
  })

  it('says of a client that aborts its tunnel that it gave up', async () => {
    const { relay, target, log } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    client.close(4000)
    await until(() => relay.connections === 0)
    expect(log[1]).toMatchObject({ result: 'the client gave up (4000)' })
  })

  it('stops reading from the client while the target does not read, and loses nothing', async () => {
    const { relay, target, log } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    const flood = pour((chunk, taken) => client.send(chunk, taken))
    expect(await settled(() => flood.taken)).toBeLessThan(24 * MiB) // most of it in the system's own buffers
    const arrived = createHash('sha256')
    target.sockets[0]!.on('data', (chunk) => arrived.update(chunk))
    const ended = once(target.sockets[0]!, 'end')
    const sent = await flood.done
    client.send(empty)
    await ended
    expect(arrived.digest('hex')).toBe(sent)
    target.sockets[0]!.end()
    expect((await closing(client))[0]).toBe(1000)
    await until(() => log.length === 2)
    expect(log[1]?.bytesToTarget).toBe(flood.taken)
  })

  it('stops reading from the target while the client does not read, and loses nothing', async () => {
    const { relay, target } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    client.pause()
    const flood = pour((chunk, taken) => target.sockets[0]!.write(chunk, taken))
    expect(await settled(() => flood.taken)).toBeLessThan(24 * MiB)
    const arrived = createHash('sha256')
    const ended = new Promise<void>((resolve) => client.on('message', (data: Buffer) => {
      if (data.length === 0) resolve()
      arrived.update(data)
    }))
    client.resume()
    const sent = await flood.done
    target.sockets[0]!.end()
    await ended
    expect(arrived.digest('hex')).toBe(sent)
    client.send(empty)
    expect((await closing(client))[0]).toBe(1000)
  })

  it('reads on from a client that has ended while the target was slow', async () => {
    const { relay, target } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    client.send(Buffer.alloc(MiB)) // more than the relay passes on without waiting
    client.send(empty)
    await collectSocket(target.sockets[0]!)
    client.close(1000)
    expect((await closing(client))[0]).toBe(1000)
  }, 10_000)

  it('closes with 1011 when the target resets the connection while it does not read', async () => {
    const { relay, target } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    const flood = pour((chunk, taken) => client.send(chunk, taken))
    await settled(() => flood.taken)
    target.sockets[0]!.resetAndDestroy()
    expect(await closing(client)).toEqual([1011, expect.stringMatching(/^target: (ECONNRESET|EPIPE)$/)])
  }, 10_000)

  it('notices that the client is lost even while it does not read from it', async () => {
    const target = await startTarget()
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    onTestFinished(() => server.close())
    await once(server, 'listening')
    const client = openWebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'open')])
    const toTarget = await connectTarget({ port: target.port, host: '127.0.0.1' }, new AbortController().signal)
    const tunnel = new Bridge(accepted as RelaySocket, toTarget, {
      highWaterMarkBytes: MiB, windowBytes: MiB, maxMessageBytes: MiB, idleTimeoutMs: 0, graceMs: 1000, clientTimeoutMs: 240,
    })
    const flood = pour((chunk, taken) => client.send(chunk, taken))
    await settled(() => flood.taken)
    await until(() => (accepted as WebSocket).isPaused)
    client.terminate()
    expect(await tunnel.ended).toMatch(/ECONNRESET|EPIPE|lost/)
  })
})
