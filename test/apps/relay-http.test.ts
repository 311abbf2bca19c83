// Who a request is from, behind a proxy, and what the relay spends on requests that come to nothing.

import { EventEmitter, once } from 'node:events'
import type { Server } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { inOneSpelling, isLoopback } from '../../src/apps/relay/addresses.js'
import { Requests } from '../../src/apps/relay/http-server.js'
import { clientAt } from '../../src/apps/relay/places.js'
import { networkOf, TrustedProxies } from '../../src/apps/relay/trusted-proxies.js'
import { Attacker } from '../helpers/attacked-relay.js'
import { localhost } from '../helpers/certificates.js'
import { openTunnelTo, setUpRelay, statusOf } from '../helpers/relays.js'

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
    ['::ffff:a00:1', '::FFFF:c000:201', '192.0.2.1'], // IPv4 in IPv6, as hexadecimal digits
    ['10.0.0.1', '[0:0:0:0:0:ffff:c000:0201]:4711', '192.0.2.1'],
    ['10.0.0.1', '192.0.2.1, ::ffff:0a02:304', '192.0.2.1'],
    ['2001:0DB8:0::7', '2001:DB9:0:0::1', '2001:db9::1'],
    ['unknown', '192.0.2.1', 'unknown'],
  ])('takes a request of %s for %s to be of %s', (peer, forwardedFor, client) => {
    expect(new TrustedProxies(['10.0.0.0/8', '2001:db8::/32']).clientOf(peer, forwardedFor)).toBe(client)
  })

  it('knows networks', () => {
    for (const text of ['10.0.0.0/8', '10.1.2.3', '::1', '2001:db8::/32', '0.0.0.0/0']) expect(networkOf(text)).toBeDefined()
    for (const text of ['', '10.0.0.0/33', '::/129', 'proxy.example', '10.0.0.0/', '10.0.0/8', '10.0.0.0/8 ', '::ffff:0:0/95']) {
      expect(networkOf(text)).toBeUndefined()
    }
  })

  it.each([
    '::ffff:10.0.0.0/104', '::ffff:a00:0/104', '::FFFF:a00:1', '::ffff:0:0/96',
  ])('knows a network of IPv4 that is written in IPv6, %s', (network) => {
    expect(new TrustedProxies([network]).clientOf('10.0.0.1', '2001:db8::1')).toBe('2001:db8::1')
  })

  it.each([true, false])('%s: decides whether X-Forwarded-For is believed, in the log and in limits', async (trusted) => {
    const { relay, target, log } = await setUpRelay({ maxConnectionsPerAddress: 1, ...(trusted && { trustProxy: ['127.0.0.1'] }) })
    const from = (address: string) =>
      statusOf(`${relay.url}/${target.address}`, { headers: { 'x-forwarded-for': `198.51.100.1, ${address}` } })
    expect([await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.2')]).toEqual(trusted ? [101, 503, 101] : [101, 503, 503])
    expect(log.map(({ client }) => client))
      .toEqual(trusted ? ['192.0.2.1', '192.0.2.1', '192.0.2.2'] : Array(3).fill(expect.stringMatching(/^127\.0\.0\.1:\d+$/)))
  })
})

describe('requests that are not whole', () => {
  it('have so many places, and so much time', async () => {
    const { relay, target, log } = await setUpRelay({ maxRequests: 4, requestTimeoutMs: 100 })
    await openTunnelTo(target, relay) // is none
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
    expect(log.filter(({ event, status, result }) => event === 'refuse' && status === 0 && result === 'too many connections'))
      .toHaveLength(2)
    await openTunnelTo(target, relay)
  })

  it.each(['ws', 'wss'])('are hung up on when the relay closes, with %s', async (scheme) => {
    const { relay } = await setUpRelay({
      requestTimeoutMs: 600_000, ...(scheme === 'wss' && { tlsCert: localhost.cert, tlsKey: localhost.key }),
    })
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
  const { relay } = await setUpRelay({ maxConnections: 2, allow: [] })
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

it.each([
  ['::ffff:192.0.2.1', '192.0.2.1'], ['::ffff:c000:201', '192.0.2.1'], ['0:0::ffff:C000:0201', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'], ['::ffff:ffff:ffff', '255.255.255.255'], ['::ffff:0:0', '0.0.0.0'],
  ['2001:DB8:0:0:0::1', '2001:db8::1'], ['::1', '::1'], ['::ffff:0:0:0', '::ffff:0:0:0'], ['192.0.2.1', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1%eth0'], ['unknown', 'unknown'], ['no:address', 'no:address'], ['1::2]:3/[::4', '1::2]:3/[::4'],
])('inOneSpelling makes of %s %s', (address, spelling) => {
  expect(inOneSpelling(address)).toBe(spelling)
  expect(clientAt(address)).toBe(clientAt(spelling))
})

it.each([
  ['::ffff:7f00:1', true], ['127.1.2.3', true], ['0:0:0:0:0:0:0:1', true], ['::ffff:c000:201', false], ['0.0.0.0', false], ['::', false],
])('isLoopback of %s: %s', (address, is) => {
  expect(isLoopback(address)).toBe(is)
})
