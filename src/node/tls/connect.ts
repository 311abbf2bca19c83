// tls.connect(): a socket, its handshake, and the judgement on the server's certificate after it.

import { checkServerIdentity as ours } from '../check-server-identity.js'
import { isIP } from '../ip-address.js'
import { isPath } from '../net/connect-arguments.js'
import { demandInteger, demandType } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'
import { exported } from './defaults.js'
import { variable } from './flags.js'
import type { SecureContext } from './secure-context.js'
import type { Beneath } from './socket-face.js'
import { TLSSocket } from './tls-socket.js'
import type { TLSSocketOptions } from './tls-socket-options.js'
import { warnOnce } from './warnings.js'

export interface ConnectionOptions extends TLSSocketOptions {
  checkServerIdentity?: ((hostname: string, cert: any) => Error | undefined) | undefined
  host?: string | undefined
  minDHSize?: number | undefined
  path?: string | undefined
  port?: number | undefined
  servername?: string | undefined
  socket?: Beneath | undefined
  timeout?: number | undefined
  [option: string]: unknown
}

/** `(options, callback?)`, `(port, host?, options?, callback?)`, `(path, options?, callback?)`. */
export function connect(...args: unknown[]): TLSSocket {
  const [given, callback] = normalize(args)
  const options: ConnectionOptions = {
    rejectUnauthorized: !allowsUnauthorized(), ciphers: exported.DEFAULT_CIPHERS, checkServerIdentity: exported.checkServerIdentity,
    minDHSize: 1024, ...given,
  }
  demandType(options.checkServerIdentity, 'function', 'options.checkServerIdentity')
  demandInteger(options.minDHSize, 'options.minDHSize', 1, Number.MAX_SAFE_INTEGER)
  const { socket, session, servername } = options
  options.rejectUnauthorized = options.rejectUnauthorized !== false
  const secureContext = options.secureContext || exported.createSecureContext(options as object) as unknown as SecureContext
  const tlsSocket = new TLSSocket(socket, {
    allowHalfOpen: socket ? socket.allowHalfOpen : options.allowHalfOpen, secureContext, isServer: false, requestCert: true,
    rejectUnauthorized: options.rejectUnauthorized, ALPNProtocols: options.ALPNProtocols, requestOCSP: options.requestOCSP,
    enableTrace: options.enableTrace, pskCallback: options.pskCallback, highWaterMark: options.highWaterMark, onread: options.onread,
    signal: options.signal, noDelay: options.noDelay, keepAlive: options.keepAlive, keepAliveInitialDelay: options.keepAliveInitialDelay,
  })
  tlsSocket._connectOptions = options
  if (session) tlsSocket.setSession(session)
  if (callback) tlsSocket.once('secureConnect', callback)
  if (servername) {
    if (isIP(servername)) {
      const words = 'Setting the TLS ServerName to an IP address is not permitted by RFC 6066.'
      warnOnce('DEP0123', `${words} This will be ignored in a future version.`)
    }
    tlsSocket.setServername(servername)
  }
  if (!socket) {
    if (options.timeout) tlsSocket.setTimeout(options.timeout)
    tlsSocket.connect(options)
  }
  tlsSocket._releaseControl()
  tlsSocket.on('secure', function (this: TLSSocket) { judge(this, options) })
  return tlsSocket
}

/** Says what the certificate is worth; destroys the socket, or tells that all is well. */
function judge(socket: TLSSocket, options: ConnectionOptions): void {
  const { minDHSize, rejectUnauthorized, checkServerIdentity } = options
  const { type, size = 0 } = (socket.getEphemeralKeyInfo() ?? {}) as { type?: string; size?: number }
  if (type === 'DH' && size < minDHSize!) {
    socket.destroy(nodeError('ERR_TLS_DH_PARAM_SIZE', `DH parameter size ${size} is less than ${minDHSize}`))
    return
  }
  let error: (Error & { code?: string }) | undefined = socket.ssl?.verifyError() ?? undefined
  // Reading the whole chain, for an application's own check, takes a tenth of a handshake. Ours needs the names alone unless it fails.
  if (!error && !socket.isSessionReused() && !(checkServerIdentity === ours && socket._isNamedByPeer)) {
    error = checkServerIdentity!(socket._serverIdentity, socket.getPeerCertificate(true)) ?? undefined
  }
  if (error) {
    socket.authorized = false
    socket.authorizationError = error.code ?? error.message
    if (rejectUnauthorized) {
      socket.destroy(error)
      return
    }
  } else {
    socket.authorized = true
  }
  socket.secureConnecting = false
  socket.emit('secureConnect')
  socket._releaseSessions()
}

function normalize(args: unknown[]): [ConnectionOptions, (() => void) | undefined] {
  const callback = typeof args.at(-1) === 'function' ? args.at(-1) as () => void : undefined
  const [first, second] = args
  const objects = args.filter((arg) => typeof arg === 'object' && arg !== null) as ConnectionOptions[]
  if (typeof first === 'object' && first !== null) return [{ ...first }, callback]
  const options: ConnectionOptions = isPath(first) ? { path: first as string } : { port: first as number }
  if (!isPath(first) && typeof second === 'string') options.host = second
  return [Object.assign(options, ...objects), callback]
}

function allowsUnauthorized(): boolean {
  if (variable('NODE_TLS_REJECT_UNAUTHORIZED') !== '0') return false
  const words = "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections and HTTPS requests insecure"
  warnOnce('', `${words} by disabling certificate verification.`)
  return true
}
