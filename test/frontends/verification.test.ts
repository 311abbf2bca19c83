import { execFile } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { CertificateError, connect, load, PeerError, type ConnectOptions, type LibSsl, type X509 } from '../../src/index.js'
import { authority, date, localhost, temporaryAuthority, type KeyPair } from '../helpers/certificates.js'
import { closeBoth, opened, peers, readAll, rejection, VERSIONS } from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const stranger = temporaryAuthority('a CA that nobody knows')

interface Failure {
  readonly identity?: KeyPair
  readonly client?: Partial<ConnectOptions>
  readonly code: string
  readonly verifyCode: number
  readonly depth: number
  /** The alert's number. */
  readonly alert: number
}

const BAD_CERTIFICATE = 42
const CERTIFICATE_EXPIRED = 45
const UNKNOWN_CA = 48

const failures: Readonly<Record<string, Failure>> = {
  'another name': {
    client: { servername: 'elsewhere' }, code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 62, depth: 0, alert: BAD_CERTIFICATE,
  },
  'a name below': {
    client: { servername: 'a.localhost' }, code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 62, depth: 0, alert: BAD_CERTIFICATE,
  },
  'another IPv4 address': {
    client: { servername: '127.0.0.2' }, code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 64, depth: 0, alert: BAD_CERTIFICATE,
  },
  'another IPv6 address': {
    client: { servername: '::2' }, code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 64, depth: 0, alert: BAD_CERTIFICATE,
  },
  'an expired certificate': {
    identity: authority.leaf({ notBefore: date(-3), notAfter: date(-1) }), code: 'CERT_HAS_EXPIRED', verifyCode: 10, depth: 0,
    alert: CERTIFICATE_EXPIRED,
  },
  'a certificate of the future': {
    identity: authority.leaf({ notBefore: date(1) }), code: 'CERT_NOT_YET_VALID', verifyCode: 9, depth: 0, alert: BAD_CERTIFICATE,
  },
  'a self-signed certificate': {
    identity: authority.leaf({ selfSigned: true }), code: 'DEPTH_ZERO_SELF_SIGNED_CERT', verifyCode: 18, depth: 0, alert: UNKNOWN_CA,
  },
  'an unknown CA': { identity: stranger.leaf(), code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', verifyCode: 20, depth: 0, alert: UNKNOWN_CA },
  'a name that stands in the subject alone': {
    identity: authority.leaf({ san: 'email:nobody@example.com' }), code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 62, depth: 0,
    alert: BAD_CERTIFICATE,
  },
  'part of a wildcard': {
    identity: authority.leaf({ san: 'DNS:w*.example.com' }), client: { servername: 'www.example.com' },
    code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 62, depth: 0, alert: BAD_CERTIFICATE,
  },
  'a wildcard of two labels': {
    identity: authority.leaf({ san: 'DNS:*.example.com' }), client: { servername: 'a.b.example.com' }, code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    verifyCode: 62, depth: 0, alert: BAD_CERTIFICATE,
  },
}

describe.each(VERSIONS)('connect, %s', (version) => {
  it.each(Object.entries(failures))('refuses %s',
      async (_, { identity = localhost, client: options = {}, code, verifyCode, depth, alert }) => {
    const { client, server } = peers({
      version, client: { libssl, ...options }, server: { libssl, cert: identity.cert, key: identity.key, useExpiredCert: true },
    })
    const error = await rejection(client.opened)
    expect(error).toBeInstanceOf(CertificateError)
    expect(error).toMatchObject({ code, verifyCode, depth, alert: { from: 'us', level: 'fatal', description: alert } })
    expect((error as CertificateError<X509>).certificate!.subject).toBe('CN=localhost')
    expect(await rejection(client.closed)).toBe(error)
    const told = await rejection(server.opened)
    expect(told).toBeInstanceOf(PeerError)
    expect(told).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: alert } })
  })

  it.each(Object.entries(failures))('tells verify of %s by the same code',
      async (_, { identity = localhost, client: options = {}, code, verifyCode, depth }) => {
    let told: unknown
    const verify: ConnectOptions['verify'] = (_chain, context) => { told = context.failures; return false }
    const { client, server } = peers({
      version, client: { libssl, ...options, dangerouslyReplaceVerification: true, verify },
      server: { libssl, cert: identity.cert, key: identity.key, useExpiredCert: true },
    })
    await rejection(client.opened)
    await rejection(server.opened.then(() => server.closed))
    expect(told).toContainEqual({ code, verifyCode, depth })
  })

  it.each(Object.entries(failures))('with dangerouslySkipVerification accepts %s, and says what is wrong',
      async (_, { identity = localhost, client: options = {}, verifyCode }) => {
    const both = await opened({
      version, client: { libssl, dangerouslySkipVerification: true, ...options },
      server: { libssl, cert: identity.cert, key: identity.key, useExpiredCert: true },
    })
    const info = await both.client.opened
    expect(info.verifyResult).toMatch({ 62: /HOSTNAME_MISMATCH/, 64: /IP_ADDRESS_MISMATCH/ }[verifyCode] ?? /^X509_V_ERR_/)
    await closeBoth(both)
  })

  it.each([
    ['localhost', localhost], ['LocalHost.', localhost], ['127.0.0.1', localhost], ['::1', localhost], ['[::1]', localhost],
    ['www.example.com', authority.leaf({ san: 'DNS:*.example.com' })],
  ] as const)('accepts %s', async (servername, identity) => {
    const both = await opened({ version, client: { libssl, servername }, server: { libssl, cert: identity.cert, key: identity.key } })
    expect(await both.client.opened).toMatchObject({ verifyResult: 'X509_V_OK' })
    await closeBoth(both)
  })

  it('reports the certificate and the chain of the peer', async () => {
    const both = await opened({ version, client: { libssl }, server: { libssl, cert: localhost.cert + authority.ca.cert } })
    const { peerCertificate, peerCertificateChain } = await both.client.opened
    expect(peerCertificate).toMatchObject({ subject: 'CN=localhost', subjectAltName: expect.stringContaining('DNS:localhost') })
    expect(peerCertificateChain).toHaveLength(2)
    expect(peerCertificateChain[0]).toEqual(peerCertificate)
    expect((await both.server.opened).peerCertificate).toBeUndefined()
    await closeBoth(both)
  })

  it('takes each of several CAs', async () => {
    for (const ca of [[stranger.ca.cert, authority.ca.cert], stranger.ca.cert + authority.ca.cert]) {
      await closeBoth(await opened({ version, client: { libssl, ca }, server: { libssl } }))
    }
  })
})

