// What stands in a file around the key, the certificate or the list that is wanted: it does not matter, or it is named.

import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { ApiMisuseError, load, Ssl, SslCtx, X509Store, type LibSsl } from '../../src/core.js'
import { crl } from '../../tools/revocation.js'
import { authority, file, localhost, openssl } from '../helpers/certificates.js'
import { leaks } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const { cert, key } = localhost
const other = authority.leaf()
const publicKey = createPublicKey(cert).export({ type: 'spki', format: 'pem' }) as string
const list = crl(authority)
const block = (label: string, body = 'TUlJQg==') => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
const encrypted = openssl('pkey', '-in', localhost.keyFile, '-aes256', '-passout', 'pass:secret')
const broken = (pem: string) => pem.replace(/\n.{20}/, '\n')

/** What files hold beside what is wanted. None is a private key, a certificate, a list or a public key. */
const NEIGHBOURS: Readonly<Record<string, string>> = {
  'EC PARAMETERS': openssl('ecparam', '-name', 'prime256v1'),
  'DH PARAMETERS': block('DH PARAMETERS', 'MAYCAQUCAQI='),
  'a request': openssl('req', '-new', '-key', localhost.keyFile, '-subj', '/CN=x'),
  'Bag Attributes': 'Bag Attributes\n    localKeyID: 01 02\n    friendlyName: x\nKey Attributes: <No Attributes>\nsubject=CN = x\n',
  'a line of s_client': '0 s:CN = localhost\n   i:O = libssl-wasm\n',
  'a text with long words': `0${'x'.repeat(3000)}\n`,
  'an attribute certificate': block('ATTRIBUTE CERTIFICATE'),
  'a comment on blocks': '# put -----BEGIN CERTIFICATE----- here\n',
  'UTF-8': '0\u00e9\u{1f512}\n',
  'a NUL': '\0',
  'a byte order mark': '\ufeff',
  'a PGP block': '-----BEGIN PGP SIGNATURE-----\nVersion: x\n\niQ==\n=AbCd\n-----END PGP SIGNATURE-----\n',
  'a block that is cut off': '-----BEGIN NOTHING-----\nTUlJ\n',
  'a block whose last line is cut off': block('NOTHING').replace(/-\n$/, '\n'),
  'many first lines': '-----BEGIN NOTHING-----\n'.repeat(20_000),
  'a block of two names': '-----BEGIN NOTHING-----\nTUlJ\n-----END ANYTHING-----\n',
}

const encodings: Readonly<Record<string, (pem: string) => string | Uint8Array>> = {
  'CRLF': (pem) => pem.replaceAll('\n', '\r\n'),
  'CR': (pem) => pem.replaceAll('\n', '\r'),
  'indented lines': (pem) => pem.replaceAll(/^/gm, ' \t'),
  'spaces at the ends of lines': (pem) => pem.replaceAll('\n', '  \n'),
  'no newline at the end': (pem) => pem.trimEnd(),
  'UTF-16, little endian': (pem) => new Uint8Array(Buffer.from(`\ufeff${pem.replaceAll('\n', '\r\n')}`, 'utf16le')),
  'UTF-16, big endian': (pem) => new Uint8Array(Buffer.from(`\ufeff${pem}`, 'utf16le').swap16()),
}

/** Each way to give a file. `read` gives what was found. */
const kinds = {
  key: {
    pem: key, read: (pem) => context((ctx) => { ctx.useCertificateChain(cert); ctx.usePrivateKey(pem); ctx.checkPrivateKey(); return 1 }),
  },
  certificates: { pem: cert, read: (pem) => context((ctx) => { ctx.useCertificateChain(pem); return ctx.getCertChain().length }) },
  anchors: { pem: authority.ca.cert, read: (pem) => store((own) => own.addCerts(pem)) },
  lists: { pem: list, read: (pem) => store((own) => own.addCrls(pem)) },
  'public keys': {
    pem: publicKey,
    read: (pem) => context((ctx) => { const ssl = new Ssl(ctx); try { ssl.acceptRpk(pem); return 1 } finally { ssl.free() } }),
  },
} satisfies Readonly<Record<string, { pem: string; read: (pem: string | Uint8Array) => number }>>

