// Own keys and certificates: what is wrong with them has a code of its own, and is told before the first byte.

import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { accept, ApiMisuseError, connect, memoryTransportPair, type AcceptOptions, type Identity } from '../../src/index.js'
import { authority, CertificateAuthority, date, file, localhost, openssl, RSA, type KeyPair } from '../helpers/certificates.js'
import { clientOptions, closeBoth, opened, rejection, serverOptions, VERSIONS } from '../helpers/stream-peers.js'
import { warningsDuring } from '../helpers/warnings.js'

const { cert, key } = localhost
const other = authority.leaf()
const rsa = authority.leaf({ newkey: RSA })
/** Beside what every openssl does, RC2 and single DES. */
const OLD = ['-provider', 'legacy', '-provider', 'default'] as const
const pkcs8 = (...by: readonly string[]) => openssl('pkcs8', '-topk8', '-in', localhost.keyFile, '-passout', 'pass:secret', ...by)
const camellia = ['-certpbe', 'CAMELLIA-256-CBC', '-keypbe', 'AES-256-CBC'] as const
const encrypted = openssl('pkey', '-in', localhost.keyFile, '-aes256', '-passout', 'pass:secret')
const derOf = (pem: string) => new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'))

/** An encrypted P-256 key without its last byte. The lengths of the SEQUENCE and of the OCTET STRING at its end, 144 bytes, say so. */
function cutText(der: Uint8Array): Uint8Array {
  const cut = der.slice(0, -1)
  for (const at of [2, der.length - 145]) cut[at]! -= 1
  return cut
}

let files = 0
/** A PKCS#12 file, as the machine's openssl makes it. */
function pfxOf({ certFile, keyFile }: KeyPair, ...args: readonly string[]): Uint8Array {
  const path = file(`identity-${++files}.p12`)
  openssl(
    'pkcs12', '-export', '-in', certFile, '-inkey', keyFile, '-out', path,
    ...(args.includes('-passout') ? [] : ['-passout', 'pass:secret']), ...args,
  )
  return new Uint8Array(readFileSync(path))
}
/** One whose key is no certificate's. */
function pfxOfStrangers(): Uint8Array {
  const path = file(`identity-${++files}.p12`)
  openssl('pkcs12', '-export', '-in', authority.ca.certFile, '-nokeys', '-out', path, '-passout', 'pass:secret')
  return new Uint8Array(readFileSync(path))
}

