// The options of connect() and accept(): what there is, and what each must be. Anything else is refused by name
// before the first byte is sent.

import { ApiMisuseError } from '../base/errors.js'
import { asBytes, isBytesLike, type BytesLike } from '../base/bytes.js'
import { LibSsl } from '../core/lib-ssl.js'
import type { ProtocolEvent } from '../core/trace.js'
import type { IoEvent } from '../pump/pump.js'

/** One or more certificates: PEM text, or one as DER. */
export type Certificates = string | BytesLike

export type ProtocolVersion = 'TLSv1.2' | 'TLSv1.3'

/** What client and server have in common. */
export interface CommonOptions {
  /** Own certificate first, then its chain: PEM; or one certificate, DER. Wants `key`. */
  readonly cert?: Certificates
  /** Private key of `cert`: PEM or DER; PKCS#8, PKCS#1 or SEC1. */
  readonly key?: string | BytesLike
  /** For an encrypted `key`. */
  readonly passphrase?: string | BytesLike
  /** Application protocols, most wanted first (RFC 7301). Default: none are negotiated. */
  readonly alpnProtocols?: readonly string[]
  /** Default `TLSv1.2`. */
  readonly minVersion?: ProtocolVersion
  /** Default `TLSv1.3`. */
  readonly maxVersion?: ProtocolVersion
  /** TLS 1.2's suites in the syntax of openssl-ciphers(1). Default `ECDHE+CHACHA20:ECDHE+AESGCM`. */
  readonly ciphers?: string
  /** TLS 1.3's suites. Default ChaCha20-Poly1305 first: WebAssembly has no AES instructions. */
  readonly ciphersuites?: string
  /** Key exchange groups, as SSL_CTX_set1_groups_list(3) has them. Default X25519MLKEM768 first, then X25519, P-256, P-384. */
  readonly groups?: string
  /** Aborts the connection, at any time, with `signal.reason`. */
  readonly signal?: AbortSignal
  /** Default 30,000; 0 for no limit. */
  readonly handshakeTimeoutMs?: number
  /** How much `writable` queues before its writer should wait, and the most that one read gives. Default 65,536. */
  readonly highWaterMarkBytes?: number
  /** The instance to use. Default: one of the connection's own, so that no two share memory. */
  readonly libssl?: LibSsl
  /** Told of each SSL call: what it returned, SSL_get_error's answer, the bytes moved. For people who want to see. */
  readonly onIo?: (event: IoEvent) => void
  /** Told of each record, handshake message and alert, both ways. What it throws ends the connection, as with `onIo`. */
  readonly onTrace?: (event: TraceEvent) => void
  /**
   * Given each secret as a line of the NSS key log format, without a newline. Whoever has these lines can decrypt the
   * connection: for debugging, with Wireshark say.
   */
  readonly onKeylog?: (line: string) => void
}

/** Something that went by on the wire. */
export interface TraceEvent extends ProtocolEvent {
  /** By performance.now(). */
  readonly atMs: number
}

export interface ConnectOptions extends CommonOptions {
  /** Host name or IP address of the server: asked for (SNI, names only) and verified. Required, unless verification is skipped. */
  readonly servername?: string
  /** Trust anchors. Default in Node: the platform's. Elsewhere there is no default, and its absence is an error. */
  readonly ca?: Certificates | readonly Certificates[]
  /**
   * DANGEROUS: accept any certificate for any name. Whoever is between us and the server can then read and change
   * everything. The result of verification is still in {@link ConnectionInfo.verifyResult}.
   */
  readonly dangerouslySkipVerification?: boolean
}

export interface AcceptOptions extends CommonOptions {
  readonly cert: Certificates
  readonly key: string | BytesLike
  /** If given, clients must present a certificate that one of these has issued. Default: none is asked for. */
  readonly ca?: Certificates | readonly Certificates[]
}

type Check = (value: unknown) => string | undefined

const string: Check = (value) => (typeof value === 'string' && value !== '' && !value.includes('\0') ? undefined : 'must be a non-empty string without NUL')
const certificates: Check = (value) => ((typeof value === 'string' && value !== '') || (isBytesLike(value) && value.byteLength > 0)
  ? undefined : 'must be PEM text, or PEM or DER bytes, and not empty')
