// What a server sees of a ClientHello before it answers, and what it may then still change.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseAlpn, parseNumbers } from '../../src/core/client-hello.js'
import {
  fatalError, load, RefusalError, SSL_ERROR_WANT_CLIENT_HELLO_CB, type ClientHello, type LibSsl, type SslCtx,
} from '../../src/core.js'
import { authority, RSA } from '../helpers/certificates.js'
import { leaks, Link, makeCtx, VERSIONS, type LinkOptions } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const elsewhere = authority.leaf({ name: 'elsewhere', san: 'DNS:localhost,DNS:elsewhere', newkey: RSA })

/** A link whose client asks for `localhost`, and whose server's callback is `look`. */
function link(version: LinkOptions['version'], look: (link: Link) => 1 | 0 | -1, client: NonNullable<LinkOptions['client']> = {}): Link {
  const one: Link = new Link(lib, {
    ...(version && { version }),
    client: { ...client, prepare: (ssl) => ssl.setTlsextHostName('localhost') },
    server: { prepare: (ssl) => ssl.setClientHelloCb(() => look(one)) },
  })
  return one
}

describe.each(VERSIONS)('SSL_CTX_set_client_hello_cb(3), %s', (version) => {
  it('sees what the client says, and only while it is asked', () => {
    let hello!: ClientHello
    const configure = (ctx: SslCtx) => {
      ctx.setAlpnProtos(['h2', 'http/1.1'])
      ctx.set1GroupsList('X25519:secp256r1')
      ctx.setCiphersuites('TLS_AES_128_GCM_SHA256')
      ctx.setCipherList('ECDHE-ECDSA-AES256-GCM-SHA384')
    }
    const one = link(version, ({ server }) => { hello = server.ssl.getClientHello(); return 1 }, { configure })
    const outside = expect.objectContaining({ code: 'ERR_TLS_INVALID_STATE' })
    expect(() => one.server.ssl.getClientHello()).toThrow(outside)
    one.established()
    expect(() => one.server.ssl.getClientHello()).toThrow(outside)
    expect(hello).toMatchObject({ servername: 'localhost', alpnProtocols: ['h2', 'http/1.1'], versions: [version] })
    expect(hello.groups).toEqual(['x25519', 'secp256r1'])
    expect(hello.ciphersuites[0]).toBe(version === 'TLSv1.3' ? 'TLS_AES_128_GCM_SHA256' : 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384')
    expect(hello.signatureAlgorithms).toContain('ecdsa_secp256r1_sha256')
    expect(hello.signatureAlgorithms.filter((name) => typeof name === 'number')).toEqual([])
    one.free()
  })

  it('suspends the handshake, and changes the context', () => {
    const ctx = makeCtx(lib, 'server', { version, identity: elsewhere })
    expect(leaks(lib, 5, () => {
      let asked = 0
      const one = link(version, ({ server }) => {
        if (asked++ === 0) return -1
        server.ssl.setSslCtx(ctx)
        return 1
      })
      one.client.handshake()
      one.carry()
      expect(one.server.handshake()).toEqual({ ret: -1, error: SSL_ERROR_WANT_CLIENT_HELLO_CB })
      one.established()
      expect(one.client.ssl.getPeerCertificate()?.subject).toBe('CN=elsewhere')
      one.free()
    })).toBe(false)
    ctx.free()
  })

  it.each(
    [['unrecognized_name', 112], ['access_denied', 49], ['no_application_protocol', 120]] as const,
  )('refuses with the alert %s', (name, description) => {
    const refusal = new RefusalError(name)
    const one = link(version, () => { throw refusal })
    one.client.handshake()
    one.carry()
    expect(() => one.server.handshake()).toThrow(refusal)
    one.carry()
    expect(fatalError(one.client.ssl, one.client.handshake())).toMatchObject({ alert: { from: 'peer', level: 'fatal', description } })
    one.free()
  })

  it('refuses with the alert internal_error when something else is thrown, or the answer is no', () => {
    for (const look of [() => { throw new TypeError() }, () => 0 as const]) {
      const one = link(version, look)
      one.client.handshake()
      one.carry()
      try { one.server.handshake() } catch (error) { expect(error).toBeInstanceOf(TypeError) }
      one.carry()
      expect(fatalError(one.client.ssl, one.client.handshake())).toMatchObject({ alert: { from: 'peer', description: 80 } })
      one.free()
    }
  })

  it('logs secrets after the context has changed, too', () => {
    const ctx = makeCtx(lib, 'server', { version })
    const lines: string[] = []
    const one = link(version, ({ server }) => { server.ssl.setSslCtx(ctx); return 1 })
    one.server.ssl.setKeylogCallback((line) => lines.push(line))
    one.established()
    expect(lines.length).toBeGreaterThan(0)
    one.free()
    ctx.free()
  })
})

describe.each(VERSIONS)('SSL_CTX_set_alpn_select_cb(3), %s', (version) => {
  const offer = (
    prepare: (ssl: Link['server']['ssl']) => void, protocols: readonly string[] = ['one', 'two', 'three'],
    configure?: (ctx: SslCtx) => void,
  ) => new Link(lib, {
    version, client: { configure: (ctx) => ctx.setAlpnProtos(protocols), prepare: (ssl) => ssl.setTlsextHostName('localhost') },
    server: { prepare, ...(configure && { configure }) },
  })

  it('chooses, knowing the name that was asked for, and is preferred to a list', () => {
    const seen: unknown[] = []
    const one = offer(
      (ssl) => ssl.setAlpnSelectCb((offered) => { seen.push(offered, ssl.getServername()); return 'two' }), undefined,
      (ctx) => ctx.setAlpnSelectProtos(['one']),
    ).established()
    expect(seen).toEqual([['one', 'two', 'three'], 'localhost'])
    for (const side of [one.client, one.server]) expect(side.ssl.get0AlpnSelected()).toBe('two')
    one.free()
  })

  it('gives way to the list once it is taken away', () => {
    const one = offer(
      (ssl) => { ssl.setAlpnSelectCb(() => 'two'); ssl.setAlpnSelectCb(undefined) }, undefined, (ctx) => ctx.setAlpnSelectProtos(['three']),
    ).established()
    expect(one.client.ssl.get0AlpnSelected()).toBe('three')
    one.free()
  })

  it.each([
    ['refuses', () => undefined, undefined], ['throws', () => { throw new RangeError() }, RangeError], ['invents one', () => 'four', Error],
    ['promises', () => Promise.resolve('one') as never, Error],
  ])('ends with the alert no_application_protocol when it %s', (_, choose, type) => {
    expect(leaks(lib, 5, () => {
      const one = offer((ssl) => ssl.setAlpnSelectCb(choose))
      one.client.handshake()
      one.carry()
      if (type) expect(() => one.server.handshake()).toThrow(type)
      else one.server.handshake()
      one.carry()
      expect(fatalError(one.client.ssl, one.client.handshake()))
        .toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 120 } })
      one.free()
    })).toBe(false)
  })
})

