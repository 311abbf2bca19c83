// What operators expect of the relay: it drains, tells how it is, knows who is behind a proxy, speaks wss, and takes new files.

import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request, type Server } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { relayFlagTable } from '../../src/apps/cli/relay-flags.js'
import { Requests } from '../../src/apps/relay/http-server.js'
import { startRelay, type Relay, type RelayLogEntry, type RelayOptions } from '../../src/apps/relay/relay.js'
import { relayWarnings } from '../../src/apps/relay/relay-warnings.js'
import { isNetwork, TrustedProxies } from '../../src/apps/relay/trusted-proxies.js'
import type { WebSocketLike } from '../../src/index.js'
import { connectWisp } from '../../src/wisp.js'
import { authority, localhost } from '../helpers/certificates.js'
import { Attacker } from '../helpers/attacked-relay.js'
import { isPending, readAll, readBytes, rejection, writeAll } from '../helpers/streams.js'
import { startTarget, type TunnelTarget } from '../helpers/tunnels.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

async function setUp(options: RelayOptions = {}) {
  const target = await startTarget()
  onTestFinished(() => target.close())
  const log: RelayLogEntry[] = []
  const relay = await startRelay({ allow: [target.address], log: (entry) => log.push(entry), ...options })
  onTestFinished(() => relay.close())
  return { target, relay, log }
}

/** A tunnel that is open, and the target's end of it. */
async function tunnel(url: string, target: TunnelTarget, options: ClientOptions = {}) {
  const client = openWebSocket(`${url}/${target.address}`, options)
  const [far] = await Promise.all([target.accept(), new Promise((resolve) => client.once('open', resolve))])
  far.pipe(far)
  const closed = new Promise<number>((resolve) => client.once('close', resolve))
  const echo = async (text: string) => {
    client.send(Buffer.from(text))
    return String((await once(client, 'message'))[0])
  }
  return { client, closed, echo }
}

function openWebSocket(url: string, options: ClientOptions = {}): WebSocket {
  const client = new WebSocket(url, options)
  client.on('error', () => {})
  onTestFinished(() => client.terminate())
  return client
}

/** 101, or how the relay refused. */
function statusOf(url: string, options: ClientOptions = {}): Promise<number> {
  const client = openWebSocket(url, options)
  return new Promise((resolve) => {
    client.once('open', () => resolve(101)).once('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode!)
    })
  })
}

async function isListening(port: number): Promise<boolean> {
  const socket = connectTcp(port, '127.0.0.1')
  const isOpen = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).on('error', () => resolve(false)))
  socket.destroy()
  return isOpen
}

/** Node's fetch does not let one say these headers. */
function get(url: string, headers: Record<string, string> = {}): Promise<{ status: number, body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => { body += text }).on('end', () => resolve({ status: response.statusCode!, body }))
    }).on('error', reject).end()
  })
}

