// Deno's own roots, with the permissions that the error and docs/connecting.md name.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { denoProgram } from '../conformance/runtimes/deno.js'

const repository = join(import.meta.dirname, '../..')
const PROGRAM = `
  import { connect, memoryTransportPair } from '${join(repository, 'dist/index.js')}'
  const [near, far] = memoryTransportPair()
  far.writable.close()
  connect(near, { servername: 'localhost' }).opened.catch(({ code, message }) => console.log(JSON.stringify({ code, message })))`

async function connectWithoutCa(...flags: readonly string[]): Promise<{ readonly code: string; readonly message: string }> {
  const program = denoProgram()
  if (program === undefined) throw new Error('Deno is missing: run tools/install-runtimes.sh')
  const args = ['run', '--allow-read', '--no-remote', '--quiet', ...flags, '-']
  const running = promisify(execFile)(program, args, { env: { ...process.env, DENO_NO_UPDATE_CHECK: '1' }, cwd: repository })
  running.child.stdin!.end(PROGRAM)
  const { stdout } = await running
  return JSON.parse(stdout) as { code: string; message: string }
}

it('Deno without them: the error names the flags, with which there are roots; so does the page', { timeout: 60_000 }, async () => {
  const { code, message } = await connectWithoutCa()
  expect(code).toBe('ERR_TLS_NO_TRUST_ANCHORS')
  const [flags] = /--allow-\S+ --allow-[\w=]+/.exec(message)!
  expect(readFileSync(join(repository, 'docs/connecting.md'), 'utf8')).toContain(`\`${flags}\``)
  expect(await connectWithoutCa(...flags.split(' '))).toMatchObject({ code: 'ERR_TLS_UNEXPECTED_EOF' })
})
