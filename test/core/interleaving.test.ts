// Many connections in one instance: interleaved, one within the other, and while memory grows beneath them.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  BioCallback, BioPair, CertificateError, fatalError, load, PeerError, SSL_ERROR_SSL, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE,
  Ssl, SslCtx, type BioAnswer, type IoResult, type LibSsl,
} from '../../src/core.js'
import { CallbackLink, isWish, Link, makeCtx, settle, text, utf8, VERSIONS } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const buffer = new Uint8Array(20_000)

describe.each(VERSIONS)('%s: many connections in one instance', (version) => {
  it('do not disturb each other, however their calls are mixed', () => {
    fc.assert(fc.property(fc.array(
      fc.tuple(fc.nat({ max: 11 }), fc.constantFrom('client', 'server', 'there', 'back')), { minLength: 50, maxLength: 300 },
    ), (steps) => {
      const links = Array.from(
        { length: 12 }, (_, index) => new Link(lib, { version, client: { prepare: (ssl) => { ssl.setTlsextHostName(`host-${index}`) } } }),
      )
      for (const [index, step] of steps) {
        const link = links[index]!
        if (step === 'there') link.move('client')
        else if (step === 'back') link.move('server')
        else link[step].handshake()
      }
      links.forEach((link, index) => {
        link.established()
        expect(link.server.ssl.getServername()).toBe(`host-${index}`)
      })
      // Now all write before any reads.
      links.forEach((link, index) => { link.client.ssl.write(utf8(`message of ${index}`)); link.carry() })
      links.forEach((link, index) => {
        const { ret } = link.server.ssl.read(buffer)
        expect(text(buffer.subarray(0, ret))).toBe(`message of ${index}`)
        link.free()
      })
    }), { numRuns: 5 })
  })

  it('keep their errors apart: a failure of one never shows in another', () => {
    const good = new Link(lib, { version }).established()
    const wrongName = new Link(lib, { version, dnsname: 'elsewhere.example' })
    const garbage = new Link(lib, { version })
    const results = wrongName.handshake()
    garbage.client.handshake()
    garbage.client.give(utf8('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const noTls = garbage.client.handshake()
    // In between: a working connection, and setters that are refused.
    expect(text(good.send('client', utf8('fine')))).toBe('fine')
    expect(good.client.ssl.read(buffer)).toEqual({ ret: -1, error: SSL_ERROR_WANT_READ })
    const ctx = new SslCtx(lib, 'TLS_client_method')
    expect(() => ctx.setCipherList('nonsense')).toThrow(expect.objectContaining({ code: 'ERR_SSL_NO_CIPHER_MATCH' }))
    expect(() => ctx.setMinProtoVersion(1)).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    ctx.free()
    // Asked late and in another order, each still knows its own.
    expect(fatalError(garbage.client.ssl, noTls)).toBeInstanceOf(PeerError)
    expect(fatalError(wrongName.client.ssl, results.client)).toBeInstanceOf(CertificateError)
    expect(
      fatalError(garbage.client.ssl, noTls).opensslErrorStack.map(({ code }) => code),
    ).not.toContain('ERR_SSL_CERTIFICATE_VERIFY_FAILED')
    for (const link of [good, wrongName, garbage]) link.free()
  })

  it('keep a refused setter\'s error apart from a connection that failed before', () => {
    const garbage = new Link(lib, { version })
    garbage.client.handshake()
    garbage.client.give(utf8('HTTP/1.1 400 Bad Request\r\n\r\n'))
    garbage.client.handshake()
    const ctx = new SslCtx(lib, 'TLS_server_method')
    // OpenSSL raises no error for these two; an old one must not stand in for it.
    for (const refused of [() => ctx.setMinProtoVersion(1), () => ctx.setMaxProtoVersion(1)]) {
      expect(refused).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT', opensslErrorStack: [] }))
    }
    ctx.free()
    garbage.free()
  })
})

/**
 * TLS within TLS: `inner` is a client whose bytes are the plaintext of `carrier`'s client; a server at the other end
 * of the carrier unpacks them. All in callbacks: each byte of the inner connection re-enters OpenSSL.
 */
function tunnel(carrier: Link, inner: { client: Ssl; server: Ssl }): BioCallback[] {
  const over = (ssl: Ssl): BioCallback => new BioCallback(lib, {
    read: (target): BioAnswer => {
      carrier.carry()
      const result = ssl.read(target)
      if (result.ret > 0) return result.ret
      if (result.error === SSL_ERROR_WANT_READ) return 'would block'
      return 0
    },
    write: (bytes): BioAnswer => {
      carrier.carry()
      const result = ssl.write(bytes)
      if (result.ret > 0) return result.ret
      return result.error === SSL_ERROR_WANT_WRITE ? 'would block' : 0
    },
  })
  const bios = [over(carrier.client.ssl), over(carrier.server.ssl)]
  inner.client.setBio(bios[0]!)
  inner.server.setBio(bios[1]!)
  return bios
}

describe.each(VERSIONS)('%s: TLS in TLS through callbacks of one instance', (version) => {
  function both(dnsname = 'localhost', internalBytes = 0) {
    const carrier = new Link(lib, { version, client: { internalBytes }, server: { internalBytes } }).established()
    const ctxs = [makeCtx(lib, 'client', { version }), makeCtx(lib, 'server', { version })] as const
    const inner = { client: new Ssl(ctxs[0]), server: new Ssl(ctxs[1]) }
    inner.client.set1Dnsname(dnsname)
    const bios = tunnel(carrier, inner)
    const handshake = () => {
      for (let turn = 0; ; turn++) {
        if (turn > 10_000) throw new Error('the handshake within makes no progress')
        const results = { client: settle(inner.client, inner.client.connect()), server: settle(inner.server, inner.server.accept()) }
        if (!isWish(results.client) && !isWish(results.server)) return results
      }
    }
    const free = () => { for (const object of [inner.client, inner.server, ...bios, ...ctxs, carrier]) object.free() }
    return { carrier, inner, handshake, free }
  }

  it('carries the inner connection', () => {
    const { inner, handshake, free } = both('localhost', 300)
    expect(handshake()).toMatchObject({ client: { ret: 1 }, server: { ret: 1 } })
    const message = Uint8Array.from({ length: 5_000 }, (_, index) => index % 253)
    const received: number[] = []
    for (let sent = 0, turn = 0; received.length < message.length; turn++) {
      expect(turn).toBeLessThan(10_000)
      if (sent < message.length) sent += Math.max(0, inner.client.write(message).ret)
      const { ret } = inner.server.read(buffer)
      if (ret > 0) received.push(...buffer.subarray(0, ret))
    }
    expect(Uint8Array.from(received)).toEqual(message)
    free()
  })

  it('repeats a write of the carrier from wherever its bytes lie', () => {
    const { carrier, inner, handshake, free } = both()
    handshake()
    const small = new Link(lib, { version, client: { internalBytes: 300 } }).established()
    const message = new Uint8Array(5_000)
    const results: IoResult[] = []
    const held: BioPair[] = []
    // In the middle of another connection's write, so not from the instance's own buffer.
    const bio = new BioCallback(lib, { read: () => 'would block', write: () => {
      results.push(small.client.ssl.write(message))
      small.carry()
      held.push(new BioPair(lib, 5_000, 5_000)) // lies where the bytes lay
      return 'would block'
    } })
    inner.client.setBio(bio)
    while (results.at(-1)?.ret !== 5_000 && results.length < 100) inner.client.write(utf8('anything'))
    expect(results.slice(0, -1).every(({ error }) => error === SSL_ERROR_WANT_WRITE)).toBe(true)
    expect(results.at(-1)).toEqual({ ret: 5_000, error: 0 })
    for (const object of [small, bio, ...held]) object.free()
    free()
    expect(carrier.client.ssl.alive).toBe(false)
  })

  it('keeps the reason of the inner connection\'s failure, although its alert re-enters OpenSSL', () => {
    const { carrier, inner, handshake, free } = both('elsewhere.example')
    const results = handshake()
    expect(results.client).toEqual({ ret: -1, error: SSL_ERROR_SSL })
    const error = fatalError(inner.client, results.client)
    expect(error).toBeInstanceOf(CertificateError)
    expect(error.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(fatalError(inner.server, results.server)).toMatchObject({ alert: { from: 'peer' } })
    expect(text(carrier.send('client', utf8('the carrier is fine')))).toBe('the carrier is fine')
    free()
  })

  it('keeps the carrier\'s errors out of the inner connection\'s', () => {
    const { carrier, inner, free } = both()
    inner.client.connect()
    carrier.carry()
    carrier.client.give(utf8('this is no TLS record at all'))
    const result = inner.client.connect()
    const error = fatalError(inner.client, result)
    // For the inner connection its stream ended; why, is the carrier's to tell.
    expect(error.code).toBe('ERR_TLS_UNEXPECTED_EOF')
    expect(error.opensslErrorStack.map(({ code }) => code)).toEqual(['ERR_SSL_UNEXPECTED_EOF_WHILE_READING'])
    expect(fatalError(carrier.client.ssl, { ret: -1, error: carrier.client.ssl.getError() })).toBeInstanceOf(PeerError)
    free()
  })
})

describe.each(VERSIONS)('%s: callbacks that make connections of their own', (version) => {
  it.each(['setCertCb', 'setClientHelloCb', 'setVerifyCb'] as const)('run whole handshakes in what %s set', (setter) => {
    const outcomes: string[] = []
    const side = setter === 'setVerifyCb' ? 'client' : 'server'
    const link = new Link(lib, { version, [side]: { prepare: (ssl: Ssl) => {
      ssl[setter](() => {
        const good = new Link(lib, { version }).established()
        const bad = new Link(lib, { version, ca: null })
        const { client } = bad.handshake()
        outcomes.push(text(good.send('server', utf8('inside'))), fatalError(bad.client.ssl, client).code)
        good.free()
        bad.free()
        return 1
      })
    } } }).established()
    expect(outcomes.slice(0, 2)).toEqual(['inside', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'])
    expect(text(link.send('client', utf8('outside')))).toBe('outside')
    link.free()
  })
})

describe.each(VERSIONS)('%s: memory that grows in the middle of a call', (version) => {
  it.each(['read', 'write'] as const)('leaves data right, when a BIO\'s %s makes it grow', async (which) => {
    const own = await load() // its memory is still small
    const link = new CallbackLink(own, { version })
    const pairs: BioPair[] = []
    let growths = 0
    const grow = () => {
      if (pairs.length >= 12) return
      const before = own.memoryBytes
      pairs.push(new BioPair(own, 8 << 20, 1 << 20))
      if (own.memoryBytes > before) growths++
    }
    const bio = new BioCallback(own, {
      read: (target) => {
        if (which === 'read') grow()
        const answer = link.toClient.read(target)
        if (which === 'read') grow()
        return answer
      },
      write: (bytes) => {
        if (which === 'write') grow()
        const answer = link.toServer.write(bytes)
        if (which === 'write') grow()
        return answer
      },
    })
    const { ssl } = link.client
    ssl.setBio(bio)
    for (let result = ssl.connect(); isWish(result); result = ssl.connect()) settle(link.server.ssl, link.server.ssl.accept())
    pairs.splice(0).forEach((pair) => pair.free())
    const during = growths
    // Reading and writing data, with the bytes held by a scratch buffer of the instance.
    const holes = [...pairs]
    for (let round = 0; round < 5; round++) {
      const message = Uint8Array.from({ length: 12_000 }, (_, index) => (index * 7 + round) % 251)
      for (let i = 0; i <= round * 3; i++) holes.push(new BioPair(own, 8 << 20))
      expect(ssl.write(message).ret).toBe(12_000)
      expect(link.server.ssl.read(buffer).ret).toBe(12_000)
      expect(buffer.subarray(0, 12_000)).toEqual(message)
      expect(link.server.ssl.write(message).ret).toBe(12_000)
      const target = new Uint8Array(12_000)
      expect(ssl.read(target).ret).toBe(12_000)
      expect(target).toEqual(message)
    }
    expect(during).toBeGreaterThan(0)
    expect(own.memoryBytes).toBeGreaterThan(64 << 20)
    for (const pair of [...pairs, ...holes]) pair.free()
    link.free()
    bio.free()
  })

  it('leaves data right, when a certificate callback makes it grow', async () => {
    const own = await load()
    let grown = 0
    const pairs: BioPair[] = []
    const grow = () => {
      const before = own.memoryBytes
      pairs.push(new BioPair(own, 16 << 20))
      grown += own.memoryBytes - before
      return 1 as const
    }
    const link = new Link(own, {
      version,
      client: { prepare: (ssl) => { ssl.setVerifyCb((ok) => { grow(); return ok ? 1 : 0 }) } },
      server: { prepare: (ssl) => { ssl.setCertCb(grow); ssl.setClientHelloCb(grow) } },
    }).established()
    expect(grown).toBeGreaterThan(16 << 20)
    expect(link.client.ssl.getPeerCertificate()?.subject).toBe('CN=localhost')
    expect(text(link.send('server', utf8('all is well')))).toBe('all is well')
    link.free()
    pairs.forEach((pair) => pair.free())
  })
})

describe('ERR_TLS_WASM_ABORT', () => {
  it('is not thrown for what a callback throws, even if that is a WebAssembly.RuntimeError', async () => {
    const own = await load()
    const thrown = new WebAssembly.RuntimeError('another module\'s')
    const link = new CallbackLink(own)
    const bio = new BioCallback(own, { read: () => { throw thrown }, write: (bytes) => bytes.byteLength })
    link.client.ssl.setBio(bio)
    expect((() => { try { return link.client.ssl.connect() } catch (error) { return error } })()).toBe(thrown)
    expect(new Link(own).established().client.ssl.isInitFinished()).toBe(true)
  })
})

describe('One context', () => {
  it('serves many connections at once', () => {
    const clientCtx = makeCtx(lib, 'client')
    const serverCtx = makeCtx(lib, 'server')
    const links = Array.from({ length: 30 }, () => new Link(lib, { client: { ctx: clientCtx }, server: { ctx: serverCtx } }))
    for (const link of links) link.established()
    links.forEach((link, index) => { expect(text(link.send('client', utf8(`${index}`)))).toBe(`${index}`) })
    for (const link of links) link.free()
    clientCtx.free()
    serverCtx.free()
  })
})
