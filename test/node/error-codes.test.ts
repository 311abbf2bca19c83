// Errors as node:tls has them, against the Nodes that are here: the same handshakes, bytes and options fail there and here.

import { spawnSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  ApiMisuseError, fatalError, load, SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_NONE, SSL_VERIFY_PEER, SslCtx, TLS1_2_VERSION,
  TLS1_3_VERSION, TransportError, X509_V_ERR_EE_KEY_TOO_SMALL, X509Store, type IoResult, type LibSsl, type Ssl,
} from '../../src/core.js'
import { connectionError, contextError, operationFailed, verificationError, type NodeOpensslError } from '../../src/node/error-codes.js'
import { authority, date, file, localhost, openssl, temporaryAuthority } from '../helpers/certificates.js'
import { installed } from '../helpers/installed.js'
import { isWish, Link, VERSIONS } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

// ---- what fails ----

/** Node's options that are set on ours below. */
interface Options {
  readonly ciphers?: string
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly ecdhCurve?: string
  readonly sigalgs?: string
  readonly ALPNProtocols?: readonly string[]
  readonly requestCert?: true
}

const only = (version: 'TLSv1.2' | 'TLSv1.3') => ({ minVersion: version, maxVersion: version })
const handshakes: Readonly<Record<string, readonly [server: Options, client: Options]>> = {
  'no cipher suite in common': [
    { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', ...only('TLSv1.2') }, { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', ...only('TLSv1.2') },
  ],
  'no cipher suite of TLS 1.3 in common': [
    { ciphers: 'TLS_AES_128_GCM_SHA256', ...only('TLSv1.3') }, { ciphers: 'TLS_AES_256_GCM_SHA384', ...only('TLSv1.3') },
  ],
  'a client that is too old': [only('TLSv1.3'), only('TLSv1.2')],
  'a server that is too old': [only('TLSv1.2'), only('TLSv1.3')],
  'no group in common': [{ ecdhCurve: 'P-256', ...only('TLSv1.3') }, { ecdhCurve: 'X25519', ...only('TLSv1.3') }],
  'no signature algorithm in common': [
    { ...only('TLSv1.3'), sigalgs: 'ecdsa_secp256r1_sha256' }, { ...only('TLSv1.3'), sigalgs: 'rsa_pss_rsae_sha256' },
  ],
  'no protocol in common': [{ ALPNProtocols: ['a'] }, { ALPNProtocols: ['b'] }],
  'no certificate of the client, TLS 1.2': [{ requestCert: true, ...only('TLSv1.2') }, {}],
  'no certificate of the client, TLS 1.3': [{ requestCert: true, ...only('TLSv1.3') }, {}],
}

/** OpenSSL 3.0 has another name for it than all later ones. */
const TOO_LONG = 'a record that is too long'
const named35 = (openssl: string): Told =>
  (openssl.startsWith('3.0.') ? { code: 'ERR_SSL_DATA_LENGTH_TOO_LONG', reason: 'data length too long' } : {})
const record = (type: number, ...bytes: readonly number[]) => Buffer.from([type, 3, 3, bytes.length >> 8, bytes.length & 0xff, ...bytes])
/** RFC 8446 and RFC 5246; OpenSSL 3.0 knows no reason for the last ones. */
const ALERTS = [
  10, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 90, 100, 109, 110, 111, 112, 113, 114,
  115, 116, 120,
]
const toClients: Readonly<Record<string, Buffer>> = {
  'HTTP': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'application data': record(23, 0),
  'a record of no type': record(99, 0),
  [TOO_LONG]: Buffer.from([22, 3, 3, 0xff, 0xff, 0]),
  'half a ServerHello': record(22, 2, 0, 0, 2, 3, 3),
  'a ClientHello': record(22, 1, 0, 0, 2, 3, 3),
  ...Object.fromEntries(ALERTS.map((number) => [`alert ${number}`, record(21, 2, number)])),
}
const toServers: Readonly<Record<string, Buffer>> = {
  'HTTP': Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  'CONNECT': Buffer.from('CONNECT localhost:443 HTTP/1.1\r\n\r\n'),
  'application data': record(23, 0),
  'half a ClientHello': record(22, 1, 0, 0, 2, 3, 3),
  'a ServerHello': record(22, 2, 0, 0, 2, 3, 3),
  [TOO_LONG]: Buffer.from([22, 3, 3, 0xff, 0xff, 0]),
}

