// A client's certificate that the server asks for after the handshake (post-handshake authentication, RFC 8446 §4.6.2).

import { ApiMisuseError, PeerError } from '../base/errors.js'
import type { Ssl } from '../core/ssl.js'
import { StateTable } from './state-table.js'

/** NONE: it is not asked for. ASKED: the client has yet to answer. REVIEWING: it has, and OpenSSL has verified the answer. */
export type LateCertificateState = 'NONE' | 'ASKED' | 'REVIEWING'

const transitions: Readonly<Record<LateCertificateState, readonly LateCertificateState[]>> = {
  NONE: ['ASKED'],
  ASKED: ['REVIEWING', 'NONE'],
  REVIEWING: ['NONE'],
}

/** What the pump does for it. */
export interface Steps {
  sendMessage(begin: (ssl: Ssl) => void): Promise<void>
  /** Reads messages until `enough`, and leaves plaintext to its reader. Whether it came to the peer's close_notify. */
  lookAhead(enough: () => boolean): Promise<boolean>
  review(): Promise<void>
}

export class LateCertificate extends StateTable<LateCertificateState> {
  readonly #ssl: Ssl
  /** How many of the client's Finished had come when it was asked. */
  #finishedBefore = Infinity

  constructor(ssl: Ssl) {
    super('a request for a certificate', transitions, 'NONE')
    this.#ssl = ssl
  }

  /**
   * Asks, and settles when the answer has been verified and reviewed. One at a time, review included: another is refused
   * at once. OpenSSL would refuse it too, but not before it has waited for its turn.
   */
  async request(steps: Steps): Promise<void> {
    if (this.state !== 'NONE') {
      throw new ApiMisuseError('ERR_SSL_REQUEST_SENT', 'the client was asked for its certificate already: wait for its answer')
    }
    this.to('ASKED')
    this.#finishedBefore = Infinity
    try {
      await steps.sendMessage((ssl) => {
        const finished = ssl.getClientFinishedCount()
        ssl.verifyClientPostHandshake()
        this.#finishedBefore = finished
      })
      if (await steps.lookAhead(() => this.state === 'REVIEWING')) {
        throw new PeerError('ERR_TLS_HANDSHAKE_CLOSED', 'the client said goodbye before it answered', { alert: this.#ssl.getAlert() })
      }
      await steps.review()
    } finally {
      this.to('NONE')
    }
  }

  /** To be called after each SSL call: it may have read the answer. */
  notice(): void {
    if (this.state !== 'ASKED' || !this.#ssl.isInitFinished()) return
    if (this.#ssl.getClientFinishedCount() > this.#finishedBefore) this.to('REVIEWING')
  }
}
