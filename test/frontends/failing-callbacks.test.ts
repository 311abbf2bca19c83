// Callbacks of which OpenSSL does not hear that they have failed: the connection ends with what they threw, and the peer is
// told by an alert (internal_error) all the same.

import { beforeAll, describe, expect, it } from 'vitest'
import { load, type AcceptOptions, type LibSsl, type ServerSessionCache } from '../../src/index.js'
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
    expect(await rejection(readAll(both.client.readable))).toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal', description: 80 } })
  })
})
