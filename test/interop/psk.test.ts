// External pre-shared keys, with peers that others wrote.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { TLSSocket, connect as tlsConnect, type TLSSocketOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ApiMisuseError, CertificateError, connect, PeerError, type ConnectOptions, type PskIdentityKey, type TlsConnection,
} from '../../src/index.js'
import { authority, file } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { closeBoth, peers, rejection } from '../helpers/stream-peers.js'
import { readUntil, send } from './peers/bytes.js'
import { startGnutlsClient } from './peers/gnutls.js'
import { identities, only, versions } from './peers/matrix.js'
import { Namespace } from './peers/namespace.js'
import { startOpensslClient } from './peers/openssl.js'
import { startOpenssl4Server } from './peers/openssl4.js'
import { Peer } from './peers/process.js'
import { acceptOne, dial, HOST, serveTcp } from './peers/tcp.js'

const key = randomBytes(32)
const hex = key.toString('hex')
const identity = 'a client'
const psk: PskIdentityKey = { identity, key }
const other = randomBytes(32)

/** A client that knows nothing but its key. */
async function connectTo(port: number, options: Partial<ConnectOptions> = {}): Promise<TlsConnection> {
  return connect(await dial(port), { psk, ...options })
}

async function agreed(connection: TlsConnection) {
  const info = await connection.opened
  await connection.close()
  return info
}

