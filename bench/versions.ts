// `tsx versions.ts [NAME ...] [--update-docs]`: those measurements of run.ts, or all, under this Node, then under the newest that
// tools/install-runtimes.sh has installed for the tests. --update-docs writes what they give into docs/performance.md, and some lines of
// it into README.md.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { markedPart } from '../tools/marked-part.js'
import type { Row } from './measure.js'

const run = fileURLToPath(new URL('run.ts', import.meta.url))
const newer = fileURLToPath(new URL(`../test/runtimes/node_modules/node24-${process.platform}-${process.arch}/bin/node`, import.meta.url))
const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url))
const readme = fileURLToPath(new URL('../README.md', import.meta.url))
const update = process.argv.includes('--update-docs')
/** What the page shows. */
const shown = ['kernels', 'bulk', 'handshake', 'echo', 'cold']
/** What README shows of it, and in which words. */
const inReadme = new Map([
  ['handshake, P-256, X25519, shared contexts: time', 'handshakes, ECDSA, X25519'],
  ['bulk, TLS_CHACHA20_POLY1305_SHA256, client to server', 'bulk data, ChaCha20-Poly1305, which is preferred'],
  ['bulk, TLS_AES_128_GCM_SHA256, client to server', 'bulk data, AES-128-GCM'],
])

const asked = process.argv.slice(2).filter((word) => word !== '--update-docs')
const names = update && asked.length === 0 ? shown : asked
const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-bench-'))
const rows = join(directory, 'rows')
writeFileSync(rows, '')
try {
  for (const node of [process.execPath, newer]) {
    if (!existsSync(node)) {
      console.log('Node 24 is not installed for the tests: run tools/install-runtimes.sh')
      continue
    }
    const env = { ...process.env, LIBSSL_WASM_BENCH_ROWS: rows }
    const { status } = spawnSync(node, ['--expose-gc', '--import', import.meta.resolve('tsx'), run, ...names], { stdio: 'inherit', env })
    if (status !== 0) process.exit(status ?? 1)
    console.log()
  }
  if (update) {
    writeFileSync(page, markedPart(page, 'measurements', 'npm run bench -- --update-docs', table()).wanted)
    writeFileSync(readme, markedPart(readme, 'measurements', 'npm run bench -- --update-docs', shortTable()).wanted)
  }
} finally {
  rmSync(directory, { recursive: true })
}

function measured(): readonly Row[] {
  return readFileSync(rows, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Row)
}

/** Of the newest Node. */
function shortTable(): string {
  const all = measured()
  const { node } = all.at(-1)!
  const lines = [...inReadme].map(([name, words]) => {
    const row = all.find((one) => one.node === node && one.what === name)
    if (!row) throw new Error(`nothing is called "${name}": README.md has nothing to show`)
    return `| ${words} | ${Math.round(100 * parseFloat(row.ours) / parseFloat(row.theirs))} % |\n`
  })
  return `| speed, both sides on one thread | of \`node:tls\` in Node ${node} |\n| --- | ---: |\n${lines.join('')}`
}

function table(): string {
  const all = measured()
  const versions = [...new Set(all.map(({ node }) => node))]
  const date = new Date().toISOString().slice(0, 10)
  let text = `Measured on ${date}; processor: ${cpus()[0]!.model.trim()}.\n`
  for (const version of versions) {
    text += `\n### Node ${version}\n\n| | ours | beside it | ratio | to reach |\n|---|---:|---:|---:|---|\n`
    for (const { node, what, ours, theirs, ratio, wanted } of all) {
      if (node === version) {
        text += `| ${what.replaceAll('|', '\\|')} | ${ours} | ${theirs} | `
          + `${ratio === undefined ? '' : `${ratio.toFixed(2)}×`} | ${wanted} |\n`
      }
    }
  }
  return text
}
