// OpenSSL's objects driven by hand: what each call returns, and what SSL_get_error says then.

import {
  BioCallback, BioPair, fatalError, Ssl, SslCtx, SSL_ERROR_NONE, SSL_ERROR_SSL, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE,
  SSL_ERROR_ZERO_RETURN, TLS1_2_VERSION, TLS1_3_VERSION, X509Store, type IoResult, type LibSsl,
} from 'libssl-wasm/core'
import { same, noise } from './bytes.js'
import type { Harness } from './harness.js'
import type { Identities } from './host.js'
import { sharedInstance } from './instance.js'

const numbers = { 'TLSv1.2': TLS1_2_VERSION, 'TLSv1.3': TLS1_3_VERSION } as const
const wantRead = { ret: -1, error: SSL_ERROR_WANT_READ }
const wantWrite = { ret: -1, error: SSL_ERROR_WANT_WRITE }
const done = { ret: 1, error: SSL_ERROR_NONE }

export function coreByHand({ describe, it, expect, runtime, host }: Harness): void {
  const link = async (version: keyof typeof numbers, options: LinkOptions = {}) =>
    new Link(await sharedInstance(runtime), await host.identities(), numbers[version], options)

  describe('core, by hand', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) describe(version, () => {
      it('SSL_connect returns -1 with WANT_READ while the pair is empty, and 1 in the end', async () => {
        const { client, server, carry, free } = await link(version)
        for (let again = 0; again < 3; again++) expect(client.ssl.connect()).toEqual(wantRead)
        expect(client.ssl.getError()).toBe(SSL_ERROR_WANT_READ)
        expect(server.ssl.accept()).toEqual(wantRead)
        let results: readonly { ret: number; error: number }[] = []
        for (let turn = 0; turn < 10 && (turn === 0 || !results.every(({ ret }) => ret === 1)); turn++) {
          carry()
          results = [client.ssl.connect(), server.ssl.accept()]
          carry()
        }
        expect(results).toEqual([done, done])
        expect([client.ssl.getVersion(), server.ssl.getVersion()]).toEqual([version, version])
        expect(client.ssl.getCipherStandardName()).toBe(server.ssl.getCipherStandardName())
        free()
      })

      it('SSL_connect returns -1 with WANT_WRITE while a small pair is full', async () => {
        const { client, free } = await link(version, { internalBytes: 64 })
        for (let again = 0; again < 3; again++) expect(client.ssl.connect()).toEqual(wantWrite)
        expect(client.pair.network.ctrlPending()).toBe(64)
        expect(client.pair.network.nread(new Uint8Array(10))).toBe(10)
        expect(client.ssl.connect()).toEqual(wantWrite)
        expect(client.pair.network.ctrlPending()).toBe(64)
        free()
      })

      it('carries data both ways through pairs of 100 bytes', async () => {
        const both = await link(version, { internalBytes: 100, networkBytes: 100 })
        both.handshake()
        for (const [from, to] of [[both.client, both.server], [both.server, both.client]] as const) {
          const bytes = noise(20_000, 1)
          const got = new Uint8Array(bytes.byteLength)
          let written = 0
          let read = 0
          const seen = new Set<number>()
          while (read < got.byteLength) {
            if (written < bytes.byteLength) {
              // The same bytes again until they are taken.
              const result = from.ssl.write(bytes.subarray(written, written + 5_000))
              seen.add(result.error)
              if (result.ret > 0) written += result.ret
            }
            both.carry()
            const result = to.ssl.read(got.subarray(read))
            seen.add(result.error)
            if (result.ret > 0) read += result.ret
          }
          expect(same(got, bytes)).toBe(true)
          expect([...seen].sort()).toEqual([SSL_ERROR_NONE, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE])
        }
        both.free()
      })

      it('SSL_shutdown returns 0, then 1; SSL_read 0 with ZERO_RETURN after close_notify', async () => {
        const both = await link(version)
        both.handshake()
        expect(both.client.ssl.shutdown().ret).toBe(0)
        both.carry()
        expect(both.server.ssl.read(new Uint8Array(10))).toEqual({ ret: 0, error: SSL_ERROR_ZERO_RETURN })
        expect(both.server.ssl.shutdown()).toEqual(done)
        both.carry()
        expect(both.client.ssl.shutdown()).toEqual(done)
        both.free()
      })

      it('SSL_read fails with SSL_ERROR_SSL at an end without close_notify', async () => {
        const both = await link(version)
        both.handshake()
        both.client.pair.network.shutdownWr()
        const result = both.client.ssl.read(new Uint8Array(10))
        expect(result).toEqual({ ret: result.ret, error: SSL_ERROR_SSL })
        expect(result.ret).toBeLessThanOrEqual(0)
        expect(fatalError(both.client.ssl, result)).toMatchObject({ name: 'TruncationError', code: 'ERR_TLS_UNEXPECTED_EOF' })
        both.free()
      })

      it('SSL_connect fails with SSL_ERROR_SSL when the name is another', async () => {
        const both = await link(version, { dnsname: 'elsewhere' })
        const { client } = both.handshake()
        expect(client).toEqual({ ret: -1, error: SSL_ERROR_SSL })
        expect(fatalError(both.client.ssl, client))
          .toMatchObject({ name: 'CertificateError', code: 'ERR_TLS_CERT_ALTNAME_INVALID', depth: 0 })
        both.free()
      })
    })

    it('a BIO of JavaScript functions says whether it would block, and what it throws comes through', async () => {
      const lib = await sharedInstance(runtime)
      const written: Uint8Array[] = []
      let block = true
      const broken = new Error('broken')
      const bio = new BioCallback(lib, {
        write: (bytes) => (block ? 'would block' : written.push(bytes) && bytes.byteLength),
        read: () => { throw broken },
      })
      const ctx = new SslCtx(lib, 'TLS_client_method')
      const ssl = new Ssl(ctx)
      ssl.setBio(bio)
      expect(ssl.connect()).toEqual(wantWrite)
      block = false
      expect(() => ssl.connect()).toThrow(broken)
      expect(written[0]![0]).toBe(22) // a handshake record
      for (const each of [ssl, ctx, bio]) each.free()
    })

    it('refuses what was freed', async () => {
      const ctx = new SslCtx(await sharedInstance(runtime), 'TLS_client_method')
      const ssl = new Ssl(ctx)
      ctx.free()
      ssl.free()
      ssl.free() // again does nothing
      expect(() => ssl.connect()).toThrow(expect.objectContaining({ name: 'ApiMisuseError', code: 'ERR_TLS_DISPOSED' }))
    })
  })
}

