// Files that others made, through our readers and connections, in one instance: npm run corpora -- [FOLDER]
//
// OpenSSL's fuzz corpora are a repository of their own, openssl/fuzz-corpora: neither OpenSSL's release nor Debian's source package holds
// them (fuzz/corpora is empty there). FOLDER is a checkout of it; by default what the environment variable LIBSSL_WASM_CORPORA names.
// Without one, what OpenSSL's own tests read stands in for it: the certificates, keys, lists and damaged files of its source tree. Each
// is read by every reader, and as records by a client and a server. Then each part of a recorded handshake is dropped, doubled,
// emptied, and so on, one at a time.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectionTargets, give } from './connections.js'
import { inputOf, Watch, type Target } from './fuzz.js'
import { readers, type Reader } from './readers.js'
import type { Change } from './changes.js'
import { Watchdog } from './watchdog.js'

const MOST_BYTES = 256 * 1024
/** What OpenSSL's tests read, without their programs and settings. */
const OF_TESTS = /\.(pem|der|ors|p12|pfx|crt|csr|key|bin|dat|out|cms|pkcs7|sct|tlssct|pvk)$/
/** No part of a recorded flight has a higher number. */
const PARTS = 60
const oneChange: readonly Change['kind'][] = ['drop', 'twice', 'swap', 'empty', 'fill', 'graft', 'retag', 'lie', 'flip']

const watch = new Watch()
const dog = new Watchdog()
let [files, inputs, failed] = [0, 0, 0]

const given = process.argv[2] ?? process.env['LIBSSL_WASM_CORPORA']
if (given !== undefined) await readAll(given, () => true)
else await withSourceTree((tree) => readAll(tree, (file) => OF_TESTS.test(file)))
for (const target of connectionTargets) {
  for (const kind of oneChange) for (let at = 0; at < PARTS; at++) await hold(target, [{ kind, at, value: 0xff, size: 1 }], `${kind} ${at}`)
}
watch.stop()
console.log(
  `corpora: ${files} files${given === undefined ? " of OpenSSL's tests (its fuzz corpora are not here)" : ' of the fuzz corpora'}, `
    + `${inputs} inputs, ${failed} failed`,
)
process.exit(failed > 0 ? 1 : 0)

async function hold(target: Target, list: readonly Change[], what: string): Promise<void> {
  dog.began(`${target.name}: ${what}`)
  inputs++
  try {
    await watch.hold(target, inputOf(0, list))
  } catch (error) {
    failed++
    console.error(`${target.name}: ${what}:`, error)
  }
}

async function readAll(folder: string, isWanted: (file: string) => boolean): Promise<void> {
  const found = (readdirSync(folder, { recursive: true }) as string[]).map((name) => join(folder, name))
    .filter((file) => isWanted(file) && statSync(file).isFile() && statSync(file).size <= MOST_BYTES).sort()
  if (found.length === 0) throw new Error(`${folder} has no files`)
  for (const file of found) {
    const bytes = new Uint8Array(readFileSync(file))
    files++
    for (const target of targetsFor(basename(dirname(file)), bytes)) await hold(target, [], relative(folder, file))
  }
}

/** Those of libFuzzer's programs of the same name, by the folder; of others: all. */
function targetsFor(folder: string, bytes: Uint8Array): Target[] {
  const side = folder === 'client' || folder === 'server' ? folder : undefined
  const ofCrl: readonly Reader[] = ['a revocation list']
  const names = side ? [] : folder === 'crl' ? ofCrl : Object.keys(readers) as Reader[]
  return [
    ...names.map((name): Target => ({ name, run(lib) { readers[name](lib, bytes) } })),
    ...(['client', 'server'] as const).filter((one) => side === undefined || side === one)
        .flatMap((one) => (['TLSv1.2', 'TLSv1.3'] as const).map((version): Target => ({
      name: `${one}, ${version}`,
      run(lib) { give(lib, { side: one, version, state: 'begun', layer: 'records' }, { pick: 0, change: () => Uint8Array.from(bytes) }) },
    }))),
  ]
}

async function withSourceTree(use: (tree: string) => Promise<void>): Promise<void> {
  const tree = mkdtempSync(join(tmpdir(), 'libssl-wasm-corpora-'))
  try {
    const tarball = execFileSync(
      fileURLToPath(new URL('../../openssl-src/fetch.sh', import.meta.url)), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    ).trim()
    execFileSync('tar', ['-xzf', tarball, '-C', tree, '--strip-components=1', '--no-same-owner', '--wildcards', '*/test/*', '*/apps/*'])
    await use(tree)
  } finally {
    rmSync(tree, { recursive: true })
  }
}
