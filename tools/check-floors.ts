// Holds the floors of ARCHITECTURE.md against the imports: they go down only, and without circles. The shim's C files have no
// floors, but no circles either: one uses another by a function that the other defines.
// Prints a line for each fault, and exits 1 if there is any.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const src = fileURLToPath(new URL('../src', import.meta.url))
const shim = fileURLToPath(new URL('../wasm/shim', import.meta.url))
const generated = fileURLToPath(new URL('../build/callbacks.gen.c', import.meta.url))

/** Bottom up. A file may import from its own floor and from those before it. */
const floors = ['base', 'ffi', 'loader', 'core', 'pump', 'transports', 'frontends', 'node', 'apps']
/** Public entries, which stand outside the floors. */
const entries: Readonly<Record<string, string>> = {
  'index.ts': 'apps', 'core.ts': 'apps', 'inline.ts': 'apps', 'roots.ts': 'apps', 'wisp.ts': 'apps', 'worker.ts': 'apps',
  'system-roots.ts': 'apps',
}
/** Subpath imports of package.json: one of two files, by platform. */
const platform: Readonly<Record<string, string>> = {
  '#source': 'loader/source.node.ts', '#roots': 'loader/roots.node.ts', '#keylog': 'loader/keylog.node.ts',
  '#worker': 'frontends/worker/spawn.node.ts', '#sockets': 'transports/sockets.any.ts',
  '#node': 'node/platform/streams.node.ts', '#node-net': 'node/platform/net.node.ts',
}
/** The pump is the only place that awaits between OpenSSL and a transport: below it nothing does. */
const synchronous = ['ffi', 'core']

const problems: string[] = []
const imports = new Map<string, string[]>()

for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
  const file = relative(src, join(entry.parentPath, entry.name))
  const text = readFileSync(join(src, file), 'utf8')
  const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!)
  imports.set(file, found.flatMap((specifier) => resolveImport(file, specifier)))
  // SSL_CTX_set_timeout is a method here: its declaration is no call.
  const waits = /\bawait\b|\bsetTimeout\b(?!\(\w+: )/.test(text.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, ''))
  if (waits && synchronous.includes(floorOf(file)) && file !== 'core/lib-ssl.ts') {
    problems.push(`${file}: '${floorOf(file)}' is synchronous, but this file awaits or sets a timer`)
  }
  if (!file.startsWith('ffi/') && /\braw\._|module\._/.test(text)) problems.push(`${file}: calls a raw export`)
}

for (const [file, targets] of imports) {
  for (const target of targets) {
    const [from, to] = [floorOf(file), floorOf(target)]
    if (floors.indexOf(to) > floors.indexOf(from)) problems.push(`${file} (${from}) imports ${target} (${to}), which is above it`)
  }
}
findCircles(imports)
findCircles(usesAmongC())

for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

function floorOf(file: string): string {
  const floor = entries[file] ?? file.split('/')[0]!
  if (!floors.includes(floor)) throw new Error(`${file} is on no floor`)
  return floor
}

function resolveImport(from: string, specifier: string): string[] {
  if (specifier in platform) return [platform[specifier]!]
  if (!specifier.startsWith('.')) return []
  const target = relative(src, resolve(src, dirname(from), specifier)).replace(/\.js$/, '.ts')
  return target.startsWith('..') ? [] : [target] // lib/
}

/** By C file: those that define a function that it calls, or takes the address of. */
function usesAmongC(): Map<string, string[]> {
  const paths = readdirSync(shim).filter((name) => name.endsWith('.c')).map((name) => join(shim, name))
  if (existsSync(generated)) paths.push(generated)
  const texts = new Map(paths.map((path) => [basename(path), codeOf(readFileSync(path, 'utf8'))]))
  const definedIn = new Map<string, string>()
  for (const [file, text] of texts) {
    for (const match of text.matchAll(/^(?!static\b|extern\b)\w[\w\s*]*?\b(\w+)\([^;{}]*\)\s*\{/gm)) definedIn.set(match[1]!, file)
  }
  return new Map([...texts].map(([file, text]) => {
    const used = new Set([...text.matchAll(/\w+/g)].flatMap(([word]) => definedIn.get(word) ?? []))
    used.delete(file)
    return [file, [...used]]
  }))
}

/** Without comments, texts and directives. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"|^#(?:.*\\\n)*.*$/gm, '')
}

function findCircles(uses: ReadonlyMap<string, readonly string[]>): void {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) problems.push(`circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
    if (path.includes(file) || done.has(file)) return
    for (const target of uses.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of uses.keys()) visit(file, [])
}
