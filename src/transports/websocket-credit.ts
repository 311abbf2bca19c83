// The credit window subprotocol, docs/credit-window.md: each side sends only what the other has said it will take. For
// WebSockets that cannot hold back what arrives, as in browsers. Both sides do the same, but one waits for the other at the start.

import { Credit } from './credit.js'
import { CREDIT_EXCEEDED, CREDIT_MALFORMED } from './websocket-close.js'
import type { Carrier, Framing } from './websocket-framing.js'

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

/** `windowBytes`: how much may wait here for the reader, at least INITIAL_WINDOW_BYTES. */
export function creditFraming({ ends, opened, fail, send, drained }: Carrier, windowBytes: number, role: 'client' | 'server'): Framing {
  const grant = (bytes: number) => send(Uint8Array.of(CREDIT, bytes >>> 24, bytes >>> 16, bytes >>> 8, bytes))
  const credit = new Credit({ ends, windowBytes, initialBytes: INITIAL_WINDOW_BYTES, grant })
  const malformed = (reason: string) => fail(new Error(`the peer does not speak ${CREDIT_PROTOCOL}: ${reason}`), CREDIT_MALFORMED, reason)
  let greeted = false
  const greet = () => {
    greeted = true
    opened.resolve()
    credit.grant(0)
  }
  // The server knows that the client speaks this, as it has offered it. The client knows only that the server has
  // selected it, and there are servers that select whatever comes first.
  if (role === 'server') greet()
  else {
    const patience = setTimeout(() => malformed('no CREDIT at the start'), GREETING_TIMEOUT_MS)
    void opened.promise.catch(() => {}).then(() => clearTimeout(patience))
  }
  return {
    receive(message) {
      const type = message[0]
      if (!greeted && type !== CREDIT) return malformed('no CREDIT at the start')
      if (type === CREDIT && message.byteLength === 5) {
        const bytes = new DataView(message.buffer, message.byteOffset).getUint32(1)
        if (bytes > MAX_CREDIT - credit.bytes) return malformed('too much credit')
        credit.add(bytes)
        if (!greeted) greet()
      } else if (ends.peerEnded && (type === DATA || type === END)) {
        malformed('a message after the END')
      } else if (type === DATA && message.byteLength > 1 && message.byteLength <= 1 + MAX_DATA_BYTES) {
        if (credit.deliver(message.subarray(1))) return
        fail(new Error('the peer sent more than it had credit for'), CREDIT_EXCEEDED, 'more than there was credit for')
      } else if (type === END && message.byteLength === 1) {
        ends.end()
      } else {
        malformed('not a DATA, CREDIT or END message')
      }
    },
    consumed() {
      if (greeted && !ends.peerEnded) credit.grant()
    },
    write: (chunk) => credit.spend(chunk, MAX_DATA_BYTES, (piece) => {
      const message = new Uint8Array(1 + piece.byteLength)
      message[0] = DATA
      message.set(piece, 1)
      send(message)
      return drained() // the peer may have granted more than our own side should hold
    }),
    end: () => send(Uint8Array.of(END)),
  }
}