/**
 * One that is not readable by a wrong passphrase: one time in 256 it seems to be, and what comes out is no key, of which OpenSSL says
 * something else.
 */
function encryptedBy(command: string): string {
  for (;;) {
    const key = openssl(command, '-in', localhost.keyFile, '-aes256', '-passout', 'pass:right')
    const isBad = (passphrase: string) => {
      try {
        return createPrivateKey({ key, passphrase }) === undefined
      } catch (error) {
        return (error as Error).message.includes('bad decrypt')
      }
    }
    if (['', 'wrong'].every(isBad)) return key
  }
}
const encrypted = encryptedBy('pkey')
const traditional = encryptedBy('ec')
openssl('pkcs12', '-export', '-in', localhost.certFile, '-inkey', localhost.keyFile, '-passout', 'pass:right', '-out', file('all.p12'))
const pfx = readFileSync(file('all.p12'))
/** PEM of what is no certificate. */
const block = (contents: string) => `-----BEGIN CERTIFICATE-----\n${contents}\n-----END CERTIFICATE-----\n`
interface ContextOptions {
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly ciphers?: string
  readonly ecdhCurve?: string
  readonly crl?: string
  readonly pfx?: string
}
const contexts: Readonly<Record<string, ContextOptions>> = {
  'a certificate that is none': { cert: 'garbage' },
  'a certificate that is not base64': { cert: block('garbage') },
  'a certificate that is cut': { cert: block('MIIBAAAA') },
  'a key that is none': { key: 'garbage' },
  'a key that is a certificate': { key: localhost.cert },
  'a key of another certificate': { cert: localhost.cert, key: authority.ca.key },
  'a passphrase that is missing': { key: encrypted },
  'a passphrase that is wrong': { key: encrypted, passphrase: 'wrong' },
  'a passphrase of a key as of old that is missing': { key: traditional },
  'ciphers that nobody knows': { ciphers: 'NONE_SUCH' },
  'a curve that nobody knows': { ecdhCurve: 'none-such' },
  'a revocation list that is none': { crl: 'garbage' },
  'a pfx that is none': { pfx: Buffer.from('garbage garbage garbage').toString('base64') },
  'a pfx that is cut': { pfx: pfx.subarray(0, 100).toString('base64'), passphrase: 'right' },
  'a pfx without its passphrase': { pfx: pfx.toString('base64') },
  'a pfx with another passphrase': { pfx: pfx.toString('base64'), passphrase: 'wrong' },
}

interface Verification { readonly cert: string; readonly key: string; readonly ca: string }

const root = authority.ca.cert
const intermediate = temporaryAuthority('intermediate', authority)
const below = intermediate.leaf()
const selfSigned = authority.leaf({ selfSigned: true })
const expiredSelfSigned = authority.leaf({ selfSigned: true, notBefore: date(-9), notAfter: date(-1) })
const verifications: Readonly<Record<string, Verification>> = {
  'nothing': { ...localhost, ca: root },
  'self-signed': { ...selfSigned, ca: root },
  'self-signed and expired': { ...expiredSelfSigned, ca: root },
  'expired': { ...authority.leaf({ notBefore: date(-9), notAfter: date(-1) }), ca: root },
  'expired, of an unknown issuer': { ...authority.leaf({ notBefore: date(-9), notAfter: date(-1) }), ca: selfSigned.cert },
  'not yet valid': { ...authority.leaf({ notBefore: date(1), notAfter: date(9) }), ca: root },
  'of an unknown issuer': { ...localhost, ca: selfSigned.cert },
  'without its intermediate': { cert: below.cert, key: below.key, ca: root },
  'with an unknown root': { cert: below.cert + intermediate.ca.cert + root, key: below.key, ca: selfSigned.cert },
  'with an intermediate of an unknown root': { cert: below.cert + intermediate.ca.cert, key: below.key, ca: selfSigned.cert },
  'for clients alone': { ...authority.leaf({ extensions: 'extendedKeyUsage=clientAuth\n' }), ca: root },
}