const secret: Check = (value) => (typeof value === 'string' || isBytesLike(value) ? undefined : 'must be a string or bytes')
const version: Check = (value) => (value === 'TLSv1.2' || value === 'TLSv1.3' ? undefined : "must be 'TLSv1.2' or 'TLSv1.3'")
const integer = (min: number, max: number): Check => (value) =>
  (Number.isInteger(value) && (value as number) >= min && (value as number) <= max ? undefined : `must be an integer from ${min} to ${max}`)
const callback: Check = (value) => (typeof value === 'function' ? undefined : 'must be a function')
const boolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be a boolean')

const common: Readonly<Record<keyof CommonOptions | 'ca', Check>> = {
  ca: (value) => (Array.isArray(value) && value.length > 0 ? value.map(certificates).find(Boolean) : certificates(value)),
  cert: certificates,
  key: certificates,
  passphrase: secret,
  alpnProtocols: (value) => (Array.isArray(value) && value.length > 0
    && value.every((name) => typeof name === 'string' && name !== '' && new TextEncoder().encode(name).byteLength <= 255)
    ? undefined : 'must be an array of one or more protocol names of 1 to 255 bytes'),
  minVersion: version,
  maxVersion: version,
  ciphers: string,
  ciphersuites: string,
  groups: string,
  signal: (value) => (value instanceof AbortSignal ? undefined : 'must be an AbortSignal'),
  // setTimeout's own limit
  handshakeTimeoutMs: integer(0, 0x7fffffff),
  highWaterMarkBytes: integer(1, 64 * 1024 * 1024),
  libssl: (value) => (value instanceof LibSsl ? undefined : 'must be what load() gave'),
  onIo: callback,
  onTrace: callback,
  onKeylog: callback,
}

const client: Readonly<Record<keyof ConnectOptions, Check>> = {
  ...common,
  servername: (value) => string(value)
    ?? (/^[\x21-\x7e]+$/.test(value as string) ? undefined : 'must be ASCII: write an internationalised name in its A-label form (xn--…)')
    // OpenSSL takes a leading dot for "any name below".
    ?? ((value as string).startsWith('.') ? 'must not start with a dot' : undefined),
  dangerouslySkipVerification: boolean,
}

/**
 * A copy of the options: what its owner does to the original later (wipe a key, name the next server) is no longer
 * seen. Throws `ERR_TLS_UNKNOWN_OPTION` or `ERR_TLS_INVALID_OPTION`; `option` of the error names it.
 */
export function checkConnectOptions(options: ConnectOptions): ConnectOptions {
  const checked = check(options, client)
  if (checked.servername === undefined && checked.dangerouslySkipVerification !== true) {
    throw invalid('servername', 'is required: it is the name that the certificate must hold')
  }
  return checked
}

/** As {@link checkConnectOptions}. */
export function checkAcceptOptions(options: AcceptOptions): AcceptOptions {
  const checked = check(options, common)
  if (checked.cert === undefined) throw invalid('cert', 'is required: a server shows a certificate')
  return checked
}

function check<Options extends CommonOptions>(options: Options, table: Readonly<Record<string, Check>>): Options {
  if (typeof options !== 'object' || options === null) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'options must be an object')
  const checked: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(table, name)) {
      throw new ApiMisuseError('ERR_TLS_UNKNOWN_OPTION', `there is no option '${name}'; there are ${Object.keys(table).join(', ')}`, { option: name })
    }
    const wrong = value === undefined ? undefined : table[name]!(value)
    if (wrong !== undefined) throw invalid(name, wrong)
    checked[name] = copy(value)
  }
  const { cert, key, passphrase, minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = options
  if (cert !== undefined && key === undefined) throw invalid('key', 'is required with cert')
  if (key !== undefined && cert === undefined) throw invalid('cert', 'is required with key')
  if (passphrase !== undefined && key === undefined) throw invalid('passphrase', 'is of no use without key')
  if (minVersion > maxVersion) throw invalid('minVersion', `must not be above maxVersion (${minVersion} > ${maxVersion})`)
  return checked as unknown as Options
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  return isBytesLike(value) ? new Uint8Array(asBytes(value)) : value
}

function invalid(option: string, wrong: string): ApiMisuseError {
  return new ApiMisuseError('ERR_TLS_INVALID_OPTION', `option '${option}' ${wrong}`, { option })
}
