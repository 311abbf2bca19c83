// What goes wrong before TLS.

import { PeerError } from '../../../base/errors.js'
import { plain } from '../../../base/quoted.js'
import type { PlaintextConversation } from '../../../transports/plaintext.js'

/** Resolves when the next byte is TLS's. Rejects with `PeerError`, and as {@link PlaintextConversation}. `domain`: whom to ask for. */
export type AskForTls = (talk: PlaintextConversation, domain: string) => Promise<void>

export function refused(what: string, said = ''): PeerError {
  return new PeerError('ERR_TLS_STARTTLS_REFUSED', `STARTTLS: ${what}${said === '' ? '' : `; it said "${plain(said)}"`}`)
}

export function unexpected(protocol: string, expected: string, said: string): PeerError {
  return new PeerError('ERR_TLS_STARTTLS_UNEXPECTED',
    `STARTTLS: this does not seem to be ${protocol}: expected ${expected}, but it said "${plain(said)}"`)
}
