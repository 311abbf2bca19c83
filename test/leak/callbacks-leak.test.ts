// Thousands of connections with every callback in use, good and bad: what OpenSSL has allocated is back where it began.

import { beforeAll, it } from 'vitest'
import {
  generateEchKey, load, memoryServerSessionCache, memorySessionStore, RefusalError, TicketKeys, type AcceptOptions, type ConnectOptions,
  type LibSsl,
} from '../../src/index.js'
import { authority } from '../helpers/certificates.js'
import { closeBoth, noise, opened, peers, readAll, rejection, talkAndClose, turns, type PeersOptions } from '../helpers/stream-peers.js'
import { expectNothingLeft, type Life } from './lives.js'

const CONNECTIONS = 2000
const own = authority.leaf({ name: 'a client' })
const psk = { identity: 'somebody', key: noise(32) }
const nothing = () => {}

let libssl: LibSsl
let ech: { readonly pem: string; readonly configList: Uint8Array }
beforeAll(async () => {
  libssl = await load()
  ech = await generateEchKey({ publicName: 'outside.example' })
})

/** In its own time, or at once. */
const answers = <T>(value: T, slowly: boolean): T | Promise<T> => (slowly ? Promise.resolve().then(() => value) : value)

// What sessions hold is not OpenSSL's, but it should not grow for ever either.
const sessionStore = memorySessionStore()
const sessionCache = memoryServerSessionCache({ maxEntries: 8 })
const ticketKeys = new TicketKeys()

function observers(): Pick<ConnectOptions & AcceptOptions, 'onIo' | 'onTrace' | 'onKeylog'> {
  return { onIo: nothing, onTrace: nothing, onKeylog: nothing }
}

function client(slowly: boolean): Partial<ConnectOptions> {
  return {
    ...observers(), alpnProtocols: ['a', 'b'], sessionStore, onSession: nothing,
    verify: () => answers(true, slowly),
    onCertificateRequest: () => answers({ cert: own.cert, key: own.key }, slowly),
  }
}

function server(slowly: boolean): Partial<AcceptOptions> {
  return {
    ...observers(), ca: authority.ca.cert, ticketKeys, sessionCache,
    alpnProtocols: (offered) => offered.at(-1),
    ocspResponse: () => undefined,
    verify: () => answers(true, slowly),
    onClientHello: () => answers({ groups: 'X25519:secp256r1' }, slowly),
  }
}

/** Each leaves both sides ended. */
const lives: readonly Life[] = [
  ...[true, false].map((slowly) => async (options: PeersOptions) => {
    await talkAndClose(
      await opened({ ...options, client: { ...options.client, ...client(slowly) }, server: { ...options.server, ...server(slowly) } }),
    )
  }),
  // Pre-shared keys, asked for on both sides.
  async (options) => {
    const both = await opened({
      ...options, client: { ...options.client, ...observers(), psk: () => psk },
      server: { ...options.server, ...observers(), psk: () => psk },
    })
    await closeBoth(both)
  },
  async (options) => {
    const { configList } = ech
    const tls13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const
    await closeBoth(
      await opened({
        client: { ...options.client, ...tls13, ech: { configList } }, server: { ...options.server, ...tls13, echKeys: ech.pem },
      }),
    )
  },
  // Each callback fails in each way.
  ...failures<ConnectOptions>(
    'client', { verify: true, onCertificateRequest: true, onTrace: false, onKeylog: false, onIo: false, psk: false },
  ),
  ...failures<AcceptOptions>(
    'server', { verify: true, onClientHello: true, alpnProtocols: false, onTrace: false, onKeylog: false, onIo: false, psk: false },
  ),
]

/** `callbacks`: whether each may take its time, and so reject or never settle. */
function failures<Options>(side: 'client' | 'server', callbacks: Partial<Record<keyof Options, boolean>>): readonly Life[] {
  return Object.entries(callbacks).flatMap(([name, takesTime]) => {
    const ways: (() => unknown)[] = [() => { throw new Error(name) }]
    if (takesTime) ways.push(async () => { throw new RefusalError('unrecognized_name') }, () => new Promise(nothing))
    return ways.map((fail) => async (options: PeersOptions) => {
      const all = { client: { ...options.client, ...client(true) }, server: { ...options.server, ...server(true) } }
      if (name === 'psk') all[side === 'client' ? 'server' : 'client'] = { ...options.client, psk: () => psk } as object
      delete all.client.sessionStore // a resumed one asks for less
      const { [side]: failing, [side === 'client' ? 'server' : 'client']: other } = peers({
        ...options, ...all, [side]: { ...all[side], [name]: fail },
      })
      readAll(other.readable).catch(nothing)
      await turns(5)
      failing.abort(new Error('enough')) // does nothing to one that has failed
      await rejection(failing.closed)
      other.abort()
      await Promise.allSettled([other.closed, failing.opened, other.opened])
    })
  })
}

it(`nothing is left behind in ${CONNECTIONS} connections with every callback in use, those that fail among them`, async () => {
  await expectNothingLeft(libssl, lives, CONNECTIONS)
}, 300_000)
