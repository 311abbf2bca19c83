// The trust that Node, Deno and Bun have of their own: what `node:tls` would use by default.

/** What is used of node:tls. Types of our own: nobody needs Node's to use the package. */
export interface TlsModule {
  readonly rootCertificates: readonly string[]
  /** Node 22.15 and later, Deno, Bun: answers for --use-system-ca and NODE_EXTRA_CA_CERTS itself. */
  readonly getCACertificates?: (type: 'default') => string[]
}

/** What is used of node:fs. */
export interface FsModule {
  readFileSync(path: string, encoding: 'utf8'): string
}

/** PEM texts, or `undefined` where the platform has no list to give. */
export function nodeRoots(tls: TlsModule, fs: FsModule): readonly string[] | undefined {
  try {
    if (tls.getCACertificates) return tls.getCACertificates('default')
    const extra = process.env['NODE_EXTRA_CA_CERTS']
    return extra ? [...tls.rootCertificates, ...readExtra(fs, extra)] : tls.rootCertificates
  } catch (error) {
    // Deno hands out its list to programs with --allow-sys=ca; for others it is a platform without one.
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
