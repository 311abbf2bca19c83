// Who owns what: objects may be freed in any order, are refused once they were, and do not mix with another instance's.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ApiMisuseError, BioCallback, BioPair, load, Ssl, SSL_VERIFY_PEER, SslCtx, TLS1_3_VERSION, X509Store, type LibSsl,
} from '../../src/core.js'
import { authority, localhost } from '../helpers/certificates.js'
import { CallbackLink, leaks, Link, makeCtx, text, utf8, VERSIONS } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const disposed = expect.objectContaining({ code: 'ERR_TLS_DISPOSED' })
const misuse = expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' })
const busy = expect.objectContaining({ code: 'ERR_TLS_INVALID_STATE' })

describe.each(VERSIONS)('%s: objects', (version) => {
  it('are freed in any order, and the memory comes back', () => {
    const orders = fc.sample(fc.tuple(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8], { minLength: 9, maxLength: 9 }), fc.boolean()), 30)
    let turn = 0
    expect(leaks(lib, 30, () => {
      const [order, again] = orders[turn++ % orders.length]!
      const store = new X509Store(lib)
      store.addCerts(authority.ca.cert)
      const clientCtx = makeCtx(lib, 'client', { version, ca: null })
      clientCtx.set1CertStore(store)
      const serverCtx = makeCtx(lib, 'server', { version })
      const link = new Link(lib, { client: { ctx: clientCtx }, server: { ctx: serverCtx } }).established()
      link.client.ssl.write(utf8('left in the pair'))
      const objects = [
        store, clientCtx, serverCtx, link.client.ssl, link.server.ssl,
        link.client.pair.internal, link.client.pair.network, link.server.pair, link.server.pair.internal,
      ]
      for (const index of order) {
        objects[index]!.free()
        if (again) objects[index]!.free()
      }
    })).toBe(false)
  })

  it('keep what they are built upon: a context, a store and BIOs may be freed first', () => {
    const store = new X509Store(lib)
    store.addCerts(authority.ca.cert)
    const ctx = makeCtx(lib, 'client', { version, ca: null })
    ctx.set1CertStore(store)
    store.free()
    const link = new Link(lib, { version, client: { ctx } })
    ctx.free()
    link.server.ctx.free()
    link.client.pair.internal.free()
    link.server.pair.internal.free()
    link.established()
    expect(text(link.send('client', utf8('still works')))).toBe('still works')
    link.free()
  })

  it('fail in a defined way when the network half is freed beneath a connection', () => {
    const link = new Link(lib, { version }).established()
    link.client.pair.network.free()
    expect(link.client.ssl.read(new Uint8Array(1)).ret).toBeLessThanOrEqual(0)
    expect(link.client.ssl.write(new Uint8Array(1)).ret).toBeLessThanOrEqual(0)
    expect(link.client.ssl.shutdown().ret).toBeLessThanOrEqual(0)
    link.free()
  })

  it('throw ERR_TLS_DISPOSED from the call when the callback BIO beneath was freed', () => {
    const link = new CallbackLink(lib, { version })
    link.client.bio.free()
    expect(() => link.client.ssl.connect()).toThrow(disposed)
    expect(lib.handles.BIO.size).toBe(1)
    link.free()
    expect(lib.handles.BIO.size).toBe(0)
  })

  it('leave no handle behind', () => {
    const before = { bios: lib.handles.BIO.size, connections: lib.handles.SSL.size }
    const link = new CallbackLink(lib, { version })
    expect(lib.handles.SSL.size).toBe(before.connections + 2)
    const ctx = new SslCtx(lib, 'TLS_client_method')
    ctx.free()
    expect(() => new Ssl(ctx)).toThrow(disposed)
    link.free()
    expect({ bios: lib.handles.BIO.size, connections: lib.handles.SSL.size }).toEqual(before)
  })

  it('may be freed by a callback in the middle of their own call, which then returns', () => {
    expect(leaks(lib, 10, () => {
      for (const setter of ['setCertCb', 'setClientHelloCb', 'setVerifyCb'] as const) {
        const side = setter === 'setVerifyCb' ? 'client' : 'server'
        const link: Link = new Link(lib, { version, [side]: { prepare: (ssl: Ssl) => {
          ssl[setter](() => { link.free(); return 1 })
        } } })
        expect(() => link.handshake()).toThrow(disposed) // by the call after the one that was interrupted
        expect(link[side].ssl.alive).toBe(false)
      }
      const link = new CallbackLink(lib, { version })
      const bio: BioCallback = new BioCallback(
        lib, { read: () => { link.free(); bio.free(); return 'would block' }, write: (bytes) => bytes.byteLength },
      )
      link.client.ssl.setBio(bio)
      expect(link.client.ssl.connect().ret).toBe(-1)
      expect(() => link.client.ssl.connect()).toThrow(disposed)
    })).toBe(false)
  })

  it('refuse to be used by a callback in the middle of their own call', () => {
    const link = new CallbackLink(lib, { version })
    const { ssl } = link.client
    const buffer = new Uint8Array(1)
    const attempts = [
      () => ssl.connect(), () => ssl.accept(), () => ssl.doHandshake(), () => ssl.read(buffer), () => ssl.peek(buffer),
      () => ssl.write(buffer), () => ssl.shutdown(), () => ssl.setBio(bio), () => ssl.setConnectState(), () => ssl.setAcceptState(),
    ]
    let tried = 0
    const bio = new BioCallback(lib, {
      read: () => {
        for (const attempt of attempts) { expect(attempt).toThrow(busy); tried++ }
        expect(ssl.isInitFinished()).toBe(false) // looking is allowed
        return 'would block'
      },
      write: (bytes) => bytes.byteLength,
    })
    ssl.setBio(bio)
    expect(ssl.connect().ret).toBe(-1)
    expect(tried).toBe(attempts.length)
    link.free()
    bio.free()
  })
})

