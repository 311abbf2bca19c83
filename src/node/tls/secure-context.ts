// tls.createSecureContext(): what the options of a context do, in Node's order, and what they must be. Unknown ones are ignored.

import { SSL_OP_SERVER_PREFERENCE, TLS1_2_VERSION, TLS1_3_VERSION } from '../../ffi/constants.gen.js'
import type { LibSsl } from '../../core/lib-ssl.js'
import { invalidArgType, invalidArgValue, demandInteger, demandType } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'
import { ContextHandle, type Pem } from './context-handle.js'
import { exported } from './defaults.js'
import { instance } from './instance.js'

/** A private key with the passphrase that opens it. */
export interface KeyObject {
  /** The key, PEM. */
  pem: Pem
  /** Default: option `passphrase`. */
  passphrase?: Pem | undefined
}

/** A PKCS#12 file with the passphrase that opens it. */
export interface PfxObject {
  /** The file. */
  buf: Pem
  /** Default: option `passphrase`. */
  passphrase?: Pem | undefined
}

/** One value, or several. */
export type OneOrMore<T> = T | readonly T[]

/** As Node's, and `libssl`. */
export interface SecureContextOptions {
  /** Takes certificates in `ca` that are no roots for anchors. Default `false`. */
  allowPartialTrustChain?: boolean | undefined
  /** Trust anchors, PEM. Default: those of {@link getCACertificates}. */
  ca?: OneOrMore<Pem> | undefined
  /** Own certificate and its chain, PEM; several for keys of several types. */
  cert?: OneOrMore<Pem> | undefined
  /** Cipher suites of TLS 1.2 and 1.3 in one list, separated by colons. Default {@link DEFAULT_CIPHERS}. */
  ciphers?: string | undefined
  /** Refused: `ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED`. */
  clientCertEngine?: string | undefined
  /** Certificate revocation lists, PEM. */
  crl?: OneOrMore<Pem> | undefined
  /** Diffie-Hellman parameters, PEM, or `auto`. Default: no DHE on a server. */
  dhparam?: 'auto' | Pem | undefined
  /** Key exchange groups, separated by colons. Default `auto`. */
  ecdhCurve?: string | undefined
  /** Whether a server's order of suites counts. Default: `true` in `createServer()`, else `false`. */
  honorCipherOrder?: boolean | undefined
  /** Private keys, PEM, each alone or with its passphrase. */
  key?: OneOrMore<Pem | KeyObject> | undefined
  /** The instance of libssl to use, of `load()`: default the one that all contexts without it share. */
  libssl?: LibSsl | undefined
  /** The newest version: `TLSv1.2` or `TLSv1.3`. Default {@link DEFAULT_MAX_VERSION}. */
  maxVersion?: string | undefined
  /** The oldest version: `TLSv1.2` or `TLSv1.3`. Default {@link DEFAULT_MIN_VERSION}. */
  minVersion?: string | undefined
  /** For `key` and `pfx`. */
  passphrase?: Pem | undefined
  /** PKCS#12 files, each alone or with its passphrase. */
  pfx?: OneOrMore<Pem | PfxObject> | undefined
  /** Refused: `ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED`. */
  privateKeyEngine?: string | undefined
  /** Goes with `privateKeyEngine`. */
  privateKeyIdentifier?: string | undefined
  /** `SSL_OP_…` bits of OpenSSL. */
  secureOptions?: number | undefined
  /** A method of OpenSSL's, for example `TLSv1_2_method`; `minVersion` and `maxVersion` say it better. */
  secureProtocol?: string | undefined
  /** On a server: whose sessions are taken up again. Default in `createServer()`: made of the program's command line. */
  sessionIdContext?: string | undefined
  /** How many seconds a session is good. Default: OpenSSL's. */
  sessionTimeout?: number | undefined
  /** Signature algorithms, separated by colons. */
  sigalgs?: string | undefined
  /** 48 bytes: a server's key for session tickets. */
  ticketKeys?: NodeJS.ArrayBufferView | undefined
}

/** `new SecureContext(secureProtocol, secureOptions, minVersion, maxVersion)`, also without `new`. */
export interface SecureContext {
  readonly context: ContextHandle
}

