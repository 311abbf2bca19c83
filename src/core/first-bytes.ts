// What a peer says first, if it is not TLS: plain HTTP, a greeting of SMTP. OpenSSL takes it for a record of a version that there
// is not, and only these bytes tell what happened.

import { concat } from '../base/bytes.js'
import { MOST_QUOTED_BYTES, quoted } from '../base/quoted.js'

/** Of one direction. What begins as a record does is not kept. */
export class FirstBytes {
  #kept: Uint8Array | undefined = new Uint8Array()

  /** `undefined` once they were TLS; empty while there are none. */
  get foreign(): Uint8Array | undefined {
    return this.#kept
  }

  note(bytes: Uint8Array): void {
    if (this.#kept === undefined || this.#kept.byteLength > MOST_QUOTED_BYTES) return
    this.#kept = concat([this.#kept, bytes.subarray(0, MOST_QUOTED_BYTES + 1 - this.#kept.byteLength)])
    if (beginsAsRecord(this.#kept)) this.#kept = undefined
  }
}

/** Content type and major version (RFC 8446 §5.1), or a ClientHello in the form of SSL 2.0, which OpenSSL's server can read. */
function beginsAsRecord([first = 0, second = 3, third]: Uint8Array): boolean {
  return (first >= 20 && first <= 23 && second === 3) || (first >= 128 && third === 1)
}

const STARTTLS = 'ask it for TLS first (STARTTLS, by PlaintextConversation), or take the port where TLS comes first'

/** How protocols begin, and what to do about it. */
const protocols: readonly (readonly [begin: RegExp, name: string, advice: string])[] = [
  [/^HTTP\//, 'a plain HTTP server', 'take the port of HTTPS'],
  [/^(?:[A-Z]+ \S+ HTTP\/|(?:GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT|PRI) )/, 'plain HTTP', 'its URL must begin with https:'],
  [/^SSH-/, 'an SSH server', 'SSH has an encryption of its own'],
  [/^(?:220|421|554)[ -]/, 'an SMTP or FTP server', STARTTLS],
  [/^\* (?:OK|PREAUTH|BYE)\b/, 'an IMAP server', STARTTLS],
  [/^\+OK\b/, 'a POP3 server', STARTTLS],
  [/^20[01] /, 'an NNTP server', STARTTLS],
  [/^<(?:\?xml|stream)/, 'an XMPP server', STARTTLS],
  // Length and number of a packet; then the protocol's version, or an error.
  [/^[^]{2}\0\0[\n\xff]/, 'a MySQL or MariaDB server', STARTTLS],
]

/** The end of a sentence about a server that says nothing. */
export const SILENT_SERVER =
  ': it may not speak TLS on this port, or want to be asked first (STARTTLS, by PlaintextConversation), as PostgreSQL does'

/** What happened, for a peer whose first bytes are `foreign`: none, if it ended before it said anything. */
export function foreignProtocol(foreign: Uint8Array, isServer: boolean): string {
  const peer = isServer ? 'the client' : 'the server'
  if (foreign.byteLength === 0) {
    return `${peer} ended the stream before it said anything${isServer ? '' : SILENT_SERVER}`
  }
  const text = String.fromCharCode(...foreign)
  const [, name, advice] = protocols.find(([begin]) => begin.test(text)) ?? []
  return `${peer} does not speak TLS here: it said ${quoted(foreign)}${name ? `, as ${name} does: ${advice}` : ''}`
}
