// Has every package that this process loads from now on get our module for `node:tls`.

import * as modules from 'node:module'
import type * as Tls from 'node:tls'

/** As in Node 24 and Deno; Bun has none, and Node 20's types do not know it. */
interface Hooks {
  registerHooks?(hooks: { resolve(specifier: string, context: object, next: (specifier: string, context: object) => object): object }): void
}

/** What `replacement.js` is to be, beside the program: both kinds of modules find in it what they ask `node:tls` for. */
export function replacement(names: readonly string[]): string {
  return `import tls from 'libssl-wasm/node/tls'\nexport default tls\nexport const { ${names.join(', ')} } = tls\nexport { tls as 'module.exports' }\n`
}

export async function replaceTls(): Promise<void> {
  const native = modules.createRequire(import.meta.url)('node:tls') as Record<string, unknown>
  const url = new URL('./replacement.js', import.meta.url).href
  const { default: ours } = await import(url) as { default: typeof Tls }
  const { registerHooks } = modules as Hooks
  if (registerHooks) {
    registerHooks({ resolve: (specifier, context, next) => (/^(node:)?tls$/.test(specifier) ? { url, shortCircuit: true } : next(specifier, context)) })
    native['connect'] = () => { throw new Error("this is the platform's own node:tls") }
  } else {
    // Bun lets nothing stand for a module of its own, but changes it.
    const { rootCertificates, ...changeable } = ours
    Object.assign(native, changeable)
  }
}
