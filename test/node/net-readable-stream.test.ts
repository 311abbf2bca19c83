// The same sockets upon the streams that browsers get: the package readable-stream. It too is compared with node:net.

import '../helpers/page-streams.js'
import * as nodeNet from 'node:net'
import { Duplex } from 'readable-stream'
import { afterEach, expect, it, vi } from 'vitest'
import * as net from '../../src/node/net/index.js'
import { scenarios, ways, type Net } from '../helpers/net-scenarios.js'
import { setUpRelay } from '../helpers/relays.js'

vi.mock('../../src/node/platform/streams.node.js', () => import('../../src/node/platform/streams.default.js'))

afterEach(() => net.setDialer(undefined))

it.each(Object.entries(scenarios))('net.Socket upon readable-stream behaves as that of node:net: %s', async (_title, { serve, run }) => {
  expect(net.Socket.prototype).toBeInstanceOf(Duplex)
  const { target, relay } = await setUpRelay({}, serve)
  const expected = await run(nodeNet, target)
  net.setDialer(ways['a tunnel with the credit window']!(relay.url))
  expect(await run(net as unknown as Net, target)).toEqual(expected)
})