const pfx = pfxOf(localhost)
const UNSUPPORTED = 'ERR_TLS_KEY_ENCRYPTION_UNSUPPORTED'
const RC2 = ['-certpbe', 'PBE-SHA1-RC2-40', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'] as const
/** On a curve that is not in the build. */
const binary = file('binary.key')
openssl('ecparam', '-genkey', '-name', 'sect283k1', '-noout', '-out', binary)
const inner = new CertificateAuthority('an issuer between', authority)
afterAll(() => { rmSync(inner.dir, { recursive: true, force: true }) })
const below = inner.leaf()
const expired = authority.leaf({ notBefore: date(-3), notAfter: date(-1) })
const future = authority.leaf({ notBefore: date(2), notAfter: date(9) })

const cases: Readonly<Record<string, readonly [code: string | RegExp, option: keyof Identity, identity: Identity]>> = {
  'a key of another certificate': ['ERR_TLS_KEY_MISMATCH', 'key', { cert, key: other.key }],
  'a key of another type': ['ERR_TLS_KEY_MISMATCH', 'key', { cert, key: rsa.key }],
  'a key of another type, the other way round': ['ERR_TLS_KEY_MISMATCH', 'key', { cert: rsa.cert, key }],
  'an encrypted key without passphrase': ['ERR_TLS_PASSPHRASE_MISSING', 'key', { cert, key: encrypted }],
  'an encrypted key with a wrong passphrase': ['ERR_TLS_PASSPHRASE_WRONG', 'key', { cert, key: encrypted, passphrase: 'wrong' }],
  'an encrypted key with an empty passphrase': ['ERR_TLS_PASSPHRASE_WRONG', 'key', { cert, key: encrypted, passphrase: '' }],
  'an encrypted key with a passphrase longer than any': [
    'ERR_TLS_PASSPHRASE_WRONG', 'key', { cert, key: encrypted, passphrase: 'x'.repeat(100_000) },
  ],
  'an encrypted key as DER with a wrong passphrase': [
    'ERR_TLS_PASSPHRASE_WRONG', 'key', { cert, key: derOf(encrypted), passphrase: 'wrong' },
  ],
  'a key that is a certificate': ['ERR_TLS_KEY_UNREADABLE', 'key', { cert, key: cert }],
  'a key that is only public': ['ERR_TLS_KEY_UNREADABLE', 'key', { cert, key: openssl('pkey', '-in', localhost.keyFile, '-pubout') }],
  'a key that is no key': ['ERR_TLS_KEY_UNREADABLE', 'key', { cert, key: 'no key' }],
  'a key of random bytes': ['ERR_TLS_KEY_UNREADABLE', 'key', { cert, key: Uint8Array.of(0x30, ...randomBytes(100)) }],
  'a key that is cut off': ['ERR_TLS_KEY_UNREADABLE', 'key', { cert, key: key.slice(0, key.length / 2) }],
  'a key as DER that is cut off': ['ERR_TLS_KEY_UNREADABLE', 'key', { cert, key: derOf(key).subarray(0, 60) }],
  'a certificate that is cut off': [/^ERR_(PEM|ASN1)_/, 'cert', { cert: cert.slice(0, cert.length / 2), key }],
  'a certificate that has expired': ['ERR_TLS_CERT_EXPIRED', 'cert', { cert: expired.cert, key: expired.key }],
  'a certificate that is not valid yet': ['ERR_TLS_CERT_NOT_YET_VALID', 'cert', { cert: future.cert, key: future.key }],
  'a key encrypted by scrypt': [UNSUPPORTED, 'key', { cert, key: pkcs8('-scrypt'), passphrase: 'secret' }],
  'a key encrypted by Camellia, without passphrase': [UNSUPPORTED, 'key', { cert, key: pkcs8('-v2', 'camellia-256-cbc') }],
  'a key encrypted by Camellia, SEC1': [
    UNSUPPORTED, 'key',
    { cert, key: openssl('ec', '-in', localhost.keyFile, '-camellia256', '-passout', 'pass:secret'), passphrase: 'secret' },
  ],
  'a key encrypted by single DES, with a wrong passphrase': [
    'ERR_TLS_PASSPHRASE_WRONG', 'key', { cert, key: pkcs8(...OLD, '-v1', 'PBE-MD5-DES'), passphrase: 'wrong' },
  ],
  'an encrypted SEC1 key with a wrong passphrase': [
    'ERR_TLS_PASSPHRASE_WRONG', 'key',
    { cert, key: openssl('ec', '-in', localhost.keyFile, '-aes256', '-passout', 'pass:secret'), passphrase: 'wrong' },
  ],
  'an encrypted key whose cipher text is cut off': [
    'ERR_TLS_KEY_UNREADABLE', 'key', { cert, key: cutText(derOf(pkcs8())), passphrase: 'secret' },
  ],
  'an encrypted key that, decrypted, cannot be read': [
    'ERR_TLS_KEY_UNREADABLE', 'key',
    { cert, key: openssl('pkcs8', '-topk8', '-in', binary, '-passout', 'pass:secret'), passphrase: 'secret' },
  ],
  'the same as SEC1': [
    'ERR_TLS_KEY_UNREADABLE', 'key',
    { cert, key: openssl('ec', '-in', binary, '-aes256', '-passout', 'pass:secret'), passphrase: 'secret' },
  ],
  'a PKCS#12 file whose MAC is by RIPEMD-160': [
    UNSUPPORTED, 'pfx', { pfx: pfxOf(localhost, '-macalg', 'ripemd160'), passphrase: 'secret' },
  ],
  'a PKCS#12 file whose certificate is encrypted by Camellia': [
    UNSUPPORTED, 'pfx', { pfx: pfxOf(localhost, ...camellia), passphrase: 'secret' },
  ],
  'a PKCS#12 file whose key is encrypted by Camellia': [
    UNSUPPORTED, 'pfx', { pfx: pfxOf(localhost, '-keypbe', 'CAMELLIA-256-CBC'), passphrase: 'secret' },
  ],
  'a PKCS#12 file without MAC, with a wrong passphrase': [
    'ERR_TLS_PASSPHRASE_WRONG', 'pfx', { pfx: pfxOf(localhost, '-nomac'), passphrase: 'wrong' },
  ],
  'a PKCS#12 file without MAC, by Camellia': [UNSUPPORTED, 'pfx', { pfx: pfxOf(localhost, '-nomac', ...camellia), passphrase: 'secret' }],
  'a PKCS#12 file by RC2 with a wrong passphrase': [
    'ERR_TLS_PASSPHRASE_WRONG', 'pfx', { pfx: pfxOf(localhost, ...OLD, ...RC2), passphrase: 'wrong' },
  ],
  'a PKCS#12 file without passphrase': ['ERR_TLS_PASSPHRASE_MISSING', 'pfx', { pfx }],
  'a PKCS#12 file with a wrong passphrase of another script': ['ERR_TLS_PASSPHRASE_WRONG', 'pfx', { pfx, passphrase: 'пароль🔑' }],
  'a PKCS#12 file with a wrong passphrase': ['ERR_TLS_PASSPHRASE_WRONG', 'pfx', { pfx, passphrase: 'wrong' }],
  'a PKCS#12 file with a NUL in the passphrase': ['ERR_TLS_INVALID_ARGUMENT', 'pfx', { pfx, passphrase: 'secret\0' }],
  'a PKCS#12 file that is cut off': ['ERR_TLS_KEY_UNREADABLE', 'pfx', { pfx: pfx.subarray(0, pfx.byteLength / 2), passphrase: 'secret' }],
  'a PKCS#12 file with something behind it': ['ERR_TLS_KEY_UNREADABLE', 'pfx', { pfx: Uint8Array.of(...pfx, 0), passphrase: 'secret' }],
  'a PKCS#12 file of random bytes': [
    'ERR_TLS_KEY_UNREADABLE', 'pfx', { pfx: Uint8Array.of(0x30, ...randomBytes(100)), passphrase: 'secret' },
  ],
  'a PKCS#12 file that is PEM': ['ERR_TLS_KEY_UNREADABLE', 'pfx', { pfx: new TextEncoder().encode(cert + key), passphrase: 'secret' }],
  'a PKCS#12 file without a key': ['ERR_TLS_KEY_UNREADABLE', 'pfx', { pfx: pfxOfStrangers(), passphrase: 'secret' }],
  'a PKCS#12 file with an expired certificate': ['ERR_TLS_CERT_EXPIRED', 'pfx', { pfx: pfxOf(expired), passphrase: 'secret' }],
}

describe.each(Object.entries(cases))('%s', (_, [code, option, identity]) => {
  const refusal = expect.objectContaining({ code: typeof code === 'string' ? code : expect.stringMatching(code) })

  it('is refused to a client, and the peer hears nothing', async () => {
    const [near, far] = memoryTransportPair()
    const error = await rejection(connect(near, { ...clientOptions(), ...identity }).opened)
    expect(error).toBeInstanceOf(ApiMisuseError)
    expect(error).toEqual(refusal)
    expect(error).toMatchObject({ option })
    await rejection(far.readable.getReader().read()) // its end, and no byte before
  })

  it('is refused to a server, alone and among others', async () => {
    const alone = accept(memoryTransportPair()[0], { ...identity })
    expect(await rejection(alone.opened)).toEqual(refusal)
    const second = accept(memoryTransportPair()[0], { ...serverOptions(), identities: [identity] })
    expect(await rejection(second.opened)).toEqual(refusal)
    expect(await rejection(second.opened)).toMatchObject({ option: 'identities' })
  })
})

it('PKCS#12 may be what onCertificateRequest answers', async () => {
  const both = await opened({ client: { onCertificateRequest: () => ({ pfx, passphrase: 'secret' }) }, server: { ca: authority.ca.cert } })
  expect((await both.server.opened).peerCertificate).toMatchObject({ subject: 'CN=localhost' })
  await closeBoth(both)
})

describe('a server of several identities', () => {
  it('refuses two of one key type, and the key of one of the others', async () => {
    const refused = async (options: AcceptOptions) => rejection(accept(memoryTransportPair()[0], options).opened)
    expect(await refused({ cert, key, identities: [{ cert: other.cert, key: other.key }] }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'identities' })
    expect(await refused({ identities: [{ cert: rsa.cert, key: rsa.key }, { pfx, passphrase: 'secret' }, { cert, key }] }))
      .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'identities' })
    expect(await refused({ cert, key, identities: [{ cert: rsa.cert, key }] }))
      .toMatchObject({ code: 'ERR_TLS_KEY_MISMATCH', option: 'identities' })
  })
})

