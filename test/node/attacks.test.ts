// What a program may do to a TLSSocket, and a peer to a program, at any moment. node:tls is the yardstick: the same steps over both tell
// the same events with the same codes. No rejection is ever left unhandled: Vitest fails the file for one.

import * as nodeTls from 'node:tls'
import * as net from 'node:net'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { load } from '../../src/index.js'
import ours from '../../src/node/tls/index.js'
import { instance } from '../../src/node/tls/instance.js'
import { bunProgram } from '../conformance/runtimes/bun.js'
import { denoProgram } from '../conformance/runtimes/deno.js'
import { authority, localhost } from '../helpers/certificates.js'
import { runNode } from '../helpers/installed.js'
import { forgetDestroyed, kept, listening } from '../helpers/kept.js'
import { ALLOCATION_NOISE_BYTES } from '../helpers/stream-peers.js'
import { uncaughtDuring } from '../helpers/uncaught.js'

const { cert, key } = localhost
const trusting = { host: '127.0.0.1', servername: 'localhost', ca: authority.ca.cert }
type Tls = typeof nodeTls
type Socket = nodeTls.TLSSocket

const plain = (onSocket: (socket: net.Socket) => void) => listening(net.createServer(onSocket))

/** The port of a server of node:tls. */
function secure(
  onSocket: (socket: Socket) => void = (socket) => socket.resume(), options: nodeTls.TlsOptions = {}, tls: Tls = nodeTls,
): Promise<number> {
  return listening(tls.createServer({ cert, key, ...options }, (socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  }))
}

const client = (tls: Tls, port: number, options: object = {}) =>
  kept(tls.connect({ ...trusting, port, ...options } as nodeTls.ConnectionOptions))

type Log = (line: string) => void

function follow(socket: Duplex, log: Log): void {
  for (const event of ['finish', 'secureConnect']) socket.on(event, () => log(event))
  socket.on('error', (error: NodeJS.ErrnoException) => log(`error ${error.code}`))
  socket.on('close', (failed?: boolean) => log(`close ${failed}`))
}

const closed = (socket: Duplex) => new Promise<void>((resolve) => { socket.once('close', resolve) })
/** Callbacks of the last turn have been called. */
const settled = () => new Promise<void>((resolve) => { setImmediate(() => setImmediate(resolve)) })

async function textOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

