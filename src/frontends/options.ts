// The options of connect(), accept() and createContext(). Anything that is not in the lists below is refused by name before the
// first byte is sent.

import type { ApiMisuseError } from '../base/errors.js'
import { brokenRule, checkOptions, demandOptions, invalid, isPlainObject, own, type Check } from '../base/options.js'
import { demand } from '../core/setters.js'
import { algorithms, legacyRenegotiation, type AlgorithmOptions, type LegacyRenegotiationOptions } from './features/algorithms.js'
import {
  certificateChoice, clientAlpn, clientHello, serverAlpn, type CertificateChoiceOptions, type ClientAlpnOptions, type ClientHelloOptions,
  type ServerAlpnOptions,
} from './features/choices.js'
import {
  clientIdentity, clientPostHandshakeAuth, serverPostHandshakeAuth, type ClientIdentityOptions, type ClientPostHandshakeAuthOptions,
  type ServerPostHandshakeAuthOptions,
} from './features/client-identity.js'
import { clientEch, serverEch, type ClientEchOptions, type ServerEchOptions } from './features/ech.js'
import type { Feature } from './features/feature.js'
import {
  hasIdentity, identities, identity, ocspResponse, type IdentitiesOptions, type IdentityOptions, type OcspResponseOptions,
} from './features/identity.js'
import { clientRecords, limits, records, type ClientRecordOptions, type LimitOptions, type RecordOptions } from './features/limits.js'
import {
  clientPsk, clientRawPublicKeys, serverPsk, serverRawPublicKeys, type ClientPskOptions, type RawPublicKeyOptions, type ServerPskOptions,
} from './features/known-keys.js'
import { keyLog, observers, type KeyLogOptions, type ObserverOptions } from './features/observers.js'
import { keyAlone, ocspRequest, serverIdentity, type OcspRequestOptions, type ServerIdentityOptions } from './features/server-identity.js'
import { clientSessions, serverSessions, type ClientSessionOptions, type ServerSessionOptions } from './features/sessions.js'
import { trustAnchorChecks } from './features/trust-anchors.js'
import { verification, type VerificationOptions } from './features/verification.js'
import type { Side } from './tls-context.js'

/** What client and server have in common. */
export interface CommonOptions extends
  LimitOptions, AlgorithmOptions, RecordOptions, IdentityOptions, RawPublicKeyOptions, VerificationOptions, ObserverOptions,
  KeyLogOptions {}

/** Options of {@link connect}. */
export interface ConnectOptions extends
  CommonOptions, ClientRecordOptions, ClientAlpnOptions, ServerIdentityOptions, ClientPskOptions, ClientPostHandshakeAuthOptions,
  OcspRequestOptions, CertificateChoiceOptions, ClientSessionOptions, ClientEchOptions, LegacyRenegotiationOptions {}

/** A server shows a certificate: `cert` and `key`, `pfx`, or `identities` is required; or `key` with `rawPublicKey`, or `psk`. */
export interface AcceptOptions extends
  CommonOptions, IdentitiesOptions, ServerSessionOptions, ServerAlpnOptions, ClientIdentityOptions, ServerPskOptions,
  ServerPostHandshakeAuthOptions, OcspResponseOptions, ServerEchOptions, ClientHelloOptions {}

// Features say the same as data: `connection` and `either`.
type Connection = 'signal' | 'handshakeTimeoutMs' | 'closeTimeoutMs' | 'highWaterMarkBytes' | 'onIo' | 'onTrace' | 'onKeylog' | 'keylogFile'
type ClientConnection = Connection | 'servername' | 'acceptedNames' | 'session' | 'sessionKey' | 'earlyData' | 'ech'
type Either = 'alpnProtocols' | 'verify' | 'maxCertificateListBytes'
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
/** Options of {@link createContext}. */
export type ContextOptions = ClientContextOptions | ServerContextOptions

type Checks = Readonly<Record<string, Check>>
type Place = 'connection' | 'either' | 'context'

interface EndParts {
  readonly side: Side
  readonly taker: 'connect()' | 'accept()'
  readonly method: 'TLS_client_method' | 'TLS_server_method'
  /** In the order in which they are set up: keys before algorithms, as OpenSSL has suites for them only where there are some. */
  readonly features: readonly Feature<any, any, any>[]
  /** What an SSL_CTX depends on of options that may be a connection's own. */
  readonly variant: (options: object) => boolean
  /** What no feature says of all of them. Throws by {@link invalid}. */
  readonly agree?: (options: object) => void
}

/** A side of a connection. */
export interface End extends EndParts {
  readonly checks: Checks
  /** See {@link Feature.answers}. */
  readonly answers: Readonly<Record<string, 'in time' | 'at once'>>
  readonly places: ReadonlyMap<string, Place>
}

function endOf(parts: EndParts): End {
  const { features } = parts
  const placed = (place: 'connection' | 'either') =>
    features.flatMap((feature) => feature[place] ?? []).map((name) => [name as string, place] as const)
  return {
    ...parts,
    checks: Object.assign({}, ...features.map(({ checks }) => checks)),
    answers: Object.assign({}, ...features.map(({ answers }) => answers)),
    places: new Map([...placed('either'), ...placed('connection')]),
  }
}

