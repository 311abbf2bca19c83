// In which order a TLSSocket tells of its end. node:tls is the yardstick: the same steps over both give the same lines.

import * as net from 'node:net'
import * as nodeTls from 'node:tls'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { accept } from '../../src/index.js'
import ours from '../../src/node/tls/index.js'
import { duplexPair } from '../helpers/duplex-pair.js'
import { kept, listening } from '../helpers/kept.js'
import { utf8 } from '../helpers/link.js'
import { cert, key, trust } from '../helpers/node-face.js'
import { uncaughtDuring } from '../helpers/uncaught.js'

type Tls = typeof nodeTls
type Log = (line: string) => void

const plain = (onSocket: (socket: net.Socket) => void) => listening(net.createServer(onSocket))
const secure = (onSocket: (socket: nodeTls.TLSSocket) => void, tls: Tls = nodeTls) =>
    listening(tls.createServer({ cert, key }, (socket) => {
  socket.on('error', () => {})
  onSocket(socket)
}))
const connect = (tls: Tls, options: object) => kept(tls.connect({ ...trust, host: '127.0.0.1', ...options } as nodeTls.ConnectionOptions))
const called = (log: Log, name: string) => (error?: NodeJS.ErrnoException | null) => log(`${name} called ${error?.code ?? error?.message}`)
const settled = () => new Promise<void>((resolve) => { setImmediate(() => setImmediate(resolve)) })

function follow(socket: Duplex, log: Log): void {
  socket.on('end', () => log('end'))
  socket.on('error', (error: NodeJS.ErrnoException) => log(`error ${error.code ?? error.message}`))
  socket.on('close', (failed?: boolean) => log(`close ${failed}`))
}

/** Bytes that come at the pace of a socket, from a Duplex that is none. */
function relayed(socket: net.Socket): Duplex {
  const duplex = kept(new Duplex({
    read() { socket.resume() },
    write(chunk: Buffer, _encoding, callback) { socket.write(chunk, callback) },
    final(callback) { socket.end(callback) },
  }))
  socket.on('data', (chunk) => { if (!duplex.push(chunk)) socket.pause() })
  socket.on('end', () => duplex.push(null))
  duplex.on('error', () => {})
  return duplex
}

