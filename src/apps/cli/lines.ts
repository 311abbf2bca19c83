// Lines to standard output and standard error, that come at once or fail at once. The streams of `process` would wait for a reader
// that does not read, and end the process by an event when they fail.

import { writeSync } from 'node:fs'

export const STDOUT = 1
export const STDERR = 2

// Reading these properties makes Node put a pipe into the mode in which it answers EAGAIN when it is full.
void process.stdout
void process.stderr

/** The streams that have taken a part of a line. */
const cut = new Set<number>()

/** Throws the system's error. What is lost is lost as a whole line, or is ended before the next. */
export function writeLine(to: number, line: string): void {
  const bytes = Buffer.from(`${cut.has(to) ? '\n' : ''}${line}\n`)
  const taken = writeSync(to, bytes)
  cut.delete(to)
  if (taken === bytes.byteLength) return
  cut.add(to)
  throw Object.assign(new Error('a part of a line was written'), { code: 'EAGAIN' })
}

/** As well as it can: to standard error if standard output fails, and to none if that does. */
export function say(to: number, line: string): void {
  try {
    writeLine(to, line)
  } catch {
    if (to === STDOUT) say(STDERR, line)
  }
}
