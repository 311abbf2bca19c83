// Who the peer is: each way of not being who it should be has its code, its depth, its certificate and its alert.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  CertificateError, fatalError, load, PeerError, SSL_ERROR_SSL, SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_NONE,
  SSL_VERIFY_PEER, X509Store, type LibSsl, type Ssl, type SslCtx, type X509,
} from '../../src/core.js'
import { authority, date, file, localhost, openssl, temporaryAuthority, type KeyPair } from '../helpers/certificates.js'
import { writeFileSync } from 'node:fs'
import { Link, text, utf8, VERSIONS, type LinkOptions } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const stranger = temporaryAuthority('a stranger')
/** Another CA of the same name, with a key of its own. */
const namesake = temporaryAuthority()

/** A leaf below an intermediate CA below the test CA; `chain` is what a server has to send. */
function intermediate(): { leaf: KeyPair; chain: string; intermediate: string } {
  const [key, csr, cert, ext] = ['int.key', 'int.csr', 'int.pem', 'int.ext'].map(file) as [string, string, string, string]
  writeFileSync(ext, 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n')
  openssl(
    'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', csr, '-subj',
    '/CN=intermediate',
  )
  openssl(
    'x509', '-req', '-in', csr, '-CA', authority.ca.certFile, '-CAkey', authority.ca.keyFile, '-set_serial', '77', '-days', '10',
    '-extfile', ext, '-out', cert,
  )
  const [
    leafKey, leafCsr, leafCert, leafExt,
  ] = ['below.key', 'below.csr', 'below.pem', 'below.ext'].map(file) as [string, string, string, string]
  writeFileSync(leafExt, 'subjectAltName=DNS:localhost\n')
  openssl(
    'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', leafKey, '-out', leafCsr, '-subj',
    '/CN=below',
  )
  openssl(
    'x509', '-req', '-in', leafCsr, '-CA', cert, '-CAkey', key, '-set_serial', '78', '-days', '10', '-extfile', leafExt, '-out', leafCert,
  )
  const read = (name: string) => openssl('x509', '-in', name)
  const leaf = { certFile: leafCert, keyFile: leafKey, cert: read(leafCert), key: openssl('pkey', '-in', leafKey) }
  return { leaf, chain: leaf.cert + read(cert), intermediate: read(cert) }
}
const deep = intermediate()

interface Refusal {
  readonly title: string
  readonly options: LinkOptions
  readonly code: string
  readonly verifyCode: number
  readonly depth: number
  readonly subject: string
  readonly alert: number
}

const CA_SUBJECT = 'CN=libssl-wasm test CA,O=libssl-wasm'
const ip = (address: string) => ({ prepare: (ssl: Ssl) => { ssl.set1Ipaddr(address) } })
const refusals: readonly Refusal[] = [
  { title: 'for another host', options: { dnsname: 'www.example.org' }, code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 62, depth: 0,
    subject: 'CN=localhost', alert: 42 },
  { title: 'for another address', options: { dnsname: null, client: ip('192.0.2.1') }, code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 64,
    depth: 0, subject: 'CN=localhost', alert: 42 },
  {
    title: 'of a name in its subject alone',
    options: { identity: authority.leaf({ name: 'only.example', san: 'DNS:other.example' }), dnsname: 'only.example' },
    code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 62, depth: 0, subject: 'CN=only.example', alert: 42,
  },
  {
    title: 'that has expired', options: { identity: authority.leaf({ name: 'old', notBefore: date(-10), notAfter: date(-1) }) },
    code: 'CERT_HAS_EXPIRED', verifyCode: 10, depth: 0, subject: 'CN=old', alert: 45,
  },
  {
    title: 'that is not yet valid', options: { identity: authority.leaf({ name: 'early', notBefore: date(1), notAfter: date(10) }) },
    code: 'CERT_NOT_YET_VALID', verifyCode: 9, depth: 0, subject: 'CN=early', alert: 42,
  },
  {
    title: 'that is signed by itself', options: { identity: authority.leaf({ name: 'self', selfSigned: true }) },
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT', verifyCode: 18, depth: 0, subject: 'CN=self', alert: 48,
  },
  { title: 'of an unknown CA', options: { ca: stranger.ca.cert }, code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', verifyCode: 20, depth: 0,
    subject: 'CN=localhost', alert: 48 },
  { title: 'when nothing is trusted', options: { ca: null }, code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', verifyCode: 20, depth: 0,
    subject: 'CN=localhost', alert: 48 },
  {
    title: 'of an unknown CA that sends its root along',
    options: { ca: stranger.ca.cert, identity: { cert: localhost.cert + authority.ca.cert, key: localhost.key } },
    code: 'SELF_SIGNED_CERT_IN_CHAIN', verifyCode: 19, depth: 1, subject: CA_SUBJECT, alert: 48,
  },
  {
    title: 'without the intermediate that signed it', options: { identity: { cert: deep.leaf.cert, key: deep.leaf.key } },
    code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', verifyCode: 20, depth: 0, subject: 'CN=below', alert: 48,
  },
  {
    title: 'below an intermediate whose root is unknown',
    options: { ca: stranger.ca.cert, identity: { cert: deep.chain, key: deep.leaf.key } }, code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    verifyCode: 20, depth: 1, subject: 'CN=intermediate', alert: 48,
  },
]

describe.each(VERSIONS)('%s', (version) => {
  describe('fatalError', () => {
    for (const {
      title, options, code, verifyCode, depth, subject, alert,
    } of refusals) it(`is a CertificateError for a certificate ${title}`, () => {
      const link = new Link(lib, { version, ...options })
      const { client, server } = link.handshake()
      expect(client).toEqual({ ret: -1, error: SSL_ERROR_SSL })
      const error = fatalError(link.client.ssl, client)
      expect(error).toBeInstanceOf(CertificateError)
      expect(error).toMatchObject({
        name: 'CertificateError', code, verifyCode, depth, certificate: { subject },
        alert: { from: 'us', level: 'fatal', description: alert },
      })
      expect(error.opensslErrorStack.map((entry) => entry.code)).toContain('ERR_SSL_CERTIFICATE_VERIFY_FAILED')
      expect(error.message).not.toBe('')
      expect(link.client.ssl.getVerifyResult()).toBe(verifyCode)
      // The server learns of it by the alert; a TLS 1.3 server was done before the client looked.
      const seen = server.ret === 1 ? link.server.ssl.read(new Uint8Array(1)) : server
      expect(seen).toEqual({ ret: seen.ret, error: SSL_ERROR_SSL })
      expect(seen.ret).toBeLessThanOrEqual(0)
      const refusal = fatalError(link.server.ssl, seen)
      expect(refusal).toBeInstanceOf(PeerError)
      expect(refusal).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: alert } })
      link.free()
    })

    it('is about the certificate that was refused at last, not one that the callback let pass', () => {
      const calls: [boolean, number, number][] = []
      const link = new Link(lib, {
        version, ca: null, identity: { cert: deep.chain, key: deep.leaf.key }, dnsname: 'elsewhere.example',
        client: {
          prepare: (ssl) => { ssl.setVerifyCb((ok, depth, code) => { calls.push([ok, depth, code]); return ok || depth > 0 ? 1 : 0 }) },
        },
      })
      const { client } = link.handshake()
      expect(calls[0]).toEqual([false, 1, 20])
      expect(fatalError(link.client.ssl, client)).toMatchObject({ depth: 0, certificate: { subject: 'CN=below' } })
      link.free()
    })
  })

  describe('SSL_set_verify(3)', () => {
    it.each<[string, LinkOptions]>([
      ['the CA signed it and the name is in it', {}],
      ['the address is in it', { dnsname: null, client: ip('127.0.0.1') }],
      ['the IPv6 address is in it', { dnsname: null, client: ip('::1') }],
      ['no name is asked for', { dnsname: null }],
      ['the chain leads over an intermediate', { identity: { cert: deep.chain, key: deep.leaf.key } }],
      ['a wildcard covers the name', { identity: authority.leaf({ san: 'DNS:*.example.org' }), dnsname: 'www.example.org' }],
      ['the CA is one of several that are trusted', { ca: stranger.ca.cert + authority.ca.cert }],
      ['it signed itself and is trusted itself',
        (() => { const self = authority.leaf({ selfSigned: true }); return { identity: self, ca: self.cert } })()],
    ])('lets a certificate pass when %s', (_, options) => {
      const link = new Link(lib, { version, ...options }).established()
      expect(link.client.ssl.getVerifyResultName()).toBe('X509_V_OK')
      expect(link.client.ssl.getVerifyFailure()).toEqual({ depth: -1, certificate: undefined })
      expect(text(link.send('client', utf8('trusted')))).toBe('trusted')
      link.free()
    })

    it('lets anything pass with SSL_VERIFY_NONE, and says what it thinks of it', () => {
      const link = new Link(lib, { version, ca: null, client: { configure: (ctx) => { ctx.setVerify(SSL_VERIFY_NONE) } } }).established()
      expect(link.client.ssl.getVerifyResultName()).toBe('X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
      link.free()
    })

    it('lets pass what the callback says 1 to', () => {
      const link = new Link(
        lib, { version, ca: null, dnsname: 'elsewhere.example', client: { prepare: (ssl) => { ssl.setVerifyCb(() => 1) } } },
      )
      expect(text(link.established().send('client', utf8('trusted')))).toBe('trusted')
      link.free()
    })
  })

  describe('A certificate that has passed before', () => {
    const outcome = (options: LinkOptions) => {
      const link = new Link(lib, { version, ...options })
      link.handshake()
      const result = link.client.ssl.getVerifyResultName()
      link.free()
      return result
    }

    it('is signed by one CA only, though another has the same name', () => {
      const identity = authority.leaf({ extensions: 'subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n' })
      for (const trusted of [authority, namesake, authority, namesake]) {
        expect(outcome({ identity, ca: trusted.ca.cert })).toBe(trusted === authority ? 'X509_V_OK' : 'X509_V_ERR_CERT_SIGNATURE_FAILURE')
      }
      const both = namesake.ca.cert + authority.ca.cert
      expect(outcome({ ca: both, identity: namesake.leaf() })).toBe('X509_V_OK')
    })

    const changed = (cert: string, change: (der: Buffer) => void) => {
      const der = Buffer.from(cert.replace(/-----.*-----/g, ''), 'base64')
      change(der)
      return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`
    }

    it('is refused when its signature is another one', () => {
      const other = changed(localhost.cert, (der) => { der[der.length - 1]! ^= 1 })
      for (const shown of [localhost.cert, other, localhost.cert, other]) {
        expect(outcome({ identity: { cert: shown, key: localhost.key } }))
          .toBe(shown === other ? 'X509_V_ERR_CERT_SIGNATURE_FAILURE' : 'X509_V_OK')
      }
    })

    it('has the same errors again if an extension cannot be read', () => {
      const ca = changed(authority.ca.cert, (der) => { der[der.indexOf(Buffer.from('0603551d13', 'hex')) + 10] = 0x31 })
      const errors = [1, 2].map(() => {
        const link = new Link(lib, { version, ca })
        const { opensslErrorStack } = fatalError(link.client.ssl, link.handshake().client)
        link.free()
        return opensslErrorStack?.map(({ code }) => code)
      })
      expect(errors[0]).toContain('ERR_X509_V3_INVALID_CERTIFICATE')
      expect(errors[1]).toEqual(errors[0])
    })

    it('is trusted by each store as that store was told', () => {
      const rejected = openssl('x509', '-in', authority.ca.certFile, '-trustout', '-addreject', 'serverAuth')
      for (const ca of [authority.ca.cert, rejected, authority.ca.cert, rejected]) {
        expect(outcome({ ca })).toBe(ca === rejected ? 'X509_V_ERR_CERT_REJECTED' : 'X509_V_OK')
      }
    })

    it('is checked anew for all else', () => {
      const name = (dnsname: string) => outcome({ dnsname })
      expect(['localhost', 'www.example.org', 'localhost'].map(name)).toEqual(['X509_V_OK', 'X509_V_ERR_HOSTNAME_MISMATCH', 'X509_V_OK'])
      expect([null, authority.ca.cert].map((ca) => outcome({ ca }))).toEqual(['X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'X509_V_OK'])
    })
  })

  describe('SSL_get0_peer_certificate(3) and SSL_get_peer_cert_chain(3)', () => {
    it('are what the server sent, as a client sees it', () => {
      const link = new Link(lib, { version, identity: { cert: deep.chain, key: deep.leaf.key } }).established()
      const chain = link.client.ssl.getPeerCertChain()
      expect(chain.map(({ subject }) => subject)).toEqual(['CN=below', 'CN=intermediate'])
      const leaf = link.client.ssl.getPeerCertificate() as X509
      expect(leaf).toEqual(chain[0])
      expect(leaf).toMatchObject({ issuer: 'CN=intermediate', subjectAltName: 'DNS:localhost', serialNumber: '4E' })
      expect(leaf.fingerprint256)
        .toBe(openssl('x509', '-in', deep.leaf.certFile, '-noout', '-fingerprint', '-sha256').split('=')[1]!.trim())
      expect(leaf.validTo).toEqual(new Date(openssl('x509', '-in', deep.leaf.certFile, '-noout', '-enddate').split('=')[1]!))
      expect(leaf.validFrom).toEqual(new Date(openssl('x509', '-in', deep.leaf.certFile, '-noout', '-startdate').split('=')[1]!))
      expect(Buffer.from(leaf.raw).toString('base64')).toBe(deep.leaf.cert.replace(/-----.*-----|\s/g, ''))
      // A client that sent none has none.
      expect(link.server.ssl.getPeerCertificate()).toBeUndefined()
      expect(link.server.ssl.getPeerCertChain()).toEqual([])
      link.free()
    })
  })

  describe('A client\'s certificate', () => {
    const trusting = (mode: number) => ({ configure: (ctx: SslCtx) => {
      const store = new X509Store(lib)
      store.addCerts(authority.ca.cert)
      ctx.set1CertStore(store)
      store.free()
      ctx.setVerify(mode)
    } })
    const showing = (pair: { cert: string; key: string }) => ({
      configure: (ctx: SslCtx) => { ctx.useCertificateChain(pair.cert); ctx.usePrivateKey(pair.key) },
    })

    it('is shown to a server that asks for it', () => {
      const identity = { cert: authority.leaf({ name: 'somebody' }), chain: deep }
      const link = new Link(
        lib, { version, client: showing(identity.cert), server: trusting(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) },
      ).established()
      expect(link.server.ssl.getPeerCertificate()?.subject).toBe('CN=somebody')
      expect(link.server.ssl.getVerifyResultName()).toBe('X509_V_OK')
      link.free()
      const chained = new Link(
        lib, { version, client: showing({ cert: deep.chain, key: deep.leaf.key }), server: trusting(SSL_VERIFY_PEER) },
      ).established()
      expect(chained.server.ssl.getPeerCertChain().map(({ subject }) => subject)).toEqual(['CN=below', 'CN=intermediate'])
      chained.free()
    })

    it('may be missing with SSL_VERIFY_PEER alone, and must not with SSL_VERIFY_FAIL_IF_NO_PEER_CERT', () => {
      new Link(lib, { version, server: trusting(SSL_VERIFY_PEER) }).established().free()
      const link = new Link(lib, { version, server: trusting(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) })
      const { server } = link.handshake()
      expect(fatalError(link.server.ssl, server))
        .toMatchObject({ name: 'PeerError', code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', alert: { from: 'us' } })
      link.free()
    })

    it('is refused if a stranger signed it; the client learns of it by the alert', () => {
      const link = new Link(lib, { version, client: showing(stranger.leaf({ name: 'foreign' })), server: trusting(SSL_VERIFY_PEER) })
      const { client, server } = link.handshake()
      expect(fatalError(link.server.ssl, server)).toMatchObject({
        name: 'CertificateError', code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', depth: 0, certificate: { subject: 'CN=foreign' },
      })
      // A TLS 1.3 client was done before the server looked.
      const seen = client.ret === 1 ? link.client.ssl.read(new Uint8Array(1)) : client
      expect(fatalError(link.client.ssl, seen))
        .toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal', description: 48 } })
      link.free()
    })
  })
})
