// Which requests the relay admits, and what it says to the others, seen from outside over real sockets.

import { once } from 'node:events'
import { get } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { Relay } from '../../src/apps/relay/relay.js'
import { deafPort, unusedPort } from '../helpers/ports.js'
import { closing, openTunnelTo, openWebSocket, polite, refusal, requestByHand, setUpRelay } from '../helpers/relays.js'
import { until } from '../helpers/streams.js'
import { startTarget } from '../helpers/tunnels.js'

describe('Relay admission', () => {
  it('refuses a target that is not on the list with 403', async () => {
    const { relay, target, log } = await setUpRelay({ allow: [] })
    expect(await refusal(relay, target.address)).toEqual([403, 'this target is not allowed\n'])
    expect(log).toMatchObject([{ event: 'refuse', status: 403, target: target.address, origin: undefined }])
    expect(target.sockets).toHaveLength(0)
  })

  it('allows a target that is added later', async () => {
    const { relay, target } = await setUpRelay({ allow: [] })
    relay.allow(target.address)
    await openTunnelTo(target, relay)
    expect(() => relay.allow('nonsense')).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }) as Error)
  })

  it('takes upper and lower case in a host for one', async () => {
    const target = await startTarget()
    const { relay } = await setUpRelay({ allow: [`LocalHost:${target.port}`] })
    await once(openWebSocket(`${relay.url}/lOCALhOST:${target.port}`), 'open')
  })

  it.each([
    ['', ''], ['localhost', ''], ['localhost:0', ''], ['%zz', ''], ['localhost:1/x', ''], ['localhost:1?x', ', without a query'],
    ['localhost:1/', ', without a slash at its end'], ['[::1]:1/', ', without a slash at its end'], ['?x', ''],
  ])('refuses the path /%s with 400', async (path, more) => {
    const { relay } = await setUpRelay()
    expect(await refusal(relay, path)).toEqual([400, `the path must be /host:port${more}\n`])
  })

  it.each([
    'https://evil.example', 'https://app.example.evil.example', 'null', 'http://app.example',
  ])('refuses the origin %s with 403', async (origin) => {
    const { relay, target } = await setUpRelay({ origins: ['https://app.example'] })
    expect(await refusal(relay, target.address, { origin })).toEqual([403, 'this origin is not allowed\n'])
  })

  it('refuses a foreign origin under the header\'s former name', async () => {
    const { relay, target } = await setUpRelay()
    const [status] = await refusal(relay, target.address, { protocolVersion: 8, origin: 'https://evil.example' })
    expect(status).toBe(403)
  })

  it('accepts an origin on the list', async () => {
    const { relay, target, log } = await setUpRelay({ origins: ['https://app.example'] })
    await openTunnelTo(target, relay, { origin: 'https://app.example' })
    expect(log).toMatchObject([{ event: 'open', status: 101, origin: 'https://app.example' }])
  })

  it('refuses one connection too many with 503, and has room again after one ends', async () => {
    const { relay, target } = await setUpRelay({ maxConnections: 2 }, polite)
    const first = await openTunnelTo(target, relay)
    await openTunnelTo(target, relay)
    expect(relay.connections).toBe(2)
    expect(await refusal(relay, target.address)).toEqual([503, 'too many connections\n'])
    first.close(1000)
    await until(() => relay.connections === 1)
    await openTunnelTo(target, relay)
  })

  it('answers 502 for a target that refuses the connection', async () => {
    const port = await unusedPort()
    const { relay } = await setUpRelay({ allow: [`127.0.0.1:${port}`] })
    expect(await refusal(relay, `127.0.0.1:${port}`)).toEqual([502, 'cannot reach the target: ECONNREFUSED\n'])
    await until(() => relay.connections === 0)
  })

  it('answers 502 for a target that does not answer in time', async () => {
    const port = await deafPort()
    const { relay } = await setUpRelay({ allow: [`127.0.0.1:${port}`], connectTimeoutMs: 50 })
    expect(await refusal(relay, `127.0.0.1:${port}`)).toEqual([502, 'cannot reach the target: ETIMEDOUT\n'])
  })

  it('says by close codes that there are too many connections, that the target does not answer, and that it closes', async () => {
    const port = await deafPort()
    const allow = [`127.0.0.1:${port}`]
    const { relay } = await setUpRelay({ allow, connectTimeoutMs: 50 })
    const ask = (to: Relay) => openWebSocket(`${to.url}/127.0.0.1:${port}`, 'libssl-wasm.raw.v1')
    expect(await closing(ask(relay))).toEqual([4014, 'cannot reach the target: ETIMEDOUT'])
    const { relay: small } = await setUpRelay({ allow, connectTimeoutMs: 60_000, maxConnections: 1 })
    const waiting = ask(small)
    await until(() => small.connections === 1)
    expect(await closing(ask(small))).toEqual([4016, 'too many connections'])
    await small.close()
    expect(await closing(waiting)).toEqual([1001, 'the relay is closing'])
  })

  it('cuts off a client that it has refused and that does not answer the close', async () => {
    const { relay, target } = await setUpRelay({ allow: [] })
    const client = await requestByHand(relay, `/127.0.0.1:${target.port}`, ['Sec-WebSocket-Protocol: libssl-wasm.raw.v1'])
    await once(client.resume(), 'end')
    expect(relay.connections).toBe(0)
  })

  it('gives up the target when the client goes away before it is reached', async () => {
    const port = await deafPort()
    const { relay, log } = await setUpRelay({ allow: [`127.0.0.1:${port}`], connectTimeoutMs: 60_000 })
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const client = await requestByHand(relay, `/127.0.0.1:${port}`)
      await until(() => relay.connections === 1)
      client[leave]()
      await until(() => relay.connections === 0)
    }
    expect(log).toMatchObject([0, 0].map((status) => ({ event: 'refuse', status, result: 'the client went away' })))
  })

  it('answers 426 to an ordinary request and 400 to another upgrade', async () => {
    const { relay, target } = await setUpRelay()
    const url = relay.url.replace('ws:', 'http:')
    const [ordinary] = await once(get(url), 'response')
    expect(ordinary.resume().statusCode).toBe(426)
    const [other] = await once(get(`${url}/127.0.0.1:${target.port}`, { headers: { connection: 'upgrade', upgrade: 'h2c' } }), 'response')
    expect(other.resume().statusCode).toBe(400)
  })

  it.each([
    ['a key that is too short', 'Sec-WebSocket-Key: short', 400], ['no key', 'X: y', 400],
    ['a version that is not known', 'Sec-WebSocket-Version: 7', 426], ['no version', 'X: y', 426],
    ['names of subprotocols that are none', 'Sec-WebSocket-Protocol: a/b', 400],
    ['a subprotocol offered twice', 'Sec-WebSocket-Protocol: a, a', 400], ['another method', 'POST', 405],
  ])('dials no target for a WebSocket handshake with %s', async (what, line, status) => {
    const { relay, target, log } = await setUpRelay({}, polite)
    const replaced = what.includes('key') ? 'Sec-WebSocket-Key' : what.includes('version') ? 'Sec-WebSocket-Version' : 'X'
    const client = await requestByHand(
      relay, `/127.0.0.1:${target.port}`, line === 'POST' ? [] : [line], line === 'POST' ? line : 'GET', replaced,
    )
    const [answer] = await once(client, 'data')
    expect(String(answer)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    await until(() => relay.connections === 0)
    expect(log).toMatchObject([{ event: 'refuse', status }])
    // A connection that was made all the same would be seen before the next.
    await openTunnelTo(target, relay)
    expect(target.sockets).toHaveLength(1)
  })

  it.each(
    ['end', 'resetAndDestroy'] as const,
  )('gives up the target when a client that has said something too early goes away (%s)', async (leave) => {
    const port = await deafPort()
    const { relay, log } = await setUpRelay({ allow: [`127.0.0.1:${port}`], connectTimeoutMs: 60_000 })
    const client = await requestByHand(relay, `/127.0.0.1:${port}`)
    await until(() => relay.connections === 1)
    await new Promise((resolve) => client.write(Buffer.alloc(20_000), resolve))
    client[leave]()
    await until(() => relay.connections === 0)
    expect(log).toMatchObject([{ event: 'refuse', status: 0, result: 'the client went away' }])
  })

  it('keeps what a client says too early, and gives up one that says much', async () => {
    const { relay, target } = await setUpRelay()
    const client = await requestByHand(relay, `/127.0.0.1:${target.port}`)
    client.write(Buffer.of(0x82, 0x82, 0, 0, 0, 0, 65, 66))
    await until(() => target.sockets.length > 0)
    expect(String((await once(target.sockets[0]!, 'data'))[0])).toBe('AB')
    const port = await deafPort()
    relay.allow(`127.0.0.1:${port}`)
    const other = await requestByHand(relay, `/127.0.0.1:${port}`)
    await until(() => relay.connections === 2)
    other.write(Buffer.alloc(100_000))
    await until(() => relay.connections === 1)
  })
})
