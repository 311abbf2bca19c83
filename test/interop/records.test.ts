// How large records are, with peers that others wrote: maximum fragment length, our own maximum, padding.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type TraceEvent } from '../../src/index.js'
import { authority } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { closeBoth, noise, opened, readBytes, same, writeAll } from '../helpers/stream-peers.js'
import { readUntil, send } from './peers/bytes.js'
import { startGnutlsServer } from './peers/gnutls.js'
import { identities, versions } from './peers/matrix.js'
import { Namespace } from './peers/namespace.js'
import { startOpensslClient, startOpensslServer } from './peers/openssl.js'
import { acceptOne, connectTo } from './peers/tcp.js'

const HEADER_BYTES = 5
/** A tag of 16 bytes, and in TLS 1.3 one that says what it is. ChaCha20-Poly1305 has no explicit nonce. */
const overhead = { 'TLSv1.2': 16, 'TLSv1.3': 17 } as const
const LINES = `${'x'.repeat(63)}\n`.repeat(300)

/** Sizes of the records of application data that onTrace has seen: what is encrypted in them. */
function sizes() {
  const seen = { sent: [] as number[], received: [] as number[] }
  let encrypted = false
  return {
    seen,
    onTrace: (event: TraceEvent) => {
      if (event.kind === 'handshake' && event.name === 'Finished') encrypted = true
      if (encrypted && event.kind === 'record' && event.name === 'application_data') seen[event.direction].push(event.bytes - HEADER_BYTES)
    },
  }
}

describe('record sizes', { timeout: 20_000 }, () => {
  let namespace: Namespace
  beforeAll(async () => { namespace = await Namespace.open() })
  afterAll(() => namespace?.close())

  for (const version of versions) {
    for (const maxFragmentLength of [512, 4096] as const) {
      const largest = maxFragmentLength + overhead[version]

      proves('fragments-and-padding', {
        peer: 'openssl s_server', role: 'client', version,
      }, `maxFragmentLength ${maxFragmentLength} bounds the records of both`, async () => {
        const { seen, onTrace } = sizes()
        const { peer, port } = await startOpensslServer(identities.EC, version, ['-msg'])
        const connection = await connectTo(port, { maxFragmentLength, onTrace })
        expect((await connection.opened).maxFragmentLength).toBe(maxFragmentLength)
        await send(connection.writable, `BEGIN${LINES}END\n`)
        await peer.printed(/^END$/m)
        peer.stdin.write(LINES)
        await readUntil(connection.readable, (bytes) => bytes.byteLength >= LINES.length)
        expect(Math.max(...seen.sent)).toBe(largest)
        expect(Math.max(...seen.received)).toBeLessThanOrEqual(largest)
        await connection.close()
      })

      proves('fragments-and-padding', {
        peer: 'openssl s_client', role: 'server', version,
      }, `-maxfraglen ${maxFragmentLength} bounds our records`, async () => {
        const { seen, onTrace } = sizes()
        const server = await acceptOne({ onTrace })
        const peer = await startOpensslClient(server.port, version, ['-quiet', '-maxfraglen', String(maxFragmentLength)])
        const connection = await server.connection
        expect((await connection.opened).maxFragmentLength).toBe(maxFragmentLength)
        await send(connection.writable, LINES)
        expect((await peer.wrote(LINES.length)).toString()).toBe(LINES)
        peer.stdin.write(LINES)
        await readUntil(connection.readable, (bytes) => bytes.byteLength >= LINES.length)
        expect(Math.max(...seen.sent)).toBe(largest)
        expect(Math.max(...seen.received)).toBeLessThanOrEqual(largest)
        await connection.close()
      })
    }

    proves('fragments-and-padding', {
      peer: 'gnutls-serv', role: 'client', version,
    }, 'maxFragmentLength bounds the records of both', async () => {
      const { seen, onTrace } = sizes()
      const server = await startGnutlsServer(namespace, identities.EC, version, ['--echo', '--disable-client-cert'])
      const connection = connect(await server.dial(), { servername: 'localhost', ca: authority.ca.cert, maxFragmentLength: 1024, onTrace })
      expect((await connection.opened).maxFragmentLength).toBe(1024)
      const echo = readUntil(connection.readable, (bytes) => bytes.byteLength >= LINES.length)
      await send(connection.writable, LINES)
      expect((await echo).toString()).toBe(LINES)
      expect(Math.max(...seen.sent)).toBe(1024 + overhead[version])
      expect(Math.max(...seen.received)).toBeLessThanOrEqual(1024 + overhead[version])
      await connection.close()
    })

    proves('fragments-and-padding', {
      peer: 'openssl s_server', role: 'client', version,
    }, 'maxSendFragmentBytes bounds our records', async () => {
      const { seen, onTrace } = sizes()
      const { peer, port } = await startOpensslServer(identities.EC, version, [])
      const connection = await connectTo(port, { maxSendFragmentBytes: 1000, onTrace })
      expect((await connection.opened).maxFragmentLength).toBeUndefined()
      await send(connection.writable, `${LINES}END\n`)
      await peer.printed(/END\n/)
      expect(Math.max(...seen.sent)).toBe(1000 + overhead[version])
      await connection.close()
    })
  }

  proves('fragments-and-padding', {
    peer: 'openssl s_server', role: 'client', version: 'TLSv1.3',
  }, 'recordPaddingBytes pads our records, and its -record_padding is taken', async () => {
    const { seen, onTrace } = sizes()
    const { peer, port } = await startOpensslServer(identities.EC, 'TLSv1.3', ['-record_padding', '512'])
    const connection = await connectTo(port, { recordPaddingBytes: 256, onTrace })
    await connection.opened
    await send(connection.writable, 'short\n')
    await send(connection.writable, `${'long'.repeat(100)}\n`)
    await peer.printed(/short\n(long){100}\n/)
    peer.stdin.write('an answer\n')
    expect((await readUntil(connection.readable, (bytes) => bytes.byteLength > 0)).toString()).toBe('an answer\n')
    expect(seen.sent.slice(-2)).toEqual([256 + 16, 512 + 16])
    expect(seen.received.at(-1)).toBe(512 + 16)
    await connection.close()
  })

  proves('fragments-and-padding', {
    peer: 'openssl s_client', role: 'server', version: 'TLSv1.3',
  }, 'recordPaddingBytes pads our records', async () => {
    const { seen, onTrace } = sizes()
    const server = await acceptOne({ recordPaddingBytes: 1000, onTrace })
    const peer = await startOpensslClient(server.port, 'TLSv1.3', ['-quiet'])
    const connection = await server.connection
    await connection.opened
    await send(connection.writable, 'short\n')
    await peer.wrote(6)
    expect(peer.stdout.toString()).toBe('short\n')
    expect(seen.sent.at(-1)).toBe(1000 + 16)
    await connection.close()
  })

  for (const version of versions) {
    it(`the largest padding and the smallest fragments carry everything under ${version}`, async () => {
      for (const options of [
        { recordPaddingBytes: 16_384 }, { recordPaddingBytes: 16_384, maxSendFragmentBytes: 512 }, { recordPaddingBytes: 1 },
      ]) {
        const both = await opened({ version, client: { ...options, maxFragmentLength: 512 }, server: options })
        const data = noise(50_000)
        const [there, back] = [readBytes(both.server.readable, data.byteLength), readBytes(both.client.readable, data.byteLength)]
        await Promise.all([writeAll(both.client.writable, data), writeAll(both.server.writable, data)])
        expect(same(await there, data)).toBe(true)
        expect(same(await back, data)).toBe(true)
        await closeBoth(both)
      }
    })
  }
})
