// Writes the table of flags into docs/relay.md: npx tsx tools/relay-flags.ts. A test compares.

import { readFileSync, writeFileSync } from 'node:fs'
import { relayFlagTable } from '../src/apps/cli/relay-flags.js'

const file = new URL('../docs/relay.md', import.meta.url)
const text = readFileSync(file, 'utf8')
writeFileSync(file, text.replace(/(<!-- flags -->\n).*?(?=\n<!-- end of flags -->)/s, (_, mark: string) => mark + relayFlagTable()))