/** Connects, and does what ends the connection. Two writes wait meanwhile, if it is asked for. */
const ends: Readonly<Record<string, (tls: Tls, log: Log, writes: boolean) => Promise<Duplex>>> = {
  'the peer ends within the handshake': async (tls, log, writes) =>
    watched(connect(tls, { port: await plain((peer) => peer.once('data', () => peer.end())) }), log, writes),
  'the peer cuts within the handshake': async (tls, log, writes) =>
    watched(connect(tls, { port: await plain((peer) => peer.once('data', () => peer.resetAndDestroy())) }), log, writes),
  'the peer is no peer of TLS': async (tls, log, writes) =>
    watched(
      connect(tls, { port: await plain((peer) => peer.once('data', () => peer.write('HTTP/1.1 400 Bad Request\r\n\r\n'))) }), log, writes,
    ),
  'the server speaks another version': async (tls, log, writes) => {
    const server = nodeTls.createServer({ cert, key, minVersion: 'TLSv1.3' })
    return watched(connect(tls, { port: await listening(server), maxVersion: 'TLSv1.2' }), log, writes)
  },
  'the server is not trusted': async (tls, log, writes) =>
    watched(connect(tls, { port: await secure(() => {}), ca: undefined }), log, writes),
  'destroy(error) within the handshake': async (tls, log, writes) => {
    const socket = watched(connect(tls, { port: await plain(() => {}) }), log, writes)
    socket.once('connect', () => setImmediate(() => socket.destroy(new Error('mine'))))
    return socket
  },
  'the socket beneath is destroyed within the handshake': async (tls, log, writes) => {
    const beneath = kept(net.connect(await plain((peer) => peer.once('data', () => beneath.destroy())), '127.0.0.1'))
    return watched(connect(tls, { socket: beneath }), log, writes)
  },
  'the socket beneath fails within the handshake': async (tls, log, writes) => {
    const beneath = kept(net.connect(await plain((peer) => peer.once('data', () => beneath.destroy(new Error('beneath')))), '127.0.0.1'))
    beneath.on('error', () => {})
    return watched(connect(tls, { socket: beneath }), log, writes)
  },
  'the socket beneath fails when it is open': async (tls, log) => {
    const beneath = kept(net.connect(await secure(() => {}), '127.0.0.1'))
    beneath.on('error', () => {})
    const socket = watched(connect(tls, { socket: beneath }), log, false)
    socket.once('secureConnect', () => beneath.destroy(new Error('beneath')))
    return socket
  },
  'the Duplex beneath fails when it is open': async (tls, log) => {
    const beneath = relayed(kept(net.connect(await secure(() => {}), '127.0.0.1')))
    const socket = watched(connect(tls, { socket: beneath }), log, false)
    socket.once('secureConnect', () => setImmediate(() => beneath.destroy(new Error('beneath'))))
    return socket
  },
  'the application ends the socket beneath when it is open': async (tls, log) => {
    const beneath = kept(net.connect(await secure((peer) => peer.resume()), '127.0.0.1'))
    beneath.on('error', (error: NodeJS.ErrnoException) => log(`beneath ${error.code}`))
    const socket = watched(connect(tls, { socket: beneath }), log, false).resume()
    socket.once('secureConnect', () => setImmediate(() => beneath.end()))
    return socket
  },
  'the application ends the Duplex beneath when it is open': async (tls, log) => {
    const beneath = relayed(kept(net.connect(await secure((peer) => peer.resume()), '127.0.0.1')))
    const socket = watched(connect(tls, { socket: beneath }), log, false).resume()
    socket.once('secureConnect', () => setImmediate(() => beneath.end()))
    return socket
  },
  "a server's socket whose peer ends within the handshake": (tls, log) => ofServer(tls, log, (peer) => peer.end()),
  "a server's socket that is sent no TLS": (tls, log) => ofServer(tls, log, (peer) => peer.write(Buffer.alloc(1024, 42))),
}

async function ofServer(tls: Tls, log: Log, next: (peer: net.Socket) => unknown): Promise<Duplex> {
  const server = net.createServer()
  const connected = once(server, 'connection') as Promise<[net.Socket]>
  const peer = kept(net.connect(await listening(server), '127.0.0.1'))
  peer.on('error', () => {})
  const [beneath] = await connected
  const socket = watched(kept(new tls.TLSSocket(beneath, { isServer: true, cert, key })), log, false)
  next(peer)
  return socket
}

function watched<T extends Duplex>(socket: T, log: Log, writes: boolean): T {
  follow(socket, log)
  if (writes) for (const name of ['first', 'second']) socket.write(name, called(log, name))
  return socket
}

