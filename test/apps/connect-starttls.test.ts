// `libssl-wasm connect --starttls` with real servers of each protocol, and with servers that refuse, or are something else.

import { expect, it, describe, onTestFinished } from 'vitest'
import { starttlsProtocols } from '../../src/apps/cli/starttls/starttls.js'
import { PlaintextConversation } from '../../src/index.js'
import { startDovecot } from '../clients/servers/dovecot.js'
import { startExim } from '../clients/servers/exim.js'
import { Home } from '../clients/servers/home.js'
import { startMariadb } from '../clients/servers/mariadb.js'
import { startPostgresql } from '../clients/servers/postgresql.js'
import { startProsody } from '../clients/servers/prosody.js'
import { startSlapd } from '../clients/servers/slapd.js'
import { startVsftpd } from '../clients/servers/vsftpd.js'
import { authority } from '../helpers/certificates.js'
import { runCommand } from '../helpers/cli.js'
import { client, identities } from '../interop/peers/matrix.js'
import { dial, serveTcp } from '../interop/peers/tcp.js'

const home = () => {
  const made = new Home({ ca: authority.ca, server: identities.EC, serverRsa: identities.RSA, client })
  onTestFinished(() => made.close())
  return made
}

/** By protocol: a port where a server speaks it. */
const servers: Readonly<Record<string, () => Promise<number>>> = {
  smtp: async () => (await startExim(home())).starttlsPort,
  imap: async () => (await startDovecot(home())).starttlsPort,
  pop3: async () => (await startDovecot(home())).pop3Port,
  ftp: async () => (await startVsftpd(home())).port,
  postgres: async () => (await startPostgresql(home())).port,
  mysql: async () => (await startMariadb(home())).port,
  ldap: async () => (await startSlapd(home())).starttlsPort,
  xmpp: async () => (await startProsody(home())).port,
}

