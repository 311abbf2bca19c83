// Wisp: many TCP streams over one WebSocket, client and server. Public as `libssl-wasm/wisp`.

export { connectWisp, type ConnectWispOptions, type WispConnection } from './transports/wisp/client.js'
export { serveWisp } from './transports/wisp/server.js'
export type { ServeWispOptions, WispLogEntry, WispServer, WispTargetTransport } from './transports/wisp/server-options.js'
export type { Target as WispTarget } from './transports/target.js'
export { WispCloseError, WispCloseReason, type WispCloseReasonName } from './transports/wisp/close-reason.js'
export { WISP_SUBPROTOCOL, type Credentials } from './transports/wisp/handshake.js'
export type { WebSocketLike } from './transports/websocket-like.js'
export type { ByteTransport } from './pump/transport.js'
