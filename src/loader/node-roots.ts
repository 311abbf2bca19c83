// The trust that Node, Deno and Bun have of their own: the default of `node:tls`, and the system's list.

/** The part of node:tls that is used. Types of our own: the package is used without Node's. */
export interface TlsModule {
  readonly rootCertificates: readonly string[]
  /** Node 22.15 and later, Deno, Bun: answers for --use-system-ca and NODE_EXTRA_CA_CERTS itself. */
  readonly getCACertificates?: (type: 'default' | 'system') => string[]
}

/** The part of node:fs that is used. */
export interface FsModule {
  readFileSync(path: string, encoding: 'utf8'): string
}

/** PEM texts, or `undefined` where the platform has no list to give. */
export function nodeRoots(tls: TlsModule, fs: FsModule): readonly string[] | undefined {
  return unlessForbidden(() => {
    if (tls.getCACertificates) return tls.getCACertificates('default')
    const extra = process.env['NODE_EXTRA_CA_CERTS']
    return extra ? [...tls.rootCertificates, ...readExtra(fs, extra)] : tls.rootCertificates
  })
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
export function nodeSystemRoots(tls: TlsModule, fs: FsModule): readonly string[] | undefined {
  return unlessForbidden(() => {
    if (tls.getCACertificates) return tls.getCACertificates('system')
    const named = process.env['SSL_CERT_FILE']
    for (const file of named ? [named] : SYSTEM_FILES) {
      try {
        return [fs.readFileSync(file, 'utf8')]
      } catch {} // it is not there
    }
    return undefined
  })
}

/** Deno hands out its lists to programs with --allow-sys=ca; for others it is a platform without them. */
function unlessForbidden(list: () => readonly string[] | undefined): readonly string[] | undefined {
  try {
    return list()
  } catch (error) {
    if ((error as Error).name === 'NotCapable') return undefined
    throw error
  }
}

// Node warns and goes on when the file cannot be read; so do we.
function readExtra(fs: FsModule, file: string): string[] {
  try {
    return [fs.readFileSync(file, 'utf8')]
  } catch (error) {
    process.emitWarning(`ignoring extra certs from NODE_EXTRA_CA_CERTS: ${(error as Error).message}`)
    return []
  }
}
