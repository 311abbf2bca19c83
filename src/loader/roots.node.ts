// Node's own trust: what `node:tls` would use by default.

import { readFileSync } from 'node:fs'
import * as tls from 'node:tls'

/** PEM texts, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly string[] | undefined {
  // Node 22.15 and later answer for --use-system-ca and NODE_EXTRA_CA_CERTS themselves.
  const get = (tls as { getCACertificates?: (type: 'default') => string[] }).getCACertificates
  if (get) return get('default')
  const extra = process.env['NODE_EXTRA_CA_CERTS']
  return extra ? [...tls.rootCertificates, ...readExtra(extra)] : tls.rootCertificates
}

// Node warns and goes on when the file cannot be read; so do we.
function readExtra(file: string): string[] {
  try {
    return [readFileSync(file, 'utf8')]
  } catch (error) {
    process.emitWarning(`ignoring extra certs from NODE_EXTRA_CA_CERTS: ${(error as Error).message}`)
    return []
  }
}