describe('Relay.close with drainTimeoutMs', () => {
  it('listens no more, says so, and lets tunnels end', async () => {
    const { relay, target } = await setUp({ metricsListen: '127.0.0.1:0' })
    const { client, echo } = await tunnel(relay.url, target)
    expect((await get(`${relay.metricsUrl}/healthz`)).status).toBe(200)
    const closed = relay.close({ drainTimeoutMs: 60_000 })
    expect(await isListening(relay.port)).toBe(false)
    expect(await get(`${relay.metricsUrl}/healthz`)).toMatchObject({ status: 503, body: 'draining\n' })
    expect(await echo('still here')).toBe('still here')
    expect(await isPending(closed)).toBe(true)
    client.close(1000)
    await closed
    await expect(get(`${relay.metricsUrl}/healthz`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it.each(['when the time is over', 'when it is called again'])('closes what is left with 1001 %s', async (when) => {
    const { relay, target } = await setUp()
    const { closed } = await tunnel(relay.url, target)
    const over = relay.close({ drainTimeoutMs: when === 'when it is called again' ? 60_000 : 50 })
    if (when === 'when it is called again') await relay.close()
    expect(await closed).toBe(1001)
    await over
  })

  it('refuses a wrong time, and closes nothing', async () => {
    const { relay } = await setUp()
    for (const drainTimeoutMs of [-1, NaN, '1', 2 ** 31]) {
      await expect(relay.close({ drainTimeoutMs: drainTimeoutMs as number })).rejects.toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'drainTimeoutMs' })
    }
    expect(await statusOf(`${relay.url}/wisp/`)).toBe(101)
  })

  it('closes a Wisp connection when it has no stream, and opens no other', async () => {
    const { relay, target, log } = await setUp()
    const sockets = [openWebSocket(`${relay.url}/wisp/`), openWebSocket(`${relay.url}/wisp/`)] as const
    const codes = sockets.map(async (socket) => (await once(socket, 'close'))[0])
    const [busy] = [await connectWisp(sockets[0] as WebSocketLike), await connectWisp(sockets[1] as WebSocketLike)]
    const { readable, writable } = busy.open(target)
    await writeAll(writable, Buffer.from('x'))
    const far = await target.accept()
    const closed = relay.close({ drainTimeoutMs: 60_000 })
    expect(await codes[1]).toBe(1001)
    await rejection(readAll(busy.open(target).readable))
    expect(log).toContainEqual(expect.objectContaining({ event: 'refuse', status: 503, result: 'the relay is closing' }))
    far.end('all')
    expect(Buffer.from(await readBytes(readable, 3)).toString()).toBe('all')
    far.resume()
    await closed
    expect(await codes[0]).toBe(1001)
  })
})

describe('metrics', () => {
  it('tell what was opened, refused and carried, also of what is open, in the text format of Prometheus', async () => {
    const { relay, target } = await setUp({ metricsListen: '127.0.0.1:0' })
    const { echo } = await tunnel(relay.url, target)
    await echo('12345')
    const wisp = await connectWisp(openWebSocket(`${relay.url}/wisp/`) as WebSocketLike)
    const { readable, writable } = wisp.open(target)
    await writeAll(writable, Buffer.from('123'))
    ;(await target.accept()).end('12')
    await readBytes(readable, 2)
    for (const path of ['x:1', 'y:1', '%3Cscript%3E"}']) await statusOf(`${relay.url}/${path}`)
    const { status, body } = await get(`${relay.metricsUrl}/metrics`)
    expect(status).toBe(200)
    for (const line of body.trimEnd().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) libssl_wasm_relay_\S+ .+|libssl_wasm_relay_[a-z_]+(\{[a-z]+="[a-z0-9]+"\})? \d+)$/)
    for (const [sample, value] of Object.entries({
      'opened_total{kind="tunnel"}': 1, 'opened_total{kind="wisp"}': 1, 'opened_total{kind="stream"}': 1, 'ended_total{kind="tunnel"}': 0,
      'refused_total{status="403"}': 2, 'refused_total{status="400"}': 1, 'bytes_total{to="target"}': 8, 'bytes_total{to="client"}': 7,
      draining: 0, requests: 0,
    })) expect(body).toContain(`\nlibssl_wasm_relay_${sample} ${value}\n`)
    expect(relay.metrics().split('\n')[0]).toBe(body.split('\n')[0])
  })

  it('are for no client of the relay, and for no page', async () => {
    const { relay } = await setUp({ metricsListen: '127.0.0.1:0' })
    expect((await get(`${relay.url.replace('ws', 'http')}/metrics`)).status).toBe(426)
    const url = `${relay.metricsUrl}/metrics`
    for (const headers of [
      { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { referer: 'https://evil.example/' }, { host: 'rebound.example:9090' },
    ]) for (const path of [url, `${relay.metricsUrl}/healthz`]) expect(await get(path, headers as never)).toMatchObject({ status: 403, body: 'not for pages\n' })
    expect((await get(url, { host: 'localhost' })).status).toBe(200)
    expect((await get(relay.metricsUrl!)).status).toBe(404)
  })

  it.each(['9090', 'host', 'host:x', '127.0.0.1:99999', '::1:80'])('are served at no %s', async (metricsListen) => {
    await expect(startRelay({ metricsListen })).rejects.toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'metricsListen' })
  })

  it('are served again soon, whoever has connected and says nothing', async () => {
    const { relay } = await setUp({ metricsListen: '127.0.0.1:0' })
    const { port } = new URL(relay.metricsUrl!)
    const silent = Array.from({ length: 16 }, () => connectTcp(Number(port), '127.0.0.1').resume())
    onTestFinished(() => silent.forEach((socket) => socket.destroy()))
    await Promise.all(silent.map((socket) => once(socket, 'close')))
    expect((await get(`${relay.metricsUrl}/metrics`)).status).toBe(200)
  }, 20_000)

  it('that cannot be served leave nothing listening', async () => {
    const { relay } = await setUp()
    await expect(startRelay({ metricsListen: `127.0.0.1:${relay.port}` })).rejects.toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
  })
})

