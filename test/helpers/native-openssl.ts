// OpenSSL's own command of the release that we compile, for what the machine's may not know.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

let path: string | undefined

/** Its path; says what to run if it has not been built. */
export function nativeOpenssl(): string {
  path ??= execFileSync(fileURLToPath(new URL('../../tools/native-openssl.sh', import.meta.url)), ['path'], { encoding: 'utf8' }).trim()
  return path
}
