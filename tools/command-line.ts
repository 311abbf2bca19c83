// The tables of docs/command-line.md, from the flags and the exit statuses: `npx tsx tools/command-line.ts`. A test compares.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { connectFlags } from '../src/apps/cli/connect-flags.js'
import { exitStatusMarkdown } from '../src/apps/cli/exit-status.js'
import { flagTable } from '../src/apps/cli/flags.js'
import { serveFlags } from '../src/apps/cli/serve-flags.js'
import { markedPart, type MarkedPart } from './marked-part.js'

const page = fileURLToPath(new URL('../docs/command-line.md', import.meta.url))
const maker = 'tools/command-line.ts'

/** By subject, what stands between its marks. */
const tables: Readonly<Record<string, () => string>> = {
  'flags of connect': () => flagTable(connectFlags),
  'flags of serve': () => flagTable(serveFlags),
  'exit statuses': exitStatusMarkdown,
}

/** Each part of the page, as it is and as it should be. */
export function commandLineParts(): readonly MarkedPart[] {
  return Object.entries(tables).map(([subject, table]) => markedPart(page, subject, maker, table()))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [subject, table] of Object.entries(tables)) writeFileSync(page, markedPart(page, subject, maker, table()).wanted)
}
