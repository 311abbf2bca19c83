// The same tests of TLSSocket as in Node, upon the streams and the clock of pages.

import '../helpers/page-streams.js'
import { Duplex } from 'readable-stream'
import { expect, it, vi } from 'vitest'
import { TLSSocket } from '../../src/node/tls/index.js'
import './tls-connections.test.js'
import './tls-ends.test.js'
import './tls-half-close.test.js'
import './to-node-stream.test.js'

vi.mock('../../src/node/platform/streams.node.js', () => import('../../src/node/platform/streams.default.js'))

it('TLSSocket is a Duplex of readable-stream', () => {
  expect(TLSSocket.prototype).toBeInstanceOf(Duplex)
})
