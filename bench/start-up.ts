// From nothing to a first context, in a new process each.

import { execFileSync } from 'node:child_process'
import { median, row } from './measure.js'

const ours = `const t = performance.now(); const { load, SslCtx } = await import(${JSON.stringify(new URL('../dist/core.js', import.meta.url).href)});
  new SslCtx(await load(), 'TLS_client_method'); console.log(performance.now() - t)`
const theirs = `const t = performance.now(); const tls = await import('node:tls'); tls.createSecureContext({ ca: [] }); console.log(performance.now() - t)`

export async function startUp(): Promise<void> {
  const run = (code: string) => Number(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }))
  const a: number[] = []
  const b: number[] = []
  for (let i = 0; i < 7; i++) {
    a.push(run(ours))
    b.push(run(theirs))
  }
  const ms = (value: number) => `${value.toFixed(1)} ms`
  row('start-up: import, load, first context (new process)', ms(median(a)), ms(median(b)), median(a) / median(b), '')
}