// ---- Node's errors ----

interface Told {
  readonly code?: string
  readonly library?: string
  readonly reason?: string
  readonly message?: string
  readonly opensslErrorStack?: readonly string[]
}
interface Answers {
  readonly openssl: string
  readonly handshakes: readonly { readonly server?: Told; readonly client?: Told }[]
  readonly contexts: readonly (Told | null)[]
  readonly toClients: readonly (Told | null)[]
  readonly toServers: readonly (Told | null)[]
  readonly verifications: readonly ({ readonly code: string; readonly message: string } | null)[]
}

const NODES: readonly (readonly [major: number, path: string])[] = [
  [Number(process.versions.node.split('.')[0]), process.execPath],
  ...[22, 24].map((major) => [major, installed(`node${major}-${process.platform}-${process.arch}/bin/node`)] as const),
]

function ask(path: string): Answers {
  const base64 = (some: Readonly<Record<string, Buffer>>) => Object.values(some).map((bytes) => bytes.toString('base64'))
  const identity = { cert: localhost.cert, key: localhost.key, ca: authority.ca.cert }
  const input = JSON.stringify({
    handshakes: Object.values(handshakes).map(([server, client]) => [{ ...identity, ...server }, client]),
    contexts: Object.values(contexts), identity, toClients: base64(toClients), toServers: base64(toServers),
    verifications: Object.values(verifications).map(({ cert, key, ...client }) => [{ cert, key }, client]),
  })
  const script = fileURLToPath(new URL('errors.mjs', import.meta.url))
  const { stdout, stderr } = spawnSync(path, [script], { input, encoding: 'utf8', maxBuffer: 64 << 20, timeout: 100_000 })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Answers
}
// ---- ours ----