/** Calls each method of `object` with arguments that would do; the names it called. */
function everyMethod(
  object: object, args: Readonly<Record<string, readonly unknown[]>>, except: readonly string[],
): [string, () => unknown][] {
  const prototypes: object[] = []
  for (let at = object; (at = Object.getPrototypeOf(at) as object) !== Object.prototype;) prototypes.push(at)
  return prototypes.flatMap((prototype) => Object.entries(Object.getOwnPropertyDescriptors(prototype)))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor' && !except.includes(name))
    .map(([name, { value }]) => [name, () => (value as (...args: readonly unknown[]) => unknown).apply(object, [...(args[name] ?? [])])])
}

describe('ERR_TLS_DISPOSED', () => {
  it('is thrown by every method of Ssl after free, also with arguments that would be refused', () => {
    const link = new Link(lib)
    const { ssl } = link.client
    link.free()
    const bio = new BioPair(lib)
    const some = new Uint8Array(1)
    const methods = everyMethod(ssl, {
      setBio: [bio.internal], setTlsextHostName: ['a'], set1Dnsname: ['a'], set1Ipaddr: ['1.1.1.1'], setHostflags: [0],
      setCertCb: [() => 1], setClientHelloCb: [() => 1], setVerifyCb: [() => 1], read: [some], peek: [some],
      readAvailable: [1, () => false], write: [some], setShutdown: [0], setQuietShutdown: [true], keyUpdate: [0], acceptRpk: [some],
      echSet1OuterServerName: ['a'], set1GroupsList: ['X25519'], setSslCtx: [link.client.ctx],
      add1Dnsname: ['a'], add1Ipaddr: ['1.1.1.1'], useIdentityOf: [link.client.ctx],
      setMaxCertList: [1], requestOcsp: [1], setTlsextStatusOcspResp: [some], sendFatalAlert: [46],
    }, ['free'])
    expect(methods.length).toBeGreaterThan(90)
    for (const [name, call] of methods) expect(call, name).toThrow(disposed)
    for (const call of [() => ssl.read(new Uint8Array()), () => ssl.write(new Uint8Array())]) expect(call).toThrow(disposed)
    expect(ssl.alive).toBe(false)
    ssl.free()
    bio.free()
  })

  it('is thrown by every method of SslCtx after free', () => {
    const ctx = new SslCtx(lib, 'TLS_server_method')
    const store = new X509Store(lib)
    ctx.free()
    const methods = everyMethod(ctx, {
      setOptions: [0n], clearOptions: [0n], setMode: [0], setMinProtoVersion: [TLS1_3_VERSION], setMaxProtoVersion: [TLS1_3_VERSION],
      setCipherList: ['ALL'], setCiphersuites: [''], set1GroupsList: ['X25519'], set1SigalgsList: ['ed25519'],
      set1ClientSigalgsList: ['ed25519'], setMaxCertList: [1], setSecurityLevel: [2], setAlpnProtos: [['h2']],
      setAlpnSelectProtos: [['h2']], setVerify: [SSL_VERIFY_PEER], set1CertStore: [store], useCertificateChain: [localhost.cert],
      usePrivateKey: [localhost.key], setSessionIdContext: [new Uint8Array(1)], setSessionCacheMode: [0], setNumTickets: [0],
      usePkcs12: [new Uint8Array(1)], set1ClientCertType: [[0]], set1ServerCertType: [[0]], setVerifyFlags: [0], addToCaList: [store],
    }, ['free'])
    expect(methods.length).toBeGreaterThan(18)
    for (const [name, call] of methods) expect(call, name).toThrow(disposed)
    expect(() => new Ssl(ctx)).toThrow(disposed)
    store.free()
  })

  it('is thrown by every method of BioHalf after free', () => {
    const pair = new BioPair(lib)
    pair.free()
    const some = new Uint8Array(1)
    for (const half of [pair.internal, pair.network]) {
      const methods = everyMethod(half, { read: [some], write: [some], nread: [some], nwrite: [some] }, ['free'])
      expect(methods.length).toBeGreaterThan(12)
      for (const [name, call] of methods) expect(call, name).toThrow(disposed)
      expect(() => half.nwrite(new Uint8Array())).toThrow(disposed)
    }
    const ctx = new SslCtx(lib, 'TLS_client_method')
    const ssl = new Ssl(ctx)
    expect(() => ssl.setBio(pair.internal)).toThrow(disposed)
    ssl.free()
    ctx.free()
  })

  it('is thrown by every method of X509Store, and by who is handed a BioCallback, after free', () => {
    const store = new X509Store(lib)
    store.free()
    for (const use of [() => store.addCerts(authority.ca.cert), () => store.addCrls('x'), () => store.addStore(store)]) {
      expect(use).toThrow(disposed)
    }
    const ctx = new SslCtx(lib, 'TLS_client_method')
    expect(() => ctx.set1CertStore(store)).toThrow(disposed)
    const bio = new BioCallback(lib, { read: () => 0, write: () => 0 })
    bio.free()
    const ssl = new Ssl(ctx)
    expect(() => ssl.setBio(bio)).toThrow(disposed)
    ssl.free()
    ctx.free()
  })
})

