import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer, type ServerOptions } from 'ws'
import { startRelay, type RelayOptions } from '../../src/apps/relay/relay.js'
import { connect, fromNodeStream, openTunnel, type TunnelOptions } from '../../src/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { noise, readAll, readBytes, rejection, same, standstill, turns, until, writeAll } from '../helpers/streams.js'
import { Pausable, startTarget, undici } from '../helpers/tunnels.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'
import { HOST, listens, onFreePort } from '../interop/peers/tcp.js'

const KIB = 1024
const MIB = 1024 * KIB
const credit = 'libssl-wasm.credit.v1'
const raw = 'libssl-wasm.raw.v1'
const cleanups: (() => unknown)[] = []
afterEach(async () => { for (const cleanup of cleanups.splice(0).reverse()) await cleanup() })

async function startAll(options: RelayOptions = {}) {
  const target = await startTarget()
  cleanups.push(() => target.close())
  const relay = await startRelay({ allow: [target.address], ...options })
  cleanups.push(() => relay.close())
  return { target, relay }
}

/** A WebSocket server that is not our relay: what it was asked for, and what came. */
async function foreign(options: ServerOptions = {}) {
  const server = new WebSocketServer({ port: 0, host: HOST, ...options })
  await once(server, 'listening')
  cleanups.push(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  const requests: { path: string; offered: string[] }[] = []
  const received: Buffer[] = []
  server.on('connection', (socket, request) => {
    requests.push({ path: request.url!, offered: (request.headers['sec-websocket-protocol'] ?? '').split(',').filter(Boolean) })
    socket.on('message', (message: Buffer) => received.push(message))
    socket.on('error', () => {})
  })
  return { server, requests, received, url: `ws://${HOST}:${(server.address() as AddressInfo).port}` }
}

const invalid = (code: string, option?: string) =>
  expect.objectContaining({ name: 'ApiMisuseError', code, ...(option && { option }) }) as Error

describe('openTunnel', () => {
  it.each<[string, TunnelOptions]>([
    ['with a credit window', { WebSocket: Pausable, flowControl: 'credit' }],
    ['without', { WebSocket: Pausable, flowControl: 'none' }],
    ['upon a WebSocketStream', { WebSocketStream: undici.WebSocketStream }],
  ])('%s gives a reader that is late what came before the target reset its connection', async (_, options) => {
    const { target, relay } = await startAll()
    const { readable, writable } = openTunnel(relay.url, target, options)
    const lost = rejection(writable.getWriter().closed)
    const socket = await target.accept()
    const reader = readable.getReader()
    const closed = rejection(reader.closed)
    socket.write(new Uint8Array(20_000))
    let count = (await reader.read()).value!.byteLength
    socket.write(new Uint8Array(20_000))
    await new Promise((resolve) => setTimeout(resolve, 100)) // a reset overtakes what the relay has not read
    socket.resetAndDestroy()
    await lost
    // As many reads as there are chunks, and no more: the failure must not overtake a chunk on its way.
    while (count < 40_000) count += (await reader.read()).value!.byteLength
    expect(String(await rejection(reader.read()))).toMatch(/1011/)
    expect(String(await closed)).toMatch(/1011/)
  })

  it.each<[string, TunnelOptions, string]>([
    ['/base/?a=1', {}, '/base/mail.example:993?a=1'],
    ['', { form: 'path' }, '/mail.example:993'],
    ['/v1?a=1&address=other:1', { form: 'query' }, '/v1?a=1&address=mail.example%3A993'],
    ['', { form: 'query', addressParameter: 'target' }, '/?target=mail.example%3A993'],
  ])('asks for %s with %j as %s', async (path, options, expected) => {
    const { url, requests } = await foreign()
    const { writable } = openTunnel(
      url + path, { host: 'Mail.Example', port: 993 }, { WebSocket: Pausable, flowControl: 'none', ...options },
    )
    await writeAll(writable, Uint8Array.of(1))
    expect(requests).toEqual([{ path: expected, offered: [] }])
  })

  it('writes an IPv6 address in brackets, and http: as ws:', async () => {
    const { url, requests } = await foreign()
    const { writable } = openTunnel(
      new URL(url.replace('ws:', 'http:')), { host: '2001:DB8:0::1', port: 1 }, { WebSocket: Pausable, flowControl: 'none' },
    )
    await writeAll(writable, Uint8Array.of(1))
    expect(requests[0]!.path).toBe('/[2001:db8::1]:1')
  })

  it.each([
    undefined, { host: '', port: 1 }, { host: 'a/b', port: 1 }, { host: 'a?b', port: 1 }, { host: 'a', port: 0 },
    { host: 'a', port: 65536 }, { host: 'a', port: 1.5 }, { host: '[::1', port: 1 }, { host: 'a:1', port: 1 },
  ])('refuses the target %j', (target) => {
    expect(() => openTunnel('ws://127.0.0.1:9', target, { WebSocket: Pausable })).toThrow(invalid('ERR_TLS_INVALID_ARGUMENT'))
  })

  it.each(['relay', 'ftp://127.0.0.1:9'])('refuses the relay %s', (relay) => {
    expect(() => openTunnel(relay, { host: 'a', port: 1 }, { WebSocket: Pausable })).toThrow(invalid('ERR_TLS_INVALID_ARGUMENT'))
  })

  it.each<[string, unknown]>([
    ['form', 'socks'], ['flowControl', true], ['token', ''], ['addressParameter', ''], ['signal', {}], ['highWaterMarkBytes', 0],
    ['maxBufferedBytes', NaN], ['windowBytes', 1000], ['WebSocket', 'ws'], ['WebSocketStream', {}],
  ])('refuses a wrong option %s: %j', (option, value) => {
    expect(() => openTunnel('ws://127.0.0.1:9', { host: 'a', port: 1 }, { WebSocket: Pausable, [option]: value }))
      .toThrow(invalid('ERR_TLS_INVALID_OPTION', option))
  })

  it('refuses an unknown option by name, and a target for a fixed tunnel', () => {
    const options = { Websocket: Pausable } as TunnelOptions
    expect(() => openTunnel('ws://127.0.0.1:9', { host: 'a', port: 1 }, options)).toThrow(invalid('ERR_TLS_UNKNOWN_OPTION'))
    expect(() => openTunnel('ws://127.0.0.1:9', { host: 'a', port: 1 }, { WebSocket: Pausable, form: 'fixed' }))
      .toThrow(invalid('ERR_TLS_INVALID_ARGUMENT'))
  })

  it.each<[unknown, unknown?]>([
    ['localhost:993'], [993], [{ host: 5, port: 1 }], [{ port: 1 }], [undefined], [null], ['a:1', 'query'],
  ])('says of a target %j what it must be', (target, form = 'path') => {
    const open = () => openTunnel('ws://127.0.0.1:9', target as never, { WebSocket: Pausable, form: form as 'path' })
    expect(open)
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT', message: expect.stringContaining('must be { host, port }') }))
  })

  it('says what a target and a relay were', () => {
    const open = (relay: string, port: number) => () => openTunnel(relay, { host: 'a', port }, { WebSocket: Pausable })
    expect(open('ws://127.0.0.1:9', NaN)).toThrow(/not host "a" and port NaN$/)
    expect(open(undefined as unknown as string, 1)).toThrow(/for example ws:\/\/127\.0\.0\.1:8080, not undefined/)
  })

  it('asks for a class by the option\'s name where the platform has none', () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
    if (own) delete (globalThis as { WebSocket?: unknown }).WebSocket
    try {
      expect(() => openTunnel('ws://127.0.0.1:9', { host: 'a', port: 1 })).toThrow(invalid('ERR_TLS_INVALID_OPTION', 'WebSocket'))
    } finally {
      if (own) Object.defineProperty(globalThis, 'WebSocket', own)
    }
  })

  it('uses the credit window with our relay, and not if told so', async () => {
    const { target, relay } = await startAll()
    const spoken: string[] = []
    class Spy extends Pausable {
      constructor(url: string, protocols: string[]) {
        super(url, protocols)
        const socket = this as unknown as EventTarget & { protocol: string }
        socket.addEventListener('open', () => spoken.push(socket.protocol))
      }
    }
    for (const flowControl of [undefined, 'auto', 'credit', 'none'] as const) {
      const tunnel = openTunnel(relay.url, target, { WebSocket: Spy, flowControl })
      await writeAll(tunnel.writable, Uint8Array.of(1))
    }
    expect(spoken).toEqual([credit, credit, credit, ''])
  })

  it('tries once more without flow control where the server selects no subprotocol', async () => {
    const { url, requests, received } = await foreign({ handleProtocols: () => false })
    const { writable } = openTunnel(url, { host: 'a', port: 1 }, { WebSocket: Pausable })
    await writeAll(writable, Uint8Array.of(1, 2))
    await until(() => received.length > 0)
    expect([...received[0]!]).toEqual([1, 2])
    expect(requests.map(({ offered }) => offered)).toEqual([[credit], []])
  })

  it('does so too with a server that selects what it does not speak, before that has seen a byte', async () => {
    const { server, url, received } = await foreign() // `ws` selects the first by default
    server.on('connection', (socket) => socket.send(Buffer.from('220 mail.example\r\n')))
    const { readable, writable } = openTunnel(url, { host: 'a', port: 1 }, { WebSocket: Pausable })
    expect(Buffer.from(await readBytes(readable, 5)).toString()).toBe('220 m')
    await writeAll(writable, Buffer.from('EHLO'))
    await until(() => received.length > 0)
    expect(String(Buffer.concat(received))).toBe('EHLO')
  })

  it('does so too with one that selects it and is silent', async () => {
    const { url, received, requests } = await foreign()
    const { writable } = openTunnel(url, { host: 'a', port: 1 }, { WebSocket: Pausable })
    await writeAll(writable, Buffer.from('hello'))
    await until(() => received.length > 0)
    expect(String(Buffer.concat(received))).toBe('hello')
    expect(requests).toHaveLength(2)
  })

  it('fails, and does not try again, where flow control was insisted on', async () => {
    const { url, requests } = await foreign({ handleProtocols: () => false })
    const { readable, writable } = openTunnel(url, { host: 'a', port: 1 }, { WebSocket: Pausable, flowControl: 'credit' })
    await rejection(readAll(readable))
    await rejection(writable.getWriter().write(Uint8Array.of(1)))
    expect(requests).toHaveLength(1)
  })

  it('fails reader and writer if the relay refuses', async () => {
    const { relay } = await startAll()
    const { readable, writable } = openTunnel(relay.url, { host: 'elsewhere.example', port: 1 }, { WebSocket: Pausable })
    for (const failure of [rejection(readAll(readable)), rejection(writable.getWriter().closed)]) {
      expect(await failure).toMatchObject({ code: 'ERR_TLS_RELAY_TARGET_NOT_ALLOWED' })
    }
  })

  it.each(['before', 'while', 'after'])('ends with the signal\'s reason when it aborts %s it opens', async (when) => {
    const { target, relay } = await startAll()
    const controller = new AbortController()
    const reason = new Error('not now')
    if (when === 'before') controller.abort(reason)
    const { readable, writable } = openTunnel(relay.url, target, { WebSocket: Pausable, signal: controller.signal })
    const writer = writable.getWriter()
    const failures = [rejection(readable.getReader().read()), rejection(writer.closed)]
    if (when === 'after') await writer.write(Uint8Array.of(1))
    controller.abort(reason)
    for (const failure of failures) expect(await failure).toBe(reason)
    await until(() => relay.connections === 0)
  })

  it('can be given up while it opens, by its writer and its reader', async () => {
    const { target, relay } = await startAll()
    const { readable, writable } = openTunnel(relay.url, target, { WebSocket: Pausable })
    const reason = new Error('changed my mind')
    const failure = rejection(readable.getReader().read())
    await writable.abort(reason)
    expect(await failure).toBe(reason)
    const other = openTunnel(relay.url, target, { WebSocket: Pausable })
    await other.readable.cancel()
    await other.writable.close()
    await until(() => relay.connections === 0)
  })

  it('presents a token as a subprotocol beside others, and never gets it back', async () => {
    const { url, requests } = await foreign({ handleProtocols: () => raw })
    const { writable } = openTunnel(url, { host: 'a', port: 1 }, { WebSocket: Pausable, token: 'tök/en' })
    await writeAll(writable, Uint8Array.of(1))
    expect(requests).toHaveLength(1)
    expect(requests[0]!.offered).toEqual([credit, raw, `libssl-wasm.bearer.${Buffer.from('tök/en').toString('base64url')}`])
  })

  it.each<TunnelOptions>([
    { WebSocket: Pausable }, { WebSocket: Pausable, flowControl: 'none' }, { WebSocket: undici.WebSocket, flowControl: 'credit' },
    { WebSocketStream: undici.WebSocketStream },
  ])('is let in with the right token (%#)', async (options) => {
    const { target, relay } = await startAll({ token: 's3cret' })
    const { readable, writable } = openTunnel(relay.url, target, { ...options, token: 's3cret' })
    await writeAll(writable, Uint8Array.of(1))
    const far = await target.accept()
    far.end('yes')
    expect(String(Buffer.from(await readAll(readable)))).toBe('yes')
    const wrong = openTunnel(relay.url, target, { ...options, token: 's3cre' })
    await rejection(readAll(wrong.readable))
  })

  it('stops the target while nobody reads, where the WebSocket cannot be paused: little waits in relay and client', async () => {
    const { target, relay } = await startAll()
    const { readable, writable } = openTunnel(relay.url, target, { WebSocket: undici.WebSocket, windowBytes: 512 * KIB })
    await writeAll(writable, Uint8Array.of(1))
    const far = fromNodeStream(await target.accept()).writable.getWriter()
    await readBytes(readable, 0)
    const bytes = noise(MIB)
    let written = 0
    const flood = (async () => {
      for (; written < 64; written++) await far.write(bytes)
      await far.close()
    })()
    const before = process.memoryUsage()
    // All that the system's own buffers hold, and the window.
    expect(await standstill(() => written)).toBeLessThan(16)
    const after = process.memoryUsage()
    // Relay and client live in this process, as does the target, whose one chunk is part of it.
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(16 * MIB)
    let received = 0
    let alike = true
    for await (const chunk of readable) {
      for (let at = 0; at < chunk.byteLength;) {
        const from = (received + at) % MIB
        const piece = chunk.subarray(at, at + MIB - from)
        alike &&= same(piece, bytes.subarray(from, from + piece.byteLength))
        at += piece.byteLength
      }
      received += chunk.byteLength
    }
    await flood
    expect([received, alike]).toEqual([64 * MIB, true])
  })

  it('gives what the relay had read from its target, beyond the window too, before it tells that the target takes no more', async () => {
    const { target, relay } = await startAll()
    const { readable, writable } = openTunnel(relay.url, target, { WebSocket: Pausable, flowControl: 'credit', windowBytes: 256 * KIB })
    const writer = writable.getWriter()
    const lost = rejection(writer.closed)
    await writer.write(new Uint8Array())
    const socket = await target.accept()
    const said = noise(4 * MIB)
    socket.write(said)
    await standstill(() => socket.bytesWritten) // the window is full, and what the relay has read besides waits for it
    socket.resetAndDestroy()
    void writer.write(new Uint8Array(64 * KIB)).catch(() => {})
    await turns(200)
    const reader = readable.getReader()
    let received = 0
    const error = await rejection((async () => {
      for (let read; !(read = await reader.read()).done; received += read.value.byteLength) {
        if (!same(read.value, said.subarray(received, received + read.value.byteLength))) throw new Error('other bytes')
      }
    })())
    expect(error).toMatchObject({ closeCode: 1011 })
    expect(received).toBeGreaterThan(256 * KIB)
    await lost
  })

  it('ends by maxBufferedBytes where nothing holds the server back', async () => {
    const { server, url } = await foreign({ handleProtocols: () => false })
    const closed = new Promise<number>((resolve) => server.on('connection', (socket) => {
      if (socket.protocol === '') socket.on('close', resolve)
      for (let message = 0; message < 64; message++) socket.send(new Uint8Array(64 * KIB))
    }))
    const { readable } = openTunnel(
      url, { host: 'a', port: 1 }, { WebSocket: undici.WebSocket, flowControl: 'none', maxBufferedBytes: MIB },
    )
    const reader = readable.getReader()
    await reader.read()
    expect(await closed).toBe(4000)
    expect(await rejection(reader.closed)).toMatchObject({ message: expect.stringContaining(String(MIB)) })
  })
})

