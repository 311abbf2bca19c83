// docs/proof.md: what was proved by which command, and when. `npm run proof [-- NAME...]` runs these, or all, one after the other: some
// hours. A row that is not run keeps what the page says. What they print goes to build/proof/NAME.log; its last line is the result.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { markedPart } from './marked-part.js'

const repository = fileURLToPath(new URL('../', import.meta.url))
const page = join(repository, 'docs/proof.md')
const logs = join(repository, 'build/proof')

/** By the command of build.sh. */
const proofs: Readonly<Record<string, string>> = {
  'openssl-tests': "OpenSSL's own tests (`make test`) in WebAssembly, with our options, kernels and cuts, beside the same for this machine",
  'vectors': "Wycheproof's vectors, thousands of corner cases of each algorithm",
  'kernels': '`wasm/kernels` beside `node:crypto`, a million random inputs each',
  'constant-time': 'no secret decides an address or a branch of a kernel in the .wasm that is shipped',
  'timing': 'no secret shows in the time of AES and P-256, over a million measurements; controls that leak are found',
  'corpora': "OpenSSL's fuzzing inputs and seeds through our API: no trap, no leak, nothing that takes seconds",
  'fuzz': 'records in each state, certificates, keys, sessions, frames, requests to the relay, changed at random',
  'sanitize': "tests with AddressSanitizer and UndefinedBehaviorSanitizer in our C and OpenSSL's, which report nothing",
  'soak': 'a hundred thousand connections with faults, through everything that carries them: no byte lost or invented, nothing left',
  'relay-load': 'a thousand clients of one relay at once, and a hostile tenth among them',
  'reproduce': 'two builds from nothing give the same bytes',
}

const asked = process.argv.slice(2)
const unknown = asked.find((name) => !(name in proofs))
if (unknown !== undefined) throw new Error(`there is no proof ${unknown}: ${Object.keys(proofs).join(', ')}`)
const measured = new Map<string, string>()
mkdirSync(logs, { recursive: true })
for (const name of asked.length > 0 ? asked : Object.keys(proofs)) await prove(name)

async function prove(name: string): Promise<void> {
  const start = performance.now()
  const log = join(logs, `${name}.log`)
  const child = spawn('bash', ['build.sh', name], { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] })
  const file = createWriteStream(log)
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(file, { end: false })
    stream.pipe(process.stdout, { end: false })
  }
  const [status] = await once(child, 'close') as [number | null]
  file.end()
  await once(file, 'close')
  const last = readFileSync(log, 'utf8').trim().split('\n').at(-1)!
  const minutes = Math.ceil((performance.now() - start) / 60_000)
  if (status !== 0) {
    console.error(`${name} has failed, and docs/proof.md keeps what it says: build/proof/${name}.log`)
    process.exitCode = 1
    return
  }
  measured.set(name, `${last.replaceAll('|', '\\|')} | ${new Date().toISOString().slice(0, 10)} | ${minutes} min`)
  write()
}

function write(): void {
  const old = readFileSync(page, 'utf8')
  const rows = Object.entries(proofs).map(([name, proves]) => {
    const kept = new RegExp(`^\\| \`npm run ${name}\` \\| [^|]* \\| (.*) \\|$`, 'm').exec(old)?.[1]
    return `| \`npm run ${name}\` | ${proves} | ${measured.get(name) ?? kept ?? 'not run yet |  | '} |\n`
  })
  const head = '| command | what it proves | result | on | took |\n| --- | --- | --- | --- | ---: |\n'
  writeFileSync(page, markedPart(page, 'proof', 'npm run proof', head + rows.join('')).wanted)
}
