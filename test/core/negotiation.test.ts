// What the two sides agree on, and how they part when they do not: versions, suites, groups, ALPN.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  fatalError, load, PeerError, SSL_ERROR_SSL, TLS1_2_VERSION, TLS1_3_VERSION, type LibSsl, type SslCtx,
} from '../../src/core.js'
import { Link, text, utf8, VERSIONS, type LinkOptions } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const configure = (body: (ctx: SslCtx) => void) => ({ configure: body })

/** Runs a handshake that must fail; both sides' errors. */
function refused(options: LinkOptions) {
  const link = new Link(lib, options)
  const { client, server } = link.handshake()
  expect([client, server]).toEqual([{ ret: -1, error: SSL_ERROR_SSL }, { ret: -1, error: SSL_ERROR_SSL }])
  const errors = { client: fatalError(link.client.ssl, client), server: fatalError(link.server.ssl, server) }
  expect(errors.client).toBeInstanceOf(PeerError)
  expect(errors.server).toBeInstanceOf(PeerError)
  link.free()
  return errors
}

function agreed<T>(options: LinkOptions, what: (link: Link) => T): T {
  const link = new Link(lib, options).established()
  expect(text(link.send('client', utf8('hello')))).toBe('hello')
  const result = what(link)
  link.free()
  return result
}

describe('SSL_get_version(3)', () => {
  it('is TLSv1.3 by default', () => {
    expect(agreed({}, ({ client, server }) => [client.ssl.getVersion(), server.ssl.getVersion()])).toEqual(['TLSv1.3', 'TLSv1.3'])
  })

  it.each([
    ['client', { client: configure((ctx) => ctx.setMaxProtoVersion(TLS1_2_VERSION)) }],
    ['server', { server: configure((ctx) => ctx.setMaxProtoVersion(TLS1_2_VERSION)) }],
  ])('is TLSv1.2 if the %s knows no better', (_, options) => {
    expect(agreed(options, ({ client, server }) => [client.ssl.getVersion(), server.ssl.getVersion()])).toEqual(['TLSv1.2', 'TLSv1.2'])
  })

  it.each([
    ['client',
      { client: configure((ctx) => ctx.setMinProtoVersion(TLS1_3_VERSION)),
      server: configure((ctx) => ctx.setMaxProtoVersion(TLS1_2_VERSION)) }],
    ['server',
      { server: configure((ctx) => ctx.setMinProtoVersion(TLS1_3_VERSION)),
      client: configure((ctx) => ctx.setMaxProtoVersion(TLS1_2_VERSION)) }],
  ])('cannot be agreed on if the %s insists on TLSv1.3 and the other side has not got it: protocol_version', (_, options) => {
    const { client, server } = refused(options)
    expect(server).toMatchObject({ alert: { from: 'us', level: 'fatal', description: 70 } })
    expect(client).toMatchObject({
      code: expect.stringMatching(/^ERR_SSL_(TLSV1|TLS)_ALERT_PROTOCOL_VERSION$/) as unknown, alert: { from: 'peer', description: 70 },
    })
  })
})

describe('SSL_CTX_set_ciphersuites(3)', () => {
  it.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])('makes it %s', (suite) => {
    expect(agreed({ version: 'TLSv1.3', client: configure((ctx) => ctx.setCiphersuites(suite)) }, ({ client, server }) =>
      [client.ssl.getCipherStandardName(), server.ssl.getCipherStandardName(), client.ssl.getCipher()])).toEqual([suite, suite, suite])
  })

  it('ends in handshake_failure if the two have none in common', () => {
    const { client, server } = refused({
      version: 'TLSv1.3',
      client: configure((ctx) => ctx.setCiphersuites('TLS_AES_128_GCM_SHA256')),
      server: configure((ctx) => ctx.setCiphersuites('TLS_CHACHA20_POLY1305_SHA256')),
    })
    expect(server).toMatchObject({ code: 'ERR_SSL_NO_SHARED_CIPHER', alert: { from: 'us', description: 40 } })
    expect(client).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 40 } })
  })
})

