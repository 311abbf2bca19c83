// Handshakes, both sides, on one thread: with contexts of their own, and with shared ones.
//
// `--against=DIR`: also against another checkout of this library, built, with the plain options that each version knows.

import { byTurns, row, time } from './measure.js'
import { Library, nodes, X25519, type Contexts, type Suite } from './peers.js'

const COUNT = 10
const ROUNDS = 41
/** To reach, contexts of its own and shared: Node 24's are twice as fast as Node 20's. */
const WANTED = Number(process.versions.node.split('.')[0]) < 24 ? ['at most 0.65×', 'at most 1.3×'] : ['at most 1.05×', 'at most 1.6×']

export async function handshakes(): Promise<void> {
  const library = await Library.open()
  const { ciphersuites } = X25519
  for (const key of ['P-256', 'RSA-2048'] as const) {
    const x25519 = key === 'P-256' ? X25519 : { ...X25519, key }
    await compare(library, `${key}, X25519`, x25519)
    await compare(library, `${key}, P-256`, { ciphersuites, groups: 'P-256', key })
    await compare(library, `${key}, X25519MLKEM768 (node:tls: X25519)`, { ciphersuites, groups: 'X25519MLKEM768', key }, x25519)
  }
}

async function compare(library: Library, name: string, suite: Suite, nodeSuite = suite): Promise<void> {
  const directory = process.argv.find((word) => word.startsWith('--against='))?.slice('--against='.length)
  const other = directory === undefined ? undefined : await Library.open(directory)
  const ours = (contexts: Contexts, from = library) => () => time(async () => {
    for (let i = 0; i < COUNT; i++) {
      const { client, server } = await from.pair(suite, contexts)
      await Promise.all([client.close(), server.close()])
    }
  })
  const theirs = (contexts: 'own' | 'shared') => () => time(async () => {
    for (let i = 0; i < COUNT; i++) {
      const { client, server } = await nodes(nodeSuite, contexts)
      client.destroy()
      server.destroy()
    }
  })
  const times = await byTurns(ROUNDS, ours('own'), theirs('own'), ours('shared'), theirs('shared'), ours('plain'), ours('plain', other))
  const [own, nodeOwn, shared, nodeShared, plain, before] = times as [number, number, number, number, number, number]
  const perSecond = (ms: number) => `${Math.round(COUNT * 1000 / ms)}/s`
  const line = (what: string, a: number, b: number, wanted = '') =>
    row(`handshake, ${name}, ${what}: time`, perSecond(a), perSecond(b), a / b, wanted)
  const [ownWanted, sharedWanted] = suite === X25519 ? WANTED : ['', '']
  line('contexts of its own', own, nodeOwn, ownWanted)
  line('shared contexts', shared, nodeShared, sharedWanted)
  line('plain options, one libssl', plain, nodeOwn, suite === X25519 ? 'at most 1.5×' : '')
  line('ours, shared | of its own', shared, own)
  if (other) line('ours, shared | other build', shared, before, 'at most 0.80×')
}
