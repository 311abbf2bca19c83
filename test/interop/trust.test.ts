// Whom to believe, against peers that others wrote: names, anchors, pins, revocation, OCSP, client certificates, verify.

import { existsSync } from 'node:fs'
import { createServer as createTlsServer, connect as tlsConnect, type TLSSocket, type TlsOptions } from 'node:tls'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest'
import { connect, type AcceptOptions, type ConnectOptions } from '../../src/index.js'
import { mozillaRoots } from '../../src/roots.js'
import { authority, file, localhost, temporaryAuthority } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { crl, ocsp, ocspFile, pinOf } from '../../tools/revocation.js'
import { bodyOf, fetchPage, readAll, send } from './peers/bytes.js'
import { startGnutlsClient, startGnutlsServer } from './peers/gnutls.js'
import { client, only, versions } from './peers/matrix.js'
import { Namespace } from './peers/namespace.js'
import { startNginx } from './peers/nginx.js'
import { startOpensslClient, startOpensslServer } from './peers/openssl.js'
import { acceptOne, connectTo, listening } from './peers/tcp.js'

const stranger = temporaryAuthority('a stranger')
const intermediate = temporaryAuthority('an intermediate', authority)
const beneath = intermediate.leaf()
const wild = authority.leaf({ name: 'wild', san: 'DNS:*.example.org,IP:127.0.0.1' })
const stapler = authority.leaf({ name: 'stapler', extensions: 'tlsfeature=status_request\n' })
const revoked = authority.leaf({ name: 'revoked' })
const lists = () => [crl(authority, { revoked: [revoked] }), crl(intermediate)]

const outcome = (promise: Promise<unknown>) => promise.then(() => 'accepted', (error: unknown) => error)

/** Our client's handshake: `'accepted'`, or the error. */
async function dialled(port: number, options: Partial<ConnectOptions> = {}): Promise<unknown> {
  const connection = await connectTo(port, options)
  const result = await outcome(connection.opened)
  connection.abort()
  return result
}

async function nodeServer(
  options: TlsOptions, onOcspRequest?: (respond: (error: null, response: Buffer) => void) => void,
): Promise<number> {
  const server = createTlsServer({ cert: localhost.cert, key: localhost.key, ...options }, (socket) => { socket.on('error', () => {}) })
  server.on('tlsClientError', () => {})
  if (onOcspRequest) server.on('OCSPRequest', (_cert, _issuer, respond) => onOcspRequest(respond))
  onTestFinished(() => void server.close())
  return listening(server)
}

