// Certificates in the form of node:tls, against the Nodes that are here: their getPeerCertificate() over a connection, and of
// certificates that no server could show, which nobody has the key of, node:crypto's toLegacyObject(), which is made by the same.

import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, SSL_VERIFY_NONE, SslCtx, type LibSsl, type X509 } from '../../src/core.js'
import { ownCertificate, peerCertificate, toPeerCertificate, type PeerCertificate } from '../../src/node/peer-certificate.js'
import { authority, file, localhost, openssl, temporaryAuthority } from '../helpers/certificates.js'
import { installed } from '../helpers/installed.js'
import { leaks, Link } from '../helpers/link.js'
import { oddCertificates } from '../helpers/odd-certificates.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

interface Shown { readonly cert: string; readonly key: string; readonly ca: string }

/** Those of the certificates' keys, too: TLS 1.2 demands that. */
const CURVES = 'X25519:P-256:P-384:P-521'

function selfSigned(name: string, subject: string, ...rest: readonly string[]): Shown {
  const [cert, key] = [file(`${name}.pem`), file(`${name}.key`)]
  openssl('req', '-x509', '-nodes', '-keyout', key, '-out', cert, '-days', '9', '-utf8', '-multivalue-rdn', '-subj', subject, ...rest)
  const pem = readFileSync(cert, 'utf8')
  return { cert: pem, key: readFileSync(key, 'utf8'), ca: pem }
}

const ec = (curve: string) => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`]
const stranger = selfSigned('stranger', '/CN=stranger', ...ec('P-256')).cert
const intermediate = temporaryAuthority('intermediate', authority)
const leaf = intermediate.leaf()
const shown: Readonly<Record<string, Shown>> = {
  'RSA, with everything': selfSigned('rsa', '/C=DE/O=A/O=B/OU=x+CN=localhost', '-newkey', 'rsa:2048',
    '-addext',
    'subjectAltName=DNS:localhost,DNS:*.example.com,IP:127.0.0.1,IP:::1,email:a@b.c,URI:http://a/b?c%2C,otherName:1.2.3.4;UTF8:x,RID:1.2.3',
    '-addext', 'authorityInfoAccess=OCSP;URI:http://ocsp.example/,caIssuers;URI:http://example/ca.der,OCSP;URI:http://b',
    '-addext', 'extendedKeyUsage=serverAuth,clientAuth,1.2.3.4'),
  'RSA-PSS': selfSigned('pss', '/CN=pss', '-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'),
  'P-256': selfSigned('p256', '/CN=Käse, "GmbH"', ...ec('P-256')),
  'P-384': selfSigned('p384', '/CN=p384', ...ec('P-384')),
  'P-521': selfSigned('p521', '/CN=p521', ...ec('P-521')),
  'Ed25519': selfSigned('ed', '/CN=ed', '-newkey', 'ed25519'),
  'no CA': selfSigned('leaf', '/CN=leaf', ...ec('P-256'), '-addext', 'basicConstraints=critical,CA:FALSE'),
  'a leaf whose root is known': { ...localhost, ca: authority.ca.cert },
  'a leaf whose root is unknown': { ...localhost, ca: stranger },
  'a chain': { cert: leaf.cert, key: leaf.key, ca: authority.ca.cert },
  'a chain with its root': { cert: leaf.cert + authority.ca.cert, key: leaf.key, ca: stranger },
}

/** No TLS of ours or Node's shows this curve. */
const secp256k1 = new X509Certificate(selfSigned('k256', '/CN=k256', ...ec('secp256k1')).cert).raw
/** Node 24 crashes in toLegacyObject() if OpenSSL cannot read the key, or NIST has no name for its curve. */
const CRASHES = ['a key that is no key', 'a key of unknown type', 'ML-DSA', 'secp256k1']
const alone = [...oddCertificates, ['secp256k1', secp256k1] as const]

/** Where ours is not Node's: what OpenSSL 3.5 refuses to read, and 3.0 does not; names that Node cuts or drops. */
const OTHER = ['UTCTime without seconds', 'words for times', 'an attribute of a very long type', 'bits in a name']
/** Node tells an extension that is empty, or cannot be read, from none; for checkServerIdentity() it is the same. */
const EMPTY: Readonly<Record<string, keyof PeerCertificate>> = {
  'no names in subjectAltName': 'subjectaltname', 'broken subjectAltName': 'subjectaltname',
  'subjectAltName that is text': 'subjectaltname', 'no access in authorityInfoAccess': 'infoAccess',
  'broken authorityInfoAccess': 'infoAccess', 'no purposes': 'ext_key_usage',
}

const NODES: readonly (readonly [major: number, path: string])[] = [
  [Number(process.versions.node.split('.')[0]), process.execPath],
  ...[22, 24].map((major) => [major, installed(`node${major}-${process.platform}-${process.arch}/bin/node`)] as const),
]

type Plain = Partial<Record<keyof PeerCertificate | 'prototypes' | 'buffers', unknown>>

interface Answers { readonly alone: readonly (Plain | null)[]; readonly shown: readonly Readonly<Record<'short' | 'detailed', Plain>>[] }

function ask(major: number, path: string): Answers {
  const input = JSON.stringify({
    alone: alone.map(([what, der]) => (CRASHES.includes(what) && major >= 24 ? '' : der.toString('base64'))), shown: Object.values(shown),
    curves: CURVES,
  })
  const script = fileURLToPath(new URL('peer-certificates.mjs', import.meta.url))
  const { stdout, stderr } = spawnSync(path, [script], { input, encoding: 'utf8', maxBuffer: 64 << 20, timeout: 100_000 })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Answers
}

/** In the form in which the script writes it. */
function plain(certificate: PeerCertificate): Plain {
  const { issuerCertificate, ...rest } = certificate
  const issuer = issuerCertificate === certificate ? 'itself' : issuerCertificate && plain(issuerCertificate)
  const prototypes = (['subject', 'issuer', 'infoAccess'] as const).map((name) => rest[name] && Object.getPrototypeOf(rest[name]) === null)
  const all = { ...rest, ...(issuer && { issuerCertificate: issuer }), prototypes, buffers: [rest.raw, rest.pubkey].map(Buffer.isBuffer) }
  return JSON.parse(JSON.stringify(all)) as Plain
}

/** Before Node 24 fields are missing of some keys, and exponents stop at 64 bits and are in lower case. */
function expectNodes(major: number, ours: Plain, theirs: Plain): void {
  const expected = { ...theirs }
  if (major < 24) {
    if (typeof expected.exponent === 'string') expected.exponent = `0x${expected.exponent.slice(2).toUpperCase()}`
    if (expected.exponent === '0xFFFFFFFFFFFFFFFF') expected.exponent = ours.exponent
    if (ours.modulus && !expected.modulus) {
      const { modulus, exponent, pubkey, bits, buffers } = ours
      Object.assign(expected, { modulus, exponent, pubkey, bits, buffers })
    }
    const issuer = expected.issuerCertificate as Plain | string | undefined
    if (typeof issuer === 'object') expectNodes(major, ours.issuerCertificate as Plain, issuer)
  }
  expect(ours).toEqual(expected)
}

function read(der: Buffer): X509 | undefined {
  const ctx = new SslCtx(lib, 'TLS_server_method')
  try {
    ctx.setSecurityLevel(0)
    ctx.useCertificateChain(
      `${localhost.cert}-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
    )
    return ctx.getCertChain()[1]
  } catch {
    return undefined
  } finally {
    ctx.free()
  }
}

