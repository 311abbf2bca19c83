// npm's clients, unmodified, over our `node:tls` against real servers: `npx tsx test/clients/run.ts [CLIENT | COLUMN]…`.
//
// Starts each server, runs its clients in each column's place, writes build/clients.json, prints a table, and
// at last "clients: N passed, N failed". Exits 1 on a failure. Servers and clients are installed by tools/install-clients.sh.

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CertificateAuthority, RSA } from '../../tools/certificates.js'
import { repository } from '../conformance/runtimes/installed.js'
import { Project } from '../conformance/runtimes/project.js'
import { columns, servers, type ServerRow } from './all.js'
import { withLacks, type Column, type KitData, type StartedColumn } from './column.js'
import { printResults, type ClientResults } from './results.js'
import { Home, type Identities } from './servers/home.js'

/** Servers have processes of their own: more at once only make them wait for each other. */
const AT_ONCE = 2

const wanted = process.argv.slice(2)
const known = servers.flatMap(({ clients }) => clients)
const columnNames = columns.map(({ name }) => name)
for (const name of wanted) {
  if (![...known, ...columnNames].includes(name)) throw new Error(`there is no ${name}, but ${[...known, ...columnNames].join(', ')}`)
}
/** Those that are named, or all. */
const chosen = (names: readonly string[]) =>
  (names.some((name) => wanted.includes(name)) ? names.filter((name) => wanted.includes(name)) : names)
const clients = chosen(known)

const modules = join(repository, 'test/clients/node_modules')
if (!existsSync(modules)) throw new Error('the clients are missing: run tools/install-clients.sh')
const authorities = [new CertificateAuthority(), new CertificateAuthority()] as const
const identities: Identities = {
  ca: authorities[0].ca, server: authorities[0].leaf(), serverRsa: authorities[0].leaf({ newkey: RSA }),
  client: authorities[0].leaf({ name: 'certified' }),
}
const project = new Project()
const results: ClientResults[] = []
const places: Place[] = []
try {
  await project.make()
  project.link(modules)
  await project.compileEach(['test/clients/program.ts', ...clients.map((name) => `test/clients/clients/${name}.ts`)])
  for (const column of columns.filter(({ name }) => chosen(columnNames).includes(name))) {
    places.push({ column, started: startColumn(column) })
  }
  const waiting = [...servers]
  const work = async () => {
    for (let row; (row = waiting.shift()) !== undefined;) await runServer(row)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
} finally {
  for (const { started } of places) await (await started).end?.()
  project.remove()
  for (const { dir } of authorities) rmSync(dir, { recursive: true, force: true })
}

results.sort((one, other) => known.indexOf(one.client) - known.indexOf(other.client))
writeFileSync(join(repository, 'build/clients.json'), JSON.stringify(results, undefined, 1))
const failures = printResults(results, wanted.length === 0 ? checkDocs : () => undefined)
process.exit(failures > 0 ? 1 : 0)

/** What is wrong with the tables of README.md and docs/node.md, if anything is. */
function checkDocs(): string | undefined {
  const { status, stderr } = spawnSync(
    process.execPath, ['--import', 'tsx', join(repository, 'tools/client-table.ts'), '--check'], { cwd: repository, encoding: 'utf8' },
  )
  return status === 0 ? undefined : stderr
}

/** What could not be started is told by each of its runs. */
async function startColumn(column: Column): Promise<StartedColumn> {
  try {
    return await column.start(project, clients.filter((name) => column.without?.[name] === undefined))
  } catch (error) {
    return { run: () => Promise.resolve({ shown: [], crashed: (error as Error).stack ?? String(error) }) }
  }
}

interface Place { readonly column: Column; readonly started: Promise<StartedColumn> }

async function runServer({ server, start, clients: all }: ServerRow): Promise<void> {
  const mine = all.filter((name) => clients.includes(name))
  if (mine.length === 0) return
  const home = new Home(identities)
  try {
    const begun = Date.now()
    const place = await start(home)
    console.error(`${server} answers after ${seconds(begun)}`)
    const { ca, client: { cert, key } } = identities
    const kit: KitData = { place, ca: ca.cert, otherCa: authorities[1].ca.cert, cert, key }
    for (const client of mine) {
      const runs: ClientResults['runs'][number][] = []
      for (const { column: { name, lacks, without }, started } of places) {
        const why = without?.[client]
        if (why !== undefined) {
          runs.push({ runtime: name, shown: [], without: why })
          continue
        }
        const column = await started
        const begun = Date.now()
        const outcome = withLacks(await column.run(client, kit), lacks?.[client])
        console.error(`${client}, ${name}: ${seconds(begun)}`)
        const passed = outcome.crashed === undefined && outcome.shown.every(({ error }) => error === undefined)
        runs.push({ runtime: name, ...outcome, ...(!passed && { serverLog: home.log }) })
      }
      results.push({ client, server, runs })
    }
  } catch (error) {
    for (const client of mine) {
      results.push({ client, server, runs: [{ runtime: server, shown: [], crashed: (error as Error).stack ?? String(error) }] })
    }
  } finally {
    await home.close()
  }
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`
}
