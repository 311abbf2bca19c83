// How a byte stream lies in the messages of a WebSocket: the border between the transport, which knows streams, and a
// subprotocol, which knows messages. And the plain framing: each message is a piece of the stream, and as WebSocket has no
// half-close, an empty one says "this direction has ended". A relay that does not know this passes on its zero bytes.

import type { Deferred } from '../base/deferred.js'
import { tooMuchUnread, type StreamEnds } from './stream-ends.js'
import { ABORTED, PROTOCOL_ERROR } from './websocket-close.js'
import type { WebSocketLike } from './websocket-like.js'

/** What a framing may do to the transport that it works for. */
export interface Carrier {
  /** Where bytes are delivered and waited for. */
  readonly ends: StreamEnds
  /** The framing resolves it when it is certain that the peer speaks it too: nothing is written before. */
  readonly opened: Deferred<void>
  /** Gives everything up. */
  fail(error: unknown, closeCode: number, reason?: string): void
  send(message: Uint8Array<ArrayBuffer>): void
  /** Waits while too much waits to be sent. */
  drained(): Promise<void>
}

/** One subprotocol on one open WebSocket. */
export interface Framing {
  /** A binary message has come. */
  receive(message: Uint8Array): void
  /** The reader has taken some of what was delivered, or no more is kept for it. */
  consumed(): void
  /** Settles when more may be written. `chunk` is never empty. */
  write(chunk: Uint8Array): Promise<void>
  /** Tells the peer that our direction has ended. */
  end(): void
}

/** The plain framing's name as a subprotocol, for a client that must offer one. Without any subprotocol it is meant too. */
export const RAW_PROTOCOL = 'libssl-wasm.raw.v1'

/** A WebSocket that can be paused is paused above this much that is unread. */
const PAUSE_BYTES = 64 * 1024

export function rawFraming(socket: WebSocketLike, { ends, opened, fail, send, drained }: Carrier, maxBufferedBytes: number): Framing {
  const { incoming } = ends
  let paused = false
  opened.resolve()
  return {
    receive(message) {
      const reason = 'a message after the end'
      if (ends.peerEnded) return fail(new Error(`the WebSocket gave ${reason}`), PROTOCOL_ERROR, reason)
      if (message.byteLength === 0) return ends.end()
      incoming.deliver(message)
      if (incoming.over || incoming.unreadBytes < PAUSE_BYTES) return
      if (socket.pause && socket.resume) {
        paused = true
        socket.pause()
      } else if (incoming.unreadBytes > PAUSE_BYTES + maxBufferedBytes) {
        fail(tooMuchUnread(maxBufferedBytes), ABORTED)
      }
    },
    consumed() {
      // When all is over, too: the close is still to come, and waits behind what is unread.
      if (!paused || (incoming.unreadBytes >= PAUSE_BYTES && !incoming.over)) return
      paused = false
      socket.resume!()
    },
    write(chunk) {
      send(chunk as Uint8Array<ArrayBuffer>)
      return drained()
    },
    end: () => send(new Uint8Array()),
  }
}