describe('Objects of two instances', () => {
  it('do not mix', async () => {
    const elsewhere = await load()
    const ctx = new SslCtx(lib, 'TLS_client_method')
    const ssl = new Ssl(ctx)
    const store = new X509Store(elsewhere)
    const pairs = [new BioPair(lib), new BioPair(elsewhere)] as const
    const bio = new BioCallback(elsewhere, { read: () => 0, write: () => 0 })
    const [own, other] = [new X509Store(lib), new SslCtx(elsewhere, 'TLS_client_method')]
    expect(() => ctx.set1CertStore(store)).toThrow(misuse)
    expect(() => ctx.addToCaList(store)).toThrow(misuse)
    expect(() => own.addStore(store)).toThrow(misuse)
    expect(() => ssl.useIdentityOf(other)).toThrow(misuse)
    expect(() => ssl.setSslCtx(other)).toThrow(misuse)
    expect(() => ssl.setBio(pairs[1].internal)).toThrow(misuse)
    expect(() => ssl.setBio(pairs[0].internal, pairs[1].internal)).toThrow(misuse)
    expect(() => ssl.setBio(pairs[1].internal, pairs[0].internal)).toThrow(misuse)
    expect(() => ssl.setBio(bio)).toThrow(ApiMisuseError)
    ssl.setBio(pairs[0].internal)
    for (const object of [ssl, ctx, store, own, other, ...pairs, bio]) object.free()
  })

  it('do not share memory, handles or errors', async () => {
    const [a, b] = [await load(), await load()]
    const before = b.allocatedBytes
    const link = new Link(a).established()
    expect(b.allocatedBytes).toBe(before)
    expect(b.handles.SSL.size).toBe(0)
    link.free()
  })

  it('talk to each other over the bytes alone', async () => {
    const elsewhere = await load()
    const [here, there] = [new Link(lib), new Link(elsewhere)]
    const carry = () => {
      for (const [from, to] of [[here.client, there.server], [there.server, here.client]] as const) {
        const bytes = from.takeAll()
        if (bytes.byteLength > 0) to.give(bytes)
      }
    }
    const results = () => { const r = [here.client.handshake().ret]; carry(); r.push(there.server.handshake().ret); carry(); return r }
    while (results().join() !== '1,1');
    expect(here.client.ssl.getVersion()).toBe('TLSv1.3')
    here.free()
    there.free()
  })
})
