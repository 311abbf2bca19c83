// Long because the whole of the relay is seen from outside here, over real sockets, with one set of helpers at the end.

import { createHash, randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { connectTarget } from '../../src/apps/relay/connect-target.js'
import { startRelay, type Relay, type RelayLogEntry, type RelayOptions } from '../../src/apps/relay/relay.js'
import { parseRequestTarget } from '../../src/apps/relay/request-target.js'
import { parseTarget } from '../../src/transports/target.js'
import { Bridge } from '../../src/apps/relay/bridge.js'
import type { RelaySocket } from '../../src/apps/relay/visitor.js'

const MiB = 1024 * 1024
const empty = Buffer.alloc(0)
const cleanups: (() => unknown)[] = []
const closings = new WeakMap<WebSocket, Promise<[number, string]>>()

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

describe('startRelay', () => {
  it('listens on this machine alone by default, and says where', async () => {
    const { relay } = await relayTo()
    expect(relay.host).toBe('127.0.0.1')
    expect(relay.port).toBeGreaterThan(0)
    expect(relay.url).toBe(`ws://127.0.0.1:${relay.port}`)
  })

  it('refuses an unknown option by name', async () => {
    await expect(startRelay({ allowed: [] } as RelayOptions)).rejects.toMatchObject({ code: 'ERR_TLS_UNKNOWN_OPTION', option: 'allowed' })
    await expect(startRelay({ hostname: 'x' } as RelayOptions)).rejects.toMatchObject({ message: expect.stringContaining("did you mean 'host'?") })
    await expect(startRelay({ timeout: 1 } as RelayOptions)).rejects.toMatchObject({ message: expect.stringContaining("did you mean 'connectTimeoutMs'?") })
  })

  it.each<[string, unknown]>([
    ['host', 1], ['host', ''], ['port', '80'], ['port', -1], ['port', 65536], ['allow', 'localhost:1'], ['allow', ['localhost']],
    ['allow', [1]], ['origins', ['https://app.example/']], ['origins', ['*']], ['origins', {}], ['maxConnections', 0], ['maxConnections', 1.5],
    ['maxMessageBytes', Infinity], ['maxBufferedBytes', 100 * 512 * 1024 - 1], ['maxBufferedBytes', '1 GiB'], ['connectTimeoutMs', 0], ['highWaterMarkBytes', NaN], ['log', true],
  ])('refuses a wrong option %s: %j', async (option, value) => {
    await expect(startRelay({ [option]: value })).rejects.toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_OPTION', option })
  })

  it('rejects with the system\'s error where it cannot listen', async () => {
    const { relay } = await relayTo()
    await expect(startRelay({ port: relay.port })).rejects.toMatchObject({ code: 'ERR_TLS_TRANSPORT', cause: { code: 'EADDRINUSE' } })
  })
})

describe('parseTarget', () => {
  it.each([
    ['Mail.Example:993', { host: 'mail.example', port: 993 }], ['127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
    ['[::1]:443', { host: '::1', port: 443 }], ['[2001:DB8::1]:65535', { host: '2001:db8::1', port: 65535 }],
  ])('reads %s', (text, target) => expect(parseTarget(text)).toEqual(target))

  it.each([
    '', 'host', 'host:', ':1', 'host:0', 'host:01', 'host:65536', 'host:1x', 'host:-1', '::1:443', '[host]:1', '[::1]', 'a b:1', 'a/b:1',
    'user@host:1', 'host:1\n', 'h\u00f6st:1',
  ])('refuses %j', (text) => expect(parseTarget(text)).toBeUndefined())

  it('reads a percent-encoded path, and no query', () => {
    expect(parseRequestTarget('/%5B::1%5D%3A443')).toEqual({ host: '::1', port: 443 })
    for (const path of ['host:1', '//host:1', '/host:1?a', '/%', '/host%00:1']) expect(parseRequestTarget(path)).toBeUndefined()
  })
})

describe('Relay admission', () => {
  it('refuses a target that is not on the list with 403', async () => {
    const { relay, target, log } = await relayTo({}, { allow: [] })
    expect(await refusal(relay, `127.0.0.1:${target.port}`)).toEqual([403, 'this target is not allowed\n'])
    expect(log).toMatchObject([{ event: 'refuse', status: 403, target: `127.0.0.1:${target.port}`, origin: undefined }])
    expect(target.sockets).toHaveLength(0)
  })

  it('allows a target that is added later', async () => {
    const { relay, target } = await relayTo({}, { allow: [] })
    relay.allow(`127.0.0.1:${target.port}`)
    await open(relay, target)
    expect(() => relay.allow('nonsense')).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }) as Error)
  })

  it('takes upper and lower case in a host for one', async () => {
    const target = await startTarget()
    const { relay } = await relayTo({}, { allow: [`LocalHost:${target.port}`] })
    await once(track(new WebSocket(`${relay.url}/lOCALhOST:${target.port}`)), 'open')
  })

  it.each([
    ['', ''], ['localhost', ''], ['localhost:0', ''], ['%zz', ''], ['localhost:1/x', ''], ['localhost:1?x', ', without a query'],
    ['localhost:1/', ', without a slash at its end'], ['[::1]:1/', ', without a slash at its end'], ['?x', ''],
  ])('refuses the path /%s with 400', async (path, more) => {
    const { relay } = await relayTo()
    expect(await refusal(relay, path)).toEqual([400, `the path must be /host:port${more}\n`])
  })

  it.each(['https://evil.example', 'https://app.example.evil.example', 'null', 'http://app.example'])('refuses the origin %s with 403', async (origin) => {
    const { relay, target } = await relayTo({}, { origins: ['https://app.example'] })
    expect(await refusal(relay, `127.0.0.1:${target.port}`, { origin })).toEqual([403, 'this origin is not allowed\n'])
  })

  it('refuses a foreign origin under the header\'s former name', async () => {
    const { relay, target } = await relayTo()
    const [status] = await refusal(relay, `127.0.0.1:${target.port}`, { protocolVersion: 8, origin: 'https://evil.example' })
    expect(status).toBe(403)
  })

  it('accepts an origin on the list', async () => {
    const { relay, target, log } = await relayTo({}, { origins: ['https://app.example'] })
    await open(relay, target, { origin: 'https://app.example' })
    expect(log).toMatchObject([{ event: 'open', status: 101, origin: 'https://app.example' }])
  })

  it('refuses one connection too many with 503, and has room again after one ends', async () => {
    const { relay, target } = await relayTo(polite, { maxConnections: 2 })
    const first = await open(relay, target)
    await open(relay, target)
    expect(relay.connections).toBe(2)
    expect(await refusal(relay, `127.0.0.1:${target.port}`)).toEqual([503, 'too many connections\n'])
    first.close(1000)
    await until(() => relay.connections === 1)
    await open(relay, target)
  })

  it('answers 502 for a target that refuses the connection', async () => {
    const port = await unusedPort()
    const { relay } = await relayTo({}, { allow: [`127.0.0.1:${port}`] })
    expect(await refusal(relay, `127.0.0.1:${port}`)).toEqual([502, 'cannot reach the target: ECONNREFUSED\n'])
    await until(() => relay.connections === 0)
  })

  it('answers 502 for a target that does not answer in time', async () => {
    const port = await deafPort()
    const { relay } = await relayTo({}, { allow: [`127.0.0.1:${port}`], connectTimeoutMs: 50 })
    expect(await refusal(relay, `127.0.0.1:${port}`)).toEqual([502, 'cannot reach the target: ETIMEDOUT\n'])
  })

  it('says by close codes that there are too many connections, that the target does not answer, and that it closes', async () => {
    const port = await deafPort()
    const allow = [`127.0.0.1:${port}`]
    const { relay } = await relayTo({}, { allow, connectTimeoutMs: 50 })
    const ask = (to: Relay) => track(new WebSocket(`${to.url}/127.0.0.1:${port}`, 'libssl-wasm.raw.v1'))
    expect(await closing(ask(relay))).toEqual([4014, 'cannot reach the target: ETIMEDOUT'])
    const { relay: small } = await relayTo({}, { allow, connectTimeoutMs: 60_000, maxConnections: 1 })
    const waiting = ask(small)
    await until(() => small.connections === 1)
    expect(await closing(ask(small))).toEqual([4016, 'too many connections'])
    await small.close()
    expect(await closing(waiting)).toEqual([1001, 'the relay is closing'])
  })

  it('cuts off a client that it has refused and that does not answer the close', async () => {
    const { relay, target } = await relayTo({}, { allow: [] })
    const client = await requestByHand(relay, `/127.0.0.1:${target.port}`, ['Sec-WebSocket-Protocol: libssl-wasm.raw.v1'])
    await once(client.resume(), 'end')
    expect(relay.connections).toBe(0)
  })

  it('gives up the target when the client goes away before it is reached', async () => {
    const port = await deafPort()
    const { relay, log } = await relayTo({}, { allow: [`127.0.0.1:${port}`], connectTimeoutMs: 60_000 })
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const client = await upgradeByHand(relay, `/127.0.0.1:${port}`)
      await until(() => relay.connections === 1)
      client[leave]()
      await until(() => relay.connections === 0)
    }
    expect(log).toMatchObject([0, 0].map((status) => ({ event: 'refuse', status, result: 'the client went away' })))
  })

  it('answers 426 to an ordinary request and 400 to another upgrade', async () => {
    const { relay, target } = await relayTo()
    const url = relay.url.replace('ws:', 'http:')
    const [ordinary] = await once(get(url), 'response')
    expect(ordinary.resume().statusCode).toBe(426)
    const [other] = await once(get(`${url}/127.0.0.1:${target.port}`, { headers: { connection: 'upgrade', upgrade: 'h2c' } }), 'response')
    expect(other.resume().statusCode).toBe(400)
  })

  it.each([
    ['a key that is too short', 'Sec-WebSocket-Key: short', 400], ['no key', 'X: y', 400], ['a version that is not known', 'Sec-WebSocket-Version: 7', 426],
    ['no version', 'X: y', 426], ['names of subprotocols that are none', 'Sec-WebSocket-Protocol: a/b', 400],
    ['a subprotocol offered twice', 'Sec-WebSocket-Protocol: a, a', 400], ['another method', 'POST', 405],
  ])('dials no target for a WebSocket handshake with %s', async (what, line, status) => {
    const { relay, target, log } = await relayTo(polite)
    const replaced = what.includes('key') ? 'Sec-WebSocket-Key' : what.includes('version') ? 'Sec-WebSocket-Version' : 'X'
    const client = await requestByHand(relay, `/127.0.0.1:${target.port}`, line === 'POST' ? [] : [line], line === 'POST' ? line : 'GET', replaced)
    const [answer] = await once(client, 'data')
    expect(String(answer)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    await until(() => relay.connections === 0)
    expect(log).toMatchObject([{ event: 'refuse', status }])
    // A connection that was made all the same would be seen before the next.
    await open(relay, target)
    expect(target.sockets).toHaveLength(1)
  })

  it.each(['end', 'resetAndDestroy'] as const)('gives up the target when a client that has said something too early goes away (%s)', async (leave) => {
    const port = await deafPort()
    const { relay, log } = await relayTo({}, { allow: [`127.0.0.1:${port}`], connectTimeoutMs: 60_000 })
    const client = await upgradeByHand(relay, `/127.0.0.1:${port}`)
    await until(() => relay.connections === 1)
    await new Promise((resolve) => client.write(Buffer.alloc(20_000), resolve))
    client[leave]()
    await until(() => relay.connections === 0)
    expect(log).toMatchObject([{ event: 'refuse', status: 0, result: 'the client went away' }])
  })

  it('keeps what a client says too early, and gives up one that says much', async () => {
    const { relay, target } = await relayTo()
    const client = await upgradeByHand(relay, `/127.0.0.1:${target.port}`)
    client.write(Buffer.of(0x82, 0x82, 0, 0, 0, 0, 65, 66))
    await until(() => target.sockets.length > 0)
    expect(String((await once(target.socket(), 'data'))[0])).toBe('AB')
    const port = await deafPort()
    relay.allow(`127.0.0.1:${port}`)
    const other = await upgradeByHand(relay, `/127.0.0.1:${port}`)
    await until(() => relay.connections === 2)
    other.write(Buffer.alloc(100_000))
    await until(() => relay.connections === 1)
  })
})

