// The examples that begin in the clear, with servers whose plaintext before TLS, and TLS, are stunnel's.

import { describe, expect, it } from 'vitest'
import { authority } from '../helpers/certificates.js'
import { identities } from '../interop/peers/matrix.js'
import { Peer } from '../interop/peers/process.js'
import { startStunnel } from '../interop/peers/stunnel.js'
import { serveTcp } from '../interop/peers/tcp.js'

describe('examples/starttls.mjs', () => {
  it('speaks SMTP in the clear, and then upon TLS', async () => {
    const backend = await serveTcp((socket) => {
      socket.write('220 mail.example ESMTP\r\n')
      socket.on('data', (chunk) => { if (chunk.includes('EHLO')) socket.write('250 mail.example at your service\r\n') })
    })
    const { port } = await startStunnel('smtp', identities.EC, backend)
    const example = await Peer.start('node', ['examples/starttls.mjs', 'localhost', String(port), authority.ca.certFile])
    await example.printed(/^TLSv1\.3 TLS_\w+\n250 mail\.example/m)
    expect(await example.exited).toBe(0)
  })
})

it('examples/imap.mjs asks for TLS, and then what the server can do', async () => {
  const backend = await serveTcp((socket) => {
    socket.write('* OK ready\r\n')
    socket.on('data', (chunk) => { if (chunk.includes('a2 CAPABILITY')) socket.write('* CAPABILITY IMAP4rev1 IDLE\r\na2 OK done\r\n') })
  })
  const { port } = await startStunnel('imap', identities.EC, backend)
  const example = await Peer.start('node', ['examples/imap.mjs', 'localhost', String(port), authority.ca.certFile])
  expect(await example.exited).toBe(0)
  expect(example.stdout.toString()).toMatch(/^TLSv1\.3 TLS_\w+\n\* CAPABILITY IMAP4rev1 IDLE\n$/)
})

it('examples/postgres.mjs asks for TLS, and then to be let in', async () => {
  const backend = await serveTcp((socket) => {
    // AuthenticationSASL follows a StartupMessage of version 3.0
    socket.on('data', (chunk) => { if (chunk.readInt32BE(4) === 196_608 && chunk.readInt32BE(0) === chunk.length) socket.write('R') })
  })
  const { port } = await startStunnel('pgsql', identities.EC, backend)
  const example = await Peer.start('node', ['examples/postgres.mjs', 'localhost', String(port), authority.ca.certFile])
  expect(await example.exited).toBe(0)
  expect(example.stdout.toString()).toMatch(/^TLSv1\.3 TLS_\w+\nit asks who we are\n$/)
})
