// What goes wrong beneath or beyond a connection, at each phase of its life: who is told, and with what.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  accept, connect, CertificateError, DeadlineError, load, memoryTransportPair, PeerError, TransportError, TruncationError, type LibSsl,
  type TlsConnection,
} from '../../src/index.js'
import { Decisions } from '../../src/pump/decisions.js'
import { Pump } from '../../src/pump/pump.js'
import { SslCtx } from '../../src/core/ssl-ctx.js'
import { Ssl } from '../../src/core/ssl.js'
import { BioPair } from '../../src/core/bio-pair.js'
import { Port } from '../../src/pump/port.js'
import { authority, RSA } from '../helpers/certificates.js'
import {
  ALLOCATION_NOISE_BYTES, clientOptions, closeBoth, noise, opened, peers, readAll, readBytes, rejection, serverOptions, turns,
  unhandledDuring, VERSIONS,
} from '../helpers/stream-peers.js'
import { FaultyTransport } from '../helpers/faulty-transport.js'
import { virtualNetwork, type Direction } from '../helpers/virtual-network.js'

// Its signatures are all of one length: so are two handshakes, byte for byte.
const rsa = authority.leaf({ newkey: RSA })

let libssl: LibSsl // of the connection that is looked at
let other: LibSsl // of its peer

beforeAll(async () => {
  ;[libssl, other] = await Promise.all([load(), load()])
  // What OpenSSL sets up once is no leak, nor is what an instance keeps of options that come again.
  for (const pinned of [...VERSIONS.map((version) => ({ version })), {}]) {
    await closeBoth(await opened({ ...pinned, client: { libssl }, server: { libssl: other } }))
    await closeBoth(await opened({ ...pinned, client: { libssl: other }, server: { libssl } }))
  }
  // Neither are the words of OpenSSL's errors, which come with the first one.
  const failed = connect(memoryTransportPair()[0], { ...clientOptions(), libssl, ciphers: 'none such' })
  await rejection(failed.closed)
})

function expectFreed(baseline: number): void {
  expect(libssl.allocatedBytes - baseline).toBeLessThan(ALLOCATION_NOISE_BYTES)
}

/** Everything of `connection` that can fail reports one and the same error, which is returned. */
async function sameErrorEverywhere(connection: TlsConnection, handshakeDone: boolean, writableClosed = false): Promise<unknown> {
  const error = await rejection(connection.closed)
  if (handshakeDone) await connection.opened
  else expect(await rejection(connection.opened)).toBe(error)
  expect(await rejection(readAll(connection.readable))).toBe(error)
  const writer = connection.writable.getWriter()
  if (writableClosed) {
    await writer.closed
  } else {
    expect(await rejection(writer.closed)).toBe(error)
    expect(await rejection(writer.write(Uint8Array.of(1)))).toBe(error)
  }
  expect(await rejection(connection.close())).toBe(error)
  return error
}

