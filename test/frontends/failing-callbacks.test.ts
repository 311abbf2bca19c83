// Callbacks of which OpenSSL does not hear that they have failed: the connection ends with what they threw, and the peer is
// told by an alert (internal_error) all the same.

import { beforeAll, describe, expect, it } from 'vitest'
import { load, RefusalError, type AcceptOptions, type ConnectOptions, type LibSsl, type ServerSessionCache } from '../../src/index.js'
import { peers, readAll, rejection, VERSIONS } from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const thrown = new Error('from the callback')
const fail = (): never => { throw thrown }
const cache = (broken: Partial<ServerSessionCache>): ServerSessionCache => ({ get: () => undefined, put() {}, delete() {}, ...broken })

describe.each(VERSIONS)('a callback that throws on a server, %s', (version) => {
  it.each<[string, Partial<AcceptOptions>]>([
    ['onIo', { onIo: fail }],
    ['onTrace', { onTrace: fail }],
    ['onKeylog', { onKeylog: fail }],
    ['sessionCache.put', { sessionCache: cache({ put: fail }) }],
  ])('%s', async (_, server) => {
    const both = peers({ version, client: { libssl }, server: { libssl, ...server } })
    readAll(both.server.readable).catch(() => {})
    expect(await rejection(both.server.closed)).toBe(thrown)
    // The handshake may have been done by then on this side.
    expect(await rejection(readAll(both.client.readable)))
      .toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal', description: 80 } })
  })

  it.each<[string, (fail: () => never) => { server: Partial<AcceptOptions>; client?: Partial<ConnectOptions> }]>([
    ['onIo', (fail) => ({ server: { onIo: fail } })],
    ['sessionCache.put', (fail) => ({ server: { sessionCache: cache({ put: fail }) } })],
    ['alpnProtocols', (fail) => ({ server: { alpnProtocols: fail }, client: { alpnProtocols: ['h2'] } })],
    ['psk', (fail) => ({ server: { psk: fail }, client: { psk: () => ({ identity: 'own', key: new Uint8Array(32) }) } })],
    ['ocspResponse', (fail) => ({ server: { ocspResponse: fail }, client: { ocsp: 'request' } })],
  ])('and chooses the alert by a RefusalError: %s', async (_, options) => {
    const refusal = new RefusalError('access_denied')
    const { server, client = {} } = options(() => { throw refusal })
    const both = peers({ version, client: { libssl, ...client }, server: { libssl, ...server } })
    readAll(both.server.readable).catch(() => {})
    expect(await rejection(both.server.closed)).toBe(refusal)
    expect(await rejection(readAll(both.client.readable)))
      .toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal', description: 49 } })
  })
})
