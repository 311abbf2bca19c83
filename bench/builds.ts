// What another build of this library changes, in size and in time: `tsx bench/builds.ts BEFORE [AFTER]`, folders with dist/ and lib/,
// the second one being this checkout unless told. Both are measured by turns in one process.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { carrier, TOTAL_BYTES } from './bulk.js'
import { byTurns, head, row, time } from './measure.js'
import { Library, X25519, type Suite } from './peers.js'

const COUNT = 10
const HANDSHAKES: Readonly<Record<string, Suite>> = {
  'P-256, X25519': X25519,
  'P-256, P-256': { ...X25519, groups: 'P-256' },
  'P-256, X25519MLKEM768': { ...X25519, groups: 'X25519MLKEM768' },
  'RSA-2048, X25519': { ...X25519, key: 'RSA-2048' },
}
const CIPHERS = ['TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384']

const [before, after = fileURLToPath(new URL('..', import.meta.url))] = process.argv.slice(2)
if (before === undefined) throw new Error('usage: tsx bench/builds.ts BEFORE [AFTER]')
const folders = [resolve(before), resolve(after)] as const
const [old, now] = await Promise.all(folders.map((folder) => Library.open(folder))) as [Library, Library]
console.log(`before: ${old.libssl.version}\nafter:  ${now.libssl.version}\n`)
head('after', 'before')

const kb = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`
const [oldCode, newCode] = folders.map((folder) => readFileSync(join(folder, 'lib/libssl-wasm/libssl.wasm'))) as [Buffer, Buffer]
const forms: Readonly<Record<string, (code: Buffer) => Buffer>> = {
  'raw': (code) => code,
  'gzip': (code) => gzipSync(code, { level: 9 }),
  'Brotli': (code) => brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }),
}
for (const [name, form] of Object.entries(forms)) {
  const [oldBytes, newBytes] = [form(oldCode).length, form(newCode).length]
  row(`size of libssl.wasm, ${name}`, kb(newBytes), kb(oldBytes), newBytes / oldBytes, '')
}

for (const [name, suite] of Object.entries(HANDSHAKES)) {
  for (const contexts of ['own', 'shared'] as const) {
    const shaken = (library: Library) => () => time(async () => {
      for (let count = 0; count < COUNT; count++) {
        const { client, server } = await library.pair(suite, contexts)
        await Promise.all([client.close(), server.close()])
      }
    })
    const [oldMs, newMs] = await byTurns(31, shaken(old), shaken(now)) as [number, number]
    const perSecond = (ms: number) => `${Math.round(COUNT * 1000 / ms)}/s`
    row(`handshakes, ${name}, ${contexts} contexts: time`, perSecond(newMs), perSecond(oldMs), newMs / oldMs, '')
  }
}

for (const ciphersuites of CIPHERS) {
  const carried = async (library: Library) => {
    const { client, server } = await library.pair({ ciphersuites, groups: 'X25519' })
    const carry = carrier(client, server)
    return () => time(carry)
  }
  const [oldMs, newMs] = await byTurns(7, await carried(old), await carried(now)) as [number, number]
  const speed = (ms: number) => `${Math.round(TOTAL_BYTES / 1000 / ms)} MB/s`
  row(`bulk, ${ciphersuites}: time`, speed(newMs), speed(oldMs), newMs / oldMs, '')
}
process.exit() // connections are open
