// `libssl-wasm/node/tls`: the interface of `node:tls`. The default export is the object that the face itself looks at: what is
// assigned to it (`tls.DEFAULT_MIN_VERSION = …`) holds from then on, as in Node.

import type * as NodeTls from 'node:tls'
import { getCiphers as ciphersOf } from '../ciphers.js'
import { checkServerIdentity as checkIdentity } from '../check-server-identity.js'
import * as alpn from './alpn.js'
import * as certificates from './certificates.js'
import { connect as makeConnection } from './connect.js'
import { exported } from './defaults.js'
import { defaultCiphers, defaultMaxVersion, defaultMinVersion } from './flags.js'
import { instance, ready } from './instance.js'
import * as contexts from './secure-context.js'
import { createSecurePair } from './secure-pair.js'
import * as servers from './server.js'
import { TLSSocket as Socket } from './tls-socket.js'

/** What is here and not in the `node:tls` of every Node. */
export interface Additions {
  /** Resolves when all of this can be called: to be awaited in browsers, once. */
  ready(): Promise<void>
  /** `libssl`: an instance for this context's connections alone, whose memory no other sees. */
  createSecureContext(options?: NodeTls.SecureContextOptions & Pick<contexts.SecureContextOptions, 'libssl'>): NodeTls.SecureContext
  /** As {@link getCACertificates}. */
  getCACertificates(type?: 'default' | 'system' | 'bundled' | 'extra'): readonly string[]
  /** As {@link setDefaultCACertificates}. */
  setDefaultCACertificates(certs: readonly (string | NodeJS.ArrayBufferView)[]): void
  /** As {@link SecureContext}. */
  readonly SecureContext: typeof contexts.SecureContext
  /** As {@link convertALPNProtocols}. */
  convertALPNProtocols: typeof alpn.convertALPNProtocols
  /** As {@link getCertificateCompressionAlgorithms}. */
  getCertificateCompressionAlgorithms(): string[]
  /** Deprecated since Node 0.11, and not there any more since Node 24. */
  createSecurePair(...args: unknown[]): ReturnType<typeof createSecurePair>
}

Object.assign(exported, {
  CLIENT_RENEG_LIMIT: 3, CLIENT_RENEG_WINDOW: 600, DEFAULT_CIPHERS: defaultCiphers(), DEFAULT_ECDH_CURVE: 'auto',
  DEFAULT_MIN_VERSION: defaultMinVersion(), DEFAULT_MAX_VERSION: defaultMaxVersion(), getCiphers: () => ciphersOf(instance()),
  getCertificateCompressionAlgorithms: () => [],
  getCACertificates: certificates.getCACertificates, setDefaultCACertificates: certificates.setDefaultCACertificates,
  convertALPNProtocols: alpn.convertALPNProtocols, checkServerIdentity: checkIdentity, createSecureContext: contexts.createSecureContext,
  SecureContext: contexts.SecureContext, TLSSocket: Socket, Server: servers.Server, createServer: servers.createServer,
  connect: makeConnection, createSecurePair, ready,
})
Object.defineProperty(exported, 'rootCertificates', { get: certificates.rootCertificates, enumerable: true })

/** What a CommonJS program gets, and {@link Additions}. */
const tls = exported as unknown as typeof NodeTls & Additions
export default tls
export { ready }
export type { NodeErrorCodes, SystemErrorCodes } from '../node-error-codes.js'
export { toNodeStream } from './to-node-stream.js'
export type { Pem } from './context-handle.js'
export type { KeyObject, OneOrMore, PfxObject, SecureContextOptions } from './secure-context.js'

/** A socket of the system's, or any other Duplex, or an option `host` and `port`, becomes a client's TLS connection. */
export const connect = tls.connect
/** A server: what listens is Node's `net.Server`, or connections are given to it by `server.emit('connection', duplex)`. */
export const createServer = tls.createServer
/** Options that connections share, made ready once. Option `libssl` beside Node's: an instance for this context alone. */
export const createSecureContext = tls.createSecureContext
/** A TLS connection in the form of `net.Socket`. */
export const TLSSocket = tls.TLSSocket
/** What {@link createServer} makes. */
export const Server = tls.Server
/** What {@link createSecureContext} makes. */
export const SecureContext = tls.SecureContext
/** Whether a certificate is for a host: `undefined`, or the error, which is returned, not thrown. */
export const checkServerIdentity = tls.checkServerIdentity
/** The names of application protocols in the form of the wire, as `out.ALPNProtocols`. */
export const convertALPNProtocols = tls.convertALPNProtocols
/** The cipher suites of this build, in lower case, sorted. */
export const getCiphers = tls.getCiphers
/** Certificates that are trusted, PEM: by default, of the system, of this package (`bundled`), or of NODE_EXTRA_CA_CERTS (`extra`). */
export const getCACertificates = tls.getCACertificates
/** Replaces the certificates that contexts without `ca` trust. */
export const setDefaultCACertificates = tls.setDefaultCACertificates
/** None: this build compresses no certificates. */
export const getCertificateCompressionAlgorithms = tls.getCertificateCompressionAlgorithms
/** Mozilla's roots, PEM. */
export const rootCertificates = tls.rootCertificates
/** `ciphers` where none are given. */
export const DEFAULT_CIPHERS = tls.DEFAULT_CIPHERS
/** `ecdhCurve` where none is given: `auto`. */
export const DEFAULT_ECDH_CURVE = tls.DEFAULT_ECDH_CURVE
/** `maxVersion` where none is given. */
export const DEFAULT_MAX_VERSION = tls.DEFAULT_MAX_VERSION
/** `minVersion` where none is given. */
export const DEFAULT_MIN_VERSION = tls.DEFAULT_MIN_VERSION
/** Kept for programs that set it: nothing is renegotiated here. */
export const CLIENT_RENEG_LIMIT = tls.CLIENT_RENEG_LIMIT
/** Kept for programs that set it: nothing is renegotiated here. */
export const CLIENT_RENEG_WINDOW = tls.CLIENT_RENEG_WINDOW
