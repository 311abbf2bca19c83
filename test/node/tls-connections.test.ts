import * as nodeTls from 'node:tls'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import ours from '../../src/node/tls/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { duplexPair } from '../helpers/duplex-pair.js'
import { listening } from '../helpers/kept.js'
import { VERSIONS } from '../helpers/link.js'

const { cert, key } = localhost
const ca = authority.ca.cert

type Tls = typeof nodeTls

/** The port of a server of `tls` that sends back what it gets. */
async function echo(
  tls: Tls, options: nodeTls.TlsOptions = {}, onSocket = (_: nodeTls.TLSSocket) => {},
): Promise<{ port: number; server: nodeTls.Server }> {
  const server = tls.createServer({ cert, key, ...options }, (socket) => {
    socket.on('error', () => {})
    onSocket(socket)
    socket.pipe(socket)
  })
  return { port: await listening(server), server }
}

async function textOf(socket: Duplex): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

const sides: readonly [string, Tls, Tls][] = [
  ['ours to ours', ours, ours], ['ours to node:tls', ours, nodeTls], ['node:tls to ours', nodeTls, ours],
]

describe.each(sides)('a connection of %s', (_, client, server) => {
  it.each(VERSIONS)('over %s carries bytes both ways, and tells what was agreed on', async (version) => {
    const seen: unknown[] = []
    const { port } = await echo(server, { ALPNProtocols: ['b', 'a'] }, (socket) => {
      seen.push(socket.getProtocol(), socket.servername as unknown, socket.alpnProtocol, socket.authorized, socket.encrypted)
    })
    const socket = client.connect({ port, host: '127.0.0.1', ca, servername: 'localhost', ALPNProtocols: ['a', 'b'], maxVersion: version })
    await once(socket, 'secureConnect')
    expect(socket.authorized).toBe(true)
    expect(socket.authorizationError).toBeNull()
    expect(socket.getProtocol()).toBe(version)
    expect(socket.alpnProtocol).toBe('b')
    expect(socket.getPeerCertificate().subject.CN).toBe('localhost')
    expect(socket.remotePort).toBe(port)
    socket.end('hello')
    expect(await textOf(socket)).toBe('hello')
    expect(seen).toEqual([version, 'localhost', 'b', false, true])
  })

  it('keeps what a client trusts to itself', async () => {
    const [near, far] = duplexPair()
    const socket = client.connect({ socket: near, ca, servername: 'localhost' })
    socket.on('error', () => {})
    const [hello] = await once(far, 'data') as [Buffer]
    expect(hello.includes('localhost')).toBe(true)
    expect(hello.includes('libssl-wasm test CA')).toBe(false)
    socket.destroy()
  })

  it('resumes a session', async () => {
    const { port } = await echo(server)
    const first = client.connect({ port, host: '127.0.0.1', ca, servername: 'localhost' })
    const [session] = await once(first, 'session') as [Buffer]
    first.end()
    first.resume()
    await once(first, 'close')
    const second = client.connect({ port, host: '127.0.0.1', ca, servername: 'localhost', session })
    await once(second, 'secureConnect')
    expect(second.isSessionReused()).toBe(true)
    second.destroy()
  })

  it('that is not trusted has the code of the reason, and nothing is sent', async () => {
    const { port } = await echo(server, {}, () => { throw new Error('the server takes this for a connection') })
    const socket = client.connect({ port, host: '127.0.0.1', servername: 'localhost' })
    const [error] = await once(socket, 'error') as [NodeJS.ErrnoException]
    expect(error.code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    if (client === ours) {
      const message = expect.stringMatching(/CN=.* is not among the trust anchors: .* give it as option 'ca'/) as string
      expect(error.cause).toMatchObject({ name: 'CertificateError', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', depth: 0, message })
    }
    expect(socket.authorized).toBe(false)
    expect(await once(socket, 'close')).toEqual([true])
  })

  it('that need not be trusted says why it is not', async () => {
    const { port } = await echo(server)
    const socket = client.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    expect(socket.authorized).toBe(false)
    expect(socket.authorizationError).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    socket.destroy()
  })

  it('with a client certificate is known to the server', async () => {
    const known: unknown[] = []
    const { port } = await echo(
      server, { requestCert: true, ca }, (socket) => known.push(socket.authorized, socket.getPeerCertificate().subject.CN),
    )
    const { cert, key } = authority.leaf({ name: 'somebody' })
    const socket = client.connect({ port, host: '127.0.0.1', ca, servername: 'localhost', cert, key })
    socket.end('x')
    expect(await textOf(socket)).toBe('x')
    expect(known).toEqual([true, 'somebody'])
  })

  it('over a Duplex of the application carries bytes', async () => {
    const [a, b] = duplexPair()
    const accepting = new server.TLSSocket(b as never, { isServer: true, secureContext: server.createSecureContext({ cert, key }) })
    accepting.pipe(accepting)
    const socket = client.connect({ socket: a, ca, servername: 'localhost' })
    socket.end('through a pair')
    expect(await textOf(socket)).toBe('through a pair')
  })
})

describe('tls.Server of ours', () => {
  it('is told of a client that is no client of TLS', async () => {
    const { port, server } = await echo(ours)
    const { connect } = await import('node:net')
    connect(port, '127.0.0.1').on('error', () => {}).end('GET / HTTP/1.0\r\n\r\n')
    const [error] = await once(server, 'tlsClientError') as [NodeJS.ErrnoException]
    expect(error.code).toBe('ERR_SSL_HTTP_REQUEST')
  })

  it('shows the certificate that addContext() names', async () => {
    const { port, server } = await echo(ours)
    const other = authority.leaf({ name: 'other', san: 'DNS:other.test' })
    server.addContext('*.test', other)
    const socket = nodeTls.connect({ port, host: '127.0.0.1', ca, servername: 'other.test' })
    await once(socket, 'secureConnect')
    expect(socket.getPeerCertificate().subject.CN).toBe('other')
    socket.destroy()
  })
})
