// Whom the relay keeps a place for, and for how long.

import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { clientAt, Places } from '../../src/apps/relay/places.js'
import { checkRelayRules } from '../../src/apps/relay/relay-options.js'
import { startRelay, type RelayLogEntry, type RelayOptions } from '../../src/apps/relay/relay.js'
import type { WebSocketLike } from '../../src/index.js'
import { connectWisp } from '../../src/wisp.js'
import { Attacker } from '../helpers/attacked-relay.js'
import { readAll, rejection, until } from '../helpers/streams.js'
import { startTarget } from '../helpers/tunnels.js'

async function setUp(options: RelayOptions) {
  const target = await startTarget()
  onTestFinished(() => target.close())
  const log: RelayLogEntry[] = []
  const relay = await startRelay({ allow: [target.address], log: (entry) => log.push(entry), ...options })
  onTestFinished(() => relay.close())
  const socketTo = (path: string) => {
    const socket = new WebSocket(`${relay.url}/${path}`)
    onTestFinished(() => socket.terminate())
    return socket
  }
  return { target, log, relay, socketTo }
}

it('checkRelayRules fills in what docs/relay.md says, and divides maxBufferedBytes', () => {
  const KIB = 1024
  expect(checkRelayRules({})).toMatchObject({
    maxConnections: 100, idleTimeoutMs: 3_600_000, streamlessTimeoutMs: 120_000, clientTimeoutMs: 120_000, highWaterMarkBytes: 256 * KIB,
    windowBytes: 1024 * KIB,
  })
  expect(checkRelayRules({ idleTimeoutMs: 0, highWaterMarkBytes: 2 ** 30 }))
    .toMatchObject({ idleTimeoutMs: 0, highWaterMarkBytes: 2 ** 30 })
  const parts = (partKib: number, more: RelayOptions = {}) => {
    const { highWaterMarkBytes, windowBytes } = checkRelayRules({ maxConnections: 7, maxBufferedBytes: 7 * partKib * KIB, ...more })
    return [highWaterMarkBytes / KIB, windowBytes / KIB]
  }
  expect([parts(512), parts(1024), parts(1408), parts(9000)]).toEqual([[128, 256], [256, 640], [256, 1024], [256, 1024]])
  expect(parts(1408, { highWaterMarkBytes: 2 ** 30 })).toEqual([1024, 256])
  // A message that is not whole waits, too.
  const messageKib = (more: RelayOptions) =>
    checkRelayRules({ maxConnections: 7, maxBufferedBytes: 7 * 512 * KIB, ...more }).maxMessageBytes / KIB
  expect([messageKib({}), messageKib({ maxMessageBytes: 2048 * KIB }), messageKib({ maxBufferedBytes: undefined })])
    .toEqual([256, 2048, 1024])
})

describe('a client that vanishes', () => {
  it('is given up when it does not answer, and its target is reset', async () => {
    const { target, relay } = await setUp({ clientTimeoutMs: 240 })
    await Attacker.open(relay.port, `/${target.address}`) // it knows no pings
    const far = await target.accept()
    await Attacker.open(relay.port, '/wisp/')
    expect((await once(far.resume(), 'error'))[0]).toMatchObject({ code: 'ECONNRESET' })
    await until(() => relay.connections === 0)
  })

  it('is another than one that says nothing, and answers', async () => {
    const { target, relay, socketTo } = await setUp({ clientTimeoutMs: 240 })
    const sockets = [socketTo(target.address), socketTo('wisp/')]
    // Two limits' worth of silence: it is asked after half of one.
    for (let asked = 0; asked < 4; asked++) await Promise.all(sockets.map((socket) => once(socket, 'ping')))
    expect(sockets.map(({ readyState }) => readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN])
    expect(relay.connections).toBe(2)
  })

  it('is another than one whose bytes wait for the target', async () => {
    const { target, relay, socketTo } = await setUp({ clientTimeoutMs: 240 })
    const socket = socketTo(target.address)
    await once(socket, 'open')
    const far = await target.accept()
    for (let sent = 0; sent < 32; sent++) socket.send(Buffer.alloc(1024 * 1024)) // its pong would be behind them
    for (let asked = 0; asked < 20; asked++) await once(socket, 'ping')
    expect(relay.connections).toBe(1)
    let got = 0
    far.on('data', ({ length }) => { got += length })
    await until(() => got === 32 * 1024 * 1024)
  })
})

describe('a Wisp connection', () => {
  it('is closed when it has no stream, and not while it has', async () => {
    const { target, log, relay, socketTo } = await setUp({ streamlessTimeoutMs: 100 })
    const wisp = await connectWisp(socketTo('wisp/') as unknown as WebSocketLike)
    const stream = wisp.open(target)
    const failed = rejection(readAll(stream.readable))
    const far = await target.accept()
    for (let round = 0; round < 3; round++) {
      const [code, why] = await once(socketTo('wisp/'), 'close') as [number, Buffer]
      expect([code, String(why)]).toEqual([1001, 'no stream for 100 ms'])
    }
    await until(() => log.filter(({ event, result }) => event === 'end' && result === 'no stream for 100 ms').length === 3)
    expect(wisp.streams).toBe(1)
    far.resetAndDestroy()
    await failed
    await wisp.closed
    await until(() => relay.connections === 0)
  })
})

describe('one client', () => {
  it('has so many places and no more: tunnels, Wisp connections and their streams', async () => {
    const { target, relay, socketTo } = await setUp({ maxConnectionsPerAddress: 2 })
    const wisp = await connectWisp(socketTo('wisp/') as unknown as WebSocketLike)
    const streams = [wisp.open(target), wisp.open(target)]
    expect(await rejection(readAll(streams[1]!.readable))).toMatchObject({ reasonName: 'THROTTLED' })
    const refused = socketTo(target.address)
    refused.on('error', () => {})
    const [, response] = await once(refused, 'unexpected-response') as [unknown, { statusCode: number }]
    expect(response.statusCode).toBe(503)
    await wisp.close()
    await until(() => relay.connections === 0)
    await once(socketTo(target.address), 'open')
  })

  it('has half of them by default, and all on this machine', () => {
    const places = new Places(5, undefined)
    const leave = places.take('192.0.2.1') as () => void
    expect([places.take('192.0.2.1'), places.take('::ffff:192.0.2.1')]).toEqual([expect.any(Function), expect.any(Function)])
    expect(places.take('192.0.2.1')).toMatch(/from this address/)
    leave()
    expect(places.take('192.0.2.1')).toBeTypeOf('function')
    expect([places.take('192.0.2.2'), places.take('192.0.2.3')]).toEqual([expect.any(Function), expect.any(Function)])
    expect(places.take('192.0.2.4')).toBe('too many connections')
    for (const here of ['127.0.0.1', '::1', '::ffff:127.0.0.1', 'unknown']) {
      const all = new Places(5, undefined)
      for (let place = 0; place < 5; place++) expect(all.take(here)).toBeTypeOf('function')
      expect(new Places(5, 1).take(here)).toBeTypeOf('function')
    }
  })

  it.each([
    ['192.0.2.1', '192.0.2.1'], ['::ffff:192.0.2.1', '192.0.2.1'], ['2001:DB8::1', '2001:db8:0:0/64'],
    ['2001:db8:0:0:9:8:7:6', '2001:db8:0:0/64'], ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2/64'], ['fe80::1%eth0', 'fe80:0:0:0/64'],
    ['::1', '0:0:0:0/64'], ['::', '0:0:0:0/64'], ['unknown', 'unknown'],
  ])('at %s is %s', (address, client) => expect(clientAt(address)).toBe(client))
})