interface LinkOptions {
  /** How much an Ssl may write before its pair is full; how much can wait to be read by it. Default 17 KiB. */
  readonly internalBytes?: number
  readonly networkBytes?: number
  readonly dnsname?: string
}

/** A client and a server upon BIO pairs, and no network. */
class Link {
  readonly client: Side
  readonly server: Side

  constructor(lib: LibSsl, identities: Identities, version: number, { internalBytes, networkBytes, dnsname = 'localhost' }: LinkOptions) {
    this.client = new Side(lib, 'TLS_client_method', version, internalBytes, networkBytes, (ctx) => {
      const store = new X509Store(lib)
      store.addCerts(identities.ca)
      ctx.set1CertStore(store)
      store.free()
    })
    this.client.ssl.set1Dnsname(dnsname)
    this.server = new Side(lib, 'TLS_server_method', version, internalBytes, networkBytes, (ctx) => {
      ctx.useCertificateChain(identities.ec.cert)
      ctx.usePrivateKey(identities.ec.key)
    })
  }

  /** Carries what there is, both ways, until nothing moves. */
  readonly carry = (): void => {
    while (this.#move(this.client, this.server) + this.#move(this.server, this.client) > 0);
  }

  readonly free = (): void => {
    for (const { ssl, pair, ctx } of [this.client, this.server]) for (const each of [ssl, pair, ctx]) each.free()
  }

  /** Repeats both handshakes until both are done or one has failed. */
  handshake(): { client: IoResult; server: IoResult } {
    for (let turn = 0; turn < 1000; turn++) {
      const client = this.client.ssl.connect()
      this.carry()
      const server = this.server.ssl.accept()
      this.carry()
      // A server's tickets come after a client's handshake: read, or they fill a small pair.
      if (client.ret === 1) this.client.ssl.peek(new Uint8Array(1))
      if ([client, server].every(({ ret }) => ret === 1) || [client, server].some(({ error }) => error === SSL_ERROR_SSL)) {
        return { client, server }
      }
    }
    throw new Error('the handshake does not end')
  }

  #move(from: Side, to: Side): number {
    const bytes = new Uint8Array(Math.min(from.pair.network.ctrlPending(), to.pair.network.getWriteGuarantee()))
    if (bytes.byteLength === 0) return 0
    from.pair.network.read(bytes)
    return to.pair.network.write(bytes)
  }
}

class Side {
  readonly ctx: SslCtx
  readonly ssl: Ssl
  readonly pair: BioPair

  constructor(lib: LibSsl, method: 'TLS_client_method' | 'TLS_server_method', version: number, internalBytes: number | undefined,
    networkBytes: number | undefined, configure: (ctx: SslCtx) => void) {
    this.ctx = new SslCtx(lib, method)
    this.ctx.setMinProtoVersion(version)
    this.ctx.setMaxProtoVersion(version)
    configure(this.ctx)
    this.ssl = new Ssl(this.ctx)
    this.pair = new BioPair(lib, internalBytes, networkBytes)
    this.ssl.setBio(this.pair.internal)
  }
}
