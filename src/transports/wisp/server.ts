// The server's end of a Wisp connection, upon whatever WebSocket its host has.

import type { WebSocketLike } from '../websocket.js'
import { checkServerOptions, type ServeWispOptions, type WispServer } from './server-options.js'

/** Takes over a WebSocket that is open, before its first message has come. */
export function serveWisp(socket: WebSocketLike & { readonly protocol?: string }, options: ServeWispOptions): WispServer {
  checkServerOptions(options)
  socket.close(1011)
  throw new Error('not yet')
}
