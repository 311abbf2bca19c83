// A session as a page in worker mode has it: what it shows, and its bytes. What reads the bytes is in tls-session.ts.

import type { ProtocolVersion } from '../features/algorithms.js'

/** What a session shows. */
export type Seen = Pick<SessionValue, 'protocol' | 'servername' | 'alpnProtocol' | 'expiresAt' | 'maxEarlyDataBytes'>

export class SessionValue {
  /** The version of TLS that it was made with. */
  declare readonly protocol: ProtocolVersion
  /** The name that it was made for; it is offered to no other. */
  declare readonly servername: string | undefined
  /** The application protocol of the connection that it comes from. Early data is for this one. */
  declare readonly alpnProtocol: string | undefined
  /** When the ticket, or the server's certificate, is no longer good. It is not offered after that. */
  declare readonly expiresAt: Date
  /** How much early data the server takes with it; 0: none. */
  declare readonly maxEarlyDataBytes: number
  readonly #bytes: Uint8Array<ArrayBuffer>
  /** @internal */
  readonly [Symbol.toStringTag] = 'TlsSession'

  /** @internal */
  constructor(seen: Seen, bytes: Uint8Array<ArrayBuffer>) {
    Object.assign(this, seen)
    this.#bytes = bytes
  }

  /** The session for another time, process or runtime. Keep it as you would keep a key. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice()
  }
}
