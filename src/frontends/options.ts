// The options of connect(), accept() and createContext(). Anything that is not in the lists below is refused by name before the
// first byte is sent.

import { ApiMisuseError } from '../base/errors.js'
import { brokenRule, checkOptions, invalid, isPlainObject, own, type Check } from '../base/options.js'
import { algorithms, type AlgorithmOptions } from './features/algorithms.js'
import { clientAlpn, serverAlpn, type ClientAlpnOptions, type ServerAlpnOptions } from './features/alpn.js'
import { certificateChoice, type CertificateChoiceOptions } from './features/certificate-choice.js'
import { clientHello, type ClientHelloOptions } from './features/client-hello.js'
import { clientSessions, type ClientSessionOptions } from './features/client-sessions.js'
import {
  clientIdentity, clientPostHandshakeAuth, serverPostHandshakeAuth, type ClientIdentityOptions, type ClientPostHandshakeAuthOptions,
  type ServerPostHandshakeAuthOptions,
} from './features/client-identity.js'
import { clientEch, serverEch, type ClientEchOptions, type ServerEchOptions } from './features/ech.js'
import type { Feature } from './features/feature.js'
import { hasIdentity, identities, identity, type IdentitiesOptions, type IdentityOptions } from './features/identity.js'
import { limits, type LimitOptions } from './features/limits.js'
import {
  clientPsk, clientRawPublicKeys, serverPsk, serverRawPublicKeys, type ClientPskOptions, type RawPublicKeyOptions, type ServerPskOptions,
} from './features/known-keys.js'
import { keyLog, observers, type KeyLogOptions, type ObserverOptions } from './features/observers.js'
import { ocspRequest, ocspResponse, type OcspRequestOptions, type OcspResponseOptions } from './features/ocsp.js'
import { clientRecords, records, type ClientRecordOptions, type RecordOptions } from './features/records.js'
import { serverIdentity, type ServerIdentityOptions } from './features/server-identity.js'
import { serverSessions, type ServerSessionOptions } from './features/server-sessions.js'
import { trustAnchors } from './features/trust-anchors.js'
import { verification, type VerificationOptions } from './features/verification.js'
import type { Side } from './tls-context.js'

/** What client and server have in common. */
export interface CommonOptions extends
  LimitOptions, AlgorithmOptions, RecordOptions, IdentityOptions, RawPublicKeyOptions, VerificationOptions, ObserverOptions,
  KeyLogOptions {}

export interface ConnectOptions extends
  CommonOptions, ClientRecordOptions, ClientAlpnOptions, ServerIdentityOptions, ClientPskOptions, ClientPostHandshakeAuthOptions,
  OcspRequestOptions, CertificateChoiceOptions, ClientSessionOptions, ClientEchOptions {}

/** A server shows a certificate: `cert` and `key`, `pfx`, or `identities` is required; or `key` with `rawPublicKey`, or `psk`. */
export interface AcceptOptions extends
  CommonOptions, IdentitiesOptions, ServerSessionOptions, ServerAlpnOptions, ClientIdentityOptions, ServerPskOptions,
  ServerPostHandshakeAuthOptions, OcspResponseOptions, ServerEchOptions, ClientHelloOptions {}

// Features say the same as data: `connection` and `either`.
type Connection = 'signal' | 'handshakeTimeoutMs' | 'closeTimeoutMs' | 'highWaterMarkBytes' | 'onIo' | 'onTrace' | 'onKeylog' | 'keylogFile'
type ClientConnection = Connection | 'servername' | 'acceptedNames' | 'session' | 'sessionKey' | 'earlyData' | 'ech'
type Either = 'alpnProtocols' | 'verify'
type ClientEither = Either | 'onCertificateRequest' | 'onSession'
type ServerEither = Either | 'onClientHello'

/** What may stand beside `context`: options of one connection. */
export interface ClientConnectionOptions extends Pick<ConnectOptions, ClientConnection | ClientEither> {}
/** As {@link ClientConnectionOptions}, of a server. */
export interface ServerConnectionOptions extends Pick<AcceptOptions, Connection | ServerEither> {}
/** What clients can share: see {@link createContext}. */
export interface ClientContextOptions extends Omit<ConnectOptions, ClientConnection | 'context'> {}
/** What servers can share: see {@link createContext}. */
export interface ServerContextOptions extends Omit<AcceptOptions, Connection | 'context'> {}
export type ContextOptions = ClientContextOptions | ServerContextOptions

// In the order in which they are set up.
export const clientFeatures: readonly Feature<ConnectOptions>[] = lists(
  limits, algorithms, records, clientRecords, identity, clientAlpn, serverIdentity, clientRawPublicKeys, clientPsk, clientPostHandshakeAuth,
  verification, ocspRequest, certificateChoice, clientSessions, clientEch, observers, keyLog,
)
export const serverFeatures: readonly Feature<AcceptOptions>[] = lists(
  limits, algorithms, records, identity, identities, serverSessions, serverAlpn, clientIdentity, serverRawPublicKeys, serverPsk,
  serverPostHandshakeAuth, verification, ocspResponse, serverEch, clientHello, observers, keyLog,
)

/** See {@link Feature.answers}. */
export const callbackAnswers: Readonly<Record<string, 'in time' | 'at once'>> =
  Object.assign({}, ...[...clientFeatures, ...serverFeatures].map(({ answers }) => answers))