function withLink<T>({ cert, key, ca }: Shown, body: (link: Link) => T): T {
  const link = new Link(lib, {
    identity: { cert, key }, ca, version: 'TLSv1.2', dnsname: null,
    client: { configure: (ctx) => { ctx.setVerify(SSL_VERIFY_NONE); ctx.set1GroupsList(CURVES) } },
    server: { configure: (ctx) => { ctx.set1GroupsList(CURVES) } },
  })
  try {
    return body(link.established())
  } finally {
    link.free()
  }
}

describe.each(NODES)('certificates as of Node %i', (major, path) => {
  let answers: Answers
  beforeAll(() => { answers = ask(major, path) }, 120_000)

  it.each(Object.entries(shown).map(([what, one], index) => ({ what, one, index })))('peerCertificate: $what', ({ one, index }) => {
    withLink(one, ({ client: { ssl } }) => {
      for (const form of ['short', 'detailed'] as const) {
        expectNodes(major, plain(peerCertificate(ssl, form === 'detailed')!), answers.shown[index]![form])
      }
    })
  })

  it('toPeerCertificate: odd ones', () => {
    for (const [index, [what, der]] of alone.entries()) {
      const [ours, theirs] = [read(der), answers.alone[index]]
      if (OTHER.includes(what) || (CRASHES.includes(what) && major >= 24) || (!ours && !theirs)) continue
      const empty = EMPTY[what]
      const certificate = { ...plain(toPeerCertificate(ours!)), ...(empty && { [empty]: theirs![empty], prototypes: theirs!.prototypes }) }
      expectNodes(major, certificate, theirs!)
    }
  })
})

describe('peerCertificate', () => {
  it('is undefined where the peer has shown none, and ownCertificate where we have none', () => {
    withLink(shown['a leaf whose root is known']!, ({ client, server }) => {
      expect(peerCertificate(server.ssl, true)).toBeUndefined()
      expect(peerCertificate(server.ssl)).toBeUndefined()
      expect(ownCertificate(client.ssl)).toBeUndefined()
      expect(ownCertificate(server.ssl)).toEqual(peerCertificate(client.ssl))
    })
  })

  it('leaves nothing behind in OpenSSL', () => {
    withLink(shown['a chain']!, ({ client: { ssl } }) => {
      expect(leaks(lib, 20, () => { peerCertificate(ssl, true) })).toBe(false)
    })
  })
})
