// Which versions and algorithms are spoken, with peers that have a say in it.

import { TLSSocket, type TLSSocketOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { connect, createContext, PeerError, type ConnectOptions, type TlsConnection } from '../../src/index.js'
import { proves } from '../helpers/features.js'
import { authority } from '../helpers/certificates.js'
import { client, identities, versions } from './peers/matrix.js'
import { startGnutlsClient, startGnutlsServer } from './peers/gnutls.js'
import { Namespace } from './peers/namespace.js'
import { startOpensslClient, startOpensslServer } from './peers/openssl.js'
import { acceptOne, connectTo, serveTcp } from './peers/tcp.js'

const S_SERVER = 'openssl s_server'
const S_CLIENT = 'openssl s_client'
const other = { 'TLSv1.2': 'TLSv1.3', 'TLSv1.3': 'TLSv1.2' } as const

/** Both ends' agreement, and that the connection ends well. */
async function agreed(connection: TlsConnection) {
  const info = await connection.opened
  await connection.close()
  return info
}

async function refusal(connection: TlsConnection): Promise<PeerError> {
  const error: unknown = await connection.opened.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(PeerError)
  return error as PeerError
}

async function nodeServer(options: TLSSocketOptions): Promise<number> {
  const { cert, key } = identities.EC
  return serveTcp((raw) => new TLSSocket(raw, { isServer: true, cert, key, ...options }).on('error', () => {}))
}

/** Counts the hellos of a client: the second one answers a HelloRetryRequest. */
function hellos(): { readonly onTrace: NonNullable<ConnectOptions['onTrace']>; count: number } {
  const counter = {
    count: 0,
    onTrace: ({ name }: { readonly name: string }) => { if (name === 'ClientHello') counter.count++ },
  }
  return counter
}

describe('versions', { timeout: 20_000 }, () => {
  for (const version of versions) {
    const apart = version === 'TLSv1.2' ? { minVersion: other[version] } : { maxVersion: other[version] }

    proves('versions', {
      peer: S_SERVER, role: 'client', version,
    }, 'agrees on the only version of the peer, and refuses to leave its own', async () => {
      const { port } = await startOpensslServer(identities.EC, version)
      expect(await agreed(await connectTo(port))).toMatchObject({ protocol: version })
      expect((await refusal(await connectTo(port, apart))).alert).toMatchObject({ from: 'peer', description: 70 })
    })

    proves('versions', {
      peer: S_CLIENT, role: 'server', version,
    }, 'agrees on the only version of the peer, and refuses to leave its own', async () => {
      const server = await acceptOne()
      await startOpensslClient(server.port, version)
      expect(await agreed(await server.connection)).toMatchObject({ protocol: version })
      const strict = await acceptOne(apart)
      const peer = await startOpensslClient(strict.port, version)
      expect((await refusal(await strict.connection)).alert).toMatchObject({ from: 'us', description: 70 })
      await peer.printed(/alert protocol version/)
    })

    proves('versions', { peer: 'node:tls', role: 'client', version }, 'agrees on the highest version that both have', async () => {
      expect(await agreed(await connectTo(await nodeServer({ maxVersion: version } as TLSSocketOptions))))
        .toMatchObject({ protocol: version })
      expect(await agreed(await connectTo(await nodeServer({}), { maxVersion: version }))).toMatchObject({ protocol: version })
    })
  }
})

const suites = {
  'TLSv1.2': [
    ['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
    ['ECDHE-ECDSA-AES256-GCM-SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
    ['ECDHE-ECDSA-CHACHA20-POLY1305', 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'],
  ],
  'TLSv1.3': ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'].map((name) => [name, name] as const),
} as const

describe('suites', { timeout: 20_000 }, () => {
  for (const version of versions) {
    const ours = version === 'TLSv1.2' ? 'ciphers' : 'ciphersuites'
    const theirs = version === 'TLSv1.2' ? '-cipher' : '-ciphersuites'

    proves('suites', { peer: S_SERVER, role: 'client', version }, 'offers what the option says, and takes what the peer has', async () => {
      const { port } = await startOpensslServer(identities.EC, version)
      for (const [openssl, name] of suites[version]) {
        expect(await agreed(await connectTo(port, { [ours]: openssl }))).toMatchObject({ cipher: name })
      }
      const [[first], [second]] = suites[version]
      const strict = await startOpensslServer(identities.EC, version, ['-www', theirs, first])
      expect((await refusal(await connectTo(strict.port, { [ours]: second }))).alert).toMatchObject({ from: 'peer', description: 40 })
    })

    proves('suites', { peer: S_CLIENT, role: 'server', version }, 'chooses by its own order among what the peer offers', async () => {
      const [[first], [second, name]] = suites[version]
      const server = await acceptOne({ [ours]: `${second}:${first}` })
      await startOpensslClient(server.port, version, [theirs, `${first}:${second}`])
      expect(await agreed(await server.connection)).toMatchObject({ cipher: name })
      const strict = await acceptOne({ [ours]: first })
      const peer = await startOpensslClient(strict.port, version, [theirs, second])
      expect((await refusal(await strict.connection)).alert).toMatchObject({ from: 'us', description: 40 })
      await peer.printed(/handshake failure/)
    })
  }
})

describe('suites with DHE', { timeout: 20_000 }, () => {
  const version = 'TLSv1.2'
  const suite = 'DHE-RSA-AES128-GCM-SHA256'

  for (const [level, bits, newkey] of [[2, 2048, 'rsa:2048'], [3, 3072, 'rsa:3072']] as const) {
    proves('suites', {
      peer: S_CLIENT, role: 'server', version,
    }, `agrees on one, with parameters of ${bits} bits at level ${level}`, async () => {
      const { cert, key } = authority.leaf({ newkey: [newkey] })
      const server = await acceptOne({ cert, key, ciphers: suite, securityLevel: level })
      const peer = await startOpensslClient(server.port, version, ['-cipher', suite])
      expect(await agreed(await server.connection)).toMatchObject({ cipher: 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256' })
      await peer.printed(new RegExp(`(Peer|Server) Temp Key: DH, ${bits} bits`))
    })
  }

  proves('suites', { peer: S_CLIENT, role: 'server', version }, 'agrees on one that the answer to a ClientHello allows', async () => {
    const { cert, key } = identities.RSA
    const server = await acceptOne({ onClientHello: () => ({ cert, key, ciphers: suite }) })
    await startOpensslClient(server.port, version, ['-cipher', suite])
    expect(await agreed(await server.connection)).toMatchObject({ cipher: 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256' })
  })

  proves('suites', { peer: S_SERVER, role: 'client', version }, 'agrees on one', async () => {
    const { port } = await startOpensslServer(identities.RSA, version, ['-www', '-cipher', suite])
    expect(await agreed(await connectTo(port, { ciphers: suite }))).toMatchObject({ cipher: 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256' })
  })
})

const groups = {
  'TLSv1.2': [['X25519', 'x25519'], ['secp256r1', 'secp256r1'], ['secp384r1', 'secp384r1'], ['secp521r1', 'secp521r1']],
  'TLSv1.3': [['X25519', 'x25519'], ['secp256r1', 'secp256r1'], ['secp384r1', 'secp384r1'], ['ffdhe2048', 'ffdhe2048']],
} as const

// With RSA: TLS 1.2 wants the curve of an ECDSA key among the groups (RFC 8422 §5.1).
describe('groups', { timeout: 20_000 }, () => {
  for (const version of versions) {
    proves('groups', { peer: S_SERVER, role: 'client', version }, 'agrees on each group that both have', async () => {
      for (const [name, reported] of groups[version]) {
        const { port } = await startOpensslServer(identities.RSA, version, ['-www', '-groups', name])
        expect(await agreed(await connectTo(port, { groups: name }))).toMatchObject({ group: reported })
      }
    })

    proves('groups', {
      peer: S_CLIENT, role: 'server', version,
    }, 'agrees on each group that both have, and on none that it was not given', async () => {
      const { cert, key } = identities.RSA
      for (const [name, reported] of groups[version]) {
        const server = await acceptOne({ cert, key, groups: name })
        await startOpensslClient(server.port, version, ['-groups', name])
        expect(await agreed(await server.connection)).toMatchObject({ group: reported })
      }
      const server = await acceptOne({ cert, key, groups: 'secp384r1' })
      await startOpensslClient(server.port, version, ['-groups', 'X25519'])
      expect((await refusal(await server.connection)).alert).toMatchObject({ from: 'us', description: 40 })
    })
  }

  const version = 'TLSv1.3'
  proves('groups', { peer: S_SERVER, role: 'client', version }, 'answers a HelloRetryRequest', async () => {
    const { port } = await startOpensslServer(identities.EC, version, ['-www', '-groups', 'P-384'])
    const seen = hellos()
    expect(await agreed(await connectTo(port, { onTrace: seen.onTrace }))).toMatchObject({ group: 'secp384r1' })
    expect(seen.count).toBe(2)
    const straight = hellos()
    expect(await agreed(await connectTo(port, { groups: 'secp384r1', onTrace: straight.onTrace }))).toMatchObject({ group: 'secp384r1' })
    expect(straight.count).toBe(1)
  })

  proves('groups', { peer: 'node:tls', role: 'client', version }, 'answers a HelloRetryRequest', async () => {
    const seen = hellos()
    const port = await nodeServer({ ecdhCurve: 'P-256' } as TLSSocketOptions)
    expect(await agreed(await connectTo(port, { onTrace: seen.onTrace }))).toMatchObject({ group: 'secp256r1' })
    expect(seen.count).toBe(2)
  })

  proves('groups', {
    peer: S_CLIENT, role: 'server', version,
  }, 'asks by a HelloRetryRequest for a group that the peer has but sent no share of', async () => {
    const seen = hellos()
    const server = await acceptOne({ groups: 'secp384r1', onTrace: seen.onTrace })
    await startOpensslClient(server.port, version, ['-groups', 'X25519:P-384'])
    expect(await agreed(await server.connection)).toMatchObject({ group: 'secp384r1' })
    expect(seen.count).toBe(2)
  })

  proves('groups', {
    peer: 'gnutls-cli', role: 'server', version,
  }, 'asks by a HelloRetryRequest for a group that the peer has but sent no share of', async () => {
    const seen = hellos()
    const server = await acceptOne({ groups: 'secp521r1', onTrace: seen.onTrace })
    await startGnutlsClient(server.port, version)
    expect(await agreed(await server.connection)).toMatchObject({ group: 'secp521r1' })
    expect(seen.count).toBe(2)
  })
})

describe('signature algorithms', { timeout: 20_000 }, () => {
  for (const version of versions) {
    proves('signature-algorithms', {
      peer: S_SERVER, role: 'client', version,
    }, 'offers what the option says, and is refused by a peer that has none of it', async () => {
      const { peer, port } = await startOpensslServer(identities.RSA, version, [])
      await agreed(await connectTo(port, { signatureAlgorithms: 'rsa_pss_rsae_sha384:rsa_pss_rsae_sha256:ECDSA+SHA256' }))
      await peer.printed(/^Signature Algorithms: RSA-PSS\+SHA384:RSA-PSS\+SHA256:ECDSA\+SHA256$/m)
      expect((await refusal(await connectTo(port, { signatureAlgorithms: 'ecdsa_secp256r1_sha256' }))).alert)
        .toMatchObject({ from: 'peer', description: 40 })
    })

    proves('signature-algorithms', {
      peer: S_CLIENT, role: 'server', version,
    }, 'signs with what the option says, and refuses a peer that takes none of it', async () => {
      const { cert, key } = identities.RSA
      const server = await acceptOne({ cert, key, signatureAlgorithms: 'rsa_pss_rsae_sha512:rsa_pss_rsae_sha256' })
      const peer = await startOpensslClient(server.port, version, ['-sigalgs', 'rsa_pss_rsae_sha256:rsa_pss_rsae_sha512:ECDSA+SHA256'])
      await agreed(await server.connection)
      await peer.printed(/^Peer signing digest: SHA512$/m)
      const strict = await acceptOne({ cert, key, signatureAlgorithms: 'rsa_pss_rsae_sha512' })
      await startOpensslClient(strict.port, version, ['-sigalgs', 'rsa_pss_rsae_sha256'])
      expect((await refusal(await strict.connection)).alert).toMatchObject({ from: 'us', description: 40 })
    })

    proves('signature-algorithms', {
      peer: S_SERVER, role: 'client', version,
    }, 'refuses by its security level a key that is too weak, and takes it at a lower one', async () => {
      const { port } = await startOpensslServer(identities.RSA, version) // 2048 bits
      await agreed(await connectTo(port, { securityLevel: 2 }))
      const error = await (await connectTo(port, { securityLevel: 3 })).opened.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'EE_KEY_TOO_SMALL', depth: 0 })
      const weak = authority.leaf({ newkey: ['rsa:1024'] })
      const weakServer = await startOpensslServer(weak, version, ['-www', '-cipher', 'ALL:@SECLEVEL=0'])
      expect(await (await connectTo(weakServer.port)).opened.catch((reason: unknown) => reason)).toMatchObject({ code: 'EE_KEY_TOO_SMALL' })
      await agreed(await connectTo(weakServer.port, { dangerouslyLowSecurityLevel: 1 }))
    })

    proves('signature-algorithms', { peer: S_CLIENT, role: 'server', version }, 'offers no group below its security level', async () => {
      const strong = authority.leaf({ newkey: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'] })
      const server = await acceptOne({ cert: strong.cert, key: strong.key, securityLevel: 4 })
      await startOpensslClient(server.port, version, ['-groups', 'X25519:P-384'])
      expect(await agreed(await server.connection)).toMatchObject({ group: 'secp384r1' })
    })
  }
})

describe("signature algorithms of clients' certificates", { timeout: 20_000 }, () => {
  for (const version of versions) {
    const { cert, key } = client // ECDSA
    const rsaServer = { signatureAlgorithms: 'rsa_pss_rsae_sha256', clientSignatureAlgorithms: 'ecdsa_secp256r1_sha256' } as const

    proves('signature-algorithms', {
      peer: S_SERVER, role: 'client', version,
    }, 'signs with what the option says at a server whose key is of another type', async () => {
      const { peer, port } = await startOpensslServer(
        identities.RSA, version, ['-Verify', '1', '-verify_return_error', '-CAfile', authority.ca.certFile],
      )
      await agreed(await connectTo(port, { ...rsaServer, cert, key }))
      await peer.printed(/^Signature Algorithms: RSA-PSS\+SHA256$/m)
      await peer.printed(/^Peer signature type: (ECDSA|ecdsa_secp256r1_sha256)$/m)
      const chosen = await connectTo(port, { ...rsaServer, onCertificateRequest: () => ({ cert, key }) })
      await agreed(chosen)
    })

    proves('signature-algorithms', {
      peer: S_CLIENT, role: 'server', version,
    }, 'asks its clients for what the option says, and signs with another', async () => {
      const server = await acceptOne({ cert: identities.RSA.cert, key: identities.RSA.key, ca: authority.ca.cert, ...rsaServer })
      const peer = await startOpensslClient(server.port, version, ['-cert', client.certFile, '-key', client.keyFile])
      expect((await agreed(await server.connection)).peerCertificate)
        .toMatchObject({ subject: expect.stringContaining('client') as string })
      await peer.printed(/^Requested Signature Algorithms: (ECDSA\+SHA256|ecdsa_secp256r1_sha256)$/m)
      await peer.printed(/^Peer signature type: (RSA-PSS|rsa_pss_rsae_sha256)$/m)
    })

    proves('signature-algorithms', {
      peer: S_CLIENT, role: 'server', version,
    }, 'refuses a client that can sign with none of what the option says', async () => {
      const server = await acceptOne({ ca: authority.ca.cert, clientSignatureAlgorithms: 'rsa_pss_rsae_sha256' })
      await startOpensslClient(server.port, version, ['-cert', client.certFile, '-key', client.keyFile])
      expect((await refusal(await server.connection)).code).toBe('ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE')
    })
  }
})

describe('servers without RFC 5746', { timeout: 20_000 }, () => {
  const version = 'TLSv1.2'
  let namespace: Namespace
  beforeAll(async () => { namespace = await Namespace.open() })
  afterAll(() => namespace?.close())

  proves('renegotiation', { peer: 'gnutls-serv', role: 'client', version }, 'are refused unless an option allows them', async () => {
    const server = await startGnutlsServer(namespace, identities.EC, version, ['--echo', '--disable-client-cert',
      '--priority', 'NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION'])
    const open = async (options: Partial<ConnectOptions>) =>
      connect(await server.dial(), { servername: 'localhost', ca: authority.ca.cert, ...options })
    const error = await refusal(await open({}))
    expect(error).toMatchObject({ code: 'ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED', alert: { from: 'us', description: 40 } })
    expect(error.message).toContain('dangerouslyAllowLegacyRenegotiation')
    expect(await agreed(await open({ dangerouslyAllowLegacyRenegotiation: true }))).toMatchObject({ protocol: version })
    const context = createContext({ ca: authority.ca.cert, dangerouslyAllowLegacyRenegotiation: true })
    const shared = connect(await server.dial(), { context, servername: 'localhost' })
    expect(await agreed(shared)).toMatchObject({ protocol: version })
  })
})
