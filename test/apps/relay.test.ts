// A relay starts, listens, and closes.

import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { startRelay, type RelayOptions } from '../../src/apps/relay/relay.js'
import { pour, settled } from '../helpers/flows.js'
import { deafPort } from '../helpers/ports.js'
import { closing, openTunnelTo, polite, refusal, setUpRelay } from '../helpers/relays.js'
import { until } from '../helpers/streams.js'

describe('startRelay', () => {
  it('listens on this machine alone by default, and says where', async () => {
    const { relay } = await setUpRelay()
    expect(relay.host).toBe('127.0.0.1')
    expect(relay.port).toBeGreaterThan(0)
    expect(relay.url).toBe(`ws://127.0.0.1:${relay.port}`)
  })

  it('refuses an unknown option by name', async () => {
    await expect(startRelay({ allowed: [] } as RelayOptions)).rejects.toMatchObject({ code: 'ERR_TLS_UNKNOWN_OPTION', option: 'allowed' })
    await expect(startRelay({ hostname: 'x' } as RelayOptions)).rejects.toMatchObject({
      message: expect.stringContaining("did you mean 'host'?"),
    })
    await expect(startRelay({ timeout: 1 } as RelayOptions)).rejects.toMatchObject({
      message: expect.stringContaining("did you mean 'connectTimeoutMs'?"),
    })
  })

  it.each<[string, unknown]>([
    ['host', 1], ['host', ''], ['port', '80'], ['port', -1], ['port', 65536], ['allow', 'localhost:1'], ['allow', ['localhost']],
    ['allow', [1]], ['origins', ['https://app.example/']], ['origins', ['*']], ['origins', {}], ['maxConnections', 0],
    ['maxConnections', 1.5], ['maxMessageBytes', Infinity], ['maxBufferedBytes', 100 * 512 * 1024 - 1], ['maxBufferedBytes', '1 GiB'],
    ['connectTimeoutMs', 0], ['highWaterMarkBytes', NaN], ['log', true],
  ])('refuses a wrong option %s: %j', async (option, value) => {
    await expect(startRelay({ [option]: value })).rejects.toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_OPTION', option })
  })

  it('rejects with the system\'s error where it cannot listen', async () => {
    const { relay } = await setUpRelay()
    await expect(startRelay({ port: relay.port })).rejects.toMatchObject({ code: 'ERR_TLS_TRANSPORT', cause: { code: 'EADDRINUSE' } })
  })
})

describe('Relay.close', () => {
  it('closes every tunnel with 1001 and stops listening', async () => {
    const { relay, target, log } = await setUpRelay({}, polite)
    const clients = [await openTunnelTo(target, relay), await openTunnelTo(target, relay)]
    const codes = clients.map(async (client) => (await closing(client))[0])
    await relay.close()
    expect(await Promise.all(codes)).toEqual([1001, 1001])
    expect(relay.connections).toBe(0)
    expect(log.filter(({ event, result }) => event === 'end' && result === 'the relay is closing')).toHaveLength(2)
    await until(() => target.sockets.every((socket) => socket.destroyed))
    await expect(once(connect(relay.port, relay.host), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('may be called twice', async () => {
    const { relay } = await setUpRelay()
    await Promise.all([relay.close(), relay.close()])
    await relay.close()
  })

  it('does not wait for a client that does not answer, nor for a target that does not read', async () => {
    const { relay, target } = await setUpRelay()
    const client = await openTunnelTo(target, relay)
    const flood = pour((chunk, taken) => client.send(chunk, taken))
    await settled(() => flood.taken)
    client.pause()
    await relay.close()
    expect(relay.connections).toBe(0)
  })

  it('answers 503 to a request whose target is not reached yet', async () => {
    const port = await deafPort()
    const { relay } = await setUpRelay({ allow: [`127.0.0.1:${port}`] })
    const refused = refusal(relay, `127.0.0.1:${port}`)
    await until(() => relay.connections === 1)
    await relay.close()
    expect(await refused).toEqual([503, 'the relay is closing\n'])
  })
})
