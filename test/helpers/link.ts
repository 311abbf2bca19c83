// Two engines and no network: a client and a server upon BIO pairs (or upon callback BIOs), and a hand that carries
// bytes between them, in pieces as large as the test says.

import {
  BioCallback, BioPair, Ssl, SslCtx, SSL_ERROR_NONE, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, TLS1_2_VERSION, TLS1_3_VERSION, X509Store,
  type BioAnswer, type IoResult, type LibSsl,
} from '../../src/core.js'
import { authority, localhost } from './certificates.js'

export type Version = 'TLSv1.2' | 'TLSv1.3'
export const VERSIONS: readonly Version[] = ['TLSv1.2', 'TLSv1.3']
export type Side = 'client' | 'server'

export interface SideOptions {
  /** How much the Ssl may write before the pair is full; default OpenSSL's 17 KiB. */
  readonly internalBytes?: number
  /** How much can wait for the Ssl to read it; likewise. */
  readonly networkBytes?: number
  /** Another context than the link's own; the link then leaves it alone. */
  readonly ctx?: SslCtx
  readonly configure?: (ctx: SslCtx) => void
  readonly prepare?: (ssl: Ssl) => void
}

export interface LinkOptions {
  /** Pins both sides to it; default whatever they agree on. */
  readonly version?: Version
  /** What the client trusts; default the test CA; `null` for nothing. */
  readonly ca?: string | null
  /** What the server shows; default {@link localhost}; `null` for nothing. */
  readonly identity?: { readonly cert: string; readonly key: string } | null
  /** The name that the client wants in the certificate; `null` for any. */
  readonly dnsname?: string | null
  readonly client?: SideOptions
  readonly server?: SideOptions
  /** The most bytes that the next move carries; default all there are. */
  readonly chunk?: () => number
  /** Sees what is carried, and may give other bytes on in its place (as many or fewer). */
  readonly tap?: (from: Side, bytes: Uint8Array) => Uint8Array | void
}

export const utf8 = (text: string) => new TextEncoder().encode(text)
export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/**
 * Whether `body` leaves memory behind, found by running it many times: the smallest thing to leak has 16 bytes. What
 * OpenSSL makes once and keeps is made before, and the allocator may round a block up by 8 bytes now and then.
 */
export function leaks(lib: LibSsl, times: number, body: () => void): boolean {
  body()
  body()
  const before = lib.allocatedBytes
  for (let i = 0; i < times; i++) body()
  return lib.allocatedBytes - before >= 16 * times
}

/** What a result says that may still become a success. */
export const isWish = ({ error }: IoResult) => error === SSL_ERROR_WANT_READ || error === SSL_ERROR_WANT_WRITE

/** A context as the options want it. Its certificate store is given up here: the context holds it. */
export function makeCtx(lib: LibSsl, side: Side, options: LinkOptions = {}): SslCtx {
  const { version, ca = authority.ca.cert, identity = localhost } = options
  const ctx = new SslCtx(lib, side === 'client' ? 'TLS_client_method' : 'TLS_server_method')
  if (version) {
    const number = version === 'TLSv1.2' ? TLS1_2_VERSION : TLS1_3_VERSION
    ctx.setMinProtoVersion(number)
    ctx.setMaxProtoVersion(number)
  }
  if (side === 'client' && ca !== null) {
    const store = new X509Store(lib)
    store.addCerts(ca)
    ctx.set1CertStore(store)
    store.free()
  }
  if (side === 'server' && identity !== null) {
    ctx.useCertificateChain(identity.cert)
    ctx.usePrivateKey(identity.key)
  }
  options[side]?.configure?.(ctx)
  return ctx
}

function makeSsl(lib: LibSsl, side: Side, options: LinkOptions): { ctx: SslCtx; ssl: Ssl; ownCtx: boolean } {
  const given = options[side]?.ctx
  const ctx = given ?? makeCtx(lib, side, options)
  const ssl = new Ssl(ctx)
  if (side === 'client' && options.dnsname !== null) ssl.set1Dnsname(options.dnsname ?? 'localhost')
  options[side]?.prepare?.(ssl)
  return { ctx, ssl, ownCtx: given === undefined }
}

