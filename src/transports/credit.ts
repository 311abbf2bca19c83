// Credit in bytes: each end says how much it will take, and as that is read, how much more. Message ports and the credit
// window subprotocol count so. (Wisp counts packets, by other rules.)

import type { StreamEnds } from './stream-ends.js'

export interface CreditSettings {
  readonly ends: Pick<StreamEnds, 'incoming' | 'outgoing'>
  /** How much of the other end's may be here and unread, or on its way. */
  readonly windowBytes: number
  /** What each end may send without being told. */
  readonly initialBytes: number
  /** Tells the other end that it may send so much more. */
  readonly grant: (bytes: number) => void
}

export class Credit {
  /** What the other end will take from us. */
  bytes: number
  /** What may still come from it. */
  #openBytes: number
  readonly #settings: CreditSettings

  constructor(settings: CreditSettings) {
    this.#settings = settings
    this.bytes = this.#openBytes = settings.initialBytes
  }

  /** The other end will take so much more. */
  add(bytes: number): void {
    this.bytes += bytes
    this.#settings.ends.outgoing.wake()
  }

  /** Sends `chunk` as credit comes, in pieces of at most `mostBytes`. */
  async spend(chunk: Uint8Array, mostBytes: number, send: (piece: Uint8Array) => void | Promise<void>): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) {
      await this.#settings.ends.outgoing.until(() => this.bytes > 0)
      const piece = chunk.subarray(at, at + Math.min(this.bytes, mostBytes))
      this.bytes -= piece.byteLength
      at += piece.byteLength
      await send(piece)
    }
  }

  /** Delivers what came. False if it is more than was granted: then it is not delivered. */
  deliver(chunk: Uint8Array): boolean {
    this.#openBytes -= chunk.byteLength
    if (this.#openBytes >= 0) this.#settings.ends.incoming.deliver(chunk)
    return this.#openBytes >= 0
  }

  /** Grants what there is room for, if it is half a window or more: small steps would cost a message each. */
  grant(leastBytes = this.#settings.windowBytes / 2): void {
    const { ends, windowBytes, grant } = this.#settings
    const room = windowBytes - this.#openBytes - ends.incoming.unreadBytes
    if (room < leastBytes) return
    this.#openBytes += room
    grant(room)
  }
}
