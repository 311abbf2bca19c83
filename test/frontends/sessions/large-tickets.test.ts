// Tickets that are large: a ClientHello has 65,535 bytes for all its extensions, and OpenSSL takes 1,500 bytes of what ECH hides.

import { describe, expect, it } from 'vitest'
import { generateEchKey, TicketKeys, TlsSession, type ConnectOptions } from '../../../src/index.js'
import { authority, type KeyPair } from '../../helpers/certificates.js'
import { element, partsOf } from '../../helpers/large-certificates.js'
import { peers, readAll, VERSIONS } from '../../helpers/stream-peers.js'

/** A client's certificate of so many bytes, about. The ticket holds it. */
function clientOf(bytes: number): KeyPair {
  const names = Array.from(
    { length: Math.floor((bytes - 500) / 70) }, (_, index) => `DNS.${index}=${String(index).padStart(60, 'x')}.example`,
  )
  return authority.leaf({ name: 'client', san: '@names', extensions: `[names]\n${names.join('\n')}\n` })
}

/** The session with another ticket: element [10] of its ASN.1. */
function withTicketOf(bytes: number, session: TlsSession): TlsSession {
  const parts = partsOf(new Uint8Array(session.parts.asn1))
    .map((part) => (part[0] === 0xaa ? element(0xaa, element(4, new Uint8Array(bytes))) : part))
  return new TlsSession({ ...session.parts, asn1: element(0x30, ...parts) })
}

// The client offers both versions, so that its ClientHello is as long as any.
describe.each(VERSIONS)('a large ticket, from a server of %s', (maxVersion) => {
  const ticketKeys = new TicketKeys()

  async function once(
    { cert, key }: KeyPair, client: Partial<ConnectOptions> = {},
  ): Promise<{ resumed: boolean; session: TlsSession | undefined }> {
    let session: TlsSession | undefined
    const both = peers({
      client: { cert, key, onSession: (one) => { session = one }, ...client },
      server: { maxVersion, ca: authority.ca.cert, ticketKeys },
    })
    const received = readAll(both.client.readable)
    const { resumed, peerCertificate } = await both.server.opened
    expect(peerCertificate!.subject).toBe('CN=client')
    await both.server.close()
    await received
    await both.client.close()
    return { resumed, session }
  }

  it('is taken up if it fits', async () => {
    const client = clientOf(59_000)
    const { session } = await once(client)
    expect(await once(client, { session: session! })).toMatchObject({ resumed: true })
  })

  it('is not made if it does not', async () => {
    expect(await once(clientOf(64_000))).toEqual({ resumed: false, session: undefined })
  })

  it('is not offered if it does not, whoever made it', async () => {
    const client = clientOf(1000)
    const { session } = await once(client)
    expect(await once(client, { session: withTicketOf(60_000, session!) })).toMatchObject({ resumed: false })
    expect(await once(client, { session: withTicketOf(65_000, session!) })).toMatchObject({ resumed: false })
  })

})

describe('a ticket and Encrypted Client Hello', () => {
  const servername = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`
  const { cert, key } = authority.leaf({ san: `DNS:${servername}` })

  it('go together where both fit, else the ticket is not offered', async () => {
    const { configList, pem } = await generateEchKey({ publicName: 'outside.example' })
    const ticketKeys = new TicketKeys()
    const once = async (session?: TlsSession) => {
      let kept: TlsSession | undefined
      const client = { servername, alpnProtocols: ['h2', 'http/1.1'], ech: { configList }, onSession: (one: TlsSession) => { kept = one } }
      const both = peers({
        client: session ? { ...client, session } : client,
        server: { cert, key, ticketKeys, echKeys: pem, alpnProtocols: ['h2'] },
      })
      const received = readAll(both.client.readable)
      const { resumed, ech } = await both.client.opened
      await both.server.close()
      await received
      await both.client.close()
      return { resumed, ech, session: kept! }
    }
    const { session } = await once()
    expect(await once(session)).toMatchObject({ resumed: true, ech: 'accepted' })
    for (const bytes of [900, 901, 1500, 20_000]) {
      expect(await once(withTicketOf(bytes, session))).toMatchObject({ resumed: false, ech: 'accepted' })
    }
  })
})
