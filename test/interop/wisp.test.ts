// Wisp with an implementation that others wrote, and TLS through both to `openssl s_server`.

import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { connect, type ByteTransport } from '../../src/index.js'
import { WispCloseReason, type WispConnection } from '../../src/wisp.js'
import { authority, localhost } from '../helpers/certificates.js'
import { noise, readAll, readBytes, rejection, same, until, VERSIONS, writeAll } from '../helpers/stream-peers.js'
import { clientOf, hostForTest, tcpDial } from '../helpers/wisp-peers.js'
import { fetchPage } from './peers/bytes.js'
import { startOpensslServer } from './peers/openssl.js'
import { HOST, onFreePort, serveTcp } from './peers/tcp.js'
import { connectWispJs, startWispJsServer } from './peers/wisp-js.js'

const echo = () => serveTcp((socket) => socket.pipe(socket))

/** Opens a stream to a target that was just told about: the first byte of an echo. */
async function talk({ readable, writable }: ByteTransport, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const [heard] = await Promise.all([readBytes(readable, bytes.byteLength), writeAll(writable, bytes, 40_000)])
  return heard
}

describe.each([1, 2] as const)('our client and the server of wisp-js, version %s', (version) => {
  it('agree on the version, and carry bytes both ways at once on many streams', async () => {
    const port = await echo()
    const connection = await clientOf(await startWispJsServer(version, 'be nice'))
    expect(connection.version).toBe(version)
    expect(connection.motd).toBe(version === 2 ? 'be nice' : undefined)
    await Promise.all([1, 2, 3, 4, 5].map(async (seed) => {
      const said = noise(1_000_000, seed)
      expect(same(await talk(connection.open({ host: HOST, port }), said), said)).toBe(true)
    }))
  })

  it('end a stream in order when the target does', async () => {
    const port = await serveTcp((socket) => socket.end('the last words'))
    const connection = await clientOf(await startWispJsServer(version))
    expect(Buffer.from(await readAll(connection.open({ host: HOST, port }).readable)).toString()).toBe('the last words')
    expect(connection.streams).toBe(0)
  })

  it('tell the target of an end', async () => {
    let reached!: (socket: Socket) => void
    const socket = new Promise<Socket>((resolve) => { reached = resolve })
    const port = await serveTcp((target) => reached(target.resume()))
    const { readable, writable } = (await clientOf(await startWispJsServer(version))).open({ host: HOST, port })
    await writeAll(writable, Uint8Array.of(1))
    const closed = new Promise<void>((resolve) => { void socket.then((target) => target.once('close', () => resolve())) })
    await writable.close()
    await readable.cancel()
    await closed
  })

  it('fail a stream whose target refuses', async () => {
    const port = await onFreePort(async (free) => free)
    const connection = await clientOf(await startWispJsServer(version))
    expect(await rejection(readAll(connection.open({ host: HOST, port }).readable)))
      .toMatchObject({ code: 'ERR_TLS_TRANSPORT', reason: expect.any(Number) })
  })
})

describe.each([1, 2] as const)('the client of wisp-js, version %s, and our server', (version) => {
  it('carry bytes both ways at once on many streams', async () => {
    const port = await echo()
    const host = await hostForTest({ dial: tcpDial })
    const connection = await connectWispJs(host.url, version)
    await Promise.all([1, 2, 3, 4, 5].map(async (seed) => {
      const said = noise(1_000_000, seed)
      const heard: Uint8Array[] = []
      const stream = connection.create_stream(HOST, port)
      const all = new Promise<void>((resolve) => {
        let count = 0
        stream.onmessage = (bytes) => {
          heard.push(bytes)
          if ((count += bytes.byteLength) === said.byteLength) resolve()
        }
      })
      for (let at = 0; at < said.byteLength; at += 10_000) stream.send(said.subarray(at, at + 10_000))
      await all
      expect(same(Buffer.concat(heard), said)).toBe(true)
      stream.close(WispCloseReason.VOLUNTARY)
    }))
    await until(() => host.servers[0]!.streams === 0)
  })

  it('end a stream in order when the target does, and say why one was not opened', async () => {
    const port = await serveTcp((socket) => socket.end('the last words'))
    const closedPort = await onFreePort(async (free) => free)
    const host = await hostForTest({ dial: tcpDial })
    const connection = await connectWispJs(host.url, version)
    const ended = (stream: ReturnType<typeof connection.create_stream>) => new Promise<number>((resolve) => { stream.onclose = resolve })
    let heard = ''
    const stream = connection.create_stream(HOST, port)
    stream.onmessage = (bytes) => { heard += Buffer.from(bytes).toString() }
    expect(await ended(stream)).toBe(WispCloseReason.VOLUNTARY)
    expect(heard).toBe('the last words')
    expect(await ended(connection.create_stream(HOST, closedPort))).toBe(WispCloseReason.REFUSED)
    // In version 2 our introduction does not name UDP, so that it does not even ask.
    if (version === 2) expect(() => connection.create_stream(HOST, 53, 'udp')).toThrow()
    else expect(await ended(connection.create_stream(HOST, 53, 'udp'))).toBe(WispCloseReason.INVALID_TARGET)
  })
})

const servers = {
  'our server': async () => (await hostForTest({ dial: tcpDial })).url,
  'the server of wisp-js': () => startWispJsServer(2),
} as const

describe.each(Object.entries(servers))('TLS through %s', (_, start) => {
  for (const wispVersion of [1, 2] as const) {
    for (const version of VERSIONS) {
      it(`reaches openssl s_server with ${version} over Wisp ${wispVersion}, and both close cleanly`, async () => {
        const { port } = await startOpensslServer(localhost, version)
        const wisp: WispConnection = await clientOf(await start(), { version: wispVersion })
        const [one, other] = [1, 2].map(() => connect(wisp.open({ host: HOST, port }), { servername: 'localhost', ca: authority.ca.cert }))
        expect((await one!.opened).protocol).toBe(version)
        expect((await fetchPage(one!)).toString()).toMatch(/^HTTP\/1\.0 200 ok/)
        await one!.close()
        expect((await fetchPage(other!)).toString()).toMatch(/^HTTP\/1\.0 200 ok/)
        await other!.close()
        await Promise.all([one!.closed, other!.closed])
        await until(() => wisp.streams === 0)
      })
    }
  }
})
