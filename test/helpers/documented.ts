// Files that docs/node.md shows: what stands there is what is tested.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The block of code that begins with a comment of the file's name. */
export function documented(file: string): string {
  const text = readFileSync(fileURLToPath(new URL('../../docs/node.md', import.meta.url)), 'utf8')
  const beginnings = [`// ${file}\n`, `# ${file}\n`, `<!-- ${file} -->\n`]
  const found = [...text.matchAll(/```\w+\n(.*?)```/gs)].find(([, code]) => beginnings.some((beginning) => code!.startsWith(beginning)))
  if (!found) throw new Error(`docs/node.md has no ${file}`)
  return found[1]!
}
