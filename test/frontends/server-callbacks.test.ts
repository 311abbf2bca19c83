// onClientHello and the chooser of ALPN protocols: what they are told, what they may answer, and all that they do wrong.

import { createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ApiMisuseError, connect, DeadlineError, load, memoryTransportPair, RefusalError, type AcceptOptions, type ClientHello,
  type ConnectionInfo, type HelloAnswer, type LibSsl,
} from '../../src/index.js'
import { createWorker, type TlsWorker } from '../../src/worker.js'
import { authority, localhost, RSA, temporaryAuthority } from '../helpers/certificates.js'
import {
  ALLOCATION_NOISE_BYTES, clientOptions, closeBoth, opened, peers, rejection, serverOptions, turns, VERSIONS,
} from '../helpers/stream-peers.js'

const elsewhere = authority.leaf({ name: 'elsewhere', san: 'DNS:elsewhere', newkey: RSA })
const client = authority.leaf({ name: 'client', san: 'DNS:client.example' })
const others = temporaryAuthority('of other clients')
const otherClient = others.leaf({ name: 'other client', san: 'DNS:client.example' })

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const publicKey = (cert: string) => new Uint8Array(createPublicKey(cert).export({ type: 'spki', format: 'der' }))

/** In its own time. */
const later = async <T>(value: T): Promise<T> => {
  await turns()
  return value
}

