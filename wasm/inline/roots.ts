// One file for every platform imports nothing of Node's: it asks, where there is something to ask (Node ≥ 20.16, Deno, Bun).

import { nodeRoots, type FsModule, type TlsModule } from '../../src/loader/node-roots.js'

interface MaybeNode {
  readonly process?: { readonly getBuiltinModule?: (id: string) => unknown }
}

export function platformRoots(): readonly string[] | undefined {
  const { process } = globalThis as MaybeNode
  const tls = process?.getBuiltinModule?.('node:tls') as TlsModule | undefined
  const fs = process?.getBuiltinModule?.('node:fs') as FsModule | undefined
  return tls && fs ? nodeRoots(tls, fs) : undefined
}
