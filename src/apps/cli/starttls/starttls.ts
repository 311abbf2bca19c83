// What comes before TLS, by protocol: a client asks for TLS, and reads the server's answer to its last byte.

import { ldap, mysql, postgres } from './binary.js'
import type { AskForTls } from './failures.js'
import { ftp, imap, pop3, smtp } from './lines.js'
import { xmpp } from './xmpp.js'

/** By name: what to do, and the port that the protocol has. */
export const starttlsProtocols: Readonly<Record<string, { readonly ask: AskForTls; readonly port: number }>> = {
  smtp: { ask: smtp, port: 587 },
  imap: { ask: imap, port: 143 },
  pop3: { ask: pop3, port: 110 },
  ftp: { ask: ftp, port: 21 },
  postgres: { ask: postgres, port: 5432 },
  mysql: { ask: mysql, port: 3306 },
  ldap: { ask: ldap, port: 389 },
  xmpp: { ask: xmpp, port: 5222 },
}
