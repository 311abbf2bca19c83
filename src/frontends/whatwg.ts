// TLS as a pair of WHATWG streams.

import { asBytes } from '../base/bytes.js'
import type { TransportLike } from '../transports/adapt.js'
import { Connection } from './connection.js'
import { clientSsl, serverSsl } from './context.js'
import { checkAcceptOptions, checkConnectOptions, type AcceptOptions, type ConnectOptions } from './options.js'
import { ClientSessionKeeper } from './sessions/client-session-keeper.js'
import type { TlsConnection, TlsServerConnection } from './tls-connection.js'

/**
 * Opens a TLS connection as a client. The peer's certificate and name are verified. The transport is the connection's
 * from now on.
 *
 * Options are checked, and copied, at once: `ApiMisuseError`, or `signal.reason` if it is aborted already. Then the
 * transport is left alone. What goes wrong later rejects `opened` and `closed`, and errors the streams: `ApiMisuseError` for
 * what OpenSSL itself refuses (keys, certificates, names, lists of algorithms), before a byte is sent; `CertificateError`,
 * `PeerError`, `TruncationError`, `TransportError`, `DeadlineError`, `InternalError`, or `signal.reason`. The transport is
 * given up then.
 * @openssl SSL_connect
 */
export function connect(transport: TransportLike, options: ConnectOptions): TlsConnection {
  const checked = checkConnectOptions(options)
  const sessions = new ClientSessionKeeper(checked)
  return new Connection(transport, checked, {
    call: 'SSL_connect',
    prepare: (lib) => sessions.prepare(lib),
    makeSsl: (lib, decisions) => clientSsl(lib, checked, decisions),
    setUp: (ssl, fail) => sessions.setUp(ssl, fail),
    earlyData: () => ({ send: sessions.earlyData }),
    opened: (ssl, fail) => sessions.opened(ssl, fail),
    firstData: checked.earlyData && asBytes(checked.earlyData),
  })
}

/**
 * Opens a TLS connection as a server. As {@link connect}, for the other side.
 * @openssl SSL_accept
 */
export function accept(transport: TransportLike, options: AcceptOptions): TlsServerConnection {
  const checked = checkAcceptOptions(options)
  return new Connection(transport, checked, {
    call: 'SSL_accept',
    makeSsl: (lib, decisions) => serverSsl(lib, checked, decisions),
    earlyData: (receive) => (checked.maxEarlyDataBytes ? { receive } : {}),
  })
}
