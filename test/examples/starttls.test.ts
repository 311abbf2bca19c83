// examples/starttls.mjs with an SMTP server whose TLS is stunnel's.

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
    const example = await Peer.start('node', ['examples/starttls.mjs', 'localhost', String(port), authority.ca.cert])
    await example.printed(/^TLSv1\.3 TLS_\w+\n250 mail\.example/m)
    expect(await example.exited).toBe(0)
  })
})
