// Node, Deno and Bun: files.

import * as fs from 'node:fs'
import { nodeKeylog } from './node-keylog.js'

/** Whether there are files to append to. */
export function hasKeylogFiles(): boolean {
  return true
}

/** What appends lines to `file`, or to the one that SSLKEYLOGFILE names; `undefined` if that is not set. Throws if it cannot. */
export function keylogFile(file: string | undefined): ((line: string) => void) | undefined {
  return nodeKeylog(fs, process.env, file)
}
