// Lays out in DIRECTORY what `deno publish` would send to JSR, from what ./build.sh has left: `tsx tools/jsr.ts DIRECTORY`.
// JSR has no conditions, no package.json, and takes types only where a file names them.

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const directory = process.argv[2]
if (directory === undefined) throw new Error('usage: tsx tools/jsr.ts DIRECTORY')

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly imports: Readonly<Record<string, { readonly deno?: string; readonly default: string }>>
}
const { name, version, license, exports, imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** The relay is Node's, and a program rather than a library: npm has it. */
const onNpmAlone = (path: string) => /(^|\/)apps(\/|$)/.test(path)

mkdirSync(directory, { recursive: true })
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'RELEASING.md', 'SECURITY.md', 'CHANGELOG.md']
for (const part of ['dist', 'lib', 'docs', 'examples', 'LICENSE', 'NOTICE', ...pages]) {
  cpSync(join(root, part), join(directory, part), { recursive: true, filter: (path) => !onNpmAlone(path.slice(root.length)) })
}
for (const file of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
  if (!/\.m?js$/.test(file)) continue
  const path = join(directory, file)
  const types = basename(file).replace(/js$/, 'ts').replace(/\.(m?ts)$/, '.d.$1')
  writeFileSync(path, `/* @ts-self-types="./${types}" */\n${readFileSync(path, 'utf8')}`)
}
writeFileSync(join(directory, 'deno.json'), `${JSON.stringify({
  name: `@${name}/${name}`,
  version,
  license,
  exports: Object.fromEntries(Object.entries(exports).flatMap(([subpath, target]) => {
    const file = typeof target === 'string' ? target : target.default
    return /\.js$/.test(file) && !onNpmAlone(file) ? [[subpath, file]] : []
  })),
  // There is no picking by platform: what Deno would take fits the others that take packages from JSR.
  imports: Object.fromEntries(Object.entries(imports).map(([specifier, target]) => [specifier, target.deno ?? target.default])),
}, null, 2)}\n`)
