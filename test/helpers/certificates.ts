// One CA for each test file, and the leaves that most tests use. Import it at the top of a test file only: it cleans
// up after that file.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { CertificateAuthority, type KeyPair } from '../../tools/certificates.js'

export { date, openssl, CertificateAuthority, EC, RSA, type KeyPair } from '../../tools/certificates.js'

/** A CA whose files go when the test file ends; in a program without vitest, when that does. */
export function temporaryAuthority(name?: string, issuer?: CertificateAuthority): CertificateAuthority {
  const authority = new CertificateAuthority(name, issuer)
  const clean = () => { rmSync(authority.dir, { recursive: true, force: true }) }
  if (process.env['VITEST']) afterAll(clean)
  else process.once('exit', clean)
  return authority
}

export const authority = temporaryAuthority()

/** What the servers of most tests show: EC P-256, for localhost and the loopback addresses. */
export const localhost: KeyPair = authority.leaf()

/** A path for one more file beside the CA's. */
export function file(name: string): string {
  return join(authority.dir, name)
}