describe.each(VERSIONS)('onClientHello, %s', (version) => {
  const byName = ({ servername }: ClientHello): HelloAnswer | undefined =>
    (servername === 'elsewhere' ? { cert: elsewhere.cert, key: elsewhere.key } : undefined)

  it.each([
    ['at once', byName], ['in its own time', (hello: ClientHello) => later(byName(hello))],
  ])('picks a certificate by the name, %s', async (_, onClientHello) => {
    for (const servername of ['localhost', 'elsewhere']) {
      const both = await opened({ version, client: { servername }, server: { onClientHello } })
      expect((await both.client.opened).peerCertificate?.subject).toBe(`CN=${servername}`)
      expect(await both.server.opened).toMatchObject({ servername, protocol: version })
      await closeBoth(both)
    }
  })

  it('answers with an identity that takes the place of all that were given', async () => {
    const identities = [{ cert: elsewhere.cert, key: elsewhere.key }]
    const answer = { cert: client.cert, key: client.key } // EC, for another name; RSA is not there any more
    for (const signatureAlgorithms of ['ECDSA+SHA256', 'rsa_pss_rsae_sha256:RSA+SHA256']) {
      const options = { dangerouslySkipVerification: true, signatureAlgorithms }
      const both = peers({ version, client: options, server: { identities, onClientHello: () => later(answer) } })
      if (signatureAlgorithms.startsWith('ECDSA')) {
        expect((await both.client.opened).peerCertificate?.subject).toBe('CN=client')
        await closeBoth(both)
      } else {
        expect(await rejection(both.server.opened)).toMatchObject({ name: 'PeerError', alert: { from: 'us', description: 40 } })
      }
    }
  })

  it('answers with a certificate, and shows it, where a raw public key was to be shown', async () => {
    const given = { rawPublicKey: true }
    // Or a certificate, having a servername.
    const client = { acceptedRawPublicKeys: [publicKey(localhost.cert), publicKey(elsewhere.cert)] }
    const raw = await opened({ version, client, server: { ...given, onClientHello: () => later(undefined) } })
    expect((await raw.client.opened).peerRawPublicKey).toEqual(publicKey(localhost.cert))
    await closeBoth(raw)

    const answer = { cert: elsewhere.cert, key: elsewhere.key }
    for (const groups of ['x25519', 'secp384r1']) { // the other wants a second ClientHello
      const both = await opened({
        version, client: { ...client, servername: 'elsewhere' }, server: { ...given, groups, onClientHello: () => later(answer) },
      })
      expect(await both.client.opened).toMatchObject({ peerRawPublicKey: undefined, peerCertificate: { subject: 'CN=elsewhere' } })
      await closeBoth(both)
    }
  })

  it('sees names, protocols, groups and suites', async () => {
    let hello!: ClientHello
    const both = await opened({ version, client: { alpnProtocols: ['h2'] }, server: { onClientHello: (seen) => { hello = seen } } })
    expect(hello).toMatchObject({ servername: 'localhost', alpnProtocols: ['h2'], versions: [version] })
    expect(hello.groups).toContain('x25519')
    expect(hello.ciphersuites)
      .toContain(version === 'TLSv1.3' ? 'TLS_CHACHA20_POLY1305_SHA256' : 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256')
    await closeBoth(both)
  })

  it('answers with protocols, as a list and as a chooser', async () => {
    for (const alpnProtocols of [['b'], () => 'b'] as const) {
      for (const before of [['a'], () => 'a'] as const) {
        const both = await opened({
          version, client: { alpnProtocols: ['a', 'b'] }, server: { alpnProtocols: before, onClientHello: () => later({ alpnProtocols }) },
        })
        expect((await both.client.opened).alpnProtocol).toBe('b')
        await closeBoth(both)
      }
    }
  })

  it('answers with suites and groups', async () => {
    const answer = {
      groups: 'secp384r1:secp256r1',
      ...(version === 'TLSv1.3' ? { ciphersuites: 'TLS_AES_256_GCM_SHA384' } : { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }),
    }
    const both = await opened({ version, server: { onClientHello: () => later(answer) } })
    expect(await both.client.opened).toMatchObject({ group: 'secp384r1', cipher: expect.stringMatching(/AES_256_GCM_SHA384$/) })
    await closeBoth(both)
  })

  it('asks for a client certificate by the name, and verifies it', async () => {
    const onClientHello = () => later({ ca: authority.ca.cert })
    const both = await opened({ version, client: { cert: client.cert, key: client.key }, server: { onClientHello } })
    expect(await both.server.opened).toMatchObject({ verifyResult: 'X509_V_OK', peerCertificate: { subject: 'CN=client' } })
    await closeBoth(both)

    for (const [own, code] of [
      [{}, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
      [{ cert: otherClient.cert, key: otherClient.key }, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    ] as const) {
      const refused = peers({ version, client: own, server: { onClientHello } })
      expect(await rejection(refused.server.opened)).toMatchObject({ code })
      refused.client.abort()
    }
  })

  it('leaves verify and pins in force for the client certificates that it asks for', async () => {
    const asked: unknown[] = []
    const verify = (chain: readonly { readonly subject: string }[]) => {
      asked.push(chain[0]?.subject)
      return chain[0]?.subject !== 'CN=client'
    }
    const server = {
      ca: authority.ca.cert, verify, onClientHello: () => later({ ca: [authority.ca.cert], cert: elsewhere.cert, key: elsewhere.key }),
    }
    const refused = peers({ version, client: { servername: 'elsewhere', cert: client.cert, key: client.key }, server })
    expect(await rejection(refused.server.opened)).toMatchObject({ name: 'CertificateError' })
    expect(asked).toEqual(['CN=client'])
    refused.client.abort()

    const pinned = { ...server, verify: undefined as never, pins: `sha256/${'A'.repeat(43)}=` }
    const other = peers({ version, client: { servername: 'elsewhere', cert: client.cert, key: client.key }, server: pinned })
    expect(await rejection(other.server.opened)).toMatchObject({ name: 'CertificateError' })
    other.client.abort()
  })

  it('may ask for no client certificate where one is asked for otherwise', async () => {
    const both = await opened({ version, server: { ca: authority.ca.cert, onClientHello: () => ({ ca: undefined as never }) } })
    expect((await both.server.opened).peerCertificate).toBeUndefined()
    await closeBoth(both)
  })

  it('is asked once, also when the client must say hello again', async () => {
    let asked = 0
    const both = await opened({
      version,
      server: {
        groups: 'secp384r1', onClientHello: async () => { asked++; return later(byName({ servername: 'elsewhere' } as ClientHello)) },
      }, client: { servername: 'elsewhere' },
    })
    expect(await both.client.opened).toMatchObject({ group: 'secp384r1', peerCertificate: { subject: 'CN=elsewhere' } })
    expect(asked).toBe(1)
    await closeBoth(both)
  })

  const failure = new Error('of the callback')
  it.each<[string, () => never | Promise<never>, unknown, number]>([
    ['throws', () => { throw failure }, failure, 80],
    ['rejects', async () => { await turns(); throw failure }, failure, 80],
    ['throws a RefusalError', () => { throw new RefusalError('unrecognized_name') }, RefusalError, 112],
    ['rejects with a RefusalError', async () => { await turns(); throw new RefusalError('access_denied') }, RefusalError, 49],
  ])('fails with that very cause and an alert when it %s', async (_, onClientHello, cause, description) => {
    const { client, server } = peers({ version, client: { libssl }, server: { libssl, onClientHello } })
    const error = await rejection(server.opened)
    if (typeof cause === 'function') expect(error).toBeInstanceOf(cause)
    else expect(error).toBe(cause)
    expect(await rejection(server.closed)).toBe(error)
    expect(await rejection(client.opened)).toMatchObject({ alert: { from: 'peer', level: 'fatal', description } })
  })

  it.each<[string, unknown, string]>([
    ['an option that is not for one client', { echKeys: 'x' }, 'ERR_TLS_UNKNOWN_OPTION'],
    ['an unknown option', { certificate: 'x' }, 'ERR_TLS_UNKNOWN_OPTION'],
    ['a wrong value', { alpnProtocols: [] }, 'ERR_TLS_INVALID_OPTION'],
    ['a key without its certificate', { key: elsewhere.key }, 'ERR_TLS_INVALID_OPTION'],
    ['a key of another certificate', { cert: client.cert, key: elsewhere.key }, 'ERR_TLS_KEY_MISMATCH'],
    ['what fits not together', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }, 'ERR_TLS_INVALID_OPTION'],
    ['a text', 'localhost', 'ERR_TLS_INVALID_ARGUMENT'],
  ])('refuses the client when it returns %s', async (_, answer, code) => {
    for (const onClientHello of [() => answer, () => later(answer)]) {
      const { client, server } = peers({ version, server: { onClientHello: onClientHello as () => HelloAnswer } })
      const error = await rejection(server.opened)
      expect(error).toBeInstanceOf(ApiMisuseError)
      expect(error).toMatchObject({ code })
      expect(await rejection(client.opened)).toMatchObject({ alert: { from: 'peer', description: 80 } })
    }
  })

  it('does not outlast its deadline, nor an abort', async () => {
    const never = () => new Promise<never>(() => {})
    const late = peers({ version, server: { onClientHello: never, handshakeTimeoutMs: 50 } })
    expect(await rejection(late.server.opened)).toBeInstanceOf(DeadlineError)
    expect(await rejection(late.client.opened)).toMatchObject({ alert: { from: 'peer', description: 80 } })

    const abort = new AbortController()
    const aborted = peers({ version, server: { onClientHello: () => { abort.abort(failure); return never() }, signal: abort.signal } })
    expect(await rejection(aborted.server.opened)).toBe(failure)
    await rejection(aborted.client.opened)
  })

  it('leaves no memory behind, whatever it does', async () => {
    const answers = [
      () => byName({ servername: 'elsewhere' } as ClientHello), () => later({ ca: authority.ca.cert }), () => { throw failure },
      () => later({ key: elsewhere.key }),
    ]
    const round = async () => {
      for (const onClientHello of answers) {
        const both = peers({ version, client: { libssl, servername: 'elsewhere' }, server: { libssl, onClientHello } })
        await Promise.allSettled([both.client.opened, both.server.opened])
        both.client.abort()
        both.server.abort()
        await Promise.allSettled([both.client.closed, both.server.closed])
      }
    }
    await round()
    const before = libssl.allocatedBytes
    for (let n = 0; n < 5; n++) await round()
    expect(libssl.allocatedBytes - before).toBeLessThan(ALLOCATION_NOISE_BYTES)
  })
})

describe('onClientHello', () => {
  it('may choose the version', async () => {
    const both = await opened({ server: { onClientHello: () => later({ maxVersion: 'TLSv1.2' } as const) } })
    expect((await both.client.opened).protocol).toBe('TLSv1.2')
    await closeBoth(both)
    const none = peers({
      version: 'TLSv1.2',
      server: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', onClientHello: () => ({ minVersion: 'TLSv1.3' as const }) },
    })
    expect(await rejection(none.client.opened)).toMatchObject({ alert: { from: 'peer', description: 70 } })
    await rejection(none.server.opened)
  })
})

describe.each(VERSIONS)('alpnProtocols as a function, %s', (version) => {
  const protocols = async (options: Partial<AcceptOptions>, offered: readonly string[]): Promise<ConnectionInfo> => {
    const both = await opened({ version, client: { alpnProtocols: offered }, server: options })
    await closeBoth(both)
    return both.client.opened
  }

  it('is told what is offered, and the name', async () => {
    const seen: unknown[] = []
    expect(await protocols({ alpnProtocols: (...args) => { seen.push(args); return args[0].at(-1) } }, ['a', 'b']))
      .toMatchObject({ alpnProtocol: 'b' })
    expect(seen).toEqual([[['a', 'b'], 'localhost']])
  })

  it('is not asked by a client that offers nothing', async () => {
    const both = await opened({ version, server: { alpnProtocols: () => { throw new Error('asked') } } })
    expect((await both.server.opened).alpnProtocol).toBeUndefined()
    await closeBoth(both)
  })

  const failure = new Error('of the chooser')
  it.each<[string, () => unknown, unknown]>([
    ['finds none that it likes', () => undefined, { code: 'ERR_SSL_NO_APPLICATION_PROTOCOL' }],
    ['throws', () => { throw failure }, failure],
    ['makes one up', () => 'c', { code: 'ERR_TLS_INVALID_ARGUMENT' }],
    ['returns a promise', () => Promise.resolve('a'), { code: 'ERR_TLS_INVALID_ARGUMENT' }],
  ])('ends with the alert no_application_protocol when it %s', async (_, choose, cause) => {
    const { client, server } = peers({ version, client: { alpnProtocols: ['a', 'b'] }, server: { alpnProtocols: choose as () => string } })
    const error = await rejection(server.opened)
    if (cause === failure) expect(error).toBe(failure)
    else expect(error).toMatchObject(cause as object)
    expect(await rejection(client.opened)).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 120 } })
  })
})

