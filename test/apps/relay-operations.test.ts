// What operators expect of the relay: it drains, tells how it is, speaks wss, and takes new files.

import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ClientOptions } from 'ws'
import { checkRelayOptions } from '../../src/apps/relay/listen-options.js'
import { startRelay, type Relay, type RelayOptions } from '../../src/apps/relay/relay.js'
import type { WebSocketLike } from '../../src/index.js'
import { connectWisp } from '../../src/wisp.js'
import { authority, localhost } from '../helpers/certificates.js'
import { isListening } from '../helpers/ports.js'
import { closing, openEcho, openWebSocket, setUpRelay, statusOf } from '../helpers/relays.js'
import { isPending, readAll, readBytes, rejection, writeAll } from '../helpers/streams.js'

/** Node's fetch does not let one say these headers. */
function get(url: string, headers: Record<string, string> = {}): Promise<{ status: number, body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => { body += text })
        .on('end', () => resolve({ status: response.statusCode!, body }))
    }).on('error', reject).end()
  })
}

describe('Relay.close with drainTimeoutMs', () => {
  it('listens no more, says so, and lets tunnels end', async () => {
    const { relay, target } = await setUpRelay({ metricsListen: '127.0.0.1:0' })
    const { client, echo } = await openEcho(target, relay)
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
    const { relay, target } = await setUpRelay()
    const { client } = await openEcho(target, relay)
    const over = relay.close({ drainTimeoutMs: when === 'when it is called again' ? 60_000 : 50 })
    if (when === 'when it is called again') await relay.close()
    expect((await closing(client))[0]).toBe(1001)
    await over
  })

  it('refuses a wrong time, and closes nothing', async () => {
    const { relay } = await setUpRelay()
    for (const drainTimeoutMs of [-1, NaN, '1', 2 ** 31]) {
      await expect(relay.close({ drainTimeoutMs: drainTimeoutMs as number })).rejects.toMatchObject({
        code: 'ERR_TLS_INVALID_OPTION', option: 'drainTimeoutMs',
      })
    }
    expect(await statusOf(`${relay.url}/wisp/`)).toBe(101)
  })

  it('closes a Wisp connection when it has no stream, and opens no other', async () => {
    const { relay, target, log } = await setUpRelay()
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
    const { relay, target } = await setUpRelay({ metricsListen: '127.0.0.1:0' })
    const { echo } = await openEcho(target, relay)
    await echo('12345')
    const wisp = await connectWisp(openWebSocket(`${relay.url}/wisp/`) as WebSocketLike)
    const { readable, writable } = wisp.open(target)
    await writeAll(writable, Buffer.from('123'))
    ;(await target.accept()).end('12')
    await readBytes(readable, 2)
    for (const path of ['x:1', 'y:1', '%3Cscript%3E"}']) await statusOf(`${relay.url}/${path}`)
    const { status, body } = await get(`${relay.metricsUrl}/metrics`)
    expect(status).toBe(200)
    for (const line of body.trimEnd().split('\n')) {
      expect(line).toMatch(/^(# (HELP|TYPE) libssl_wasm_relay_\S+ .+|libssl_wasm_relay_[a-z_]+(\{[a-z]+="[a-z0-9]+"\})? \d+)$/)
    }
    for (const [sample, value] of Object.entries({
      'opened_total{kind="tunnel"}': 1, 'opened_total{kind="wisp"}': 1, 'opened_total{kind="stream"}': 1, 'ended_total{kind="tunnel"}': 0,
      'refused_total{status="403"}': 2, 'refused_total{status="400"}': 1, 'bytes_total{to="target"}': 8, 'bytes_total{to="client"}': 7,
      draining: 0, requests: 0,
    })) expect(body).toContain(`\nlibssl_wasm_relay_${sample} ${value}\n`)
    expect(relay.metrics().split('\n')[0]).toBe(body.split('\n')[0])
  })

  it('are for no client of the relay, and for no page', async () => {
    const { relay } = await setUpRelay({ metricsListen: '127.0.0.1:0' })
    expect((await get(`${relay.url.replace('ws', 'http')}/metrics`)).status).toBe(426)
    const url = `${relay.metricsUrl}/metrics`
    for (const headers of [
      { origin: 'https://evil.example' }, ...['cross-site', 'same-site', 'same-origin'].map((site) => ({ 'sec-fetch-site': site })),
      { referer: 'https://evil.example/' }, { host: 'rebound.example:9090' }, { 'sec-fetch-site': 'none', 'host': 'rebound.example' },
      { 'sec-fetch-site': 'none', 'origin': 'null' },
    ]) for (const path of [url, `${relay.metricsUrl}/healthz`]) expect(await get(path, headers as never))
      .toMatchObject({ status: 403, body: 'not for pages\n' })
    expect((await get(url, { host: 'localhost' })).status).toBe(200)
    expect((await get(url, { 'sec-fetch-site': 'none' })).status).toBe(200) // an address that was typed into a browser
    expect((await get(relay.metricsUrl!)).status).toBe(404)
  })

  it.each(['9090', 'host', 'host:x', '127.0.0.1:99999', '::1:80'])('are served at no %s', async (metricsListen) => {
    await expect(startRelay({ metricsListen })).rejects.toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'metricsListen' })
  })

  it('are served again soon, whoever has connected and says nothing', async () => {
    const { relay } = await setUpRelay({ metricsListen: '127.0.0.1:0' })
    const { port } = new URL(relay.metricsUrl!)
    const silent = Array.from({ length: 16 }, () => connectTcp(Number(port), '127.0.0.1').resume())
    onTestFinished(() => silent.forEach((socket) => socket.destroy()))
    await Promise.all(silent.map((socket) => once(socket, 'close')))
    expect((await get(`${relay.metricsUrl}/metrics`)).status).toBe(200)
  }, 20_000)

  it('that cannot be served leave nothing listening', async () => {
    const { relay } = await setUpRelay()
    await expect(startRelay({ metricsListen: `127.0.0.1:${relay.port}` })).rejects.toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
  })
})

