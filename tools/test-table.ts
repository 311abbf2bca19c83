// CONTRIBUTING's table of tests: which folder proves what, and how long it takes. `npx tsx tools/test-table.ts [REPORT...]`
//
// Times come from REPORTs of vitest in JSON and from build/suite-times.txt; `./build.sh test` leaves both, the first as
// build/test-results.json, which is taken unless others are named. A folder of which there are no results keeps what the page says.
// With --check it only looks whether the page has a row for each folder, with these words, and exits 1 if not.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { markedPart } from './marked-part.js'

const repository = fileURLToPath(new URL('../', import.meta.url))
const page = join(repository, 'CONTRIBUTING.md')

/** Folders of test/ whose *.test.ts are run by vitest. */
const folders: Readonly<Record<string, string>> = {
  base: 'errors, bytes, and what options must be',
  ffi: 'the border to C: memory, handles, lifetimes, callbacks, what is thrown across',
  loader: 'where code and roots come from, and what is said if they are not there',
  core: "OpenSSL's calls mean here what its manual says; hostile bytes, traps, traces",
  pump: 'the invariants at the head of src/pump/pump.ts, in any order of events and any size of chunk',
  transports: 'one contract for every transport; tunnels, the credit window, Wisp',
  frontends: 'options, contexts, sessions, trust, callbacks and errors of connect() and accept(), here and in a worker',
  node: 'the faces of node:tls and node:net: the same steps over both give the same events and codes',
  apps: 'the command line and the relay: rules, limits, fairness, attacks, its log, its two hosts',
  interop: 'OpenSSL, GnuTLS, NSS, mbedTLS, wolfSSL, Go, Java, nginx, curl and others agree with us, as client and as server',
  kernels: "wasm/kernels beside node:crypto and OpenSSL's own code: standards' examples, random inputs, limits",
  conformance: 'what the conformance suite stands on: a project with the built package',
  leak: 'thousands of connections leave nothing in the allocator; what an idle one holds',
  soak: 'connections of all kinds, with faults by a seed, lose and invent nothing',
  fuzz: 'what others write, changed at random, ends well or in a documented error: no trap, leak or hang',
  memory: 'a download through browser and relay takes no more memory than its windows',
  build: 'downloads that are cut, wrong or missing; the pin of OpenSSL; generated tables; the list of parts',
  package: "the tarball: its files, its types by two compilers, its entries, others' tools, require() in an old Node",
  bundlers: 'what each bundler writes runs in browsers, workers and edge workers; how small it is; what docs/node.md tells a newcomer',
  examples: 'the programs of examples/ do what the pages say',
  demo: 'the demonstration, used as a person does, in real browsers',
  site: 'the site is built without dead links and holes, and can be read on a telephone, in the dark, by the keyboard, in real browsers',
  tools: 'the tools themselves: floors, linter, constant time, the relay under load, the runner of Node\'s tests',
}

/** What is no part of vitest: by the name in build/suite-times.txt. */
const programs: Readonly<Record<string, { readonly command: string; readonly proves: string }>> = {
  conformanceSuite: {
    command: 'test/conformance/run.ts', proves: 'one suite on the built package in every runtime: Node, Deno, Bun, workerd, browsers',
  },
  clients: { command: 'test/clients/run.ts', proves: "npm's clients, unmodified, against real servers, in Node, pages and edge workers" },
  vectors: { command: 'npm run vectors', proves: "Wycheproof's vectors" },
}

const reports = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const times = new Map<string, { tests?: number; seconds: number }>()
const defaultReport = join(repository, 'build/test-results.json')
for (const report of reports.length === 0 && existsSync(defaultReport) ? [defaultReport] : reports) readReport(report)
readSuiteTimes()

const { old } = markedPart(page, 'tests', 'tools/test-table.ts', '')
const rows = [
  ...Object.entries(folders).map(([folder, proves]) => row(folder, `test/${folder}`, proves)),
  ...Object.entries(programs).map(([name, { command, proves }]) => row(name, command, proves)),
]
const { wanted } = markedPart(
  page, 'tests', 'tools/test-table.ts', `| run | what it proves | tests | time |\n| --- | --- | ---: | ---: |\n${rows.join('')}`,
)
const strays = readdirSync(join(repository, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory()
  && !(entry.name in folders) && readdirSync(join(repository, 'test', entry.name)).some((file) => file.endsWith('.test.ts')))
if (strays.length > 0) fail(`tools/test-table.ts has to say what test/${strays[0]!.name} proves`)
if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (wanted !== old) fail("CONTRIBUTING.md's table of tests is not that of tools/test-table.ts: run npx tsx tools/test-table.ts")

function readReport(path: string): void {
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as {
    testResults: readonly { name: string; startTime: number; endTime: number; assertionResults: readonly unknown[] }[]
  }
  for (const { name, startTime, endTime, assertionResults } of testResults) {
    const folder = relative(join(repository, 'test'), name).split('/')[0]!
    const sum = times.get(folder) ?? { tests: 0, seconds: 0 }
    times.set(folder, { tests: sum.tests! + assertionResults.length, seconds: sum.seconds + (endTime - startTime) / 1000 })
  }
}

function readSuiteTimes(): void {
  const path = join(repository, 'build/suite-times.txt')
  if (!existsSync(path)) return
  for (const [, name, seconds] of readFileSync(path, 'utf8').matchAll(/^(\w+) (\d+)$/gm)) times.set(name!, { seconds: Number(seconds) })
}

function row(name: string, run: string, proves: string): string {
  const kept = new RegExp(`^\\| \`${run}\` \\|.*\\| (.*) \\| (.*) \\|$`, 'm').exec(old)
  const measured = process.argv.includes('--check') ? undefined : times.get(name)
  const [tests, time] = measured ? [measured.tests ?? '', inWords(measured.seconds)] : [kept?.[1] ?? '', kept?.[2] ?? '']
  return `| \`${run}\` | ${proves} | ${tests} | ${time} |\n`
}

/** Two digits are enough: machines differ by more. */
function inWords(seconds: number): string {
  return seconds < 100 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
