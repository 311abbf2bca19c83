// Where the machine's own programs are.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of a program of the machine's, if it is there. */
export function onPath(program: string): string | undefined {
  return (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, program)).find((file) => existsSync(file))
}
