// What is told of a transport that fails: the system's words, or which relay, which target, why, and what to look at.

import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startRelay, type RelayLogEntry, type RelayOptions } from '../../src/apps/relay/relay.js'
import { connect, fromWebSocket, openTunnel, PlaintextConversation, TransportError, type TunnelOptions } from '../../src/index.js'
import { createWorker } from '../../src/worker.js'
import { connectWisp } from '../../src/wisp.js'
import { localhost } from '../helpers/certificates.js'
import { readAll, rejection } from '../helpers/streams.js'
import { Pausable, startTarget, undici } from '../helpers/tunnels.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => { for (const cleanup of cleanups.splice(0).reverse()) await cleanup() })

/** A port of this machine on which nothing listens. */
async function unusedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function relayWith(options: RelayOptions) {
  const log: RelayLogEntry[] = []
  const relay = await startRelay({ log: (entry) => log.push(entry), ...options })
  cleanups.push(() => relay.close())
  return { relay, log }
}

/** A relay that refuses the target in that way; and how. */
const refusals: [code: string, closeCode: number, start: () => Promise<{ url: string; host: string; port: number }>][] = [
  ['ERR_TLS_RELAY_TARGET_NOT_ALLOWED', 4011, async () => {
    const { relay } = await relayWith({})
    return { url: relay.url, host: 'mail.example', port: 993 }
  }],
  ['ERR_TLS_RELAY_HOST_NOT_FOUND', 4012, async () => {
    const { relay } = await relayWith({ allow: ['no-such-host.invalid:993'] })
    return { url: relay.url, host: 'no-such-host.invalid', port: 993 }
  }],
  ['ERR_TLS_RELAY_CONNECTION_REFUSED', 4013, async () => {
    const port = await unusedPort()
    const { relay } = await relayWith({ allow: [`127.0.0.1:${port}`] })
    return { url: relay.url, host: '127.0.0.1', port }
  }],
  ['ERR_TLS_RELAY_BUSY', 4016, async () => {
    const target = await startTarget()
    cleanups.push(() => target.close())
    const { relay } = await relayWith({ allow: [target.address], maxConnections: 1 })
    const first = new WebSocket(`${relay.url}/${target.address}`)
    await once(first, 'open')
    return { url: relay.url, host: target.host, port: target.port }
  }],
]

