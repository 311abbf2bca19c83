// Lives of clients and of servers: what their options make of the one in life.ts.

import { asBytes } from '../base/bytes.js'
import type { TransportLike } from '../transports/adapt.js'
import { clientSsl, serverSsl } from './context.js'
import { LocalLife } from './life.js'
import type { AcceptOptions, ConnectOptions } from './options.js'
import { ClientSessionKeeper } from './sessions/client-session-keeper.js'

/** `options` are checked. Throws as {@link LocalLife}. */
export function beginClient(transport: TransportLike, options: ConnectOptions): LocalLife {
  const sessions = new ClientSessionKeeper(options)
  return new LocalLife(transport, options, {
    call: 'SSL_connect',
    prepare: (lib) => sessions.prepare(lib),
    makeSsl: (lib, decisions) => clientSsl(lib, options, decisions),
    setUp: (ssl, fail) => sessions.setUp(ssl, fail),
    earlyData: () => ({ send: sessions.earlyData }),
    opened: (ssl, fail) => sessions.opened(ssl, fail),
    firstData: options.earlyData && asBytes(options.earlyData),
  })
}

/** As {@link beginClient}. Early data goes to `onEarlyData`, before `opened` settles. */
export function beginServer(transport: TransportLike, options: AcceptOptions, onEarlyData = (_: Uint8Array<ArrayBuffer>) => {}): LocalLife {
  return new LocalLife(transport, options, {
    call: 'SSL_accept',
    makeSsl: (lib, decisions) => serverSsl(lib, options, decisions),
    earlyData: (accepted) => (options.maxEarlyDataBytes ? { receive: (bytes) => { onEarlyData(bytes); accepted() } } : {}),
  })
}
