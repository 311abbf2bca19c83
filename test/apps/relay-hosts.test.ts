// What holds for the relay on each of its hosts: who is admitted, what is refused and how, queries, tokens, subprotocols, Wisp.

import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { startRelay, type RelayLogEntry } from '../../src/apps/relay/relay.js'
import { connect, openTunnel, type WebSocketLike } from '../../src/index.js'
import { connectWisp } from '../../src/wisp.js'
import { authority, localhost } from '../helpers/certificates.js'
import { ask, closing, lastConnection, logged, openWebSocket, setUpRelay } from '../helpers/relays.js'
import { noise, readAll, readBytes, rejection, same, writeAll } from '../helpers/streams.js'
import { Pausable, startTarget, type TunnelTarget } from '../helpers/tunnels.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { startEdgeRelay, type EdgeRelay } from './edge/edge-relay.js'

const credit = 'libssl-wasm.credit.v1'
const raw = 'libssl-wasm.raw.v1'
const bearer = (token: string) => `libssl-wasm.bearer.${Buffer.from(token).toString('base64url')}`

let target: TunnelTarget
let edge: EdgeRelay
let closed: EdgeRelay
let other: TunnelTarget

beforeAll(async () => {
  target = await startTarget()
  other = await startTarget()
  edge = await startEdgeRelay({ ALLOW: `${target.address}, 127.0.0.1:1`, ORIGINS: 'https://app.example', TOKEN: 's3cret' })
  closed = await startEdgeRelay({})
})
afterAll(async () => {
  await Promise.all([target.close(), other.close(), edge.close(), closed.close()])
})

interface Host {
  readonly url: string
  readonly log: readonly (RelayLogEntry | Record<string, unknown>)[]
}

const rules = { token: 's3cret', origins: ['https://app.example'] }

const hosts: [string, () => Promise<Host>][] = [
  ['Node', async () => {
    const log: RelayLogEntry[] = []
    const relay = await startRelay({ allow: [target.address, '127.0.0.1:1'], ...rules, log: (entry) => log.push(entry) })
    onTestFinished(() => relay.close())
    return { url: relay.url, log }
  }],
  ['the edge', async () => edge],
]

const authorized = { headers: { authorization: 'Bearer s3cret' } }