describe.each(VERSIONS)('a connection whose transport misbehaves, %s', (version) => {
  const phases = {
    async handshake() {
      const [near, far] = memoryTransportPair()
      const transport = new FaultyTransport(near)
      return { transport, far, begin: () => connect(transport, { ...clientOptions({ version }), libssl }), after: async () => {} }
    },
    async open() {
      const [near, far] = memoryTransportPair()
      const transport = new FaultyTransport(near)
      const { client, server } = await opened({ version, transports: [transport, far], client: { libssl }, server: { libssl: other } })
      return { transport, far, begin: () => client, after: async () => server.abort() }
    },
    async closing() {
      const { transport, far, begin, after } = await this.open()
      const client = begin()
      return {
        transport, far, after, begin() {
          client.close({ waitForPeerMs: 50_000 }).catch(() => {})
          return client
        },
      }
    },
  }

  describe.each(['handshake', 'open', 'closing'] as const)('while it is %s', (phase) => {
    it('reports a failure to receive with its cause', async () => {
      const baseline = libssl.allocatedBytes
      const unhandled = await unhandledDuring(async () => {
        const { transport, begin, after } = await phases[phase]()
        const cause = new Error('no more')
        const connection = begin()
        await turns()
        transport.failReading(cause)
        const read = phase === 'open' ? rejection(connection.readable.getReader().read()) : undefined
        if (read) {
          expect(await read).toMatchObject({ cause })
          expect(await rejection(connection.closed)).toBe(await read)
        } else {
          const error = await sameErrorEverywhere(connection, phase !== 'handshake', phase === 'closing')
          expect(error).toBeInstanceOf(TransportError)
          expect((error as Error).cause).toBe(cause)
        }
        expectFreed(baseline)
        expect(transport.aborted).toBeDefined()
        await after()
      })
      expect(unhandled).toEqual([])
    })

    it('reports a failure to send with its cause', async () => {
      const baseline = libssl.allocatedBytes
      const unhandled = await unhandledDuring(async () => {
        const { transport, begin, after } = await phases[phase]()
        const cause = new Error('no more')
        transport.failWriting(cause)
        const connection = begin()
        if (phase === 'open') {
          const writer = connection.writable.getWriter()
          await rejection(writer.write(Uint8Array.of(1)))
          writer.releaseLock()
        }
        const error = await sameErrorEverywhere(connection, phase !== 'handshake')
        expect(error).toBeInstanceOf(TransportError)
        expect(error).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
        expect((error as Error).cause).toBe(cause)
        expectFreed(baseline)
        await after()
      })
      expect(unhandled).toEqual([])
    })

    it('takes an early end for a truncation', async () => {
      const baseline = libssl.allocatedBytes
      const unhandled = await unhandledDuring(async () => {
        const { transport, begin, after } = await phases[phase]()
        const connection = begin()
        await turns()
        transport.endReading()
        if (phase === 'open') await rejection(readAllButKeepUnlocked(connection))
        const error = await sameErrorEverywhere(connection, phase !== 'handshake', phase === 'closing')
        expect(error).toBeInstanceOf(TruncationError)
        expect(error).toMatchObject({ code: 'ERR_TLS_UNEXPECTED_EOF' })
        expectFreed(baseline)
        await after()
      })
      expect(unhandled).toEqual([])
    })

    it.each(['text', new ArrayBuffer(5), null])('reports a chunk that is no Uint8Array (%s)', async (chunk) => {
      const { transport, begin, after } = await phases[phase]()
      const connection = begin()
      await turns()
      transport.inject(chunk)
      if (phase === 'open') await rejection(readAllButKeepUnlocked(connection))
      expect(await sameErrorEverywhere(connection, phase !== 'handshake', phase === 'closing')).toBeInstanceOf(TransportError)
      await after()
    })

    it('ends at once when it is aborted, with the very reason', async () => {
      const baseline = libssl.allocatedBytes
      const unhandled = await unhandledDuring(async () => {
        const { transport, begin, after } = await phases[phase]()
        const connection = begin()
        await turns()
        const reason = { not: 'even an error' }
        connection.abort(reason)
        expect(await sameErrorEverywhere(connection, phase !== 'handshake', phase === 'closing')).toBe(reason)
        expectFreed(baseline)
        expect(transport.aborted).toEqual({ reason })
        expect(transport.cancelled).toEqual({ reason })
        await after()
      })
      expect(unhandled).toEqual([])
    })

    it('ends at once when it is aborted while the transport accepts nothing', async () => {
      const { transport, begin, after } = await phases[phase]()
      transport.stall()
      const connection = begin()
      const written = connection.writable.locked ? Promise.reject() : rejection(connection.writable.getWriter().write(noise(200_000)))
      written.catch(() => {})
      await turns()
      const reason = new Error('enough')
      connection.abort(reason)
      expect(await rejection(connection.closed)).toBe(reason)
      await written.catch(() => {})
      await after()
    })
  })

  it('takes empty chunks for nothing', async () => {
    const [near, far] = memoryTransportPair()
    const transport = new FaultyTransport(near)
    const { client, server } = peers({ version, transports: [transport, far], client: { libssl }, server: { libssl: other } })
    for (let chunk = 0; chunk < 5; chunk++) transport.inject(new Uint8Array())
    await client.opened
    void server.writable.getWriter().write(Uint8Array.of(1, 2, 3))
    for (let chunk = 0; chunk < 5; chunk++) transport.inject(new Uint8Array())
    expect([...await readBytes(client.readable, 3)]).toEqual([1, 2, 3])
    client.abort()
    server.abort()
  })

  it('times a handshake out', async () => {
    const baseline = libssl.allocatedBytes
    const [near] = memoryTransportPair()
    const connection = connect(near, { ...clientOptions({ version }), libssl, handshakeTimeoutMs: 5 })
    const error = await sameErrorEverywhere(connection, false)
    expect(error).toBeInstanceOf(DeadlineError)
    expect(error).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })
    expectFreed(baseline)
  })

  it('times a handshake out whose transport accepts nothing', async () => {
    const transport = new FaultyTransport(memoryTransportPair()[0])
    transport.stall()
    const connection = connect(transport, { ...clientOptions({ version }), libssl, handshakeTimeoutMs: 5 })
    expect(await sameErrorEverywhere(connection, false)).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })
  })

  it('times the wait for close_notify out', async () => {
    const baseline = libssl.allocatedBytes
    const { client, server } = await opened({ version, client: { libssl }, server: { libssl: other } })
    expect(await rejection(client.close({ waitForPeerMs: 5 }))).toMatchObject({ name: 'DeadlineError', code: 'ERR_TLS_CLOSE_TIMEOUT' })
    expect(await sameErrorEverywhere(client, true, true)).toMatchObject({ code: 'ERR_TLS_CLOSE_TIMEOUT' })
    expectFreed(baseline)
    server.abort()
  })

  it('invariant 10: delivers the records before a broken one that came with them, then fails', async () => {
    const held: Uint8Array[] = []
    let hold = false
    const { client, server } = await opened({
      version,
      transports: virtualNetwork({
        tap(direction, bytes) {
          if (!hold || direction === 'client to server') return bytes
          if (held.push(bytes) < 3) return new Uint8Array()
          const all = Buffer.concat(held)
          all[all.byteLength - 1]! ^= 1
          return all
        },
      }),
      client: { libssl }, server: { libssl: other },
    })
    hold = true
    const writer = server.writable.getWriter()
    for (const text of ['one', 'two', 'three']) await writer.write(new TextEncoder().encode(text))
    const reader = client.readable.getReader()
    let got = ''
    const error = await rejection((async () => {
      for (;;) got += new TextDecoder().decode((await reader.read()).value)
    })())
    expect(got).toBe('onetwo')
    expect(error).toMatchObject({ name: 'PeerError', alert: { from: 'us', level: 'fatal', description: 20 } }) // bad_record_mac
    expect(await rejection(client.closed)).toBe(error)
    expect(await rejection(readAll(server.readable)))
      .toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal', description: 20 } })
  })

  it('is a truncation wherever a man in the middle cuts the stream, at every border of records and in the middle of each', async () => {
    let lengths: number[] = []
    const run = async (direction: Direction, cutAt: number) => {
      let rest = new Uint8Array()
      const { client, server } = peers({
        version,
        transports: virtualNetwork({
          cutAfterBytes: { [direction]: cutAt },
          tap(from, bytes) {
            if (from !== direction) return bytes
            for (rest = Buffer.concat([rest, bytes]); rest.byteLength >= 5;) {
              const length = 5 + (rest[3]! << 8 | rest[4]!)
              if (rest.byteLength < length) break
              lengths.push(length)
              rest = rest.subarray(length)
            }
            return bytes
          },
        }),
        // GREASE has another length each time.
        client: { libssl, ech: 'off' }, server: { libssl: other, cert: rsa.cert, key: rsa.key },
      })
      const [victim, friend] = direction === 'server to client' ? [client, server] : [server, client]
      const spoken = (async () => {
        await friend.opened
        const writer = friend.writable.getWriter()
        for (let message = 0; message < 3; message++) await writer.write(noise(100, message))
        await writer.close()
      })()
      spoken.catch(() => {})
      const outcome = await readAll(victim.readable).catch((error: unknown) => error)
      client.abort()
      server.abort()
      await Promise.allSettled([spoken, client.closed, server.closed])
      return outcome
    }
    for (const direction of ['server to client', 'client to server'] as const) {
      lengths = []
      // Once to see what passes.
      expect(await run(direction, Infinity)).toHaveLength(300)
      const seen = [...lengths]
      const baseline = libssl.allocatedBytes
      // The handshake's flights, three messages and close_notify.
      expect(seen.length).toBeGreaterThan(6)
      let at = 0
      for (const length of seen) {
        for (const cut of [at, at + 3, at + Math.floor(length / 2)]) {
          const outcome = await run(direction, cut)
          expect(outcome, `${direction}, cut after ${cut} bytes`).toBeInstanceOf(TruncationError)
        }
        at += length
      }
      expectFreed(baseline)
    }
  })
})

