// `libssl-wasm/node/net`: the interface of `node:net` for places without sockets. Connections are made by what setDialer() is given.

import {
  getDefaultAutoSelectFamily, getDefaultAutoSelectFamilyAttemptTimeout, setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from './auto-select-family.js'
import { isIP, isIPv4, isIPv6 } from '../ip-address.js'
import { BlockList } from './block-list.js'
import { _normalizeArgs } from './connect-arguments.js'
import { connect } from './connect.js'
import { setDialer, tunnelDialer, wispDialer } from './dialers.js'
import { createServer, Server } from './server.js'
import { Socket as SocketClass } from './socket.js'
import { SocketAddress } from './socket-address.js'

export type { NodeErrorCodes, SystemErrorCodes } from '../node-error-codes.js'
export type { ConnectOptions, LookupFunction } from './connect-arguments.js'
export type { Dialer, DialTarget } from './dialers.js'
export type { Listens } from './server.js'
export type { SocketOptions } from './socket.js'
export type { OnreadOptions } from '../onread.js'
export type { AddressLike, IpFamily } from './socket-address.js'

/** What {@link connect} makes: a transport in the form of Node's stream. */
export type Socket = SocketClass
/** As in Node, `new` may be missing. */
export const Socket = new Proxy(SocketClass, { apply: (_, __, args: [object?]) => new Socket(...args) }) as
  typeof SocketClass & ((...args: ConstructorParameters<typeof SocketClass>) => SocketClass)
Socket.prototype.constructor = Socket

/** For `import net from`. CommonJS clients that are bundled have the names below. */
const net = {
  _normalizeArgs, BlockList, connect, createConnection: connect, createServer, getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout, isIP, isIPv4, isIPv6, Server, setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout, setDialer, Socket, SocketAddress,
  Stream: Socket, tunnelDialer, wispDialer,
}
export default net

export {
  _normalizeArgs, BlockList, connect, connect as createConnection, createServer, getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout, isIP, isIPv4, isIPv6, Server, setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout, setDialer, Socket as Stream, SocketAddress,
  tunnelDialer, wispDialer,
}