describe('trustProxy', () => {
  it.each([
    ['192.0.2.1', '10.0.0.1', '192.0.2.1'], // nobody we trust
    ['10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', 'forged, 192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '203.0.113.9, 192.0.2.1, 10.2.3.4', '192.0.2.1'],
    ['10.0.0.1', '10.2.3.4', '10.2.3.4'], // a client inside
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1, _hidden', '10.0.0.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
    ['::ffff:10.0.0.1', '[2001:db9::1]:4711', '2001:db9::1'],
    ['2001:db8::7', '::ffff:192.0.2.1', '192.0.2.1'],
    ['unknown', '192.0.2.1', 'unknown'],
  ])('takes a request of %s for %s to be of %s', (peer, forwardedFor, client) => {
    expect(new TrustedProxies(['10.0.0.0/8', '2001:db8::/32']).clientOf(peer, forwardedFor)).toBe(client)
  })

  it('knows networks', () => {
    for (const text of ['10.0.0.0/8', '10.1.2.3', '::1', '2001:db8::/32', '0.0.0.0/0']) expect(isNetwork(text)).toBe(true)
    for (const text of ['', '10.0.0.0/33', '::/129', 'proxy.example', '10.0.0.0/', '10.0.0/8', '10.0.0.0/8 ']) expect(isNetwork(text)).toBe(false)
  })

  it.each([true, false])('%s: decides whether X-Forwarded-For is believed, in the log and in limits', async (trusted) => {
    const { relay, log } = await setUp({ maxConnectionsPerAddress: 1, ...(trusted && { trustProxy: ['127.0.0.1'] }) })
    const from = (address: string) => statusOf(`${relay.url}/wisp/`, { headers: { 'x-forwarded-for': `198.51.100.1, ${address}` } })
    expect([await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.2')]).toEqual(trusted ? [101, 503, 101] : [101, 503, 503])
    expect(log.map(({ client }) => client)).toEqual(trusted ? ['192.0.2.1', '192.0.2.1', '192.0.2.2'] : Array(3).fill(expect.stringMatching(/^127\.0\.0\.1:\d+$/)))
  })
})

describe('tlsCert and tlsKey', () => {
  const other = authority.leaf({ name: 'other' })
  const pem = ({ cert, key }: { cert: string, key: string }) => ({ tlsCert: cert, tlsKey: key })
  const ca = authority.ca.cert
  const shown = async ({ port }: Relay): Promise<string> => {
    const socket = connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost', checkServerIdentity: () => undefined })
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate() as PeerCertificate
    socket.destroy()
    return serialNumber
  }

  it('make the relay speak wss', async () => {
    const { relay, target } = await setUp(pem(localhost))
    expect(relay.url).toBe(`wss://127.0.0.1:${relay.port}`)
    const { client, closed, echo } = await tunnel(relay.url, target, { ca, servername: 'localhost' } as ClientOptions)
    expect(await echo('over TLS')).toBe('over TLS')
    await vi.waitFor(() => expect(relay.metrics()).toContain('libssl_wasm_relay_requests 0\n'))
    client.close(1000)
    expect(await closed).toBe(1000)
  })

  it('change while tunnels are open, and what is wrong changes nothing', async () => {
    const { relay, target } = await setUp(pem(localhost))
    const { echo } = await tunnel(relay.url, target, { ca, servername: 'localhost' } as ClientOptions)
    const before = await shown(relay)
    expect(() => relay.change({ tlsCert: localhost.cert, tlsKey: other.key, allow: [] })).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'tlsCert' }) as Error)
    expect(await shown(relay)).toBe(before)
    expect(await statusOf(`${relay.url}/${target.address}`, { ca, servername: 'localhost' } as ClientOptions)).toBe(101)
    relay.change(pem(other))
    expect(await shown(relay)).not.toBe(before)
    expect(await echo('still here')).toBe('still here')
  })

  it.each<[RelayOptions, string]>([
    [{ tlsCert: localhost.cert }, 'tlsCert'], [{ tlsKey: localhost.key }, 'tlsKey'], [{ tlsCert: 'nothing', tlsKey: localhost.key }, 'tlsCert'],
    [{ tlsCert: localhost.cert, tlsKey: other.key }, 'tlsCert'],
  ])('are refused unless they go together', async (options, option) => {
    await expect(startRelay(options)).rejects.toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option })
  })
})