describe('a socket that goes, as node:tls tells it:', () => {
  const states: Readonly<Record<string, (tls: Tls) => Promise<Socket>>> = {
    'not connected': async (tls) => kept(new tls.TLSSocket(undefined as never)),
    'connecting': async (tls) => client(tls, await secure()),
    'open': async (tls) => {
      const socket = client(tls, await secure())
      await once(socket, 'secureConnect')
      return socket
    },
    'ended by us': async (tls) => {
      const socket = client(tls, await secure(undefined, { allowHalfOpen: true }), { allowHalfOpen: true })
      await once(socket, 'secureConnect')
      socket.end()
      await once(socket, 'finish')
      return socket
    },
    'ended by the peer': async (tls) => {
      const socket = client(tls, await secure((peer) => peer.resume().end(), { allowHalfOpen: true }), { allowHalfOpen: true })
      socket.resume()
      await once(socket, 'end')
      return socket
    },
  }
  const mine = () => Object.assign(new Error('mine'), { code: 'EMINE' })
  const called = (log: Log, name: string) => (error?: NodeJS.ErrnoException | null) => log(`${name} called ${error?.code}`)
  const ways: Readonly<Record<string, (socket: Socket, log: Log) => unknown>> = {
    'destroy()': (socket) => socket.destroy(),
    'destroy(error)': (socket) => socket.destroy(mine()),
    'destroySoon()': (socket) => socket.destroySoon(),
    'destroy(), then destroy(error)': (socket) => socket.destroy().destroy(mine()),
    'write(), then destroy()': (socket, log) => {
      socket.write('a', called(log, 'write'))
      socket.destroy()
    },
    'two writes, then destroy()': (socket, log) => {
      socket.write('a', called(log, 'first'))
      socket.write('b', called(log, 'second'))
      socket.destroy()
    },
    'write(), end(), then destroy()': (socket, log) => {
      socket.write('a', called(log, 'write'))
      socket.end(called(log, 'end'))
      socket.destroy()
    },
    'destroy(), then write()': (socket, log) => {
      socket.destroy()
      socket.write('a', called(log, 'write'))
    },
    'destroy(), then end()': (socket, log) => {
      socket.destroy()
      socket.end(called(log, 'end'))
    },
    'end(), then destroySoon()': (socket) => {
      socket.resume().end()
      socket.destroySoon()
    },
  }
  const neverCloses = (state: string, way: string) => state === 'not connected' && /destroySoon/.test(way) // as in Node

  const cases = Object.keys(states).flatMap((state) => Object.keys(ways).map((way) => [state, way] as const))
  it.each(cases.filter(([state, way]) => !neverCloses(state, way)))('%s, %s', async (state, way) => {
    const tell = async (tls: Tls) => {
      const socket = await states[state]!(tls)
      const lines: string[] = []
      follow(socket, (line) => lines.push(line))
      ways[way]!(socket, (line) => lines.push(line))
      await closed(socket)
      await settled()
      expect(socket.destroyed).toBe(true)
      return lines.sort()
    }
    expect(await tell(ours)).toEqual(await tell(nodeTls))
  })

  it('what was written before destroy() arrives, once the connection is secure', async () => {
    const texts: Promise<string>[] = []
    const port = await secure((socket) => texts.push(textOf(socket)))
    const socket = client(ours, port)
    let failure: unknown = 'not called'
    socket.once('secureConnect', () => {
      socket.write('last words', (error) => { failure = error })
      socket.destroy()
    })
    await closed(socket)
    await settled()
    expect(failure).toBeFalsy()
    await expect.poll(() => texts.length).toBe(1)
    expect(await texts[0]).toBe('last words')
  })

  it('end() of a handshake that the peer does not answer finishes, and destroySoon() closes', async () => {
    const socket = client(ours, await plain(() => {}))
    await once(socket, 'connect')
    socket.end()
    await once(socket, 'finish')
    socket.destroySoon()
    await closed(socket)
    const another = client(ours, await plain(() => {}))
    another.destroySoon()
    await closed(another)
  })

  it('writes in a handshake that is given up, or fails, are called back once', async () => {
    const codes: unknown[] = []
    const written = (error?: NodeJS.ErrnoException | null) => codes.push(error?.code)
    const given = client(ours, await plain(() => {}))
    await once(given, 'connect')
    given.write('a', written)
    given.destroy()
    await closed(given)
    const cut = client(ours, await plain((socket) => socket.once('data', () => socket.resetAndDestroy())))
    cut.write('a', written)
    const [error] = await once(cut, 'error') as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNRESET')
    await settled()
    expect(codes).toEqual(['ECANCELED', 'ECANCELED'])
  })

  it('writes to a port that nothing listens on are called back', async () => {
    const server = net.createServer()
    const port = await listening(server)
    server.close()
    await once(server, 'close')
    const socket = client(ours, port)
    const code = new Promise((resolve) => { socket.write('a', (error) => resolve((error as NodeJS.ErrnoException).code)) })
    const [error] = await once(socket, 'error') as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
    expect(await code).toBe('ERR_SOCKET_CLOSED_BEFORE_CONNECTION')
  })

  it('an early write does not reach a server that is refused', async () => {
    const texts: Promise<string>[] = []
    const port = await secure((socket) => texts.push(textOf(socket).catch(() => '')))
    const socket = kept(ours.connect({ port, host: '127.0.0.1', servername: 'localhost' }))
    socket.end('a secret', () => {})
    const [error] = await once(socket, 'error') as [NodeJS.ErrnoException]
    expect(error.code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    await closed(socket)
    const probe = client(nodeTls, port) // the server has seen all of the first when it sees the second
    await once(probe, 'secureConnect')
    probe.end()
    await expect.poll(() => texts.length).toBeGreaterThan(0)
    expect((await Promise.all(texts)).join('')).toBe('')
  })

  it.each(['before connecting', 'in the handshake', 'when it is open'])('an AbortSignal destroys it %s', async (when) => {
    const port = when === 'when it is open' ? await secure() : await plain(() => {})
    const controller = new AbortController()
    if (when === 'before connecting') controller.abort()
    const socket = client(ours, port, { signal: controller.signal })
    if (when !== 'before connecting') socket.once(when === 'in the handshake' ? 'connect' : 'secureConnect', () => controller.abort())
    const [error] = await once(socket, 'error') as [NodeJS.ErrnoException]
    expect([error.name, error.code]).toEqual(['AbortError', 'ABORT_ERR'])
  })
})

describe('a peer that is no peer of TLS:', () => {
  const garbage = Object.entries({
    'text': Buffer.from('220 mail.example ESMTP\r\n'), 'HTTP': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'zeros': Buffer.alloc(100),
    'one kind of byte': Buffer.alloc(20_000, 0x16), 'an alert': Buffer.from([21, 3, 3, 0, 2, 2, 40]),
    'the first bytes of a record': Buffer.from([22, 3, 3]),
  })

  it.each(garbage)('a client that gets %s, and the end, has one error', async (_, bytes) => {
    const socket = client(ours, await plain((peer) => peer.end(bytes)))
    const lines: string[] = []
    follow(socket, (line) => lines.push(line))
    await closed(socket)
    expect(lines).toEqual([expect.stringMatching(/^error (ERR_SSL_|ECONNRESET)/), 'close true'])
  })

  it.each(garbage)('a server that gets %s, and the end, tells tlsClientError once, and serves on', async (_, bytes) => {
    const server = ours.createServer({ cert, key }, (socket) => socket.end('served'))
    const codes: unknown[] = []
    server.on('tlsClientError', (error: NodeJS.ErrnoException) => codes.push(error.code))
    const port = await listening(server)
    const peer = kept(net.connect(port, '127.0.0.1'))
    peer.on('error', () => {})
    peer.resume().end(bytes)
    await closed(peer)
    expect(await textOf(client(nodeTls, port))).toBe('served')
    expect(codes).toEqual([expect.stringMatching(/^ERR_SSL_|^ECONNRESET$/)])
  })

  it('a client that hangs is told by handshakeTimeout, and let go', async () => {
    const server = ours.createServer({ cert, key, handshakeTimeout: 50 })
    const told = once(server, 'tlsClientError')
    const peer = kept(net.connect(await listening(server), '127.0.0.1')).resume()
    expect((await told as [NodeJS.ErrnoException])[0].code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT')
    await closed(peer)
  })

  it("a server that hangs is told by 'timeout', and the socket stays", async () => {
    const socket = client(ours, await plain(() => {}), { timeout: 50 })
    await once(socket, 'timeout')
    expect(socket.destroyed).toBe(false)
  })

  it.each(
    ['TLSv1.2', 'TLSv1.3'] as const,
  )('a connection of %s that is reset, or cut without close_notify, ends as in node:tls', async (maxVersion) => {
    const tell = async (tls: Tls, cut: (near: net.Socket, far: net.Socket) => unknown) => {
      const port = await secure()
      let ends!: [net.Socket, net.Socket]
      const between = await listening(net.createServer({ allowHalfOpen: true }, (near) => {
        const far = kept(net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }))
        far.on('error', () => {})
        ends = [near, far]
        near.pipe(far).pipe(near)
      }))
      const socket = client(tls, between, { maxVersion })
      const lines: string[] = []
      follow(socket.resume(), (line) => lines.push(line))
      await once(socket, 'secureConnect')
      await new Promise((resolve) => { socket.write('a', resolve) })
      cut(...ends)
      await closed(socket)
      return lines
    }
    for (const cut of [
      (near: net.Socket) => near.resetAndDestroy(), (near: net.Socket, far: net.Socket) => far.unpipe(near) && near.end(),
    ]) {
      expect(await tell(ours, cut)).toEqual(await tell(nodeTls, cut))
    }
  })
})

