// Writes the table of flags into docs/relay.md: npx tsx tools/relay-flags.ts. A test compares.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { relayFlagTable } from '../src/apps/cli/relay-flags.js'
import { markedPart } from './marked-part.js'

const page = fileURLToPath(new URL('../docs/relay.md', import.meta.url))
writeFileSync(page, markedPart(page, 'flags', 'tools/relay-flags.ts', relayFlagTable()).wanted)