function context(use: (ctx: SslCtx) => number): number {
  const ctx = new SslCtx(lib, 'TLS_server_method')
  try { return use(ctx) } finally { ctx.free() }
}
function store(use: (own: X509Store) => number): number {
  const own = new X509Store(lib)
  try { return use(own) } finally { own.free() }
}
function refusal(call: () => unknown): ApiMisuseError {
  try { call() } catch (error) { if (error instanceof ApiMisuseError) return error; throw error }
  throw new Error('nothing was refused')
}

describe.each(Object.entries(kinds))('%s', (_, { pem, read }) => {
  it.each(Object.entries(NEIGHBOURS))('may stand beside %s', (__, neighbour) => {
    expect(read(pem)).toBe(1)
    for (const text of [neighbour + pem, `${pem}\n${neighbour}`, `${neighbour}\n${neighbour}${pem}${neighbour}`]) expect(read(text)).toBe(1)
  })

  it('may stand among all of them, and each of the other kinds', () => {
    const others = Object.values(kinds)
      .filter((kind) => kind.pem !== pem && (kind.pem.includes('CERTIFICATE') !== pem.includes('CERTIFICATE')))
    const rest = [...others.map((kind) => kind.pem), ...Object.values(NEIGHBOURS)]
    expect(read(rest.join('\n') + pem + rest.reverse().join('\n'))).toBe(1)
  })

  it.each(Object.entries(encodings))('may be written with %s', (__, encode) => {
    expect(read(encode(pem))).toBe(1)
    expect(read(encode(NEIGHBOURS['EC PARAMETERS'] + pem))).toBe(1)
  })

  it('is missed, and what is there is named', () => {
    const labels = ['EC PARAMETERS', 'CERTIFICATE REQUEST', 'PGP SIGNATURE']
    const error = refusal(() => read(NEIGHBOURS['EC PARAMETERS'] + NEIGHBOURS['a request']! + NEIGHBOURS['a PGP block']))
    for (const label of labels) expect(error.opensslErrorStack.at(-1)?.data).toContain(label)
    expect(error.opensslErrorStack).toMatchObject([{ code: 'ERR_PEM_NO_START_LINE' }])
    expect(refusal(() => store((own) => own.addCerts(''))).message).toMatch(/; it is empty$/)
    expect(refusal(() => read('no PEM')).opensslErrorStack).toMatchObject([{ code: 'ERR_PEM_NO_START_LINE' }])
  })

  it('that is broken or cut off is an error, whatever stands behind it', () => {
    for (const wrong of [
      broken(pem), pem.slice(0, pem.length / 2), pem.replace('-----END', '-----FIN'), pem.replace(/-----END .*-----/, '-----END X-----'),
    ]) {
      expect(refusal(() => read(`${wrong}\n${pem}`)).code).toMatch(/^ERR_(PEM|ASN1|TLS_KEY_UNREADABLE)/)
    }
  })

  it('with bytes after it in its block is an error, and is freed once', () => {
    const more = pem.replace(/(-----BEGIN .*-----)([^-]+)/, (__, begin: string, body: string) =>
      `${begin}\n${Buffer.concat([Buffer.from(body, 'base64'), Buffer.of(4, 0)]).toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n`)
    const all = () => {
      for (const text of [more, more + pem, more + more]) expect(refusal(() => read(text)).message).toContain('bytes after the')
    }
    all()
    const before = lib.allocatedBytes
    for (let times = 0; times < 100; times++) all()
    expect(Math.abs(lib.allocatedBytes - before)).toBeLessThan(16 * 100)
    expect(read(pem)).toBe(1)
  })

  it('leaves no memory behind, right or wrong', () => {
    const all = () => { read(NEIGHBOURS['EC PARAMETERS'] + pem); for (const wrong of [broken(pem), 'no PEM']) refusal(() => read(wrong)) }
    expect(leaks(lib, 100, all)).toBe(false)
  })
})

