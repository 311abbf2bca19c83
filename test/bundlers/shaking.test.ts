// What a page carries of the package that imports one name of one entry, by three bundlers: which folders of it, and the features of which
// side. What it does not use is left out, as no module does anything by being imported.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { client, server } from '../../src/frontends/options.js'
import { importInstalled } from '../helpers/installed.js'
import { project } from '../helpers/project.js'

vi.setConfig({ testTimeout: 180_000 }) // other people's programs, on a machine that may be busy

/** What is used of the bundlers: their types are there only once they are installed. */
interface Esbuild {
  build(options: object): Promise<{
    metafile: { outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> }, outputFiles: { text: string }[],
  }>
}
interface Output { readonly code?: string, readonly modules?: Readonly<Record<string, { readonly renderedLength: number }>> }
interface Rollup { rollup(options: object): Promise<{ generate(options: object): Promise<{ output: Output[] }> }> }
interface NodeResolve { nodeResolve(options: object): object }
interface Vite { build(options: object): Promise<{ output: Output[] }> }

interface Bundle {
  /** How much is left of them. */
  readonly files: readonly (readonly [file: string, bytes: number])[]
  readonly code: string
}
const rendered = (output: readonly Output[]): Bundle => ({
  files: output.flatMap(({ modules = {} }) => Object.entries(modules).map(([file, { renderedLength }]) => [file, renderedLength] as const)),
  code: output.map(({ code }) => code).join('\n'),
})

/** Each for browsers, with the names as they are. */
const bundlers: readonly (readonly [name: string, (script: string, directory: string) => Promise<Bundle>])[] = [
  ['esbuild', async (script, directory) => {
    const { build } = await importInstalled<{ default: Esbuild }>('esbuild/lib/main.js').then(({ default: esbuild }) => esbuild)
    const { metafile, outputFiles } = await build({
      entryPoints: [script], absWorkingDir: directory, bundle: true, format: 'esm', write: false, metafile: true,
    })
    return {
      files: Object.values(metafile.outputs)
        .flatMap(({ inputs }) => Object.entries(inputs).map(([file, { bytesInOutput }]) => [file, bytesInOutput] as const)),
      code: outputFiles.map(({ text }) => text).join('\n'),
    }
  }],
  ['Rollup', async (script) => {
    const { rollup } = await importInstalled<Rollup>('rollup/dist/es/rollup.js')
    const { nodeResolve } = await importInstalled<NodeResolve>('@rollup/plugin-node-resolve/dist/es/index.js')
    const bundle = await rollup({ input: script, plugins: [nodeResolve({ browser: true })], logLevel: 'silent' })
    return rendered((await bundle.generate({ format: 'es' })).output)
  }],
  ['Vite', async (script, directory) => {
    const { build } = await importInstalled<Vite>('vite/dist/node/index.js')
    const options = { write: false, minify: false, rollupOptions: { input: script } }
    return rendered((await build({ root: directory, configFile: false, logLevel: 'silent', build: options })).output)
  }],
]

const transports = ['base', 'pump', 'transports']
const core = ['base', 'core', 'ffi', 'lib', 'loader']
const connections = [...core, 'frontends', 'frontends/features', 'pump', 'transports']
const streams = [...connections, 'frontends/sessions', 'frontends/whatwg']

/** Entry, name, folders: apps, Wisp and worker mode are nowhere but where they are what is imported. */
const cases: readonly (readonly [entry: string, imported: string, folders: readonly string[]])[] = [
  ['libssl-wasm', 'connect', streams],
  ['libssl-wasm', 'accept', streams],
  ['libssl-wasm', 'TlsError', ['base']],
  ['libssl-wasm', 'openTunnel', transports],
  ['libssl-wasm/core', 'load', core],
  ['libssl-wasm/node/net', 'connect', [...transports, 'node', 'node/net', 'node/platform']],
  ['libssl-wasm/node/tls', 'connect', [...connections, 'node', 'node/net', 'node/tls', 'node/platform']],
  ['libssl-wasm/roots', 'mozillaRoots', ['base', 'dist', 'loader']],
  ['libssl-wasm/wisp', 'connectWisp', [...transports, 'transports/wisp']],
  ['libssl-wasm/worker', 'createWorker',
    [...transports, 'core', 'frontends', 'frontends/sessions', 'frontends/whatwg', 'frontends/worker']],
]

/** Rollup without more plugins reads no CommonJS, which is what a page takes for Node's own modules. */
const readable = (bundler: string, entry: string): boolean => !(bundler === 'Rollup' && entry.includes('/node/'))

it.each(cases.flatMap(([entry, imported, folders]) =>
  bundlers.filter(([name]) => readable(name, entry)).map(([name, bundle]) => ({ name, bundle, entry, imported, folders }))))(
  '$entry: { $imported }, by $name', async ({ bundle, entry, imported, folders }) => {
    const directory = await project({ 'src/index.js': `import { ${imported} } from '${entry}'\nglobalThis.used = ${imported}\n` })
    const carried = (await bundle(join(directory, 'src/index.js'), directory)).files.filter(([, bytes]) => bytes > 0)
      .flatMap(([file]) => /node_modules\/libssl-wasm\/(?:dist\/)?(.*)\/[^/]*$/.exec(file)?.[1] ?? [])
    expect([...new Set(carried)].sort()).toEqual([...folders].sort())
  })

describe('of the features, which are lists of options and what they do', async () => {
  const folder = join(import.meta.dirname, '../../src/frontends/features')
  const modules = readdirSync(folder).map((file) => import(join(folder, file)) as Promise<Readonly<Record<string, unknown>>>)
  const exported = (await Promise.all(modules)).flatMap((module) => Object.entries(module))
  const ends = { connect: client, accept: server }
  const names = (end: keyof typeof ends) => ends[end].features.map((feature) => exported.find(([, value]) => value === feature)![0])

  it.each(bundlers.flatMap(([name, bundle]) => (['connect', 'accept'] as const).map((imported) => ({ name, bundle, imported }))))(
    '$imported alone carries those of its side, and no other, by $name', async ({ bundle, imported }) => {
      const directory = await project({
        'src/index.js': `import { ${imported} } from 'libssl-wasm'\nglobalThis.used = ${imported}\n`,
      })
      const { code } = await bundle(join(directory, 'src/index.js'), directory)
      const carried = new Set([...names('connect'), ...names('accept')])
      expect([...carried].filter((name) => new RegExp(`\\b(?:const|let|var) ${name} = `).test(code)).sort()).toEqual(names(imported).sort())
    })
})
