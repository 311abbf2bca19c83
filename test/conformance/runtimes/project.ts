// A project that uses the package as a user gets it: the packed tarball, unpacked into node_modules, and the suite
// bundled for each kind of runtime.

import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { fromNpm, repository, runtimesDirectory } from './installed.js'

/** What is used of esbuild: its types are there only once it is installed. */
interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>
}

/** Several runtimes share it, at the same time: a file that is there is left to the programs that may be reading it. */
export class Project {
  /** Of its own for each run, within the repository, so that the machine's temporary files need no room for it. */
  readonly directory = mkdtempSync(join(repository, 'build/conformance-'))
  readonly #package = join(this.directory, 'node_modules/libssl-wasm')
  readonly #bundles = new Map<string, Promise<void>>()

  /** Packs what ./build.sh has left in dist/ and lib/. */
  async make(): Promise<void> {
    mkdirSync(this.#package, { recursive: true })
    writeFileSync(join(this.directory, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    const run = promisify(execFile)
    await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', this.directory], { cwd: repository })
    const tarball = readdirSync(this.directory).find((name) => name.endsWith('.tgz'))!
    await run('tar', ['-xzf', join(this.directory, tarball), '-C', this.#package, '--strip-components=1'])
    symlinkSync(join(repository, 'node_modules/ws'), join(this.directory, 'node_modules/ws'))
    // esbuild leaves the URL of the .wasm as it is: its folder belongs beside the bundle.
    cpSync(join(this.#package, 'lib/libssl-wasm'), this.path('libssl-wasm'), { recursive: true })
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  write(name: string, text: string): void {
    const path = this.path(name)
    if (!existsSync(path)) writeFileSync(path, text)
    else if (readFileSync(path, 'utf8') !== text) throw new Error(`${name} is there, with another text: choose another name`)
  }

  /**
   * Bundles `entries/NAME.ts` to `NAME.js`, in which `libssl-wasm` stays an import: for the runtime itself to resolve, or for {@link
   * bundle}.
   */
  async compile(name: string): Promise<void> {
    await this.#build(`${name}.js`, {
      entryPoints: [join(repository, 'test/conformance/entries', `${name}.ts`)],
      nodePaths: [join(runtimesDirectory, 'node_modules')],
      external: [...platforms, 'ws', 'libssl-wasm', 'libssl-wasm/*'],
      // What other tests, too, are made of imports the sources: here it is the package.
      plugins: [{
        name: 'package',
        setup(build: { onResolve(filter: { filter: RegExp }, give: () => object): void }) {
          build.onResolve({ filter: /\/src\/index\.js$/ }, () => ({ path: 'libssl-wasm', external: true }))
          build.onResolve({ filter: /\/src\/worker\.js$/ }, () => ({ path: 'libssl-wasm/worker', external: true }))
        },
      }],
    })
  }

  /** Bundles each of these files of the repository to `NAME.js` in a folder of the project; every package stays an import. */
  async compileEach(files: readonly string[], folder = ''): Promise<void> {
    await esbuild({
      entryPoints: files.map((file) => join(repository, file)), outdir: this.path(folder), entryNames: '[name]', packages: 'external',
    })
  }

  /** Lets programs of the project import what is installed in `modules`, a `node_modules`. */
  link(modules: string): void {
    for (const name of readdirSync(modules)) {
      const link = join(this.directory, 'node_modules', name)
      if (!name.startsWith('.') && !existsSync(link)) symlinkSync(join(modules, name), link)
    }
  }

  /**
   * Bundles a program of the project's with what it imports, as a user's bundler does under these conditions. What is WebAssembly goes
   * beside it.
   */
  async bundle(input: string, output: string, options: { conditions: readonly string[]; format?: 'esm' | 'iife' }): Promise<void> {
    await this.#build(output, { entryPoints: [this.path(input)], ...options, external: platforms, loader: { '.wasm': 'copy' } })
  }

  #build(output: string, options: Readonly<Record<string, unknown>>): Promise<void> {
    let bundle = this.#bundles.get(output)
    if (!bundle) this.#bundles.set(output, bundle = esbuild({ outfile: this.path(output), ...options }))
    return bundle
  }

  /** An import map for what the package's own package.json says under these conditions: what a bundler would do. */
  importMap(conditions: readonly string[]): { imports: Record<string, string> } {
    type Target = string | { readonly [condition: string]: Target }
    const { exports, imports } = JSON.parse(readFileSync(join(this.#package, 'package.json'), 'utf8')) as Record<'exports'
      | 'imports', Record<string, Target>>
    const resolve = (target: Target): string | undefined => {
      if (typeof target === 'string') return target
      for (const [condition, below] of Object.entries(target)) {
        if (condition !== 'default' && !conditions.includes(condition)) continue
        const resolved = resolve(below)
        if (resolved) return resolved
      }
      return undefined
    }
    const entries = [
      ...Object.entries(exports).map(([name, target]) => [name.replace(/^\./, 'libssl-wasm'), target] as const), ...Object.entries(imports),
    ].flatMap(([name, target]) => {
      const path = resolve(target)
      return path ? [[name, path.replace(/^\./, '/node_modules/libssl-wasm')]] : []
    })
    return { imports: Object.fromEntries(entries) as Record<string, string> }
  }
}

/** Modules of the platforms themselves. */
const platforms = ['node:*', 'cloudflare:*']

async function esbuild(options: Readonly<Record<string, unknown>>): Promise<void> {
  const main = fromNpm('esbuild/lib/main.js')
  if (!main) throw new Error('esbuild is missing: run tools/install-runtimes.sh')
  const { build } = await import(pathToFileURL(main).href) as Esbuild
  await build({ bundle: true, format: 'esm', target: 'es2022', logLevel: 'error', ...options })
}
