// What an idle connection holds: of WebAssembly memory, step by step; and of the whole process, both sides, against node:tls.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { BioPair, Ssl, SslCtx } from '../dist/core.js'
import { row, who } from './measure.js'
import { Library, nodes, X25519 } from './peers.js'

const COUNT = 300

export async function memory(): Promise<void> {
  const library = await Library.open()
  await ladder(library)
  for (const contexts of ['own', 'shared'] as const) {
    const [ours, theirs] = [inProcess('ours', contexts), inProcess('node', contexts)]
    const kib = (value: number) => `${value.toFixed(0)} KiB`
    row(
      `memory: growth of the process for a pair, contexts ${contexts === 'own' ? 'of its own' : 'shared'}`, kib(ours), kib(theirs),
      ours / theirs, '',
    )
    if (contexts === 'own') continue
    // What a server costs whose connections share nothing: docs/servers.md.
    const mib = (perPair: number) => `${(perPair * COUNT / 1024).toFixed(0)} MiB`
    const apart = inProcess('apart', contexts)
    row(`memory: growth of the process for ${COUNT} pairs, the servers with an instance each`, mib(apart), mib(theirs), apart / theirs, '')
    row(`memory: growth of the process for ${COUNT} pairs, all on one context`, mib(ours), mib(theirs), ours / theirs, '')
  }
}

/** Each step beside the one before it. */
async function ladder(library: Library): Promise<void> {
  const { libssl } = library
  const kept: unknown[] = []
  const measure = async (what: string, make: () => unknown, count: number, wanted = '') => {
    kept.push(await make(), await make()) // tables that OpenSSL makes once
    const before = libssl.allocatedBytes
    for (let i = 0; i < COUNT; i++) kept.push(await make())
    row(`memory: ${what}`, `${((libssl.allocatedBytes - before) / COUNT / count / 1024).toFixed(1)} KiB`, '', undefined, wanted)
  }
  const ctx = new SslCtx(libssl, 'TLS_client_method')
  console.log(`${who}WebAssembly memory, each beside what is above it`)
  await measure('SSL_CTX, empty', () => new SslCtx(libssl, 'TLS_client_method'), 1)
  await measure('SSL, before a handshake, on a shared SSL_CTX', () => new Ssl(ctx), 1)
  await measure('BIO pair, while bytes move', () => new BioPair(libssl), 1)
  await measure('BIO pair, while nothing moves', () => {
    const pair = new BioPair(libssl)
    pair.releaseBuffers()
    return pair
  }, 1)
  await measure('idle connection, all of it, context of its own', () => library.pair(X25519, 'own'), 2)
  await measure('idle connection, all of it, shared context', () => library.pair(X25519, 'shared'), 2, 'at most 32 KiB')
}

function inProcess(...words: string[]): number {
  const self = fileURLToPath(import.meta.url)
  return Number(
    execFileSync(process.execPath, ['--expose-gc', '--import', import.meta.resolve('tsx'), self, ...words], { encoding: 'utf8' }),
  )
}

async function growth(which: string, contexts: 'own' | 'shared'): Promise<number> {
  const library = await Library.open()
  const make = () => {
    if (which === 'apart') return library.pairApart(X25519)
    return which === 'ours' ? library.pair(X25519, contexts) : nodes(X25519, contexts)
  }
  const kept: unknown[] = [await make()]
  globalThis.gc!()
  const before = process.memoryUsage.rss()
  for (let i = 0; i < COUNT; i++) kept.push(await make())
  globalThis.gc!()
  return (process.memoryUsage.rss() - before) / 1024 / COUNT
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await growth(process.argv[2]!, process.argv[3] as 'own' | 'shared'))
  process.exit() // the connections are open
}
