// TLS that begins in the middle of a conversation, with programs that others wrote at the other side.

import { describe, expect, it } from 'vitest'
import { accept, connect, PlaintextConversation, type ByteTransport, type TlsConnection } from '../../src/index.js'
import { authority } from '../helpers/certificates.js'
import { readUntil, send } from './peers/bytes.js'
import { identities, only, versions } from './peers/matrix.js'
import { Peer } from './peers/process.js'
import { startStunnel } from './peers/stunnel.js'
import { dial, HOST, serveTcp } from './peers/tcp.js'

/** PostgreSQL's SSLRequest: its length, and a number in place of a version (protocol-message-formats). */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47)

/** What comes before TLS, for a client. */
const requests: Readonly<Record<'imap' | 'pgsql' | 'smtp', (talk: PlaintextConversation) => Promise<void>>> = {
  async smtp(talk) {
    expect(await talk.readLine()).toMatch(/^220 /)
    await talk.write('EHLO client.example\r\n')
    let line: string
    do line = await talk.readLine(); while (line.startsWith('250-'))
    await talk.write('STARTTLS\r\n')
    expect(await talk.readLine()).toMatch(/^220 /)
  },
  async imap(talk) {
    expect(await talk.readLine()).toMatch(/^\* OK /)
    await talk.write('a1 STARTTLS\r\n')
    expect(await talk.readLine()).toMatch(/^a1 OK /)
  },
  async pgsql(talk) {
    await talk.write(SSL_REQUEST)
    expect(await talk.readBytes(1)).toEqual(Uint8Array.of('S'.charCodeAt(0)))
  },
}
const greetings = { smtp: '220 mail.example ESMTP\r\n', imap: '* OK ready\r\n', pgsql: '' } as const

describe('connect() after a plaintext exchange with stunnel', { timeout: 20_000 }, () => {
  for (const protocol of ['smtp', 'imap', 'pgsql'] as const) {
    for (const version of versions) {
      it(`that speaks ${protocol}, under ${version}`, async () => {
        const backend = await serveTcp((socket) => {
          socket.write(greetings[protocol])
          socket.on('data', (chunk) => { if (chunk.includes('question')) socket.end(`the answer to ${chunk.toString()}`) })
        })
        const { port } = await startStunnel(protocol, identities.EC, backend)
        const talk = new PlaintextConversation(await dial(port))
        await requests[protocol](talk)
        const connection = connect(talk.release(), { servername: 'localhost', ca: authority.ca.cert, ...only(version) })
        expect((await connection.opened).protocol).toBe(version)
        await send(connection.writable, 'question\n')
        await readUntil(connection.readable, (bytes) => bytes.toString().endsWith('the answer to question\n'))
        await connection.close()
      })
    }
  }
})

describe('accept() after a plaintext exchange with openssl s_client -starttls', { timeout: 20_000 }, () => {
  const servers: Readonly<Record<'imap' | 'postgres' | 'smtp', (talk: PlaintextConversation) => Promise<void>>> = {
    async smtp(talk) {
      await talk.write('220 mail.example ESMTP\r\n')
      expect(await talk.readLine()).toMatch(/^EHLO /)
      await talk.write('250-mail.example\r\n250 STARTTLS\r\n')
      expect(await talk.readLine()).toBe('STARTTLS')
      await talk.write('220 go ahead\r\n')
    },
    async imap(talk) {
      await talk.write('* OK ready\r\n')
      for (let line; !(line = await talk.readLine()).endsWith('STARTTLS');) {
        await talk.write(`* CAPABILITY IMAP4rev1 STARTTLS\r\n${line.split(' ')[0]} OK done\r\n`)
      }
      await talk.write('. OK begin\r\n')
    },
    async postgres(talk) {
      expect(await talk.readBytes(8)).toEqual(SSL_REQUEST)
      await talk.write('S')
    },
  }
  for (const protocol of ['smtp', 'imap', 'postgres'] as const) {
    it(protocol, async () => {
      const { cert, key } = identities.EC
      let accepted!: (connection: TlsConnection) => void
      const accepting = new Promise<TlsConnection>((resolve) => { accepted = resolve })
      const port = await serveTcp(async (socket) => {
        const talk = new PlaintextConversation(socket)
        await servers[protocol](talk)
        const transport: ByteTransport = talk.release()
        accepted(accept(transport, { cert, key }))
      })
      const peer = await Peer.start('openssl', ['s_client', '-connect', `${HOST}:${port}`, '-starttls', protocol, '-quiet',
        '-CAfile', authority.ca.certFile, '-verify_return_error', '-verify_hostname', 'localhost'])
      const connection = await accepting
      await connection.opened
      peer.stdin.write('from s_client\n')
      await readUntil(connection.readable, (bytes) => bytes.toString().endsWith('from s_client\n'))
      await send(connection.writable, 'to s_client\n')
      await peer.printed(/^to s_client$/m)
      await connection.close()
      await peer.end()
    })
  }
})
