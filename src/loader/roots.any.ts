// One file for every platform cannot import Node's modules: it asks for them, where they can be asked for (Node ≥ 20.16,
// Deno, Bun). For libssl-wasm/inline and for JSR.

import { nodeRoots, nodeSystemRoots, type NodeModules } from './node-roots.js'

interface MaybeNode {
  readonly process?: { readonly getBuiltinModule?: (id: string) => unknown }
}

/** PEM texts, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly string[] | undefined {
  return ask(nodeRoots)
}

/** The same for the system's own list. */
export function systemRoots(): readonly string[] | undefined {
  return ask(nodeSystemRoots)
}

function ask(list: typeof nodeRoots): readonly string[] | undefined {
  const { process } = globalThis as MaybeNode
  const [crypto, fs, tls] = ['node:crypto', 'node:fs', 'node:tls'].map((id) => process?.getBuiltinModule?.(id))
  return crypto && fs && tls ? list({ crypto, fs, tls } as NodeModules) : undefined
}
