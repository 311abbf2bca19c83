// The two sides of every comparison: this library, and node:tls over a pair of Duplexes in memory. Both run client
// and server on one thread, verify the certificate, and make new contexts for each connection unless it says so.

import { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import { accept, connect, load, memoryTransportPair, type LibSsl, type TlsConnection } from '../dist/index.js'
import { CertificateAuthority } from '../tools/certificates.js'

const authority = new CertificateAuthority('bench CA')
const { cert: ca } = authority.ca
const { cert, key } = authority.leaf() // read once: files are not what is measured
export const credentials = { ca, cert, key } as const

export interface Suite {
  /** The name that both sides understand. */
  readonly name: string
  readonly ciphersuites: string
  readonly groups: string
}

export interface OursPair { client: TlsConnection; server: TlsConnection }

export async function ours(suite: Suite, libssl: LibSsl): Promise<OursPair> {
  const [a, b] = memoryTransportPair()
  const { ciphersuites, groups } = suite
  const client = connect(a, { servername: 'localhost', ca, libssl, ciphersuites, groups })
  const server = accept(b, { cert, key, libssl, ciphersuites, groups })
  await Promise.all([client.opened, server.opened])
  return { client, server }
}

export { load }

export interface NodePair { client: tls.TLSSocket; server: tls.TLSSocket }

/** @param groups node:tls of Node 20 knows no ML-KEM: the caller gives what it does know. */
export async function nodes(ciphers: string, groups: string): Promise<NodePair> {
  const [a, b] = duplexPair()
  const server = new tls.TLSSocket(b, { isServer: true, secureContext: tls.createSecureContext({ cert, key, ciphers, ecdhCurve: groups, minVersion: 'TLSv1.3' }) })
  const client = tls.connect({ socket: a, servername: 'localhost', ca, ciphers, ecdhCurve: groups, minVersion: 'TLSv1.3' })
  await Promise.all([
    new Promise((resolve, reject) => client.once('secureConnect', resolve).once('error', reject)),
    new Promise((resolve, reject) => server.once('secure', resolve).once('error', reject)),
  ])
  return { client, server }
}

/** As stream.duplexPair of later Nodes: a write is done when the other side has asked for more. */
function duplexPair(): [Duplex, Duplex] {
  class Side extends Duplex {
    other!: Side
    taken: (() => void) | undefined

    override _read(): void {
      const { taken } = this
      this.taken = undefined
      taken?.()
    }

    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      if (chunk.length === 0) return void process.nextTick(done)
      this.other.push(chunk)
      this.other.taken = done
    }

    override _final(done: () => void): void {
      this.other.push(null)
      done()
    }
  }
  const a = new Side()
  const b = new Side()
  a.other = b
  b.other = a
  return [a, b]
}
