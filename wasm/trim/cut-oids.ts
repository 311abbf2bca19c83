// OpenSSL's table of object identifiers without those of oids.list: `tsx wasm/trim/cut-oids.ts SOURCE TARGET LIST`, run by
// wasm/Makefile.
//
// Reads crypto/objects/obj_dat.h of SOURCE and writes the same below TARGET. Numbers (NIDs) stay as they are: the entry of one that
// is cut is as empty as those that OpenSSL itself leaves empty.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const [source, target, list] = process.argv.slice(2) as [string, string, string]
const path = 'crypto/objects/obj_dat.h'
if (!existsSync(join(source, path))) fail(`there is no ${path}: look at ${list}`)
const lines = readFileSync(join(source, path), 'utf8').split('\n')
const rules = readFileSync(list, 'utf8').split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s{2,}/)[0]!)
  .flatMap((line) => line.split(', ')).filter(Boolean)

const cut = new Set<number>()
const used = new Set<string>()
const objects = table('const ASN1_OBJECT nid_objs[NUM_NID]')
for (const [nid, at] of objects.entries()) {
  const name = /NID_(\w+)/.exec(lines[at]!)?.[1]
  const rule = rules.find((one) => new RegExp(`^${one.replaceAll('*', '.*')}$`).test(name ?? ''))
  if (rule === undefined) continue
  used.add(rule)
  cut.add(nid)
}
const stale = rules.filter((rule) => !used.has(rule))
if (stale.length > 0) fail(`OpenSSL has no such object identifiers any more: take these out of ${list}: ${stale.join(', ')}`)

let bytes = 0
const moved = new Map<string, number>()
const kept = table('const unsigned char so[').filter((at) => {
  const [, old, name] = /\[\s*(\d+)\] OBJ_(\w+)/.exec(lines[at]!) ?? unread(at)
  const nid = objects.findIndex((object) => lines[object]!.includes(`&so[${old}]}`))
  if (nid < 0) fail(`${path}: no object has the bytes of OBJ_${name}: look at wasm/trim/cut-oids.ts`)
  if (cut.has(nid)) {
    lines[at] = ''
    return false
  }
  moved.set(old!, bytes)
  bytes += lines[at]!.match(/0x/g)!.length
  return true
})
if (kept.length === 0) fail(`${path}: nothing would remain: look at ${list}`)
for (const [nid, at] of objects.entries()) {
  lines[at] = cut.has(nid)
    ? '    {NULL, NULL, NID_undef},' : lines[at]!.replace(/&so\[(\d+)\]/, (_, old: string) => `&so[${moved.get(old)}]`)
}
const counts = new Map<string, number>()
for (const size of ['NUM_SN', 'NUM_LN', 'NUM_OBJ']) {
  const rows = table(`const unsigned int ${size.slice(4).toLowerCase()}_objs[${size}]`)
  for (const at of rows) if (cut.has(Number(/^\s*(\d+)/.exec(lines[at]!)?.[1] ?? unread(at)))) lines[at] = ''
  counts.set(size, rows.filter((at) => lines[at] !== '').length)
}
const text = lines.join('\n')
  .replace(/so\[\d+\] = \{/, `so[${bytes}] = {`)
  .replace(/#define (NUM_SN|NUM_LN|NUM_OBJ) \d+/g, (_, size: string) => `#define ${size} ${counts.get(size)}`)
mkdirSync(dirname(join(target, path)), { recursive: true })
writeFileSync(join(target, path), text)

/** The numbers of the lines between a table's head and its end. */
function table(head: string): number[] {
  const begin = lines.findIndex((line) => line.includes(head) && line.endsWith('{'))
  const end = lines.indexOf('};', begin)
  if (begin < 0 || end < 0) fail(`${path} has no table \`${head}\` any more: look at wasm/trim/cut-oids.ts`)
  return Array.from({ length: end - begin - 1 }, (_, index) => begin + 1 + index)
}

function unread(at: number): never {
  fail(`${path}, line ${at + 1}, has another form than it had: look at wasm/trim/cut-oids.ts`)
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
