// One file for every platform cannot import Node's modules: it asks for them, as roots.any.ts does.

import { nodeKeylog, type AppendingFs } from './node-keylog.js'

interface MaybeNode {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>
    readonly getBuiltinModule?: (id: string) => unknown
  }
}

/** Whether there are files to append to. */
export function hasKeylogFiles(): boolean {
  return fileSystem() !== undefined
}

/** What appends lines to `file`, or to the one that SSLKEYLOGFILE names; `undefined` if that is not set. Throws if it cannot. */
export function keylogFile(file: string | undefined): ((line: string) => void) | undefined {
  const fs = fileSystem()
  return fs && nodeKeylog(fs, (globalThis as MaybeNode).process?.env ?? {}, file)
}

function fileSystem(): AppendingFs | undefined {
  // An edge worker that has node:fs has it in memory, for the length of a request.
  if (globalThis.navigator?.userAgent === 'Cloudflare-Workers') return undefined
  return (globalThis as MaybeNode).process?.getBuiltinModule?.('node:fs') as AppendingFs | undefined
}
