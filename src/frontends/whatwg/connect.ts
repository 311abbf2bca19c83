// TLS as a pair of WHATWG streams.

import { takeOver, type TransportLike } from '../../transports/adapt.js'
import { beginClient, beginServer } from '../context.js'
import { checkAcceptOptions, checkConnectOptions, type AcceptOptions, type ConnectOptions } from '../options.js'
import { Connection } from './connection.js'
import { EarlyDataStream } from './early-data-stream.js'
import type { TlsConnection, TlsServerConnection } from './tls-connection.js'

/**
 * Opens a TLS connection as a client. The peer's certificate and name are verified. The transport is the connection's
 * from now on, and is given up whenever this fails, now or later: streams are cancelled and aborted, a socket is destroyed.
 *
 * An argument that is no transport, or one with a stream that is locked, throws `ERR_TLS_INVALID_ARGUMENT` and is left as it is.
 * Options are checked, and copied, at once: `ApiMisuseError`, or `signal.reason` if it is aborted already. What goes wrong
 * later rejects `opened` and `closed`, and errors the streams: `ApiMisuseError` for what OpenSSL itself refuses (keys,
 * certificates, names, lists of algorithms), before a byte is sent; `CertificateError`, `PeerError`, `TruncationError`,
 * `TransportError`, `DeadlineError`, `InternalError`, or `signal.reason`.
 * @openssl SSL_connect
 */
export function connect(transport: TransportLike, options: ConnectOptions): TlsConnection {
  return takeOver(transport, (taken) => {
    const checked = checkConnectOptions(options)
    return new Connection(beginClient(taken, checked), checked)
  })
}

/**
 * Opens a TLS connection as a server. As {@link connect}, for the other side.
 * @openssl SSL_accept
 */
export function accept(transport: TransportLike, options: AcceptOptions): TlsServerConnection {
  return takeOver(transport, (taken) => {
    const checked = checkAcceptOptions(options)
    const earlyData = new EarlyDataStream()
    const life = beginServer(taken, checked, (bytes) => earlyData.push(bytes))
    life.opened.then(() => earlyData.close(), (error: unknown) => earlyData.fail(error))
    const connection = new Connection(life, checked)
    const property = { get: () => earlyData.readable, enumerable: true }
    return Object.defineProperty(connection, 'earlyData', property) as Connection & TlsServerConnection
  })
}