describe('Relay.change', () => {
  it('replaces tokens and lists, for open Wisp connections too, and keeps what is not given', async () => {
    const { relay, target } = await setUp({ token: ['old', 'older'], origins: ['https://app.example'] })
    const headers = { authorization: 'Bearer old' }
    const { echo } = await tunnel(relay.url, target, { headers })
    const wisp = await connectWisp(openWebSocket(`${relay.url}/wisp/`, { headers }) as WebSocketLike)
    relay.allow('other.example:1')
    relay.change({ token: 'new', allow: undefined })
    expect(await echo('still here')).toBe('still here')
    expect(await statusOf(`${relay.url}/${target.address}`, { headers })).toBe(401)
    const renewed = { headers: { authorization: 'Bearer new' } }
    expect(await statusOf(`${relay.url}/${target.address}`, { ...renewed, origin: 'https://app.example' })).toBe(101)
    relay.change({ allow: [], origins: [] })
    expect(await statusOf(`${relay.url}/${target.address}`, renewed)).toBe(403)
    expect(await statusOf(`${relay.url}/${target.address}`, { ...renewed, origin: 'https://app.example' })).toBe(403)
    expect(await rejection(readAll(wisp.open(target).readable))).toMatchObject({ reason: 0x48 })
  })

  it('refuses what cannot change, and what is wrong, and has changed nothing', async () => {
    const { relay, target } = await setUp({ token: 'old' })
    for (const [changes, code, option] of [
      [{ port: 1 }, 'ERR_TLS_UNKNOWN_OPTION', 'port'], [{ token: [], allow: [] }, 'ERR_TLS_INVALID_OPTION', 'token'],
      [{ allow: [], origins: ['https://*'] }, 'ERR_TLS_INVALID_OPTION', 'origins'], [{ tlsCert: localhost.cert, tlsKey: localhost.key }, 'ERR_TLS_INVALID_OPTION', 'tlsCert'],
    ] as const) expect(() => relay.change(changes as never)).toThrow(expect.objectContaining({ code, option }) as Error)
    expect(await statusOf(`${relay.url}/${target.address}`, { headers: { authorization: 'Bearer old' } })).toBe(101)
  })
})

describe('requests that are not whole', () => {
  it('have so many places, and so much time', async () => {
    const { relay, target, log } = await setUp({ maxRequests: 4, requestTimeoutMs: 100 })
    await tunnel(relay.url, target) // is none
    const idlers = Array.from({ length: 6 }, () => connectTcp(relay.port, relay.host).on('error', () => {}))
    idlers[0]!.write('GET /x HTTP/1.1\r\nX: ')
    const answers = idlers.map(async (idler) => {
      let text = ''
      for await (const chunk of idler) text += chunk
      return text.slice(0, 12)
    })
    const heard = (await Promise.all(answers.map((answer) => answer.catch(() => '')))).sort()
    expect(heard.slice(0, 2)).toEqual(['', '']) // hung up on
    expect(heard.slice(-1)).toEqual(['HTTP/1.1 408'])
    expect(log.filter(({ event, status, result }) => event === 'refuse' && status === 0 && result === 'too many connections')).toHaveLength(2)
    await tunnel(relay.url, target)
  })

  it.each(['ws', 'wss'])('are hung up on when the relay closes, with %s', async (scheme) => {
    const { relay } = await setUp({ requestTimeoutMs: 600_000, ...(scheme === 'wss' && { tlsCert: localhost.cert, tlsKey: localhost.key }) })
    const idler = connectTcp(relay.port, relay.host).on('error', () => {})
    await vi.waitFor(() => expect(relay.metrics()).toContain('libssl_wasm_relay_requests 1\n'))
    await relay.close()
    if (!idler.closed) await new Promise((resolve) => idler.resume().once('close', resolve))
  })

  it('give their place back once, whatever the order in which one is told of connections of the same port', () => {
    const server = new EventEmitter()
    const requests = new Requests(10)
    requests.watch(server as Server, new TrustedProxies([]), () => {})
    const sockets = [0, 1].map(() => Object.assign(new EventEmitter(), { remoteAddress: '192.0.2.1', remotePort: 4711 }))
    for (const socket of sockets) server.emit('connection', socket)
    expect(requests.taken).toBe(1)
    sockets[0]!.emit('close')
    expect(requests.taken).toBe(1)
    sockets[1]!.emit('close')
    expect(requests.taken).toBe(0)
  })
})

