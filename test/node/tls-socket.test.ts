import * as nodeTls from 'node:tls'
import * as net from 'node:net'
import { randomBytes } from 'node:crypto'
import events, { once } from 'node:events'
import { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import ours from '../../src/node/tls/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { duplexPair } from '../helpers/duplex-pair.js'

const { cert, key } = localhost
const trust = { ca: authority.ca.cert, servername: 'localhost', host: '127.0.0.1' }
type Socket = nodeTls.TLSSocket

const servers: net.Server[] = []
afterEach(() => { for (const server of servers.splice(0)) server.close() })

async function listen(server: net.Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

/** A server of ours; what it was told of, by event. */
function serve(options: nodeTls.TlsOptions & Record<string, unknown> = {}, onSocket: (socket: Socket) => void = (socket) => void socket.pipe(socket)) {
  const server = ours.createServer({ cert, key, ...options } as nodeTls.TlsOptions, (socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  return { server, port: listen(server) }
}

async function connected(options: nodeTls.ConnectionOptions): Promise<Socket> {
  const socket = ours.connect({ ...trust, ...options })
  await once(socket, 'secureConnect')
  return socket
}

const errorOf = async (socket: Duplex | net.Server, event = 'error') => (await once(socket, event) as [NodeJS.ErrnoException])[0]

describe('TLSSocket', () => {
  it('tells its state as net.Socket does', async () => {
    const { port } = serve()
    const socket = ours.connect({ ...trust, port: await port })
    expect(socket).toBeInstanceOf(net.Socket)
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([true, true, 'opening'])
    await once(socket, 'connect')
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([false, false, 'open'])
    expect(socket.address()).toMatchObject({ address: '127.0.0.1', family: 'IPv4', port: socket.localPort })
    expect([socket.remoteAddress, socket.remoteFamily, socket.remotePort]).toEqual(['127.0.0.1', 'IPv4', await port])
    expect(socket.setNoDelay().setKeepAlive(true).ref().unref().ref()).toBe(socket)
    socket.destroy()
    expect(socket.readyState).toBe('closed')
    expect(await once(socket, 'close')).toEqual([false])
  })

  it('counts plaintext', async () => {
    const { port } = serve()
    const socket = await connected({ port: await port })
    socket.end('12345')
    expect(socket.bytesWritten).toBe(5)
    expect(await text(socket)).toBe('12345')
    expect([socket.bytesRead, socket.bytesWritten]).toEqual([5, 5])
  })

  it('writes before the handshake, an empty chunk and several at once, and calls back for each', async () => {
    const { port } = serve()
    const socket = ours.connect({ ...trust, port: await port })
    const called: number[] = []
    socket.write('a', () => called.push(1))
    socket.write('', () => called.push(2))
    socket.cork()
    socket.write('b', () => called.push(3))
    socket.write('ü', 'latin1', () => called.push(4))
    socket.uncork()
    socket.end()
    expect(await buffer(socket)).toEqual(Buffer.from('abü', 'latin1'))
    expect(called).toEqual([1, 2, 3, 4])
  })

  it('refuses to write after end()', async () => {
    const { port } = serve()
    const socket = await connected({ port: await port })
    socket.end()
    socket.write('x')
    expect((await errorOf(socket)).code).toBe('ERR_STREAM_WRITE_AFTER_END')
  })

  it('emits timeout when nothing happens, and not after setTimeout(0)', async () => {
    const { port } = serve()
    const socket = await connected({ port: await port })
    socket.setTimeout(10)
    await once(socket, 'timeout')
    expect(socket.timeout).toBe(10)
    socket.setTimeout(0)
    socket.on('timeout', () => { throw new Error('it was switched off') })
    socket.end('x')
    expect(await text(socket)).toBe('x')
  })

  it('stays open for writing when the peer has ended, with allowHalfOpen', async () => {
    const { port } = serve({}, (socket) => socket.end('bye'))
    const socket = await connected({ port: await port, allowHalfOpen: true } as nodeTls.ConnectionOptions)
    let heard = ''
    socket.on('data', (bytes) => { heard += bytes })
    await once(socket, 'end')
    expect(heard).toBe('bye')
    expect(socket.writable).toBe(true)
    socket.end()
    await once(socket, 'close')
  })

  it('gives what was put back', async () => {
    const { port } = serve({}, (socket) => socket.end('world'))
    const socket = await connected({ port: await port })
    socket.unshift(Buffer.from('hello '))
    expect(await text(socket)).toBe('hello world')
  })

  it('holds the peer back while nobody reads', async () => {
    let written = 0
    const { port } = serve({}, (socket) => {
      const chunk = Buffer.alloc(64 * 1024)
      const pour = () => { while (written < 64 * 1024 * 1024 && socket.write(chunk)) written += chunk.length }
      socket.on('drain', pour)
      pour()
    })
    const socket = await connected({ port: await port })
    // It goes on until all buffers between are full, and no further.
    for (let before = -1; before !== written;) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    expect(written).toBeLessThan(32 * 1024 * 1024)
    socket.destroy()
  })

  it('fills the buffer of onread, and pauses when that says so', async () => {
    const { port } = serve({}, (socket) => socket.end('0123456789'))
    const pieces: string[] = []
    const target = Buffer.alloc(4)
    const socket = ours.connect({ ...trust, port: await port, onread: { buffer: target, callback: (count: number, bytes: Uint8Array) => {
      pieces.push(Buffer.from(bytes.subarray(0, count)).toString())
      if (pieces.length === 1) queueMicrotask(() => socket.resume())
      return pieces.length !== 1
    } } } as never)
    await once(socket, 'end')
    expect(pieces).toEqual(['0123', '4567', '89'])
  })

  it.each(['connecting', 'handshake', 'open', 'ended'])('can be destroyed while %s', async (when) => {
    const { port } = serve()
    const socket = ours.connect({ ...trust, port: await port })
    if (when === 'handshake') await once(socket, 'connect')
    if (when === 'open' || when === 'ended') await once(socket, 'secureConnect')
    if (when === 'ended') {
      socket.end()
      await once(socket, 'finish')
    }
    socket.destroy()
    await once(socket, 'close')
    expect([socket.getPeerCertificate(), socket.getCipher(), socket.getProtocol(), socket.isSessionReused()]).toEqual([null, null, null, null])
  })

  it('is destroyed by its signal', async () => {
    const { port } = serve()
    const controller = new AbortController()
    const socket = ours.connect({ ...trust, port: await port, signal: controller.signal } as nodeTls.ConnectionOptions)
    controller.abort()
    expect((await errorOf(socket)).name).toBe('AbortError')
  })

  it('tells of a port that nobody listens on as net.Socket does', async () => {
    const server = net.createServer()
    const port = await listen(server)
    server.close()
    await once(server, 'close')
    const [own, theirs] = await Promise.all([ours, nodeTls].map((tls) => errorOf(tls.connect({ port, host: '127.0.0.1' }))))
    expect({ ...own }).toEqual({ ...theirs })
    expect(own!.code).toBe('ECONNREFUSED')
  })

  it.each([
    ['hangs up', (socket: net.Socket) => socket.end(), 'ECONNRESET'],
    ['speaks no TLS', (socket: net.Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'ERR_SSL_WRONG_VERSION_NUMBER'],
  ])('tells of a server that %s', async (_, answer, code) => {
    const port = await listen(net.createServer((socket) => {
      socket.on('error', () => {})
      answer(socket)
    }))
    const socket = ours.connect({ ...trust, port })
    expect(await errorOf(socket)).toMatchObject({ code })
    expect(await once(socket, 'close')).toEqual([true])
  })

  it('tells what it knows of the connection as node:tls does', async () => {
    const { port } = serve({ ecdhCurve: 'X25519:P-256' })
    const known = async (tls: typeof nodeTls, version: nodeTls.SecureVersion) => {
      const socket = tls.connect({ ...trust, port: await port, maxVersion: version, ecdhCurve: 'X25519:P-256' })
      await once(socket, 'secureConnect')
      const { raw, ...peer } = socket.getPeerCertificate(true)
      const { bits, subject, fingerprint512 } = peer
      const facts = [socket.getCipher(), socket.getProtocol(), socket.getEphemeralKeyInfo(), socket.getCertificate(), bits, { ...subject },
        fingerprint512, raw.equals(socket.getPeerX509Certificate()!.raw), socket.getSharedSigalgs(), socket.isSessionReused(),
        socket.getFinished()?.length, socket.getPeerFinished()?.length, socket.encrypted]
      socket.destroy()
      return facts
    }
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) expect(await known(ours, version)).toEqual(await known(nodeTls, version))
  })

  it('derives the same keys at both ends', async () => {
    const derive = (socket: Socket) => socket.exportKeyingMaterial(32, 'label', Buffer.from('context'))
    const { port } = serve({}, (socket) => socket.end(derive(socket)))
    const socket = await connected({ port: await port })
    const own = derive(socket)
    expect(own).toHaveLength(32)
    expect(await buffer(socket)).toEqual(own)
  })

  it('logs secrets in the form of the NSS key log', async () => {
    const { server, port } = serve()
    const lines: string[] = []
    server.on('keylog', (line: Buffer, socket) => lines.push(`server ${line}`, typeof socket.getProtocol()))
    const socket = ours.connect({ ...trust, port: await port, maxVersion: 'TLSv1.2' })
    socket.on('keylog', (line) => lines.push(String(line)))
    socket.end()
    await text(socket)
    expect(lines.filter((line) => /^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/.test(line))).toHaveLength(1)
    expect(lines.filter((line) => line.startsWith('server CLIENT_RANDOM'))).toHaveLength(1)
  })

  it('does no renegotiation, and says so', async () => {
    const { port } = serve()
    const socket = await connected({ port: await port, maxVersion: 'TLSv1.2' })
    const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => expect(socket.renegotiate({}, resolve)).toBe(false))
    expect(error!.code).toBe('ERR_SSL_NO_RENEGOTIATION')
    socket.disableRenegotiation()
    const disabled = await new Promise<NodeJS.ErrnoException | null>((resolve) => { socket.renegotiate({}, resolve) })
    expect(disabled!.code).toBe('ERR_TLS_RENEGOTIATION_DISABLED')
    socket.destroy()
  })
})

describe('tls.connect()', () => {
  it.each([
    ['options', (port: number, socket: net.Socket) => ours.connect({ ...trust, port }, () => socket.emit('called'))],
    ['port, host, options', (port: number, socket: net.Socket) => ours.connect(port, '127.0.0.1', trust, () => socket.emit('called'))],
    ['port, options', (port: number, socket: net.Socket) => ours.connect(port, trust, () => socket.emit('called'))],
    ['a text for a port', (port: number, socket: net.Socket) => ours.connect(String(port) as never, trust, () => socket.emit('called'))],
  ])('takes %s and a callback', async (_, connect) => {
    const { port } = serve()
    const marker = new net.Socket()
    const called = once(marker, 'called')
    const socket = connect(await port, marker)
    await called
    socket.destroy()
  })

  it('judges by checkServerIdentity, which is given name and certificate', async () => {
    const { port } = serve()
    const refusal = Object.assign(new Error('not this one'), { code: 'MINE' })
    const socket = ours.connect({ ...trust, port: await port, checkServerIdentity: (host, { subject }) => {
      expect([host, subject.CN]).toEqual(['localhost', 'localhost'])
      return refusal
    } })
    expect(await errorOf(socket)).toBe(refusal)
  })

  it('says which name was wrong', async () => {
    const { port } = serve()
    const socket = ours.connect({ ...trust, servername: 'other.test', port: await port })
    expect(await errorOf(socket)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'other.test', cert: { subject: { CN: 'localhost' } } })
  })

  it('upgrades an open socket, which then tells nobody else', async () => {
    const { port } = serve()
    const plain = net.connect(await port, '127.0.0.1')
    await once(plain, 'connect')
    const socket = ours.connect({ ...trust, socket: plain })
    socket.end('upgraded')
    expect(await text(socket)).toBe('upgraded')
    await once(plain, 'close')
  })
})

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

  it.each([[new Error('no such name'), 'no such name'], [{}, 'Invalid SNI context']])('tells of an SNICallback that answers %o', async (answer, message) => {
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
    const socket = ours.connect({ port: await port, host: '127.0.0.1', ciphers: 'PSK+HIGH', maxVersion: 'TLSv1.2', checkServerIdentity: () => undefined,
      pskCallback: (hint: string | null) => {
        hints.push(hint)
        return { psk, identity: 'me' }
      } } as nodeTls.ConnectionOptions)
    await once(socket, 'secureConnect')
    expect([socket.authorized, hints]).toEqual([true, ['hint']])
    socket.destroy()
  })

  it('that requires a certificate tells of a client without one', async () => {
    const { server, port } = serve({ requestCert: true, ca: authority.ca.cert })
    const socket = ours.connect({ ...trust, port: await port })
    socket.on('error', () => {})
    expect((await errorOf(server, 'tlsClientError')).code).toBe('ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE')
  })

  it('destroys a socket whose listener has rejected, with events.captureRejections', async () => {
    events.captureRejections = true
    try {
      const server = ours.createServer({ cert, key }, async (socket) => {
        socket.on('error', () => {})
        throw new Error('rejected')
      })
      const socket = ours.connect({ ...trust, port: await listen(server) })
      socket.resume()
      await once(socket, 'close')
    } finally {
      events.captureRejections = false
    }
  })
})
