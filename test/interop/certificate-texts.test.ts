// What a CertificateError says: which certificate, whose, for whom, and what to do. The servers are openssl s_server.

import { describe, expect, it, vi } from 'vitest'
import {
  accept, connect, load, memoryTransportPair, type AcceptOptions, type CertificateError, type ConnectOptions, type TlsError,
} from '../../src/index.js'
import { authority, date, EC, temporaryAuthority, type KeyPair } from '../helpers/certificates.js'
import { rejection } from '../helpers/stream-peers.js'
import { Peer } from './peers/process.js'
import { connectTo, HOST } from './peers/tcp.js'

const inner = temporaryAuthority('an intermediate', authority)
const stranger = temporaryAuthority('a stranger')

async function refusal(
  identity: KeyPair, chain: readonly string[] = [], options: Parameters<typeof connectTo>[1] = {},
): Promise<CertificateError> {
  const peer = await Peer.start('openssl', ['s_server', '-accept', `${HOST}:0`, '-cert', identity.certFile, '-key', identity.keyFile,
    ...chain.flatMap((file) => ['-cert_chain', file])])
  const [, port] = await peer.printed(/^ACCEPT .*:(\d+)$/m)
  return await rejection((await connectTo(Number(port), options)).opened) as CertificateError
}

function expectWords({ message }: Error, words: readonly string[]): void {
  for (const word of words) expect(message).toContain(word)
  expect(message.length).toBeLessThan(700)
}

const TRUST = "'ca', or 'additionalCa'"