it('clients that are turned away by a close, and do not answer it, are no more than there are places', async () => {
  const { relay } = await setUp({ maxConnections: 2, allow: [] })
  const answer = async () => {
    const { socket } = await Attacker.ask(relay.port, '/nowhere:1', ['Sec-WebSocket-Protocol: libssl-wasm.raw.v1'])
    const [head] = await once(socket, 'data') as [Buffer]
    return Number(String(head).slice(9, 12))
  }
  const statuses: number[] = []
  while (statuses.length < 5) statuses.push(await answer())
  expect(statuses).toEqual([101, 101, 403, 403, 403])
  await vi.waitFor(async () => expect(await answer()).toBe(101), { timeout: 10_000 })
}, 20_000)

describe('libssl-wasm relay', () => {
  async function command(...args: readonly string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/apps/cli/main.ts', 'relay', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines: string[] = []
    createInterface(child.stderr).on('line', (line) => lines.push(line))
    const exited = once(child, 'exit')
    const [first] = await once(createInterface(child.stdout), 'line') as [string]
    const said = (word: string) => vi.waitFor(() => expect(lines.join('\n')).toContain(word), { timeout: 10_000 })
    return { child, lines, exited, said, url: first.slice('relay listening on '.length) }
  }

  it('warns of empty lists, and of strangers', async () => {
    const { child, lines, exited, said } = await command('--host', '0.0.0.0')
    await said('--token-file')
    expect(lines).toEqual([
      'every target is refused: name those to allow with --allow HOST:PORT',
      'every page is refused: name the origins to allow with --origin https://app.example',
      'anyone may use the relay at 0.0.0.0: ask for a token with --token-file FILE',
    ])
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  })

  it('drains upon SIGTERM, and closes at once upon a second', async () => {
    const target = await startTarget()
    onTestFinished(() => target.close())
    const { child, exited, url } = await command('--allow', target.address, '--origin', 'https://app.example', '--drain-timeout', '600000', '--metrics-listen', '127.0.0.1:0')
    const { closed, echo } = await tunnel(url, target)
    child.kill('SIGTERM')
    const { port } = new URL(url)
    await vi.waitFor(async () => expect(await isListening(Number(port))).toBe(false), { timeout: 10_000 })
    expect(await echo('still here')).toBe('still here')
    child.kill('SIGTERM')
    expect(await closed).toBe(1001)
    expect(await exited).toEqual([0, null])
  }, 20_000)

  it('reads its files again upon SIGHUP, and keeps what it has where they are wrong', async () => {
    const target = await startTarget()
    const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-reload-'))
    onTestFinished(() => target.close())
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const [allow, token] = [join(directory, 'allow'), join(directory, 'token')]
    writeFileSync(allow, '')
    writeFileSync(token, 'old\n')
    const { child, url, said } = await command('--allow-file', allow, '--token-file', token)
    const ask = (text: string) => statusOf(`${url}/${target.address}`, { headers: { authorization: `Bearer ${text}` } })
    expect([await ask('old'), await ask('new')]).toEqual([403, 401])
    writeFileSync(allow, `# ours\n${target.address}\n`)
    writeFileSync(token, 'new\nold\n')
    child.kill('SIGHUP')
    await said('read the files again')
    expect([await ask('old'), await ask('new')]).toEqual([101, 101])
    writeFileSync(allow, 'nonsense\n')
    child.kill('SIGHUP')
    await said('nothing has changed: option \'allow\'')
    expect(await ask('new')).toBe(101)
  }, 20_000)

  it('--log-format json writes lines of JSON, and --quiet none', async () => {
    const [json, quiet] = await Promise.all([command('--log-format', 'json'), command('--quiet')])
    for (const { url } of [json, quiet]) expect(await statusOf(`${url}/a:1`)).toBe(403)
    await json.said('"refuse"')
    const entries = json.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(entries.map(({ event }) => event)).toEqual(['note', 'note', 'refuse'])
    expect(entries[2]).toMatchObject({ time: expect.stringMatching(/Z$/), target: 'a:1', status: 403 })
    quiet.child.kill('SIGTERM')
    await quiet.exited
    expect(quiet.lines).toHaveLength(2)
  }, 20_000)
})

it('relayWarnings warns of the origin null, and not of strangers who need a token', () => {
  const names = { allow: 'A', origins: 'O', token: 'T' }
  expect(relayWarnings({ allow: ['a:1'], origins: ['null'], token: 't' }, names, 'here')).toEqual([expect.stringContaining('null')])
  expect(relayWarnings({ allow: ['a:1'], origins: ['https://a'] }, names, undefined)).toEqual([])
})

it('docs/relay.md has the flags as they are', () => {
  expect(readFileSync(join(root, 'docs/relay.md'), 'utf8')).toContain(`<!-- flags -->\n${relayFlagTable()}\n<!-- end of flags -->\n`)
})
