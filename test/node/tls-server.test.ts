import * as nodeTls from 'node:tls'
import * as net from 'node:net'
import { randomBytes } from 'node:crypto'
import events, { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import ours from '../../src/node/tls/index.js'
import { listening } from '../helpers/kept.js'
import { cert, connected, errorOf, key, serve, trust, type Socket } from '../helpers/node-face.js'
import { authority, RSA, temporaryAuthority } from '../helpers/certificates.js'
import { dhParams } from '../helpers/dh-params.js'
import { duplexPair } from '../helpers/duplex-pair.js'

describe('tls.Server', () => {
  it('takes connections by hand', async () => {
    const { server, port } = serve()
    await port
    const [a, b] = duplexPair()
    server.emit('connection', b)
    const socket = ours.connect({ ...trust, socket: a })
    socket.end('by hand')
    expect(await text(socket)).toBe('by hand')
  })

  it('ends a handshake that takes too long', async () => {
    const { server, port } = serve({ handshakeTimeout: 20 })
    const plain = net.connect(await port, '127.0.0.1')
    plain.on('error', () => {})
    expect((await errorOf(server, 'tlsClientError')).code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT')
  })

  it('tells a server without a certificate that it has none', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { server, port } = serve({ cert: undefined, key: undefined, minVersion: version, maxVersion: version })
      const client = ours.connect({ ...trust, port: await port })
      const failed = errorOf(client)
      expect((await errorOf(server, 'tlsClientError')).cause)
        .toMatchObject({ message: expect.stringContaining("(options 'cert' and 'key')") })
      await failed
    }
  })

  it('asks SNICallback, in its own time', async () => {
    const other = ours.createSecureContext(authority.leaf({ name: 'other', san: 'DNS:other.test' }))
    const { port } = serve({ SNICallback: (name: string, done: (error: Error | null, context?: nodeTls.SecureContext) => void) => {
      setTimeout(() => done(null, name === 'other.test' ? other : undefined))
    } })
    const names = await Promise.all(['other.test', 'localhost'].map(async (servername) => {
      const socket = nodeTls.connect({ ...trust, servername, port: await port, checkServerIdentity: () => undefined })
      await once(socket, 'secureConnect')
      socket.destroy()
      return socket.servername === servername ? socket.getPeerCertificate()?.subject?.CN ?? servername : 'wrong'
    }))
    expect(names).toHaveLength(2)
  })

  it.each([
    [new Error('no such name'), 'no such name'], [{}, 'Invalid SNI context'],
  ])('tells of an SNICallback that answers %o', async (answer, message) => {
    const { server, port } = serve({ SNICallback: (_: string, done: (error: Error | null, context?: nodeTls.SecureContext) => void) => {
      if (answer instanceof Error) done(answer)
      else done(null, answer as never)
    } })
    const client = ours.connect({ ...trust, port: await port })
    const failed = errorOf(client)
    expect((await errorOf(server, 'tlsClientError')).message).toBe(message)
    expect((await failed).code).toBe('ECONNRESET')
  })

  it('chooses a protocol by ALPNCallback', async () => {
    const { port } = serve({ ALPNCallback: ({ servername, protocols }: { servername: string; protocols: string[] }) => {
      expect([servername, protocols]).toEqual(['localhost', ['a', 'b']])
      return 'b'
    } })
    const socket = await connected({ port: await port, ALPNProtocols: ['a', 'b'] })
    expect(socket.alpnProtocol).toBe('b')
    socket.destroy()
  })

  it('has ticket keys that can be told to another', async () => {
    const keys = randomBytes(48)
    const [one, two] = [serve({ ticketKeys: keys }), serve()]
    expect(one.server.getTicketKeys()).toEqual(keys)
    two.server.setTicketKeys(keys)
    const first = ours.connect({ ...trust, port: await one.port })
    const [session] = await once(first, 'session') as [Buffer]
    first.destroy()
    const second = await connected({ port: await two.port, session })
    expect(second.isSessionReused()).toBe(true)
    second.destroy()
  })

  it('asks for sessions that it has given away', async () => {
    const store = new Map<string, Buffer>()
    const { server, port } = serve({ secureOptions: 1 << 14, maxVersion: 'TLSv1.2' }) // SSL_OP_NO_TICKET
    server.on('newSession', (id: Buffer, session: Buffer, done: () => void) => {
      store.set(id.toString('hex'), session)
      setTimeout(done)
    })
    server.on('resumeSession', (id: Buffer, done: (error: Error | null, session: Buffer | null) => void) => {
      setTimeout(() => done(null, store.get(id.toString('hex')) ?? null))
    })
    const first = await connected({ port: await port })
    const session = first.getSession()!
    first.destroy()
    expect(store.size).toBe(1)
    const second = await connected({ port: await port, session })
    expect(second.isSessionReused()).toBe(true)
    second.destroy()
  })

  it('knows a client by a key that both have', async () => {
    const psk = randomBytes(32)
    const { port } = serve({ cert: undefined, key: undefined, ciphers: 'PSK+HIGH', pskIdentityHint: 'hint',
      pskCallback: (_: Socket, identity: string) => (identity === 'me' ? psk : null) })
    const hints: unknown[] = []
    const socket =
      ours.connect({ port: await port, host: '127.0.0.1', ciphers: 'PSK+HIGH', maxVersion: 'TLSv1.2', checkServerIdentity: () => undefined,
      pskCallback: (hint: string | null) => {
        hints.push(hint)
        return { psk, identity: 'me' }
      } } as nodeTls.ConnectionOptions)
    await once(socket, 'secureConnect')
    expect([socket.authorized, hints]).toEqual([true, ['hint']])
    socket.destroy()
  })

  it('finds a context by its name in capital letters, too', async () => {
    const { server, port } = serve()
    server.addContext('*.Example.com', authority.leaf({ name: 'example' }))
    for (const servername of ['a.example.com', 'A.EXAMPLE.COM']) {
      const socket = await connected({ port: await port, servername, checkServerIdentity: () => undefined })
      expect(socket.getPeerCertificate().subject.CN).toBe('example')
      socket.destroy()
    }
  })

  it('chooses DHE for TLS 1.2 where it has dhparam alone, and then of its size', async () => {
    const rsa = authority.leaf({ name: 'rsa', newkey: RSA })
    const ciphers = 'DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256'
    const chosen = async (dhparam: string | undefined, client = {}) => {
      const { port } = serve({ ...rsa, ciphers, dhparam })
      const socket = await connected({ port: await port, ciphers, ...client })
      const info = socket.getEphemeralKeyInfo()
      socket.destroy()
      return info
    }
    for (const client of [{ maxVersion: 'TLSv1.2' }, { ciphers: `${ciphers}:TLS_AES_128_GCM_SHA256`, maxVersion: 'TLSv1.2' }]) {
      expect(await chosen(undefined, client)).toMatchObject({ type: 'ECDH' })
      expect(await chosen('auto', client)).toEqual({ type: 'DH', size: 2048 })
      expect(await chosen(dhParams('modp15'), client)).toEqual({ type: 'DH', size: 3072 })
      expect(await chosen(dhParams('modp14'), client)).toEqual({ type: 'DH', size: 2048 })
    }
    expect(await chosen(undefined)).toMatchObject({ type: 'TLSGroup', name: 'X25519MLKEM768' })
  })

  it('goes on when a newSession listener throws, and tells of it', async () => {
    const { server, port } = serve({ secureOptions: 1 << 14, maxVersion: 'TLSv1.2' }) // SSL_OP_NO_TICKET
    const mine = new Error('mine')
    server.on('newSession', () => { throw mine })
    const told = once(server, 'error')
    const socket = await connected({ port: await port })
    expect(await told).toEqual([mine])
    socket.destroy()
  })

  it.each(
    ['TLSv1.2', 'TLSv1.3'] as const,
  )('that wants a certificate knows a client without one also when it comes back (%s)', async (version) => {
    const options = { requestCert: true, ca: authority.ca.cert, ticketKeys: randomBytes(48), minVersion: version, maxVersion: version }
    const told: unknown[] = []
    const lenient = serve({ ...options, rejectUnauthorized: false }, (socket) => {
      told.push([socket.isSessionReused(), socket.authorized, socket.authorizationError])
      socket.end('.')
    })
    const session = await new Promise<Buffer>((resolve) => {
      lenient.port.then((port) => ours.connect({ ...trust, port }).on('session', resolve).resume(), () => {})
    })
    const again = ours.connect({ ...trust, port: await lenient.port, session })
    await text(again)
    expect(told).toEqual([[false, false, 'UNABLE_TO_GET_ISSUER_CERT'], [true, false, 'UNABLE_TO_GET_ISSUER_CERT']])
    const strict = serve({ ...options, rejectUnauthorized: true }, () => told.push('let in'))
    const refused = errorOf(strict.server, 'tlsClientError')
    ours.connect({ ...trust, port: await strict.port, session }).on('error', () => {}).resume()
    expect((await refused).code).toMatch(/^(ECONNRESET|ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE)$/)
    expect(told).toHaveLength(2)
  })

  it('that requires a certificate tells of a client without one', async () => {
    const { server, port } = serve({ requestCert: true, ca: authority.ca.cert })
    const socket = ours.connect({ ...trust, port: await port })
    socket.on('error', () => {})
    expect((await errorOf(server, 'tlsClientError')).code).toBe('ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE')
  })

  it('that requires a certificate tells why it has refused one, as Node does and by the error\'s cause', async () => {
    const { server, port } = serve({ requestCert: true, ca: authority.ca.cert })
    const { cert: strangers, key: theirs } = temporaryAuthority('of others').leaf({ name: 'other' })
    ours.connect({ ...trust, port: await port, cert: strangers, key: theirs }).on('error', () => {}).resume()
    const [error, socket] = await once(server, 'tlsClientError') as [NodeJS.ErrnoException, Socket]
    expect(error).toMatchObject({ code: 'ECONNRESET', cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } })
    expect(socket.authorizationError).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })

  it('destroys a socket whose listener has rejected, with events.captureRejections', async () => {
    events.captureRejections = true
    try {
      const server = ours.createServer({ cert, key }, async (socket) => {
        socket.on('error', () => {})
        throw new Error('rejected')
      })
      const socket = ours.connect({ ...trust, port: await listening(server) })
      socket.resume()
      await once(socket, 'close')
    } finally {
      events.captureRejections = false
    }
  })
})
