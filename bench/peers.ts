// The two sides of every comparison: this library, and node:tls over a pair of Duplexes in memory. Both run client
// and server on one thread, and verify the certificate.

import { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { LibSsl, TlsConnection, TlsContext } from '../dist/index.js'
import { CertificateAuthority, RSA } from '../tools/certificates.js'

const authority = new CertificateAuthority('bench CA')
const { cert: ca } = authority.ca
const [ec, rsa] = [authority.leaf(), authority.leaf({ newkey: RSA })]
// Read once: files are not what is measured.
const keyPairs = { 'P-256': { cert: ec.cert, key: ec.key }, 'RSA-2048': { cert: rsa.cert, key: rsa.key } } as const
export const credentials = { ca, ...keyPairs['P-256'] } as const

export interface Suite {
  /** The name that both sides understand. */
  readonly ciphersuites: string
  readonly groups: string
  /** The server's key; default P-256. */
  readonly key?: keyof typeof keyPairs
}

export const X25519: Suite = { ciphersuites: 'TLS_CHACHA20_POLY1305_SHA256', groups: 'X25519' }

/**
 * How connections come by their contexts: `own`, each makes two; `shared`, all use the same two; `plain`, all are given the
 * same options, and the library does what it does.
 */
export type Contexts = 'own' | 'shared' | 'plain'

export interface OursPair { client: TlsConnection; server: TlsConnection }

/** A build of this library, and an instance of it. */
export class Library {
  readonly api: typeof import('../dist/index.js')
  readonly libssl: LibSsl
  readonly #shared = new Map<Suite, { client: TlsContext; server: TlsContext }>()

  private constructor(api: Library['api'], libssl: LibSsl) {
    this.api = api
    this.libssl = libssl
  }

  /** @param directory of a checkout that is built; default this one */
  static async open(directory = fileURLToPath(new URL('..', import.meta.url))): Promise<Library> {
    const api = await import(new URL('dist/index.js', pathToFileURL(`${directory}/`)).href) as Library['api']
    return new Library(api, await api.load())
  }

  /** Both sides of an open connection. `trusted`: what the client's `ca` is in place of the server's issuer. */
  async pair(suite: Suite, contexts: Contexts = 'plain', trusted: string | readonly (string | Uint8Array)[] = ca): Promise<OursPair> {
    const { connect, accept, memoryTransportPair } = this.api
    const [a, b] = memoryTransportPair()
    const servername = 'localhost'
    const [forClient, forServer] = this.#options(suite, trusted)
    if (contexts === 'plain') return opened(connect(a, { servername, ...forClient }), accept(b, forServer))
    let made = contexts === 'shared' ? this.#shared.get(suite) : undefined
    if (!made) made = { client: this.api.createContext(forClient), server: this.api.createContext(forServer) }
    if (contexts === 'shared') this.#shared.set(suite, made)
    const pair = await opened(connect(a, { servername, context: made.client }), accept(b, { context: made.server }))
    if (contexts === 'own') {
      made.client.free() // the connections keep what they need
      made.server.free()
    }
    return pair
  }

  /** As {@link pair}; the server has an instance of its own. */
  async pairApart(suite: Suite): Promise<OursPair> {
    const { connect, accept, memoryTransportPair } = this.api
    const [a, b] = memoryTransportPair()
    const [forClient, { libssl, ...forServer }] = this.#options(suite, ca)
    return opened(connect(a, { servername: 'localhost', ...forClient }), accept(b, forServer))
  }

  #options({ ciphersuites, groups, key: kind = 'P-256' }: Suite, trusted: string | readonly (string | Uint8Array)[]) {
    const { libssl } = this
    return [{ libssl, ca: trusted, ciphersuites, groups }, { libssl, ...keyPairs[kind], ciphersuites, groups }] as const
  }
}

async function opened(client: TlsConnection, server: TlsConnection): Promise<OursPair> {
  await Promise.all([client.opened, server.opened])
  return { client, server }
}

export interface NodePair { client: tls.TLSSocket; server: tls.TLSSocket }

const nodeContexts = new Map<typeof tls, Map<Suite, { client: tls.SecureContext; server: tls.SecureContext }>>()

/**
 * @param suite node:tls of Node 20 knows no ML-KEM: the caller gives groups that it does know.
 * @param module Node's own, or one with its interface
 */
export async function nodes(
  suite: Suite, contexts: 'own' | 'shared' = 'own', trusted: string | string[] = ca, module = tls,
): Promise<NodePair> {
  const kept = nodeContexts.get(module) ?? new Map<Suite, { client: tls.SecureContext; server: tls.SecureContext }>()
  nodeContexts.set(module, kept)
  let made = contexts === 'shared' ? kept.get(suite) : undefined
  if (!made) {
    const common = { ciphers: suite.ciphersuites, ecdhCurve: suite.groups, minVersion: 'TLSv1.3' } as const
    made = {
      client: module.createSecureContext({ ...common, ca: trusted }),
      server: module.createSecureContext({ ...common, ...keyPairs[suite.key ?? 'P-256'] }),
    }
  }
  if (contexts === 'shared') kept.set(suite, made)
  const [a, b] = duplexPair()
  const server = new module.TLSSocket(b, { isServer: true, secureContext: made.server })
  const client = module.connect({ socket: a, servername: 'localhost', secureContext: made.client })
  await Promise.all([
    new Promise((resolve, reject) => client.once('secureConnect', resolve).once('error', reject)),
    new Promise((resolve, reject) => server.once('secure', resolve).once('error', reject)),
  ])
  return { client, server }
}

/** As stream.duplexPair of later Nodes: a write is done when the other side has asked for more. */
export function duplexPair(): [Duplex, Duplex] {
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
