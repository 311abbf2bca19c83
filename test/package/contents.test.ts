// The tarball holds what contents.txt says, and nothing else.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packed } from '../helpers/project.js'

const lines = readFileSync(join(import.meta.dirname, 'contents.txt'), 'utf8').split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
const patterns = lines.map((line) => ({
  line,
  matches: new RegExp(`^${line.replace(/[.+]/g, '\\$&').replaceAll('**', '\0').replaceAll('*', '[^/]*').replaceAll('\0', '.*')}$`),
}))

it('npm pack takes the files of test/package/contents.txt alone, and each line of that names some', async () => {
  const { files } = await packed()
  expect(files.filter((file) => !patterns.some(({ matches }) => matches.test(file)))).toEqual([])
  expect(patterns.filter(({ matches }) => !files.some((file) => matches.test(file))).map(({ line }) => line)).toEqual([])
  // In dist/ nothing but scripts and their types.
  expect(files.filter((file) => file.startsWith('dist/') && !/(?:\.d\.ts|\.d\.cts|\.js|\.cjs)$/.test(file))).toEqual([])
}, 60_000)
