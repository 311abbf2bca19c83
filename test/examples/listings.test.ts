// The listings of README and docs/, also those that are no files of examples/: each can be read, and imports what this package has.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type BuildFailure, type Plugin } from 'esbuild'
import { expect, it } from 'vitest'

const repository = join(import.meta.dirname, '../..')
const pages = ['README.md', ...readdirSync(join(repository, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]
const listings = pages.flatMap((page) => {
  const text = readFileSync(join(repository, page), 'utf8')
  return [...text.matchAll(/^```(js|ts)\n(.*?)^```/gms)].map((match) => ({
    place: `${page}:${text.slice(0, match.index).split('\n').length}`, loader: match[1] as 'js' | 'ts', contents: match[2]!,
  }))
})

const othersStayOutside: Plugin = {
  name: 'others stay outside',
  setup: ({ onResolve }) => onResolve({ filter: /^[a-z@]/ }, ({ path }) => path.startsWith('libssl-wasm') ? undefined : { external: true }),
}

/** What a bundler says of it. */
async function complaints(contents: string, loader: 'js' | 'ts'): Promise<string[]> {
  try {
    const { warnings } = await build({
      stdin: { contents, loader, resolveDir: repository }, plugins: [othersStayOutside],
      bundle: true, write: false, format: 'esm', platform: 'node', target: 'esnext', logLevel: 'silent',
    })
    return warnings.map(({ text }) => text)
  } catch (error) {
    return (error as BuildFailure).errors.map(({ text }) => text)
  }
}

it.each(listings)('$place can be read, and imports what there is', async ({ contents, loader }) => {
  expect(await complaints(contents, loader)).toEqual([])
})

it('a name that there is not, and what is no JavaScript, are found', async () => {
  expect(await complaints("import { conect } from 'libssl-wasm'\nconect()", 'js')).toEqual([expect.stringContaining('"conect"')])
  expect(await complaints('const = 1', 'js')).toHaveLength(1)
})
