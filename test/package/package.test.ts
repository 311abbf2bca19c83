// The packed tarball as a user gets it: installed in an empty project, imported by each subpath, type-checked, run.
// It is made of what ./build.sh left in dist/ and lib/.

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { dependenciesOfPackage } from '../helpers/dependencies.js'
import { startOpensslServer } from '../interop/peers/openssl.js'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'libssl-wasm-package-'))
const project = join(work, 'project')
const installed = join(project, 'node_modules/libssl-wasm')
afterAll(() => rmSync(work, { recursive: true, force: true }))

interface Ran { readonly status: number; readonly output: string }

/** Runs a command to its end; what it printed, both streams, and its status. */
async function run(command: string, args: readonly string[], cwd: string): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, maxBuffer: 16 << 20 })
    return { status: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout = '', stderr = '', message } = error as Error & { code?: number | string; stdout?: string; stderr?: string }
    return { status: typeof code === 'number' ? code : -1, output: stdout + stderr || message }
  }
}

async function succeed(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { status, output } = await run(command, args, cwd)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${output}`)
  return output
}

/** Packs directories into `work` and returns the tarballs. Scripts do not run: nothing may be built here. */
async function pack(directories: readonly string[]): Promise<string[]> {
  const names = await succeed('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', work, ...directories], repository)
  return names.trim().split('\n').map((name) => join(work, name))
}

/** Writes a file of the project and runs it there with Node. */
function runProgram(name: string, source: string): Promise<string> {
  writeFileSync(join(project, name), source)
  return succeed(process.execPath, [name], project)
}

/** All files below a directory, relative to it, sorted. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort()
}

beforeAll(async () => {
  for (const file of ['dist/index.js', 'lib/libssl-wasm/libssl.wasm']) {
    if (!existsSync(join(repository, file))) throw new Error(`${file} is missing: run ./build.sh first`)
  }
  mkdirSync(project)
  // Dependencies come from what is installed here: the test asks no registry, and what is not declared is not there.
  const dependencies = [...dependenciesOfPackage()]
  const [ours, ...others] = await pack([repository, ...dependencies.map((name) => join(repository, 'node_modules', name))])
  const overrides = Object.fromEntries(dependencies.map((name, index) => [name, `file:${others[index]!}`]))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module', overrides }))
  await succeed('npm', ['install', '--no-audit', '--no-fund', '--offline', ours!], project)
}, 60_000)

describe('the package', () => {
  it('holds each page, each example and each module that was built, and no other (contents.test.ts has the rest)', () => {
    const files = filesBelow(installed)
    for (const folder of ['docs', 'examples']) {
      const inRepository = filesBelow(join(repository, folder)).map((file) => `${folder}/${file}`)
      expect(files.filter((file) => file.startsWith(`${folder}/`))).toEqual(inRepository)
    }
    // Each module of the sources has its two files, and there is no other: leftovers of an older build would show.
    const modules = filesBelow(join(repository, 'src')).filter((file) => !file.endsWith('.d.ts'))
      .map((file) => `dist/${file.replace(/\.ts$/, '')}`)
    expect(files.filter((file) => file.startsWith('dist/'))).toEqual([
      ...modules.flatMap((module) => [`${module}.d.ts`, `${module}.js`]), 'dist/node/tls.cjs', 'dist/node/tls.d.cts',
    ].sort())
  })

  it('says how large its WebAssembly is, but for a tenth: npx tsx tools/sizes.ts --write', () => {
    const bytes = readFileSync(join(installed, 'lib/libssl-wasm/libssl.wasm')).length
    for (const page of ['README.md', 'docs/performance.md']) {
      const [, told = ''] = /^\| `libssl\.wasm`.*? \| ([\d,]+) KB \|/m.exec(readFileSync(join(installed, page), 'utf8'))!
      expect(Math.abs(Number(told.replaceAll(',', '')) * 1000 / bytes - 1), page).toBeLessThan(0.1)
    }
  })

  it('holds no declaration that imports a file which is not there', () => {
    const dangling = filesBelow(installed).filter((file) => /\.d\.m?ts$/.test(file)).flatMap((file) => {
      const imports = readFileSync(join(installed, file), 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]*)\.js['"]/g)
      return [...imports].map(([, path]) => join(dirname(file), `${path}.d.ts`)).filter((path) => !existsSync(join(installed, path)))
        .map((path) => `${file} imports ${path}`)
    })
    expect(dangling).toEqual([])
  })

  it('depends on ws for the relay, and on what stands for Node in a page, alone', () => {
    const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { dependencies: object }
    expect(Object.keys(dependencies)).toEqual(['buffer', 'events', 'readable-stream', 'ws'])
  })

  it('connects to openssl s_server from ten lines of JavaScript', async () => {
    const { port } = await startOpensslServer(localhost, 'TLSv1.3')
    const page = await runProgram('fetch-page.js', `
      import { readFileSync } from 'node:fs'
      import { connect as connectTcp } from 'node:net'
      import { connect } from 'libssl-wasm'
      const ca = readFileSync(${JSON.stringify(authority.ca.certFile)}, 'utf8')
      const tls = connect(connectTcp(${port}, '127.0.0.1'), { servername: 'localhost', ca })
      const writer = tls.writable.getWriter()
      await writer.write(new TextEncoder().encode('GET / HTTP/1.0\\r\\n\\r\\n'))
      for await (const chunk of tls.readable) process.stdout.write(chunk)
      await tls.close()
      await tls.closed
    `)
    expect(page).toMatch(/^HTTP\/1\.0 200 ok\r\n/)
    expect(page).toMatch(/Protocol *: TLSv1\.3/)
  })

  it('is imported by each subpath', async () => {
    const printed = await runProgram('subpaths.js', `
      import { createRequire } from 'node:module'
      import { existsSync } from 'node:fs'
      import { fileURLToPath } from 'node:url'
      const main = await import('libssl-wasm')
      const core = await import('libssl-wasm/core')
      const inline = await import('libssl-wasm/inline')
      const relay = await import('libssl-wasm/relay')
      const { mozillaRoots } = await import('libssl-wasm/roots')
      const { name } = createRequire(import.meta.url)('libssl-wasm/package.json')
      const wasm = existsSync(fileURLToPath(import.meta.resolve('libssl-wasm/libssl.wasm')))
      const inner = await import('libssl-wasm/dist/index.js').catch((error) => error.code)
      const { version } = await main.load()
      const same = Object.keys(main).join() === Object.keys(inline).join() && (await inline.load()).version === version
      console.log(JSON.stringify([
      typeof main.connect, typeof main.accept, typeof core.Ssl, same, typeof relay.startRelay,
      mozillaRoots.length > 100, name, wasm, inner, version]))
    `)
    expect(JSON.parse(printed)).toEqual([
      'function', 'function', 'function', true, 'function', true, 'libssl-wasm', true, 'ERR_PACKAGE_PATH_NOT_EXPORTED',
      expect.stringMatching(/^OpenSSL 4\.0\./),
    ])
  })

  it('does nothing when it is imported', async () => {
    // No handle keeps the process alive, nothing is printed, and no global is added.
    expect(await runProgram('import-alone.js', `
      const before = Reflect.ownKeys(globalThis).length
      await import('libssl-wasm')
      if (Reflect.ownKeys(globalThis).length !== before) console.log('a global was added')
    `)).toBe('')
  })

  it('brings the command libssl-wasm', async () => {
    const command = join(project, 'node_modules/.bin/libssl-wasm')
    expect(await succeed(command, ['--help'], project)).toMatch(/^usage: libssl-wasm COMMAND/)
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }
    expect(await succeed(command, ['--version'], project)).toBe(`${version}\n`)
    expect((await run(command, ['nonsense'], project)).status).toBe(2)
  })
})