const placed = (place: 'connection' | 'either'): readonly string[] =>
  [...clientFeatures, ...serverFeatures].flatMap((feature) => (feature[place] ?? []) as readonly string[])
const places = { connection: placed('connection'), either: placed('either') } as const

/** Where an option stands if there is a context. See {@link Feature.connection}. */
export function placeOf(name: string): 'connection' | 'either' | 'context' {
  return places.connection.includes(name) ? 'connection' : places.either.includes(name) ? 'either' : 'context'
}

/**
 * A copy of the options, those of the context among them. Throws `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION`, `option`
 * of the error naming it; or `ERR_TLS_DISPOSED`.
 */
export function checkConnectOptions(options: ConnectOptions): ConnectOptions {
  return check('client', options)
}

/** As {@link checkConnectOptions}. */
export function checkAcceptOptions(options: AcceptOptions): AcceptOptions {
  return check('server', options)
}

/** A copy of the options, and the sides that they suit; `refuse` throws for the other. Throws if there is none. */
export function checkContextOptions(options: ContextOptions): {
  readonly checked: ClientContextOptions & ServerContextOptions, readonly suited: readonly Side[], readonly refuse: (side: Side) => void
} {
  const checked = checkOptions<object>(options, contextChecks, 'createContext()', PUBLIC)
  const refuse = (side: Side) => {
    checkOptions(checked, ends[side].checks, ends[side].taker)
    agree(side, checked, false)
  }
  const wrong: ApiMisuseError[] = []
  const suited = (['client', 'server'] as const).filter((side) => {
    try {
      refuse(side)
      return true
    } catch (error) {
      wrong.push(error as ApiMisuseError)
      return false
    }
  })
  // The side that knows all of them is the one that is meant.
  if (suited.length === 0) throw wrong.find(({ code }) => code !== 'ERR_TLS_UNKNOWN_OPTION') ?? wrong[0]
  return { checked, suited, refuse: (side) => { if (!suited.includes(side)) refuse(side) } }
}

/** What holds for a client whose ClientHello was answered by `answer`. Throws as {@link checkAcceptOptions}. */
export function checkHelloAnswer(options: AcceptOptions, answer: unknown): AcceptOptions {
  if (!isPlainObject(answer)) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', "what 'onClientHello' returns must be options, or undefined")
  }
  const allowed = serverFeatures.flatMap(({ perClient = [], checks }) => perClient.map((name) => [name, checks[name]]))
  const checked: object = checkOptions<object>(answer, Object.fromEntries(allowed), "what 'onClientHello' returns")
  const changed = own<AcceptOptions>(hasIdentity(checked) ? withoutIdentity(options) : options, answer)
  agree('server', changed, true)
  return changed
}

/** Another one takes the place of all of it. */
function withoutIdentity({ cert, key, pfx, passphrase, identities, rawPublicKey, ...others }: AcceptOptions): AcceptOptions {
  return others
}

type Checks = Readonly<Record<string, Check>>

function checksOf(features: readonly Feature<any>[]): Checks {
  return Object.assign({}, ...features.map(({ checks }) => checks))
}

const ends = {
  client: { features: clientFeatures, checks: checksOf(clientFeatures), taker: 'connect()' },
  server: { features: serverFeatures, checks: checksOf(serverFeatures), taker: 'accept()' },
} as const

/** A value is right if it is right for one side. */
const contextChecks: Checks = Object.fromEntries(Object.keys({ ...ends.client.checks, ...ends.server.checks }).map((name) => {
  const takers = Object.values(ends).filter(({ checks }) => Object.hasOwn(checks, name))
  if (placeOf(name) === 'connection') {
    return [name, () => `belongs to one connection: give it to ${takers.map(({ taker }) => taker).join(' or ')}`]
  }
  return [name, (value) => {
    const wrongs = takers.map(({ checks }) => checks[name]!(value))
    return wrongs.includes(undefined) ? undefined : wrongs[0]
  }]
}))

/** Given again and again, and large. */
const PUBLIC = Object.keys(trustAnchors.checks)

function check<Options extends CommonOptions>(side: Side, options: object): Options {
  const { checks, taker } = ends[side]
  const given: CommonOptions = checkOptions<object>(options, checks, taker, PUBLIC)
  const { context } = given
  if (context) {
    const misplaced = Object.keys(given).find((name) => placeOf(name) === 'context')
    if (misplaced !== undefined) throw invalid(misplaced, 'belongs to the context: give it to createContext()')
  }
  const checked = own<Options>(context?.optionsFor(side), given)
  agree(side, checked, true)
  return checked
}

/** `whole` says whether the options of the connection are among them. */
function agree(side: Side, options: object, whole: boolean): void {
  for (const feature of ends[side].features as readonly Feature<object>[]) {
    const broken = brokenRule(feature, options, (name) => !whole && placeOf(name) !== 'context')
    if (broken) throw invalid(...broken)
    feature.agree?.(options, whole)
  }
  if (side === 'client' || hasIdentity(options) || (options as AcceptOptions).psk !== undefined) return
  throw invalid('cert', 'is required, or pfx, identities or psk: a server shows who it is')
}

/** A feature of some options is one of all of them. */
function lists<Options extends object>(...features: readonly Feature<any>[]): readonly Feature<Options>[] {
  return features
}
