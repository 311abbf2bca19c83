// Readers of what a user has from elsewhere: certificates, keys, lists, sessions. Each is given a changed file, and what it makes of
// it is then used.

import {
  ApiMisuseError, EchStore, LSW_TICKET_KEY_BYTES, LSW_TICKET_KEY128_BYTES, SslCtx, SslSession, TLS1_3_VERSION, X509Store, type LibSsl,
} from '../../src/core.js'
import { checkOcspResponse } from '../../src/core/ocsp.js'
import { concat } from '../../src/base/bytes.js'
import { localhost } from '../helpers/certificates.js'
import { Link } from '../helpers/link.js'
import type { Input, Target } from './fuzz.js'
import { PASSPHRASE, type Seeds } from './seeds.js'
import { armoured, der, labelOf, pem, raw } from './tree.js'

/** Runs `body` with things that are freed after it, in turn. */
function using<const T extends readonly { free(): void }[]>(things: T, body: (...things: T) => void): void {
  try {
    body(...things)
  } finally {
    for (const thing of things) thing.free()
  }
}

const client = (lib: LibSsl) => new SslCtx(lib, 'TLS_client_method')
const server = (lib: LibSsl) => new SslCtx(lib, 'TLS_server_method')

/** What reads bytes, by name. */
export const readers = {
  'a certificate': (lib, bytes) => using([server(lib)], (ctx) => {
    ctx.useCertificateChain(bytes)
    ctx.getCertKeyType()
    for (const cert of ctx.getCertChain()) JSON.stringify([cert.toJSON(), cert.toPem()])
  }),
  'trust anchors': (lib, bytes) => using([new X509Store(lib), new X509Store(lib), server(lib)], (store, other, ctx) => {
    store.addCerts(bytes)
    other.addStore(store)
    ctx.set1CertStore(store)
    ctx.addToCaList(store)
  }),
  'a revocation list': (lib, bytes) => using([new X509Store(lib)], (store) => { store.addCrls(bytes) }),
  'a private key': (lib, bytes) => using([server(lib)], (ctx) => {
    ctx.useCertificateChain(localhost.cert)
    ctx.usePrivateKey(bytes, PASSPHRASE)
    ctx.checkPrivateKey()
  }),
  'a key alone': (lib, bytes) => using([server(lib)], (ctx) => { ctx.usePrivateKey(bytes) }),
  'a PKCS#12 file': (lib, bytes) => using([server(lib)], (ctx) => { ctx.usePkcs12(bytes, PASSPHRASE) }),
  'Diffie-Hellman parameters': (lib, bytes) => using([server(lib)], (ctx) => { ctx.setTmpDh(bytes) }),
  'an OCSP response': (lib, bytes) => { checkOcspResponse(lib, bytes) },
  'a list of ECH configurations': (lib, bytes) => using([new EchStore(lib), client(lib)], (store, ctx) => {
    store.readEchconfiglist(bytes)
    for (let index = 0; index < store.numEntries(); index++) store.get1Info(index)
    ctx.set1Echstore(store)
    hello(lib, ctx)
  }),
  'an ECH key': (lib, bytes) => using([new EchStore(lib), server(lib)], (store, ctx) => {
    store.readPem(bytes)
    for (let index = 0; index < store.numEntries(); index++) store.get1Info(index)
    ctx.set1Echstore(store)
  }),
  'a session': (lib, bytes) => using([SslSession.fromBytes(lib, bytes)], (session) => {
    for (const ask of ['getTime', 'getTimeout', 'getTicketLifetimeHint', 'isResumable', 'getProtocolVersion', 'getTicket',
      'getMaxEarlyData', 'get0Hostname', 'get0AlpnSelected', 'getPeer', 'toBytes'] as const) session[ask]()
    session.expiresAtMs(300)
    using([client(lib)], (ctx) => { hello(lib, ctx, session) })
  }),
  'ticket keys': (lib, bytes) => using([server(lib), client(lib)], (own, other) => {
    own.setTicketKeys(bytes, bytes.byteLength % 2 === 0 ? LSW_TICKET_KEY_BYTES : LSW_TICKET_KEY128_BYTES)
    own.useCertificateChain(localhost.cert)
    own.usePrivateKey(localhost.key)
    other.setVerify(0)
    using([new Link(lib, { client: { ctx: other }, server: { ctx: own } })], (link) => { link.established().carry() })
  }),
} as const satisfies Readonly<Record<string, (lib: LibSsl, bytes: Uint8Array) => void>>
export type Reader = keyof typeof readers

/** A client of `ctx` writes its ClientHello, and a server reads it. */
function hello(lib: LibSsl, ctx: SslCtx, session?: SslSession): void {
  using([server(lib)], (other) => {
    other.setMinProtoVersion(TLS1_3_VERSION)
    using([new Link(lib, { client: { ctx }, server: { ctx: other } })], (link) => {
      try {
        if (session) link.client.ssl.setSession(session)
      } catch (error) {
        if (!(error instanceof ApiMisuseError)) throw error
      }
      link.handshake()
    })
  })
}

/** PEM's block, or DER, changed inside; or as bytes. */
function file(input: Input, originals: readonly Uint8Array[]): Uint8Array {
  const original = originals[input.pick % originals.length]!
  const label = labelOf(original)
  if (label === undefined) return input.change(original, der)
  return input.pick % 3 === 0 ? input.change(original, raw) : armoured(label, input.change(original, pem))
}

export function readerTargets(seeds: Seeds): Target[] {
  const given: Readonly<Record<Reader, readonly Uint8Array[]>> = {
    'a certificate': seeds.certificates,
    'trust anchors': seeds.certificates,
    'a revocation list': seeds.crls,
    'a private key': seeds.keys,
    'a key alone': seeds.keys,
    'a PKCS#12 file': seeds.pkcs12,
    'Diffie-Hellman parameters': seeds.dhParams,
    'an OCSP response': seeds.ocspResponses,
    'a list of ECH configurations': seeds.echLists,
    'an ECH key': seeds.echKeys,
    'a session': seeds.sessions,
    'ticket keys': [
      LSW_TICKET_KEY_BYTES, LSW_TICKET_KEY128_BYTES,
    ].map((bytes) => concat([new Uint8Array(bytes).fill(1), new Uint8Array(bytes).fill(2)])),
  }
  return (Object.keys(readers) as Reader[]).map((name) => ({
    name,
    run(lib, input) { readers[name](lib, file(input, given[name])) },
  }))
}