describe('certificates', () => {
  it('may have the older labels, and be glued together', () => {
    for (const label of ['X509 CERTIFICATE', 'TRUSTED CERTIFICATE']) {
      expect(store((own) => own.addCerts(cert.replaceAll('CERTIFICATE', label)))).toBe(1)
      expect(store((own) => own.addCerts(cert + authority.ca.cert.replaceAll('CERTIFICATE', label)))).toBe(2)
    }
    expect(store((own) => own.addCerts(cert.trimEnd() + authority.ca.cert.trimEnd() + other.cert))).toBe(3)
  })

  it('in a block of another form are an error by its name', () => {
    const path = file('all.p7b')
    openssl('crl2pkcs7', '-nocrl', '-certfile', localhost.certFile, '-out', path)
    const error = refusal(() => store((own) => own.addCerts(cert + readFileSync(path, 'utf8'))))
    expect(error.code).toBe('ERR_PEM_UNSUPPORTED')
    expect(error.opensslErrorStack.at(-1)?.data).toBe('PKCS7')
  })

  it('are counted to the one that is broken', () => {
    const error = refusal(() => store((own) => own.addCerts(cert + other.cert + broken(authority.ca.cert))))
    expect(error.message).toContain('number 3')
  })
})

describe('a private key', () => {
  const use = (pem: string, passphrase?: string) =>
    context((ctx) => { ctx.useCertificateChain(cert); ctx.usePrivateKey(pem, passphrase); ctx.checkPrivateKey(); return 1 })

  it('is the one that belongs to the certificate, of several', () => {
    expect(use(other.key + key)).toBe(1)
    expect(use(other.key + encrypted, 'secret')).toBe(1)
    expect(use(key + encrypted)).toBe(1)
    expect(refusal(() => use(other.key + other.key)).code).toBe('ERR_TLS_KEY_MISMATCH')
    expect(refusal(() => use(encrypted + key)).code).toBe('ERR_TLS_PASSPHRASE_MISSING')
    expect(refusal(() => use(encrypted + key, 'wrong')).code).toBe('ERR_TLS_PASSPHRASE_WRONG')
  })

  it('that is encrypted leaves no memory behind, right or wrong, or encrypted by what is not there', () => {
    const scrypt = openssl('pkcs8', '-topk8', '-in', localhost.keyFile, '-scrypt', '-passout', 'pass:secret')
    expect(refusal(() => use(scrypt, 'secret')).opensslErrorStack).toMatchObject([{ data: 'scrypt' }])
    expect(leaks(lib, 20, () => {
      use(encrypted, 'secret')
      for (const [pem, passphrase] of [[encrypted, 'wrong'], [encrypted], [scrypt, 'secret']] as const) refusal(() => use(pem, passphrase))
    })).toBe(false)
  })

  it('may have a label of another form of it', () => {
    expect(use(key.replaceAll('PRIVATE', 'RSA PRIVATE'))).toBe(1)
  })

  it('that OpenSSL cannot read is named where there is no other', () => {
    for (const label of ['OPENSSH PRIVATE KEY', 'DSA PRIVATE KEY', 'PGP PRIVATE KEY BLOCK']) {
      expect(use(block(label) + key)).toBe(1)
      const error = refusal(() => use(cert + block(label)))
      expect(error.code).toBe('ERR_TLS_KEY_UNREADABLE')
      expect(error.message).toContain(label)
    }
  })

  it('that OpenSSL cannot read is passed over for one that belongs to the certificate, and for no other', () => {
    const alone = (pem: string) => context((ctx) => { ctx.usePrivateKey(pem); return 1 })
    const openssh = block('OPENSSH PRIVATE KEY')
    expect(alone(key + openssh)).toBe(1)
    for (const call of [() => alone(openssh + key), () => use(openssh + other.key), () => use(other.key + openssh)]) {
      expect(refusal(call)).toMatchObject({ code: 'ERR_TLS_KEY_UNREADABLE', opensslErrorStack: [{ data: 'OPENSSH PRIVATE KEY' }] })
    }
    expect(leaks(lib, 20, () => { refusal(() => use(other.key + openssh)) })).toBe(false)
  })
})

describe('PKCS#12', () => {
  it('may be PEM, as GnuTLS writes it', () => {
    const path = file('gnutls.p12')
    openssl('pkcs12', '-export', '-in', localhost.certFile, '-inkey', localhost.keyFile, '-out', path, '-passout', 'pass:secret')
    const der = readFileSync(path)
    const pem = Buffer.from(NEIGHBOURS['Bag Attributes'] + block('PKCS12', der.toString('base64').replaceAll(/.{64}/g, '$&\n')))
    expect(context((ctx) => { ctx.usePkcs12(pem, 'secret'); return 1 })).toBe(1)
    expect(refusal(() => context((ctx) => { ctx.usePkcs12(Buffer.from(cert + key), 'secret'); return 1 })).message)
      .toContain('CERTIFICATE, PRIVATE KEY')
  })
})
