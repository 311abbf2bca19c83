// What readers are given before it is changed: made here, by the machine's openssl command and by the library itself.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateEchKey, type LibSsl } from '../../src/core.js'
import { utf8 } from '../../src/base/bytes.js'
import { crl, ocspFile } from '../../tools/revocation.js'
import { authority, localhost, openssl, RSA } from '../helpers/certificates.js'
import { dhParams } from '../helpers/dh-params.js'
import { Link } from '../helpers/link.js'
import { oddCertificates } from '../helpers/odd-certificates.js'

export interface Seeds {
  readonly certificates: readonly Uint8Array[]
  readonly keys: readonly Uint8Array[]
  readonly pkcs12: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
  readonly dhParams: readonly Uint8Array[]
  readonly ocspResponses: readonly Uint8Array[]
  readonly echLists: readonly Uint8Array[]
  readonly echKeys: readonly Uint8Array[]
  readonly sessions: readonly Uint8Array[]
}

/** Of encrypted keys and PKCS#12 files. */
export const PASSPHRASE = 'open'

const der = (pem: string) => new Uint8Array(Buffer.from(/-----BEGIN [^-]+-----([^-]+)-----END/.exec(pem)![1]!, 'base64'))

export function makeSeeds(lib: LibSsl): Seeds {
  const dir = mkdtempSync(join(tmpdir(), 'libssl-wasm-seeds-'))
  const made = (name: string, ...command: readonly string[]) => {
    openssl(...command, '-out', join(dir, name))
    return new Uint8Array(readFileSync(join(dir, name)))
  }
  try {
    const rsa = authority.leaf({ newkey: RSA, extensions: RICH_EXTENSIONS })
    const ed = authority.leaf({ newkey: ['ed25519'], name: 'ed' })
    const pss = authority.leaf({ newkey: ['rsa-pss'], name: 'pss' })
    const pems = [localhost, rsa, ed, pss, authority.ca].map(({ cert }) => cert)
    const keys = [localhost, rsa, ed, pss].map(({ key }) => key)
    const list = crl(authority, { revoked: [rsa, ed] })
    const encrypted = (name: string, ...how: readonly string[]) =>
      made(name, 'pkcs8', '-topk8', '-in', localhost.keyFile, '-passout', `pass:${PASSPHRASE}`, ...how)
    const pkcs12 = (name: string, ...how: readonly string[]) =>
      made(
        name, 'pkcs12', '-export', '-in', localhost.certFile, '-inkey', localhost.keyFile, '-certfile', authority.ca.certFile, '-passout',
        `pass:${PASSPHRASE}`, ...how,
      )
    const ech = [
      'x25519,hkdf-sha256,aes-128-gcm', 'P-256,hkdf-sha256,chacha20-poly1305',
    ].map((suite) => generateEchKey(lib, { publicName: 'front.example', suite }))
    return {
      certificates: [
        ...pems.map(der), utf8(pems.join('\n')), ...pems.map(utf8), ...[...oddCertificates.values()].map((one) => new Uint8Array(one)),
      ],
      keys: [...keys.map(utf8), ...keys.map(der), encrypted('aes.pem', '-v2', 'aes-256-cbc'), encrypted('scrypt.der', '-outform', 'DER'),
        made('sec1.pem', 'ec', '-in', localhost.keyFile), made('rsa1.pem', 'rsa', '-in', rsa.keyFile)],
      pkcs12: [pkcs12('modern.p12'), pkcs12('old.p12', '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1')],
      crls: [utf8(list), der(list)],
      dhParams: [utf8(dhParams('modp14'))],
      ocspResponses: (['good', 'revoked', 'unknown'] as const)
        .map((status) => new Uint8Array(readFileSync(ocspFile(authority, rsa, { status })))),
      echLists: ech.map(({ configList }) => configList),
      echKeys: ech.map(({ pem }) => utf8(pem)),
      sessions: (['TLSv1.2', 'TLSv1.3'] as const).map((version) => sessionOf(lib, version)),
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const RICH_EXTENSIONS = `crlDistributionPoints=URI:http://crl.example/1
authorityInfoAccess=OCSP;URI:http://ocsp.example,caIssuers;URI:http://ca.example
certificatePolicies=1.2.3.4
tlsfeature=status_request
nameConstraints=permitted;DNS:example.com,excluded;IP:10.0.0.0/255.0.0.0
`

function sessionOf(lib: LibSsl, version: 'TLSv1.2' | 'TLSv1.3'): Uint8Array {
  const link = new Link(lib, { version })
  link.established()
  link.carry()
  link.client.ssl.read(new Uint8Array(1))
  const session = link.client.ssl.get1Session()!
  const bytes = session.toBytes()
  session.free()
  link.free()
  return bytes
}
