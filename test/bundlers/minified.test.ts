// What minifiers leave: the names of errors; and how much of the library a page has whose OpenSSL is in a worker.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it, vi } from 'vitest'
import { runInstalled, runNode } from '../helpers/installed.js'
import { project } from '../helpers/project.js'

vi.setConfig({ testTimeout: 180_000 }) // other people's programs, on a machine that may be busy

const repository = fileURLToPath(new URL('../../', import.meta.url))

describe('errors keep name and code', () => {
  const program = `
    import * as library from 'libssl-wasm'
    const { connect, load, memoryTransportPair, TlsError } = library
    const classes = Object.entries(library).filter(([, one]) => one.prototype instanceof TlsError)
    const misnamed = classes.filter(([name, one]) => Object.create(one.prototype).name !== name).map(([name]) => name)
    const misuse = await Promise.resolve().then(() => connect(memoryTransportPair()[0], { colour: 'red' })).catch((error) => error)
    const missing = await load().catch((error) => error)
    const renamed = classes.filter(([name, one]) => one.name !== name).length
    console.log(JSON.stringify({
      classes: classes.length, misnamed, renamed: renamed > 0, thrown: [misuse, missing].map(({ name, code }) => [name, code]) }))`
  const bundle = ['src/index.js', '--bundle', '--format=esm', '--platform=node']

  it.each<[string, (directory: string) => Promise<unknown>]>([
    ['esbuild', (directory) => runInstalled('esbuild/bin/esbuild', [...bundle, '--minify', '--outfile=dist/app.js'], directory)],
    ['terser', async (directory) => {
      await runInstalled('esbuild/bin/esbuild', [...bundle, '--outfile=dist/plain.js'], directory)
      await runInstalled('terser/bin/terser', ['dist/plain.js', '--module', '--compress', '--mangle', '--output', 'dist/app.js'], directory)
    }],
  ])('that %s has minified', async (_, minify) => {
    const directory = await project({ 'src/index.js': program })
    await minify(directory)
    const { classes, ...seen } = JSON.parse(await runNode(process.execPath, ['dist/app.js'], directory)) as { classes: number }
    expect(classes).toBeGreaterThan(8)
    expect(seen).toEqual({
      misnamed: [], renamed: true, thrown: [['ApiMisuseError', 'ERR_TLS_UNKNOWN_OPTION'], ['InternalError', 'ERR_TLS_INTERNAL']],
    })
  })

  it('and no text for users looks at the name of a class, which does not stay', () => {
    const texts = ['README.md', ...['docs', 'examples'].flatMap((folder) =>
      readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)))]
      .filter((file) => /\.(md|m?[jt]s|html)$/.test(file) && !file.includes('node_modules'))
    expect(texts.length).toBeGreaterThan(10)
    // `self.constructor.name` is what a bundler is told of, for a client that asks it of the platform.
    expect(texts.filter((file) => /(?<!self\.)constructor\.name/.test(readFileSync(join(repository, file), 'utf8')))).toEqual([])
  })
})

describe('a page that imports libssl-wasm/worker alone', async () => {
  const { outputFiles: [page], metafile } = await build({
    stdin: { contents: "import { createWorker } from './dist/worker.js'\ncreateWorker()", resolveDir: repository },
    bundle: true, minify: true, format: 'esm', conditions: ['browser'], write: false, metafile: true,
  })

  const carried = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file))

  // As README says. The words of errors that say what to do are a part of it, and they grow.
  it('has 31 KB', () => {
    expect(page!.contents.byteLength).toBeLessThan(31_500)
  })

  it('has no sockets that browsers have not, no table of option names, nor what only the worker or contexts need', () => {
    const unwanted =
      /transports\/(bun|cloudflare|deno|dial-failures)|option-names|general-name|x509-contents|tls-session|sent-contexts|base\/binary|worker\/worker-/
    expect(carried.filter((file) => unwanted.test(file))).toEqual([])
  })

  it('imports nothing of OpenSSL but the certificates that it is shown, nor what loads it', () => {
    const fromBelow = carried.filter((file) => /^lib\/|^dist\/(ffi|loader|core|pump|frontends\/features)\//.test(file))
    expect(fromBelow.sort()).toEqual(['dist/core/x509.js', 'dist/pump/transport.js', 'dist/pump/waiting.js'])
  })
})
