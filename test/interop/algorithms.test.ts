// Which versions and algorithms are spoken, with peers that have a say in it.

import { TLSSocket, type TLSSocketOptions } from 'node:tls'
import { describe, expect } from 'vitest'
import { PeerError, type ConnectOptions, type TlsConnection } from '../../src/index.js'
import { proves } from '../helpers/features.js'
import { authority } from '../helpers/certificates.js'
import { identities, versions } from './peers/matrix.js'
import { startGnutlsClient } from './peers/gnutls.js'
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

    proves('versions', { peer: S_SERVER, role: 'client', version }, 'agrees on the only version of the peer, and refuses to leave its own', async () => {
      const { port } = await startOpensslServer(identities.EC, version)
      expect(await agreed(await connectTo(port))).toMatchObject({ protocol: version })
      expect((await refusal(await connectTo(port, apart))).alert).toMatchObject({ from: 'peer', description: 70 })
    })

    proves('versions', { peer: S_CLIENT, role: 'server', version }, 'agrees on the only version of the peer, and refuses to leave its own', async () => {
      const server = await acceptOne()
      await startOpensslClient(server.port, version)
      expect(await agreed(await server.connection)).toMatchObject({ protocol: version })
      const strict = await acceptOne(apart)
      const peer = await startOpensslClient(strict.port, version)
      expect((await refusal(await strict.connection)).alert).toMatchObject({ from: 'us', description: 70 })
      await peer.printed(/alert protocol version/)
    })

    proves('versions', { peer: 'node:tls', role: 'client', version }, 'agrees on the highest version that both have', async () => {
      expect(await agreed(await connectTo(await nodeServer({ maxVersion: version } as TLSSocketOptions)))).toMatchObject({ protocol: version })
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
      for (const [openssl, name] of suites[version]) expect(await agreed(await connectTo(port, { [ours]: openssl }))).toMatchObject({ cipher: name })
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

    proves('groups', { peer: S_CLIENT, role: 'server', version }, 'agrees on each group that both have, and on none that it was not given', async () => {
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

  proves('groups', { peer: S_CLIENT, role: 'server', version }, 'asks by a HelloRetryRequest for a group that the peer has but sent no share of', async () => {
    const seen = hellos()
    const server = await acceptOne({ groups: 'secp384r1', onTrace: seen.onTrace })
    await startOpensslClient(server.port, version, ['-groups', 'X25519:P-384'])
    expect(await agreed(await server.connection)).toMatchObject({ group: 'secp384r1' })
    expect(seen.count).toBe(2)
  })

  proves('groups', { peer: 'gnutls-cli', role: 'server', version }, 'asks by a HelloRetryRequest for a group that the peer has but sent no share of', async () => {
    const seen = hellos()
    const server = await acceptOne({ groups: 'secp521r1', onTrace: seen.onTrace })
    await startGnutlsClient(server.port, version)
    expect(await agreed(await server.connection)).toMatchObject({ group: 'secp521r1' })
    expect(seen.count).toBe(2)
  })
})

describe('signature algorithms', { timeout: 20_000 }, () => {
  for (const version of versions) {
    proves('signature-algorithms', { peer: S_SERVER, role: 'client', version }, 'offers what the option says, and is refused by a peer that has none of it', async () => {
      const { peer, port } = await startOpensslServer(identities.RSA, version, [])
      await agreed(await connectTo(port, { signatureAlgorithms: 'rsa_pss_rsae_sha384:rsa_pss_rsae_sha256:ECDSA+SHA256' }))
      await peer.printed(/^Signature Algorithms: RSA-PSS\+SHA384:RSA-PSS\+SHA256:ECDSA\+SHA256$/m)
      expect((await refusal(await connectTo(port, { signatureAlgorithms: 'ecdsa_secp256r1_sha256' }))).alert).toMatchObject({ from: 'peer', description: 40 })
    })

    proves('signature-algorithms', { peer: S_CLIENT, role: 'server', version }, 'signs with what the option says, and refuses a peer that takes none of it', async () => {
      const { cert, key } = identities.RSA
      const server = await acceptOne({ cert, key, signatureAlgorithms: 'rsa_pss_rsae_sha512:rsa_pss_rsae_sha256' })
      const peer = await startOpensslClient(server.port, version, ['-sigalgs', 'rsa_pss_rsae_sha256:rsa_pss_rsae_sha512:ECDSA+SHA256'])
      await agreed(await server.connection)
      await peer.printed(/^Peer signing digest: SHA512$/m)
      const strict = await acceptOne({ cert, key, signatureAlgorithms: 'rsa_pss_rsae_sha512' })
      await startOpensslClient(strict.port, version, ['-sigalgs', 'rsa_pss_rsae_sha256'])
      expect((await refusal(await strict.connection)).alert).toMatchObject({ from: 'us', description: 40 })
    })

    proves('signature-algorithms', { peer: S_SERVER, role: 'client', version }, 'refuses by its security level a key that is too weak, and takes it at a lower one', async () => {
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
