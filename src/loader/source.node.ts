// Node, Bun and Deno's Node mode: the file beside this package.

import { readFile } from 'node:fs/promises'

export async function source(): Promise<BufferSource> {
  return readFile(new URL('../../lib/libssl.wasm', import.meta.url)) as Promise<Uint8Array<ArrayBuffer>>
}
