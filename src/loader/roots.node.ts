// Node, Deno and Bun: their own trust, what `node:tls` would use by default.

import { readFileSync } from 'node:fs'
import * as tls from 'node:tls'

/** PEM texts, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly string[] | undefined {
  // Node 22.15 and later answer for --use-system-ca and NODE_EXTRA_CA_CERTS themselves.
  const get = (tls as { getCACertificates?: (type: 'default') => string[] }).getCACertificates
  if (get) return permitted(() => get('default'))
  const extra = process.env['NODE_EXTRA_CA_CERTS']
  return extra ? [...tls.rootCertificates, ...readExtra(extra)] : tls.rootCertificates
}

// Deno hands out its list to programs with --allow-sys=ca; for others it is a platform without one.
function permitted(get: () => string[]): string[] | undefined {
  try {
    return get()
  } catch (error) {
    if ((error as Error).name === 'NotCapable') return undefined
    throw error
  }
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
