// What libssl-wasm/node/net has beside the streams: dialers and their failures, arguments, lists of addresses.

import { once } from 'node:events'
import * as nodeNet from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { memoryTransportPair, type ByteTransport } from '../../src/index.js'
import * as net from '../../src/node/net/index.js'
import tls from '../../src/node/tls/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { closed, record } from '../helpers/net-scenarios.js'
import { setUpRelay } from '../helpers/relays.js'
import { isPending, readAll, readBytes, rejection, turns } from '../helpers/streams.js'
import { Pausable, undici } from '../helpers/tunnels.js'

afterEach(() => net.setDialer(undefined))

// The parts of node:net that are there have its types; Server is not all of it.
type NodeNet = typeof nodeNet
const typed: Omit<NodeNet, 'Server' | 'createServer'> = net

/** A socket, and the far end of the transport that it was given. */
async function pair(options: object = {}, highWaterMarkBytes?: number): Promise<{ socket: nodeNet.Socket; far: ByteTransport }> {
  const [near, far] = memoryTransportPair(highWaterMarkBytes)
  net.setDialer(async () => near)
  const socket = net.connect({ host: 'db.example', port: 5432, ...options })
  await once(socket, 'connect')
  return { socket, far }
}

/** How a connection fails: its events, and the error without what only we have. */
async function failure(socket: nodeNet.Socket): Promise<{ events: string[]; error: NodeJS.ErrnoException }> {
  const events = record(socket)
  const failed = once(socket, 'error')
  await closed(socket)
  return { events, error: (await failed)[0] as NodeJS.ErrnoException }
}

const connect = (place: { host?: string; port: number | string }) => net.connect(place)

