// What nothing refers to any more is collected, and what it held of OpenSSL is freed, though nobody has said destroy(), close() or free().

import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { BioCallback, BioPair, Ssl, SslCtx } from '../../src/core.js'
import { accept, connect, createContext, load, memoryTransportPair, type LibSsl } from '../../src/index.js'
import ours from '../../src/node/tls/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { collect, collectAll } from '../helpers/collect.js'
import { duplexPair } from '../helpers/duplex-pair.js'
import { VERSIONS } from '../helpers/stream-peers.js'

const { cert, key } = localhost
const ca = authority.ca.cert
const servername = 'localhost'
const TIMES = 20

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

/** Makes some, drops them, and waits until the instance holds what it held before. */
async function expectCollected(makeAndDrop: () => unknown): Promise<void> {
  const held = () => ({ connections: libssl.handles.SSL.size, bytes: libssl.allocatedBytes })
  const settle = async () => {
    await turn()
    collect()
    await turn()
    return held()
  }
  const make = async () => { await makeAndDrop() }
  await make() // what OpenSSL sets up once stays
  await expect.poll(async () => (await settle()).connections, { timeout: 30_000, interval: 10 }).toBe(0)
  const before = await settle()
  for (let times = 0; times < TIMES; times++) await make()
  // The smallest of them has some 7 KB.
  await expect.poll(settle, { timeout: 30_000, interval: 10 }).toEqual({
    connections: 0, bytes: expect.toSatisfy((bytes: number) => bytes < before.bytes + 2000 * TIMES),
  })
}

describe.each(VERSIONS)('is collected, %s:', (version) => {
  const versions = { minVersion: version, maxVersion: version } as const

  const tlsSockets = () => {
    const [a, b] = duplexPair()
    const accepting = new ours.TLSSocket(b as never, {
      isServer: true, secureContext: ours.createSecureContext({ cert, key, libssl, ...versions } as never),
    })
    const connecting = ours.connect({
      socket: a, secureContext: ours.createSecureContext({ ca, libssl, ...versions } as never), servername,
    } as never)
    for (const socket of [accepting, connecting]) socket.on('error', () => {})
    return { accepting, connecting }
  }

  it('a TLSSocket that is open', () => expectCollected(async () => {
    const { connecting, accepting } = tlsSockets()
    accepting.pipe(accepting)
    await once(connecting, 'secureConnect')
    connecting.write('x')
    await once(connecting, 'data')
  }))

  it('a TLSSocket in the middle of its handshake', () => expectCollected(async () => {
    tlsSockets()
    await turn()
  }))

  it('a TLSSocket whose peer has ended', () => expectCollected(async () => {
    const { connecting, accepting } = tlsSockets()
    await once(connecting, 'secureConnect')
    accepting.end()
    await once(connecting.resume(), 'end')
  }))

  it('a connection of connect() and accept()', () => expectCollected(async () => {
    const [near, far] = memoryTransportPair()
    const [client, server] = [connect(near, { ca, servername, libssl, ...versions }), accept(far, { cert, key, libssl, ...versions })]
    await Promise.all([client.opened, server.opened])
    const writer = server.writable.getWriter()
    await Promise.all([writer.write(Uint8Array.of(1)), client.readable.getReader().read()])
  }))

  it('a connection with callbacks, and a context', () => expectCollected(async () => {
    const [near, far] = memoryTransportPair()
    const seen: unknown[] = []
    const client: object = connect(near, {
      context: createContext({ ca, libssl, ...versions }), servername, verify: () => { seen.push(client) },
      onKeylog: () => { seen.push(client) }, onTrace: () => { seen.push(client) },
    })
    const server: object = accept(far, {
      context: createContext({ cert, key, libssl, ...versions }), onClientHello: () => { seen.push(server); return undefined },
    })
    await Promise.all([client, server].map((one) => (one as { opened: Promise<unknown> }).opened))
  }))

  it('an Ssl upon a BIO pair', () => expectCollected(() => {
    const ctx = new SslCtx(libssl, 'TLS_client_method')
    const ssl: Ssl = new Ssl(ctx)
    const pair = new BioPair(libssl)
    ssl.setBio(pair.internal)
    ssl.setMsgCallback(() => { ssl.getVersion() })
    ssl.connect()
    ctx.free()
  }))

  it('an Ssl upon callbacks that refer to it', () => expectCollected(() => {
    const ctx = new SslCtx(libssl, 'TLS_client_method')
    const ssl: Ssl = new Ssl(ctx)
    ssl.setBio(new BioCallback(libssl, { read: () => { ssl.alive; return 'would block' }, write: (bytes) => bytes.byteLength }))
    ssl.connect()
    ctx.free()
  }))
})

it('an instance is collected with its connections', async () => {
  const instance = await (async () => {
    const lib = await load()
    const ssl: Ssl = new Ssl(new SslCtx(lib, 'TLS_client_method'))
    ssl.setBio(new BioCallback(lib, { read: () => { ssl.alive; return 'would block' }, write: (bytes) => bytes.byteLength }))
    ssl.connect()
    return new WeakRef(lib)
  })()
  await expect.poll(async () => {
    await turn()
    collect()
    return instance.deref() !== undefined
  }, { timeout: 30_000, interval: 10 }).toBe(false)
})

it('callbacks beneath a connection live as long as it does', async () => {
  const { ssl, written } = (() => {
    const ctx = new SslCtx(libssl, 'TLS_client_method')
    const ssl = new Ssl(ctx)
    const written: number[] = []
    const write = (bytes: Uint8Array) => { written.push(bytes.byteLength); return bytes.byteLength }
    ssl.setBio(new BioCallback(libssl, { read: () => 'would block', write }), new BioCallback(libssl, { read: () => 0, write }))
    ctx.free()
    return { ssl, written }
  })()
  await collectAll()
  ssl.connect()
  expect(written).toHaveLength(1)
  ssl.free()
})

it('what was written to one half of a BIO pair can be read though the other half alone is kept', async () => {
  const { network } = (() => {
    const pair = new BioPair(libssl)
    pair.internal.write(Uint8Array.of(1, 2, 3))
    return pair
  })()
  await collectAll()
  expect(network.ctrlPending()).toBe(3)
  network.free()
})

it('callbacks of a connection that is in use outlive collections of garbage', async () => {
  const [near, far] = memoryTransportPair()
  const lines: string[] = []
  let verified = 0
  const collecting = setInterval(collect, 0)
  try {
    const opened = (() => {
      const client = connect(near, {
        ca, servername, libssl, onKeylog: (line) => lines.push(line), verify: async () => { await turn(); collect(); verified++ },
      })
      const server = accept(far, { cert, key, libssl, onClientHello: async () => { await turn(); collect(); return undefined } })
      return Promise.all([client.opened, server.opened])
    })()
    await opened
  } finally {
    clearInterval(collecting)
  }
  expect({ verified, lines: lines.length > 3 }).toEqual({ verified: 1, lines: true })
})

it('a server of node/tls that does not listen is collected with its context', () => expectCollected(() => {
  ours.createServer({ cert, key, libssl } as never)
}))
