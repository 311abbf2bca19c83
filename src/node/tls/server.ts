// tls.Server: a net.Server whose sockets make a handshake first. It is a function and not a class, as it can be called without `new`, and
// on an object that inherits from it, as https.Server does.

import { EventEmitter } from '#node'
import * as net from '#node-net'
import { demandType, invalidArgType } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'
import { Buffer } from '../platform/buffer.js'
import { convertALPNProtocols } from './alpn.js'
import type { ContextHandle } from './context-handle.js'
import { exported } from './defaults.js'
import { SecureContext, type SecureContextOptions } from './secure-context.js'
import type { Beneath } from './socket-face.js'
import { TLSSocket } from './tls-socket.js'
import { checkServerOptions, type TLSSocketOptions } from './tls-socket-options.js'

export interface TlsOptions extends TLSSocketOptions {
  [option: string]: unknown
}

/** What a server knows beside what net.Server does. Names without an underscore are those of Node's documentation. */
export interface TlsServer extends net.Server {
  _sharedCreds: SecureContext
  _contexts: [RegExp, ContextHandle][]
  _options: TlsOptions
  addContext(servername: string, context: SecureContext | SecureContextOptions): void
  getTicketKeys(): Buffer
  setTicketKeys(keys: NodeJS.ArrayBufferView): void
  setSecureContext(options: SecureContextOptions): void
  _getServerData(): { ticketKeys: string }
  _setServerData(data: { ticketKeys: string }): void
}

const HANDSHAKE_TIMEOUT_MS = 120_000

type Listener = (socket: TLSSocket) => void

export const Server = function (this: unknown, options?: TlsOptions | Listener, listener?: Listener) {
  if (!(this instanceof Server)) return new Server(options as TlsOptions, listener)
  const server = this as TlsServer
  if (typeof options === 'function') [options, listener] = [{}, options]
  else if (options != null) demandType(options, 'object', 'options')
  const given: TlsOptions = { ...options }
  const { pskCallback, pskIdentityHint, ALPNCallback, ALPNProtocols } = given
  const handshakeTimeout = given.handshakeTimeout || HANDSHAKE_TIMEOUT_MS
  demandType(handshakeTimeout, 'number', 'options.handshakeTimeout')
  checkServerOptions(given)
  const alpn: { ALPNProtocols?: Buffer } = {}
  convertALPNProtocols(ALPNProtocols, alpn)
  server._options = {
    ...given, ...alpn, handshakeTimeout, requestCert: given.requestCert === true, rejectUnauthorized: given.rejectUnauthorized !== false,
    sessionIdContext: given.sessionIdContext || defaultSessionIdContext(),
  }
  server._contexts = []
  Object.assign(server, {
    ...alpn, ALPNCallback, pskCallback, pskIdentityHint, requestCert: server._options.requestCert,
    rejectUnauthorized: server._options.rejectUnauthorized, sessionIdContext: server._options.sessionIdContext,
  })
  server.setSecureContext(server._options)
  ;(net.Server as unknown as (this: unknown, ...args: unknown[]) => void).call(server, given, onConnection)
  if (listener) server.on('secureConnection', listener)
  return server
} as unknown as {
  new (options?: TlsOptions | Listener, listener?: Listener): TlsServer
  (options?: TlsOptions | Listener, listener?: Listener): TlsServer
  readonly prototype: TlsServer
}
Object.setPrototypeOf(Server.prototype, net.Server.prototype)
Object.setPrototypeOf(Server, net.Server)