describe.each(VERSIONS)('accept with ca, %s', (version) => {
  const own = authority.leaf({ name: 'a client' })
  const foreign = stranger.leaf({ name: 'a stranger' })
  const withCa = { ca: authority.ca.cert }

  it('accepts a client whose certificate one of them has issued', async () => {
    const both = await opened({ version, client: { libssl, cert: own.cert, key: own.key }, server: { libssl, ...withCa } })
    expect((await both.server.opened).peerCertificate).toMatchObject({ subject: 'CN=a client' })
    await closeBoth(both)
  })

  it('refuses a client without one', async () => {
    const { client, server } = peers({ version, client: { libssl }, server: { libssl, ...withCa } })
    expect(await rejection(server.opened)).toMatchObject({ name: 'PeerError', code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
    // In TLS 1.3 the client learns of it after its own handshake is done.
    expect(await rejection(readAll(client.readable))).toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal' } })
  })

  it('refuses a client whose certificate another CA has issued', async () => {
    const { client, server } = peers({ version, client: { libssl, cert: foreign.cert, key: foreign.key }, server: { libssl, ...withCa } })
    const error = await rejection(server.opened)
    expect(error).toBeInstanceOf(CertificateError)
    expect(error).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', depth: 0 })
    expect(await rejection(readAll(client.readable))).toMatchObject({ name: 'PeerError', alert: { from: 'peer', description: UNKNOWN_CA } })
  })

  it('asks for none without that option', async () => {
    const both = await opened({ version, client: { libssl, cert: foreign.cert, key: foreign.key }, server: { libssl } })
    expect((await both.server.opened).peerCertificate).toBeUndefined()
    await closeBoth(both)
  })
})

describe('connect without ca', () => {
  const serve = async () => {
    const server = tls.createServer({ cert: localhost.cert, key: localhost.key }, (socket) => socket.on('error', () => {}).end())
    server.on('tlsClientError', () => {})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return { port: (server.address() as AddressInfo).port, close: () => new Promise((resolve) => server.close(resolve)) }
  }

  /** A process of its own: Node reads its variables when it starts. It runs what was built, which Node can load as it is. */
  const runInNode = async (script: string, env: NodeJS.ProcessEnv) =>
      (await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)), env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined, ...env },
  })).stdout

  it('in Node trusts what Node trusts: not a CA of our own', async () => {
    const { port, close } = await serve()
    const connection = connect(net.connect(port, '127.0.0.1'), { servername: 'localhost' })
    expect(await rejection(connection.opened)).toMatchObject({ name: 'CertificateError', code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' })
    await close()
  })

  it('in Node trusts what NODE_EXTRA_CA_CERTS adds', async () => {
    const { port, close } = await serve()
    const script = `
      import net from 'node:net'
      import { connect } from 'libssl-wasm'
      const connection = connect(net.connect(${port}, '127.0.0.1'), { servername: 'localhost' })
      console.log((await connection.opened).verifyResult)
      await connection.close()`
    expect(await runInNode(script, { NODE_EXTRA_CA_CERTS: authority.ca.certFile })).toBe('X509_V_OK\n')
    expect(String(await rejection(runInNode(script, {})))).toContain('UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    await close()
  })

  it.each(VERSIONS)('and without servername, but with a raw public key: no certificate of a server that knows no such keys, %s',
      async (version) => {
    const { port, close } = await serve()
    const key = createPublicKey(stranger.leaf().cert).export({ type: 'spki', format: 'pem' })
    const script = `
      import net from 'node:net'
      import { connect } from 'libssl-wasm'
      const options = { acceptedRawPublicKeys: ${JSON.stringify(key)}, maxVersion: '${version}' }
      await connect(net.connect(${port}, '127.0.0.1'), options).opened.then(() => console.log('opened'), ({ code }) => console.log(code))`
    expect(await runInNode(script, { NODE_EXTRA_CA_CERTS: authority.ca.certFile })).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY\n')
    await close()
  })
})