describe.each(versions)('%s', { timeout: 20_000 }, (version) => {
  describe('openssl', () => {
    const peer = { peer: 'openssl s_server', role: 'client', version } as const
    const peerClient = { peer: 'openssl s_client', role: 'server', version } as const

    proves('names', peer, 'a wildcard, an IP address and several accepted names match, others do not', async () => {
      const { port } = await startOpensslServer(wild, version)
      for (const right of [
        { servername: 'a.example.org' }, { servername: 'a_b.example.org' }, { servername: '127.0.0.1' },
        { servername: 'front.example', acceptedNames: ['b.example', 'b.example.org'] },
      ]) {
        expect(await dialled(port, right)).toBe('accepted')
      }
      for (const wrong of [
        { servername: 'example.org' }, { servername: 'a.b.example.org' }, { servername: '127.0.0.2' },
        { servername: 'a.example.org', acceptedNames: ['b.example', 'c.example'] },
      ]) {
        expect(await dialled(port, wrong)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
      }
    })

    proves('names', peer, 'servername is what is asked for, whatever is accepted', async () => {
      // It shows its second certificate to whom asks for that name.
      const { port } = await startOpensslServer(
        localhost, version, ['-www', '-servername', 'front.example', '-cert2', wild.certFile, '-key2', wild.keyFile],
      )
      expect(await dialled(port, { servername: 'front.example', acceptedNames: 'a.example.org' })).toBe('accepted')
      expect(await dialled(port, { servername: 'else.example', acceptedNames: 'a.example.org' }))
        .toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    })

    proves('names', peerClient, 'the name that is asked for is told', async () => {
      const server = await acceptOne()
      await startOpensslClient(server.port, version)
      expect((await (await server.connection).opened).servername).toBe('localhost')
    })

    proves('roots', peer, 'additions to Mozilla\'s roots are trusted, and nobody else', async () => {
      const { port } = await startOpensslServer(localhost, version)
      expect(await dialled(port, { ca: mozillaRoots, additionalCa: authority.ca.cert })).toBe('accepted')
      expect(await dialled(port, { ca: mozillaRoots })).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
      expect(await dialled(port, { ca: undefined as never, additionalCa: authority.ca.cert })).toBe('accepted')
      expect(await dialled(port, { ca: undefined as never, additionalCa: stranger.ca.cert })).toMatchObject({ name: 'CertificateError' })
    })

    proves('roots', peer, 'an intermediate completes a chain, and is an anchor of a partial one', async () => {
      const { port } = await startOpensslServer(beneath, version)
      expect(await dialled(port)).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
      expect(await dialled(port, { additionalCa: intermediate.ca.cert })).toBe('accepted')
      expect(await dialled(port, { ca: intermediate.ca.cert })).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT' })
      expect(await dialled(port, { ca: intermediate.ca.cert, partialChain: true })).toBe('accepted')
    })

    proves('roots', peerClient, 'a client beneath an intermediate is trusted by a partial chain', async () => {
      const server = await acceptOne({ ca: intermediate.ca.cert, partialChain: true })
      await startOpensslClient(server.port, version, ['-cert', beneath.certFile, '-key', beneath.keyFile])
      expect(await (await server.connection).opened).toMatchObject({ verifyResult: 'X509_V_OK' })
    })

    proves('pins', peer, 'one of the chain\'s keys must be pinned', async () => {
      const { port } = await startOpensslServer(beneath, version, ['-www', '-cert_chain', intermediate.ca.certFile])
      for (const pair of [beneath, intermediate.ca, authority.ca]) {
        expect(await dialled(port, { pins: [pinOf(stranger.ca), pinOf(pair)] })).toBe('accepted')
      }
      expect(await dialled(port, { pins: [pinOf(stranger.ca), pinOf(localhost)] })).toMatchObject({ code: 'ERR_TLS_CERT_PIN_MISMATCH' })
    })

    proves('pins', peerClient, 'a client without a pinned key gets the alert', async () => {
      const server = await acceptOne({ ca: authority.ca.cert, pins: pinOf(wild) })
      const openssl = await startOpensslClient(server.port, version, ['-cert', client.certFile, '-key', client.keyFile])
      expect(await outcome((await server.connection).opened)).toMatchObject({ code: 'ERR_TLS_CERT_PIN_MISMATCH' })
      await openssl.printed(/alert certificate unknown/)
    })

    proves('crl', peer, 'a revoked server is refused, one that is not listed is accepted', async () => {
      expect(await dialled((await startOpensslServer(localhost, version)).port, { crl: lists() })).toBe('accepted')
      const { peer: server, port } = await startOpensslServer(revoked, version)
      expect(await dialled(port, { crl: lists() }))
        .toMatchObject({ code: 'CERT_REVOKED', depth: 0, certificate: { subject: 'CN=revoked' } })
      await server.printed(/alert certificate revoked/)
    })

    proves('crl', peerClient, 'a revoked client is refused, and gets the alert', async () => {
      const server = await acceptOne({ ca: authority.ca.cert, crl: lists() })
      const openssl = await startOpensslClient(server.port, version, ['-cert', revoked.certFile, '-key', revoked.keyFile])
      expect(await outcome((await server.connection).opened)).toMatchObject({ code: 'CERT_REVOKED', depth: 0 })
      await openssl.printed(/alert certificate revoked/)
    })

    proves('ocsp', peer, 'a staple is required and must be good', async () => {
      const staple = async (...args: Parameters<typeof ocspFile>) =>
        (await startOpensslServer(args[1], version, ['-www', '-status_file', ocspFile(...args)])).port
      expect(await dialled(await staple(authority, localhost), { ocsp: 'require' })).toBe('accepted')
      expect(await dialled(await staple(authority, localhost, { status: 'revoked' }), { ocsp: 'request' }))
        .toMatchObject({ code: 'CERT_REVOKED', depth: 0 })
      expect(await dialled(await staple(stranger, localhost), { ocsp: 'request' }))
        .toMatchObject({ name: 'CertificateError', code: 'OCSP_SIGNATURE_FAILURE' })
      expect(await dialled((await startOpensslServer(localhost, version)).port, { ocsp: 'require' }))
        .toMatchObject({ code: 'OCSP_NO_RESPONSE', alert: { description: 113 } })
    })

    proves('ocsp', peer, 'a certificate that must be stapled is refused without, once it is asked', async () => {
      const { port } = await startOpensslServer(stapler, version)
      expect(await dialled(port)).toBe('accepted')
      expect(await dialled(port, { ocsp: 'request' })).toMatchObject({ code: 'OCSP_NO_RESPONSE' })
    })

    proves('ocsp', peerClient, 'a staple is served to who asks', async () => {
      const server = await acceptOne({ ocspResponse: ocsp(authority, localhost) })
      const openssl = await startOpensslClient(server.port, version, ['-status'])
      await openssl.printed(/OCSP Response Status: successful[^]*Cert Status: good/)
    })

    proves('verify-callback', peer, 'takes its time over the chain, and accepts or refuses', async () => {
      const { peer: server, port } = await startOpensslServer(localhost, version)
      const seen: string[] = []
      const ask = (answer: boolean): NonNullable<ConnectOptions['verify']> => async (chain) => {
        await new Promise((resolve) => { setTimeout(resolve, 20) })
        seen.push(...chain.map(({ subject }) => subject))
        return answer
      }
      expect(await dialled(port, { verify: ask(true) })).toBe('accepted')
      expect(seen).toEqual(['CN=localhost', 'CN=libssl-wasm test CA,O=libssl-wasm'])
      expect(await dialled(port, { verify: ask(false) })).toMatchObject({ code: 'APPLICATION_VERIFICATION' })
      await server.printed(/alert certificate unknown/)
    })

    proves('verify-callback', peer, 'replaces OpenSSL\'s verdict where it is told to', async () => {
      const own = stranger.leaf({ name: 'own', selfSigned: true })
      const { port } = await startOpensslServer(own, version)
      const verify: NonNullable<ConnectOptions['verify']> = async ([leaf], { failures }) => leaf!.subject === 'CN=own'
        && failures.every(({ code }) => code === 'DEPTH_ZERO_SELF_SIGNED_CERT')
      expect(await dialled(port, { verify })).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
      expect(await dialled(port, { verify, dangerouslyReplaceVerification: true })).toBe('accepted')
      expect(await dialled(port, { verify, dangerouslyReplaceVerification: true, servername: 'other.example' }))
        .toMatchObject({ code: 'APPLICATION_VERIFICATION' })
    })

    for (const answer of [true, false]) {
      proves('verify-callback', peerClient, `takes its time over a client, and ${answer ? 'accepts' : 'refuses'}`, async () => {
        const server = await acceptOne({
          ca: authority.ca.cert, verify: async () => { await new Promise((resolve) => { setTimeout(resolve, 20) }); return answer },
        })
        const openssl = await startOpensslClient(server.port, version, ['-quiet', '-cert', client.certFile, '-key', client.keyFile])
        const connection = await server.connection
        if (answer) {
          await send(connection.writable, 'welcome\n')
          await connection.close()
          await openssl.end()
          expect(openssl.stdout.toString()).toBe('welcome\n')
        } else {
          expect(await outcome(connection.opened)).toMatchObject({ code: 'APPLICATION_VERIFICATION' })
          await openssl.printed(/alert certificate unknown/)
        }
      })
    }

    proves('client-certificates', peer, 'one is chosen by the names of CAs, when the server asks', async () => {
      const { port } = await startOpensslServer(
        localhost, version, ['-www', '-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
      )
      let names: readonly string[] = []
      const connection = await connectTo(port, {
        async onCertificateRequest({ caNames }) {
          names = caNames
          return { cert: client.cert, key: client.key }
        },
      })
      expect((await fetchPage(connection)).toString()).toMatch(/Subject: CN ?= ?client/)
      expect(names).toEqual(['CN=libssl-wasm test CA,O=libssl-wasm'])
    })

    proves('client-certificates', peerClient, 'are optional or required, and the names of CAs are told', async () => {
      const options: Partial<AcceptOptions> = { ca: [authority.ca.cert, stranger.ca.cert] }
      const optional = await acceptOne({ ...options, clientCertificate: 'optional' })
      const without = await startOpensslClient(optional.port, version)
      expect((await (await optional.connection).opened).peerCertificate).toBeUndefined()
      await without.printed(/Acceptable client certificate CA names\n[^]*CN ?= ?a stranger/)
      for (const [clientCaNames, said] of [
        [stranger.ca.cert, /Acceptable client certificate CA names\n[^\n]*CN ?= ?a stranger\n(?!.*CN)/],
        [[], /No client certificate CA names sent/],
      ] as const) {
        const { port, connection } = await acceptOne({ ...options, clientCaNames })
        const asked = await startOpensslClient(port, version, ['-cert', client.certFile, '-key', client.keyFile])
        expect(await (await connection).opened).toMatchObject({ peerCertificate: { subject: 'CN=client' }, verifyResult: 'X509_V_OK' })
        await asked.printed(said)
      }
      const required = await acceptOne(options)
      await startOpensslClient(required.port, version)
      expect(await outcome((await required.connection).opened)).toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
      const shown = await acceptOne(options)
      await startOpensslClient(shown.port, version, ['-cert', client.certFile, '-key', client.keyFile])
      expect(await (await shown.connection).opened).toMatchObject({ peerCertificate: { subject: 'CN=client' }, verifyResult: 'X509_V_OK' })
    })
  })

  describe('nginx', () => {
    const peer = { peer: 'nginx', role: 'client', version } as const

    proves('client-certificates', peer, 'ssl_verify_client is shown the one that was chosen, or none', async () => {
      const { port } = await startNginx(
        localhost, version, [`ssl_client_certificate ${authority.ca.certFile};`, 'ssl_verify_client optional;'],
      )
      const told = async (options: Partial<ConnectOptions>) =>
        bodyOf(await fetchPage(await connectTo(port, options), '/told')).toString().split('|').slice(-2)
      expect(await told({ onCertificateRequest: async () => ({ cert: client.cert, key: client.key }) })).toEqual(['SUCCESS', 'CN=client'])
      expect(await told({ onCertificateRequest: async () => {} })).toEqual(['NONE', ''])
    })

    proves('ocsp', peer, 'ssl_stapling_file is checked', async () => {
      const stapling = async (told: Parameters<typeof ocspFile>[2]) =>
        (await startNginx(localhost, version, ['ssl_stapling on;', `ssl_stapling_file ${ocspFile(authority, localhost, told)};`])).port
      expect(await dialled(await stapling({}), { ocsp: 'require' })).toBe('accepted')
      expect(await dialled(await stapling({ status: 'revoked' }), { ocsp: 'request' })).toMatchObject({ code: 'CERT_REVOKED' })
    })

    proves('verify-callback', peer, 'is asked about its chain', async () => {
      const { port } = await startNginx(localhost, version)
      expect(await dialled(port, { verify: async ([leaf]) => leaf!.subject === 'CN=localhost' })).toBe('accepted')
    })
  })

  describe('node:tls', () => {
    const peer = { peer: 'node:tls', role: 'client', version } as const
    const peerClient = { peer: 'node:tls', role: 'server', version } as const
    const dial = (port: number, options: object = {}): TLSSocket => {
      const socket = tlsConnect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.ca.cert, ...only(version), ...options })
      socket.on('error', () => {})
      onTestFinished(() => void socket.destroy())
      return socket
    }

    proves('ocsp', peer, 'what its OCSPRequest gives is checked, for this certificate and no other', async () => {
      const about = (response: Uint8Array) => nodeServer(only(version), (respond) => respond(null, Buffer.from(response)))
      expect(await dialled(await about(ocsp(authority, localhost)), { ocsp: 'require' })).toBe('accepted')
      expect(await dialled(await about(ocsp(authority, localhost, { status: 'unknown' })), { ocsp: 'request' }))
        .toMatchObject({ code: 'OCSP_CERT_UNKNOWN' })
      expect(await dialled(await about(ocsp(authority, client)), { ocsp: 'request' })).toMatchObject({ code: 'OCSP_CERT_UNKNOWN' })
    })

    proves('ocsp', peerClient, 'a client with requestOCSP gets the very response', async () => {
      const response = ocsp(authority, localhost)
      const server = await acceptOne({ ocspResponse: () => response })
      const [heard] = await once(dial(server.port, { requestOCSP: true }), 'OCSPResponse') as [Buffer]
      expect(heard.equals(response)).toBe(true)
    })

    proves('client-certificates', peer, 'requestCert is shown the one that was chosen', async () => {
      let shown!: (name: unknown) => void
      const name = new Promise((resolve) => { shown = resolve })
      const server =
        createTlsServer({ ...localhostPair, ca: authority.ca.cert, requestCert: true, rejectUnauthorized: true, ...only(version) },
        (socket) => { socket.on('error', () => {}); shown(socket.getPeerCertificate().subject.CN) })
      onTestFinished(() => void server.close())
      const connection = await connectTo(await listening(server), { onCertificateRequest: () => ({ cert: client.cert, key: client.key }) })
      await connection.opened
      expect(await name).toBe('client')
      connection.abort()
    })

    proves('client-certificates', peerClient, 'its certificate is verified, and told', async () => {
      const server = await acceptOne({ ca: authority.ca.cert, clientCertificate: 'optional' })
      dial(server.port, { cert: client.cert, key: client.key })
      expect(await (await server.connection).opened).toMatchObject({ peerCertificate: { subject: 'CN=client' } })
    })

    proves('crl', peerClient, 'a revoked client is refused', async () => {
      const server = await acceptOne({ ca: authority.ca.cert, crl: lists() })
      dial(server.port, { cert: revoked.cert, key: revoked.key })
      expect(await outcome((await server.connection).opened)).toMatchObject({ code: 'CERT_REVOKED' })
    })

    const localhostPair = { cert: localhost.cert, key: localhost.key }
  })

  describe('GnuTLS', () => {
    let namespace: Namespace
    beforeAll(async () => { namespace = await Namespace.open() })
    afterAll(() => namespace?.close())
    const peer = { peer: 'gnutls-serv', role: 'client', version } as const
    const peerClient = { peer: 'gnutls-cli', role: 'server', version } as const

    proves('ocsp', peer, '--ocsp-response is checked', async () => {
      const stapling = async (told: Parameters<typeof ocspFile>[2]) => {
        const server = await startGnutlsServer(
          namespace, localhost, version,
          ['--http', '--disable-client-cert', '--ignore-ocsp-response-errors', '--ocsp-response', ocspFile(authority, localhost, told)],
        )
        const connection = connect(await server.dial(), { servername: 'localhost', ca: authority.ca.cert, ocsp: 'require' })
        const result = await outcome(connection.opened)
        connection.abort()
        await server.peer.stop()
        return result
      }
      expect(await stapling({})).toBe('accepted')
      expect(await stapling({ status: 'revoked' })).toMatchObject({ code: 'CERT_REVOKED' })
    })

    proves('ocsp', peerClient, 'a staple is taken for good', async () => {
      const server = await acceptOne({ ocspResponse: ocsp(authority, localhost) })
      const saved = file(`saved-${version}.ocsp`)
      const { peer: gnutls, said } = await startGnutlsClient(server.port, version, ['--save-ocsp', saved])
      const connection = await server.connection
      await connection.opened
      await connection.close()
      await gnutls.end()
      expect(existsSync(saved)).toBe(true)
      expect(said()).toMatch(/The certificate is trusted/)
    })

    proves('client-certificates', peer, '--require-client-cert is shown the one that was chosen', async () => {
      const server = await startGnutlsServer(
        namespace, localhost, version, ['--echo', '--require-client-cert', '--verify-client-cert', '--x509cafile', authority.ca.certFile],
      )
      const connection = connect(
        await server.dial(),
        { servername: 'localhost', ca: authority.ca.cert, onCertificateRequest: async () => ({ cert: client.cert, key: client.key }) },
      )
      await send(connection.writable, 'hello\n')
      await server.peer.printed(/Subject: CN=client/)
      connection.abort()
    })

    proves('verify-callback', peerClient, 'takes its time over its certificate, and refuses', async () => {
      const server = await acceptOne({ ca: authority.ca.cert, verify: async () => { throw new Error('no') } })
      const { peer: gnutls } = await startGnutlsClient(
        server.port, version, ['--x509certfile', client.certFile, '--x509keyfile', client.keyFile],
      )
      const connection = await server.connection
      expect(await outcome(connection.opened)).toMatchObject({ message: 'no' })
      expect(await outcome(readAll(connection.readable))).toMatchObject({ message: 'no' })
      expect(await gnutls.end()).not.toBe(0)
    })
  })
})
