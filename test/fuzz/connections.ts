// Connections in each state, upon records that were changed: as they travel, and before they were encrypted, so that what is changed
// is read by more than the cipher.

import {
  fatalError, InternalError, SSL_ERROR_ZERO_RETURN, SSL_VERIFY_CLIENT_ONCE, SSL_VERIFY_PEER, X509Store, type IoResult, type LibSsl,
  type SslCtx,
} from '../../src/core.js'
import { concat } from '../../src/base/bytes.js'
import { authority, localhost } from '../helpers/certificates.js'
import { isWish, Link, makeCtx, other, utf8, VERSIONS, type Endpoint, type Side, type Version } from '../helpers/link.js'
import { RecordForge, useForgeableCiphers } from '../helpers/record-forge.js'
import type { Input, Target } from './fuzz.js'
import { records } from './tree.js'

/** Where a connection stands when it is given what was changed. */
const STATES = ['begun', 'halfway', 'open', 'closing'] as const
export type State = typeof STATES[number]
/** On the wire, or beneath the encryption. */
const LAYERS = ['records', 'plaintext'] as const

export interface Situation {
  readonly side: Side
  readonly version: Version
  readonly state: State
  readonly layer: typeof LAYERS[number]
}

/** Before TLS 1.2 encrypts there is nothing to change beneath it, as in the first flight of TLS 1.3. */
const situations: readonly Situation[] = (['client', 'server'] as const).flatMap((side) => VERSIONS.flatMap((version) => STATES.flatMap(
  (state) => LAYERS.map((layer) => ({ side, version, state, layer })),
))).filter(({ version, state, layer }) => layer === 'records' || state === 'open' || state === 'closing'
  || (state === 'halfway' && version === 'TLSv1.3'))

export const connectionTargets: readonly Target[] = situations.map((situation) => ({
  name: `${situation.side}, ${situation.version}, ${situation.state}, ${situation.layer}`,
  run(lib, input) { give(lib, situation, input) },
}))

const message = utf8('a line of plaintext')
const record = (type: number, ...content: readonly Uint8Array[]) => {
  const bytes = concat(content)
  return concat([Uint8Array.of(type, 3, 3, bytes.byteLength >> 8, bytes.byteLength & 255), bytes])
}
const HANDSHAKE = 22
const NEW_SESSION_TICKET = 4
const KEY_UPDATE = Uint8Array.of(24, 0, 0, 1, 1)
const CERTIFICATE_REQUEST = Uint8Array.of(13, 0, 0, 13, 1, 7, 0, 9, 0, 13, 0, 5, 0, 3, 4, 3, 0)
const HELLO_REQUEST = Uint8Array.of(0, 0, 0, 0)
const WARNING = record(21, Uint8Array.of(1, 90))
const CLOSE_NOTIFY = record(21, Uint8Array.of(1, 0))

const contexts = new WeakMap<LibSsl, Map<Version, Readonly<Record<Side, SslCtx>>>>()

function contextsOf(lib: LibSsl, version: Version): Readonly<Record<Side, SslCtx>> {
  const byVersion = contexts.get(lib) ?? new Map<Version, Readonly<Record<Side, SslCtx>>>()
  contexts.set(lib, byVersion)
  const configure = (ctx: SslCtx) => {
    useForgeableCiphers(ctx)
    ctx.set1GroupsList('X25519:secp256r1')
  }
  const known = byVersion.get(version) ?? {
    client: makeCtx(lib, 'client', { version, client: { configure(ctx) {
      configure(ctx)
      ctx.useCertificateChain(localhost.cert)
      ctx.usePrivateKey(localhost.key)
      ctx.setAlpnProtos(['one', 'two'])
    } } }),
    server: makeCtx(lib, 'server', { version, server: { configure(ctx) {
      configure(ctx)
      ctx.setVerify(SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE)
      ctx.setAlpnSelectProtos(['two'])
      ctx.setSessionIdContext(utf8('fuzz'))
      const store = new X509Store(lib)
      store.addCerts(authority.ca.cert)
      ctx.set1CertStore(store)
      store.free()
    } } }),
  }
  byVersion.set(version, known)
  return known
}

/** What came of it. */
export interface Outcome {
  /** Whether the handshake was done at some time. */
  readonly finished: boolean
  /** How many bytes of plaintext it read. */
  readonly read: number
}

