// What others' tools say about the package, and what no shipped file may hold.

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { installed, runInstalled, runNode } from '../helpers/installed.js'
import { packed, project } from '../helpers/project.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // other people's programs, on a machine that may be busy

const repository = fileURLToPath(new URL('../../', import.meta.url))
let directory: string
let files: readonly string[]
const text = (file: string) => readFileSync(join(directory, file), 'utf8')

beforeAll(async () => {
  directory = join(await project({}), 'node_modules/libssl-wasm')
  files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
})

describe('no shipped file', () => {
  const scripts = () => files.filter((file) => /\.m?js$/.test(file))

  it('makes code of text: no eval, no Function constructor, no timer with a string', () => {
    expect(scripts().length).toBeGreaterThan(40)
    expect(
      scripts()
      .filter((file) => /\beval\s*\(|\bFunction\s*\(|\.constructor\s*\(\s*["'`]|set(?:Timeout|Interval)\s*\(\s*["'`]/.test(text(file))),
    ).toEqual([])
  })

  it('names a source map, or a source, that is not there', () => {
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([])
    expect(files.filter((file) => /\.(m?[jt]s)$/.test(file) && /sourceMappingURL|sourceURL/.test(text(file)))).toEqual([])
  })

  it('imports a file, or a package, that is not there', () => {
    const { dependencies, exports, imports } = JSON.parse(text('package.json')) as Record<'dependencies' | 'exports' | 'imports', object>
    const others = [...Object.keys(dependencies), ...Object.keys(imports)]
    const own = Object.keys(exports).map((path) => `libssl-wasm${path.slice(1)}`) // as users import it
    // The single file is not looked through: it holds other modules' text, and imports nothing at all (test/bundlers).
    const lost = scripts().filter((file) => file !== 'dist/inline.js').flatMap((file) => {
      const known = file.startsWith('examples/') ? [...others, ...own] : others
      return [...text(file).matchAll(/^(?:(?:import|export)\b.*\bfrom|import) ["']([^"']+)["'];?$/gm)].map(([, specifier]) => specifier!)
        .filter(
          (specifier) => (specifier.startsWith('.') ? !existsSync(join(directory, dirname(file), specifier))
          : !/^(?:node|cloudflare):/.test(specifier) && !known.includes(specifier)),
        )
        .map((specifier) => `${file} imports ${specifier}`)
    })
    expect(lost).toEqual([])
  })

  it('but libssl-url.mjs has a URL of the .wasm: bundlers would emit it twice', () => {
    expect(scripts().filter((file) => /\.wasm["'`],\s*import\.meta/.test(text(file)))).toEqual(['lib/libssl-url.mjs'])
  })
})

describe("package.json's conditions", () => {
  it('name files that are there', () => {
    const { exports, imports } = JSON.parse(text('package.json')) as { exports: object; imports: object }
    const targets = (value: unknown): string[] => (typeof value === 'string' ? [value] : Object.values(value as object).flatMap(targets))
    const named = [...targets(exports), ...targets(imports)]
    expect(named.length).toBeGreaterThan(15)
    expect(named.filter((target) => !existsSync(join(directory, target)))).toEqual([])
  })
})

describe('the tools of others are content', () => {
  it('publint', async () => {
    expect(await runInstalled('publint/src/cli.js', ['run', (await packed()).path, '--strict'], directory)).toMatch(/All good!/)
  })

  it('are the types wrong? For every entry that has types', async () => {
    // These have none: a binary, and a file of data.
    const untyped = ['./libssl.wasm', './package.json']
    // The rules that are ignored decide about its exit status alone: what they find is told, and expected below.
    const output = await runInstalled('@arethetypeswrong/cli/dist/index.js', [(await packed()).path, '--format', 'json',
      '--exclude-entrypoints', ...untyped, '--ignore-rules', 'no-resolution', 'cjs-resolves-to-esm'], directory)
    const { analysis } = JSON.parse(output) as {
      analysis: { entrypoints: object; problems: readonly Record<'kind' | 'entrypoint' | 'resolutionKind', string>[] }
    }
    const { exports } = JSON.parse(text('package.json')) as { exports: object }
    const entries = Object.keys(exports).filter((entry) => !untyped.includes(entry))
    expect(Object.keys(analysis.entrypoints).sort()).toEqual(entries.sort())
    // Resolution from before there were "exports" (node10) is not offered. All entries but one are modules alone: a require() of them
    // by Node ≥ 20.19 takes those, of which this tool warns.
    const modules = entries.filter((entry) => entry !== './node/tls').map((entry) => `${entry} node16-cjs: CJSResolvesToESM`)
    const problems = analysis.problems.filter(({ resolutionKind }) => resolutionKind !== 'node10')
    expect(problems.map(({ entrypoint, resolutionKind, kind }) => `${entrypoint} ${resolutionKind}: ${kind}`).sort())
      .toEqual(modules.sort())
  })

  it('deno publish --dry-run, with the layout for JSR, which Deno loads', async () => {
    const layout = mkdtempSync(join(tmpdir(), 'libssl-wasm-jsr-'))
    onTestFinished(() => rmSync(layout, { recursive: true, force: true }))
    await runNode(process.execPath, [join(repository, 'node_modules/tsx/dist/cli.mjs'), 'tools/jsr.ts', layout], repository)
    const home = { DENO_DIR: join(layout, '.deno'), DENO_NO_UPDATE_CHECK: '1' }
    const deno = installed('.bin/deno')
    // Our declarations are whole, so Deno need not make any; it fails at that for ./wisp: it takes a type out of
    // server-options.d.ts that served-stream.d.ts imports, and says itself that this is a bug of Deno's (2.9).
    const output = await runNode(deno, ['publish', '--dry-run', '--allow-dirty', '--allow-slow-types'], layout, home)
    expect(output).toMatch(/Dry run complete/)
    expect(output).not.toMatch(/^(?:warning|error)\b/m)
    expect(output).toMatch(/lib\/libssl-wasm\/libssl\.wasm/)
    writeFileSync(join(layout, 'load.js'), "import { load } from './dist/index.js'\nconsole.log((await load()).version)\n")
    expect(await runNode(deno, ['run', '--no-prompt', '--allow-read', 'load.js'], layout, home)).toMatch(/^OpenSSL 4\./)
  })
})