const worker = createWorker({ worker: new URL('../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url) })
afterAll(() => worker.terminate())

/** Nobody is asked for a certificate: there is no peer. */
const client = { servername: 'localhost', dangerouslySkipVerification: true }

describe.each([['here', connect], ['in a worker', worker.connect]] as const)('connect, %s', (_where, connect) => {
  it('holds the words of the system for a server that is not there', async () => {
    const port = await unusedPort()
    for (const [host, words] of [
      ['127.0.0.1', `ECONNREFUSED 127.0.0.1:${port}`], ['no-such-host.invalid', 'no-such-host.invalid'],
    ] as const) {
      const error = await rejection(connect(net.connect(port, host), client).opened) as TransportError
      expect(error).toMatchObject({ name: 'TransportError', code: 'ERR_TLS_TRANSPORT' })
      expect(error.message).toContain(words)
    }
  })

  it('has the code that the relay gave', async () => {
    const { relay } = await relayWith({})
    const error =
      await rejection(connect(openTunnel(relay.url, { host: 'mail.example', port: 993 }, { WebSocket: Pausable }), client).closed)
    expect(error).toMatchObject({ name: 'TransportError', code: 'ERR_TLS_RELAY_TARGET_NOT_ALLOWED', cause: { closeCode: 4011 } })
    const message =
      `cannot reach mail.example:993 through ${relay.url}: "this target is not allowed" (close code 4011). Give the relay --allow`
    expect((error as Error).message.slice(0, message.length)).toBe(message)
    expect((error as Error).stack).toContain(`TransportError: ${message}`)
  })

  it('says what it cannot reach, through what, and why, also in a conversation before TLS', async () => {
    const url = `ws://127.0.0.1:${await unusedPort()}`
    const tunnel = () => openTunnel(url, { host: 'mail.example', port: 993 }, { WebSocket: Pausable })
    for (const error of [
      await rejection(connect(tunnel(), client).opened), await rejection(new PlaintextConversation(tunnel()).readLine()),
    ]) {
      expect(error).toMatchObject({ name: 'TransportError', code: 'ERR_TLS_TRANSPORT', cause: { name: 'WebSocketError' } })
      expect((error as Error).message).toMatch(/^cannot reach mail\.example:993 through ws:[^ ]*: connect ECONNREFUSED [^ ]*\. Check /)
      expect((error as Error).message).not.toMatch(/Error:|\.\./)
    }
  })

  it('says which scheme the relay speaks', async () => {
    const plain = await relayWith({ allow: ['a:1'] })
    const safe = await relayWith({ allow: ['a:1'], tlsCert: localhost.cert, tlsKey: localhost.key })
    for (const WebSocket of [Pausable, undici.WebSocket]) {
      const failure = async (url: string) =>
        (await rejection(
          connect(openTunnel(url, { host: 'a', port: 1 }, { WebSocket, flowControl: 'credit' }), client).opened,
        ) as Error).message
      const [toPlain, toSafe] = [
        await failure(plain.relay.url.replace('ws:', 'wss:')), await failure(safe.relay.url.replace('wss:', 'ws:')),
      ]
      expect(toPlain).toMatch(/^cannot reach a:1 through wss:.* Check the scheme \(ws: or wss:\)/)
      expect(toSafe).toMatch(/^cannot reach a:1 through ws:.* Check the scheme \(ws: or wss:\)/)
      if (WebSocket === Pausable) {
        expect(toPlain).toContain('through ' + plain.relay.url.replace('ws:', 'wss:') + ': it speaks no TLS: begin its URL with ws:. Check')
      }
      for (const message of [toPlain, toSafe]) expect(message).not.toMatch(/routines|openssl|EPROTO/i)
    }
  })
})

it('fromWebSocket takes a WebSocket whose URL is none', async () => {
  const socket = Object.assign(new EventTarget(), { url: '/tunnel?key=hush', readyState: 3, binaryType: '', send() {}, close() {} })
  const error = await rejection(readAll(fromWebSocket(socket).readable)) as Error
  expect(error.message).toContain('cannot reach /tunnel: it is closed already. Check')
})

it('a close tells what the peer says as text of one line, of printable ASCII, in quotes', async () => {
  const socket = Object.assign(new EventTarget(), { url: 'ws://a.example', readyState: 1, binaryType: '', send() {}, close() {} })
  const failed = rejection(readAll(fromWebSocket(socket).readable))
  socket.dispatchEvent(Object.assign(new Event('close'), { code: 1011, reason: 'a\nb \u001b[2J\u202e "x"\\' + 'y'.repeat(500) }))
  const { message, reason } = await failed as Error & { reason: string }
  expect(message)
    .toMatch(/^the connection to ws:\/\/a\.example was closed with code 1011: "a\\u000ab \\u001b\[2J\\u202e \\"x\\"\\\\y{250,300}"$/)
  expect(reason.length).toBeGreaterThan(500)
})

it('what a platform says is followed by one full stop', async () => {
  const socket = Object.assign(new EventTarget(), { url: 'ws://a.example', readyState: 0, binaryType: '', send() {}, close() {} })
  const failed = rejection(readAll(fromWebSocket(socket).readable))
  socket.dispatchEvent(Object.assign(new Event('error'), { message: 'the handshake was not complete.. ' }))
  expect((await failed as Error).message).toContain('cannot reach ws://a.example: the handshake was not complete. Check')
})

describe('TransportError', () => {
  it.each<[unknown, string]>([
    [new Error('why'), 'it failed: why'], ['why', 'it failed: why'], [undefined, 'it failed'], [null, 'it failed'],
    [new Error(), 'it failed: Error'], [new AggregateError([new Error('one'), new Error('two')]), 'it failed: one; two'],
    [{ code: 'EPIPE' }, 'it failed: EPIPE'], [{}, 'it failed'], [new Error('failed'), 'it failed'],
  ])('holds the words of its cause: %j', (cause, message) => {
    expect(new TransportError('it failed', { cause }).message).toBe(message)
  })
})

const kinds: [string, TunnelOptions][] = [
  ['ws', { WebSocket: Pausable }],
  ['a WebSocket without pause', { WebSocket: undici.WebSocket, flowControl: 'credit' }],
  ['a WebSocketStream', { WebSocketStream: undici.WebSocketStream }],
]

describe.each(kinds)('openTunnel with %s', (_, options) => {
  it.each(refusals)('says by %s why the relay does not connect', async (code, closeCode, start) => {
    const { url, host, port } = await start()
    const tls = connect(openTunnel(url, { host, port }, options), client)
    const error = await rejection(tls.opened) as TransportError
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({ code, cause: { code, closeCode } })
    expect(error.message).toContain(`${host}:${port}`)
    expect(error.message).toContain(url)
    expect(error.message).toContain((error.cause as Error).message)
    expect(await rejection(tls.closed)).toBe(error)
  })

  it.each<[string, (relay: { url: string; port: number }) => Promise<string>]>([
    ['no relay listens', async () => `ws://127.0.0.1:${await unusedPort()}`],
    ['another token is wanted', async ({ url }) => url],
  ])('names relay, target, and what to look at when %s', async (_what, urlOf) => {
    const { relay } = await relayWith({ allow: ['mail.example:993'], token: 's3cret' })
    const url = await urlOf(relay)
    const given = `${url.replace('//', '//user:pa55word@')}/?key=hush`
    const { readable, writable } = openTunnel(given, { host: 'mail.example', port: 993 }, { ...options, token: 'gu355' })
    const lost = rejection(writable.getWriter().closed)
    const error = await rejection(readAll(readable)) as Error
    expect(await lost).toBe(error)
    for (const part of [url, 'mail.example:993', '--allow']) expect(error.message).toContain(part)
    expect(error.message).toMatch(new RegExp(`^cannot reach mail.example:993 through ${url.replaceAll('.', '\\.')}/?[:.]`))
    for (const secret of ['user', 'pa55word', 'hush', 'gu355', btoa('gu355')]) expect(error.message).not.toContain(secret)
  })
})

describe('openTunnel', () => {
  it('says what the system says of a relay that is not there, and the HTTP status of one that refuses', async () => {
    const refused =
      await rejection(readAll(openTunnel(`ws://127.0.0.1:${await unusedPort()}`, { host: 'a', port: 1 }, { WebSocket: Pausable }).readable))
    expect(String(refused)).toContain('ECONNREFUSED')
    const { relay } = await relayWith({ token: 's3cret' })
    const closed = await rejection(readAll(openTunnel(relay.url, { host: 'a', port: 1 }, { WebSocket: Pausable }).readable))
    expect(String(closed)).toContain('HTTP status 401: the token is missing or wrong. Check')
    for (const [status, words] of [
      [200, 'our relay never answers so'], [404, 'our relay never answers so'], [502, 'the target cannot be reached, or not in time'],
    ] as const) {
      const other = http.createServer()
        .on('upgrade', (_request, socket) => socket.end(`HTTP/1.1 ${status} so\r\nContent-Length: 0\r\n\r\n`)).listen(0, '127.0.0.1')
      await once(other, 'listening')
      cleanups.push(() => other.close())
      const url = `ws://127.0.0.1:${(other.address() as AddressInfo).port}`
      const refusal = await rejection(readAll(openTunnel(url, { host: 'a', port: 1 }, { WebSocket: Pausable }).readable))
      expect(String(refusal)).toContain(`HTTP status ${status}: ${words}`)
    }
  })

  it('does not try again when the relay has said why', async () => {
    const { relay, log } = await relayWith({})
    await rejection(readAll(openTunnel(relay.url, { host: 'mail.example', port: 993 }, { WebSocket: Pausable }).readable))
    expect(log).toMatchObject([{ event: 'refuse', status: 403, result: 'this target is not allowed' }])
  })

  it('takes a close code for a reason of ours only within a subprotocol of ours', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    cleanups.push(() => server.close())
    server.on('connection', (socket) => socket.close(4011, 'its own'))
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    const error = await rejection(readAll(openTunnel(url, undefined, { WebSocket: Pausable, form: 'fixed' }).readable))
    expect(error).toMatchObject({ closeCode: 4011, reason: 'its own', code: undefined })
  })
})

describe('connectWisp', () => {
  it.each<[string, string, (free: number) => RelayOptions]>([
    ['ERR_TLS_RELAY_TARGET_NOT_ALLOWED', '127.0.0.1', () => ({})],
    ['ERR_TLS_RELAY_TARGET_UNREACHABLE', 'no-such-host.invalid', (port) => ({ allow: [`no-such-host.invalid:${port}`] })],
    ['ERR_TLS_RELAY_CONNECTION_REFUSED', '127.0.0.1', (port) => ({ allow: [`127.0.0.1:${port}`] })],
    ['ERR_TLS_RELAY_BUSY', '127.0.0.1', (port) => ({ allow: [`127.0.0.1:${port}`], maxConnections: 1 })],
    ['ERR_TLS_RELAY_TARGET_INVALID', 'no!t', () => ({})],
  ])('gives a stream that the relay refuses the code %s, and names the target and the relay', async (code, host, options) => {
    const port = await unusedPort()
    const { relay } = await relayWith(options(port))
    const wisp = await connectWisp(`${relay.url}/wisp/`, { WebSocket })
    const tls = connect(wisp.open({ host, port }), client)
    const error = await rejection(tls.opened) as TransportError
    expect(error).toMatchObject({ name: 'TransportError', code, cause: { name: 'WispCloseError', code } })
    expect(error.message.slice(0, 200)).toContain(`cannot reach ${host}:${port} through ${relay.url}/wisp/: `)
  })

  it('names the relay that it cannot reach, without what is secret in its URL, and what to look at', async () => {
    const url = `ws://127.0.0.1:${await unusedPort()}/wisp/`
    const error = await rejection(connectWisp(`${url.replace('//', '//user:pa55word@')}?key=hush`, { WebSocket })) as TransportError
    expect(error).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
    for (const part of [url, 'ECONNREFUSED', '--allow']) expect(error.message).toContain(part)
    for (const secret of ['pa55word', 'hush']) expect(error.message).not.toContain(secret)
  })
})
