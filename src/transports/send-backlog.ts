// What waits in a WebSocket to be sent. `bufferedAmount` counts bytes; but a message costs memory beside its bytes, and a peer
// that reads nothing and grants credit byte by byte, or a target that speaks byte by byte, would make many small ones.

import { OPEN, type WebSocketLike } from './websocket-like.js'

/** With the `ws` package a message takes about so much beside its bytes. */
const MESSAGE_BYTES = 1024
/** So many messages may wait however low the mark is. */
const FEW_MESSAGES = 256
/** bufferedAmount has no event: it is looked at after so long, and from then on more rarely. */
const LOOK_MS = 4
const LOOK_AGAIN_MS = 16

export class SendBacklog {
  readonly #socket: WebSocketLike
  #sentBytes = 0
  // Which messages wait is not told, only how many bytes do, and they leave in order. So messages are counted in two batches:
  // when as many bytes have left as had been sent when the younger batch began, the older one has left.
  #olderMessages = 0
  #youngerMessages = 0
  #youngerBegan = 0

  constructor(socket: WebSocketLike) {
    this.#socket = socket
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message)
    this.#sentBytes += message.byteLength
    this.#youngerMessages++
  }

  /**
   * Whether more than that waits, or so many messages that they take more beside their bytes. Some hosts (workerd) do not tell:
   * there nothing holds a sender back.
   */
  isFull(mostBytes: number, mostMessages = Math.max(FEW_MESSAGES, mostBytes / MESSAGE_BYTES)): boolean {
    const { bufferedAmount = 0 } = this.#socket
    if (this.#sentBytes - bufferedAmount >= this.#youngerBegan) {
      this.#olderMessages = bufferedAmount === 0 ? 0 : this.#youngerMessages
      this.#youngerMessages = 0
      this.#youngerBegan = this.#sentBytes
    }
    return bufferedAmount > mostBytes || this.#olderMessages + this.#youngerMessages > mostMessages
  }

  /** Waits while {@link isFull}, and the WebSocket is open. */
  async untilDrained(mostBytes: number): Promise<void> {
    for (let waitMs = LOOK_MS; this.isFull(mostBytes) && this.#socket.readyState === OPEN; waitMs = LOOK_AGAIN_MS) {
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}