export const SecureContext = function SecureContext(
  this: unknown, secureProtocol?: string, secureOptions?: number, minVersion?: string, maxVersion?: string, libssl?: LibSsl,
): SecureContext {
  const made = (this instanceof SecureContext ? this : Object.create(SecureContext.prototype)) as { context: ContextHandle }
  const [min, max] = versionsOf(secureProtocol, minVersion, maxVersion)
  made.context = new ContextHandle(libssl ?? instance())
  if (secureOptions) {
    demandInteger(secureOptions, 'secureOptions', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    made.context.setOptions(secureOptions)
  }
  made.context.setMinProto(min)
  made.context.setMaxProto(max)
  return made
} as unknown as {
  new (secureProtocol?: string, secureOptions?: number, minVersion?: string, maxVersion?: string, libssl?: LibSsl): SecureContext
  readonly prototype: SecureContext
}

export function createSecureContext(options?: SecureContextOptions | null): SecureContext {
  options ||= {}
  demandType(options, 'object', 'options')
  const { honorCipherOrder, minVersion, maxVersion, secureOptions, secureProtocol, libssl } = options
  const made = new SecureContext(secureProtocol, secureOptions, minVersion, maxVersion, libssl)
  if (honorCipherOrder) made.context.setOptions(Number(SSL_OP_SERVER_PREFERENCE))
  configure(made.context, options)
  return made
}

function configure(context: ContextHandle, options: SecureContextOptions): void {
  const { allowPartialTrustChain, ca, cert, ciphers = exported.DEFAULT_CIPHERS, clientCertEngine, crl, dhparam } = options
  const { ecdhCurve = exported.DEFAULT_ECDH_CURVE, key, passphrase, pfx, privateKeyEngine, privateKeyIdentifier } = options
  const { sessionIdContext, sessionTimeout, sigalgs, ticketKeys } = options

  if (ciphers != null) demandType(ciphers, 'string', 'options.ciphers')
  context.setCiphers(ciphers || exported.DEFAULT_CIPHERS) // before certificates and keys: it may hold a security level for them
  if (allowPartialTrustChain) context.setAllowPartialTrustChain()
  if (ca) for (const one of each(ca)) context.addCACert(demandPem('options.ca', one))
  else context.addRootCerts()
  if (cert) for (const one of each(cert)) context.setCert(demandPem('options.cert', one))
  if (key) for (const one of each(key)) setKey(context, Array.isArray(key) && isObject(one, 'pem') ? one : { pem: one as Pem }, passphrase)
  if (sigalgs != null) {
    demandType(sigalgs, 'string', 'options.sigalgs')
    if (sigalgs === '') throw invalidArgValue('options.sigalgs', sigalgs)
    context.setSigalgs(sigalgs)
  }
  if (privateKeyIdentifier != null || privateKeyEngine != null) refuseEngine({ privateKeyEngine, privateKeyIdentifier }, key)
  demandType(ecdhCurve, 'string', 'options.ecdhCurve')
  if (ecdhCurve !== 'auto') context.setECDHCurve(ecdhCurve)
  if (dhparam != null) context.setDHParam(demandPem('options.dhparam', dhparam))
  if (crl != null) for (const one of each(crl)) context.addCRL(demandPem('options.crl', one))
  if (sessionIdContext != null) {
    demandType(sessionIdContext, 'string', 'options.sessionIdContext')
    context.setSessionIdContext(sessionIdContext)
  }
  if (pfx != null) for (const one of each(pfx)) {
    const [file, secret] = Array.isArray(pfx) && isObject(one, 'buf') ? [one.buf, one.passphrase ?? passphrase] : [one, passphrase]
    context.loadPKCS12(demandPem('options.pfx', file), secret)
  }
  if (typeof clientCertEngine === 'string') {
    throw nodeError('ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED', 'Custom engines not supported by this OpenSSL')
  } else if (clientCertEngine != null) {
    throw invalidArgType('options.clientCertEngine', 'one of type string, null, or undefined', clientCertEngine)
  }
  if (ticketKeys != null) {
    demandTicketKeys(ticketKeys, 'options.ticketKeys')
    context.setTicketKeys(ticketKeys)
  }
  if (sessionTimeout != null) {
    demandInteger(sessionTimeout, 'options.sessionTimeout', 0, 2 ** 31 - 1)
    context.setSessionTimeout(sessionTimeout)
  }
}

/** 48 bytes. */
export function demandTicketKeys(keys: unknown, name: string): asserts keys is NodeJS.ArrayBufferView {
  if (!ArrayBuffer.isView(keys)) throw invalidArgType(name, 'an instance of Buffer, TypedArray, or DataView', keys)
  if (keys.byteLength !== 48) {
    const message = `The property '${name}' must be exactly 48 bytes. Received ${keys.byteLength} bytes`
    throw nodeError('ERR_INVALID_ARG_VALUE', message, {}, TypeError)
  }
}

function setKey(context: ContextHandle, { pem, passphrase }: KeyObject, otherwise: Pem | undefined): void {
  const key = demandPem('options.key', pem)
  const secret = passphrase ?? otherwise
  if (secret != null && !ArrayBuffer.isView(secret)) demandType(secret, 'string', 'options.passphrase')
  context.setKey(key, secret ?? undefined)
}

function refuseEngine({ privateKeyEngine, privateKeyIdentifier }: SecureContextOptions, key: unknown): never {
  if (privateKeyEngine == null) throw invalidArgValue('options.privateKeyEngine', privateKeyEngine)
  if (key) throw invalidArgValue('options.privateKeyIdentifier', privateKeyIdentifier)
  if (privateKeyIdentifier != null && typeof privateKeyIdentifier !== 'string') {
    throw invalidArgType('options.privateKeyIdentifier', 'one of type string, null, or undefined', privateKeyIdentifier)
  }
  if (typeof privateKeyEngine !== 'string') {
    throw invalidArgType('options.privateKeyEngine', 'one of type string, null, or undefined', privateKeyEngine)
  }
  throw nodeError('ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED', 'Custom engines not supported by this OpenSSL')
}

function demandPem(name: string, value: unknown): Pem {
  if (typeof value === 'string' || ArrayBuffer.isView(value)) return value as Pem
  throw invalidArgType(name, 'of type string or an instance of Buffer, TypedArray, or DataView', value)
}

function each<T>(given: OneOrMore<T>): readonly T[] {
  return Array.isArray(given) ? given as readonly T[] : [given as T]
}

function isObject<Name extends string>(
  value: unknown, name: Name,
): value is { [name in Name]: Pem } & { passphrase?: Pem } {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && (value as Record<string, unknown>)[name] !== undefined
}

/** Those that the build lacks count: OpenSSL says what is left of a range. */
const VERSIONS: Readonly<Record<string, number>> = {
  'TLSv1': 0x0301, 'TLSv1.1': 0x0302, 'TLSv1.2': TLS1_2_VERSION, 'TLSv1.3': TLS1_3_VERSION,
}
const METHODS: Readonly<Record<string, readonly [number, number]>> = {
  TLS: [0, TLS1_3_VERSION], SSLv23: [0, TLS1_2_VERSION], TLSv1: [0x0301, 0x0301], TLSv1_1: [0x0302, 0x0302],
  TLSv1_2: [TLS1_2_VERSION, TLS1_2_VERSION], TLSv1_3: [TLS1_3_VERSION, TLS1_3_VERSION],
}

function versionsOf(secureProtocol: unknown, minVersion: unknown, maxVersion: unknown): readonly [number, number] {
  if (secureProtocol == null) {
    return [version('minimum', minVersion ?? exported.DEFAULT_MIN_VERSION), version('maximum', maxVersion ?? exported.DEFAULT_MAX_VERSION)]
  }
  demandType(secureProtocol, 'string', 'options.secureProtocol')
  for (const given of [minVersion, maxVersion]) {
    if (given == null) continue
    const message = `TLS protocol version ${JSON.stringify(given)} conflicts with secureProtocol ${JSON.stringify(secureProtocol)}`
    throw nodeError('ERR_TLS_PROTOCOL_VERSION_CONFLICT', message, {}, TypeError)
  }
  const name = (secureProtocol as string).replace(/_(?:(?:client|server)_)?method$/, '')
  const wrong = (message: string) => nodeError('ERR_TLS_INVALID_PROTOCOL_METHOD', message, {}, TypeError)
  if (name === 'SSLv2' || name === 'SSLv3') throw wrong(`${name} methods disabled`)
  if (name === secureProtocol || !Object.hasOwn(METHODS, name)) throw wrong(`Unknown method: ${secureProtocol as string}`)
  return METHODS[name]!
}

function version(which: 'minimum' | 'maximum', given: unknown): number {
  if (typeof given === 'string' && Object.hasOwn(VERSIONS, given)) return VERSIONS[given]!
  const message = `${JSON.stringify(given)} is not a valid ${which} TLS protocol version`
  throw nodeError('ERR_TLS_INVALID_PROTOCOL_VERSION', message, {}, TypeError)
}