describe.each(hosts)('the relay on %s', (name, open) => {
  it('wants its token, from a program as a header and from a page as a subprotocol, which it does not select', async () => {
    const { url } = await open()
    const path = `${url}/${target.address}`
    const denied = await ask(path)
    expect(denied).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    for (const wrong of ['Bearer s3cre', 'Bearer s3cret2', 'Bearer S3cret', 'Basic s3cret', 'Bearer', '']) {
      expect(await ask(path, [], { headers: { authorization: wrong } })).toMatchObject({ status: 401 })
    }
    expect(await ask(path, [raw, bearer('other')])).toMatchObject({ status: 401 })
    expect(await ask(path, [raw, 'libssl-wasm.bearer.%%%'.replaceAll('%', '!')])).toMatchObject({ status: 401 })
    expect(await ask(path, [], authorized)).toMatchObject({ status: 101, protocol: '' })
    expect(await ask(path, [bearer('s3cret'), raw])).toMatchObject({ status: 101, protocol: raw })
    expect(await ask(path, [bearer('s3cret'), credit])).toMatchObject({ status: 101, protocol: credit })
  })

  it('answers 429 to a client that has presented ten wrong tokens, be they right or wrong', async () => {
    const { url } = await open()
    const path = `${url}/${target.address}`
    const headers = { 'cf-connecting-ip': '192.0.2.1' }
    for (let guess = 0; guess < 10; guess++) {
      expect(await ask(path, [], { headers: { ...headers, authorization: `Bearer guess${guess}` } })).toMatchObject({ status: 401 })
    }
    for (const token of ['s3cret', 'guess']) {
      expect(await ask(path, [raw, bearer(token)], { headers })).toMatchObject({ status: 429, headers: { 'retry-after': '60' } })
    }
    expect(await ask(path, [], { headers })).toMatchObject({ status: 401 }) // that was no guess
    if (name === 'the edge') expect(await ask(path, [], authorized)).toMatchObject({ status: 101 })
  })

  it('counts guesses that come at once', async () => {
    const { url } = await open()
    const headers = { 'cf-connecting-ip': '192.0.2.2' }
    const guesses = Array.from(
      { length: 30 }, (_, guess) => ask(`${url}/${target.address}`, [], { headers: { ...headers, authorization: `Bearer guess${guess}` } }),
    )
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(10)
    expect(statuses.filter((status) => status === 429)).toHaveLength(20)
  })

  it('answers /healthz', async () => {
    const { url } = await open()
    const health = `${url.replace('ws:', 'http:')}/healthz`
    for (const method of ['GET', 'HEAD']) expect((await fetch(health, { method })).status).toBe(200)
    expect((await fetch(health, { method: 'POST' })).status).toBe(426)
    expect((await fetch(health, { headers: { origin: 'https://evil.example' } })).ok).toBe(false)
  })

  it('speaks Wisp whatever the query says, but not to a target with a slash behind it', async () => {
    const { url } = await open()
    for (const path of ['wisp/?x=1', 'wisp/?', 'a/b/']) {
      expect(await ask(`${url}/${path}`, ['wisp-v2'], authorized)).toMatchObject({ status: 101, protocol: 'wisp-v2' })
    }
    for (const path of [`${target.address}/`, `${target.address}//`, 'wisp/?address=', '?x=1']) {
      expect(await ask(`${url}/${path}`, [], authorized)).toMatchObject({ status: 400 })
    }
  })

  it('blames a Wisp client for what is its doing, and escapes its words', async () => {
    const { url, log } = await open()
    const before = log.length
    const socket = openWebSocket(`${url}/wisp/`, 'wisp-v2', authorized)
    const wisp = await connectWisp(socket as WebSocketLike)
    const { readable, writable } = wisp.open(target)
    readable.getReader().closed.catch(() => {})
    await writeAll(writable, Buffer.from('forger'))
    await lastConnection(target, 'forger')
    socket.close(4000, 'x\n2026 open 10.0.0.1 -> bank:1: \u001b[2J\u202e\u009b"\\\u007f')
    await logged(log, before, { event: 'end', target: '/wisp/', result: 'closed (4000)', bytesToTarget: 6 })
    const ended = log.slice(before).find(({ event, stream }) => event === 'end' && stream !== undefined)
    expect(ended).toMatchObject({
      bytesToTarget: 6, result: expect.stringMatching(/^the connection to the WebSocket was closed with code 4000: \\"x\\\\u000a2026 /),
    })
    for (const entry of log) for (const text of Object.values(entry)) if (typeof text === 'string') expect(text).toMatch(/^[\x20-\x7e]*$/)
  })

  it('selects the credit window before the plain framing, whatever the order, and no stranger', async () => {
    const { url } = await open()
    const path = `${url}/${target.address}`
    for (const [offered, selected] of [[[raw, credit], credit], [['chat', raw], raw], [['binary', 'base64'], 'binary']] as const) {
      expect(await ask(path, [...offered], authorized)).toMatchObject({ status: 101, protocol: selected })
    }
  })

  it('refuses by origin before anything else, then by path, then by list, and says what it cannot reach', async () => {
    const { url } = await open()
    expect(await ask(`${url}/${target.address}`, [], { origin: 'https://evil.example', ...authorized })).toMatchObject({ status: 403 })
    expect(await ask(`${url}/${target.address}`, [], { origin: 'https://app.example', ...authorized })).toMatchObject({ status: 101 })
    expect(await ask(`${url}/nothing`, [], authorized)).toMatchObject({ status: 400 })
    expect(await ask(`${url}/${other.address}`, [], authorized)).toMatchObject({ status: 403 })
    expect(await ask(`${url}/127.0.0.1:1`, [], authorized)).toMatchObject({ status: 502 })
    expect((await fetch(url.replace('ws:', 'http:'))).status).toBe(426)
  })

  it.each([
    ['no key', 400, ['Sec-WebSocket-Version: 13']], ['a wrong key', 400, ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: short']],
    ['another version', 426, ['Sec-WebSocket-Version: 7', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']],
  ])('dials no target for a handshake with %s', async (_what, status, lines) => {
    const { url, log } = await open()
    const before = log.length
    const request = connectTcp(Number(new URL(url).port), '127.0.0.1')
    onTestFinished(() => void request.destroy())
    const usual = ['Host: relay', 'Connection: Upgrade', 'Upgrade: websocket', 'Authorization: Bearer s3cret']
    request.write(['GET /127.0.0.1:1 HTTP/1.1', ...usual, ...lines, '', ''].join('\r\n'))
    expect(String((await once(request, 'data'))[0])).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    // To reach that target fails, and would be said.
    await logged(log, before, { event: 'refuse', status })
  })

  it('says why by a close code to those that offer a subprotocol of ours, and nothing to a foreign origin or without the token',
      async () => {
    const { url } = await open()
    const refused = (path: string, protocols: string[], options: ClientOptions = authorized) =>
      closing(openWebSocket(`${url}/${path}`, protocols, options))
    const origin = { origin: 'https://app.example' }
    for (const protocol of [credit, raw]) {
      expect(await refused(other.address, [protocol], { ...origin, ...authorized })).toEqual([4011, 'this target is not allowed'])
      expect(await refused('nothing', [protocol])).toEqual([4010, 'the path must be /host:port'])
      expect(await refused('127.0.0.1:1', [protocol]))
        .toEqual(name === 'Node' ? [4013, 'cannot reach the target: ECONNREFUSED'] : [4015, 'cannot reach the target'])
      for (const path of [other.address, 'nothing', '127.0.0.1:1', target.address]) {
        expect(await refused(path, [protocol], { origin: 'https://evil.example', ...authorized })).toEqual([1006, ''])
        expect(await refused(path, [protocol], origin)).toEqual([1006, '']) // no token
      }
      expect(await refused(other.address, [protocol, bearer('other')], origin)).toEqual([1006, ''])
    }
    for (const protocols of [[], ['binary'], [bearer('s3cret')]]) expect(await refused(other.address, protocols)).toEqual([1006, ''])
  })

  it('takes the target from a query', async () => {
    const { url, log } = await open()
    const before = log.length
    const { readable, writable } = openTunnel(`${url}/v1?region=eu`, target, { form: 'query', WebSocket: Pausable, token: 's3cret' })
    await writeAll(writable, Buffer.from('there'))
    const far = await lastConnection(target, 'there')
    far.end('back')
    expect(Buffer.from(await readAll(readable)).toString()).toBe('back')
    await writable.close()
    // Others of the same host may still be ending.
    const end = { event: 'end', target: target.address, bytesToTarget: 5, bytesToClient: 4, result: 'both directions ended' }
    await logged(log, before, end)
  })

  it('speaks Wisp below a path that ends in a slash, each stream under the same rules', async () => {
    const { url, log } = await open()
    for (const version of [1, 2] as const) {
      const before = log.length
      const socket = openWebSocket(`${url}/wisp/`, version === 2 ? ['wisp-v2', bearer('s3cret')] : [], version === 1 ? authorized : {})
      const wisp = await connectWisp(socket as WebSocketLike)
      expect(wisp.version).toBe(version)
      const streams = [wisp.open(target), wisp.open(target)]
      const text = [`one ${version}`, `two ${version}`]
      for (const [index, { readable, writable }] of streams.entries()) {
        const reading = readBytes(readable, 300_000)
        await writeAll(writable, Buffer.from(text[index]!))
        const far = await lastConnection(target, text[index]!)
        const answer = noise(300_000, index)
        far.write(answer)
        expect(same(await reading, answer)).toBe(true)
      }
      await rejection(readAll(wisp.open(other).readable))
      socket.close(1000)
      await logged(log, before, { event: 'refuse', status: 403, target: other.address, stream: expect.any(Number) })
      await logged(log, before, { event: 'open', status: 101, target: target.address, stream: expect.any(Number) })
      await logged(log, before, { event: 'end', target: '/wisp/' })
    }
  })

  it.each([1, 2, 'auto'] as const)('tells a client of Wisp %s that it is full, by a reason of Wisp\'s and a close code',
      async (version) => {
    const relay = name === 'Node' ? (await setUpRelay({ maxConnections: 2 })).relay : await startEdgeRelay({ MAX_CONNECTIONS: '2' })
    onTestFinished(() => relay.close())
    const url = `${relay.url}/wisp/`
    for (let place = 0; place < 2; place++) await connectWisp(openWebSocket(url) as WebSocketLike)
    const sockets: WebSocket[] = []
    class Counted extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(url, protocols)
        sockets.push(this)
      }
    }
    const error = await rejection(connectWisp(url, { version, WebSocket: Counted }))
    expect(error).toMatchObject({
      name: 'WispCloseError', code: 'ERR_TLS_RELAY_BUSY', reasonName: 'THROTTLED', message: expect.stringContaining('--max-connections'),
    })
    expect(sockets).toHaveLength(1) // and it does not try again
    // As many as there are places are told so at one time.
    expect(await closing(openWebSocket(url))).toEqual([4016, 'too many connections'])
  })

  it('does not speak Wisp without the token', async () => {
    const { url } = await open()
    expect(await ask(`${url}/wisp/`, ['wisp-v2'])).toMatchObject({ status: 401 })
  })

  it('carries TLS to OpenSSL', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const address = `127.0.0.1:${port}`
    const relay = name === 'Node' ? await startRelay({ allow: [address] }) : await startEdgeRelay({ ALLOW: address })
    onTestFinished(() => relay.close())
    const tls = connect(
      openTunnel(relay.url, { host: '127.0.0.1', port }, { WebSocket: Pausable }), { servername: 'localhost', ca: authority.ca.cert },
    )
    await tls.opened
    await writeAll(tls.writable, Buffer.from('GET / HTTP/1.0\r\n\r\n'))
    expect(Buffer.from(await readAll(tls.readable)).toString()).toMatch(/^HTTP\/1\.0 200/)
    await tls.close()
  })
})

describe('relayWorker', () => {
  it('refuses every target without bindings', async () => {
    expect(await ask(`${closed.url}/${target.address}`)).toMatchObject({ status: 403 })
  })

  it('has room again after a Wisp stream whose target does not read', async () => {
    const deaf = await startTarget()
    onTestFinished(() => deaf.close())
    const relay = await startEdgeRelay({ ALLOW: deaf.address, MAX_CONNECTIONS: '2' })
    onTestFinished(() => relay.close())
    const socket = openWebSocket(`${relay.url}/wisp/`)
    const wisp = await connectWisp(socket as WebSocketLike)
    const writer = wisp.open(deaf).writable.getWriter()
    writer.closed.catch(() => {})
    let sent = 0
    void (async () => { for (;; sent++) await writer.write(new Uint8Array(65536)) })().catch(() => {})
    // Full on the whole way.
    for (let before = -1; sent === 0 || sent !== before; await new Promise((resolve) => setTimeout(resolve, 300))) before = sent
    socket.terminate()
    await logged(relay.log, 0, { event: 'end', target: '/wisp/' })
    for (let place = 0; place < 2; place++) expect(await ask(`${relay.url}/${deaf.address}`)).toMatchObject({ status: 101 })
  }, 30_000)
})