describe('a CertificateError says whose certificate it is, and', () => {
  it('when it expired, and the time here', async () => {
    const error = await refusal(authority.leaf({ name: 'old', notBefore: '20200101000000Z', notAfter: '20210203040506Z' }))
    expect(error.code).toBe('CERT_HAS_EXPIRED')
    expectWords(
      error, [
        'CN=old', 'issued by CN=libssl-wasm test CA', 'DNS:localhost', 'expired at 2021-02-03T04:05:06.000Z',
        `clock says ${new Date().toISOString().slice(0, 10)}`,
      ],
    )
    expect(error.message).not.toContain('is that right')
  })

  it('from when it is valid, and the time here', async () => {
    const error = await refusal(authority.leaf({ name: 'young', notBefore: date(2), notAfter: date(9) }))
    expect(error.code).toBe('CERT_NOT_YET_VALID')
    expectWords(
      error, [
        'CN=young', `valid from ${error.certificate && new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10)}`,
        "this machine's clock says", 'is that right?',
      ],
    )
  })

  it('that the clock is wrong, if it stands before the release of OpenSSL', async () => {
    const libssl = await load()
    const young = authority.leaf()
    const [near, far] = memoryTransportPair()
    vi.useFakeTimers({ now: 0, toFake: ['Date'] })
    try {
      const server = accept(far, { cert: young.cert, key: young.key, useExpiredCert: true })
      const error = await rejection(connect(near, { servername: 'localhost', ca: authority.ca.cert, libssl }).opened) as CertificateError
      await rejection(server.closed)
      expect(error.code).toBe('CERT_NOT_YET_VALID')
      expectWords(error, ['clock says 1970-01-01T', 'wrong', `before the release of ${/\S+ \S+/.exec(libssl.version)![0]}`])
    } finally {
      vi.useRealTimers()
    }
  })

  it('that it is self-signed', async () => {
    const self = authority.leaf({ name: 'mine', selfSigned: true })
    const error = await refusal(self)
    expect(error.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expectWords(error, ['depth 0, CN=mine, issued by itself', 'DNS:localhost', "'ca'", 'docs/trust.md'])
  })

  it('that the root that was sent is not trusted', async () => {
    const error = await refusal(stranger.leaf({ name: 'below' }), [stranger.ca.certFile])
    expect(error.code).toBe('SELF_SIGNED_CERT_IN_CHAIN')
    expectWords(error, ['depth 1, CN=a stranger', 'CN=a stranger,O=libssl-wasm is not among the trust anchors', TRUST, 'docs/trust.md'])
  })

  it('that the issuer is not known, or an intermediate is missing', async () => {
    const error = await refusal(inner.leaf({ name: 'below' }))
    expect(error.code).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    expectWords(
      error, [
        'depth 0, CN=below, issued by CN=an intermediate', 'CN=an intermediate is not among the trust anchors', TRUST, 'docs/trust.md',
        'may have left out an intermediate',
      ],
    )
    const whole = await refusal(inner.leaf(), [inner.ca.certFile], { ca: stranger.ca.cert })
    expect(whole.code).toBe('UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    expectWords(whole, ['depth 1, CN=an intermediate, issued by CN=libssl-wasm test CA', TRUST])
    expect(whole.message).not.toContain('left out')
  })

  it('that what was given is no root', async () => {
    const error = await refusal(inner.leaf(), [], { ca: inner.ca.cert })
    expect(error.code).toBe('UNABLE_TO_GET_ISSUER_CERT')
    expectWords(error, ['CN=libssl-wasm test CA', "'partialChain'", 'docs/trust.md'])
  })

  it('that it is an anchor itself, and no root', async () => {
    const own = inner.leaf({ name: 'own' })
    const error = await refusal(own, [], { ca: own.cert })
    expect(error.code).toMatch(/^UNABLE_TO_(GET_ISSUER_CERT_LOCALLY|VERIFY_LEAF_SIGNATURE)$/)
    expectWords(
      error, [
        'CN=own', 'is among the trust anchors itself, and it is no root', "'partialChain'", 'give CN=an intermediate', 'docs/trust.md',
      ],
    )
    expect(error.message).not.toContain('left out')
  })

  it('which names were asked for, and which it has', async () => {
    const error = await refusal(authority.leaf({ name: 'wrong', san: 'DNS:one.example,DNS:two.example' }))
    expect(error.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expectWords(error, ['it is not for localhost, but for DNS:one.example, DNS:two.example', 'CN=wrong', "'servername'", "'acceptedNames'"])
  })

  it('no more than a message holds, however many names there are', async () => {
    const san = Array.from({ length: 300 }, (_, index) => `DNS:host-${index}.example`).join(',')
    expectWords(await refusal(stranger.leaf({ name: 'many', newkey: EC, san })), ['CN=many', 'DNS:host-0.example', '…'])
  })
})

it('of a client, a server says the same', async () => {
  const mine = stranger.leaf({ name: 'a client' })
  const own = authority.leaf()
  const [near, far] = memoryTransportPair()
  const client = connect(near, { servername: 'localhost', ca: authority.ca.cert, cert: mine.cert, key: mine.key })
  const error = await rejection(accept(far, { cert: own.cert, key: own.key, ca: authority.ca.cert }).opened) as CertificateError
  client.abort()
  expectWords(error, ['depth 0, CN=a client, issued by CN=a stranger', 'CN=a stranger,O=libssl-wasm is not among the trust anchors', TRUST])
  expect(error.message).not.toContain('left out')
})

it.each(
  ['TLSv1.2', 'TLSv1.3'] as const,
)('of a client whose certificate is self-signed, a server says that none of its own CAs issued it, %s', async (maxVersion) => {
  const mine = authority.leaf({ name: 'mine', selfSigned: true })
  const own = authority.leaf()
  const [near, far] = memoryTransportPair()
  const client = connect(near, { servername: 'localhost', ca: authority.ca.cert, cert: mine.cert, key: mine.key, maxVersion })
  const error = await rejection(accept(far, { cert: own.cert, key: own.key, ca: authority.ca.cert }).opened) as CertificateError
  client.abort()
  expect(error.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  expectWords(error, ['CN=mine, issued by itself', "issued by none of option 'ca'", 'docs/trust.md'])
})

it.each([
  ['none, TLS 1.2', 'TLSv1.2', 'ERR_SSL_TLS_ALERT_HANDSHAKE_FAILURE'],
  ['none, TLS 1.3', 'TLSv1.3', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
] as const)('a client that has %s is told which option', async (_, version, code) => {
  const own = authority.leaf()
  const [near, far] = memoryTransportPair()
  const client = connect(near, { servername: 'localhost', ca: authority.ca.cert, maxVersion: version })
  const server = await rejection(accept(far, { cert: own.cert, key: own.key, ca: authority.ca.cert }).opened)
  expect(server).toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
  expectWords(server as Error, ['the client has shown none', "'cert' and 'key'", "'clientCertificate'", "'optional'"])
  expect((server as Error).message).toMatch(/'key'.*'optional'/)
  const error = await rejection(client.readable.getReader().read()) as CertificateError
  expect(error.code).toBe(code)
  expectWords(error, ['asked for a certificate of CN=libssl-wasm test CA', 'was shown none', "'cert'", "'onCertificateRequest'"])
  expect(error.message).not.toMatch(/cipher|SHA256/)
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a certificate that the peer refuses, %s', (version) => {
  const mine = stranger.leaf({ name: 'mine' })
  const own = authority.leaf()

  it('a client\'s: it is told that the server has refused it, and not to give it another CA', async () => {
    const [near, far] = memoryTransportPair()
    const client = connect(near, { servername: 'localhost', ca: authority.ca.cert, cert: mine.cert, key: mine.key, maxVersion: version })
    await rejection(accept(far, { cert: own.cert, key: own.key, ca: authority.ca.cert }).opened)
    const error = await rejection(client.readable.getReader().read()) as TlsError
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA')
    expectWords(error, ['the server asked for a certificate of CN=libssl-wasm test CA', 'may not take the one that it was shown'])
  })

  it('a server\'s', async () => {
    const [near, far] = memoryTransportPair()
    const client = connect(near, { servername: 'localhost', ca: stranger.ca.cert, maxVersion: version })
    const error = await rejection(accept(far, { cert: own.cert, key: own.key }).opened) as TlsError
    await rejection(client.opened)
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA')
    expectWords(error, ["the client refuses the certificate of option 'cert'", 'trust its CA', 'intermediate'])
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a server that hangs up without an alert, %s', (version) => {
  const mine = stranger.leaf({ name: 'mine' })
  const own = authority.leaf()

  /** What a client is told if the stream ends in the place of the server's answer to so many flights of its own. */
  async function told(flights: number, client: Partial<ConnectOptions>, server: Partial<AcceptOptions>, reset?: Error): Promise<Error> {
    const [near, far] = memoryTransportPair()
    let end!: () => void
    const answers = new TransformStream<Uint8Array,
      Uint8Array>({ start: (controller) => { end = () => (reset ? controller.error(reset) : controller.terminate()) } })
    near.readable.pipeTo(answers.writable).catch(() => {})
    const writer = near.writable.getWriter()
    const writable = new WritableStream<Uint8Array>({ write: (flight) => (--flights > 0 ? writer.write(flight) : end()) })
    const connection = connect(
      { readable: answers.readable, writable }, { servername: 'localhost', ca: authority.ca.cert, maxVersion: version, ...client },
    )
    const other = accept(far, { cert: own.cert, key: own.key, ...server })
    const error = await rejection(connection.readable.getReader().read()) as TlsError
    other.abort()
    await rejection(other.closed)
    expect(error).toMatchObject(reset ? { code: 'ERR_TLS_TRANSPORT', cause: reset } : { code: 'ERR_TLS_UNEXPECTED_EOF' })
    return error
  }

  it('is said to have wanted a certificate if it has asked for one', async () => {
    const where = version === 'TLSv1.2' ? 'in the middle of the handshake' : 'without close_notify'
    const asked = `the stream ended ${where}: the server asked for a certificate of CN=libssl-wasm test CA`
    expectWords(await told(2, {}, { ca: authority.ca.cert }), [asked, 'was shown none', "'cert'"])
    expectWords(
      await told(2, { cert: mine.cert, key: mine.key }, { ca: authority.ca.cert }), [asked, 'may not take the one that it was shown'],
    )
  })

  it('is said so, too, if the connection is reset', async () => {
    const reset = new Error('read ECONNRESET')
    const words = ['the transport failed to receive: read ECONNRESET; the server asked for a certificate of CN=libssl-wasm test CA']
    expectWords(await told(2, {}, { ca: authority.ca.cert }, reset), [...words, 'was shown none'])
    expectWords(await told(2, { cert: mine.cert, key: mine.key }, { ca: authority.ca.cert }, reset), [...words, 'may not take the one'])
    expect((await told(2, {}, {}, reset)).message).toBe('the transport failed to receive: read ECONNRESET')
  })

  it('is not, if it has not', async () => {
    expect((await told(2, { cert: mine.cert, key: mine.key }, {})).message).not.toContain('certificate')
    expect((await told(1, {}, {})).message).toContain('ended the stream before it said anything')
  })
})
