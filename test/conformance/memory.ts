// 256 MiB through our relay to a page that pauses: what nobody reads must stay with the sender, and neither the browser
// nor the relay may grow by it.
//
// Measured is what the system holds for each side, all processes of a browser together, when the page stops reading and
// again when the sender has come to a standstill: what garbage collectors do in between can only make it less. What a whole
// download leaves behind is measured by test/memory/.

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import * as tls from 'node:tls'
import type { HostServer } from './host/host-server.js'
import { Program } from './program.js'
import type { Project } from './runtimes/project.js'
import { MIB, noise } from './suite/bytes.js'
import type { Result } from './suite/collector.js'
import { Host } from './suite/host.js'

const TOTAL_BYTES = 256 * MIB
const LIMIT_BYTES = 8 * MIB
const PATIENCE_MS = 180_000
/** A sender that has sent nothing for so long waits. */
const STANDSTILL_MS = 300

export type Flow = 'auto' | 'credit' | 'none'
export type MemoryTest = (project: Project, host: HostServer, runtime: string) => Promise<Result[]>

/** The test for a browser: `open` gives the command that opens a URL. `flows`: see `flowControl` of openTunnel. */
export const memoryTest = (open: (url: string) => readonly string[], flows: readonly Flow[]): MemoryTest =>
    async (project, host, runtime) => {
  await project.compile('memory')
  project.write('memory.html', `<!doctype html>
<meta charset="utf-8">
<title>memory</title>
<script type="importmap">${JSON.stringify(project.importMap(['browser', 'import', 'module']))}</script>
<script type="module" src="./memory.js"></script>
`)
  const results: Result[] = []
  for (const flow of flows) {
    const name = flow === 'none' ? "what is measured grows where nothing is held back (flowControl 'none')"
      : `256 MiB, flowControl '${flow}': both sides grow by less than ${LIMIT_BYTES / MIB} MiB`
    const error = await download(project, host, runtime, open, flow)
      .then(() => undefined, (reason: Error) => reason.stack ?? reason.message)
    results.push({ group: 'memory: a reader that pauses', name, passed: error === undefined, ...(error !== undefined && { error }) })
  }
  return results
}

async function download(
  project: Project, host: HostServer, runtime: string, open: (url: string) => readonly string[], flow: Flow,
): Promise<void> {
  const session = `${runtime}, memory`
  const { ec } = await new Host(host.url, session).identities()
  let sentBytes = 0
  const blocks = function* () {
    const block = noise(MIB, 1)
    for (sentBytes = 0; sentBytes < TOTAL_BYTES; sentBytes += block.byteLength) yield block
  }
  // A failure is the page's to tell.
  const server = tls.createServer(ec, (socket) => void pipeline(Readable.from(blocks()), socket).catch(() => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const relay = new Program([
    process.execPath, project.path('node_modules/libssl-wasm/dist/apps/cli/main.js'), 'relay', '--allow', `127.0.0.1:${port}`,
    '--origin', host.url,
  ])
  try {
    const [relayUrl] = await relay.printed(/ws:\/\/[\d.]+:\d+/)
    const browser = new Program(
      open(
        `${host.url}/memory.html?`
          + `${new URLSearchParams({ session, relay: relayUrl, port: String(port), flow, total: String(TOTAL_BYTES) })}`,
      ),
    )
    const growth = { relay: 0, browser: 0 }
    let pauses = 0
    try {
      const finished = new Promise<string | undefined>((resolve) => host.listen(session, (report) => {
        if ('done' in report) resolve(undefined)
        else if ('crashed' in report) resolve(report.crashed)
      }))
      host.pauses(session, async () => {
        pauses++
        const before = [memoryOf(relay), memoryOf(browser)] as const
        await standstill(() => sentBytes)
        growth.relay = Math.max(growth.relay, memoryOf(relay) - before[0])
        growth.browser = Math.max(growth.browser, memoryOf(browser) - before[1])
      })
      const why = await Promise.race([
        finished, browser.ended, relay.ended, setTimeout(PATIENCE_MS, `not done within ${PATIENCE_MS} ms`, { ref: false }),
      ])
      if (why !== undefined) throw new Error(`${why}\n${browser.output}`)
    } finally {
      await browser.end()
      await host.end(session)
    }
    console.error(
      `${session}, '${flow}': grew by at most ${mib(growth.relay)} in the relay, `
        + `${mib(growth.browser)} in the browser, in ${pauses} pauses`,
    )
    if (pauses < 4) throw new Error(`only ${pauses} pauses`)
    const holds = growth.relay < LIMIT_BYTES && growth.browser < LIMIT_BYTES
    if (holds === (flow === 'none')) throw new Error(`grew by ${mib(growth.relay)} in the relay, ${mib(growth.browser)} in the browser`)
  } finally {
    await relay.end()
    server.close()
  }
}

const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`

/** Waits until `progress()` has not changed for a while, and returns it. */
async function standstill(progress: () => number): Promise<void> {
  for (let last = -1; progress() !== last;) {
    last = progress()
    await setTimeout(STANDSTILL_MS)
  }
}

/**
 * The memory of a process and of all that it has started, in bytes. What they share is counted once (Pss); the pages of
 * program files are not counted: their share changes whenever another browser on the machine starts or ends.
 */
function memoryOf({ pid: root }: Program): number {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // After the command in brackets: the state, and the parent.
    const parent = Number(/\) \S (\d+) [^)]*$/.exec(read(`/proc/${name}/stat`))?.[1])
    children.set(parent, [...children.get(parent) ?? [], Number(name)])
  }
  const sum = (pid: number): number =>
    [...read(`/proc/${pid}/smaps_rollup`).matchAll(/^Pss_(?:Anon|Shmem): +(\d+) kB/gm)].reduce(
      (total, [, kib]) => total + Number(kib) * 1024, 0,
    ) + (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0)
  return sum(root)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it has ended meanwhile
  }
}
