// Lists of names with reasons: `## words` is the heading of the lines below it, `# words` is for readers alone.

import { readFileSync } from 'node:fs'

/** By name: the heading that it stands under, or `''`. Throws if a name stands in it twice. */
export function readHeadedList(file: URL): Map<string, string> {
  const listed = new Map<string, string>()
  let heading = ''
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('## ')) heading = line.slice(3).trim()
    const name = line.replace(/#.*/, '').trim()
    if (name === '') continue
    if (listed.has(name)) throw new Error(`${file.pathname} names ${name} twice`)
    listed.set(name, heading)
  }
  return listed
}
