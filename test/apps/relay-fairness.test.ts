// One client of the relay, however busy, does not hold up the others. `npm run relay-load` measures it.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NodeHandshakes } from '../../src/apps/relay/node-visitor.js'
import { checkRelayRules } from '../../src/apps/relay/relay-options.js'
import type { Dial, RelaySocket } from '../../src/apps/relay/visitor.js'
import { serveWispVisit } from '../../src/apps/relay/wisp-visit.js'
import { CREDIT_PROTOCOL } from '../../src/transports/websocket-credit.js'
import { closePacket, connectPacket } from '../../src/transports/wisp/packets.js'
import { Attacker, BINARY, frame, PING } from '../helpers/attacked-relay.js'
import { noise, random, same, until } from '../helpers/streams.js'
import { PageWebSocket } from '../helpers/wisp-peers.js'

const KIB = 1024
const MESSAGES = 1000
const FRAMES_IN_TURN = 16
const BYTES_IN_TURN = 64 * KIB

/** Takes clients, one after the other. */
async function startServer(protocol: string | undefined, take: (client: RelaySocket, socket: Socket) => void) {
  const handshakes = new NodeHandshakes(1024 * KIB)
  const server = createServer()
  onTestFinished(() => void server.close())
  server.on('upgrade', (request, socket, head) => {
    void handshakes.shake(request, socket as Socket, head, protocol, (client) => take(client, socket as Socket))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** The most that `count` has grown in one turn of the event loop and the next: when in a turn it is looked at, is not known. */
function mostInTwoTurns(count: () => number): () => number {
  let most = 0
  let before = 0
  const look = () => {
    most = Math.max(most, count() - before)
    before = count()
    timer = setImmediate(look)
  }
  let timer = setImmediate(look)
  onTestFinished(() => clearImmediate(timer))
  return () => most
}

const repeated = (message: Buffer, times: number) => Buffer.concat(Array<Buffer>(times).fill(message))

describe('NodeHandshakes', () => {
  it.each([
    undefined, CREDIT_PROTOCOL,
  ])('gives few messages of a client in a turn of the event loop, however many came at once (%s)', async (protocol) => {
    let heard = 0
    const most = mostInTwoTurns(() => heard)
    await new Promise<void>((resolve) => {
      const hear = () => { if (++heard === MESSAGES) resolve() }
      void startServer(protocol, (client) => client.addEventListener('message', hear)).then(async (port) => {
        const client = await Attacker.open(port, '/', protocol)
        await client.send(repeated(frame(Uint8Array.of(1)), MESSAGES))
      })
    })
    expect(most()).toBeLessThanOrEqual(2 * FRAMES_IN_TURN)
  })

  it('answers few pings of a client in a turn, and gives few bytes', async () => {
    let pings = 0
    let bytes = 0
    const [mostPings, mostBytes] = [mostInTwoTurns(() => pings), mostInTwoTurns(() => bytes)]
    const port = await startServer(undefined, (client) => {
      Object.assign(client, { ping() {} })
      ;(client as unknown as NodeJS.EventEmitter).on('ping', () => { pings++ })
      client.addEventListener('message', ({ data }) => { bytes += data.byteLength })
    })
    const client = await Attacker.open(port, '/')
    await client.send(repeated(frame(new Uint8Array(), PING), MESSAGES))
    await client.send(repeated(frame(new Uint8Array(16 * KIB)), 64))
    while (bytes < MESSAGES * KIB) await new Promise(setImmediate)
    expect(pings).toBe(MESSAGES)
    expect(mostPings()).toBeLessThanOrEqual(2 * FRAMES_IN_TURN)
    expect(mostBytes()).toBeLessThanOrEqual(2 * BYTES_IN_TURN + 16 * KIB) // a message that began before
  })

  it('gives all that a client sends, in frames and pieces of any size, and then its close', async () => {
    const heard: Buffer[] = []
    let closed!: (code: number) => void
    const close = new Promise<number>((resolve) => { closed = resolve })
    const port = await startServer(undefined, (client) => {
      client.addEventListener('message', ({ data }) => heard.push(Buffer.from(data)))
      client.addEventListener('close', ({ code }) => closed(code))
    })
    const next = random(7)
    const sent = noise(300 * KIB)
    const frames: Buffer[] = []
    for (let at = 0; at < sent.byteLength;) {
      const size = Math.floor(next() ** 8 * 100_000)
      const whole = next() < 0.5
      frames.push(frame(sent.subarray(at, at + size), BINARY, whole), ...whole ? [] : [frame(new Uint8Array(), 0)])
      at += size
    }
    const client = await Attacker.open(port, '/')
    const bytes = Buffer.concat(frames)
    for (let at = 0; at < bytes.byteLength;) {
      const size = 1 + Math.floor(next() ** 4 * 70_000)
      await client.send(bytes.subarray(at, at + size))
      at += size
    }
    await client.send(frame(Uint8Array.of(0x03, 0xe8), 8))
    client.socket.end()
    expect(await close).toBe(1000)
    expect(same(Buffer.concat(heard), sent)).toBe(true)
  })

  it('drops what is left of a client that was lost', async () => {
    let heard = 0
    let heardBefore: number | undefined
    const closed = new Promise<void>((resolve) => {
      void startServer(CREDIT_PROTOCOL, (client, socket) => {
        socket.once('close', () => { heardBefore = heard })
        client.addEventListener('message', () => {
          heard++
          client.send(Uint8Array.of(1)) // a reset is noticed by writing
        })
        client.addEventListener('close', () => resolve())
      }).then(async (port) => {
        const client = await Attacker.open(port, '/', CREDIT_PROTOCOL)
        await client.send(repeated(frame(Uint8Array.of(0, 1)), 64 * KIB))
        client.socket.resetAndDestroy()
      })
    })
    await closed
    expect(heard - heardBefore!).toBeLessThanOrEqual(FRAMES_IN_TURN)
  })
})

describe('serveWispVisit', () => {
  it('dials one target of a client in a turn, however many it asks for at once, and none for a stream that it has left', async () => {
    const socket = new PageWebSocket()
    const dialled: number[] = []
    const dial: Dial = ({ port }, signal) => {
      dialled.push(port)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const allow = new Set([1, 2, 3, 4].map((port) => `a.example:${port}`))
    const rules = { ...checkRelayRules({}), allow, dial, takePlace: () => () => {} }
    const server = serveWispVisit(socket as unknown as RelaySocket, 1, rules, () => {})
    for (const stream of [1, 2, 3, 4]) socket.receive(connectPacket(stream, 'a.example', stream).buffer)
    for (let microtask = 0; microtask < 100; microtask++) await Promise.resolve()
    expect(dialled).toEqual([1])
    for (const stream of [2, 3]) socket.receive(closePacket(stream, 2).buffer)
    await until(() => dialled.length > 1)
    expect(dialled).toEqual([1, 4])
    socket.nowClosed(1006)
    await server.closed
  })
})
