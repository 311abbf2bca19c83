// What the runner knows of a place in which clients run: a column of the table.

import type { Project } from '../conformance/runtimes/project.js'
import type { Kit, Shown } from './show.js'

export interface Column {
  /** As in the table, for example `Node 24`. */
  readonly name: string
  /**
   * By client: why it cannot be shown there, through no fault of ours; all of it, or by what is shown. It is run all the same, and
   * must fail.
   */
  readonly lacks?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  /** By client: why it is not run there at all. */
  readonly without?: Readonly<Record<string, string>>
  /** Gets ready for these clients, which the project has as `CLIENT.js`. Rejects if something is not installed. */
  start(project: Project, clients: readonly string[]): Promise<StartedColumn>
}

export interface StartedColumn {
  /** Runs a client to its end. Other clients may be running. */
  run(client: string, kit: KitData): Promise<Outcome>
  end?(): Promise<void>
}

/** A kit without what is code: JSON. */
export type KitData = Omit<Kit<object>, 'tls' | 'net'>

export interface Outcome {
  readonly shown: readonly Shown[]
  /** Why it did not come to its end, with what it printed. */
  readonly crashed?: string
  /** Why it was not run: then nothing is shown. */
  readonly without?: string
}

/** What is known to be impossible has passed if it failed. */
export function withLacks({ shown, ...outcome }: Outcome, lacks: string | Readonly<Record<string, string>> = {}): Outcome {
  return {
    ...outcome,
    shown: shown.map((one) => {
      const { error, ...rest } = one
      const why = typeof lacks === 'string' ? lacks : lacks[one.what]
      if (why === undefined) return one
      return { ...rest, lacks: why, ...(error === undefined && { error: `it is possible, although it is said not to be: ${why}` }) }
    }),
  }
}