/** By name: `Server.prototype` has them as methods. */
const methods: Partial<TlsServer> & ThisType<TlsServer> = {
  setSecureContext(options) {
    demandType(options, 'object', 'options')
    const { honorCipherOrder = true, sessionIdContext, sessionTimeout, ticketKeys } = options
    this._sharedCreds = exported.createSecureContext({
      ...options, honorCipherOrder, sessionIdContext: sessionIdContext || defaultSessionIdContext(),
      sessionTimeout: sessionTimeout || undefined, ticketKeys: ticketKeys || undefined,
    } as object) as unknown as SecureContext
    const { context } = this._sharedCreds
    if (!ticketKeys) context.getTicketKeys()
  },

  addContext(servername, given) {
    if (!servername) throw nodeError('ERR_TLS_REQUIRED_SERVER_NAME', '"servername" is required parameter for Server.addContext')
    const pattern = servername.replace(/([.^$+?\-\\[\]{}])/g, '\\$1').replaceAll('*', '[^.]*')
    const { context } = given instanceof SecureContext ? given : exported.createSecureContext(given as object) as unknown as SecureContext
    this._contexts.push([new RegExp(`^${pattern}$`, 'i'), context])
  },

  getTicketKeys() {
    return this._sharedCreds.context.getTicketKeys()
  },

  setTicketKeys(keys) {
    if (!ArrayBuffer.isView(keys)) throw invalidArgType('buffer', 'an instance of Buffer, TypedArray, or DataView', keys)
    if (keys.byteLength !== 48) throw nodeError('ERR_INVALID_ARG_VALUE', 'Session ticket keys must be a 48-byte buffer', {}, RangeError)
    this._sharedCreds.context.setTicketKeys(keys)
  },

  _getServerData() {
    return { ticketKeys: this.getTicketKeys().toString('hex') }
  },

  _setServerData({ ticketKeys }) {
    this.setTicketKeys(Buffer.from(ticketKeys, 'hex'))
  },
}
for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Server.prototype, name, { value, configurable: true, writable: true })
}
Object.defineProperty(Server.prototype, (EventEmitter as { captureRejectionSymbol?: symbol }).captureRejectionSymbol ?? Symbol('none'), {
  configurable: true, writable: true,
  value(this: TlsServer, error: Error, event: string, ...args: unknown[]) {
    if (event === 'secureConnection') (args[0] as TLSSocket).destroy(error)
    else this.emit('error', error)
  },
})

export function createServer(options?: TlsOptions | Listener, listener?: Listener): TlsServer {
  return new Server(options, listener)
}

/** A socket has connected, or an application has handed one over by `server.emit('connection', duplex)`. */
function onConnection(this: TlsServer, beneath: Beneath): void {
  const { _options: options } = this
  let socket: TLSSocket
  try {
    socket = new TLSSocket(beneath, {
      secureContext: this._sharedCreds, isServer: true, server: this, requestCert: options.requestCert,
      handshakeTimeout: options.handshakeTimeout, rejectUnauthorized: options.rejectUnauthorized,
      ALPNProtocols: options.ALPNProtocols, ALPNCallback: options.ALPNCallback,
      SNICallback: options.SNICallback ?? contextByName, enableTrace: options.enableTrace, pauseOnConnect: options.pauseOnConnect,
      pskCallback: options.pskCallback, pskIdentityHint: options.pskIdentityHint, highWaterMark: options.highWaterMark,
    })
  } catch (error) {
    beneath.destroy()
    this.emit('tlsClientError', error, beneath)
    return
  }
  let told = false
  const tell = (error: Error) => {
    if (told || socket._controlReleased) return
    told = true
    this.emit('tlsClientError', error, socket)
  }
  let refusal: Error | undefined
  const closed = () => tell(Object.assign(new Error('socket hang up', refusal && { cause: refusal }), { code: 'ECONNRESET' }))
  socket.on('_tlsError', tell)
  socket.on('close', closed)
  socket.on('secure', () => {
    if (options.requestCert) {
      const error = socket.ssl?.verifyError() as (Error & { code?: string }) | null
      if (error) {
        socket.authorizationError = error.code ?? error.message
        if (options.rejectUnauthorized) {
          refusal = error
          socket.destroy()
          return
        }
      } else {
        socket.authorized = true
      }
    }
    if (socket.destroyed) return
    socket._releaseControl()
    socket.removeListener('close', closed)
    socket.secureConnecting = false
    this.emit('secureConnection', socket)
  })
}

/** What was given to addContext(), the last one first. */
function contextByName(this: TLSSocket, servername: string, callback: (error: Error | null, context?: SecureContext) => void): void {
  const { _contexts = [] } = this.server as TlsServer
  const found = _contexts.findLast(([pattern]) => pattern.test(servername))
  callback(null, found?.[1] as unknown as SecureContext)
}

/** Sessions of one program are not taken up by another. */
function defaultSessionIdContext(): string {
  const { process } = globalThis as { process?: { argv?: string[] } }
  let hash = 0x811c9dc5
  for (const char of (process?.argv ?? []).join(' ')) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)
  return (hash >>> 0).toString(16)
}
