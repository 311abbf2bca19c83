// The names of a certificate: which of them hold for the one that was asked for, and what an error says if none does.

import { beforeAll, describe, expect, it } from 'vitest'
import { load, type CertificateError, type ConnectOptions, type LibSsl, type VerifyContext } from '../../src/index.js'
import { authority, temporaryAuthority, type KeyPair } from '../helpers/certificates.js'
import { closeBoth, opened, peers, rejection, VERSIONS, type PeersOptions } from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

/** A subjectAltName of dNSNames that openssl's own words could not say. */
function dnsNames(...names: readonly string[]): string {
  const tagged = (tag: number, content: Buffer) =>
    Buffer.concat([
      content.length < 128 ? Buffer.of(tag, content.length) : Buffer.of(tag, 0x82, content.length >> 8, content.length & 0xff), content,
    ])
  return `DER:${tagged(0x30, Buffer.concat(names.map((name) => tagged(0x82, Buffer.from(name))))).toString('hex')}`
}

const made = new Map<string, KeyPair>()
/** A certificate with this subjectAltName, made once. */
function holding(san: string): KeyPair {
  const identity = made.get(san) ?? authority.leaf({ san })
  made.set(san, identity)
  return identity
}

const options = (client: Partial<ConnectOptions>, { cert, key }: KeyPair): PeersOptions => ({
  client: { libssl, ...client }, server: { libssl, cert, key },
})

describe.each(VERSIONS)('a wildcard and a host with an underscore, %s', (version) => {
  it.each([
    ['a_b.corp.test', 'DNS:*.corp.test'], ['_a.corp.test', 'DNS:*.corp.test'], ['A_B.Corp.test.', 'DNS:*.cORP.test'],
    ['a_b.corp.test', 'DNS:elsewhere.test,DNS:*.corp.test'], ['a.b_c.test', 'DNS:*.b_c.test'], ['a_b.corp.test', 'DNS:a_b.corp.test'],
  ])('accepts %s for %s', async (servername, san) => {
    for (const client of [{ servername }, { servername: 'localhost', acceptedNames: ['elsewhere.example', servername] }]) {
      const both = await opened({ version, ...options(client, holding(san)) })
      expect(await both.client.opened).toMatchObject({ verifyResult: 'X509_V_OK' })
      await closeBoth(both)
    }
  })

  it.each([
    // no whole label, not the leftmost one, not one label, a top-level domain
    ['a_b.corp.test', 'DNS:a*.corp.test'], ['a_b.corp.test', 'DNS:*b.corp.test'], ['a_b.corp.test', 'DNS:a_*.corp.test'],
    ['a_b.corp.test', 'DNS:*.*.test'], ['a_b.corp.test', 'DNS:a_b.*.test'], ['a_b.x.corp.test', 'DNS:*.corp.test'],
    ['x.a_b.corp.test', 'DNS:*.corp.test'], ['corp_a.test', 'DNS:*.test'], ['a_b.corp.test', 'DNS:*.test'], ['a_b.corp.test', 'DNS:*'],
    ['a_b.corp.test', 'DNS:**.corp.test'],
    // another name, or none
    ['a_b.corp.test', 'DNS:*.corp.example'], ['a_b.corp.test', 'DNS:corp.test'], ['a_b.corp.test', 'DNS:.corp.test'],
    ['a_b.corp.test', 'DNS:*.corp.test.'], ['a_b.corp.test', dnsNames('*.corp.test\0')],
    ['a_b.corp.test', dnsNames('*.corp.test\0.evil.test')], ['a_b.corp.test', 'URI:*.corp.test'],
  ])('refuses %s for %j', async (servername, san) => {
    const both = peers({ version, ...options({ servername }, holding(san)) })
    expect(await rejection(both.client.opened)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', verifyCode: 62, depth: 0 })
    await rejection(both.server.opened)
  })

  it('refuses one in the subject alone', async () => {
    const both = peers({ version, ...options({ servername: 'a_b.corp.test' }, authority.leaf({ name: '*.corp.test', san: '' })) })
    expect(await rejection(both.client.opened)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    await rejection(both.server.opened)
  })

  it('leaves every other failure as it is', async () => {
    let told: VerifyContext | undefined
    const verify: ConnectOptions['verify'] = (_, context) => { told = context; return true }
    const stranger = temporaryAuthority('a stranger').leaf({ san: 'DNS:*.corp.test' })
    const both = await opened({
      version, ...options({ servername: 'a_b.corp.test', verify, dangerouslyReplaceVerification: true }, stranger),
    })
    const codes = told!.failures.map(({ code }) => code)
    expect(codes).toContain('UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    expect(codes).not.toContain('ERR_TLS_CERT_ALTNAME_INVALID')
    expect((await both.client.opened).verifyResult).not.toBe('X509_V_OK')
    await closeBoth(both)
  })
})

describe('the error for a name that does not match', () => {
  const message = async (client: Partial<ConnectOptions>, san: string): Promise<string> => {
    const both = peers(options(client, holding(san)))
    const error = await rejection(both.client.opened) as CertificateError
    await rejection(both.server.opened)
    expect(error).toMatchObject({ name: 'CertificateError', code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    return error.message
  }

  it('says that there is no subjectAltName', async () => {
    expect(await message({}, '')).toMatch(/not for localhost: it has no subjectAltName.*CN=localhost/)
    expect(await message({ servername: '127.0.0.1' }, '')).toMatch(/not for 127\.0\.0\.1: it has no subjectAltName/)
    expect(await message({}, 'email:someone@example.com'))
      .toMatch(/not for localhost: its subjectAltName has neither DNS names nor IP addresses/)
  })

  it('says what was asked for, and what the certificate holds', async () => {
    const san = 'DNS:a.example,DNS:*.b.example,IP:192.0.2.1,DNS:192.0.2.2'
    const held = 'DNS:a.example, DNS:*.b.example, IP Address:192.0.2.1, DNS:192.0.2.2 (depth 0'
    expect(await message({ servername: 'c.example' }, san)).toContain(`not for c.example, but for ${held}`)
    expect(await message({ servername: '192.0.2.2' }, san)).toContain(`not for 192.0.2.2, but for ${held}`)
    expect(await message({ acceptedNames: ['c.example', 'd.example'] }, san)).toContain('not for c.example or d.example, but for')
    expect(await message({ acceptedNames: ['192.0.2.2', '192.0.2.3'] }, san)).toContain('not for 192.0.2.2 or 192.0.2.3, but for')
  })

  it('says neither too much nor what the peer would have it say', async () => {
    const many = await message({}, dnsNames(...Array.from({ length: 100 }, (_, index) => `host-${index}.example`)))
    expect(many).toContain('DNS:host-0.example')
    expect(many).not.toContain('host-99.example')
    expect(many).toMatch(/, 92 more \(/)
    expect((await message({}, dnsNames('x'.repeat(60_000)))).length).toBeLessThan(600)
    const odd = await message({}, dnsNames('a, DNS:localhost', 'line\nbreak', '\u202eevil', '"', 'a\0b'))
    expect(odd).toContain(
      String.raw`for DNS:"a\u002c DNS:localhost", DNS:"line\u000abreak", DNS:"\u00e2\u0080\u00aeevil", DNS:"\"", DNS:"a\u0000b" (`,
    )
    expect(odd).toMatch(/^[\x20-\x7e]*$/)
  })
})
