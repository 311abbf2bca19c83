// Thousands of connections on contexts that go on, and on contexts that are made and freed: the allocator's count stays where it was.

import { beforeAll, it } from 'vitest'
import {
  accept, connect, createContext, load, memoryServerSessionCache, memorySessionStore, memoryTransportPair, TicketKeys,
  type AcceptOptions, type ConnectOptions, type LibSsl, type ProtocolVersion, type TlsContext,
} from '../../src/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { noise, talkAndClose } from '../helpers/stream-peers.js'
import { expectNothingLeft, type Life } from './lives.js'

const CONNECTIONS = 2000
const { cert, key } = localhost
const ca = authority.ca.cert
const servername = 'localhost'
const other = authority.leaf({ name: 'other' })
const psk = { identity: 'somebody', key: noise(32) }
const ticketKeys = new TicketKeys(undefined, { rotateAfterMs: 1 })
// What they keep is not OpenSSL's, but it should not grow for ever either.
const sessionStore = memorySessionStore()
const sessionCache = memoryServerSessionCache({ maxEntries: 8 })

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

/** The same context for each version, made when it is first used. */
function lasting(options: object): (version: ProtocolVersion) => TlsContext {
  const contexts = new Map<ProtocolVersion, TlsContext>()
  return (version) => {
    if (!contexts.has(version)) contexts.set(version, createContext({ minVersion: version, maxVersion: version, libssl, ...options }))
    return contexts.get(version)!
  }
}

async function life(client: ConnectOptions, server: AcceptOptions): Promise<void> {
  const [near, far] = memoryTransportPair()
  const both = { client: connect(near, client), server: accept(far, server) }
  await Promise.all([both.client.opened, both.server.opened])
  await talkAndClose(both)
}

/** Connections of two contexts. */
function sharing(client: object, server: object, ofClient: object = { servername }, ofServer: object = {}): Life {
  const [clients, servers] = [lasting(client), lasting(server)]
  return ({ version }) => life({ context: clients(version!), ...ofClient }, { context: servers(version!), ...ofServer })
}

const answers = (chosen: object) => ({ onClientHello: () => Promise.resolve(chosen) })
const lives: readonly Life[] = [
  sharing({ ca }, { cert, key }),
  sharing(
    { ca, cert, key }, { ca, cert, key }, { servername, alpnProtocols: ['a'], verify: () => true },
    { alpnProtocols: ['a'], verify: () => true },
  ),
  sharing({ ca, sessionStore }, { cert, key, ticketKeys }),
  sharing({ ca, sessionStore }, { cert, key, sessionCache, maxEarlyDataBytes: 1000 }, { servername, earlyData: noise(100) }),
  sharing({ ca, sessionStore }, { cert, key, sessionCache }),
  sharing({ psk }, { psk }, {}),
  sharing({ ca, partialChain: true }, { cert, key }, { servername }, answers({ cert: other.cert, key: other.key, groups: 'X25519' })),
  async ({ version }) => {
    const context = createContext({ minVersion: version!, maxVersion: version!, ca, cert, key, libssl })
    await life({ context, servername }, { context })
    context.free()
  },
]

it(`contexts leave nothing behind in ${CONNECTIONS} connections each, and neither do their connections`, async () => {
  await expectNothingLeft(libssl, lives, CONNECTIONS)
}, 300_000)
