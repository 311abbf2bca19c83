// What a caller has at hand, as a transport.

import { dialling, fromRuntimeSocket, withClose } from '#sockets'
import { invalidArgument } from '../base/options.js'
import { isPromiseLike, isReadableStream, isWritableStream } from '../base/realms.js'
import { giveUp, type ByteTransport } from '../pump/transport.js'
import type { BunSocketLike } from './bun.js'
import type { CloudflareSocketLike } from './cloudflare.js'
import { isDataChannel, takeDataChannel, type DataChannelLike } from './data-channel.js'
import type { DenoConnLike } from './deno.js'
import { isMessagePort, takeMessagePort, type WholeMessagePort } from './message-port.js'
import { fromNodeStream, isNodeDuplex, type NodeDuplexLike } from './node.js'
import { takeWebSocket } from './websocket.js'
import { isWebSocket, type WebSocketLike } from './websocket-like.js'
import { isWebSocketStream, takeWebSocketStream, type WebSocketStreamLike } from './websocket-stream.js'

/**
 * A pair of byte streams (a TlsConnection is one, too), or one of these: a WebSocket, a
 * WebSocketStream, an RTCDataChannel, a MessagePort, a Node Duplex (net.Socket), a Deno.Conn, a socket of Bun's, a Socket of
 * `cloudflare:sockets`.
 */
export type TransportLike =
  | ByteTransport | BunSocketLike | CloudflareSocketLike | DataChannelLike | DenoConnLike | NodeDuplexLike | WebSocketLike
  | WebSocketStreamLike | WholeMessagePort

/** Throws `ERR_TLS_INVALID_ARGUMENT` if it is none of them, or its streams are in use. */
export function toByteTransport(transport: TransportLike): ByteTransport {
  if (typeof transport === 'object' && transport !== null) {
    if (isDataChannel(transport)) return takeDataChannel(transport) // which has all that a WebSocket has
    if (isWebSocket(transport)) return takeWebSocket(transport)
    if (isWebSocketStream(transport)) return takeWebSocketStream(transport)
    if (isMessagePort(transport)) return takeMessagePort(transport)
    const ofRuntime = fromRuntimeSocket(transport)
    if (ofRuntime) return ofRuntime
    if (isNodeDuplex(transport)) return fromNodeStream(transport)
    if (isStreams(transport)) {
      if (transport.readable.locked || transport.writable.locked) {
        throw invalidArgument('a stream of the transport is locked: release its reader and writer first')
      }
      return withClose(transport)
    }
    if (isPromiseLike(transport)) throw invalidArgument('the transport is a promise: await it')
  }
  throw invalidArgument(`the transport must be { readable, writable }, a socket of some kind, or a MessagePort: for example ${dialling}`)
}

/**
 * What `use` makes of `transport`, which is ours from now on: if `use` throws, it is given up with the error. Until then `use` locks
 * neither stream. Throws as {@link toByteTransport}, too: then the transport is left alone.
 */
export function takeOver<T>(transport: TransportLike, use: (taken: ByteTransport) => T): T {
  const taken = toByteTransport(transport)
  try {
    return use(taken)
  } catch (error) {
    giveUp(taken, error)
    throw error
  }
}

function isStreams(value: object): value is ByteTransport {
  const { readable, writable } = value as Partial<ByteTransport>
  return isReadableStream(readable) && isWritableStream(writable)
}
