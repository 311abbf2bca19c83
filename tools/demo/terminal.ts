// The demonstration in a terminal: a TLS handshake by OpenSSL in WebAssembly, through a WebSocket tunnel, with a server
// that we did not write; a line for each step. Rejects unless every step happened.

import { WebSocket } from 'ws'
import { startRelay } from '../../src/apps/relay/relay.js'
import { connect, fromWebSocket, load, type IoEvent } from '../../src/index.js'
import { CertificateAuthority } from '../certificates.js'
import { parseAddress, say } from './command-line.js'
import { startServer } from './server.js'

const PAGE_LINES = 6

interface Target {
  readonly host: string
  readonly port: number
  readonly servername: string
  /** PEM; default the platform's roots. */
  readonly ca?: string
  readonly stop: () => Promise<void>
}

/** @param given `HOST:PORT`; default a server of our own */
export async function showHandshake(given: string | undefined): Promise<void> {
  const target = given === undefined ? await ownTarget() : { ...parseAddress(given), stop: async () => {} }
  const { host, port, servername } = target
  const relay = await startRelay({ allow: [`${host}:${port}`] })
  try {
    say('relay', `${relay.url}/${host}:${port}  (a WebSocket for each TCP connection; it sees ciphertext only)`)
    const libssl = await load()
    say('client', `${libssl.version} in WebAssembly, ${libssl.memoryBytes / 1024} KiB of memory`)

    const socket = new WebSocket(`${relay.url}/${host}:${port}`)
    const tls = connect(fromWebSocket(socket), { servername, libssl, onIo: sayIo, ...(target.ca && { ca: target.ca }) })
    const info = await tls.opened
    say('protocol', info.protocol)
    say('cipher suite', info.cipher)
    say('group', info.group ?? '(none)')
    say('certificate', `${info.peerCertificate?.subject}  (${info.peerCertificate?.subjectAltName})`)
    say('issued by', `${info.peerCertificate?.issuer}`)
    say('verification', `${info.verifyResult}: ${servername} is who it says`)
    require(info.verifyResult === 'X509_V_OK', 'the certificate was not verified')
    require(given !== undefined || info.protocol === 'TLSv1.3', 'TLS 1.3 was not agreed')

    const writer = tls.writable.getWriter()
    await writer.write(new TextEncoder().encode(`GET / HTTP/1.0\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`))
    writer.releaseLock()
    // The stream ends with the peer's close_notify; cut without it, it would throw.
    const page = await new Response(tls.readable).text()
    require(page.startsWith('HTTP/1.'), 'no page came')
    for (const line of page.split(/\r?\n/).slice(0, PAGE_LINES)) say('page', line)
    say('page', `… ${page.length} characters in all`)

    say('close', "the peer's close_notify came; sending ours")
    await tls.close()
    await tls.closed
    say('close', `clean; ${libssl.version.split(' ').slice(0, 2).join(' ')} holds no connection any more`)
  } finally {
    await relay.close()
    await target.stop()
  }
}

async function ownTarget(): Promise<Target> {
  const authority = new CertificateAuthority('libssl-wasm demonstration CA')
  const server = await startServer(authority.leaf())
  say('server', server.command)
  return { host: '127.0.0.1', port: server.port, servername: 'localhost', ca: authority.ca.cert, stop: () => server.stop() }
}

function sayIo({ call, ret, error, sentBytes, receivedBytes }: IoEvent): void {
  say(
    call, `${String(ret).padStart(5)}  ${error.padEnd(22)} ${String(sentBytes).padStart(6)} bytes to send, `
      + `${String(receivedBytes).padStart(6)} received`,
  )
}

function require(condition: boolean, complaint: string): void {
  if (!condition) throw new Error(complaint)
}
