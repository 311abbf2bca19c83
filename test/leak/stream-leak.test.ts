// Thousands of connections over streams, good and bad: what OpenSSL has allocated is back where it began.

import { beforeAll, it } from 'vitest'
import { load, type LibSsl, type TlsConnection } from '../../src/index.js'
import { authority, temporaryAuthority } from '../helpers/certificates.js'
import { closeBoth, noise, opened, peers, readAll, talkAndClose, writeAll } from '../helpers/stream-peers.js'
import { virtualNetwork } from '../helpers/virtual-network.js'
import { expectNothingLeft, type Life } from './lives.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const stranger = temporaryAuthority('a CA that nobody knows').leaf()
const own = authority.leaf({ name: 'a client' })

const lives: Readonly<Record<string, Life>> = {
  async 'talk and close'(options) {
    await talkAndClose(await opened(options))
  },
  async 'client certificate'(options) {
    await closeBoth(
      await opened({
        ...options, client: { ...options.client, cert: own.cert, key: own.key }, server: { ...options.server, ca: authority.ca.cert },
      }),
    )
  },
  async 'bad certificate'(options) {
    await ended(peers({ ...options, server: { ...options.server, cert: stranger.cert, key: stranger.key } }))
  },
  async 'no common protocol'(options) {
    await ended(
      peers({ ...options, client: { ...options.client, alpnProtocols: ['a'] }, server: { ...options.server, alpnProtocols: ['b'] } }),
    )
  },
  async 'truncated handshake'(options) {
    await ended(peers({ ...options, transports: virtualNetwork({ cutAfterBytes: { 'server to client': 300 } }) }))
  },
  async 'truncated connection'(options) {
    const both = await opened({ ...options, transports: virtualNetwork({ cutAfterBytes: { 'server to client': 6000 } }) })
    writeAll(both.server.writable, noise(20_000)).catch(() => {})
    await readAll(both.client.readable).catch(() => {})
    both.server.abort()
    await ended(both)
  },
  async 'aborted handshake'(options) {
    const both = peers(options)
    await Promise.resolve()
    both.client.abort()
    await ended(both)
  },
  async 'aborted connection'(options) {
    const both = await opened(options)
    both.client.abort()
    both.server.abort()
    await ended(both)
  },
  async 'refused option'(options) {
    const both = peers({ ...options, client: { ...options.client, groups: 'no-such-group' } })
    await ended(both)
  },
}

/** Waits for the end of both, in whichever way. */
async function ended({ client, server }: { client: TlsConnection; server: TlsConnection }): Promise<void> {
  readAll(server.readable).catch(() => {})
  await Promise.allSettled([client.opened, server.opened])
  await Promise.allSettled([client.closed, server.closed])
}

const CONNECTIONS = 2000

it(`connect and accept leave nothing behind in ${CONNECTIONS} connections each, failed ones among them`, async () => {
  await expectNothingLeft(libssl, Object.values(lives), CONNECTIONS)
}, 300_000)