/** Brings a connection into the state, gives it its peer's records, changed, and then the end of the stream. */
export function give(lib: LibSsl, { side, version, state, layer }: Situation, input: Input): Outcome {
  const { client, server } = contextsOf(lib, version)
  const link = new Link(lib, { client: { ctx: client }, server: { ctx: server } })
  try {
    const [own, peer] = [link[side], link[other(side)]]
    const forge = new RecordForge(peer.ssl, peer.side)
    const flight = bring(link, own, peer, state)
    if (layer === 'records') return feed(own, input.change(flight ?? words(peer), records))
    const plaintext = input.change(plaintextOf(own, forge, state), records)
    if (state === 'halfway') {
      forge.backToHandshake()
      if (side === 'client') own.give(firstRecord(flight!))
    }
    return feed(own, forged(forge, plaintext))
  } finally {
    link.free()
  }
}

/** Returns what the peer has to send for its handshake, if it is in one. */
function bring(link: Link, own: Endpoint, peer: Endpoint, state: State): Uint8Array | undefined {
  if (state === 'begun' || state === 'halfway') {
    link.client.handshake()
    if (own.side === 'client') link.carry()
    peer.handshake()
    if (state === 'begun' || (own.side === 'client' && peer.ssl.getVersion() === 'TLSv1.3')) return peer.takeAll()
    // The second flight of the peer.
    link.carry()
    own.handshake()
    link.carry()
    peer.handshake()
    return peer.takeAll()
  }
  link.established()
  link.carry()
  if (state === 'closing') {
    own.ssl.shutdown()
    own.takeAll()
  }
  return undefined
}

/** What an open connection says. */
function words(peer: Endpoint): Uint8Array {
  const { ssl } = peer
  ssl.write(message)
  if (ssl.getVersion() === 'TLSv1.3') ssl.keyUpdate(1)
  ssl.write(message)
  ssl.shutdown()
  return peer.takeAll()
}

/** What the peer may say in the state, and may not, in records that are not encrypted. */
function plaintextOf(own: Endpoint, { messages }: RecordForge, state: State): Uint8Array {
  const type = (bytes: Uint8Array) => bytes[0]!
  if (state === 'halfway') return concat(messages.filter((one) => type(one) > 2).map((one) => record(HANDSHAKE, one)))
  const isNew = own.ssl.getVersion() === 'TLSv1.3'
  const late = own.side === 'server' ? (isNew ? [] : messages.slice(0, 1))
    : isNew ? [...messages.filter((one) => type(one) === NEW_SESSION_TICKET), CERTIFICATE_REQUEST] : [HELLO_REQUEST]
  return concat([WARNING, record(23, message), ...[...late, KEY_UPDATE].map((one) => record(HANDSHAKE, one)), CLOSE_NOTIFY])
}

const firstRecord = (bytes: Uint8Array) => bytes.subarray(0, 5 + bytes[3]! * 256 + bytes[4]!)

/** The records, encrypted; one that is longer than it can say becomes shorter. */
function forged(forge: RecordForge, plaintext: Uint8Array): Uint8Array {
  const made: Uint8Array[] = []
  for (let at = 0; at < plaintext.byteLength;) {
    const end = at + 5 + (plaintext[at + 3] ?? 0) * 256 + (plaintext[at + 4] ?? 0)
    made.push(forge.record(plaintext[at]!, plaintext.subarray(at + 5, Math.min(end, at + 65_000))))
    at = end
  }
  return concat(made)
}

/** Gives `bytes` as room comes, then the end; what they led to must be an end that has a name. */
export function feed(own: Endpoint, bytes: Uint8Array): Outcome {
  const buffer = new Uint8Array(1000)
  let [finished, read] = [false, 0]
  const step = (): IoResult => {
    let result: IoResult
    if (!own.ssl.isInitFinished()) result = own.handshake()
    finished ||= own.ssl.isInitFinished()
    if (own.ssl.isInitFinished()) {
      while ((result = own.ssl.read(buffer)).ret > 0) read += result.ret
    }
    own.takeAll()
    return result!
  }
  let last = step()
  for (let at = 0; at < bytes.byteLength && isWish(last);) {
    const room = own.pair.network.getWriteGuarantee()
    if (room === 0) throw new Error('it reads no more, and has not ended')
    own.give(bytes.subarray(at, at + room))
    at += room
    last = step()
  }
  own.pair.network.shutdownWr()
  for (let more = 0; isWish(last); more++) {
    if (more > 4) throw new Error(`it waits for more after the end of the stream: ${JSON.stringify(last)}`)
    last = step()
  }
  if (last.error !== SSL_ERROR_ZERO_RETURN || !own.ssl.isInitFinished()) {
    const error = fatalError(own.ssl, last)
    if (error instanceof InternalError) throw error
  }
  return { finished, read }
}