async function startServer(version: 'TLSv1.2' | 'TLSv1.3', args: readonly string[]): Promise<{ peer: Peer; port: number }> {
  const peer = await Peer.start('openssl', ['s_server', '-accept', `${HOST}:0`, version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3', ...args])
  const [, port] = await peer.printed(/^ACCEPT .*:(\d+)$/m)
  return { peer, port: Number(port) }
}

const keySuites = [
  ['PSK-AES128-GCM-SHA256', 'TLS_PSK_WITH_AES_128_GCM_SHA256'], ['DHE-PSK-AES256-GCM-SHA384', 'TLS_DHE_PSK_WITH_AES_256_GCM_SHA384'],
  ['ECDHE-PSK-AES128-CBC-SHA256', 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256'], ['PSK', 'TLS_DHE_PSK_WITH_AES_256_GCM_SHA384'],
] as const
const suite = { 'TLSv1.2': 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', 'TLSv1.3': 'TLS_CHACHA20_POLY1305_SHA256' } as const

describe('a client with a pre-shared key', { timeout: 20_000 }, () => {
  let namespace: Namespace
  beforeAll(async () => { namespace = await Namespace.open() })
  afterAll(() => namespace?.close())

  for (const version of versions) {
    proves('psk', { peer: 'openssl s_server', role: 'client', version }, 'needs no certificate, and speaks both ways', async () => {
      const { peer, port } = await startServer(version, ['-nocert', '-psk', hex, '-psk_identity', identity])
      const connection = await connectTo(port)
      expect(await connection.opened).toMatchObject({
        protocol: version, cipher: suite[version], group: expect.stringMatching(/x25519/i), pskIdentity: identity,
        peerCertificate: undefined, peerCertificateChain: [],
      })
      await send(connection.writable, 'from here\n')
      await peer.printed(/^from here$/m)
      peer.stdin.write('from there\n')
      await readUntil(connection.readable, (bytes) => bytes.toString() === 'from there\n')
      await connection.close()
      await peer.printed(/^DONE$/m)
    })

    proves('psk', {
      peer: 'openssl s_server', role: 'client', version,
    }, 'is refused with another key, or an identity that is unknown', async () => {
      const { port } = await startServer(version, ['-nocert', '-psk', hex, '-psk_identity', identity])
      // In TLS 1.2 s_server warns of another identity, and goes on.
      for (const wrong of [{ identity, key: other }, ...(version === 'TLSv1.3' ? [{ identity: 'nobody', key }] : [])]) {
        const error = await rejection((await connectTo(port, { psk: wrong })).opened)
        expect(error).toBeInstanceOf(PeerError)
      }
    })

    proves('psk', {
      peer: 'openssl s_server', role: 'client', version,
    }, 'takes no certificate in the place of the key unless it was given a name', async () => {
      const { port } = await startServer(version, ['-cert', identities.EC.certFile, '-key', identities.EC.keyFile])
      const error = await rejection((await connectTo(port)).opened)
      expect(error).toBeInstanceOf(CertificateError)
      expect(error).toMatchObject({ alert: { from: 'us' } })
      const named = { servername: 'localhost', ca: authority.ca.cert }
      expect(await agreed(await connectTo(port, named)))
        .toMatchObject({ pskIdentity: undefined, verifyResult: 'X509_V_OK', peerCertificate: { subject: 'CN=localhost' } })
      expect(await rejection((await connectTo(port, { ...named, servername: 'elsewhere.example' })).opened))
        .toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    })

    proves('psk', { peer: 'OpenSSL 4.0 s_server', role: 'client', version }, 'is asked for it by a callback', async () => {
      const { port } = await startOpenssl4Server(null, version, ['-nocert', '-psk', hex, '-psk_identity', identity, '-psk_hint', 'a hint'])
      const hints: (string | undefined)[] = []
      const info = await agreed(await connectTo(port, { psk: (hint) => { hints.push(hint); return psk } }))
      expect(info).toMatchObject({ pskIdentity: identity })
      // Our hello can be TLS 1.3's: that is asked first, without a hint.
      expect(hints).toEqual(version === 'TLSv1.2' ? [undefined, 'a hint'] : [undefined])
    })

    proves('psk', { peer: 'gnutls-serv', role: 'client', version }, 'needs no certificate', async () => {
      writeFileSync(file('psk.txt'), `client:${hex}\n`)
      const server = await namespace.start('gnutls-serv', ['--port', '4433', '--echo', '--pskpasswd', file('psk.txt'),
        '--priority', `NORMAL:-VERS-ALL:+VERS-TLS${version.slice(-3)}:-KX-ALL:+ECDHE-PSK:+DHE-PSK`])
      await server.printed(/listening on IPv4 .*done/)
      const connection = connect(await namespace.dial(4433), { psk: { identity: 'client', key } })
      expect(await agreed(connection)).toMatchObject({ protocol: version, cipher: suite[version], pskIdentity: 'client' })
    })

    proves('psk', { peer: 'node:tls', role: 'client', version }, 'needs no certificate', async () => {
      const asked: string[] = []
      const options = {
        ciphers: 'ECDHE-PSK-CHACHA20-POLY1305:TLS_CHACHA20_POLY1305_SHA256',
        pskCallback: (_: unknown, name: string) => { asked.push(name); return key },
      }
      const port = await serveTcp((raw) => new TLSSocket(raw, { isServer: true, ...options } as TLSSocketOptions).on('error', () => {}))
      expect(await agreed(await connectTo(port, only(version))))
        .toMatchObject({ protocol: version, cipher: suite[version], pskIdentity: identity })
      expect(asked).toContain(identity)
    })
  }

  proves('psk', { peer: 'openssl s_server', role: 'client', version: 'TLSv1.2' }, 'may name suites for such keys alone', async () => {
    const { port } = await startServer('TLSv1.2', ['-nocert', '-psk', hex, '-psk_identity', identity])
    for (const [ciphers, cipher] of keySuites) {
      expect(await agreed(await connectTo(port, { ciphers, maxVersion: 'TLSv1.2' }))).toMatchObject({ cipher, pskIdentity: identity })
    }
  })

  proves('psk', { peer: 'openssl s_server', role: 'client', version: 'TLSv1.3' }, 'offers it again after a HelloRetryRequest', async () => {
    const { port } = await startServer('TLSv1.3', ['-nocert', '-psk', hex, '-psk_identity', identity, '-groups', 'P-384'])
    let asked = 0
    expect(await agreed(await connectTo(port, { psk: () => { asked++; return psk } })))
      .toMatchObject({ pskIdentity: identity, group: 'secp384r1' })
    expect(asked).toBe(2)
  })
})

describe('a server with pre-shared keys', { timeout: 20_000 }, () => {
  proves('psk', { peer: 'openssl s_client', role: 'server', version: 'TLSv1.2' }, 'may name suites for such keys alone', async () => {
    for (const [ciphers, cipher] of keySuites) {
      const server = await acceptOne({ cert: undefined, key: undefined, psk, ciphers, maxVersion: 'TLSv1.2' } as object)
      await startOpensslClient(server.port, 'TLSv1.2', ['-psk', hex, '-psk_identity', identity, '-cipher', ciphers])
      expect(await agreed(await server.connection)).toMatchObject({ cipher, pskIdentity: identity })
    }
  })

  it.each([
    ['suites that are too weak', { cert: undefined, key: undefined, psk, ciphers: 'ECDHE-PSK-AES128-CBC-SHA', securityLevel: 4 }],
    ['suites for keys, and no key', { ciphers: 'PSK' }],
  ])('is told of ciphers that leave none: %s', async (_, options) => {
    const both = peers({ version: 'TLSv1.2', server: options as object })
    expect(await rejection(both.server.opened)).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'ciphers' })
    await rejection(both.client.opened)
  })

  for (const version of versions) {
    // s_client of 3.0 verifies nothing where there is no certificate.
    const startClient = (port: number, name: string, secret: string) =>
      startOpensslClient(port, version, ['-psk', secret, '-psk_identity', name])

    proves('psk', {
      peer: 'openssl s_client', role: 'server', version,
    }, 'needs no certificate, knows its clients apart, and refuses others', async () => {
      const psks = [{ identity: 'somebody', key: other }, psk]
      const server = await acceptOne({ cert: undefined, key: undefined, psk: psks } as object)
      const peer = await startClient(server.port, identity, hex)
      const connection = await server.connection
      expect(await connection.opened)
        .toMatchObject({ protocol: version, cipher: suite[version], pskIdentity: identity, peerCertificate: undefined })
      peer.stdin.write('from there\n')
      await readUntil(connection.readable, (bytes) => bytes.toString() === 'from there\n')
      await connection.close()
      for (const [name, secret] of [['nobody', hex], [identity, other.toString('hex')]] as const) {
        const strict = await acceptOne({ cert: undefined, key: undefined, psk: psks } as object)
        await startClient(strict.port, name, secret)
        expect(await rejection((await strict.connection).opened)).toBeInstanceOf(PeerError)
      }
    })

    proves('psk', { peer: 'openssl s_client', role: 'server', version }, 'shows its certificate to clients that have no key', async () => {
      const asked: string[] = []
      const options = { psk: (name: string) => { asked.push(name); return name === identity ? key : undefined } }
      const server = await acceptOne(options)
      await startClient(server.port, identity, hex)
      expect(await agreed(await server.connection)).toMatchObject({ pskIdentity: identity })
      expect(asked).toEqual([identity])
      const second = await acceptOne(options)
      const peer = await startOpensslClient(second.port, version)
      expect(await agreed(await second.connection)).toMatchObject({ pskIdentity: undefined })
      await peer.printed(/Verification: OK/)
    })

    proves('psk', { peer: 'gnutls-cli', role: 'server', version }, 'needs no certificate', async () => {
      const server = await acceptOne({ cert: undefined, key: undefined, psk: { identity: 'client', key } } as object)
      await startGnutlsClient(
        server.port, version,
        ['--pskusername', 'client', '--pskkey', hex, '--priority',
        `NORMAL:-VERS-ALL:+VERS-TLS${version.slice(-3)}:-KX-ALL:+ECDHE-PSK:+DHE-PSK`],
      )
      expect(await agreed(await server.connection)).toMatchObject({ protocol: version, cipher: suite[version], pskIdentity: 'client' })
    })

    proves('psk', { peer: 'node:tls', role: 'server', version }, 'needs no certificate', async () => {
      const server = await acceptOne({ cert: undefined, key: undefined, psk } as object)
      const socket = tlsConnect({
        socket: await dial(server.port), minVersion: version, maxVersion: version,
        ciphers: 'ECDHE-PSK-CHACHA20-POLY1305:TLS_CHACHA20_POLY1305_SHA256', pskCallback: () => ({ psk: key, identity }),
        checkServerIdentity: () => undefined,
      })
      await once(socket, 'secureConnect')
      socket.on('error', () => {})
      expect(await agreed(await server.connection)).toMatchObject({ protocol: version, pskIdentity: identity })
    })
  }
})

describe.each(versions)('pre-shared keys on both sides, %s', (version) => {
  const pair = (client: Partial<ConnectOptions>, server: object) => peers({
    version, client: { servername: undefined, ca: undefined, ...client } as Partial<ConnectOptions>,
    server: { cert: undefined, key: undefined, ...server } as object,
  })

  it('may have any length from 16 to 512 bytes, and identities of any script', async () => {
    for (const [name, length] of [['имя 🔑', 16], ['x'.repeat(255), 512]] as const) {
      const secret = { identity: name, key: randomBytes(length) }
      const both = pair({ psk: secret }, { psk: secret })
      expect((await both.client.opened).pskIdentity).toBe(name)
      expect((await both.server.opened).pskIdentity).toBe(name)
      await closeBoth(both)
    }
  })

  const mistakes: readonly (readonly [what: string, callback: () => unknown, type: new (...args: any[]) => Error])[] = [
    ['throws', () => { throw new RangeError('no') }, RangeError],
    ['gives a key that is too short', () => ({ identity, key: new Uint8Array(8) }), ApiMisuseError],
    ['gives a promise', () => Promise.resolve(psk), ApiMisuseError],
    ['gives something else', () => 'key', ApiMisuseError],
  ]
  it.each(mistakes)('end with the very error of a callback that %s', async (_, callback, type) => {
    const client = pair({ psk: callback as never }, { psk })
    const error = await rejection(client.client.opened)
    expect(error).toBeInstanceOf(type)
    expect(await rejection(client.client.closed)).toBe(error)
    await rejection(client.server.opened)
    const server = pair({ psk }, { psk: callback })
    expect(await rejection(server.server.opened)).toBeInstanceOf(type)
    expect(await rejection(server.client.opened)).toMatchObject({ alert: { from: 'peer', level: 'fatal' } })
  })

  it('end in a refusal if the client has none in the end', async () => {
    const { client, server } = pair({ psk: () => undefined }, { psk })
    expect(await rejection(client.opened)).toBeInstanceOf(Error)
    expect(await rejection(server.opened)).toBeInstanceOf(PeerError)
  })
})

describe('pre-shared keys of TLS 1.3', () => {
  it('are for one hash: SHA-384 goes with its own suites only', async () => {
    const secret = { ...psk, hash: 'SHA-384' } as const
    const bare = { servername: undefined, ca: undefined, minVersion: 'TLSv1.3', ciphersuites: 'TLS_AES_256_GCM_SHA384' } as object
    const both = peers({ client: { ...bare, psk: secret }, server: { cert: undefined, key: undefined, psk: secret } as object })
    expect(await both.client.opened).toMatchObject({ cipher: 'TLS_AES_256_GCM_SHA384', pskIdentity: identity })
    await closeBoth(both)
    const apart = peers({ client: { ...bare, psk }, server: { cert: undefined, key: undefined, psk } as object })
    expect(await rejection(apart.server.opened)).toBeInstanceOf(PeerError)
  })
})