describe('a dialer', () => {
  it('tells as node:net that the target refuses', async () => {
    const { target, relay } = await setUpRelay()
    await target.close()
    const { host, port } = target
    const attempts: unknown[][] = []
    const watched = (socket: nodeNet.Socket) =>
      socket.on(
        'connectionAttemptFailed',
        (...[address, at, family, error]: unknown[]) => attempts.push([address, at, family, (error as { code: string }).code]),
      )
    const expected = await failure(watched(nodeNet.connect({ host, port })))
    net.setDialer(net.tunnelDialer(relay.url, { WebSocket: undici.WebSocket }))
    const { events, error } = await failure(watched(connect({ host, port })))
    expect(events).toEqual(expected.events)
    expect(attempts).toEqual([[host, port, 4, 'ECONNREFUSED'], [host, port, 4, 'ECONNREFUSED']])
    expect({ ...error, message: error.message }).toEqual({ ...expected.error, message: expected.error.message })
    expect(error.cause).toMatchObject({ code: 'ERR_TLS_RELAY_CONNECTION_REFUSED' })
  })

  // They are open before the relay has tried to connect.
  const early: Readonly<Record<string, (relay: string, signal: AbortSignal) => net.Dialer>> = {
    'Wisp': (relay, signal) => net.wispDialer(`${relay}/wisp/`, { WebSocket, signal }),
    'a WebSocketStream': (relay) => net.tunnelDialer(relay, { WebSocketStream: undici.WebSocketStream }),
  }

  it.each(Object.entries(early))('of %s tells so after "connect"', async (_, dialer) => {
    const { target, relay } = await setUpRelay()
    await target.close()
    const controller = new AbortController()
    onTestFinished(() => controller.abort())
    net.setDialer(dialer(relay.url, controller.signal))
    const { events, error } = await failure(connect({ host: target.host, port: target.port }))
    expect(events).toEqual(['connect', 'ready', 'error ECONNREFUSED', 'close true'])
    expect(error.syscall).toBe('connect')
  })

  it('tells that there is no such host, by lookup, too', async () => {
    const { relay } = await setUpRelay({ allow: ['nowhere.invalid:80'] })
    net.setDialer(net.tunnelDialer(relay.url, { WebSocket: Pausable }))
    const socket = connect({ host: 'nowhere.invalid', port: 80 })
    const looked = once(socket, 'lookup')
    const { events, error } = await failure(socket)
    expect(events).toEqual(['error ENOTFOUND', 'close true'])
    expect(error).toMatchObject({ syscall: 'getaddrinfo', hostname: 'nowhere.invalid', message: 'getaddrinfo ENOTFOUND nowhere.invalid' })
    expect(await looked).toEqual([error, undefined, undefined, 'nowhere.invalid'])
  })

  it('tells that the relay does not allow it, and that there is no relay', async () => {
    const { relay } = await setUpRelay()
    net.setDialer(net.tunnelDialer(relay.url, { WebSocket: Pausable }))
    const forbidden = await failure(connect({ host: '127.0.0.1', port: 9 }))
    expect(forbidden.events).toEqual(['error EACCES', 'close true'])
    expect(forbidden.error.message).toMatch(/^connect EACCES 127\.0\.0\.1:9: .*--allow/)
    await relay.close()
    for (const dialer of [net.tunnelDialer(relay.url, { WebSocket: Pausable }), net.wispDialer(`${relay.url}/wisp/`, { WebSocket })]) {
      net.setDialer(dialer)
      const { events, error } = await failure(connect({ host: '127.0.0.1', port: 9 }))
      expect(events).toEqual(['error ENETUNREACH', 'close true'])
      expect(error)
        .toMatchObject({ syscall: 'connect', errno: -101, address: '127.0.0.1', port: 9, message: expect.stringContaining(relay.url) })
    }
  })

  it('is missing, or fails, or gives no transport: that is an error of the socket', async () => {
    const { events, error } = await failure(connect({ port: 1 }))
    expect(events).toEqual(['error ERR_NET_NO_DIALER', 'close true'])
    expect(error.message).toContain('setDialer(')
    net.setDialer(() => { throw Object.assign(new Error('no network'), { code: 'ENETUNREACH' }) })
    expect((await failure(connect({ port: 1 }))).events).toEqual(['error ENETUNREACH', 'close true'])
    net.setDialer(() => Promise.reject(new Error('no network')))
    expect((await failure(connect({ port: 1 }))).error).toMatchObject({ code: 'ENETUNREACH', cause: { message: 'no network' } })
    net.setDialer(async () => ({}) as ByteTransport)
    expect((await failure(connect({ port: 1 }))).events).toEqual(['error ERR_TLS_INVALID_ARGUMENT', 'close true'])
    expect(() => net.setDialer('relay' as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })

  it('is told what to dial, and that it is not wanted any more; what it gives all the same is given up', async () => {
    const [near, far] = memoryTransportPair()
    let give!: (transport: ByteTransport) => void
    const given = new Promise<ByteTransport>((resolve) => { give = resolve })
    const asked: net.DialTarget[] = []
    net.setDialer((target) => {
      asked.push(target)
      return given
    })
    const socket = connect({ host: 'db.example', port: '5432' })
    await turns()
    expect(asked).toEqual([{ host: 'db.example', port: 5432, signal: expect.any(AbortSignal) as AbortSignal }])
    expect(asked[0]!.signal.aborted).toBe(false)
    socket.destroy()
    await closed(socket)
    expect(asked[0]!.signal.aborted).toBe(true)
    give(near)
    expect(await rejection(readAll(far.readable))).toMatchObject({ message: 'the socket was destroyed' })
  })

  it('dials the default host, and what the application\'s own lookup has found', async () => {
    const hosts: string[] = []
    net.setDialer(({ host }) => {
      hosts.push(host)
      return memoryTransportPair()[0]
    })
    const plain = net.connect(80)
    const looked = net.connect({ host: 'db.example', port: 80, lookup: (name, _options, done) => done(null, `${name.length}.0.0.1`, 4) })
    const lookup = once(looked, 'lookup')
    await Promise.all([once(plain, 'connect'), once(looked, 'connect')])
    expect(hosts.sort()).toEqual(['10.0.0.1', 'localhost'])
    expect(await lookup).toEqual([null, '10.0.0.1', 4, 'db.example'])
    expect([looked.remoteAddress, looked.remoteFamily, looked._host, plain._host]).toEqual(['10.0.0.1', 'IPv4', 'db.example', 'localhost'])
    const failed = net.connect({
      host: 'a', port: 80, lookup: (_name, _options, done) => done(Object.assign(new Error('none'), { code: 'EAI_AGAIN' }), ''),
    })
    expect((await failure(failed)).events).toEqual(['error EAI_AGAIN', 'close true'])
  })

  it('of Wisp keeps one WebSocket for all, and makes another when that was closed', async () => {
    const { target, relay, log } = await setUpRelay({}, (socket) => socket.pipe(socket))
    const first = new AbortController()
    onTestFinished(() => first.abort())
    const sockets: WebSocket[] = []
    class Counted extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(url, protocols)
        sockets.push(this)
      }
    }
    net.setDialer(net.wispDialer(`${relay.url}/wisp/`, { WebSocket: Counted, signal: first.signal }))
    const talk = async () => {
      const socket = connect({ host: target.host, port: target.port })
      socket.end('hello')
      const [data] = await once(socket, 'data') as [Buffer]
      await closed(socket)
      return String(data)
    }
    expect(await Promise.all([talk(), talk()])).toEqual(['hello', 'hello'])
    expect(sockets).toHaveLength(1)
    const gone = once(sockets[0]!, 'close')
    sockets[0]!.terminate()
    await gone
    await turns()
    expect(await talk()).toBe('hello')
    expect(sockets).toHaveLength(2)
    expect(log).not.toHaveLength(0)
  })

  it('of Wisp closes its WebSocket when no socket has used it for a while, and opens another when it is needed', async () => {
    const { target, relay } = await setUpRelay({}, (socket) => socket.pipe(socket))
    const sockets: WebSocket[] = []
    class Counted extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(url, protocols)
        sockets.push(this)
      }
    }
    net.setDialer(net.wispDialer(`${relay.url}/wisp/`, { WebSocket: Counted, idleTimeoutMs: 50 }))
    for (const count of [1, 2]) {
      const socket = connect({ host: target.host, port: target.port })
      await once(socket, 'connect')
      const idle = once(sockets.at(-1)!, 'close')
      socket.end('hello')
      expect(String((await once(socket, 'data') as [Buffer])[0])).toBe('hello')
      await closed(socket)
      await idle
      expect(sockets).toHaveLength(count)
    }
  })
})

