// "In a page, step by step" of docs/node.md, done as it stands there, but for the ports: its database, its project, its relay, and in
// Chromium its page, by Vite's development server and by what it builds.

import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFailed, onTestFinished, vi } from 'vitest'
import { Home } from '../clients/servers/home.js'
import { Program } from '../conformance/program.js'
import { authority, localhost } from '../helpers/certificates.js'
import { dependenciesOfPackage } from '../helpers/dependencies.js'
import { documented } from '../helpers/documented.js'
import { onFreePorts, PORT_TAKEN } from '../helpers/free-ports.js'
import { installed, runInstalled } from '../helpers/installed.js'
import { project } from '../helpers/project.js'
import { newPage, type Page } from './page.js'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 }) // other people's programs, on a machine that may be busy
const PATIENCE_MS = 180_000

const repository = join(import.meta.dirname, '../..')
const text = readFileSync(join(repository, 'docs/node.md'), 'utf8')
const command = (beginning: string) =>
  text.split('\n').find((line) => line.startsWith(beginning))!.slice(beginning.length).trim().split(' ')

const home = new Home({ ca: authority.ca, server: localhost, serverRsa: localhost, client: localhost })
afterAll(() => home.close())
let databasePort: number

beforeAll(async () => {
  [databasePort] = await home.serve(1, (port) => {
    const script = home.write(`${port}.sh`, documented('database.sh').replace('5432', String(port)))
    return ['sh', '-c', 'cd "$0" && exec bash "$1"', home.folder(String(port)), script]
  }) as [number]
})
const databaseFile = (name: string) => home.path(`${databasePort}/${name}`)

/** What `npm install` makes, with this Vite. */
async function newProject(vite: string, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await project({ ...files, 'public/ca.pem': readFileSync(databaseFile('public/ca.pem'), 'utf8') })
  const modules = join(directory, 'node_modules')
  for (const name of command('npm install ')) {
    if (name === 'pg') for (const one of dependenciesOfPackage(join(repository, 'node_modules/pg'), new Set(['pg']))) copyModule(one,
      modules)
    else if (name !== 'libssl-wasm') symlinkSync(installed(name === 'vite' ? vite : name), join(modules, name))
  }
  return directory
}

function copyModule(name: string, modules: string): void {
  mkdirSync(modules, { recursive: true })
  cpSync(join(repository, 'node_modules', name), join(modules, name), { recursive: true })
}

/** The page as it is served at some port: its origin. */
function serve(vite: string, built: boolean): Promise<string> {
  return onFreePorts(2, async ([relayPort, pagePort]) => {
    const ours = (code: string) =>
      code.replaceAll('8080', String(relayPort)).replaceAll('5432', String(databasePort)).replace(/5173|4173/g, String(pagePort))
    const directory = await newProject(vite, {
      'vite.config.js': documented('vite.config.js'), 'index.html': documented('index.html'),
      'main.js': ours(documented('main.js') + documented('at the end of main.js')),
    })
    const start = async (args: readonly string[], listening: RegExp): Promise<RegExpExecArray | undefined> => {
      const program = new Program([process.execPath, ...args], { NODE_ENV: '', CI: '1', NO_COLOR: '1' }, { cwd: directory })
      onTestFinished(() => program.end())
      onTestFailed(() => console.error(program.output))
      return program.printed(listening).catch((error: Error) => {
        if (PORT_TAKEN.test(error.message)) return undefined
        throw error
      })
    }
    if (built) await runInstalled(`${vite}/bin/vite.js`, ['build'], directory)
    const relay = command('npx libssl-wasm ').map(ours)
    if (!await start(['node_modules/libssl-wasm/dist/apps/cli/main.js', ...relay], /listening on (\S+)/)) return undefined
    const server = [installed(`${vite}/bin/vite.js`), ...(built ? ['preview'] : []), '--port', String(pagePort), '--strictPort']
    return (await start(server, /http:\/\/localhost:\d+/))?.[0]
  })
}

/** All its tables, once there are so many. */
async function tablesOf(page: Page, count: number): Promise<string[][][]> {
  await page.waitForSelector(`table:nth-of-type(${count})`, { state: 'attached', timeout: PATIENCE_MS })
  return page.evaluate(
    '[...document.querySelectorAll("table")].map((table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent)))',
  )
}

it.each(['vite-oldest', 'vite'].flatMap((vite) => [[vite, 'its development server', false], [vite, 'its build', true]] as const))(
  'docs/node.md shows a table of PostgreSQL by %s, %s', async (vite, _, built) => {
    const page = await newPage()
    const complaints: string[] = []
    onTestFailed(() => console.error(complaints))
    page.on('console', (message) => { complaints.push(message.text()) })
    page.on('pageerror', (error) => { complaints.push(String(error.stack)) })
    await page.goto(await serve(vite, built), { waitUntil: 'commit' })
    const table = (user: string) => [['current_user', 'name', 'au', 'moons'],
      [user, 'Mercury', '0.39', '0'], [user, 'Venus', '0.72', '0'], [user, 'Earth', '1.00', '1'], [user, 'Mars', '1.52', '2']]
    expect(await tablesOf(page, 1)).toEqual([table('postgres')])
    await page.setInputFiles('input', ['alice.pem', 'alice.key'].map((name) => databaseFile(`db/${name}`)))
    expect(await tablesOf(page, 2)).toEqual([table('postgres'), table('alice')])
  })
