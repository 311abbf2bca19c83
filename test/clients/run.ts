// npm's clients, unmodified, over our `node:tls` against real servers: `npx tsx test/clients/run.ts [CLIENT…]`.
//
// Starts each server, runs its clients in a process of their own in each runtime, writes build/clients.json, prints a table, and
// at last "clients: N passed, N failed". Exits 1 on a failure. Servers and clients are installed by tools/install-clients.sh.

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { CertificateAuthority, RSA } from '../../tools/certificates.js'
import { Program } from '../conformance/program.js'
import { repository } from '../conformance/runtimes/installed.js'
import { Project } from '../conformance/runtimes/project.js'
import { runtimes, servers, type RuntimeColumn, type ServerRow } from './all.js'
import { printResults, type ClientResults } from './results.js'
import { replacement } from './replace.js'
import { Home, type Identities } from './servers/home.js'
import { MARK, type Kit, type Shown } from './show.js'

/** Servers have processes of their own: more at once only make them wait for each other. */
const AT_ONCE = 2
/** How long a client may take for all that is shown of it. */
const PATIENCE_MS = 240_000

const wanted = process.argv.slice(2)
const known = servers.flatMap(({ clients }) => clients)
for (const name of wanted) if (!known.includes(name)) throw new Error(`there is no ${name}, but ${known.join(', ')}`)
const chosen = servers.filter(({ clients }) => wanted.length === 0 || clients.some((name) => wanted.includes(name)))

const modules = join(repository, 'test/clients/node_modules')
if (!existsSync(modules)) throw new Error('the clients are missing: run tools/install-clients.sh')
const authorities = [new CertificateAuthority(), new CertificateAuthority()] as const
const identities: Identities = {
  ca: authorities[0].ca, server: authorities[0].leaf(), serverRsa: authorities[0].leaf({ newkey: RSA }), client: authorities[0].leaf({ name: 'certified' }),
}
const project = new Project()
const results: ClientResults[] = []
try {
  await project.make()
  project.link(modules)
  project.write('replacement.js', replacement(Object.keys(tls).filter((name) => name !== 'default')))
  await project.compileEach(['test/clients/program.ts', ...known.map((name) => `test/clients/clients/${name}.ts`)])
  const waiting = [...chosen]
  const work = async () => {
    for (let row; (row = waiting.shift()) !== undefined;) await runServer(row)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
} finally {
  project.remove()
  for (const { dir } of authorities) rmSync(dir, { recursive: true, force: true })
}

results.sort((one, other) => known.indexOf(one.client) - known.indexOf(other.client))
writeFileSync(join(repository, 'build/clients.json'), JSON.stringify(results, undefined, 1))
const failures = printResults(results, wanted.length === 0 ? checkDocs : () => undefined)
process.exit(failures > 0 ? 1 : 0)

/** What is wrong with the table of docs/node.md, if anything is. */
function checkDocs(): string | undefined {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', join(repository, 'tools/client-table.ts'), '--check'], { cwd: repository, encoding: 'utf8' })
  return status === 0 ? undefined : stderr
}

async function runServer({ server, start, clients, lacks }: ServerRow): Promise<void> {
  const mine = clients.filter((name) => wanted.length === 0 || wanted.includes(name))
  const home = new Home(identities)
  try {
    const begun = Date.now()
    const place = await start(home)
    console.error(`${server} answers after ${seconds(begun)}`)
    const { ca, client: { cert, key } } = identities
    const kit: Omit<Kit<object>, 'tls' | 'net'> = { place, ca: ca.cert, otherCa: authorities[1].ca.cert, cert, key }
    const file = project.path(`${clients[0]}.json`)
    writeFileSync(file, JSON.stringify(kit))
    for (const client of mine) {
      const runs: ClientResults['runs'][number][] = []
      for (const runtime of runtimes) {
        const begun = Date.now()
        const run = withLacks(await runClient(client, file, runtime), lacks?.[client]?.[runtime.name])
        console.error(`${client}, ${runtime.name}: ${seconds(begun)}`)
        runs.push(run.crashed === undefined && run.shown.every(({ error }) => error === undefined) ? run : { ...run, serverLog: home.log })
      }
      results.push({ client, server, runs })
    }
  } catch (error) {
    for (const client of mine) results.push({ client, server, runs: [{ runtime: server, shown: [], crashed: (error as Error).stack ?? String(error) }] })
  } finally {
    await home.close()
  }
}

async function runClient(client: string, file: string, { name, command, words }: RuntimeColumn): Promise<ClientResults['runs'][number]> {
  const runtime = command()
  if (!runtime) return { runtime: name, shown: [], crashed: 'it is missing: run tools/install-runtimes.sh' }
  const program = new Program([...runtime, project.path('program.js'), client, file, ...words])
  let deadline
  const late = new Promise<string>((resolve) => {
    deadline = setTimeout(() => resolve(`has not ended by itself within ${PATIENCE_MS} ms`), PATIENCE_MS)
  })
  const how = await Promise.race([program.ended, late])
  clearTimeout(deadline)
  await program.end()
  const lines = program.output.split('\n')
  const shown = lines.filter((line) => line.startsWith(MARK)).map((line) => JSON.parse(line.slice(MARK.length)) as Shown)
  const others = lines.filter((line) => !line.startsWith(MARK)).join('\n').trim()
  return { runtime: name, shown, ...(how !== 'ended with 0' && { crashed: `${how}\n${others}` }) }
}

/** What is known to be impossible has passed if it failed. */
function withLacks(run: ClientResults['runs'][number], lacks?: string): typeof run {
  if (lacks === undefined) return run
  const shown = run.shown.map(({ what, error }) => ({ what, lacks, ...(error === undefined && { error: `it is possible, although it is said not to be: ${lacks}` }) }))
  return { ...run, shown }
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`
}