describe('a connection whose peer does not speak TLS', () => {
  it.each([
    ['connect', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['accept', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'ERR_SSL_HTTP_REQUEST'],
    ['accept', 'SSH-2.0-OpenSSH_9.9\r\n', 'ERR_SSL_WRONG_VERSION_NUMBER'],
  ] as const)('%s fails upon %j', async (role, text, code) => {
    const baseline = libssl.allocatedBytes
    const [near, far] = memoryTransportPair()
    const connection = role === 'connect' ? connect(near, { ...clientOptions(), libssl }) : accept(near, { ...serverOptions(), libssl })
    await far.writable.getWriter().write(new TextEncoder().encode(text))
    const error = await sameErrorEverywhere(connection, false)
    expect(error).toBeInstanceOf(PeerError)
    expect(error).toMatchObject({ code })
    expectFreed(baseline)
  })

  it('connect survives noise of any kind', async () => {
    const baseline = libssl.allocatedBytes
    for (let seed = 0; seed < 50; seed++) {
      const [near, far] = memoryTransportPair()
      const connection = seed % 2 ? connect(near, { ...clientOptions(), libssl }) : accept(near, { ...serverOptions(), libssl })
      const bytes = noise(2000, seed)
      // A header that passes, for half of them, and then noise.
      if (seed % 4 < 2) bytes.set([22, 3, 3, 1, 0, seed % 4 ? 2 : 1, 0, 0, 252])
      const writer = far.writable.getWriter()
      writer.write(bytes).catch(() => {})
      writer.close().catch(() => {})
      const error = await rejection(connection.opened)
      expect(error instanceof PeerError || error instanceof TruncationError).toBe(true)
    }
    expectFreed(baseline)
  })

  it('a close_notify in the middle of the handshake is the peer\'s doing', async () => {
    const [near, far] = memoryTransportPair()
    const connection = connect(near, { ...clientOptions(), libssl })
    await far.writable.getWriter().write(Uint8Array.of(21, 3, 3, 0, 2, 1, 0))
    expect(await rejection(connection.opened)).toBeInstanceOf(PeerError)
  })
})

describe.each(VERSIONS)('a connection whose peer refuses, %s', (version) => {
  it('tells the alert of the peer', async () => {
    const { client, server } = peers({
      version, client: { libssl, alpnProtocols: ['a'] }, server: { libssl: other, alpnProtocols: ['b'] },
    })
    const error = await rejection(client.opened)
    expect(error).toBeInstanceOf(PeerError)
    expect(error).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 120 } }) // no_application_protocol
    expect(await rejection(server.opened)).toMatchObject({ alert: { from: 'us', description: 120 } })
  })

  it('tells it to a client that was writing, too', async () => {
    const { client, server } = peers({
      version, client: { libssl }, server: { libssl: other, ca: authority.ca.cert },
    })
    const writer = client.writable.getWriter()
    const written = (async () => { for (;;) await writer.write(noise(10_000)) })()
    written.catch(() => {})
    const error = await rejection(readAll(client.readable))
    expect(error).toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal' } })
    expect(await rejection(written)).toBe(error)
    expect(await rejection(server.opened)).toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
  })

  it('sends the alert of a refused certificate before it ends the transport', async () => {
    const baseline = libssl.allocatedBytes
    const { client, server } = peers({ version, client: { libssl, servername: 'elsewhere' }, server: { libssl: other } })
    expect(await rejection(client.opened)).toBeInstanceOf(CertificateError)
    expect(await rejection(server.opened)).toMatchObject({ name: 'PeerError', alert: { from: 'peer', level: 'fatal', description: 42 } })
    expectFreed(baseline)
  })
})