describe('back-pressure', () => {
  it('reaches the writer: no drain before the other side has read', async () => {
    const { socket, far } = await pair({}, 1000)
    let drained = false
    let called = false
    socket.on('drain', () => { drained = true })
    expect(socket.write(Buffer.alloc(100_000), () => { called = true })).toBe(false)
    expect(socket.writableNeedDrain).toBe(true)
    await turns()
    expect([drained, called]).toEqual([false, false])
    const drain = once(socket, 'drain')
    expect(await readBytes(far.readable, 100_000)).toHaveLength(100_000)
    await drain
    expect(called).toBe(true)
    expect([socket.bytesWritten, socket.writableLength]).toEqual([100_000, 0])
  })

  it('reaches the peer: a socket that is paused takes a chunk or two, and no more', async () => {
    const { socket, far } = await pair({ highWaterMark: 1000 }, 1000)
    socket.pause()
    const writer = far.writable.getWriter()
    let accepted = 0
    const all = (async () => {
      for (let round = 0; round < 100; round++) {
        await writer.write(new Uint8Array(1000))
        accepted++
      }
      await writer.close()
    })()
    await turns(200)
    expect(accepted).toBeLessThan(10)
    expect(await isPending(all)).toBe(true)
    let read = 0
    socket.on('data', (chunk: Buffer) => { read += chunk.length }).resume()
    await once(socket, 'end')
    expect([read, socket.bytesRead]).toEqual([100_000, 100_000])
    await all
  })
})

