// Dovecot: IMAPS, and IMAP and POP3 with STARTTLS without which it takes no password. One mailbox, with one large message.

import { createHash, randomBytes } from 'node:crypto'
import { GROUP_NAME, USER_NAME, type Home } from './home.js'

export interface DovecotPlace {
  readonly starttlsPort: number
  readonly imapsPort: number
  /** POP3, with STLS. */
  readonly pop3Port: number
  readonly user: string
  readonly password: string
  /** The message in INBOX. */
  readonly size: number
  readonly subject: string
  /** SHA-256 of all of it, in hex. */
  readonly digest: string
}

export async function startDovecot(home: Home): Promise<DovecotPlace> {
  const { cert, key } = home.writeIdentity()
  const [user, password, subject] = ['tester', 'a password, not a secret', 'five megabytes']
  const body = randomBytes(3_750_000).toString('base64').replace(/.{76}/g, '$&\r\n')
  const message = `From: a@localhost\r\nTo: b@localhost\r\nSubject: ${subject}\r\nContent-Type: text/plain\r\n\r\n${body}\r\n`
  for (const folder of ['mail', 'mail/cur', 'mail/new', 'mail/tmp', 'run', 'state']) home.folder(folder)
  home.write('mail/cur/1.message:2,S', message)
  home.write('users', `${user}:{PLAIN}${password}::::::\n`)
  const service = (name: string, words: string) => `service ${name} {\n  chroot =\n  ${words}\n}`
  const configuration = (starttlsPort: number, imapsPort: number, pop3Port: number) => [
    `base_dir = ${home.path('run')}`, `state_dir = ${home.path('state')}`, 'log_path = /dev/stderr', 'listen = 127.0.0.1',
    'protocols = imap pop3', `default_internal_user = ${USER_NAME}`, `default_login_user = ${USER_NAME}`,
    `default_internal_group = ${GROUP_NAME}`, `first_valid_uid = 1`, `mail_location = maildir:${home.path('mail')}`,
    'ssl = required', `ssl_cert = <${cert}`, `ssl_key = <${key}`,
    `passdb {\n  driver = passwd-file\n  args = scheme=PLAIN ${home.path('users')}\n}`,
    `userdb {\n  driver = static\n  args = uid=${USER_NAME} gid=${GROUP_NAME} home=${home.directory}\n}`,
    service(
      'imap-login',
      `inet_listener imap {\n    port = ${starttlsPort}\n  }\n  inet_listener imaps {\n    port = ${imapsPort}\n    ssl = yes\n  }`,
    ),
    service('pop3-login', `inet_listener pop3 {\n    port = ${pop3Port}\n  }\n  inet_listener pop3s {\n    port = 0\n  }`),
    service('pop3', ''), service('anvil', ''), service('stats', ''), service('imap', ''), service('auth', ''),
  ].join('\n')
  const [starttlsPort, imapsPort, pop3Port] = await home.serve(3, (one, two, three) =>
    ['dovecot', '-F', '-c', home.write('dovecot.conf', configuration(one!, two!, three!))])
  return {
    starttlsPort: starttlsPort!, imapsPort: imapsPort!, pop3Port: pop3Port!, user, password, subject, size: message.length,
    digest: createHash('sha256').update(message).digest('hex'),
  }
}
