// Looks in the shipped .wasm for places of wasm/kernels where a secret decides an address, or which way the program goes.
// list.ts says where it begins and what is public; analyze.ts how it follows. Run by `tools/constant-time.sh`, which prepares its input.
//
//   tsx tools/constant-time/main.ts WAT SYMBOLS DEFINED
//
// WAT: the .wasm as wasm-dis writes it. SYMBOLS: emcc's symbol map of it. DEFINED: names of the kernels' functions, a line each.

import { readFileSync } from 'node:fs'
import { analyze } from './analyze.js'
import { notFollowed, roots, withoutSecrets } from './list.js'
import { Disassembly } from './wat.js'

const [wat, symbols, defined] = process.argv.slice(2).map((path) => readFileSync(path, 'utf8')) as [string, string, string]
const code = new Disassembly(wat, symbols)
const followed = new Set<string>()
let problems = 0
for (const [name, root] of Object.entries(roots)) {
  const result = analyze({ code, notFollowed }, name, root)
  for (const one of result.followed) followed.add(one)
  for (const { kind, function: within, line, from } of result.findings) console.log(`${name}: ${kind} in ${within}, line ${line}, by ${from}`)
  for (const { kind, in: within, count } of result.stale) console.log(`${name}: the list excepts ${count} × ${kind} in ${within}, which is not what is there`)
  problems += result.findings.length + result.stale.length
}
console.log(`${Object.keys(roots).length} roots, ${followed.size} functions: ${problems} findings`)
process.exitCode = problems > 0 ? 1 : 0
void defined
void withoutSecrets