describe('in a worker', () => {
  let worker: TlsWorker
  beforeAll(
    () => { worker = createWorker({ worker: new URL('../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url) }) },
  )
  afterAll(() => worker.terminate())

  const start = (servername: string, options: Partial<AcceptOptions>) => {
    const [near, far] = memoryTransportPair()
    return {
      server: worker.accept(far, serverOptions({ server: options })), client: connect(near, clientOptions({ client: { servername } })),
    }
  }

  it('onClientHello is answered by the page, which may refuse', async () => {
    const onClientHello = async ({ servername }: ClientHello) => {
      if (servername === 'elsewhere') return { cert: elsewhere.cert, key: elsewhere.key }
      throw new RefusalError('unrecognized_name')
    }
    const both = start('elsewhere', { onClientHello })
    expect((await both.client.opened).peerCertificate?.subject).toBe('CN=elsewhere')
    await closeBoth(both)
    const { client, server } = start('localhost', { onClientHello })
    expect(await rejection(server.opened)).toBeInstanceOf(RefusalError)
    expect(await rejection(client.opened)).toMatchObject({ alert: { from: 'peer', description: 112 } })
  })

  it('a chooser of protocols is refused: OpenSSL cannot wait for the page', async () => {
    const { server, client } = start('localhost', { alpnProtocols: () => 'a' })
    expect(await rejection(server.opened)).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'alpnProtocols' })
    await rejection(client.opened)
  })
})
