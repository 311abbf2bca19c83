// SSL_get_error(3): every answer there is, what brings it about, and that the same call, repeated, goes on from there.

import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  BioCallback, CertificateError, fatalError, load, PeerError, SSL_ERROR_NAMES, SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_SYSCALL,
  SSL_ERROR_WANT_ACCEPT, SSL_ERROR_WANT_ASYNC_JOB, SSL_ERROR_WANT_CLIENT_HELLO_CB, SSL_ERROR_WANT_CONNECT, SSL_ERROR_WANT_READ,
  SSL_ERROR_WANT_RETRY_VERIFY, SSL_ERROR_WANT_WRITE, SSL_ERROR_WANT_X509_LOOKUP, SSL_ERROR_ZERO_RETURN, SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
  SSL_VERIFY_PEER, sslErrorName, Ssl, TransportError, X509_V_ERR_APPLICATION_VERIFICATION, X509_V_OK, X509Store, type BioAnswer,
  type LibSsl, type Ssl as SslType, type SslErrorCode,
} from '../../src/core.js'
import { authority, localhost } from '../helpers/certificates.js'
import { CallbackLink, isWish, Link, makeCtx, settle, utf8, VERSIONS, type Side } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const buffer = new Uint8Array(100)
const suspended = (error: SslErrorCode) => ({ ret: -1, error })

