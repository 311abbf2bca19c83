// How a byte stream lies in the messages of a WebSocket: the border between the transport, which knows streams, and a
// subprotocol, which knows messages.

import type { StreamEnds } from './stream-ends.js'

/** What a framing may do to the transport that it works for. */
export interface Carrier {
  /** Where bytes are delivered and waited for. */
  readonly ends: StreamEnds
  /** Gives everything up. */
  fail(error: unknown, closeCode: number, reason?: string): void
  send(message: Uint8Array<ArrayBuffer>): void
  /** Waits while too much waits to be sent. */
  drained(): Promise<void>
}

/** One subprotocol on one open WebSocket. */
export interface Framing {
  /** Fulfilled when it is certain that the peer speaks it too: nothing is written before. */
  readonly ready: Promise<void>
  /** A binary message has come. */
  receive(message: Uint8Array): void
  /** The reader has taken some of what was delivered, or has gone. */
  consumed(): void
  /** Settles when more may be written, or not at all after {@link stop}. `chunk` is never empty. */
  write(chunk: Uint8Array): Promise<void>
  /** Tells the peer that our direction has ended. */
  end(): void
  /** Nothing is delivered or written any more. */
  stop(): void
}