describe('a connection that is observed', () => {
  it('breaks with what the observer throws', async () => {
    const baseline = libssl.allocatedBytes
    for (const call of ['SSL_connect', 'SSL_read', 'SSL_write', 'SSL_shutdown']) {
      const thrown = new Error(`seen ${call}`)
      const { client, server } = peers({
        client: { libssl, onIo: (event) => { if (event.call === call) throw thrown } }, server: { libssl: other },
      })
      const written = (async () => {
        const writer = server.writable.getWriter()
        await writer.write(Uint8Array.of(1))
      })()
      written.catch(() => {})
      if (call === 'SSL_read') client.readable.getReader().read().catch(() => {})
      else void client.opened.then(() => client.close()).catch(() => {})
      if (call === 'SSL_write') client.writable.getWriter().write(Uint8Array.of(1)).catch(() => {})
      expect(await rejection(client.closed)).toBe(thrown)
      server.abort()
    }
    expectFreed(baseline)
  })

  it('invariant 8: can be aborted by the observer, in the middle of anything', async () => {
    const baseline = libssl.allocatedBytes
    for (let stop = 1; stop < 25; stop++) {
      const reason = new Error(`after ${stop} calls`)
      let seen = 0
      const both = peers({
        client: { libssl, onIo: () => { if (++seen === stop) both.client.abort(reason) } }, server: { libssl: other },
      })
      const { client, server } = both
      const talks = [
        (async () => { for (const writer = client.writable.getWriter(); ;) await writer.write(noise(40_000)) })(),
        (async () => { for (const writer = server.writable.getWriter(); ;) await writer.write(noise(40_000)) })(),
        readAll(client.readable), readAll(server.readable),
      ]
      const settled = Promise.allSettled(talks)
      expect(await rejection(client.closed)).toBe(reason)
      server.abort()
      await settled
    }
    expectFreed(baseline)
  })
})

