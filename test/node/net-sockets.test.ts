// Sockets upon a dialer, event by event against node:net: the same steps are taken by both, towards the same server.

import * as nodeNet from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import * as net from '../../src/node/net/index.js'
import { scenarios, ways, type Net } from '../helpers/net-scenarios.js'
import { setUpRelay } from '../helpers/relays.js'

afterEach(() => net.setDialer(undefined))

describe.each(Object.entries(ways))('net.Socket over %s', (_way, dialer) => {
  it.each(Object.entries(scenarios))('behaves as that of node:net: %s', async (_title, { serve, run }) => {
    const { target, relay } = await setUpRelay({}, serve)
    const expected = await run(nodeNet, target)
    net.setDialer(dialer(relay.url))
    expect(await run(net as unknown as Net, target)).toEqual(expected)
  })
})
