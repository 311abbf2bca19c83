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
interface Additions {
  /** Resolves when all of this can be called: to be awaited in browsers, once. */
  ready(): Promise<void>
  /** `libssl`: an instance for this context's connections alone, whose memory no other sees. */
  createSecureContext(options?: NodeTls.SecureContextOptions & Pick<contexts.SecureContextOptions, 'libssl'>): NodeTls.SecureContext
  getCACertificates(type?: 'default' | 'system' | 'bundled' | 'extra'): readonly string[]
  setDefaultCACertificates(certs: readonly (string | NodeJS.ArrayBufferView)[]): void
  readonly SecureContext: typeof contexts.SecureContext
  convertALPNProtocols: typeof alpn.convertALPNProtocols
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

const tls = exported as unknown as typeof NodeTls & Additions
export default tls
export { ready }
export type { NodeErrorCodes, SystemErrorCodes } from '../node-error-codes.js'
export { toNodeStream } from './to-node-stream.js'

export const {
  CLIENT_RENEG_LIMIT, CLIENT_RENEG_WINDOW, DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION, SecureContext,
  Server, TLSSocket, checkServerIdentity, connect, convertALPNProtocols, createSecureContext, createServer, getCACertificates,
  getCertificateCompressionAlgorithms, getCiphers, rootCertificates, setDefaultCACertificates,
} = tls
