// A client's certificate that the server asks for after the handshake (post-handshake authentication, RFC 8446 §4.6.2).

import { ApiMisuseError } from '../base/errors.js'
import type { BasicSsl } from '../core/basic-ssl.js'
import { StateTable } from './states.js'

/** NONE: it is not asked for. ASKED: the client has yet to answer. REVIEWING: it has, and OpenSSL has verified the answer. */
const transitions = { NONE: ['ASKED'], ASKED: ['REVIEWING', 'NONE'], REVIEWING: ['NONE'] } as const

export class LateCertificate extends StateTable<keyof typeof transitions> {
  /** How many of the client's Finished had come before it was asked. */
  #finishedBefore = 0

  constructor() {
    super(transitions, 'NONE')
  }

  /** One at a time, review included. OpenSSL would refuse another too, but not before it has waited for its turn. */
  begin(ssl: BasicSsl): void {
    if (this.state !== 'NONE') {
      throw new ApiMisuseError('ERR_SSL_REQUEST_SENT', 'the client was asked for its certificate already: wait for its answer')
    }
    this.to('ASKED')
    this.#finishedBefore = ssl.getClientFinishedCount()
  }

  /** To be called after each SSL call: it may have read the answer. */
  notice(ssl: BasicSsl): void {
    if (this.state !== 'ASKED' || !ssl.isInitFinished()) return
    if (ssl.getClientFinishedCount() > this.#finishedBefore) this.to('REVIEWING')
  }
}
