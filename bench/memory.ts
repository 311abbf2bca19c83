// What an idle connection holds: of WebAssembly memory, one side; and of the whole process, both sides, against node:tls.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { row } from './measure.js'
import { load, nodes, ours } from './peers.js'

const COUNT = 300
const suite = { name: '', ciphersuites: 'TLS_CHACHA20_POLY1305_SHA256', groups: 'X25519' }

export async function memory(): Promise<void> {
  const libssl = await load()
  const before = libssl.allocatedBytes
  const kept = [await ours(suite, libssl)]
  const first = libssl.allocatedBytes // tables that OpenSSL makes once
  for (let i = 1; i <= COUNT; i++) kept.push(await ours(suite, libssl))
  const each = (libssl.allocatedBytes - first) / COUNT / 2
  console.log(`idle connection: ${(each / 1024).toFixed(1)} KiB of WebAssembly memory (to reach: at most 64 KiB); the first pair and what is made once: ${((first - before) / 1024).toFixed(0)} KiB`)
  const rss = (which: string) => Number(execFileSync(process.execPath,
    ['--expose-gc', '--import', 'tsx', fileURLToPath(import.meta.url), which], { encoding: 'utf8' }))
  const a = rss('ours')
  const b = rss('node')
  row('memory: growth of the process for a pair of connections', `${a.toFixed(0)} KiB`, `${b.toFixed(0)} KiB`, a / b, '')
}

async function measureProcess(which: string): Promise<number> {
  const libssl = await load()
  const make = () => (which === 'ours' ? ours(suite, libssl) : nodes(suite.ciphersuites, suite.groups))
  const kept: unknown[] = [await make()]
  globalThis.gc!()
  const before = process.memoryUsage.rss()
  for (let i = 0; i < COUNT; i++) kept.push(await make())
  globalThis.gc!()
  return (process.memoryUsage.rss() - before) / 1024 / COUNT
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2]) {
  console.log(await measureProcess(process.argv[2]))
  process.exit() // the connections are open
}