function configure(ctx: SslCtx, { ciphers, minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3', ecdhCurve, sigalgs }: Options): void {
  const number = (version: string) => (version === 'TLSv1.2' ? TLS1_2_VERSION : TLS1_3_VERSION)
  ctx.setMinProtoVersion(number(minVersion))
  ctx.setMaxProtoVersion(number(maxVersion))
  if (ciphers?.startsWith('TLS_')) ctx.setCiphersuites(ciphers)
  else if (ciphers) ctx.setCipherList(ciphers)
  if (ecdhCurve) ctx.set1GroupsList(ecdhCurve)
  if (sigalgs) ctx.set1SigalgsList(sigalgs)
}

function asNode(ssl: Ssl, result: IoResult): Told | undefined {
  return result.ret > 0 || isWish(result) ? undefined : told(connectionError(fatalError(ssl, result)))
}

function told(error: NodeOpensslError): Told {
  const { code, library, reason, opensslErrorStack, message } = error
  return JSON.parse(JSON.stringify({ code, library, reason, opensslErrorStack, ...(code === undefined && { message }) })) as Told
}

function shake(server: Options, client: Options): { server: Told | undefined; client: Told | undefined } {
  const link = new Link(lib, {
    client: { configure(ctx) { configure(ctx, client); if (client.ALPNProtocols) ctx.setAlpnProtos(client.ALPNProtocols) } },
    server: {
      configure(ctx) {
        configure(ctx, server)
        if (server.ALPNProtocols) ctx.setAlpnSelectProtos(server.ALPNProtocols)
        if (server.requestCert) ctx.setVerify(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
      },
    },
  })
  try {
    const results = link.handshake()
    // Under TLS 1.3 a server refuses a client that has ended its handshake.
    const ofClient = results.client.ret === 1 ? link.client.ssl.read(new Uint8Array(1)) : results.client
    return { server: asNode(link.server.ssl, results.server), client: asNode(link.client.ssl, ofClient) }
  } finally {
    link.free()
  }
}

function given(side: 'client' | 'server', bytes: Buffer): Told | undefined {
  const link = new Link(lib)
  try {
    const end = link[side]
    end.handshake()
    end.give(bytes)
    return asNode(end.ssl, end.handshake())
  } finally {
    link.free()
  }
}

function refused(options: ContextOptions): Told | undefined {
  const ctx = new SslCtx(lib, 'TLS_server_method')
  const store = new X509Store(lib)
  const attempts: Readonly<Record<keyof ContextOptions, () => void>> = {
    cert: () => { ctx.useCertificateChain(options.cert!) },
    key: () => { ctx.usePrivateKey(options.key!, options.passphrase) },
    passphrase: () => {},
    ciphers: () => { ctx.setCipherList(options.ciphers!) },
    ecdhCurve: () => { ctx.set1GroupsList(options.ecdhCurve!) },
    crl: () => { store.addCrls(options.crl!) },
    pfx: () => { ctx.usePkcs12(Buffer.from(options.pfx!, 'base64'), options.passphrase) },
  }
  try {
    for (const option of Object.keys(options) as (keyof ContextOptions)[]) {
      try {
        attempts[option]()
      } catch (error) {
        return told(contextError(error as ApiMisuseError, option))
      }
    }
    return undefined
  } finally {
    ctx.free()
    store.free()
  }
}

/** As Node does it: the handshake goes on whatever is wrong, and is judged afterwards. */
function verified({ cert, key, ca }: Verification): Error | undefined {
  const link = new Link(lib, {
    identity: { cert, key }, ca, dnsname: null,
    client: { configure: (ctx) => { ctx.setVerify(SSL_VERIFY_NONE) }, prepare: (ssl) => { ssl.setVerifyCb(() => 1) } },
  }).established()
  try {
    return verificationError(link.client.ssl)
  } finally {
    link.free()
  }
}

// ---- the comparison ----

describe.each(NODES)('errors as of Node %i', (_, path) => {
  let answers: Answers
  beforeAll(() => { answers = ask(path) }, 120_000)
  // Its names depend on the OpenSSL of the Node that it runs in.
  beforeEach(
    () => { vi.stubGlobal('process', Object.create(process, { versions: { value: { ...process.versions, openssl: answers.openssl } } })) },
  )
  afterEach(() => { vi.unstubAllGlobals() })

  const each = <T>(cases: Readonly<Record<string, T>>) => Object.entries(cases).map(([what, one], index) => ({ what, one, index }))

  it.each(each(handshakes))('of a handshake with $what', ({ one: [server, client], index }) => {
    expect(shake(server, client)).toEqual(answers.handshakes[index])
  })

  it.each(each(toClients))('of a client that is sent $what', ({ what, one, index }) => {
    const expected = answers.toClients[index]
    expect(given('client', one)).toEqual(what === TOO_LONG ? { ...expected, ...named35(answers.openssl) } : expected)
  })

  it.each(each(toServers))('of a server that is sent $what', ({ what, one, index }) => {
    const expected = answers.toServers[index]
    expect(given('server', one)).toEqual(what === TOO_LONG ? { ...expected, ...named35(answers.openssl) } : expected)
  })

  it.each(each(contexts))('of a context with $what', ({ what, one, index }) => {
    const { opensslErrorStack: further, ...expected } = answers.contexts[index]!
    // Where the shim says what is wrong with a key there is no more of OpenSSL's; and OpenSSL's own reader of PEM adds a word.
    const opensslErrorStack = further?.filter((line) => !line.endsWith('PEM routines::ASN1 lib'))
    expect(refused(one)).toEqual({ ...expected, ...(opensslErrorStack && !what.includes('passphrase') && { opensslErrorStack }) })
  })

  it.each(each(verifications))('of a certificate: $what', ({ one, index }) => {
    const error = verified(one)
    expect(error && { code: (error as NodeOpensslError).code, message: error.message }).toEqual(answers.verifications[index] ?? undefined)
  })
})

describe('verificationError', () => {
  it('wants a certificate of a client, but of one that has a key', () => {
    const link = new Link(lib).established()
    expect(verificationError(link.server.ssl))
      .toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT', message: 'unable to get issuer certificate' })
    link.free()
    const key = new Uint8Array(32)
    for (const version of VERSIONS) {
      const ciphers = (ctx: SslCtx) => {
        ctx.setCipherList('PSK')
        ctx.setCiphersuites('TLS_AES_128_GCM_SHA256') // of the key's hash
      }
      const withKey = new Link(lib, {
        version,
        client: { configure: ciphers, prepare: (ssl) => { ssl.setPskClientCallback(() => ({ identity: 'me', key })) } },
        server: { configure: ciphers, prepare: (ssl) => { ssl.setPskServerCallback(() => ({ key })) } },
      }).established()
      expect(verificationError(withKey.server.ssl)).toBeUndefined()
      expect(verificationError(withKey.client.ssl)).toBeUndefined()
      withKey.free()
    }
  })

  it('has Node’s names alone', () => {
    const ssl = {
      getPeerCertificate: () => ({}), getVerifyResult: () => X509_V_ERR_EE_KEY_TOO_SMALL,
      verifyCertErrorString: () => 'EE certificate key too weak', getVerifyFailure: () => ({ depth: 0, certificate: undefined }),
    }
    expect(verificationError(ssl as unknown as Ssl)).toMatchObject({ code: 'UNSPECIFIED' })
  })
})

describe('connectionError', () => {
  it('keeps ours as the cause, and gives back what OpenSSL has no part in', () => {
    const error = new TransportError('it failed')
    expect(connectionError(error)).toBe(error)
    const link = new Link(
      lib, { server: { configure: (ctx) => { configure(ctx, { ciphers: 'ECDHE-RSA-AES128-SHA', ...only('TLSv1.2') }) } } },
    )
    const failed = fatalError(link.client.ssl, link.handshake().client)
    const asNodes = connectionError(failed)
    expect(asNodes.cause).toBe(failed)
    expect(Object.keys(asNodes)).toEqual(['library', 'reason', 'code'])
    expect(asNodes.message).toMatch(/^error:0A000410:SSL routines::(sslv3|ssl\/tls) alert handshake failure:SSL alert number 40$/)
    link.free()
  })
})

describe('contextError', () => {
  it('has the further errors of OpenSSL’s, and of pfx the reason alone', () => {
    const further = {
      opensslErrorStack: [
        { packed: 0x0680009b, library: 'asn1 encoding routines', reason: 'too long', code: 'ERR_x', data: '' },
        { packed: 0x0488000d, library: 'PEM routines', reason: 'ASN1 lib', code: 'ERR_x', data: '' },
      ],
    } as const
    expect(contextError(new ApiMisuseError('ERR_PEM_x', 'x', further), 'cert')).toMatchObject({
      code: 'ERR_OSSL_ASN1_TOO_LONG', message: 'error:0680009B:asn1 encoding routines::too long',
      opensslErrorStack: ['error:0488000D:PEM routines::ASN1 lib'],
    })
    const pfx = contextError(new ApiMisuseError('ERR_TLS_PASSPHRASE_WRONG', 'x'), 'pfx')
    expect([pfx.message, Object.keys(pfx)]).toEqual(['mac verify failure', []])
    expect(operationFailed('no')).toMatchObject({ message: 'no', code: 'ERR_CRYPTO_OPERATION_FAILED' })
  })
})