describe('SSL_CTX_set_cipher_list(3)', () => {
  it.each([
    ['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
    ['ECDHE-ECDSA-CHACHA20-POLY1305', 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'],
  ])('makes it %s', (name, standardName) => {
    expect(agreed({ version: 'TLSv1.2', client: configure((ctx) => ctx.setCipherList(name)) }, ({ client, server }) =>
      [client.ssl.getCipher(), server.ssl.getCipherStandardName()])).toEqual([name, standardName])
  })

  it('ends in handshake_failure if the two have none in common', () => {
    const { client, server } = refused({
      version: 'TLSv1.2',
      client: configure((ctx) => ctx.setCipherList('ECDHE-ECDSA-AES128-GCM-SHA256')),
      server: configure((ctx) => ctx.setCipherList('ECDHE-RSA-AES128-GCM-SHA256')),
    })
    expect(server).toMatchObject({ code: 'ERR_SSL_NO_SHARED_CIPHER', alert: { from: 'us', description: 40 } })
    expect(client).toMatchObject({ alert: { from: 'peer', description: 40 } })
  })
})

describe('SSL_CTX_set1_groups_list(3)', () => {
  it('is X25519MLKEM768 by default under TLS 1.3', () => {
    expect(agreed({ version: 'TLSv1.3' }, ({ client, server }) => [client.ssl.get0GroupName(), server.ssl.get0GroupName()]))
      .toEqual(['X25519MLKEM768', 'X25519MLKEM768'])
  })

  it.each(['X25519', 'secp256r1', 'secp384r1', 'X448', 'SecP256r1MLKEM768'])('makes it %s under TLS 1.3', (group) => {
    expect(
      agreed(
        { version: 'TLSv1.3', client: configure((ctx) => ctx.set1GroupsList(group)) }, ({ client }) => client.ssl.get0GroupName(),
      )?.toLowerCase(),
    )
      .toBe(group.toLowerCase())
  })

  it.each(['X25519', 'X25519MLKEM768'])('makes it %s ten times in a new instance, whose first keys are made otherwise', async (group) => {
    lib = await load()
    const groups = configure((ctx) => ctx.set1GroupsList(group))
    const names = Array.from({ length: 10 }, () => agreed({ client: groups, server: groups }, ({ client }) => client.ssl.get0GroupName()))
    expect(names.map((name) => name?.toLowerCase())).toEqual(Array(10).fill(group.toLowerCase()))
  })

  it.each(['secp256r1', 'secp384r1:secp256r1', 'X25519:secp256r1'])('makes it the first of %s under TLS 1.2', (groups) => {
    expect(agreed({
      version: 'TLSv1.2', client: configure((ctx) => ctx.set1GroupsList(groups)), server: configure((ctx) => ctx.set1GroupsList(groups)),
    },
      ({ client }) => client.ssl.get0GroupName())?.toLowerCase()).toBe(groups.split(':')[0]!.toLowerCase())
  })

  it('on the server causes a HelloRetryRequest, after which the handshake goes on', () => {
    const hellos: Uint8Array[] = []
    const flights: Uint8Array[] = []
    const group = agreed({
      version: 'TLSv1.3', server: configure((ctx) => ctx.set1GroupsList('secp384r1')),
      tap: (from, bytes) => { (from === 'client' ? hellos : flights).push(bytes) },
    }, ({ client }) => client.ssl.get0GroupName())
    expect(group).toBe('secp384r1')
    // RFC 8446 §4.1.3: a ServerHello with this for its random is a HelloRetryRequest.
    const random = Buffer.from('CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C', 'hex')
    expect(Buffer.from(flights[0]!).indexOf(random)).toBe(11)
    expect(hellos[0]![5]).toBe(1) // a ClientHello …
    expect(Buffer.concat(hellos.slice(1)).indexOf(Uint8Array.of(22, 3, 3))).toBeGreaterThanOrEqual(0) // … and one more
  })

  it.each(VERSIONS)('ends in handshake_failure if the two have none in common, %s', (version) => {
    const { client, server } = refused({
      version, client: configure((ctx) => ctx.set1GroupsList('secp256r1')), server: configure((ctx) => ctx.set1GroupsList('secp521r1')),
    })
    expect(server).toMatchObject({ alert: { from: 'us', description: 40 } })
    expect(client).toMatchObject({ alert: { from: 'peer', description: 40 } })
  })
})

describe.each(VERSIONS)('%s: SSL_get0_alpn_selected(3)', (version) => {
  const offer = (...names: string[]) => configure((ctx) => ctx.setAlpnProtos(names))
  const accept = (...names: string[]) => configure((ctx) => ctx.setAlpnSelectProtos(names))
  const selected = (options: LinkOptions) =>
    agreed({ version, ...options }, ({ client, server }) => [client.ssl.get0AlpnSelected(), server.ssl.get0AlpnSelected()])

  it('is the first of the server\'s that the client offers', () => {
    expect(selected({ client: offer('http/1.1', 'h2'), server: accept('h2', 'http/1.1') })).toEqual(['h2', 'h2'])
    expect(selected({ client: offer('x', 'grüße'), server: accept('grüße') })).toEqual(['grüße', 'grüße'])
    expect(selected({ client: offer('h2', '\ufeffh2'), server: accept('\ufeffh2') })).toEqual(['\ufeffh2', '\ufeffh2'])
    const long = 'l'.repeat(255)
    expect(selected({ client: offer(long), server: accept('other', long) })).toEqual([long, long])
  })

  it.each<[string, LinkOptions]>([
    ['neither side speaks of it', {}],
    ['only the client speaks of it', { client: offer('h2') }],
    ['only the server speaks of it', { server: accept('h2') }],
  ])('is nothing if %s', (_, options) => {
    expect(selected(options)).toEqual([undefined, undefined])
  })

  it('does not come to be if the two have none in common: no_application_protocol', () => {
    const { client, server } = refused({ version, client: offer('h2', 'http/1.1'), server: accept('imap', 'h') })
    expect(server).toMatchObject({ code: 'ERR_SSL_NO_APPLICATION_PROTOCOL', alert: { from: 'us', level: 'fatal', description: 120 } })
    expect(client).toMatchObject({ alert: { from: 'peer', level: 'fatal', description: 120 } })
  })

  it('follows the last list that a context was given, also for connections that were made before', () => {
    const link = new Link(lib, { version, client: offer('h2'), server: accept('imap') })
    for (let i = 0; i < 10; i++) link.server.ctx.setAlpnSelectProtos(['x', 'h2'])
    link.established()
    expect(link.client.ssl.get0AlpnSelected()).toBe('h2')
    link.free()
  })
})

describe.each(VERSIONS)('%s: SSL_get_servername(3)', (version) => {
  it('is the name that the client asked for', () => {
    const named = { prepare: (ssl: { setTlsextHostName(name: string): void }) => { ssl.setTlsextHostName('www.example.org') } }
    expect(agreed({ version, client: named }, ({ server }) => server.ssl.getServername())).toBe('www.example.org')
    expect(agreed({ version }, ({ server }) => server.ssl.getServername())).toBeUndefined()
  })

  it('is refused with a NUL in it', () => {
    const link = new Link(lib, { version })
    for (const call of [
      () => link.client.ssl.setTlsextHostName('a\0b'), () => link.client.ssl.set1Dnsname('a\0b'),
      () => link.client.ssl.set1Ipaddr('1.1.1.1\0'),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT' }))
    }
    expect(() => link.client.ssl.setTlsextHostName('a'.repeat(256)))
      .toThrow(expect.objectContaining({ code: 'ERR_SSL_TLS_EXT_INVALID_SERVERNAME' }))
    link.free()
  })
})

describe('SSL_session_reused(3)', () => {
  it.each(VERSIONS)('is false in a first handshake, %s', (version) => {
    expect(agreed({ version }, ({ client, server }) => [client.ssl.sessionReused(), server.ssl.sessionReused()])).toEqual([false, false])
  })
})