describe('what stands in extensions', () => {
  const list = (...bytes: number[]) => Uint8Array.of(bytes.length >> 8, bytes.length & 0xff, ...bytes)

  it('is read', () => {
    expect(parseAlpn(list(2, 104, 50, 1, 120))).toEqual(['h2', 'x'])
    expect(parseNumbers(Uint8Array.of(4, 3, 4, 0x1a, 0x1a), 1)).toEqual([0x0304, 0x1a1a])
    expect(parseNumbers(list(0, 29), 2)).toEqual([29])
    expect(parseNumbers(Uint8Array.of(0x13, 1), 0)).toEqual([0x1301])
    expect([parseAlpn(undefined), parseNumbers(undefined, 2)]).toEqual([[], []])
  })

  it('is nothing if it was cut at any byte, or has one too many', () => {
    const [protocols, numbers] = [list(2, 104, 50, 1, 120), list(0, 29, 0, 23)]
    for (let cut = 0; cut < protocols.length; cut++) expect(parseAlpn(protocols.slice(0, cut))).toEqual([])
    for (let cut = 0; cut < numbers.length; cut++) expect(parseNumbers(numbers.slice(0, cut), 2)).toEqual([])
    expect([parseAlpn(Uint8Array.of(...protocols, 0)), parseNumbers(Uint8Array.of(...numbers, 0), 2)]).toEqual([[], []])
  })

  it('throws nothing, whatever it is', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(0 as const, 1 as const, 2 as const), (bytes, lengthBytes) => {
      expect(parseAlpn(bytes).every((text) => text.length > 0)).toBe(true)
      expect(parseNumbers(bytes, lengthBytes).every((id) => id >= 0 && id <= 0xffff)).toBe(true)
      // With a length that fits, what follows is looked at.
      parseAlpn(list(...bytes))
    }), { numRuns: 1000 })
  })
})