// A bundle with connect() alone has nothing of the server.
export const client: End = /* @__PURE__ */ endOf({
  side: 'client',
  taker: 'connect()',
  method: 'TLS_client_method',
  features: [
    limits, clientPsk, algorithms, records, clientRecords, identity, clientAlpn, serverIdentity, clientRawPublicKeys,
    clientPostHandshakeAuth, verification, ocspRequest, certificateChoice, clientSessions, clientEch, legacyRenegotiation, observers,
    keyLog,
  ],
  // Where a key alone is accepted, the SSL_CTX has no trust anchors: a connection without a name must not share one that has.
  variant: keyAlone,
})
export const server: End = /* @__PURE__ */ endOf({
  side: 'server',
  taker: 'accept()',
  method: 'TLS_server_method',
  features: [
    limits, serverPsk, algorithms, records, identity, identities, serverSessions, serverAlpn, clientIdentity, serverRawPublicKeys,
    serverPostHandshakeAuth, verification, ocspResponse, serverEch, clientHello, observers, keyLog,
  ],
  // Sessions are for servers that ask their clients for the same.
  variant: ({ verify }: CommonOptions) => verify !== undefined,
  agree: (options) => {
    if (!canServe(options)) throw invalid('cert', 'is required, or pfx, identities or psk: a server shows who it is')
  },
})

/** Where an option stands if there is a context. See {@link Feature.connection}. */
export function placeOf({ places }: End, name: string): Place {
  return places.get(name) ?? 'context'
}

/**
 * A copy of the options, those of the context among them. Throws `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION`, `option`
 * of the error naming it; or `ERR_TLS_DISPOSED`.
 */
export function checkConnectOptions(options: ConnectOptions): ConnectOptions {
  return check(client, options)
}

/** As {@link checkConnectOptions}. */
export function checkAcceptOptions(options: AcceptOptions): AcceptOptions {
  return check(server, options)
}

function check<Options extends CommonOptions>(end: End, options: Options): Options {
  const given: CommonOptions = checkOptions<object>(options, end.checks, end.taker, PUBLIC)
  const misplaced = given.context && Object.keys(given).find((name) => placeOf(end, name) === 'context')
  if (misplaced !== undefined) throw invalid(misplaced, 'belongs to the context: give it to createContext()')
  const checked = own<Options>(given.context?.optionsFor(end.side), given)
  agree(end, checked, true)
  return checked
}

/**
 * A copy of the options, and the side that they suit, a server's if they suit both; `refuse` throws unless they suit one. Throws if they
 * suit none.
 */
export function checkContextOptions(options: ContextOptions): {
  readonly checked: ClientContextOptions & ServerContextOptions, readonly suited: Side, readonly refuse: (side: Side) => void
} {
  const checked = checkOptions<object>(options, contextChecks(), 'createContext()', PUBLIC)
  const found = new Set<Side>()
  const refuse = (side: Side): void => {
    if (found.has(side)) return
    const end = side === 'client' ? client : server
    demandOptions(checked, end.checks, end.taker)
    agree(end, checked, false)
    found.add(side)
  }
  const wrong = (side: Side): ApiMisuseError | undefined => {
    try {
      refuse(side)
      return undefined
    } catch (error) {
      return error as ApiMisuseError
    }
  }
  // The likely one first: to find out that options suit none makes an error, which takes long.
  const [likely, other] = canServe(checked) ? ['server', 'client'] as const : ['client', 'server'] as const
  const error = wrong(likely)
  const another = error && wrong(other)
  // The side that knows all of them is the one that is meant.
  const errors = likely === 'client' ? [error, another] : [another, error]
  if (error && another) throw errors.find((one) => one!.code !== 'ERR_TLS_UNKNOWN_OPTION') ?? errors[0]!
  return { checked, suited: error ? other : likely, refuse }
}

/** What holds for a client whose ClientHello was answered by `answer`. Throws as {@link checkAcceptOptions}. */
export function checkHelloAnswer(options: AcceptOptions, answer: unknown): AcceptOptions {
  demand(isPlainObject(answer), "what 'onClientHello' returns must be options, or undefined")
  const allowed = server.features.flatMap(({ perClient = [], checks }) => perClient.map((name) => [name, checks[name]]))
  const checked: object = checkOptions<object>(answer, Object.fromEntries(allowed), "what 'onClientHello' returns")
  // Another identity takes the place of all of it.
  const { cert, key, pfx, passphrase, identities, rawPublicKey, ...others } = options
  const changed = own<AcceptOptions>(hasIdentity(checked) ? others : options, answer)
  agree(server, changed, true)
  return changed
}

let contextChecksMade: Checks | undefined

/** A value is right if it is right for one side. */
function contextChecks(): Checks {
  return contextChecksMade ??= Object.fromEntries(Object.keys({ ...client.checks, ...server.checks }).map((name) => {
    const takers = [client, server].filter(({ checks }) => Object.hasOwn(checks, name))
    const misplaced = `belongs to one connection: give it to ${takers.map(({ taker }) => taker).join(' or ')}`
    return [name, takers.some((end) => placeOf(end, name) === 'connection') ? () => misplaced : (value) => {
      const wrongs = takers.map(({ checks }) => checks[name]!(value))
      return wrongs.includes(undefined) ? undefined : wrongs[0]
    }]
  }))
}

/** Given again and again, and large. */
const PUBLIC = Object.keys(trustAnchorChecks)

/** `whole` says whether the options of the connection are among them. */
function agree(end: End, options: object, whole: boolean): void {
  for (const feature of end.features) {
    const broken = brokenRule(feature, options, (name) => !whole && placeOf(end, name) !== 'context')
    if (broken) throw invalid(...broken)
    feature.agree?.(options, whole)
  }
  end.agree?.(options)
}

/** Whether there is anything to prove a server by. */
function canServe(options: AcceptOptions): boolean {
  return hasIdentity(options) || options.psk !== undefined
}
