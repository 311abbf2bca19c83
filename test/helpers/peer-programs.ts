// Where the compiled peers of test/interop/programs are.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

let path: string | undefined

/** Their directory; says what to run if they have not been compiled. */
export function peerPrograms(): string {
  path ??= execFileSync(fileURLToPath(new URL('../../tools/peer-programs.sh', import.meta.url)), ['path'], { encoding: 'utf8' }).trim()
  return path
}
