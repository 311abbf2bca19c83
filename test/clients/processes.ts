// Columns whose clients run in a process of their own each: program.ts, in Node, Deno or Bun.

import { writeFileSync } from 'node:fs'
import { Program } from '../conformance/program.js'
import type { Column, Outcome } from './column.js'
import { MARK, type Shown } from './show.js'

/** How long a client may take for all that is shown of it. */
const PATIENCE_MS = 240_000

/**
 * `command` gives the start of a command whose next word is program.js, or undefined if it is not installed; `words` stand behind the
 * program's own.
 */
export function processColumn(
  name: string, command: () => readonly string[] | undefined, words: readonly string[], lacks: Column['lacks'] = {},
): Column {
  return {
    name,
    lacks,
    start(project) {
      const runtime = command()
      if (!runtime) return Promise.reject(new Error('it is missing: run tools/install-runtimes.sh'))
      return Promise.resolve({
        run(client, kit) {
          const file = project.path(`${client}.json`)
          writeFileSync(file, JSON.stringify(kit))
          return runProgram(new Program([...runtime, project.path('program.js'), client, file, ...words]))
        },
      })
    },
  }
}

async function runProgram(program: Program): Promise<Outcome> {
  let deadline
  const late = new Promise<string>((resolve) => {
    deadline = setTimeout(() => resolve(`has not ended by itself within ${PATIENCE_MS} ms`), PATIENCE_MS)
  })
  const how = await Promise.race([program.ended, late])
  clearTimeout(deadline)
  await program.end()
  const lines = program.output.split('\n')
  const shown = lines.filter((line) => line.startsWith(MARK)).map((line) => JSON.parse(line.slice(MARK.length)) as Shown)
  const others = lines.filter((line) => !line.startsWith(MARK)).join('\n').trim()
  return { shown, ...(how !== 'ended with 0' && { crashed: `${how}\n${others}` }) }
}