describe('what applications answer:', () => {
  const failures: readonly [string, nodeTls.TlsOptions, string][] = [
    ['an SNICallback that throws', { SNICallback() { throw new Error('mine') } }, 'mine'],
    ['an SNICallback that gives an error', { SNICallback: (_, done) => done(new Error('mine')) }, 'mine'],
    ['an SNICallback that gives no context', { SNICallback: (_, done) => done(null, {} as never) }, 'Invalid SNI context'],
    ['an ALPNCallback that throws', { ALPNCallback() { throw new Error('mine') } }, 'mine'],
    ['a pskCallback that throws', { pskCallback() { throw new Error('mine') }, ciphers: 'PSK', maxVersion: 'TLSv1.2' }, 'mine'],
  ]
  it.each(failures)('%s is told as tlsClientError, and the server serves on', async (_, options, message) => {
    const server = ours.createServer({ cert, key, ...options })
    const told = once(server, 'tlsClientError')
    const socket = client(nodeTls, await listening(server), {
      ALPNProtocols: ['a'],
      ...('pskCallback' in options ? { ciphers: 'PSK', pskCallback: () => ({ psk: Buffer.alloc(16), identity: 'x' }) } : {}),
    })
    socket.on('error', () => {})
    expect((await told as [Error])[0].message).toContain(message)
    await closed(socket)
    expect(server.listening).toBe(true)
  })

  it('an SNICallback that never answers is ended by handshakeTimeout; a late answer does nothing', async () => {
    let answer = () => {}
    const server = ours.createServer({ cert, key, handshakeTimeout: 200, SNICallback: (_, done) => { answer = () => done(null) } })
    const told = once(server, 'tlsClientError')
    const socket = client(nodeTls, await listening(server))
    socket.on('error', () => {})
    expect((await told as [NodeJS.ErrnoException])[0].code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT')
    await closed(socket)
    answer()
    await settled()
  })

  const wrong: readonly [string, object, string][] = [
    ['secureContext', {}, 'ERR_TLS_INVALID_CONTEXT'], ['session', 5 as never, 'ERR_INVALID_ARG_TYPE'],
    ['checkServerIdentity', 5 as never, 'ERR_INVALID_ARG_TYPE'], ['minDHSize', 'x' as never, 'ERR_INVALID_ARG_TYPE'],
    ['timeout', -1 as never, 'ERR_OUT_OF_RANGE'], ['servername', 5 as never, 'ERR_INVALID_ARG_TYPE'],
    ['ca', 5 as never, 'ERR_INVALID_ARG_TYPE'], ['key', {}, 'ERR_INVALID_ARG_TYPE'],
    ['ciphers', 'NOPE' as never, 'ERR_SSL_NO_CIPHER_MATCH'], ['port', 70_000 as never, 'ERR_SOCKET_BAD_PORT'],
    ['minVersion', 'x' as never, 'ERR_TLS_INVALID_PROTOCOL_VERSION'], ['pskCallback', 5 as never, 'ERR_INVALID_ARG_TYPE'],
  ]
  it.each(wrong)('%s of the wrong kind is refused with the code of node:tls (of Node 22)', (option, value, code) => {
    expect(() => kept(ours.connect({ port: 1, [option]: value }))).toThrow(expect.objectContaining({ code }))
  })

  it('callbacks that are null are none, as in node:tls', async () => {
    const port =
      await listening(ours.createServer({ cert, key, SNICallback: null, ALPNCallback: null } as never, (socket) => socket.end('served')))
    expect(await textOf(client(nodeTls, port))).toBe('served')
  })
})

describe('as a stream', () => {
  const echo = (tls: Tls) => secure((socket) => socket.pipe(socket), {}, tls)

  it('carries pipeline() both ways, and many small writes, corked and not', async () => {
    const socket = client(ours, await echo(nodeTls))
    const sent = Buffer.alloc(3_000_000, 'some bytes ')
    const chunks: Buffer[] = []
    await pipeline(
      Readable.from([sent]), socket, async (source: AsyncIterable<Buffer>) => { for await (const chunk of source) chunks.push(chunk) },
    )
    expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    const another = client(ours, await echo(nodeTls))
    let calls = 0
    another.cork()
    for (let index = 0; index < 2000; index++) another.write('x', () => calls++)
    another.uncork()
    for (let index = 0; index < 2000; index++) another.write('y', () => calls++)
    another.end()
    expect(await textOf(another)).toBe('x'.repeat(2000) + 'y'.repeat(2000))
    expect(calls).toBe(4000)
  })

  it('takes back what unshift() gives, and setEncoding() keeps characters whole', async () => {
    const socket = client(ours, await secure((peer) => {
      for (const byte of Buffer.from('ab€cd')) peer.write(Buffer.of(byte))
      peer.end()
    }))
    const [first] = await once(socket, 'readable').then(() => [socket.read(1) as Buffer])
    expect(String(first)).toBe('a')
    socket.unshift(first!)
    socket.setEncoding('utf8')
    expect(await textOf(socket)).toBe('ab€cd')
  })

  it('write() after end() has the code of node:tls', async () => {
    const codeOf = async (tls: Tls) => {
      const socket = client(tls, await echo(nodeTls))
      socket.end()
      const code = new Promise((resolve) => { socket.write('x', (error) => resolve((error as NodeJS.ErrnoException).code)) })
      const [error] = await once(socket, 'error') as [NodeJS.ErrnoException]
      return [await code, error.code]
    }
    expect(await codeOf(ours)).toEqual(await codeOf(nodeTls))
  })

  it('runs over another TLSSocket, which may still be connecting', async () => {
    const port = await secure((outer) => {
      const inner = new nodeTls.TLSSocket(outer, { isServer: true, cert, key })
      inner.on('error', () => {})
      inner.pipe(inner)
    })
    const outer = client(ours, port)
    const inner = kept(ours.connect({ socket: outer, ca: trusting.ca, servername: 'localhost' }))
    inner.end('in the depth')
    expect(await textOf(inner)).toBe('in the depth')
    await closed(outer)
  })

  it('takes a used socket over, with what it holds unread', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (data: Buffer) => {
        socket.pause()
        socket.unshift(data.subarray('STARTTLS'.length)) // the ClientHello, if it has come already
        const upgraded = kept(new ours.TLSSocket(socket, { isServer: true, cert, key }))
        upgraded.on('error', () => {})
        upgraded.pipe(upgraded)
      })
    })
    const raw = kept(net.connect(await listening(server), '127.0.0.1'))
    await once(raw, 'connect')
    raw.cork()
    raw.write('STARTTLS')
    const socket = kept(ours.connect({ socket: raw, ca: trusting.ca, servername: 'localhost' }))
    setImmediate(() => raw.uncork())
    socket.end('upgraded')
    expect(await textOf(socket)).toBe('upgraded')
  })

  it.each(['a write of it fails', 'it is destroyed with an error'])('over a Duplex tells its error when %s', async (how) => {
    const failure = Object.assign(new Error('theirs'), { code: 'ETHEIRS' })
    const fails = how.startsWith('a write')
    const duplex = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback(fails ? failure : null) })
    const socket = kept(ours.connect({ socket: duplex, ca: trusting.ca }))
    if (!fails) setImmediate(() => duplex.destroy(failure))
    const [error] = await once(socket, 'error')
    expect(error).toBe(failure)
    await closed(socket)
  })

  it('calls a write back with an error that the Duplex beneath has refused, once it is open', async () => {
    const raw = kept(net.connect(await secure((socket) => socket.resume()), '127.0.0.1'))
    const failure = Object.assign(new Error('theirs'), { code: 'ETHEIRS' })
    let fails = false
    const duplex = new Duplex({
      read() { raw.resume() }, write: (chunk, _encoding, callback) => { fails ? callback(failure) : raw.write(chunk as Buffer, callback) },
    })
    raw.on('data', (chunk) => { if (!duplex.push(chunk)) raw.pause() })
    const socket = kept(ours.connect({ socket: duplex, ...trusting } as nodeTls.ConnectionOptions))
    await once(socket, 'secureConnect')
    fails = true
    const told = once(socket, 'error')
    const written = new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => { socket.write('lost', resolve) })
    expect(await told).toEqual([failure])
    const end = once(socket, 'close')
    expect(await written).toMatchObject({ code: 'EPIPE' })
    expect(await end).toEqual([true])
  })

  it('does not tell the Duplex beneath of its own errors, as node:tls', async () => {
    for (const module of [nodeTls, ours]) {
      const duplex = new Duplex({ read() {}, write(_chunk, _encoding, callback) {
        callback()
        setImmediate(() => duplex.push(null))
      } })
      const told: unknown[] = []
      duplex.on('error', (error) => told.push(error))
      const socket = kept(module.connect({ socket: duplex, ...trusting } as nodeTls.ConnectionOptions))
      const gone = closed(socket)
      expect((await once(socket, 'error') as [NodeJS.ErrnoException])[0].code).toBe('ECONNRESET')
      await gone
      expect([told, duplex.destroyed]).toEqual([[], true])
    }
  })

  it.each(['data', 'onread'])('reads on after a listener has thrown, if the program lives on: %s', async (how) => {
    const port = await secure((socket) => {
      socket.on('data', () => socket.end('second')).write('first')
    })
    const mine = new Error('mine')
    const heard: string[] = []
    const give = (text: string) => {
      heard.push(text)
      socket.write('more')
      if (heard.length === 1) throw mine
    }
    const onread = { buffer: Buffer.alloc(100), callback: (count: number, buffer: Uint8Array) => {
      give(Buffer.from(buffer.subarray(0, count)).toString())
      return true
    } }
    const socket = client(ours, port, how === 'onread' ? { onread } : {})
    const caught = await uncaughtDuring(() => {
      if (how === 'data') socket.on('data', (chunk) => give(String(chunk)))
      else socket.resume()
      return once(socket, 'end')
    })
    expect([heard.join(' '), caught]).toEqual(['first second', [mine]])
  })

  it.each(
    [['client', 'TLSv1.2'], ['client', 'TLSv1.3'], ['server', 'TLSv1.2'], ['server', 'TLSv1.3']] as const,
  )('tells the secrets of the handshake before the application knows of the connection: %s, %s', async (side, maxVersion) => {
    const tell = async (tls: Tls) => {
      const lines: string[] = []
      const server = tls.createServer({ cert, key, maxVersion }, (socket) => {
        if (side === 'server') lines.push('secureConnection')
        socket.on('error', () => {}).end()
      })
      const keylog = (line: Buffer) => lines.push(String(line).split(' ')[0]!)
      if (side === 'server') server.on('keylog', keylog)
      const socket = client(side === 'server' ? nodeTls : tls, await listening(server))
      if (side === 'client') socket.on('keylog', keylog).on('secureConnect', () => lines.push('secureConnect'))
      await once(socket.resume(), 'close')
      return [lines.at(-1), lines.toSorted()]
    }
    expect(await tell(ours)).toEqual(await tell(nodeTls))
  })

  it('leaves no listeners behind: no warning comes of many calls, nor of many sockets after one another', async () => {
    const warnings: string[] = []
    const warned = (warning: Error) => { warnings.push(warning.message) }
    process.on('warning', warned)
    const port = await echo(nodeTls)
    const socket = client(ours, port)
    for (let index = 0; index < 20; index++) socket.setTimeout(1000).setTimeout(0).ref().unref().setNoDelay().setKeepAlive(true)
    await once(socket, 'secureConnect')
    const { signal } = new AbortController()
    for (let index = 0; index < 15; index++) {
      const one = client(ours, port, { signal }).resume()
      one.end('x')
      await closed(one)
    }
    await settled()
    process.off('warning', warned)
    expect(warnings).toEqual([])
  })
})