describe('Pump', () => {
  it('breaks when what describes the connection throws', async () => {
    const [near, far] = memoryTransportPair()
    const server = accept(far, { ...serverOptions(), libssl: other })
    const baseline = libssl.allocatedBytes
    const ctx = new SslCtx(libssl, 'TLS_client_method')
    ctx.setVerify(0)
    const ssl = new Ssl(ctx)
    ssl.setConnectState()
    ctx.free()
    const pair = new BioPair(libssl)
    ssl.setBio(pair.internal)
    const broken: unknown[] = []
    const pump = new Pump({
      ssl, pair, port: new Port(near), decisions: new Decisions(), onBroken: (error) => broken.push(error), onClosed() {},
    })
    const thrown = new Error('cannot say')
    expect(await rejection(pump.handshake('SSL_connect', () => { throw thrown }))).toBe(thrown)
    expect(broken).toEqual([thrown])
    expect(pump.state).toBe('BROKEN')
    expectFreed(baseline)
    // Internal_error.
    expect(await rejection(readAll(server.readable))).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 80 } })
  })
})

async function readAllButKeepUnlocked(connection: TlsConnection): Promise<void> {
  const reader = connection.readable.getReader()
  try {
    while (!(await reader.read()).done);
  } finally {
    reader.releaseLock()
  }
}
