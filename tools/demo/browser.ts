// The demonstration in a browser: servers, a relay to them, and the page, all on loopback, until Ctrl-C.

import { X509Certificate } from 'node:crypto'
import { platformRoots } from '#roots'
import { startRelay } from '../../src/apps/relay/relay.js'
import { say } from './command-line.js'
import { bundlePage, startPageServer } from './page-server.js'
import type { PageDatabase } from './page-target.js'
import type { Postgresql } from './postgresql.js'
import { givenTarget, OWN_ANCHORS, PLATFORM_ANCHORS, startTargets } from './targets.js'

const HOST = '127.0.0.1'

/**
 * Serves the page and resolves when SIGINT or SIGTERM has come and everything is closed.
 * @param given more targets, `HOST:PORT`, each to be verified with Node's roots
 */
export async function serveDemo(given: readonly string[]): Promise<void> {
  const stopped = new Promise<string>((resolve) => { for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve) })
  const givenTargets = given.map(givenTarget)
  const script = await bundlePage()
  const own = await startTargets()
  const closing: (() => Promise<void>)[] = [() => own.stop()]
  try {
    const page = await startPageServer(script)
    closing.unshift(() => page.close())
    const targets = [...givenTargets, ...own.targets]
    const { postgresql } = own
    // A page's origin is its address as typed: both of these lead here.
    const origins = [HOST, 'localhost'].map((host) => `http://${host}:${page.port}`)
    const allow = [...targets.map(({ address }) => address), ...('missing' in postgresql ? [] : [`${HOST}:${postgresql.port}`])]
    const relay = await startRelay({ allow, origins })
    closing.unshift(() => relay.close())
    const platform = (platformRoots() ?? []).map((root) => new X509Certificate(root).toString())
    page.show({
      relayUrl: relay.url,
      targets: targets.map((target) => ({ ...target, url: `${relay.url}/${target.address}` })),
      database: 'missing' in postgresql ? postgresql : describeDatabase(postgresql, relay.url),
      anchors: { [OWN_ANCHORS]: own.ca, [PLATFORM_ANCHORS]: platform.join('') },
    })

    for (const { name, command } of targets) say(name, command)
    say('PostgreSQL', 'missing' in postgresql ? postgresql.missing : postgresql.command)
    say('relay', `${relay.url}  (a WebSocket for each TCP connection; it sees ciphertext only)`)
    say('page', `${page.url}  (open it in a browser; Ctrl-C ends)`)
    await stopped
  } finally {
    for (const close of closing) await close()
  }
}

function describeDatabase({ port, user, password, database }: Postgresql, relayUrl: string): PageDatabase {
  return { host: HOST, port, servername: 'localhost', user, password, database, anchors: OWN_ANCHORS, relayUrl }
}
