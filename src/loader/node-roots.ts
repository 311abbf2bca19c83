// The trust that Node, Deno and Bun have of their own: the default of `node:tls`, and the system's list.

import { fromBase64 } from '../base/bytes.js'
import { warn } from '../base/warn.js'

/** The parts of Node's modules that are used. Types of our own: the package is used without Node's. */
export interface NodeModules {
  readonly tls: {
    readonly rootCertificates: readonly string[]
    /** Node 22.15 and later, Deno, Bun: answers for --use-system-ca and NODE_EXTRA_CA_CERTS itself. */
    readonly getCACertificates?: (type: 'default' | 'system') => string[]
  }
  readonly fs: { readFileSync(path: string): Uint8Array }
  /** `toString` gives PEM. */
  readonly crypto: { readonly X509Certificate: new (pemOrDer: string | Uint8Array) => { toString(): string } }
}

/** PEM texts, one a certificate, or `undefined` where the platform has no list to give. */
export function nodeRoots(node: NodeModules): readonly string[] | undefined {
  return unlessForbidden(() => {
    if (node.tls.getCACertificates) return node.tls.getCACertificates('default')
    const extra = process.env['NODE_EXTRA_CA_CERTS']
    return [...node.tls.rootCertificates, ...(extra ? readNamed(node, 'NODE_EXTRA_CA_CERTS', extra) : [])]
  })
}

/** What PEM as platforms write it stands for, else the PEM itself: `atob` takes a tenth of the time that OpenSSL does. */
export function asDer(pem: string): string | Uint8Array {
  const [, base64] = /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/\n]+={0,2})\n-----END CERTIFICATE-----\n?$/.exec(pem) ?? []
  try {
    return base64 ? fromBase64(base64) : pem
  } catch {
    return pem // OpenSSL says what is wrong
  }
}

/** Where Linux distributions and BSDs keep one file of them. */
const SYSTEM_FILES = [
  '/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', '/etc/ssl/cert.pem',
]

/**
 * The same for the system's own list. A Node that cannot ask for it reads the file that SSL_CERT_FILE names, as OpenSSL does,
 * or one in a usual place.
 */
export function nodeSystemRoots(node: NodeModules): readonly string[] | undefined {
  return unlessForbidden(() => {
    const list = node.tls.getCACertificates?.('system')
    if (list) return readable(node, list, 'systemRoots()', "the runtime's list")
    const named = process.env['SSL_CERT_FILE']
    if (named) return orNone(readNamed(node, 'SSL_CERT_FILE', named))
    for (const file of SYSTEM_FILES) {
      try {
        return orNone(certificatesOf(node, "the system's certificates", file))
      } catch {} // it is not there
    }
    return undefined
  })
}

/**
 * Deno hands out its lists to programs with --allow-sys, and that of its own use only if NODE_USE_SYSTEM_CA may be read, too; for others it
 * is a platform without them.
 */
function unlessForbidden(list: () => readonly string[] | undefined): readonly string[] | undefined {
  try {
    return list()
  } catch (error) {
    if ((error as Error).name === 'NotCapable') return undefined
    throw error
  }
}

/** The beginning of what is said then; what to do follows. */
export const whyNoRoots = 'Deno' in globalThis
  ? 'Deno hands out its list of trusted roots only with --allow-sys --allow-env=NODE_USE_SYSTEM_CA: run with these flags, or'
  : 'this platform hands out no list of trusted roots:'

function orNone(list: readonly string[]): readonly string[] | undefined {
  return list.length > 0 ? list : undefined
}

/** The file that a variable names. As in Node, a file that cannot be read fails nothing. */
function readNamed(node: NodeModules, variable: string, file: string): string[] {
  try {
    return certificatesOf(node, variable, file)
  } catch (error) {
    warn('WARN_TLS_CA_UNREADABLE', `${variable}: ${file} cannot be read and is ignored: ${(error as Error).message}`)
    return []
  }
}

/** Of a file of PEM, or of one certificate as DER: those that can be read. Throws if the file cannot be. */
function certificatesOf(node: NodeModules, origin: string, file: string): string[] {
  const entries = entriesOf(node.fs.readFileSync(file))
  if (entries.length === 0) warn('WARN_TLS_CA_UNREADABLE', `${origin}: there is no certificate in ${file}`)
  return readable(node, entries, origin, file)
}

/** Those that are certificates, as PEM. OpenSSL is not loaded yet: the platform's own reader judges. */
function readable({ crypto }: NodeModules, entries: readonly (string | Uint8Array)[], origin: string, place: string): string[] {
  return entries.flatMap((entry, index) => {
    try {
      return new crypto.X509Certificate(entry).toString()
    } catch (error) {
      const which = `certificate ${index + 1} of ${entries.length} in ${place}`
      warn('WARN_TLS_CA_UNREADABLE', `${origin}: ${which} cannot be read and is ignored: ${(error as Error).message}`)
      return []
    }
  })
}

function entriesOf(bytes: Uint8Array): (string | Uint8Array)[] {
  if (bytes[0] === 0x30) return [bytes] // DER begins with a SEQUENCE
  const blocks = new TextDecoder().decode(bytes).split(/^(?=-----BEGIN )/m)
  return blocks.filter((block) => /^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(block))
}
