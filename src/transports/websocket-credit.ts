// The credit window subprotocol, docs/credit-window.md: each side sends only what the other has said it will take. For
// WebSockets that cannot hold back what arrives, as in browsers. Symmetric, but for who waits for whom at the start.

import type { Framing, Carrier } from './websocket-framing.js'
import { ReceiveWindow, SendCredit } from './credit.js'
import { CREDIT_EXCEEDED, CREDIT_MALFORMED } from './websocket-close.js'

export const CREDIT_PROTOCOL = 'libssl-wasm.credit.v1'

/** What each side may send before it has been told more. */
export const INITIAL_WINDOW_BYTES = 256 * 1024
/** The most that one DATA message carries. */
export const MAX_DATA_BYTES = 64 * 1024
/** The credit of a sender, and so the number in a CREDIT message, is never more. */
const MAX_CREDIT = 2 ** 31 - 1

const DATA = 0
const CREDIT = 1
const END = 2

/** A server that has selected the subprotocol sends its first message along with its handshake: this is patience. */
const GREETING_TIMEOUT_MS = 5_000

export class CreditFraming implements Framing {
  readonly ready: Promise<void>
  readonly #carrier: Carrier
  readonly #credit: SendCredit
  readonly #window: ReceiveWindow
  #ended = false
  #stopped = false
  #greeted: (() => void) | undefined
  #patience: ReturnType<typeof setTimeout> | undefined

  /** `windowBytes`: how much may wait here for the reader, at least INITIAL_WINDOW_BYTES. */
  constructor(carrier: Carrier, windowBytes: number, role: 'client' | 'server') {
    this.#carrier = carrier
    this.#credit = new SendCredit(INITIAL_WINDOW_BYTES, carrier.ends.outgoing)
    this.#window = new ReceiveWindow({
      windowBytes,
      initialBytes: INITIAL_WINDOW_BYTES,
      unreadBytes: () => carrier.ends.incoming.unreadBytes,
      grant: (bytes) => carrier.send(creditMessage(bytes)),
    })
    // The server knows that the client speaks this, as it has offered it. The client knows only that the server has
    // selected it, and there are servers that select whatever comes first.
    if (role === 'server') {
      this.ready = Promise.resolve()
      this.#window.grant(0)
    } else {
      this.ready = new Promise((resolve) => { this.#greeted = resolve })
      this.#patience = setTimeout(() => this.#malformed('no CREDIT at the start'), GREETING_TIMEOUT_MS)
    }
  }

  receive(message: Uint8Array): void {
    const type = message[0]
    if (this.#greeted && type !== CREDIT) return this.#malformed('no CREDIT at the start')
    if (type === CREDIT && message.byteLength === 5) {
      return this.#receiveCredit(new DataView(message.buffer, message.byteOffset).getUint32(1))
    }
    if (this.#ended && (type === DATA || type === END)) return this.#malformed('a message after the END')
    if (type === DATA && message.byteLength > 1 && message.byteLength <= 1 + MAX_DATA_BYTES) return this.#receiveData(message.subarray(1))
    if (type !== END || message.byteLength !== 1) return this.#malformed('not a DATA, CREDIT or END message')
    this.#ended = true
    this.#carrier.ends.end()
  }

  consumed(): void {
    if (!this.#greeted && !this.#ended && !this.#stopped) this.#window.grant()
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#credit.spend(chunk, MAX_DATA_BYTES, (piece) => {
      const message = new Uint8Array(1 + piece.byteLength)
      message[0] = DATA
      message.set(piece, 1)
      this.#carrier.send(message)
      return this.#carrier.drained() // the peer may have granted more than our own side should hold
    })
  }

  end(): void {
    this.#carrier.send(Uint8Array.of(END))
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#patience)
  }

  #receiveCredit(bytes: number): void {
    if (bytes > MAX_CREDIT - this.#credit.bytes) return this.#malformed('too much credit')
    this.#credit.add(bytes)
    if (!this.#greeted) return
    clearTimeout(this.#patience)
    this.#greeted()
    this.#greeted = undefined
    this.#window.grant(0)
  }

  #receiveData(bytes: Uint8Array): void {
    if (this.#window.receive(bytes.byteLength)) return this.#carrier.ends.incoming.deliver(bytes)
    this.#carrier.fail(new Error('the peer sent more than it had credit for'), CREDIT_EXCEEDED, 'more than there was credit for')
  }

  #malformed(reason: string): void {
    this.#carrier.fail(new Error(`the peer does not speak ${CREDIT_PROTOCOL}: ${reason}`), CREDIT_MALFORMED, reason)
  }
}

function creditMessage(bytes: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(5)
  message[0] = CREDIT
  new DataView(message.buffer).setUint32(1, bytes)
  return message
}
