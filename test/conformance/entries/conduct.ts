// What the entries of all runtimes have in common: the suite runs, and the host is told.

import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect'
import * as chai from 'chai'
import type { ExpectStatic } from 'vitest'
import { runSuite } from '../suite/collector.js'
import type { Runtime } from '../suite/harness.js'
import { Host } from '../suite/host.js'
import { suite } from '../suite/suite.js'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

/** Runs the suite for `session`, and reports to the host at `url`; never rejects. */
export async function conduct(url: string, session: string, makeRuntime: () => Promise<Runtime> | Runtime): Promise<void> {
  const host = new Host(url, session)
  const report = async (what: object) => {
    await fetch(`${url}/report`, { method: 'POST', body: JSON.stringify({ session, ...what }) })
  }
  try {
    const given = {
      expect: chai.expect as unknown as ExpectStatic, runtime: await makeRuntime(), host, meeting: await host.meeting(),
      identities: await host.identities(),
    }
    await runSuite(suite, given, (result) => report({ result }))
    await report({ done: true })
  } catch (error) {
    await report({ crashed: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) })
  }
}