describe('SSL_get_error(3)', () => {
  it('has a name for each of its answers', () => {
    expect(Object.keys(SSL_ERROR_NAMES)).toHaveLength(13)
    expect(sslErrorName(SSL_ERROR_WANT_X509_LOOKUP)).toBe('SSL_ERROR_WANT_X509_LOOKUP')
  })

  it('never answers SSL_ERROR_WANT_ASYNC or SSL_ERROR_WANT_ASYNC_JOB by itself: OpenSSL is built without ASYNC jobs', () => {
    const configured = readFileSync(new URL('../../openssl-src/configure.args', import.meta.url), 'utf8')
    expect(configured).toMatch(/^no-async\s/m)
    const seen = new Set<SslErrorCode>()
    const link = new Link(lib, { chunk: () => 7, client: { internalBytes: 100 }, server: { internalBytes: 100 } })
    for (let client, server; client?.ret !== 1 || server?.ret !== 1; link.carry()) {
      client = link.client.handshake()
      link.carry()
      server = link.server.handshake()
      seen.add(client.error).add(server.error)
    }
    seen.add(link.client.ssl.write(utf8('x')).error).add(link.server.ssl.read(buffer).error)
    expect([...seen].sort()).toEqual([SSL_ERROR_NONE, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE])
    link.free()
  })

  it('answers SSL_ERROR_WANT_ASYNC_JOB, not SSL_ERROR_WANT_ASYNC, to who asks for SSL_MODE_ASYNC: there is no job to be had', () => {
    const SSL_MODE_ASYNC = 0x100 // not among this library's constants, for this reason
    const link = new Link(lib, { client: { configure: (ctx) => { ctx.setMode(SSL_MODE_ASYNC) } } })
    for (let i = 0; i < 3; i++) expect(link.client.ssl.connect()).toEqual(suspended(SSL_ERROR_WANT_ASYNC_JOB))
    expect(link.client.takeAll()).toHaveLength(0)
    link.free()
  })

  describe.each(VERSIONS)('%s', (version) => {
    /** Repeats a suspended handshake until both sides are done. */
    function complete(link: Link): void {
      const { client, server } = link.handshake()
      expect({ client, server }).toEqual({ client: { ret: 1, error: SSL_ERROR_NONE }, server: { ret: 1, error: SSL_ERROR_NONE } })
    }

    it('answers SSL_ERROR_NONE after a success, and before any call', () => {
      const link = new Link(lib, { version })
      expect(link.client.ssl.getError()).toBe(SSL_ERROR_NONE)
      link.established()
      expect(link.client.ssl.write(utf8('x')).error).toBe(SSL_ERROR_NONE)
      expect(link.client.ssl.getError()).toBe(SSL_ERROR_NONE)
      link.free()
    })

    it('answers SSL_ERROR_SSL after a fatal error of the protocol', () => {
      const link = new Link(lib, { version, dnsname: 'elsewhere.example' })
      const { client } = link.handshake()
      expect(client).toEqual(suspended(SSL_ERROR_SSL))
      expect(link.client.ssl.getError()).toBe(SSL_ERROR_SSL)
      link.free()
    })

    it('answers SSL_ERROR_WANT_READ when the pair is empty, and SSL_ERROR_WANT_WRITE when it is full', () => {
      const link = new Link(lib, { version, client: { internalBytes: 32 } })
      expect(link.client.handshake().error).toBe(SSL_ERROR_WANT_WRITE)
      expect(link.client.ssl.getError()).toBe(SSL_ERROR_WANT_WRITE)
      while (link.client.handshake().error === SSL_ERROR_WANT_WRITE) link.carry()
      expect(link.client.ssl.getError()).toBe(SSL_ERROR_WANT_READ)
      complete(link)
      link.free()
    })

    it('answers SSL_ERROR_ZERO_RETURN after the peer\'s close_notify', () => {
      const link = new Link(lib, { version }).established()
      link.server.ssl.shutdown()
      link.carry()
      expect(link.client.ssl.read(buffer)).toEqual({ ret: 0, error: SSL_ERROR_ZERO_RETURN })
      expect(link.client.ssl.peek(buffer)).toEqual({ ret: 0, error: SSL_ERROR_ZERO_RETURN })
      expect(link.client.ssl.getError()).toBe(SSL_ERROR_ZERO_RETURN)
      link.free()
    })

    it('answers SSL_ERROR_WANT_X509_LOOKUP while the certificate callback says -1, on a server', () => {
      let calls = 0
      const link = new Link(lib, { version, server: { prepare: (ssl) => { ssl.setCertCb(() => (++calls < 3 ? -1 : 1)) } } })
      link.client.handshake()
      link.carry()
      expect(link.server.handshake()).toEqual(suspended(SSL_ERROR_WANT_X509_LOOKUP))
      expect(link.server.handshake()).toEqual(suspended(SSL_ERROR_WANT_X509_LOOKUP))
      expect(link.server.ssl.getError()).toBe(SSL_ERROR_WANT_X509_LOOKUP)
      complete(link)
      expect(calls).toBe(3)
      link.free()
    })

    it('answers SSL_ERROR_WANT_X509_LOOKUP while the certificate callback says -1, on a client that is asked for one', () => {
      let calls = 0
      const link = new Link(lib, {
        version,
        client: { prepare: (ssl) => { ssl.setCertCb(() => (++calls < 2 ? -1 : 1)) } },
        server: { configure: (ctx) => { ctx.setVerify(SSL_VERIFY_PEER) } },
      })
      link.client.handshake()
      link.carry()
      link.server.handshake()
      link.carry()
      expect(link.client.handshake()).toEqual(suspended(SSL_ERROR_WANT_X509_LOOKUP))
      complete(link)
      expect(calls).toBe(2)
      link.free()
    })

    it('answers SSL_ERROR_SSL when the certificate callback says 0', () => {
      const link = new Link(lib, { version, server: { prepare: (ssl) => { ssl.setCertCb(() => 0) } } })
      link.client.handshake()
      link.carry()
      const result = link.server.handshake()
      expect(result).toEqual(suspended(SSL_ERROR_SSL))
      expect(fatalError(link.server.ssl, result)).toMatchObject({ code: 'ERR_SSL_CERT_CB_ERROR', alert: { from: 'us', description: 80 } })
      link.free()
    })

    it('answers SSL_ERROR_WANT_CLIENT_HELLO_CB while the client hello callback says -1', () => {
      let calls = 0
      const link = new Link(lib, {
        version,
        client: { prepare: (ssl) => { ssl.setTlsextHostName('localhost') } },
        server: { prepare: (ssl) => { ssl.setClientHelloCb(() => (++calls < 3 ? -1 : 1)) } },
      })
      link.client.handshake()
      link.carry()
      expect(link.server.handshake()).toEqual(suspended(SSL_ERROR_WANT_CLIENT_HELLO_CB))
      expect(link.server.handshake()).toEqual(suspended(SSL_ERROR_WANT_CLIENT_HELLO_CB))
      expect(link.server.ssl.getError()).toBe(SSL_ERROR_WANT_CLIENT_HELLO_CB)
      complete(link)
      expect(calls).toBe(3)
      expect(link.server.ssl.getServername()).toBe('localhost')
      link.free()
    })

    it('answers SSL_ERROR_SSL when the client hello callback says 0', () => {
      const link = new Link(lib, { version, server: { prepare: (ssl) => { ssl.setClientHelloCb(() => 0) } } })
      const { client, server } = link.handshake()
      expect(server).toEqual(suspended(SSL_ERROR_SSL))
      expect(fatalError(link.server.ssl, server)).toMatchObject({ code: 'ERR_SSL_CALLBACK_FAILED', alert: { from: 'us', description: 80 } })
      expect(fatalError(link.client.ssl, client)).toMatchObject({ alert: { from: 'peer', description: 80 } })
      link.free()
    })

    it('answers SSL_ERROR_WANT_RETRY_VERIFY while the verification callback says -1', () => {
      const calls: unknown[] = []
      let ready = false
      const link = new Link(lib, { version, client: { prepare: (ssl) => {
        ssl.setVerifyCb((ok, depth, code) => { calls.push([ok, depth, code]); return ready ? 1 : -1 })
      } } })
      link.client.handshake()
      link.carry()
      link.server.handshake()
      link.carry()
      expect(link.client.handshake()).toEqual(suspended(SSL_ERROR_WANT_RETRY_VERIFY))
      expect(link.client.handshake()).toEqual(suspended(SSL_ERROR_WANT_RETRY_VERIFY))
      expect(link.client.ssl.getError()).toBe(SSL_ERROR_WANT_RETRY_VERIFY)
      expect(link.client.ssl.isInitFinished()).toBe(false)
      ready = true
      complete(link)
      expect(calls).toContainEqual([true, 0, X509_V_OK])
      expect(calls).toContainEqual([true, 1, X509_V_OK])
      link.free()
    })

    it('answers SSL_ERROR_SSL when the verification callback says 0 to a certificate that OpenSSL would take', () => {
      const link = new Link(lib, { version, client: { prepare: (ssl) => { ssl.setVerifyCb((_ok, depth) => (depth === 0 ? 0 : 1)) } } })
      const { client } = link.handshake()
      expect(client).toEqual(suspended(SSL_ERROR_SSL))
      const error = fatalError(link.client.ssl, client)
      expect(error).toBeInstanceOf(CertificateError)
      expect(error).toMatchObject({
        code: 'APPLICATION_VERIFICATION', verifyCode: X509_V_ERR_APPLICATION_VERIFICATION, depth: 0,
        certificate: { subject: 'CN=localhost' },
      })
      link.free()
    })

    it('never answers SSL_ERROR_WANT_RETRY_VERIFY on a server: -1 refuses the client\'s certificate', () => {
      const link = new Link(lib, {
        version,
        client: { configure: (ctx) => { ctx.useCertificateChain(localhost.cert); ctx.usePrivateKey(localhost.key) } },
        server: {
          configure: (ctx) => { ctx.setVerify(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) },
          // The server has no trust anchors, so OpenSSL's own verdict is no. -1 must not turn it into a yes.
          prepare: (ssl) => { ssl.setVerifyCb(() => -1) },
        },
      })
      const { server } = link.handshake()
      expect(server).toEqual(suspended(SSL_ERROR_SSL))
      expect(link.server.ssl.isInitFinished()).toBe(false)
      expect(fatalError(link.server.ssl, server)).toBeInstanceOf(CertificateError)
      link.free()
    })

    it('never answers SSL_ERROR_WANT_RETRY_VERIFY on a server: -1 refuses a good certificate too', () => {
      const link = new Link(lib, {
        version,
        client: { configure: (ctx) => { ctx.useCertificateChain(localhost.cert); ctx.usePrivateKey(localhost.key) } },
        server: {
          configure: (ctx) => {
            const store = new X509Store(lib)
            store.addCerts(authority.ca.cert)
            ctx.set1CertStore(store)
            store.free()
            ctx.setVerify(SSL_VERIFY_PEER)
          },
          prepare: (ssl) => { ssl.setVerifyCb(() => -1) },
        },
      })
      const { server } = link.handshake()
      expect(fatalError(link.server.ssl, server)).toMatchObject({ code: 'APPLICATION_VERIFICATION' })
      link.free()
    })

    it.each([
      ['want connect', SSL_ERROR_WANT_CONNECT],
      ['want accept', SSL_ERROR_WANT_ACCEPT],
    ] as const)('answers what a callback BIO\'s %s stands for, in reading and in writing', (answer, code) => {
      for (const which of ['read', 'write'] as const) {
        const link = new CallbackLink(lib, { version })
        let left = 3
        const not = (): BioAnswer | undefined => (left-- > 0 ? answer : undefined)
        const bio = new BioCallback(lib, {
          read: (bytes) => (which === 'read' && not()) || link.toClient.read(bytes),
          write: (bytes) => (which === 'write' && not()) || link.toServer.write(bytes),
        })
        link.client.ssl.setBio(bio)
        for (let i = 0; i < 3; i++) expect(link.client.ssl.connect()).toEqual(suspended(code))
        for (let result = link.client.ssl.connect(); isWish(result); result = link.client.ssl.connect()) {
          settle(link.server.ssl, link.server.ssl.accept())
        }
        expect(link.client.ssl.isInitFinished()).toBe(true)
        link.free()
        bio.free()
      }
    })

    describe.each(['client', 'server'] as const)('SSL_ERROR_SYSCALL, %s', (side: Side) => {
      const handshake = (ssl: SslType) => (side === 'client' ? ssl.connect() : ssl.accept())

      it.each(['read', 'write'] as const)('is the answer when a BIO\'s %s throws, and the call throws the same value', (which) => {
        const thrown = new Error('the cable was cut')
        const link = new CallbackLink(lib, { version })
        if (side === 'server') link.client.ssl.connect()
        const [from, to] = side === 'client' ? [link.toClient, link.toServer] : [link.toServer, link.toClient]
        const bio = new BioCallback(lib, {
          read: (bytes) => { if (which === 'read') throw thrown; return from.read(bytes) },
          write: (bytes) => { if (which === 'write') throw thrown; return to.write(bytes) },
        })
        const { ssl } = link[side]
        ssl.setBio(bio)
        const attempt = () => { try { handshake(ssl) } catch (error) { return error } return 'nothing thrown' }
        expect(attempt()).toBe(thrown)
        expect(ssl.getError()).toBe(SSL_ERROR_SYSCALL)
        expect(ssl.isInitFinished()).toBe(false)
        link.free()
        bio.free()
      })

      it('is the answer when a BIO takes no byte and does not say why', () => {
        const link = new CallbackLink(lib, { version })
        if (side === 'server') link.client.ssl.connect()
        const from = side === 'client' ? link.toClient : link.toServer
        const bio = new BioCallback(lib, { read: from.read, write: () => 0 })
        link[side].ssl.setBio(bio)
        const result = handshake(link[side].ssl)
        expect(result).toEqual(suspended(SSL_ERROR_SYSCALL))
        expect(fatalError(link[side].ssl, result)).toBeInstanceOf(TransportError)
        link.free()
        bio.free()
      })

      it.each([NaN, -1, 1.5, 1e9, 'sometime', undefined, null, {}])('is the answer to a BIO callback that answers %s', (answer) => {
        const ssl = new Ssl(makeCtx(lib, side, { version }))
        const bio = new BioCallback(lib, { read: () => answer as BioAnswer, write: () => answer as BioAnswer })
        ssl.setBio(bio)
        expect(() => handshake(ssl)).toThrow(RangeError)
        expect(ssl.getError()).toBe(SSL_ERROR_SYSCALL)
        ssl.free()
        bio.free()
      })
    })

    it('answers SSL_ERROR_SYSCALL after a BIO below an open connection threw, in reading and in writing', () => {
      const thrown = { any: 'value' }
      for (const which of ['read', 'write'] as const) {
        const link = new CallbackLink(lib, { version })
        for (let result = link.client.ssl.connect(); isWish(result); result = link.client.ssl.connect()) {
          settle(link.server.ssl, link.server.ssl.accept())
        }
        const bio = new BioCallback(lib, { read: () => { throw thrown }, write: () => { throw thrown } })
        const { ssl } = link.client
        ssl.setBio(bio)
        const caught = (() => { try { return which === 'read' ? ssl.read(buffer) : ssl.write(buffer) } catch (error) { return error } })()
        expect(caught).toBe(thrown)
        expect(ssl.getError()).toBe(SSL_ERROR_SYSCALL)
        link.free()
        bio.free()
      }
    })

    it.each(
      ['setCertCb', 'setClientHelloCb', 'setVerifyCb'] as const,
    )('answers SSL_ERROR_SSL when what %s set throws, and the call throws the same value', (setter) => {
      const thrown = new Error('no')
      const side = setter === 'setVerifyCb' ? 'client' : 'server'
      const link = new Link(lib, { version, [side]: { prepare: (ssl: SslType) => { ssl[setter](() => { throw thrown }) } } })
      let caught: unknown
      try { link.handshake() } catch (error) { caught = error }
      expect(caught).toBe(thrown)
      expect(link[side].ssl.getError()).toBe(SSL_ERROR_SSL)
      expect([PeerError, CertificateError]).toContain(fatalError(link[side].ssl, suspended(SSL_ERROR_SSL)).constructor)
      link.free()
    })
  })
})
