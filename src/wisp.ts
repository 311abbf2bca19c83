// Wisp: many TCP streams over one WebSocket, client and server. Public as `libssl-wasm/wisp`.

export { serveWisp } from './transports/wisp/server.js'
export type { ServeWispOptions, WispLogEntry, WispServer, WispTarget } from './transports/wisp/server-options.js'
export { WispCloseError, WispCloseReason, type WispCloseReasonName } from './transports/wisp/close-reason.js'
export { WISP_SUBPROTOCOL } from './transports/wisp/handshake.js'
