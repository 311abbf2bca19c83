// The site, into build/site/html: docs/, the reference and the demonstration. `./build.sh site`, after the build.
//
// LIBSSL_WASM_SITE_BASE is the path below which it will be served, `/` unless told; it begins and ends with a slash. Nothing on the site is
// fetched from elsewhere. A link that leads nowhere, an export without a text, and a page that no list names are errors.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeDemo } from './demo.js'
import { deadLinks } from './links.js'
import { writeNodeMembers } from './node-members.js'
import { writePages } from './pages.js'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const pages = join(repository, 'build/site/pages')
const html = join(repository, 'build/site/html')
const base = process.env['LIBSSL_WASM_SITE_BASE'] ?? '/'

rmSync(join(repository, 'build/site'), { recursive: true, force: true })
writePages(repository, pages)
run('typedoc', '--options', 'site/typedoc.config.js')
await writeNodeMembers(repository, join(pages, 'api'))
await writeDemo(join(pages, 'public/demo'))
run('vitepress', 'build', 'site')
const dead = deadLinks(html, base)
for (const link of dead) console.error(link)
if (dead.length > 0) process.exit(1)
console.log(`the site is in ${html}`)

/** A tool of site/node_modules. What it says is shown if it fails. */
function run(tool: string, ...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(
    join(repository, 'site/node_modules/.bin', tool), args, { cwd: repository, encoding: 'utf8' },
  )
  if (status === 0) return
  console.error(`${stdout}${stderr}`)
  process.exit(1)
}