describe('under load', () => {
  it('a reader that pauses holds the peer back', async () => {
    const TOTAL = 256 << 20
    const chunk = Buffer.alloc(1 << 20)
    let written = 0
    const port = await secure((peer) => {
      const more = () => {
        while (written < TOTAL) {
          written += chunk.length
          if (!peer.write(chunk)) return void peer.once('drain', more)
        }
        peer.end()
      }
      more()
    })
    const socket = client(ours, port)
    await once(socket, 'readable')
    // Until nothing moves any more.
    for (let before = -1; before !== written;) {
      before = written
      for (let turn = 0; turn < 200; turn++) await settled()
    }
    expect(written).toBeLessThan(TOTAL / 4)
    const { memoryBytes } = instance()
    let read = 0
    socket.on('data', (data: Buffer) => { read += data.length })
    socket.resume()
    await once(socket, 'end')
    expect(read).toBe(TOTAL)
    expect(instance().memoryBytes).toBeLessThan(memoryBytes + (4 << 20))
  }, 240_000)

  it('1,000 connections that are destroyed at any moment leave nothing in the allocator', async () => {
    let seed = 1
    const random = (below: number) => {
      seed = Math.imul(seed, 48271) % 0x7fffffff
      return Math.abs(seed) % below
    }
    const libssl = await load() // in the shared one the contexts of other tests are collected meanwhile
    const server = ours.createServer({ cert, key, libssl } as nodeTls.TlsOptions, (socket) => {
      socket.on('error', () => {})
      if (random(3) === 0) socket.destroy()
      else socket.pipe(socket)
    })
    server.on('tlsClientError', () => {})
    const port = await listening(server)
    const contexts = (['TLSv1.2', 'TLSv1.3'] as const)
      .map((maxVersion) => ours.createSecureContext({ ca: trusting.ca, maxVersion, libssl } as object))
    const live = async () => {
      const socket = client(ours, port, { secureContext: contexts[random(2)] })
      socket.on('error', () => {}).resume()
      const gone = closed(socket)
      if (random(2) === 0) socket.write('x'.repeat(random(100_000)), () => {})
      const way = [() => socket.destroy(), () => socket.destroySoon(), () => socket.end('y'), () => socket.resetAndDestroy()][random(4)]!
      const moment = ['now', 'connect', 'secureConnect', 'data', 'a turn'][random(5)]!
      if (moment === 'now') way()
      else if (moment === 'a turn') for (let turns = random(20); turns >= 0; turns--) turns === 0 ? way() : await settled()
      else socket.once(moment, way)
      if (moment === 'data') socket.write('z', () => {})
      await gone
    }
    const lives = async (count: number) => {
      for (let done = 0; done < count; done += 10) await Promise.all(Array.from({ length: 10 }, live))
      await expect.poll(() => new Promise((resolve) => { server.getConnections((_, open) => resolve(open)) })).toBe(0)
      await settled()
      forgetDestroyed()
    }
    await lives(100)
    const before = libssl.allocatedBytes
    await lives(1000)
    expect(libssl.allocatedBytes - before).toBeLessThan(ALLOCATION_NOISE_BYTES)
  }, 240_000)

  it('contexts that are not referred to any more are freed with all that they trust', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const make = (count: number) => { for (; count > 0; count--) ours.createSecureContext({ ca: trusting.ca, cert, key }) }
    const allocated = async () => {
      await settled()
      collect()
      await settled()
      return instance().allocatedBytes
    }
    make(10)
    await allocated()
    const before = await allocated()
    make(100)
    // 100 certificates alone would be more.
    await expect.poll(allocated, { timeout: 20_000 }).toBeLessThan(before + 20_000)
  })
})

describe('a program whose sockets have closed ends by itself', () => {
  const command = (found: string | readonly string[] | undefined) => (typeof found === 'string' ? [found] : [...found ?? []])
  const programs: readonly [string, string[]][] = [
    ['Node', [process.execPath]], ['Deno', [...command(denoProgram()), 'run', '--allow-all', '--no-remote', '--quiet']],
    ['Bun', command(bunProgram())],
  ]
  it.each(programs)('in %s', async (_, [program, ...args]) => {
    const out =
        await runNode(program!, [
          ...args, fileURLToPath(new URL('ends-by-itself.mjs', import.meta.url)), cert, key, authority.ca.cert,
        ], '.', {
      DENO_NO_UPDATE_CHECK: '1',
    })
    expect(out.trim().split('\n')).toEqual(['secure true', 'bytes 300000', 'closed false', 'refused ECONNRESET', 'server closed'])
  })
})