/** The functions that run a handshake, each for the sides that it is for; `as` is the end of a title. */
export const HANDSHAKES: readonly { name: string; as: string; side: Side; call: (ssl: Ssl) => IoResult; prepare: (ssl: Ssl) => void }[] = [
  { name: 'SSL_connect(3)', as: '', side: 'client', call: (ssl) => ssl.connect(), prepare: () => {} },
  { name: 'SSL_accept(3)', as: '', side: 'server', call: (ssl) => ssl.accept(), prepare: () => {} },
  { name: 'SSL_do_handshake(3)', as: ', as a client', side: 'client', call: (ssl) => ssl.doHandshake(),
    prepare: (ssl) => { ssl.setConnectState() } },
  { name: 'SSL_do_handshake(3)', as: ', as a server', side: 'server', call: (ssl) => ssl.doHandshake(),
    prepare: (ssl) => { ssl.setAcceptState() } },
]

/**
 * A TLS 1.3 server's handshake ends with tickets, a client's before them: a client that does not read them leaves a
 * server waiting to write, if the pair is small. To be called with each result of a handshake; returns that.
 */
export function settle(ssl: Ssl, result: IoResult): IoResult {
  if (result.ret === 1) ssl.peek(new Uint8Array(1))
  return result
}

export const other = (side: Side): Side => (side === 'client' ? 'server' : 'client')

/** One side of a link upon BIO pairs. */
export class Endpoint {
  readonly side: Side
  readonly ctx: SslCtx
  readonly ssl: Ssl
  readonly pair: BioPair
  readonly #ownCtx: boolean

