// Certificates for tests and the demonstration, made by the machine's own openssl command, never committed.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Files and their contents: PEM. */
export interface KeyPair {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
}

export interface LeafOptions {
  readonly name?: string
  /** `openssl req -newkey` words; default EC P-256. */
  readonly newkey?: readonly string[]
  /** subjectAltName, `''` for none; default `DNS:localhost,IP:127.0.0.1,IP:::1`. */
  readonly san?: string
  /** Validity as openssl's own YYYYMMDDHHMMSSZ; default from yesterday, for 30 days. */
  readonly notBefore?: string
  readonly notAfter?: string
  /** More lines of openssl's x509v3_config(5). */
  readonly extensions?: string
  /** Signed by itself, not by the CA. */
  readonly selfSigned?: boolean
}

export const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] as const
export const RSA = ['rsa:2048'] as const

/** A CA of its own in a new directory, and the leaves and CAs beneath it that it signs. */
export class CertificateAuthority {
  readonly dir: string
  readonly ca: KeyPair
  #serial = 1

  /** @param issuer who signs this CA; default itself */
  constructor(name = 'libssl-wasm test CA', issuer?: CertificateAuthority) {
    this.dir = mkdtempSync(join(tmpdir(), 'libssl-wasm-certs-'))
    if (issuer) {
      this.ca = issuer.#issue({ name }, CA_EXTENSIONS)
      return
    }
    this.ca = pair(this.dir, 'ca')
    openssl('req', '-x509', '-newkey', ...EC, '-nodes', '-keyout', this.ca.keyFile, '-out', this.ca.certFile, '-days', '30',
      '-subj', `/O=libssl-wasm/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE', '-addext',
      'keyUsage=critical,keyCertSign,cRLSign')
  }

  leaf(options: LeafOptions = {}): KeyPair {
    const { san = 'DNS:localhost,IP:127.0.0.1,IP:::1' } = options
    return this.#issue(
      options,
      `${san && `subjectAltName=${san}\n`}basicConstraints=CA:FALSE\n`
        + `keyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n${options.extensions ?? ''}`,
    )
  }

  #issue(options: LeafOptions, extensions: string): KeyPair {
    const { name = 'localhost', newkey = EC, selfSigned = false } = options
    const serial = ++this.#serial
    const issued = pair(this.dir, `leaf-${serial}`)
    const csr = join(this.dir, `leaf-${serial}.csr`)
    openssl('req', '-new', '-newkey', ...newkey, '-nodes', '-keyout', issued.keyFile, '-out', csr, '-subj', `/CN=${name}`)
    // `openssl x509` of 3.0 takes no dates; `openssl ca` does.
    const config = join(this.dir, `leaf-${serial}.cnf`)
    writeFileSync(config, `[ca]\ndefault_ca=this\n[this]\nnew_certs_dir=${this.dir}\ndatabase=${this.dir}/index-${serial}\n`
      + `serial=${this.dir}/serial-${serial}\ndefault_md=sha256\npolicy=any\n`
      + `x509_extensions=ext\n[any]\ncommonName=supplied\n[ext]\n${extensions}`)
    writeFileSync(join(this.dir, `index-${serial}`), '')
    writeFileSync(join(this.dir, `serial-${serial}`), serial.toString(16).padStart(4, '0'))
    openssl('ca', '-batch', '-notext', '-config', config, '-in', csr, '-out', issued.certFile,
      ...(selfSigned ? ['-selfsign', '-keyfile', issued.keyFile] : ['-cert', this.ca.certFile, '-keyfile', this.ca.keyFile]),
      '-startdate', options.notBefore ?? date(-1), '-enddate', options.notAfter ?? date(30))
    return issued
  }
}

const CA_EXTENSIONS = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'

function pair(dir: string, name: string): KeyPair {
  const certFile = join(dir, `${name}.pem`)
  const keyFile = join(dir, `${name}.key`)
  return { certFile, keyFile, get cert() { return readFileSync(certFile, 'utf8') }, get key() { return readFileSync(keyFile, 'utf8') } }
}

/** Days from now in openssl's form. */
export function date(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '')
}

/** Runs the machine's openssl command; throws with what it printed if it fails. */
export function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
