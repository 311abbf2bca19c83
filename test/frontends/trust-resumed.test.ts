// A resumed handshake shows and verifies no certificates. What was asked of the first is asked all the same.

import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { TicketKeys, type ConnectOptions, type TlsSession, type VerifyContext } from '../../src/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { crl, ocsp, pinOf } from '../../tools/revocation.js'
import { opened, peers, readAll, rejection, VERSIONS, type PeersOptions } from '../helpers/stream-peers.js'

const client = authority.leaf({ name: 'client', san: 'DNS:client.example' })

const publicKey = (cert: string) => createPublicKey(cert).export({ type: 'spki', format: 'pem' }) as string

describe.each(VERSIONS)('%s, resumed', (version) => {
  const ticketKeys = new TicketKeys()

  /** A connection's session, and whether that was resumed itself. */
  async function once({ client, server }: PeersOptions): Promise<{ session: TlsSession; resumed: boolean }> {
    let session!: TlsSession
    const both = await opened({ version, client: { onSession: (one) => { session = one }, ...client }, server: { ticketKeys, ...server } })
    const writer = both.server.writable.getWriter()
    await Promise.all([writer.write(Uint8Array.of(1)), both.client.readable.getReader().read()])
    const { resumed } = await both.client.opened
    both.client.abort()
    both.server.abort()
    return { session, resumed }
  }

  it.each<[string, () => Partial<ConnectOptions>]>([
    ['pins', () => ({ pins: pinOf(authority.ca) })],
    ['acceptedNames', () => ({ acceptedNames: ['localhost', 'b.example'] })],
    ['crl', () => ({ crl: crl(authority) })],
    ['additionalCa', () => ({ additionalCa: localhost.cert })],
    ['ocsp', () => ({ ocsp: 'require' })],
    ['verify', () => ({ verify: async () => true })],
  ])('%s: a session of connections without it is not offered, one of its own is', async (_, more) => {
    const options = more()
    const server = { ocspResponse: ocsp(authority, localhost) }
    const { session: careless } = await once({ server })
    const { session, resumed } = await once({ client: { ...options, session: careless }, server })
    expect(resumed).toBe(false)
    expect((await once({ client: { ...options, session }, server })).resumed).toBe(true)
  })

  it('a client asks verify again, which may say something else', async () => {
    const asked: VerifyContext[] = []
    let answer = true
    const verify: ConnectOptions['verify'] = async ([leaf], context) => {
      expect(leaf?.subject).toBe('CN=localhost')
      asked.push(context)
      return answer
    }
    const { session } = await once({ client: { verify } })
    expect((await once({ client: { verify, session } })).resumed).toBe(true)
    expect(asked.map(({ resumed }) => resumed)).toEqual([false, true])
    answer = false
    const both = peers({ version, client: { verify, session }, server: { ticketKeys } })
    expect(await rejection(both.client.opened)).toMatchObject({ code: 'APPLICATION_VERIFICATION' })
    expect(await rejection(both.server.opened.then(() => readAll(both.server.readable))))
      .toMatchObject({ alert: { from: 'peer', description: 46 } })
  })

  it('a server asks verify again, which may say something else', async () => {
    const asked: VerifyContext[] = []
    let answer = true
    const own = { cert: client.cert, key: client.key }
    const server = { ca: authority.ca.cert, ticketKeys, verify: async ([leaf]: readonly { subject: string }[], context: VerifyContext) => {
      expect(leaf?.subject).toBe('CN=client')
      asked.push(context)
      return answer
    } }
    const { session } = await once({ client: own, server })
    expect((await once({ client: { ...own, session }, server })).resumed).toBe(true)
    expect(asked.map(({ resumed }) => resumed)).toEqual([false, true])
    answer = false
    const both = peers({ version, client: { ...own, session }, server })
    expect(await rejection(both.server.opened)).toMatchObject({ code: 'APPLICATION_VERIFICATION', certificate: { subject: 'CN=client' } })
    expect(await rejection(both.client.opened.then(() => readAll(both.client.readable))))
      .toMatchObject({ alert: { from: 'peer', description: 46 } })
  })

  it('a server asks verify again about a raw public key', async () => {
    let asked = 0
    let answer = true
    const own = { key: client.key, rawPublicKey: true }
    const server = {
      ticketKeys, ca: authority.ca.cert, acceptedRawPublicKeys: publicKey(client.cert), verify: () => { asked++; return answer },
    }
    const { session } = await once({ client: own, server })
    expect((await once({ client: { ...own, session }, server })).resumed).toBe(true)
    expect(asked).toBe(2)
    answer = false
    const both = peers({ version, client: { ...own, session }, server })
    expect(await rejection(both.server.opened)).toMatchObject({ code: 'APPLICATION_VERIFICATION' })
    await rejection(both.client.opened.then(() => readAll(both.client.readable)))
  })

  it('a session of one raw public key is not offered by the owner of another', async () => {
    const server = { acceptedRawPublicKeys: [publicKey(client.cert), publicKey(localhost.cert)] }
    const { session } = await once({ client: { key: client.key, rawPublicKey: true }, server })
    expect((await once({ client: { key: localhost.key, rawPublicKey: true, session }, server })).resumed).toBe(false)
    expect((await once({ client: { key: client.key, rawPublicKey: true, session }, server })).resumed).toBe(true)
  })

  it('a server with another key and certificate takes up its sessions', async () => {
    const { session } = await once({})
    const renewed = authority.leaf()
    expect((await once({ client: { session }, server: { cert: renewed.cert, key: renewed.key } })).resumed).toBe(true)
  })

  it('onCertificateRequest is not asked', async () => {
    let asked = 0
    const options: PeersOptions = {
      client: { onCertificateRequest: async () => { asked++; return { cert: client.cert, key: client.key } } },
      server: { ca: authority.ca.cert },
    }
    const { session } = await once(options)
    expect((await once({ ...options, client: { ...options.client, session } })).resumed).toBe(true)
    expect(asked).toBe(1)
  })
})

it('early data is not taken by a server whose verify would come after it', () => {
  expect(
    () => peers({
      server: {
        ca: authority.ca.cert, verify: () => true, maxEarlyDataBytes: 10, ticketKeys: new TicketKeys(), dangerouslyAllowReplay: true,
      },
    }),
  )
    .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'maxEarlyDataBytes' }))
})
