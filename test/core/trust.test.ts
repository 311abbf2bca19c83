// The core's part of trust: the verdict on a chain, stores and lists, OCSP, an identity chosen late, a late alert.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  fatalError, load, SSL_ERROR_SSL, SSL_ERROR_WANT_RETRY_VERIFY, SSL_ERROR_WANT_X509_LOOKUP, SSL_VERIFY_PEER, SslCtx,
  LSW_OCSP_REQUIRE, X509_V_ERR_CERT_REVOKED, X509_V_FLAG_CRL_CHECK, X509_V_OK, X509Store, type LibSsl, type Ssl,
} from '../../src/core.js'
import { authority, localhost, temporaryAuthority } from '../helpers/certificates.js'
import { crl, ocsp, pinOf } from '../../tools/revocation.js'
import { leaks, Link, VERSIONS, type LinkOptions } from '../helpers/link.js'

const stranger = temporaryAuthority('a stranger')
const client = authority.leaf({ name: 'client', san: 'DNS:client.example' })

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const store = (fill: (store: X509Store) => void) => (ctx: SslCtx) => {
  const own = new X509Store(lib)
  try {
    own.addCerts(authority.ca.cert)
    fill(own)
    ctx.set1CertStore(own)
    ctx.setVerify(SSL_VERIFY_PEER)
  } finally {
    own.free()
  }
}