it.each([['[::1]', '::1'], ['::1', '::1'], ['localhost', 'localhost'], ['[]', '[]']])('a relay listens on %s', (host, address) => {
  expect(checkRelayOptions({ host }).listening.host).toBe(address)
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
    const { relay, target } = await setUpRelay(pem(localhost))
    expect(relay.url).toBe(`wss://127.0.0.1:${relay.port}`)
    const { client, echo } = await openEcho(target, relay, { ca, servername: 'localhost' } as ClientOptions)
    expect(await echo('over TLS')).toBe('over TLS')
    await vi.waitFor(() => expect(relay.metrics()).toContain('libssl_wasm_relay_requests 0\n'))
    client.close(1000)
    expect((await closing(client))[0]).toBe(1000)
  })

  it('change while tunnels are open, and what is wrong changes nothing', async () => {
    const { relay, target } = await setUpRelay(pem(localhost))
    const { echo } = await openEcho(target, relay, { ca, servername: 'localhost' } as ClientOptions)
    const before = await shown(relay)
    expect(() => relay.change({ tlsCert: localhost.cert, tlsKey: other.key, allow: [] }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'tlsCert' }) as Error)
    expect(await shown(relay)).toBe(before)
    expect(await statusOf(`${relay.url}/${target.address}`, { ca, servername: 'localhost' } as ClientOptions)).toBe(101)
    relay.change(pem(other))
    expect(await shown(relay)).not.toBe(before)
    expect(await echo('still here')).toBe('still here')
  })

  it.each<[RelayOptions, string]>([
    [{ tlsCert: localhost.cert }, 'tlsCert'], [{ tlsKey: localhost.key }, 'tlsKey'],
    [{ tlsCert: 'nothing', tlsKey: localhost.key }, 'tlsCert'], [{ tlsCert: localhost.cert, tlsKey: other.key }, 'tlsCert'],
  ])('are refused unless they go together', async (options, option) => {
    await expect(startRelay(options)).rejects.toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option })
  })

  it.each(['pkcs8', 'sec1'] as const)('are refused with what to do if the key is encrypted: %s', async (type) => {
    const key = createPrivateKey(localhost.key).export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
    await expect(startRelay({ tlsCert: localhost.cert, tlsKey: String(key) }))
      .rejects.toMatchObject({ option: 'tlsKey', message: expect.stringContaining('openssl pkey') as string })
  })
})

describe('Relay.change', () => {
  it('replaces tokens and lists, for open Wisp connections too, and keeps what is not given', async () => {
    const { relay, target } = await setUpRelay({ token: ['old', 'older'], origins: ['https://app.example'] })
    const headers = { authorization: 'Bearer old' }
    const { echo } = await openEcho(target, relay, { headers })
    const wisp = await connectWisp(openWebSocket(`${relay.url}/wisp/`, [], { headers }) as WebSocketLike)
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
    const { relay, target } = await setUpRelay({ token: 'old' })
    for (const [changes, code, option] of [
      [{ port: 1 }, 'ERR_TLS_UNKNOWN_OPTION', 'port'], [{ token: [], allow: [] }, 'ERR_TLS_INVALID_OPTION', 'token'],
      [{ allow: [], origins: ['https://*'] }, 'ERR_TLS_INVALID_OPTION', 'origins'],
      [{ tlsCert: localhost.cert, tlsKey: localhost.key }, 'ERR_TLS_INVALID_OPTION', 'tlsCert'],
    ] as const) expect(() => relay.change(changes as never)).toThrow(expect.objectContaining({ code, option }) as Error)
    expect(await statusOf(`${relay.url}/${target.address}`, { headers: { authorization: 'Bearer old' } })).toBe(101)
  })
})
