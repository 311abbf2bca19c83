// One file of Node's tests in a process of its own, as Node's test runner has it: its `// Flags:` are honoured, and an exit
// status of 0 is success.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Outcome {
  readonly outcome: 'passed' | 'failed' | 'timed out' | 'skipped'
  /** The first line of the error, or why it was skipped. */
  readonly why?: string
  readonly output: string
}

const preload = fileURLToPath(new URL('preload.cjs', import.meta.url))
/** What would change Node or OpenSSL, as NODE_EXTRA_CA_CERTS does. */
const MACHINES_OWN = /^(NODE|SSL|OPENSSL)_/
/** The most output of a test that is kept: some print without end. */
const OUTPUT_CHARACTERS = 200_000

/**
 * Runs a test with `module` in the place of `node:tls`. Processes that it has started end with it.
 * @param obtained the real path of what obtain.sh prints: a directory with `node/` and `test/`
 * @param slot differs among tests that run at the same time
 */
export async function runTest(obtained: string, file: string, module: string, slot: number, timeoutMs: number): Promise<Outcome> {
  const path = join(obtained, 'test/parallel', file)
  const flags = [...readFileSync(path, 'utf8').matchAll(/^\/\/ Flags:(.*)$/gm)].flatMap((match) => match[1]!.trim().split(/\s+/))
  const scratch = mkdtempSync(join(tmpdir(), 'node-tests-'))
  const child = spawn(join(obtained, 'node/bin/node'), [...flags, path], {
    cwd: obtained, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !MACHINES_OWN.test(name))),
      NODE_TESTS_DIR: obtained, NODE_TESTS_MODULE: module,
      NODE_TEST_DIR: scratch, TEST_PARALLEL: '1', TEST_SERIAL_ID: `${slot}`, TEST_THREAD_ID: `${slot}`,
      // By the environment, so that processes and workers that a test starts have it, too.
      NODE_OPTIONS: `--require "${preload}"`,
    },
  })
  const killAll = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {} // all have ended
  }
  process.once('exit', killAll)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => { if (output.length < OUTPUT_CHARACTERS) output += text })
  }
  let late = false
  const timer = setTimeout(() => {
    late = true
    killAll()
  }, timeoutMs)
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  clearTimeout(timer)
  process.off('exit', killAll)
  killAll()
  rmSync(scratch, { recursive: true, force: true })
  const skipped = /^1\.\.0 # Skipped: (.*)$/m.exec(output)?.[1]
  if (code === 0) return skipped === undefined ? { outcome: 'passed', output } : { outcome: 'skipped', why: skipped, output }
  return { outcome: late ? 'timed out' : 'failed', why: firstError(output), output }
}

/** The first line that names an error, with some more where it ends in a colon; else what Node's mustCall() says; else the first line. */
function firstError(output: string): string {
  const lines = output.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  const from = (what: RegExp) => {
    const at = lines.findIndex((line) => what.test(line))
    const more = lines[at]?.endsWith(':')
      ? lines.slice(at, at + 4).filter((line) => !/^(at |\+ actual - expected)/.test(line)) : lines.slice(at, at + 1)
    return at < 0 ? undefined : more.join(' ')
  }
  return from(/^(Uncaught )?\w*Error\b.*:/) ?? from(/^Mismatched /) ?? lines[0] ?? 'it printed nothing'
}
