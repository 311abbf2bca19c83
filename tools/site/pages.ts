// The pages that people have written, as they stand in the repository, so that their links hold here, too. What is no page, and they link
// to, is served as it is.

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Texts that pages link to, and that are no Markdown. */
const TEXTS = ['LICENSE', 'NOTICE']

export function writePages(repository: string, to: string): void {
  mkdirSync(join(to, 'public'), { recursive: true })
  cpSync(join(repository, 'docs'), join(to, 'docs'), { recursive: true })
  cpSync(join(repository, 'site/index.md'), join(to, 'index.md'))
  cpSync(join(repository, 'tools/demo/page/icon.svg'), join(to, 'public/icon.svg'))
  for (const file of readdirSync(repository).filter((name) => name.endsWith('.md'))) cpSync(join(repository, file), join(to, file))
  for (const name of TEXTS) {
    writeFileSync(join(to, `${name}.md`), `# ${name}\n\n\`\`\`text\n${readFileSync(join(repository, name), 'utf8')}\`\`\`\n`)
  }
  cpSync(join(repository, 'examples'), join(to, 'public/examples'), { recursive: true })
  writeFileSync(
    join(to, 'sidebar.json'),
    JSON.stringify(sidebarOf(readFileSync(join(repository, 'docs/README.md'), 'utf8'), readdirSync(join(to, 'docs')))),
  )
}

interface Section {
  readonly text: string
  readonly collapsed: boolean
  readonly items: readonly { readonly text: string; readonly link: string }[]
}

/** The sections of docs/README.md, which lists all pages by task. Throws if one is missing there. */
export function sidebarOf(list: string, files: readonly string[]): Section[] {
  const sections = list.split(/^## /m).slice(1).map((section) => ({
    text: section.slice(0, section.indexOf('\n')).trim(),
    collapsed: false,
    items: [
      ...section.matchAll(/\[([^\]]+)\]\(([^)\s]+\.md)(?:#[^)]*)?\)/g),
    ].map(([, text, file]) => ({ text: text!, link: pageLink(file!) })),
  }))
  const named = new Set(sections.flatMap(({ items }) => items.map(({ link }) => link)))
  const missing = files.filter((file) => file.endsWith('.md') && file !== 'README.md' && !named.has(pageLink(file)))
  if (missing.length > 0) throw new Error(`docs/README.md does not list ${missing.join(', ')}`)
  return sections.filter(({ items }) => items.length > 0)
}

/** What a link of docs/README.md is on the site, without its ending. */
function pageLink(file: string): string {
  return new URL(file, 'file:///docs/').pathname.replace(/\.md$/, '')
}
