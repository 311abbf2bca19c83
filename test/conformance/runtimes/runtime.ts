// What the runner knows of a runtime: whether it is here, and the program that starts it.

import type { Example } from '../examples.js'
import type { MemoryTest } from '../memory.js'
import type { Project } from './project.js'

export interface RuntimeDriver {
  /** As in the table, for example `Node 22`. */
  readonly name: string
  /** The places in it that the suite runs in, one after the other: for browsers page and workers. */
  readonly contexts: readonly string[]
  /** The command that it is started with, or how to get what is missing. Called before anything is started. */
  find(): Promise<Found | Missing>
}

export interface Found {
  /** Version, for people. */
  readonly version: string
  /** Makes what it runs, in `project`. */
  prepare?(project: Project): Promise<void>
  /** The program and its arguments, for a run of the suite as `session`. It may go on after the suite's end: it is ended then. */
  command(project: Project, hostUrl: string, session: string, context: string): readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** The documentation's examples for it, and how they are run. */
  readonly examples: readonly Example[]
  readonly memory?: MemoryTest
}

export interface Missing {
  readonly missing: string
}

/** A browser that opens a page and stays. */
export interface Browser {
  readonly program: string
  /** The command that opens the URL. */
  open(url: string): readonly string[]
}
