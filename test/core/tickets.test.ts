// Tickets that are not made: as a callback wants it, or as the session does not fit.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  load, SSL_ERROR_SSL, SSL_SESS_CACHE_CLIENT, SSL_SESS_CACHE_NO_INTERNAL_STORE, SSL_VERIFY_PEER, X509Store, type LibSsl, type Ssl,
  type SslCtx,
} from '../../src/core.js'
import { authority, type KeyPair } from '../helpers/certificates.js'
import { leaks, Link, utf8, VERSIONS } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

/** A client's certificate of so many bytes, about; what stands beside it in a session are some 200. */
function clientOf(bytes: number): KeyPair {
  const names = Array.from(
    { length: Math.floor((bytes - 500) / 70) }, (_, index) => `DNS.${index}=${String(index).padStart(60, 'x')}.example`,
  )
  return authority.leaf({ name: 'client', san: '@names', extensions: `[names]\n${names.join('\n')}\n` })
}

describe.each(VERSIONS)('tickets under %s', (version) => {
  const isTls13 = version === 'TLSv1.3'

  function linked(identity: KeyPair | undefined, prepare: (ssl: Ssl) => void): { link: Link, kept: Uint8Array[] } {
    const kept: Uint8Array[] = []
    const link = new Link(lib, {
      version,
      client: {
        internalBytes: 128 * 1024,
        configure(ctx: SslCtx) {
          if (identity) ctx.useCertificateChain(identity.cert)
          if (identity) ctx.usePrivateKey(identity.key)
          ctx.setSessionCacheMode(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE)
          ctx.sessSetCallbacks()
        },
        prepare(ssl) { ssl.setNewSessionCb((_, bytes) => kept.push(bytes)) },
      },
      server: {
        networkBytes: 128 * 1024,
        configure(ctx) {
          if (!identity) return
          const store = new X509Store(lib)
          store.addCerts(authority.ca.cert)
          ctx.set1CertStore(store)
          store.free()
          ctx.setVerify(SSL_VERIFY_PEER)
          ctx.setSessionIdContext(utf8('tickets'))
        },
        prepare,
      },
    })
    return { link, kept }
  }

  /** How many sessions a client can resume after a handshake with such a certificate. */
  function resumable(identity: KeyPair | undefined, prepare = (_: Ssl) => {}): number {
    const { link, kept } = linked(identity, prepare)
    link.established().send('server', utf8('after the tickets'))
    expect(link.server.ssl.getPeerCertificate()?.subject).toBe(identity && 'CN=client')
    expect(link.server.ssl.getVerifyResult()).toBe(0)
    const session = link.client.ssl.get1Session()!
    const count = isTls13 ? kept.length : Number(session.hasTicket())
    session.free()
    link.free()
    return count
  }

  it('are made of sessions that fit, and of no others', () => {
    const [fits, doesNot] = [clientOf(59_000), clientOf(61_000)]
    expect(resumable(undefined)).toBe(isTls13 ? 2 : 1)
    expect(resumable(fits)).toBe(isTls13 ? 2 : 1)
    expect(resumable(doesNot)).toBe(0)
    expect(resumable(doesNot, (ssl) => ssl.setSessionTicketCb(() => true))).toBe(0)
    expect(leaks(lib, 5, () => resumable(doesNot))).toBe(false)
  })

  it('are declined by a callback, each for itself', () => {
    expect(resumable(undefined, (ssl) => ssl.setSessionTicketCb(() => false))).toBe(0)
    let asked = 0
    expect(resumable(undefined, (ssl) => ssl.setSessionTicketCb(() => asked++ > 0))).toBe(isTls13 ? 1 : 0)
    expect(asked).toBe(isTls13 ? 2 : 1)
  })

  it('end the handshake with what the callback throws', () => {
    const thrown = new RangeError('no')
    const { link } = linked(undefined, (ssl) => ssl.setSessionTicketCb(() => { throw thrown }))
    expect(() => link.handshake()).toThrow(thrown)
    expect(link.server.ssl.accept()).toMatchObject({ ret: -1, error: SSL_ERROR_SSL })
    expect(link.server.ssl.getAlert()).toMatchObject({ from: 'us', level: 'fatal', description: 80 })
    link.free()
  })
})

describe.each(VERSIONS)('SSL_set_max_send_fragment(3) under %s', (version) => {
  it('holds for one connection, from then on', () => {
    let largest = 0
    const link = new Link(lib, {
      version, tap: (_, records) => {
        for (let at = 0; at < records.byteLength; at += 5 + (records[at + 3]! << 8 | records[at + 4]!)) {
          if (records[at] === 23) largest = Math.max(largest, records[at + 3]! << 8 | records[at + 4]!)
        }
      },
    }).established()
    link.client.ssl.setMaxSendFragment(600)
    largest = 0
    link.send('client', new Uint8Array(2000))
    expect(largest).toBeGreaterThan(600)
    expect(largest).toBeLessThan(700)
    link.client.ssl.setMaxSendFragment(16_384)
    link.send('client', new Uint8Array(2000))
    expect(largest).toBeGreaterThan(2000)
    for (const bytes of [0, 511, 16_385]) {
      expect(() => link.client.ssl.setMaxSendFragment(bytes))
        .toThrow(expect.objectContaining({ code: expect.any(String) as string, name: 'ApiMisuseError' }))
    }
    link.free()
  })
})
