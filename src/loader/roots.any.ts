// One file for every platform cannot import Node's modules: it asks for them, where they can be asked for (Node ≥ 20.16,
// Deno, Bun). For libssl-wasm/inline and for JSR.

import { asDer, nodeRoots, nodeSystemRoots, type NodeModules } from './node-roots.js'

export { whyNoRoots } from './node-roots.js'

interface MaybeNode {
  readonly process?: { readonly getBuiltinModule?: (id: string) => unknown }
}

/** DER, or PEM as it is, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly (string | Uint8Array)[] | undefined {
  return ask(nodeRoots)?.map(asDer)
}

/** The system's own list: PEM texts, or `undefined` as above. */
export function systemRoots(): readonly string[] | undefined {
  return ask(nodeSystemRoots)
}

function ask(list: typeof nodeRoots): readonly string[] | undefined {
  const { process } = globalThis as MaybeNode
  const [crypto, fs, tls] = ['node:crypto', 'node:fs', 'node:tls'].map((id) => process?.getBuiltinModule?.(id))
  return crypto && fs && tls ? list({ crypto, fs, tls } as NodeModules) : undefined
}
