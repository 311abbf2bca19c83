// Servers, the clients that each is for, and the places in which clients run: the table's rows and columns.

import { bunProgram } from '../conformance/runtimes/bun.js'
import { denoProgram } from '../conformance/runtimes/deno.js'
import { findNode } from '../conformance/runtimes/node.js'
import type { Home } from './servers/home.js'
import { startPostgresql } from './servers/postgresql.js'

export interface ServerRow {
  readonly server: string
  /** Resolves to what its clients' functions get as `place`. */
  start(home: Home): Promise<object>
  /** Names of npm packages and of files in clients/. */
  readonly clients: readonly string[]
  /** By client, by runtime, by what is shown: why it fails there, through no fault of ours. That it does is tested. */
  readonly lacks?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>
}

/** In the order in which they are started: those that take long come first. */
export const servers: readonly ServerRow[] = [
  { server: 'PostgreSQL', start: startPostgresql, clients: ['pg'] },
]

export interface RuntimeColumn {
  readonly name: string
  /** The start of a command whose next word is program.js; undefined if it is not installed. */
  command(): readonly string[] | undefined
  /** Words behind the program's own. */
  readonly words: readonly string[]
}

const node = () => one(findNode(24))

export const runtimes: readonly RuntimeColumn[] = [
  { name: 'Node 24 with node:tls', command: node, words: [] },
]

function one(program: string | undefined): readonly string[] | undefined {
  return program === undefined ? undefined : [program]
}
