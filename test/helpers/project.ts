// A user's project: the packed tarball in node_modules, and a few files of the user's own.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { dependenciesOfPackage } from './dependencies.js'
import { runNode } from './installed.js'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const wasm = readFileSync(join(repository, 'lib/libssl-wasm/libssl.wasm'))
const work = mkdtempSync(join(tmpdir(), 'libssl-wasm-bundlers-'))
afterAll(() => rmSync(work, { recursive: true, force: true }), 300_000) // thousands of files, on a disk that others use

interface Tarball {
  readonly path: string
  /** The files in it, as npm tells them. */
  readonly files: readonly string[]
}

let tarball: Promise<Tarball> | undefined
let unpacked: Promise<string> | undefined

/** The package as it is published; made once. No scripts are run. */
export function packed(): Promise<Tarball> {
  tarball ??= (async () => {
    const output = await runNode('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', work], repository)
    const [{ filename, files }] = JSON.parse(output) as [{ filename: string; files: { path: string }[] }]
    return { path: join(work, filename), files: files.map(({ path }) => path) }
  })()
  return tarball
}

/** The package as npm would install it. */
function unpack(): Promise<string> {
  unpacked ??= (async () => {
    const into = join(work, 'libssl-wasm')
    mkdirSync(into)
    await runNode('tar', ['-xzf', (await packed()).path, '-C', into, '--strip-components=1'], work)
    return into
  })()
  return unpacked
}

/** Makes a project of `files` (path → text) in a directory of its own; returns the directory. */
export async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = mkdtempSync(join(work, 'project-'))
  mkdirSync(join(directory, 'node_modules'))
  // A copy, not a link: bundlers would see through that, and find other packages around it.
  await runNode('cp', ['-r', await unpack(), join(directory, 'node_modules/libssl-wasm')], directory)
  for (const name of dependenciesOfPackage()) {
    cpSync(join(repository, 'node_modules', name), join(directory, 'node_modules', name), { recursive: true })
  }
  for (const [path, text] of Object.entries({ 'package.json': '{ "private": true, "type": "module" }', ...files })) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  return directory
}

/** The .wasm files below a directory, relative to it. Each must be ours, whole. */
export function wasmFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.wasm')).map((file) => {
    if (!readFileSync(join(directory, file)).equals(wasm)) throw new Error(`${file} is not lib/libssl-wasm/libssl.wasm`)
    return file
  })
}