describe('openTunnel through Debian\'s websockify', () => {
  const fixed: TunnelOptions = { form: 'fixed', WebSocket: Pausable }
  const websockify = async (port: number) => onFreePort(async (own) => {
    const peer = await Peer.start('websockify', [`${HOST}:${own}`, `${HOST}:${port}`])
    return await listens(peer, own) ? `ws://${HOST}:${own}` : undefined
  })

  it('carries both directions, ends with the target, and cannot end its own direction alone', async () => {
    const target = await startTarget()
    cleanups.push(() => target.close())
    const { readable, writable } = openTunnel(await websockify(target.port), undefined, fixed)
    const [there, back] = [noise(300_000, 1), noise(400_000, 2)]
    const received = readAll(readable)
    await writeAll(writable, there, 10_000)
    // The first connection is `listens`, which looked whether websockify is up.
    let far = await target.accept()
    const arrived: Buffer[] = []
    for (;;) {
      far.on('data', (chunk) => arrived.push(chunk as Buffer))
      await Promise.race([once(far, 'data'), once(far, 'end')])
      if (arrived.length > 0) break
      far = await target.accept()
    }
    await until(() => arrived.reduce((sum, { length }) => sum + length, 0) >= there.length)
    expect(same(Buffer.concat(arrived), there)).toBe(true)
    await writable.close() // an empty message, of which websockify passes on the nothing that it holds
    await turns()
    expect(far.readableEnded).toBe(false)
    far.end(back)
    expect(same(await received, back)).toBe(true)
  })

  it.each<[string, TunnelOptions]>([
    ['ws', fixed], ['a WebSocket that cannot be paused', { form: 'fixed', WebSocket: undici.WebSocket }],
  ])('carries TLS to OpenSSL, with %s', async (_name, options) => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const tls = connect(openTunnel(await websockify(port), undefined, options), { servername: 'localhost', ca: authority.ca.cert })
    expect((await tls.opened).protocol).toBe('TLSv1.3')
    await writeAll(tls.writable, Buffer.from('GET / HTTP/1.0\r\n\r\n'))
    expect(Buffer.from(await readAll(tls.readable)).toString()).toMatch(/^HTTP\/1\.0 200/)
    await tls.close()
  })
})