it('Socket.resetAndDestroy cuts, destroy ends: the other side hears the difference', async () => {
  const cut = await pair()
  cut.socket.resetAndDestroy()
  expect(await rejection(readAll(cut.far.readable))).toBeInstanceOf(Error)
  const ended = await pair()
  ended.socket.write('last words')
  ended.socket.destroy()
  expect(String(Buffer.from(await readAll(ended.far.readable)))).toBe('last words')
  const { events } = await failure(new net.Socket().resetAndDestroy())
  expect(events).toEqual(['error ERR_SOCKET_CLOSED', 'close true'])
})

it('tls.connect runs over such a socket, through the relay, and is told of its failure', async () => {
  const server = createTlsServer({ cert: localhost.cert, key: localhost.key }, (socket) => socket.pipe(socket))
  onTestFinished(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as nodeNet.AddressInfo
  const { relay } = await setUpRelay({ allow: [`127.0.0.1:${port}`, '127.0.0.1:1'] })
  net.setDialer(net.tunnelDialer(relay.url, { WebSocket: undici.WebSocket }))
  const socket = tls.connect({ socket: connect({ host: '127.0.0.1', port }), servername: 'localhost', ca: authority.ca.cert })
  await once(socket, 'secureConnect')
  socket.end('hello')
  expect(String((await once(socket, 'data'))[0])).toBe('hello')
  await closed(socket)
  const refused = tls.connect({ socket: connect({ host: '127.0.0.1', port: 1 }), servername: 'localhost' })
  expect((await once(refused, 'error'))[0]).toMatchObject({ code: 'ECONNREFUSED' })
})

describe('arguments', () => {
  /** What a call throws. */
  const thrown = (call: () => unknown) => {
    try {
      call()
    } catch (error) {
      const { name, code, message } = error as NodeJS.ErrnoException
      return { name, code, message }
    }
    return undefined
  }

  const wrong: Readonly<Record<string, (api: NodeNet) => unknown>> = {
    'no port': (api) => api.connect({} as never),
    'nothing': (api) => (api.connect as () => unknown)(),
    'too large a port': (api) => api.connect(70000),
    'a port of a wrong type': (api) => api.connect({ port: true as never }),
    'a port that is no number': (api) => api.connect({ port: 'http' as never }),
    'a host of a wrong type': (api) => api.connect({ port: 1, host: 5 as never }),
    'a path of a wrong type': (api) => api.connect({ path: 3 as never }),
    'a lookup of a wrong type': (api) => api.connect({ port: 1, lookup: 3 as never }),
    'a time limit of a wrong type': (api) => new api.Socket().setTimeout('1' as never),
    'a negative time limit': (api) => new api.Socket().setTimeout(-1),
    'an address that is none': (api) => new api.SocketAddress({ address: 'x' }),
    'an address of another family': (api) => new api.SocketAddress({ address: '1.2.3.4', family: 'ipv6' }),
    'a family that is none': (api) => new api.SocketAddress({ family: 'ip' as never }),
    'a port of an address': (api) => new api.SocketAddress({ port: -1 }),
    'a list with what is no address': (api) => new api.BlockList().addAddress('x'),
    'a list with a number': (api) => new api.BlockList().addAddress(1 as never),
    'a prefix that is too long': (api) => new api.BlockList().addSubnet('1.2.3.4', 33),
    'a check of a number': (api) => new api.BlockList().check(1 as never),
    'a default that is none': (api) => api.setDefaultAutoSelectFamily(1 as never),
  }

  it.each(Object.entries(wrong))('are refused as by node:net: %s', (_, call) => {
    const expected = thrown(() => call(nodeNet))
    expect(expected).toBeDefined()
    const message = expected!.message.replace('"hostname" argument', '"options.host" property') // Node 24's words
    expect(thrown(() => call(net as unknown as NodeNet))).toEqual({ ...expected, message })
  })

  it('that need sockets of the system\'s are refused clearly', () => {
    const code = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM'
    expect(thrown(() => net.connect('/run/postgresql/.s.PGSQL.5432'))).toMatchObject({ code })
    expect(thrown(() => net.connect({ path: '/run/x', port: 1 }))).toMatchObject({ code })
    expect(thrown(() => new net.Socket({ fd: 3 }))).toMatchObject({ code })
    expect(thrown(() => net.createServer(() => {}))).toMatchObject({ code })
    expect(thrown(() => new net.Server().listen())).toMatchObject({ code })
  })
})

it('a Server is given its connections by hand', () => {
  const seen: unknown[] = []
  const server = net.Server((socket: never) => seen.push(socket))
  server.emit('connection', 'a duplex')
  expect(seen).toEqual(['a duplex'])
  expect([server.listening, server.address(), server.ref(), server.unref()]).toEqual([false, null, server, server])
})

it('BlockList and SocketAddress answer as those of node:net', () => {
  const answers = ({ BlockList, SocketAddress }: Pick<NodeNet, 'BlockList' | 'SocketAddress'>) => {
    const list = new BlockList()
    list.addAddress('1.2.3.4')
    list.addAddress(new SocketAddress({ address: '::0001', family: 'ipv6' }))
    list.addRange('10.0.0.1', '10.0.0.9')
    list.addSubnet('192.168.5.77', 16)
    list.addSubnet('2001:db8::', 32, 'ipv6')
    const asked: [string, 'ipv4' | 'ipv6'][] = [
      ['1.2.3.4', 'ipv4'], ['1.2.3.5', 'ipv4'], ['::ffff:1.2.3.4', 'ipv6'], ['::1', 'ipv6'], ['10.0.0.0', 'ipv4'], ['10.0.0.5', 'ipv4'],
      ['10.0.0.10', 'ipv4'], ['192.168.0.0', 'ipv4'], ['192.169.0.0', 'ipv4'], ['2001:db8:ffff::', 'ipv6'], ['2001:db9::', 'ipv6'],
      ['nonsense', 'ipv4'], ['::1', 'ipv4'],
    ]
    const addresses = [{}, { address: '::FFFF', family: 'ipv6', port: 3, flowlabel: 7 }] as const
    return [
      asked.map(([address, family]) => list.check(address, family)), list.check(new SocketAddress({ address: '10.0.0.2' })),
      thrownCode(() => list.addRange('10.0.0.9', '10.0.0.1')),
      addresses.map((options) => new SocketAddress(options))
        .map(({ address, family, port, flowlabel }) => [address, family, port, flowlabel]),
    ]
  }
  const thrownCode = (call: () => unknown) => rejection((async () => call())()).then((error) => (error as NodeJS.ErrnoException).code)
  expect(answers(net as unknown as NodeNet)).toEqual(answers(nodeNet))
  const list = new net.BlockList()
  list.addAddress('1.2.3.4')
  list.addSubnet('2001:db8::', 32, 'ipv6')
  expect(list.rules).toEqual(['Subnet: IPv6 2001:db8::/32', 'Address: IPv4 1.2.3.4'])
  expect([net.BlockList.isBlockList(list), net.SocketAddress.isSocketAddress({})]).toEqual([true, false])
})

it('the module has the members of node:net that are not internals, also as its default', () => {
  // Node 24's BoundSocket has an address before it is connected: here there is none to have.
  const names = Object.keys(nodeNet).filter((name) => !name.startsWith('_') && !['BoundSocket', 'default'].includes(name))
  expect(Object.keys(net)).toEqual(expect.arrayContaining(names))
  expect({ ...net.default, default: net.default }).toEqual({ ...net })
  expect(typed.isIP('::1')).toBe(6)
  const normalized = (api: object, args: unknown[]) => [...(api as { _normalizeArgs(args: unknown[]): unknown[] })._normalizeArgs(args)]
  for (const args of [[], [{ port: 1 }], [1], [1, 'host'], [1, () => {}], ['path', () => {}], [{ host: 'a' }, () => {}]]) {
    expect(normalized(net, args)).toEqual(normalized(nodeNet, args))
  }
  net.setDefaultAutoSelectFamily(false)
  net.setDefaultAutoSelectFamilyAttemptTimeout(1)
  expect([net.getDefaultAutoSelectFamily(), net.getDefaultAutoSelectFamilyAttemptTimeout()]).toEqual([false, 10])
})
