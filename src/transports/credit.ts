// Credit in bytes: each end says how much it will take, and as that is read, how much more. Message ports and the credit
// window subprotocol count so. (Wisp counts packets, by other rules.)

import type { Outgoing } from './stream-ends.js'

/** What the other end will take from us. */
export class SendCredit {
  bytes: number
  readonly #outgoing: Outgoing

  constructor(bytes: number, outgoing: Outgoing) {
    this.bytes = bytes
    this.#outgoing = outgoing
  }

  add(bytes: number): void {
    this.bytes += bytes
    this.#outgoing.wake()
  }

  /** Sends `chunk` as credit comes, in pieces of at most `mostBytes`. */
  async spend(chunk: Uint8Array, mostBytes: number, send: (piece: Uint8Array) => void | Promise<void>): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) {
      await this.#outgoing.until(() => this.bytes > 0)
      const piece = chunk.subarray(at, at + Math.min(this.bytes, mostBytes))
      this.bytes -= piece.byteLength
      at += piece.byteLength
      await send(piece)
    }
  }
}

export interface WindowSettings {
  /** How much may be here and unread, or on its way. */
  readonly windowBytes: number
  /** What the other end may send without being told. */
  readonly initialBytes: number
  readonly unreadBytes: () => number
  /** Tells the other end of so much more. */
  readonly grant: (bytes: number) => void
}

/** What we will take from the other end. */
export class ReceiveWindow {
  readonly #settings: WindowSettings
  /** What may still come. */
  #openBytes: number

  constructor(settings: WindowSettings) {
    this.#settings = settings
    this.#openBytes = settings.initialBytes
  }

  /** Counts what came. False if it is more than was granted. */
  receive(bytes: number): boolean {
    this.#openBytes -= bytes
    return this.#openBytes >= 0
  }

  /** Grants what there is room for, if it is half a window or more: small steps would cost a message each. */
  grant(leastBytes = this.#settings.windowBytes / 2): void {
    const { windowBytes, unreadBytes, grant } = this.#settings
    const room = windowBytes - this.#openBytes - unreadBytes()
    if (room < leastBytes) return
    this.#openBytes += room
    grant(room)
  }
}