  constructor(lib: LibSsl, side: Side, options: LinkOptions) {
    this.side = side
    ;({ ctx: this.ctx, ssl: this.ssl, ownCtx: this.#ownCtx } = makeSsl(lib, side, options))
    this.pair = new BioPair(lib, options[side]?.internalBytes, options[side]?.networkBytes)
    this.ssl.setBio(this.pair.internal)
  }

  /** SSL_connect or SSL_accept. */
  handshake(): IoResult {
    return settle(this.ssl, this.side === 'client' ? this.ssl.connect() : this.ssl.accept())
  }

  /** What lies ready for the network, taken out. */
  takeAll(): Uint8Array {
    return take(this.pair, this.pair.network.ctrlPending())
  }

  /** Gives bytes to this side as if they came from the network; they must fit. */
  give(bytes: Uint8Array): void {
    if (give(this.pair, bytes) !== bytes.byteLength) throw new Error(`the pair has no room for ${bytes.byteLength} bytes`)
  }

  free(): void {
    this.ssl.free()
    this.pair.free()
    if (this.#ownCtx) this.ctx.free()
  }
}

function take(pair: BioPair, limit: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(limit, pair.network.ctrlPending()))
  for (let at = 0; at < bytes.byteLength;) at += pair.network.nread(bytes, at)
  return bytes
}

function give(pair: BioPair, bytes: Uint8Array): number {
  let given = 0
  while (given < bytes.byteLength) {
    const count = pair.network.nwrite(bytes.subarray(given))
    if (count <= 0) break
    given += count
  }
  return given
}

/** A client and a server upon BIO pairs. */
export class Link {
  readonly client: Endpoint
  readonly server: Endpoint
  readonly #chunk: () => number
  readonly #tap: NonNullable<LinkOptions['tap']>

  constructor(lib: LibSsl, options: LinkOptions = {}) {
    this.client = new Endpoint(lib, 'client', options)
    this.server = new Endpoint(lib, 'server', options)
    this.#chunk = options.chunk ?? (() => Infinity)
    this.#tap = options.tap ?? (() => {})
  }

  /** Carries one piece; returns how many bytes it had. */
  move(from: Side): number {
    const [source, target] = from === 'client' ? [this.client, this.server] : [this.server, this.client]
    const bytes = take(source.pair, Math.min(this.#chunk(), target.pair.network.getWriteGuarantee()))
    if (bytes.byteLength > 0) target.give(this.#tap(from, bytes) ?? bytes)
    return bytes.byteLength
  }

  /** Carries what there is, both ways, until nothing moves; returns how many bytes. */
  carry(): number {
    for (let total = 0;;) {
      const moved = this.move('client') + this.move('server')
      if (moved === 0) return total
      total += moved
    }
  }

  /** Repeats both handshakes until both are done, or one ended in an error, or nothing moves any more. */
  handshake(): { client: IoResult; server: IoResult } {
    for (;;) {
      const client = this.client.handshake()
      const there = this.carry()
      const server = this.server.handshake()
      const back = this.carry()
      if (![client, server].some(isWish)) return { client, server }
      if (there + back > 0) continue
      // An alert may have come with the last bytes.
      if (isWish(client) && isWish(server)) return { client, server }
      const last = { client: this.client.handshake(), server: this.server.handshake() }
      if (this.carry() === 0) return last
    }
  }

  /** The handshake, which must succeed. */
  established(): this {
    const { client, server } = this.handshake()
    if (client.ret !== 1 || server.ret !== 1) throw new Error(`no handshake: ${JSON.stringify({ client, server })}`)
    return this
  }

  /** Sends `bytes` from one side and returns what the other read. */
  send(from: Side, bytes: Uint8Array): Uint8Array {
    const [source, target] = from === 'client' ? [this.client, this.server] : [this.server, this.client]
    const received: number[] = []
    const buffer = new Uint8Array(20_000)
    for (let sent = 0, idle = 0; idle < 3;) {
      if (sent < bytes.byteLength) {
        const wrote = source.ssl.write(bytes.subarray(sent))
        if (wrote.error !== SSL_ERROR_NONE && !isWish(wrote)) throw new Error(`write: ${JSON.stringify(wrote)}`)
        if (wrote.ret > 0) sent += wrote.ret
      }
      const moved = this.carry()
      const read = target.ssl.read(buffer)
      if (read.ret > 0) received.push(...buffer.subarray(0, read.ret))
      idle = moved > 0 || read.ret > 0 ? 0 : idle + 1
    }
    return Uint8Array.from(received)
  }

  free(): void {
    this.client.free()
    this.server.free()
  }
}

/** One direction of a wire between two callback BIOs; it holds a limited number of bytes. */
export class Wire {
  readonly #bytes: number[] = []
  readonly #capacity: number
  readonly #chunk: () => number
  closed = false

  constructor(capacity: number, chunk: () => number) {
    this.#capacity = capacity
    this.#chunk = chunk
  }

  get length(): number {
    return this.#bytes.length
  }

  readonly read = (buffer: Uint8Array): BioAnswer => {
    const count = Math.min(buffer.byteLength, this.#bytes.length, Math.max(0, this.#chunk()))
    if (count === 0) return this.closed && this.#bytes.length === 0 ? 0 : 'would block'
    buffer.set(this.#bytes.splice(0, count))
    return count
  }

  readonly write = (bytes: Uint8Array): BioAnswer => {
    const count = Math.min(bytes.byteLength, this.#capacity - this.#bytes.length, Math.max(0, this.#chunk()))
    if (count === 0) return 'would block'
    this.#bytes.push(...bytes.subarray(0, count))
    return count
  }
}

export interface CallbackEndpoint {
  readonly ctx: SslCtx
  readonly ssl: Ssl
  readonly bio: BioCallback
}

/** A client and a server upon non-blocking callback BIOs. Bytes pass without a hand; there is only waiting. */
export class CallbackLink {
  readonly client: CallbackEndpoint
  readonly server: CallbackEndpoint
  readonly toServer: Wire
  readonly toClient: Wire

  /** @param options `chunk` is asked at each read and write; 0 is 'would block'. */
  constructor(lib: LibSsl, options: LinkOptions & { readonly capacity?: number } = {}) {
    const { capacity = 65536, chunk = () => Infinity } = options
    this.toServer = new Wire(capacity, chunk)
    this.toClient = new Wire(capacity, chunk)
    const make = (side: Side, read: Wire, write: Wire): CallbackEndpoint => {
      const { ctx, ssl } = makeSsl(lib, side, options)
      const bio = new BioCallback(lib, { read: read.read, write: write.write })
      ssl.setBio(bio)
      return { ctx, ssl, bio }
    }
    this.client = make('client', this.toClient, this.toServer)
    this.server = make('server', this.toServer, this.toClient)
  }

  free(): void {
    for (const { ssl, bio, ctx } of [this.client, this.server]) {
      ssl.free()
      bio.free()
      ctx.free()
    }
  }
}