describe('connect --starttls', { timeout: 120_000 }, () => {
  it.each(Object.keys(starttlsProtocols))('%s: a real server', async (protocol) => {
    const port = await servers[protocol]!()
    // The servers are reached by an address, as some listen on IPv4 alone.
    const { status, stdout, stderr } =
      await runCommand(['connect', `127.0.0.1:${port}`, '--servername', 'localhost', '--starttls', protocol,
      '--ca', authority.ca.certFile, '--check', '--json'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const told = JSON.parse(stdout) as { connection: object; timeline: { name: string }[] }
    expect(told).toMatchObject({ verified: true, connection: { protocol: 'TLSv1.3' } })
    expect(told.timeline.map(({ name }) => name).slice(0, 3)).toEqual(['connected', 'starttls', 'handshake'])
  })
})

describe('connect --starttls says why not', { timeout: 20_000 }, () => {
  const error = (code: number, message: string) => Buffer.from([0xff, code & 0xff, code >> 8, ...Buffer.from(message)])
  const packet = (body: Buffer) => Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body])
  /** A server's turns; each after something has come from the client, but for the first if it is given as `greeting`. */
  const cases: readonly (readonly [protocol: string, greeting: string | Buffer, answers: readonly (string | Buffer)[], words: RegExp])[] = [
    ['smtp', '554-no\r\n554 go away\r\n', [], /takes no connection; it said "554-no 554 go away"/],
    ['smtp', '220-a\r\n220 b\r\n', ['250-mail\r\n250 SIZE 1\r\n'], /does not offer it; it said "250-mail 250 SIZE 1"/],
    ['smtp', '220 b\r\n', ['500 what?\r\n'], /refuses EHLO; it said "500 what\?"/],
    ['smtp', '220 b\r\n', ['250-x\r\n250 STARTTLS\r\n', '454 not now\r\n'], /refuses it; it said "454 not now"/],
    ['smtp', 'SSH-2.0-OpenSSH\r\n', [], /does not seem to be SMTP: expected a code of three digits, but it said "SSH-2\.0-OpenSSH"/],
    ['imap', '* BYE full\r\n', [], /takes no connection; it said "\* BYE full"/],
    ['imap', '* PREAUTH you\r\n', [], /authenticated us already/],
    ['imap', '* OK hello\r\n', ['* NO hm\r\na1 BAD unknown\r\n'], /does not offer it, or refuses it; it said "a1 BAD unknown"/],
    ['imap', '+OK pop\r\n', [], /does not seem to be IMAP/],
    ['pop3', '-ERR full\r\n', [], /takes no connection; it said "-ERR full"/],
    ['pop3', '+OK hi\r\n', ['-ERR no STLS\r\n'], /it said "-ERR no STLS"/],
    ['pop3', '* OK imap\r\n', [], /does not seem to be POP3/],
    ['ftp', '421 busy\r\n', [], /takes no connection; it said "421 busy"/],
    ['ftp', '120 wait\r\n220 now\r\n', ['502 no TLS here\r\n'], /refuses AUTH TLS; it said "502 no TLS here"/],
    ['postgres', '', ['N'], /its setting ssl is off/],
    ['postgres', '', [Buffer.from('E\0\0\0\x10SFATAL\0Mfull\0', 'latin1')], /has sent an error; it said "SFATAL Mfull"/],
    ['postgres', '', ['HTTP/1.0 400\r\n'], /does not seem to be PostgreSQL: expected S or N, but it said "H"/],
    ['mysql', packet(error(1040, '#08004Too many connections')), [], /takes no connection; it said "#08004Too many connections"/],
    ['mysql', packet(Buffer.from('\n5.5\0aaaabbbbbbbb\0\0\xf7aa', 'latin1')), [], /speaks no TLS; it said "5\.5"/],
    ['mysql', packet(Buffer.from('\x09old')), [], /does not seem to be MySQL: expected a handshake of version 10/],
    ['ldap', '', [Buffer.from([0x30, 0x84, 0, 0, 0, 12, 2, 1, 1, 0x78, 7, 10, 1, 2, 4, 0, 4, 0])],
      /resultCode 2 \(protocolError: it does not know StartTLS\)$/],
    ['ldap', '', [Buffer.from([0x30, 5, 2, 1, 1, 0x78, 9])], /does not seem to be LDAP: expected a whole message/],
    ['xmpp', '', ["<stream:stream version='1.0'><stream:features><mechanisms/></stream:features>"], /does not offer it/],
    ['xmpp', '', ['<stream:stream><stream:error><host-unknown/></stream:error></stream:stream>'],
      /is its domain another one\? give it as --servername/],
    ['xmpp', '', ['<stream:stream><stream:features><starttls/></stream:features>', '<failure/>'], /refuses it; it said "<failure\/>"/],
    ['xmpp', '', ['220 mail\r\n'], /does not seem to be XMPP/],
  ]
  it.each(cases)('%s %j %j', async (protocol, greeting, answers, words) => {
    const talk = new PlaintextConversation(await dial(await serveTurns(greeting, answers)))
    const error: unknown = await starttlsProtocols[protocol]!.ask(talk, 'localhost').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'PeerError', code: expect.stringMatching(/^ERR_TLS_STARTTLS_(REFUSED|UNEXPECTED)$/) })
    expect((error as Error).message).toMatch(words)
    talk.abort()
  })

  it('in words, and by its exit status', async () => {
    const port = await serveTurns('220 b\r\n', ['250 SIZE 1\r\n'])
    const { status, stderr } = await runCommand(['connect', `127.0.0.1:${port}`, '--starttls', 'smtp'])
    expect(stderr).toMatch(/STARTTLS: the server does not offer it; it said "250 SIZE 1" \(ERR_TLS_STARTTLS_REFUSED\)/)
    expect(status).toBe(4)
  })

  it('a server that ends, or says nothing', async () => {
    const ends = await serveTcp((socket) => socket.end())
    expect(await runCommand(['connect', `127.0.0.1:${ends}`, '--starttls', 'smtp'])).toMatchObject({ status: 6 })
    const silent = await serveTcp((socket) => socket.resume())
    const { status, stderr } = await runCommand(['connect', `127.0.0.1:${silent}`, '--starttls', 'smtp', '--timeout', '300'])
    expect(status).toBe(7)
    expect(stderr).toMatch(/within 300 ms \(--timeout\)[^]*\nwhat to do\n- if TLS comes first on this port, leave out --starttls/)
  })
})

function serveTurns(greeting: string | Buffer, answers: readonly (string | Buffer)[]): Promise<number> {
  return serveTcp((socket) => {
    const left = [...answers]
    if (greeting.length > 0) socket.write(greeting)
    socket.on('data', () => {
      const next = left.shift()
      if (next !== undefined) socket.write(next)
    })
  })
}
