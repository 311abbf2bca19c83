// `libssl-wasm/node/tls`: the interface of `node:tls`. The default export is the object that the face itself looks at: what is
// assigned to it (`tls.DEFAULT_MIN_VERSION = …`) holds from then on, as in Node.

import type * as NodeTls from 'node:tls'
import { DEFAULT_CIPHERS, getCiphers } from '../ciphers.js'
import { checkServerIdentity } from '../check-server-identity.js'
import { convertALPNProtocols } from './alpn.js'
import { getCACertificates, rootCertificates, setDefaultCACertificates } from './certificates.js'
import { connect } from './connect.js'
import { exported } from './defaults.js'
import { instance, ready } from './instance.js'
import { createSecureContext, SecureContext } from './secure-context.js'
import { createSecurePair } from './secure-pair.js'
import { createServer, Server } from './server.js'
import { TLSSocket } from './tls-socket.js'

Object.assign(exported, {
  CLIENT_RENEG_LIMIT: 3, CLIENT_RENEG_WINDOW: 600, DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE: 'auto', DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3', getCiphers: () => getCiphers(instance()), getCACertificates, setDefaultCACertificates,
  convertALPNProtocols, checkServerIdentity, createSecureContext, SecureContext, TLSSocket, Server, createServer, connect, createSecurePair, ready, instance,
})
Object.defineProperty(exported, 'rootCertificates', { get: rootCertificates, enumerable: true })

type Tls = typeof NodeTls & { ready: typeof ready; readonly instance: typeof instance }

const tls = exported as unknown as Tls
export default tls