describe.each(VERSIONS)('%s', (version) => {
  const formats: Readonly<Record<string, Identity>> = {
    'PKCS#8, PEM': { cert, key },
    'PKCS#8, DER': { cert: derOf(cert), key: derOf(key) },
    'PKCS#8, encrypted, PEM': { cert, key: encrypted, passphrase: 'secret' },
    'PKCS#8, encrypted, DER, passphrase as bytes': { cert, key: derOf(encrypted), passphrase: new TextEncoder().encode('secret') },
    'PKCS#8, encrypted by 3DES': {
      cert, key: openssl('pkcs8', '-topk8', '-in', localhost.keyFile, '-v1', 'PBE-SHA1-3DES', '-passout', 'pass:secret'),
      passphrase: 'secret',
    },
    'SEC1': { cert, key: openssl('ec', '-in', localhost.keyFile) },
    'SEC1, encrypted': { cert, key: openssl('ec', '-in', localhost.keyFile, '-aes128', '-passout', 'pass:sécret'), passphrase: 'sécret' },
    'PKCS#1': { cert: rsa.cert, key: openssl('rsa', '-in', rsa.keyFile, '-traditional') },
    'PKCS#1, encrypted': {
      cert: rsa.cert, key: openssl('rsa', '-in', rsa.keyFile, '-traditional', '-aes256', '-passout', 'pass:secret'), passphrase: 'secret',
    },
    'PKCS#12': { pfx, passphrase: 'secret' },
    'PKCS#12, with a chain': { pfx: pfxOf(below, '-certfile', inner.ca.certFile), passphrase: 'secret' },
    'PKCS#12, with a chain in disorder': { pfx: pfxOf(below, '-certfile', bundle(authority.ca, inner.ca)), passphrase: 'secret' },
    'PKCS#12, by 3DES, as old programs made it': {
      pfx: pfxOf(rsa, '-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'), passphrase: 'secret',
    },
    'PKCS#12, by RC2-40, as keytool, macOS and OpenSSL 1 made it': { pfx: pfxOf(localhost, ...OLD, ...RC2), passphrase: 'secret' },
    'PKCS#12, by RC2-128': {
      pfx: pfxOf(localhost, ...OLD, '-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-RC2-128'), passphrase: 'secret',
    },
    'PKCS#12, without MAC': { pfx: pfxOf(localhost, '-nomac'), passphrase: 'secret' },
    'PKCS#8, encrypted by single DES and MD5': { cert, key: pkcs8(...OLD, '-v1', 'PBE-MD5-DES'), passphrase: 'secret' },
    'PKCS#8, encrypted by RC2-64': { cert, key: pkcs8(...OLD, '-v1', 'PBE-SHA1-RC2-64'), passphrase: 'secret' },
    'PKCS#1, encrypted by single DES': {
      cert: rsa.cert, key: openssl('rsa', '-in', rsa.keyFile, '-traditional', ...OLD, '-des', '-passout', 'pass:secret'),
      passphrase: 'secret',
    },
    'PKCS#12, its passphrase empty': { pfx: pfxOf(localhost, '-passout', 'pass:'), passphrase: '' },
    'PKCS#12, without passphrase': { pfx: pfxOf(localhost, '-passout', 'pass:') },
    'PKCS#12, its passphrase as OpenSSL 1.0 encoded it': {
      pfx: pfxOf(localhost, '-passout', `pass:${Buffer.from('sécret🔑').toString('latin1')}`), passphrase: 'sécret🔑',
    },
    'PKCS#12, its passphrase of any script': { pfx: pfxOf(localhost, '-passout', 'pass:пароль🔑'), passphrase: 'пароль🔑' },
  }

  it.each(Object.entries(formats))('takes a key as %s', async (_, identity) => {
    const both = await opened({ version, server: { cert: undefined, key: undefined, ...identity } as Partial<AcceptOptions> })
    expect((await both.client.opened).verifyResult).toBe('X509_V_OK')
    await closeBoth(both)
  })

  it.each([
    ['expired', 'WARN_TLS_CHAIN_EXPIRED'], ['in the future', 'WARN_TLS_CHAIN_NOT_YET_VALID'],
  ])('shows a chain in which a certificate that peers can do without is %s, and tells once', async (when, code) => {
    const dates = code.endsWith('EXPIRED') ? { notBefore: date(-3), notAfter: date(-1) } : { notBefore: date(2), notAfter: date(9) }
    const old = authority.leaf({ name: `${when} under ${version}`, ...dates })
    const warnings = await warningsDuring(async () => {
      for (const [server, client] of [
        [{ cert: cert + old.cert, key }, {}], [{}, { cert: cert + old.cert, key }],
        [{ cert: rsa.cert, key: rsa.key, identities: [{ cert: cert + old.cert, key }] }, {}],
        [{}, { onCertificateRequest: () => ({ cert: cert + old.cert, key }) }],
      ] as const) await closeBoth(
        await opened({ version, server: { ca: authority.ca.cert, clientCertificate: 'optional', ...server }, client }),
      )
    })
    expect(warnings).toEqual([
      { code, message: expect.stringMatching(/^option 'cert': .* under .*\(\d{4}-\d\d-\d\dT/) },
      { code, message: expect.stringMatching(/^option 'identities': /) },
    ])
    const silent =
      await warningsDuring(async () => closeBoth(await opened({ version, server: { cert: cert + old.cert, key, useExpiredCert: true } })))
    expect(silent).toEqual([])
  })

  it('shows a chain with a stranger in it, and one that is not whole', async () => {
    const chains = [cert + inner.ca.cert, below.cert + inner.ca.cert + cert, below.cert]
    for (const [index, chain] of chains.entries()) {
      const both = await opened({
        version, server: { cert: chain, key: index === 0 ? key : below.key },
        client: { ca: [authority.ca.cert, ...(index === 2 ? [inner.ca.cert] : [])] },
      })
      await closeBoth(both)
    }
  })

  it('uses an expired certificate if it is told to', async () => {
    const both = await opened({
      version, server: { cert: expired.cert, key: expired.key, useExpiredCert: true }, client: { dangerouslySkipVerification: true },
    })
    expect((await both.client.opened).verifyResult).toBe('X509_V_ERR_CERT_HAS_EXPIRED')
    await closeBoth(both)
  })
})

function bundle(...pairs: readonly KeyPair[]): string {
  const path = file(`bundle-${++files}.pem`)
  writeFileSync(path, pairs.map((pair) => pair.cert).join(''))
  return path
}
