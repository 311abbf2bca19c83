// What a CA says of certificates after it has issued them: revocation lists, and OCSP responses, by the machine's openssl.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { date, openssl, type CertificateAuthority, type KeyPair } from './certificates.js'

let files = 0

/** Seconds since 1970 and openssl's own form differ in what they say first. */
const short = (days: number) => date(days).slice(2)

export interface Told {
  readonly revoked?: readonly KeyPair[]
  /** In days from now; default yesterday and tomorrow. */
  readonly from?: number
  readonly until?: number
}

/** A line of an openssl-ca(1) database for each certificate. */
function database({ dir }: CertificateAuthority, issued: readonly KeyPair[], revoked: readonly KeyPair[]): string {
  const index = join(dir, `index-${++files}`)
  writeFileSync(index, issued.map((pair) => {
    const serial = openssl('x509', '-in', pair.certFile, '-noout', '-serial').trim().replace('serial=', '')
    const state = revoked.includes(pair) ? ['R', short(30), short(-1)] : ['V', short(30), '']
    return `${[...state, serial, 'unknown', '/CN=somebody'].join('\t')}\n`
  }).join(''))
  return index
}

/** A revocation list of `authority`, PEM. */
export function crl(authority: CertificateAuthority, { revoked = [], from = -1, until = 1 }: Told = {}): string {
  const config = join(authority.dir, `crl-${++files}.cnf`)
  const out = join(authority.dir, `crl-${files}.pem`)
  writeFileSync(config, `[ca]\ndefault_ca=this\n[this]\ndatabase=${database(authority, revoked, revoked)}\ndefault_md=sha256\n`)
  openssl('ca', '-gencrl', '-config', config, '-cert', authority.ca.certFile, '-keyfile', authority.ca.keyFile,
    '-crl_lastupdate', date(from), '-crl_nextupdate', date(until), '-out', out)
  return readFileSync(out, 'utf8')
}

export interface OcspTold {
  /** Default `good`. `unknown`: it was never issued. */
  readonly status?: 'good' | 'revoked' | 'unknown'
  /** Who signs; default the CA itself. */
  readonly signer?: KeyPair
  /** Default 1; `null` for a response that does not say when it ends. */
  readonly days?: number | null
}

/** The file of an OCSP response of `authority` about `pair`, DER. */
export function ocspFile(
  authority: CertificateAuthority, pair: KeyPair, { status = 'good', signer = authority.ca, days = 1 }: OcspTold = {},
): string {
  const out = join(authority.dir, `ocsp-${++files}.der`)
  const request = join(authority.dir, `ocsp-${files}.req`)
  openssl('ocsp', '-issuer', authority.ca.certFile, '-cert', pair.certFile, '-no_nonce', '-reqout', request)
  openssl('ocsp', '-index', database(authority, status === 'unknown' ? [] : [pair], status === 'revoked' ? [pair] : []), '-CA',
    authority.ca.certFile, '-rsigner', signer.certFile, '-rkey', signer.keyFile, '-reqin', request, '-respout', out,
    ...(days === null ? [] : ['-ndays', String(days)]))
  return out
}

/** The same, read. */
export function ocsp(authority: CertificateAuthority, pair: KeyPair, told: OcspTold = {}): Uint8Array {
  return readFileSync(ocspFile(authority, pair, told))
}

/** The pin of a certificate's key, as curl has it. */
export function pinOf({ certFile }: KeyPair): string {
  const spki = Buffer.from(openssl('x509', '-in', certFile, '-noout', '-pubkey').replace(/-----[^-]+-----/g, ''), 'base64')
  return `sha256/${createHash('sha256').update(spki).digest('base64')}`
}