const withWrites = Object.keys(ends).filter((name) => !/open|server's/.test(name))
const cases = [...Object.keys(ends).map((name) => [name, false] as const), ...withWrites.map((name) => [name, true] as const)]

describe('a TLSSocket tells as that of node:tls that', () => {
  it.each(cases)('%s; writes wait: %s', async (name, writes) => {
    const tell = async (tls: Tls) => {
      const lines: string[] = []
      const socket = await ends[name]!(tls, (line) => lines.push(line), writes)
      if (!lines.some((line) => line.startsWith('close'))) await new Promise<void>((resolve) => { socket.once('close', () => resolve()) })
      await settled()
      return lines.map((line) => line.replace('ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_WRONG_VERSION_NUMBER'))
    }
    const [own, theirs] = [await tell(ours), await tell(nodeTls)]
    // Node 20 has no error for a write that was given up.
    const ordered = (lines: readonly string[]) => lines.map((line) => line.replace(/ called .*/, ' called'))
    expect(ordered(own)).toEqual(ordered(theirs))
    expect(own.join()).not.toContain('undefined')
  })
})

describe('a write has the code that it has with node:tls', () => {
  it('when both sides have ended', async () => {
    const tell = async (tls: Tls) => {
      const lines: string[] = []
      const log = (line: string) => lines.push(line)
      const socket = connect(tls, { port: await secure((peer) => peer.end('x')) }).resume()
      follow(socket, log)
      socket.once('end', () => socket.end().write('late', called(log, 'late')))
      await new Promise<void>((resolve) => { socket.once('close', () => resolve()) })
      socket.write('later', called(log, 'later'))
      await settled()
      return lines
    }
    expect(await tell(ours)).toEqual(await tell(nodeTls))
  })

  it('when the application has ended the Duplex beneath', async () => {
    const code = async (tls: Tls) => {
      const beneath = relayed(kept(net.connect(await secure((peer) => peer.resume()), '127.0.0.1')))
      const socket = connect(tls, { socket: beneath })
      socket.on('error', () => {})
      await once(socket, 'secureConnect')
      beneath.end()
      return new Promise((resolve) => { socket.write('lost', (error?: NodeJS.ErrnoException | null) => resolve(error?.code)) })
    }
    expect(await code(ours)).toEqual(await code(nodeTls))
  })
})

describe('tls.Server', () => {
  it('tells of a client that is no client of TLS with a socket that was given up, and can still be asked', async () => {
    const tell = async (tls: Tls) => {
      const server = tls.createServer({ cert, key })
      const states: unknown[] = []
      server.on('tlsClientError', ({ code }: NodeJS.ErrnoException, socket) => {
        states.push(code, socket.destroyed, socket.writable, socket.remoteAddress, socket.getProtocol())
      })
      const peer = kept(net.connect(await listening(server), '127.0.0.1'))
      peer.on('error', () => {}).resume().write('GET / HTTP/1.1\r\n\r\n')
      await once(peer, 'close')
      return states
    }
    expect(await tell(ours)).toEqual(await tell(nodeTls))
  })

  it.each(['ends', 'is destroyed'])('tells of a client that %s within the handshake, when its socket has gone', async (how) => {
    const tell = async (tls: Tls) => {
      const server = tls.createServer({ cert, key })
      const told = once(server, 'tlsClientError') as Promise<[NodeJS.ErrnoException, nodeTls.TLSSocket]>
      server.on('connection', (socket: net.Socket) => { if (how !== 'ends') setImmediate(() => socket.destroy()) })
      const peer = kept(net.connect(await listening(server), '127.0.0.1'))
      peer.on('error', () => {})
      if (how === 'ends') peer.once('connect', () => peer.end())
      const [error, socket] = await told
      return [error.code, error.message, socket.destroyed]
    }
    expect(await tell(ours)).toEqual(await tell(nodeTls))
  })
})

describe('what is written before destroy(error)', () => {
  it('arrives all the same, as with node:tls', async () => {
    const tell = async (tls: Tls) => {
      const chunks: Buffer[] = []
      let ended = () => {}
      const end = new Promise<void>((resolve) => { ended = resolve })
      const port = await secure((peer) => peer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('close', ended))
      const socket = connect(tls, { port })
      socket.on('error', () => {})
      const lines: string[] = []
      socket.once('secureConnect', () => {
        socket.write('last words', called((line) => lines.push(line), 'write'))
        socket.destroy(new Error('mine'))
      })
      await end
      return [Buffer.concat(chunks).toString(), lines.map((line) => line.replace('null', 'undefined'))]
    }
    expect(await tell(ours)).toEqual(await tell(nodeTls))
  })
})

describe('what has come before both sides have said goodbye', () => {
  it('is read later, though the peer never ends the stream beneath, and that was given up', async () => {
    const [near, far] = duplexPair()
    far.end = ((callback?: () => void) => { callback?.(); return far }) as never
    far.destroy = () => far
    const server = accept(far, { cert, key })
    const socket = ours.connect({ socket: near, ...trust } as never).pause() as unknown as Duplex
    await once(socket, 'secureConnect')
    const writer = server.writable.getWriter()
    await writer.write(utf8('hello'))
    void writer.close()
    socket.end()
    await once(near, 'close')
    expect(await text(socket)).toBe('hello')
  })

  it.each([false, true])('can be read when the Duplex beneath has closed; then the socket closes; \'end\' throws: %s', async (throws) => {
    const beneath = relayed(kept(net.connect(await secure((peer) => peer.resume().write('hello')), '127.0.0.1')))
    const socket = connect(ours as unknown as Tls, { socket: beneath })
    await once(socket, 'secureConnect')
    const mine = new Error('mine')
    if (throws) socket.on('end', () => { throw mine })
    beneath.end()
    await once(beneath, 'close')
    const lines: string[] = []
    follow(socket.on('data', (chunk) => lines.push(String(chunk))), (line) => lines.push(line))
    const caught = await uncaughtDuring(() => new Promise((resolve) => { socket.once('close', resolve) }))
    expect([lines, caught]).toEqual(throws ? [['hello', 'close false'], [mine]] : [['hello', 'end', 'close false'], []])
  })
})

describe('a callback that throws within the handshake ends it, and the peer is told nothing:', () => {
  const mine = () => { throw new Error('mine') }
  const psk = { ciphers: 'PSK:TLS_AES_128_GCM_SHA256', checkServerIdentity: () => undefined }
  const answer = () => ({ psk: Buffer.alloc(16), identity: 'x' })
  const hangUp = 'ECONNRESET'

  it.each([
    ['ALPNCallback', { ALPNCallback: mine }, { ALPNProtocols: ['a'] }],
    ['ALPNCallback with a wrong answer', { ALPNCallback: () => 'b' }, { ALPNProtocols: ['a'] }],
    ['pskCallback in TLS 1.2', { pskCallback: mine, ...psk, maxVersion: 'TLSv1.2' }, { pskCallback: answer, ...psk }],
    ['pskCallback in TLS 1.3', { pskCallback: mine, ...psk }, { pskCallback: answer, ...psk }],
    ['pskCallback that gives a text', { pskCallback: () => 'x', ...psk }, { pskCallback: answer, ...psk }],
  ])('%s of a server', async (_, options, clientOptions) => {
    const server = ours.createServer({ cert, key, ...options } as nodeTls.TlsOptions)
    const told = once(server, 'tlsClientError') as Promise<[Error & { code?: string }]>
    const socket = connect(nodeTls, { port: await listening(server), ...clientOptions })
    const [error] = await once(socket, 'error') as [NodeJS.ErrnoException]
    expect(error.code).toBe(hangUp)
    const [{ message, code }] = await told
    expect(code ?? message).toMatch(/^(mine|ERR_TLS_ALPN_CALLBACK_INVALID_RESULT|ERR_INVALID_ARG_TYPE)$/)
  })

  it('pskCallback of a client', async () => {
    const server = nodeTls.createServer({ pskCallback: () => Buffer.alloc(16), ...psk } as nodeTls.TlsOptions)
    const told = once(server, 'tlsClientError') as Promise<[NodeJS.ErrnoException]>
    const socket = connect(ours, { port: await listening(server), pskCallback: mine, ...psk })
    expect((await once(socket, 'error') as [Error])[0].message).toBe('mine')
    expect((await told)[0].code).toBe(hangUp)
  })

  it('a pskCallback may give its key in an object, as a client does', async () => {
    const server = ours.createServer({ pskCallback: () => ({ psk: Buffer.alloc(16) }), ...psk } as never)
    const socket = connect(nodeTls, { port: await listening(server), pskCallback: answer, ...psk })
    await once(socket, 'secureConnect')
  })
})