describe.each(VERSIONS)('%s', (version) => {
  function handshake(options: LinkOptions) {
    const link = new Link(lib, { version, ...options })
    const results = link.handshake()
    return { link, ...results }
  }

  it('Ssl.setCertVerifyCallback is asked once, with the verdict and the chain; its answer counts', () => {
    const seen: unknown[] = []
    const { link, client: result } = handshake({ client: { prepare: (ssl) => ssl.setCertVerifyCallback((ok, code) => {
      seen.push([
        ok, code, ssl.getVerifiedChain().map(({ subject }) => subject),
        ssl.getVerifiedChainSpkiSha256().map((hash) => `sha256/${Buffer.from(hash).toString('base64')}`),
      ])
      return 1
    }) } })
    expect(result.ret).toBe(1)
    expect(seen)
      .toEqual([[true, X509_V_OK, ['CN=localhost', 'CN=libssl-wasm test CA,O=libssl-wasm'], [pinOf(localhost), pinOf(authority.ca)]]])
    expect(link.client.ssl.getVerifiedChain().map(({ subject }) => subject))
      .toEqual(['CN=localhost', 'CN=libssl-wasm test CA,O=libssl-wasm'])
    link.free()
  })

  it('Ssl.setCertVerifyCallback may accept what OpenSSL refuses, which is still told', () => {
    const { link, client: result } = handshake({
      ca: stranger.ca.cert, client: { prepare: (ssl) => ssl.setCertVerifyCallback((ok) => (ok ? 0 : 1)) },
    })
    expect(result.ret).toBe(1)
    expect(link.client.ssl.getVerifyResultName()).toBe('X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    link.free()
  })

  it('Ssl.setCertVerifyCallback may suspend a client, and is asked again', () => {
    let answer: -1 | 1 = -1
    let asked = 0
    const { link, client: result } = handshake({
      client: { prepare: (ssl) => ssl.setCertVerifyCallback(() => { asked++; return answer }) },
    })
    expect(result).toEqual({ ret: -1, error: SSL_ERROR_WANT_RETRY_VERIFY })
    answer = 1
    link.established()
    expect(asked).toBeGreaterThan(1)
    link.free()
  })

  it('Ssl.sendFatalAlert tells the peer of an established connection, and ends it', () => {
    const link = new Link(lib, { version }).established()
    link.server.ssl.sendFatalAlert(46)
    expect(link.server.ssl.getAlert()).toEqual({ from: 'us', level: 'fatal', description: 46 })
    link.carry()
    const read = link.client.ssl.read(new Uint8Array(10))
    expect(read.error).toBe(SSL_ERROR_SSL)
    expect(fatalError(link.client.ssl, read)).toMatchObject({ name: 'PeerError', alert: { from: 'peer', description: 46 } })
    expect(link.server.ssl.write(new Uint8Array(1)).ret).toBeLessThan(1)
    link.free()
  })

  it('Ssl.useIdentityOf shows what another context has, in the middle of the handshake', () => {
    const other = new SslCtx(lib, 'TLS_client_method')
    other.useCertificateChain(client.cert)
    other.usePrivateKey(client.key)
    let verdict: -1 | 1 = -1
    let names: string[] = []
    const link = new Link(lib, {
      version,
      client: {
        prepare: (ssl) =>
        ssl.setCertCb(() => { names = ssl.get0PeerCaList(); if (verdict === 1) ssl.useIdentityOf(other); return verdict }),
      },
      server: { configure: (ctx) => store((own) => ctx.addToCaList(own))(ctx) },
    })
    expect(link.handshake().client.error).toBe(SSL_ERROR_WANT_X509_LOOKUP)
    verdict = 1
    link.established()
    expect(names).toEqual(['CN=libssl-wasm test CA,O=libssl-wasm'])
    expect(link.server.ssl.getPeerCertificate()?.subject).toBe('CN=client')
    link.free()
    other.free()
  })

  it('SslCtx.addToCaList names nobody to servers', () => {
    let names: string[] | undefined
    const link = new Link(lib, {
      version,
      client: { configure: (ctx) => store((own) => ctx.addToCaList(own))(ctx) },
      server: { prepare: (ssl) => ssl.setCertCb(() => { names = ssl.get0PeerCaList(); return 1 }) },
    }).established()
    expect(names).toEqual([])
    link.free()
  })

  it('SslCtx.setMaxCertList and Ssl.setMaxCertList limit what the peer may send', () => {
    const short = handshake({ client: { configure: (ctx) => ctx.setMaxCertList(100) } })
    expect(fatalError(short.link.client.ssl, short.client)).toMatchObject({ code: 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE' })
    short.link.free()
    const enough = handshake({ client: { configure: (ctx) => ctx.setMaxCertList(100), prepare: (ssl) => ssl.setMaxCertList(102_400) } })
    expect(enough.client.ret).toBe(1)
    for (const bytes of [-1, 0.5, NaN, 2 ** 31]) {
      expect(() => enough.link.client.ssl.setMaxCertList(bytes)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    }
    enough.link.free()
  })

  it('nothing of it leaks', () => {
    const list = crl(authority, { revoked: [client] })
    const staple = ocsp(authority, localhost)
    const trusts = (fail: boolean) => () => {
      const other = new SslCtx(lib, 'TLS_client_method')
      other.useCertificateChain(client.cert)
      other.usePrivateKey(client.key)
      const { link } = handshake({
        client: {
          prepare: (ssl: Ssl) => {
            ssl.add1Dnsname('other.example')
            ssl.requestOcsp(LSW_OCSP_REQUIRE)
            ssl.setCertVerifyCallback(() => { ssl.getVerifiedChain(); ssl.getVerifiedChainSpkiSha256(); return 1 })
            ssl.setCertCb(() => { ssl.get0PeerCaList(); ssl.useIdentityOf(other); return 1 })
          },
        },
        server: {
          configure: store((own) => {
            own.addCrls(list)
            const copy = new X509Store(lib)
            copy.addStore(own)
            copy.free()
          }),
          prepare: (ssl) => ssl.setTlsextStatusCb(() => { if (!fail) ssl.setTlsextStatusOcspResp(staple); return !fail }),
        },
      })
      expect(link.client.ssl.getVerifyResult() === X509_V_OK).toBe(!fail)
      if (!fail) link.server.ssl.sendFatalAlert(46)
      link.free()
      other.free()
    }
    expect(leaks(lib, 20, trusts(false))).toBe(false)
    expect(leaks(lib, 20, trusts(true))).toBe(false)
    const refused = () => {
      const { link } = handshake({
        client: { configure: (ctx) => { ctx.useCertificateChain(client.cert); ctx.usePrivateKey(client.key) } },
        server: { configure: (ctx) => { store((own) => own.addCrls(list))(ctx); ctx.setVerifyFlags(X509_V_FLAG_CRL_CHECK) } },
      })
      expect(link.server.ssl.getVerifyResult()).toBe(X509_V_ERR_CERT_REVOKED)
      link.free()
      const own = new X509Store(lib)
      expect(() => own.addCrls(list.slice(0, -60))).toThrow()
      expect(() => own.addCrls(new Uint8Array([0x30, 3, 1, 2, 3]))).toThrow()
      own.free()
    }
    expect(leaks(lib, 20, refused)).toBe(false)
  })

  it('a response with any byte changed is refused, wherever its signature counts', () => {
    const good = ocsp(authority, localhost)
    const outcome = (staple: Uint8Array) => {
      const { link } = handshake({
        client: { prepare: (ssl) => ssl.requestOcsp(LSW_OCSP_REQUIRE) },
        server: { prepare: (ssl) => ssl.setTlsextStatusCb(() => { ssl.setTlsextStatusOcspResp(staple); return true }) },
      })
      const { ssl } = link.client
      const result = ssl.isInitFinished() ? 'accepted' : ssl.getVerifyResult() === X509_V_OK ? 'refused without a word' : 'refused'
      link.free()
      return result
    }
    expect(outcome(good)).toBe('accepted')
    // The CA's certificate follows the signature, and is no part of what is signed.
    const signed = Buffer.from(good).indexOf(Buffer.from(authority.ca.cert.replace(/-----[^-]+-----/g, ''), 'base64'))
    expect(signed).toBeGreaterThan(200)
    for (let at = 0; at < good.length; at += at < signed ? 3 : 31) {
      const changed = Uint8Array.from(good)
      changed[at]! ^= 0x15
      const what = outcome(changed)
      if (at < signed - 40) expect([at, what]).not.toEqual([at, 'accepted'])
    }
  })
})
