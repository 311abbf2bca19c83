// The options of connect() and accept(). Anything that is not in the lists below is refused by name before the first byte
// is sent.

import { ApiMisuseError } from '../base/errors.js'
import { checkOptions, invalid, isPlainObject } from '../base/options.js'
import { algorithms, type AlgorithmOptions } from './features/algorithms.js'
import { clientAlpn, serverAlpn, type ClientAlpnOptions, type ServerAlpnOptions } from './features/alpn.js'
import { certificateChoice, type CertificateChoiceOptions } from './features/certificate-choice.js'
import { clientHello, type ClientHelloOptions } from './features/client-hello.js'
import { clientSessions, type ClientSessionOptions } from './features/client-sessions.js'
import { clientIdentity, type ClientIdentityOptions } from './features/client-identity.js'
import { clientEch, serverEch, type ClientEchOptions, type ServerEchOptions } from './features/ech.js'
import type { Feature } from './features/feature.js'
import { hasIdentity, identities, identity, type IdentitiesOptions, type IdentityOptions } from './features/identity.js'
import { keyLog, type KeyLogOptions } from './features/key-log.js'
import { limits, type LimitOptions } from './features/limits.js'
import { observers, type ObserverOptions } from './features/observers.js'
import { ocspRequest, ocspResponse, type OcspRequestOptions, type OcspResponseOptions } from './features/ocsp.js'
import {
  clientPostHandshakeAuth, serverPostHandshakeAuth, type ClientPostHandshakeAuthOptions, type ServerPostHandshakeAuthOptions,
} from './features/post-handshake-auth.js'
import { clientRecords, records, type ClientRecordOptions, type RecordOptions } from './features/records.js'
import { clientPsk, serverPsk, type ClientPskOptions, type ServerPskOptions } from './features/psk.js'
import { clientRawPublicKeys, serverRawPublicKeys, type RawPublicKeyOptions } from './features/raw-public-keys.js'
import { serverIdentity, type ServerIdentityOptions } from './features/server-identity.js'
import { serverSessions, type ServerSessionOptions } from './features/server-sessions.js'
import { verification, type VerificationOptions } from './features/verification.js'

/** What client and server have in common. */
export interface CommonOptions extends
  LimitOptions, AlgorithmOptions, RecordOptions, IdentityOptions, RawPublicKeyOptions, VerificationOptions, ObserverOptions, KeyLogOptions {}

export interface ConnectOptions extends
  CommonOptions, ClientRecordOptions, ClientAlpnOptions, ServerIdentityOptions, ClientPskOptions, ClientPostHandshakeAuthOptions, OcspRequestOptions,
  CertificateChoiceOptions, ClientSessionOptions, ClientEchOptions {}

/** A server shows a certificate: `cert` and `key`, `pfx`, or `identities` is required; or `key` with `rawPublicKey`, or `psk`. */
export interface AcceptOptions extends
  CommonOptions, IdentitiesOptions, ServerSessionOptions, ServerAlpnOptions, ClientIdentityOptions, ServerPskOptions, ServerPostHandshakeAuthOptions,
  OcspResponseOptions, ServerEchOptions, ClientHelloOptions {}

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

/**
 * A copy of the options. Throws `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION`; `option` of the error names it.
 */
export function checkConnectOptions(options: ConnectOptions): ConnectOptions {
  return check(options, clientFeatures, 'connect()')
}

/** As {@link checkConnectOptions}. */
export function checkAcceptOptions(options: AcceptOptions): AcceptOptions {
  const checked = check(options, serverFeatures, 'accept()')
  if (!hasIdentity(checked) && checked.psk === undefined) throw invalid('cert', 'is required, or pfx, identities or psk: a server shows who it is')
  return checked
}

/** What holds for a client whose ClientHello was answered by `answer`. Throws as {@link checkAcceptOptions}. */
export function checkHelloAnswer(options: AcceptOptions, answer: unknown): AcceptOptions {
  if (!isPlainObject(answer)) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', "what 'onClientHello' returns must be options, or undefined")
  const allowed = serverFeatures.flatMap(({ perClient = [], checks }) => perClient.map((name) => [name, checks[name]]))
  checkOptions(answer, Object.fromEntries(allowed), "what 'onClientHello' returns")
  return checkAcceptOptions({ ...(hasIdentity(answer) ? withoutIdentity(options) : options), ...answer })
}

/** Another one takes the place of all of it. */
function withoutIdentity({ cert, key, pfx, passphrase, identities, rawPublicKey, ...others }: AcceptOptions): AcceptOptions {
  return others
}

function check<Options extends CommonOptions>(options: Options, features: readonly Feature<Options>[], taker: string): Options {
  const checked = checkOptions<Options>(options, Object.assign({}, ...features.map(({ checks }) => checks)), taker)
  for (const feature of features) feature.agree?.(checked)
  return checked
}

/** A feature of some options is one of all of them. */
function lists<Options extends object>(...features: readonly Feature<any>[]): readonly Feature<Options>[] {
  return features
}
