// Whoever has the tarball alone finds each file that its pages and its errors name.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { project } from '../helpers/project.js'

let installed: string
const texts = new Map<string, string>()

beforeAll(async () => {
  installed = join(await project({}), 'node_modules/libssl-wasm')
  for (const file of readdirSync(installed, { recursive: true, encoding: 'utf8' })) {
    if (/\.(md|m?js|service|Containerfile)$/.test(file)) texts.set(file, readFileSync(join(installed, file), 'utf8'))
  }
}, 60_000)

const pages = () => [...texts].filter(([file]) => file.endsWith('.md'))

it('each page, example and error names files of docs/ and examples/ that are there', () => {
  const named = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(/\b(?:docs|examples)\/[\w.-]*\w/g)].map(([name]) => ({ file, name })))
  expect(named.filter(({ file }) => file.startsWith('dist/')).length).toBeGreaterThan(5)
  expect(named.filter(({ name }) => !existsSync(join(installed, name)))).toEqual([])
})

it('each link of a page leads to a file and a heading that are there', () => {
  const links = pages().flatMap(([file, text]) =>
    [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, to = '', heading]) => ({ file, to, heading })))
  expect(links.length).toBeGreaterThan(50)
  const broken = links.filter(({ file, to, heading }) => {
    const target = to === '' ? file : relative(installed, join(installed, dirname(file), to))
    if (!existsSync(join(installed, target))) return true
    return heading !== undefined && !headingsOf(texts.get(target) ?? '').includes(heading)
  })
  expect(broken).toEqual([])
})

/** As GitHub and npm name them in links. */
function headingsOf(page: string): string[] {
  const prose = page.replaceAll(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'))
}
