// One run of the suite: the program is started, its reports are collected, and it is ended.

import type { HostServer } from './host/host-server.js'
import { Program } from './program.js'
import type { Result } from './suite/collector.js'

/** How long a runtime may take for all of the suite. */
const PATIENCE_MS = 240_000

export interface Outcome {
  readonly results: readonly Result[]
  /** Why the run did not come to its end, with what the program printed. */
  readonly crashed?: string
  /** Where only the running program tells it. */
  readonly version?: string
}

export async function runContext(
  host: HostServer, session: string, command: readonly string[], environment?: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const results: Result[] = []
  let version: string | undefined
  const program = new Program(command, environment)
  const crashed = await new Promise<string | undefined>((resolve) => {
    const deadline = setTimeout(() => resolve(`not done within ${PATIENCE_MS} ms`), PATIENCE_MS)
    const settle = (why?: string) => {
      clearTimeout(deadline)
      resolve(why)
    }
    host.listen(session, (report) => {
      if ('result' in report) results.push(report.result)
      else if ('version' in report) version = report.version
      else settle('crashed' in report ? report.crashed : undefined)
    })
    void program.ended.then(settle)
  })
  await program.end()
  await host.end(session)
  return { results, ...(version && { version }), ...(crashed !== undefined && { crashed: `${crashed}\n${program.output}` }) }
}