describe('Bridge', () => {
  it('carries what is sent in chunks of any size, both ways, and counts it', async () => {
    const { relay, target, log } = await relayTo({ onSocket: (socket) => socket.pipe(socket) })
    const client = await open(relay, target)
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
    expect(log[1]).toMatchObject({ bytesToTarget: sent.length, bytesToClient: sent.length, status: 101, target: `127.0.0.1:${target.port}` })
    expect(log[1]?.durationMs).toBeGreaterThanOrEqual(0)
    expect(log[1]?.client).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it('passes on the client\'s end, and then the whole answer of the target', async () => {
    const answer = randomBytes(MiB)
    const { relay, target } = await relayTo({ onSocket: (socket) => socket.resume().once('end', () => socket.end(answer)) })
    const client = await open(relay, target)
    const received = collect(client)
    client.send('question?' as unknown as Buffer, { binary: true })
    client.send(empty)
    expect(sha256(await received.ended)).toBe(sha256(answer))
    expect((await closing(client))[0]).toBe(1000)
  })

  it('passes on the target\'s end, and then all that the client still sends', async () => {
    const { relay, target } = await relayTo()
    const client = await open(relay, target)
    const received = collect(client)
    target.socket().end('hello')
    expect(String(await received.ended)).toBe('hello')
    const sent = randomBytes(MiB)
    const arrived = collectSocket(target.socket())
    for (let at = 0; at < sent.length; at += 10_000) client.send(sent.subarray(at, at + 10_000))
    client.send(empty)
    expect(sha256(await arrived)).toBe(sha256(sent))
    expect((await closing(client))[0]).toBe(1000)
  })

  it('closes with 1003 after a text message, and resets the target', async () => {
    const { relay, target } = await relayTo()
    const client = await open(relay, target)
    const reset = once(target.socket().resume(), 'error')
    client.send('text')
    expect(await closing(client)).toEqual([1003, 'binary messages only'])
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }])
  })

  it('closes with 1009 after a message that is too long, and takes one that is not', async () => {
    const { relay, target } = await relayTo({}, { maxMessageBytes: 1000 })
    const client = await open(relay, target)
    client.send(Buffer.alloc(1000))
    client.send(Buffer.alloc(1001))
    expect((await closing(client))[0]).toBe(1009)
    await until(() => relay.connections === 0)
  })

  it('closes with 1002 after a message that follows the end', async () => {
    const { relay, target } = await relayTo()
    const client = await open(relay, target)
    client.send(empty)
    client.send(Buffer.alloc(1))
    expect(await closing(client)).toEqual([1002, 'a message after the end'])
  })

  it('closes with 1011 when the target resets the connection', async () => {
    const { relay, target, log } = await relayTo()
    const client = await open(relay, target)
    target.socket().resetAndDestroy()
    expect(await closing(client)).toEqual([1011, 'target: ECONNRESET'])
    await until(() => log.length === 2)
    expect(log[1]).toMatchObject({ event: 'end', result: 'target: ECONNRESET' })
  })

  it.each([1000, 1001, undefined])('delivers everything, then ends the target, when the client closes with %s', async (code) => {
    const { relay, target } = await relayTo()
    const client = await open(relay, target)
    const sent = randomBytes(4 * MiB)
    for (let at = 0; at < sent.length; at += MiB) client.send(sent.subarray(at, at + MiB))
    client.close(code)
    expect(sha256(await collectSocket(target.socket()))).toBe(sha256(sent))
    target.socket().end()
    await until(() => relay.connections === 0)
  })

  it('lets go of a target that does not end after the client has closed', async () => {
    const { relay, target } = await relayTo()
    const client = await open(relay, target)
    target.socket().resume()
    client.close(1000)
    await until(() => relay.connections === 0, 10_000)
  })

  it.each(['reads', 'does not read'])('resets a target that %s when the client is lost', async (how) => {
    const { relay, target, log } = await relayTo()
    const client = await open(relay, target)
    client.send(Buffer.alloc(1000))
    await until(() => target.socket().readableLength > 0)
    const reset = once(target.socket(), 'error')
    if (how === 'reads') target.socket().resume()
    client.terminate()
    await until(() => relay.connections === 0)
    expect(log[1]).toMatchObject({ result: 'the client was lost (1006)', bytesToTarget: 1000 })
    target.socket().resume() // a socket that does not read learns nothing
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }])
  })

  it('stops reading from the client while the target does not read, and loses nothing', async () => {
    const { relay, target, log } = await relayTo()
    const client = await open(relay, target)
    const flood = pour((chunk, taken) => client.send(chunk, taken))
    expect(await settled(() => flood.taken)).toBeLessThan(24 * MiB) // most of it in the system's own buffers
    const arrived = createHash('sha256')
    target.socket().on('data', (chunk) => arrived.update(chunk))
    const ended = once(target.socket(), 'end')
    const sent = await flood.done
    client.send(empty)
    await ended
    expect(arrived.digest('hex')).toBe(sent)
    target.socket().end()
    expect((await closing(client))[0]).toBe(1000)
    await until(() => log.length === 2)
    expect(log[1]?.bytesToTarget).toBe(flood.taken)
  })

  it('stops reading from the target while the client does not read, and loses nothing', async () => {
    const { relay, target } = await relayTo()
    const client = await open(relay, target)
    client.pause()
    const flood = pour((chunk, taken) => target.socket().write(chunk, taken))
    expect(await settled(() => flood.taken)).toBeLessThan(24 * MiB)
    const arrived = createHash('sha256')
    const ended = new Promise<void>((resolve) => client.on('message', (data: Buffer) => {
      if (data.length === 0) resolve()
      arrived.update(data)
    }))
    client.resume()
    const sent = await flood.done
    target.socket().end()
    await ended
    expect(arrived.digest('hex')).toBe(sent)
    client.send(empty)
    expect((await closing(client))[0]).toBe(1000)
  })

  it('reads on from a client that has ended while the target was slow', async () => {
    const { relay, target } = await relayTo()
    const client = await open(relay, target)
    client.send(Buffer.alloc(MiB)) // more than the relay passes on without waiting
    client.send(empty)
    await collectSocket(target.socket())
    client.close(1000)
    expect((await closing(client))[0]).toBe(1000)
  }, 10_000)

  it('closes with 1011 when the target resets the connection while it does not read', async () => {
    const { relay, target } = await relayTo()
    const client = await open(relay, target)
    const flood = pour((chunk, taken) => client.send(chunk, taken))
    await settled(() => flood.taken)
    target.socket().resetAndDestroy()
    expect(await closing(client)).toEqual([1011, expect.stringMatching(/^target: (ECONNRESET|EPIPE)$/)])
  }, 10_000)

  it('notices that the client is lost even while it does not read from it', async () => {
    const target = await startTarget()
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    cleanups.push(() => server.close())
    await once(server, 'listening')
    const client = track(new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`))
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

describe('Relay.close', () => {
  it('closes every tunnel with 1001 and stops listening', async () => {
    const { relay, target, log } = await relayTo(polite)
    const clients = [await open(relay, target), await open(relay, target)]
    const codes = clients.map(async (client) => (await closing(client))[0])
    await relay.close()
    expect(await Promise.all(codes)).toEqual([1001, 1001])
    expect(relay.connections).toBe(0)
    expect(log.filter(({ event, result }) => event === 'end' && result === 'the relay is closing')).toHaveLength(2)
    await until(() => target.sockets.every((socket) => socket.destroyed))
    await expect(once(connect(relay.port, relay.host), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('may be called twice', async () => {
    const { relay } = await relayTo()
    await Promise.all([relay.close(), relay.close()])
    await relay.close()
  })

  it('does not wait for a client that does not answer, nor for a target that does not read', async () => {
    const { relay, target } = await relayTo()
    const client = await open(relay, target)
    const flood = pour((chunk, taken) => client.send(chunk, taken))
    await settled(() => flood.taken)
    client.pause()
    await relay.close()
    expect(relay.connections).toBe(0)
  })

  it('answers 503 to a request whose target is not reached yet', async () => {
    const port = await deafPort()
    const { relay } = await relayTo({}, { allow: [`127.0.0.1:${port}`] })
    const refused = refusal(relay, `127.0.0.1:${port}`)
    await until(() => relay.connections === 1)
    await relay.close()
    expect(await refused).toEqual([503, 'the relay is closing\n'])
  })
})

interface Target {
  readonly port: number
  /** The first connection to it. */
  socket(): Socket
  readonly sockets: Socket[]
}

/** Reads, and ends when the other does. */
const polite = { onSocket: (socket: Socket) => socket.resume().once('end', () => socket.end()) }

/** A TCP server that does not read unless `onSocket` does. */
async function startTarget({ onSocket = () => {} }: { onSocket?: (socket: Socket) => unknown } = {}): Promise<Target> {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    sockets.push(socket)
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  const socket = () => sockets[0] ?? expect.unreachable('no connection to the target')
  return { port: (server.address() as AddressInfo).port, sockets, socket }
}

/** A target, a relay that allows it, and what the relay logs. */
async function relayTo(targetOptions: Parameters<typeof startTarget>[0] = {}, options: RelayOptions = {}) {
  const target = await startTarget(targetOptions)
  const log: RelayLogEntry[] = []
  const relay = await startRelay({ allow: [`127.0.0.1:${target.port}`], log: (entry) => log.push(entry), ...options })
  cleanups.push(() => relay.close())
  return { relay, target, log }
}

/** An open tunnel whose connection the target has accepted. */
async function open(relay: Relay, target: Target, options: { origin?: string } = {}): Promise<WebSocket> {
  const before = target.sockets.length
  const client = track(new WebSocket(`${relay.url}/127.0.0.1:${target.port}`, options))
  await once(client, 'open')
  await until(() => target.sockets.length > before)
  return client
}

function track(client: WebSocket): WebSocket {
  client.on('error', () => {})
  // From the start: a test that asks late must not wait for what has been.
  closings.set(client, new Promise((resolve) => client.once('close', (code, reason) => resolve([code, String(reason)]))))
  cleanups.push(() => client.terminate())
  return client
}

/** Status and body of a refusal. */
function refusal(relay: Relay, path: string, options: { origin?: string, protocolVersion?: number } = {}): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const client = track(new WebSocket(`${relay.url}/${path}`, options))
    client.once('open', () => reject(new Error('the relay accepted')))
    client.once('unexpected-response', (_request, response) => {
      response.setEncoding('utf8')
      let body = ''
      response.on('data', (text: string) => { body += text }).on('end', () => resolve([response.statusCode, body]))
    })
  })
}

/** Code and reason with which `client` was or will be closed. */
function closing(client: WebSocket): Promise<[number, string]> {
  return closings.get(client) ?? expect.unreachable('not a tracked client')
}

function collect(client: WebSocket): { readonly ended: Promise<Buffer> } {
  const chunks: Buffer[] = []
  return {
    ended: new Promise((resolve, reject) => {
      client.on('message', (data: Buffer) => data.length === 0 ? resolve(Buffer.concat(chunks)) : chunks.push(data))
      client.once('close', () => reject(new Error('closed before the end')))
    }),
  }
}

async function collectSocket(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  await once(socket, 'end')
  return Buffer.concat(chunks)
}

/** A request for a tunnel, typed by hand. */
function upgradeByHand(relay: Relay, path: string): Promise<Socket> {
  return requestByHand(relay, path)
}

/** As {@link upgradeByHand}, with `lines` in place of the line that is named. */
async function requestByHand(relay: Relay, path: string, lines: readonly string[] = [], method = 'GET', replaced = ''): Promise<Socket> {
  const socket = connect({ port: relay.port, host: relay.host, allowHalfOpen: true })
  socket.on('error', () => {})
  cleanups.push(() => socket.destroy())
  await once(socket, 'connect')
  const usual = ['Host: relay', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  const headers = [...usual.filter((line) => !line.startsWith(`${replaced}:`)), ...lines]
  socket.write(`${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
  return socket
}

/** Sends 64 MiB, each piece when the one before is taken. `done` has the SHA-256 of it all. */
function pour(send: (chunk: Buffer, taken: (error?: Error | null) => void) => void): { readonly taken: number, readonly done: Promise<string> } {
  const sum = createHash('sha256')
  let taken = 0
  const done = new Promise<string>((resolve) => {
    const next = () => {
      if (taken === 64 * MiB) return resolve(sum.digest('hex'))
      const chunk = randomBytes(MiB / 4)
      sum.update(chunk)
      send(chunk, (error) => {
        if (error) return
        taken += chunk.length
        next()
      })
    }
    next()
  })
  return { get taken() { return taken }, done }
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A port that completes no more handshakes: a thread listens on it and then sleeps, and its queue is full. */
async function deafPort(): Promise<number> {
  const worker = new Worker(`
    const { createServer } = require('node:net')
    const { parentPort } = require('node:worker_threads')
    const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port)
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
    })`, { eval: true })
  const [port] = await once(worker, 'message') as [number]
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  cleanups.push(() => worker.terminate(), () => fillers.forEach((filler) => filler.destroy()))
  await settled(() => fillers.filter((filler) => !filler.connecting).length)
  expect(fillers.some((filler) => filler.connecting)).toBe(true)
  return port
}

/** Waits until something that we cannot be told of is so. */
async function until(condition: () => boolean, withinMs = 5_000): Promise<void> {
  for (const deadline = performance.now() + withinMs; !condition();) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${condition}`)
    await delay(2)
  }
}

/** Waits until `read` gives the same for a while: that nothing more happens has no event. */
async function settled(read: () => number, forMs = 300): Promise<number> {
  let value = read()
  for (let since = performance.now(); performance.now() - since < forMs;) {
    await delay(10)
    if (read() !== value) {
      value = read()
      since = performance.now()
    }
  }
  return value
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
