// SSL_connect(3) and its like over a blocking BIO: a thread that sleeps in the BIO's functions. The call returns only
// once the handshake has been finished, or failed. The peers are real: OpenSSL's own program over loopback.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_ZERO_RETURN } from '../../src/core.js'
import { authority, localhost } from '../helpers/certificates.js'
import { runBlocking } from '../helpers/blocking-link.js'
import { VERSIONS, type Version } from '../helpers/link.js'

const cleanups: (() => Promise<unknown> | void)[] = []
afterEach(async () => { for (const cleanup of cleanups.splice(0).reverse()) await cleanup() })

function child(...args: string[]): ChildProcess {
  const process = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'pipe'] })
  process.stdin!.on('error', () => {}) // it may be gone before its input is
  const exited = once(process, 'exit')
  cleanups.push(() => { process.kill(); return exited })
  return process
}

const flag = (version: Version) => (version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3')

/** `openssl s_server` that sends each line back reversed; its port. */
async function reversingServer(version: Version): Promise<number> {
  const server = child('s_server', '-accept', '127.0.0.1:0', flag(version), '-cert', localhost.certFile, '-key', localhost.keyFile, '-rev')
  let said = ''
  for await (const chunk of server.stdout!) {
    said += String(chunk)
    const port = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(said)?.[1]
    if (port) return Number(port)
  }
  throw new Error(`openssl s_server did not start: ${said}`)
}

/** A server of ours, and the socket of the first that connects to it. */
async function listen(): Promise<{ port: number; socket: Promise<Socket> }> {
  const server: Server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => new Promise((resolve) => { server.close(resolve) }))
  return { port: (server.address() as AddressInfo).port, socket: once(server, 'connection').then(([socket]) => socket as Socket) }
}

const connected = async (port: number) => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

const common = { ca: authority.ca.cert, identity: localhost, message: '', replyBytes: 0 }
const done = { ret: 1, error: SSL_ERROR_NONE }
const failed = { ret: -1, error: SSL_ERROR_SSL }

for (const { name, call } of [
  { name: 'SSL_connect(3) over a blocking BIO', call: 'connect' },
  { name: 'SSL_do_handshake(3) over a blocking BIO, as a client', call: 'doHandshake client' },
] as const) describe(name, () => {
  describe.each(VERSIONS)('%s', (version) => {
    it('returns 1 from its one call, once the handshake with OpenSSL\'s own server is finished', async () => {
      const socket = await connected(await reversingServer(version))
      const outcome = await runBlocking(socket, { ...common, call, version, message: 'abcdef\n', replyBytes: 7 })
      expect(outcome).toMatchObject({ handshake: done, version, finished: true, error: undefined, reply: 'fedcba\n' })
      expect(outcome.sleeps.read).toBeGreaterThan(1)
      expect(outcome.sleeps.write).toBeGreaterThan(0)
      // The calls after it block too: none says that it wants anything.
      expect(outcome.writes).toEqual([{ ret: 7, error: SSL_ERROR_NONE }])
      expect(outcome.reads.every(({ error }) => error === SSL_ERROR_NONE)).toBe(true)
    })

    it('returns -1 with SSL_ERROR_SSL from its one call when the peer speaks no TLS', async () => {
      const { port, socket } = await listen()
      void socket.then((peer) => { peer.on('error', () => {}); peer.end('HTTP/1.1 400 Bad Request\r\n\r\n') })
      const outcome = await runBlocking(await connected(port), { ...common, call, version })
      expect(outcome).toMatchObject({ handshake: failed, finished: false, error: { name: 'PeerError' } })
      expect(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']).toContain(outcome.error?.code)
      ;(await socket).destroy()
    })

    it('returns 0 with SSL_ERROR_ZERO_RETURN from its one call when the peer sends close_notify', async () => {
      const { port, socket } = await listen()
      void socket.then((peer) => { peer.on('error', () => {}); peer.end(Uint8Array.of(21, 3, 3, 0, 2, 1, 0)) })
      const outcome = await runBlocking(await connected(port), { ...common, call, version })
      expect(outcome).toMatchObject({ handshake: { ret: 0, error: SSL_ERROR_ZERO_RETURN }, finished: false })
      ;(await socket).destroy()
    })

    // SSL_do_handshake is SSL_connect once it knows its role: what follows need not be said twice.
    if (call !== 'connect') return

    it('returns 1 from its one call although bytes come one by one', async () => {
      const socket = await connected(await reversingServer(version))
      const outcome = await runBlocking(socket, { ...common, call, version, message: 'abc\n', replyBytes: 4 }, 1)
      expect(outcome).toMatchObject({ handshake: done, reply: 'cba\n' })
      expect(outcome.sleeps.read).toBeGreaterThan(500)
    })

    it('returns -1 with SSL_ERROR_SSL from its one call when the peer ends the stream', async () => {
      const { port, socket } = await listen()
      void socket.then((peer) => { peer.on('error', () => {}); peer.end() })
      const outcome = await runBlocking(await connected(port), { ...common, call, version })
      expect(outcome)
        .toMatchObject({ handshake: failed, finished: false, error: { name: 'TruncationError', code: 'ERR_TLS_UNEXPECTED_EOF' } })
      ;(await socket).destroy()
    })
  })
})

for (const { name, call } of [
  { name: 'SSL_accept(3) over a blocking BIO', call: 'accept' },
  { name: 'SSL_do_handshake(3) over a blocking BIO, as a server', call: 'doHandshake server' },
] as const) describe(name, () => {
  describe.each(VERSIONS)('%s', (version) => {
    it('returns 1 from its one call, once the handshake with OpenSSL\'s own client is finished', async () => {
      const { port, socket } = await listen()
      const client = child('s_client', '-connect', `127.0.0.1:${port}`, flag(version), '-CAfile', authority.ca.certFile,
        '-verify_return_error', '-verify_hostname', 'localhost', '-quiet')
      client.stdin!.write('hello, server\n')
      const received = once(client.stdout!, 'data')
      const outcome = await runBlocking(await socket, { ...common, call, version, message: 'hello, client\n', replyBytes: 14 })
      expect(outcome).toMatchObject({ handshake: done, version, finished: true, error: undefined, reply: 'hello, server\n' })
      expect(outcome.sleeps.read).toBeGreaterThan(1)
      expect(outcome.sleeps.write).toBeGreaterThan(0)
      expect(String((await received)[0])).toBe('hello, client\n')
    })

    it('returns -1 with SSL_ERROR_SSL from its one call when the peer speaks no TLS', async () => {
      const { port, socket } = await listen()
      const peer = await connected(port)
      peer.on('error', () => {})
      peer.end('GET / HTTP/1.1\r\n\r\n')
      const outcome = await runBlocking(await socket, { ...common, call, version })
      expect(outcome).toMatchObject({ handshake: failed, finished: false, error: { name: 'PeerError', code: 'ERR_SSL_HTTP_REQUEST' } })
      peer.destroy()
    })

    it('returns -1 with SSL_ERROR_SSL from its one call when the peer ends the stream', async () => {
      const { port, socket } = await listen()
      const peer = await connected(port)
      peer.on('error', () => {})
      peer.end(Uint8Array.of(22, 3, 1))
      const outcome = await runBlocking(await socket, { ...common, call, version })
      expect(outcome).toMatchObject({ handshake: failed, finished: false, error: { name: 'TruncationError' } })
      peer.destroy()
    })
  })
})
