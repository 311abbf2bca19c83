import * as nodeTls from 'node:tls'
import * as net from 'node:net'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { SslSession } from '../../src/core.js'
import ours from '../../src/node/tls/index.js'
import { instance } from '../../src/node/tls/instance.js'
import { kept, listening } from '../helpers/kept.js'
import { connected, errorOf, serve, trust, type Socket } from '../helpers/node-face.js'

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

  it.each<[string, () => net.Socket | Duplex | undefined]>([
    ['nothing', () => undefined], ['a socket that is not connected', () => new net.Socket()],
    ['a Duplex', () => new Duplex({ read() {}, write() {} })],
  ])('upon %s has the state that node:tls tells, before and after destroy()', (_, beneath) => {
    const states = (tls: typeof nodeTls) => {
      const socket = new tls.TLSSocket(beneath() as never)
      const state = () => [socket.connecting, socket.pending, socket.readyState, socket.destroyed]
      const before = state()
      socket.on('error', () => {}).destroy()
      return [before, state()]
    }
    expect(states(ours)).toEqual(states(nodeTls))
  })

  it('gives a chunk for each record', async () => {
    const { port } = serve({}, (peer) => {
      peer.setMaxSendFragment(600)
      peer.end(Buffer.alloc(6000, 1))
    })
    const socket = ours.connect({ ...trust, port: await port })
    const sizes: number[] = []
    socket.on('data', (chunk: Buffer) => sizes.push(chunk.byteLength))
    await once(socket, 'end')
    expect(sizes).toEqual(Array.from({ length: 10 }, () => 600))
  })

  it('stops giving chunks when it is destroyed, or paused, at one of them', async () => {
    const { port } = serve({}, (peer) => {
      peer.setMaxSendFragment(600)
      peer.write(Buffer.alloc(6000, 1))
    })
    for (const stop of ['pause', 'destroy'] as const) {
      const socket = ours.connect({ ...trust, port: await port })
      let chunks = 0
      await new Promise<void>((resolve) => {
        socket.on('data', () => {
          if (++chunks !== 2) return
          socket[stop]()
          resolve()
        })
      })
      await new Promise(setImmediate)
      expect(chunks).toBe(2)
      socket.destroy()
    }
  })

  it.each(['latin1', 'objects'])('refuses a Duplex that gives %s', async (kind) => {
    const duplex = new Duplex({ read() {}, write(_chunk, _encoding, callback) { callback() }, objectMode: kind === 'objects' })
    duplex.on('error', () => {})
    if (kind !== 'objects') duplex.setEncoding('latin1')
    const socket = ours.connect({ ...trust, socket: duplex })
    duplex.push(kind === 'objects' ? { a: 1 } : 'text')
    expect((await errorOf(socket)).code).toBe('ERR_STREAM_WRAP')
  })

  it('takes no session of another server, nor one that does not say whose it is', async () => {
    const { port } = serve({ SNICallback: (_: string, done: (error: null) => void) => done(null) })
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = ours.connect({ ...trust, port: await port, maxVersion })
      const [session] = await once(first, 'session') as [Buffer]
      const current = first.getSession()!
      first.destroy()
      const reused = async (options: object) => {
        const socket = await connected({ port: await port, maxVersion, checkServerIdentity: () => undefined, ...options })
        const is = socket.isSessionReused()
        socket.destroy()
        return is
      }
      const foreign = SslSession.fromBytes(instance(), session)
      expect(foreign.get0Hostname()).toBe('localhost')
      foreign.set1Hostname('')
      const nameless = Buffer.from(foreign.toBytes())
      foreign.free()
      expect(await reused({ session: nameless })).toBe(false)
      expect(await reused({ session: nameless, rejectUnauthorized: false })).toBe(true)
      expect(await reused({ session, servername: 'another.test' })).toBe(false)
      expect(await reused({ session })).toBe(true)
      if (maxVersion === 'TLSv1.2') expect(await reused({ session: current })).toBe(true)
    }
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
    expect([socket.getPeerCertificate(), socket.getCipher(), socket.getProtocol(), socket.isSessionReused()])
      .toEqual([null, null, null, null])
  })

  it('closes what is beneath when it is reset while its end is on its way to the system', async () => {
    const beneath = kept(net.connect(await serve({}, (socket) => socket.resume()).port, '127.0.0.1'))
    const socket = await connected({ socket: beneath })
    const closed = once(beneath, 'close')
    socket.end(() => socket.resetAndDestroy())
    await closed
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
    const port = await listening(server)
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
    const port = await listening(net.createServer((socket) => {
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
    expect(await errorOf(socket))
      .toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'other.test', cert: { subject: { CN: 'localhost' } } })
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
