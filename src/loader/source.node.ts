// Node and Bun: the file beside this package.

import { readFile } from 'node:fs/promises'
import { wasmUrl } from '../../lib/libssl-url.mjs'

export function source(): Promise<BufferSource> {
  return readFile(wasmUrl()) as Promise<Uint8Array<ArrayBuffer>>
}
