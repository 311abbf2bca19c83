// The plain framing: a message is a piece of the stream, and an empty message says "this direction has ended".

import { tooMuchUnread } from './stream-ends.js'
import { ABORTED, PROTOCOL_ERROR } from './websocket-close.js'
import type { Framing, Carrier } from './websocket-framing.js'
import type { WebSocketLike } from './websocket-like.js'

/** Its name as a subprotocol, for a client that must offer one. Without any subprotocol this framing is meant too. */
export const RAW_PROTOCOL = 'libssl-wasm.raw.v1'

/** A WebSocket that can be paused is paused above this much that is unread. */
const PAUSE_BYTES = 64 * 1024

export class RawFraming implements Framing {
  readonly ready = Promise.resolve()
  readonly #socket: WebSocketLike
  readonly #carrier: Carrier
  readonly #maxBufferedBytes: number
  #paused = false
  #ended = false
  #stopped = false

  constructor(socket: WebSocketLike, carrier: Carrier, maxBufferedBytes: number) {
    this.#socket = socket
    this.#carrier = carrier
    this.#maxBufferedBytes = maxBufferedBytes
  }

  receive(message: Uint8Array): void {
    const reason = 'a message after the end'
    if (this.#ended) return this.#carrier.fail(new Error(`the WebSocket gave ${reason}`), PROTOCOL_ERROR, reason)
    if (message.byteLength === 0) {
      this.#ended = true
      this.#carrier.ends.end()
      return this.#resume() // the close is still to come
    }
    const { incoming } = this.#carrier.ends
    incoming.deliver(message)
    const { unreadBytes } = incoming
    if (this.#stopped || unreadBytes < PAUSE_BYTES) return
    if (this.#socket.pause && this.#socket.resume) {
      this.#paused = true
      this.#socket.pause()
    } else if (unreadBytes > PAUSE_BYTES + this.#maxBufferedBytes) {
      this.#carrier.fail(tooMuchUnread(this.#maxBufferedBytes), ABORTED)
    }
  }

  consumed(): void {
    if (this.#carrier.ends.incoming.unreadBytes < PAUSE_BYTES) this.#resume()
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#carrier.send(chunk as Uint8Array<ArrayBuffer>)
    await this.#carrier.drained()
  }

  end(): void {
    this.#carrier.send(new Uint8Array())
  }

  stop(): void {
    this.#stopped = true
    this.#resume() // the peer's answer to our close waits behind what is unread
  }

  #resume(): void {
    if (this.#paused) this.#socket.resume!()
    this.#paused = false
  }
}
