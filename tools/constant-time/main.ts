// Looks in the shipped .wasm for places of wasm/kernels where a secret decides an address, or which way the program goes.
// list.ts says where it begins and what is public; analyze.ts how it follows. Exits 1 if there are any, and 2 if kernels are missing. Run
// by tools/constant-time.sh, which prepares its input.
//
//   tsx tools/constant-time/main.ts WAT SYMBOLS DEFINED
//
// WAT: the .wasm as wasm-dis writes it. SYMBOLS: emcc's symbol map of it. DEFINED: names of the kernels' functions, a line each.

import { readFileSync } from 'node:fs'
import { analyze, type Finding } from './analyze.js'
import { exceptions, notFollowed, notLookedAt, roots, stackFields } from './list.js'
import { Disassembly, type Expression } from './wat.js'

const [wat, symbols, defined] = process.argv.slice(2).map((path) => readFileSync(path, 'utf8')) as [string, string, string]
const code = new Disassembly(wat, symbols)
const missing = Object.keys(roots).filter((name) => !code.has(name))
if (missing.length > 0) {
  const more = missing.length > 3 ? ` and ${missing.length - 3} others` : ''
  console.error(`the .wasm has no function ${missing.slice(0, 3).join(', ')}${more}. Was it built with LIBSSL_WASM_KERNELS=off? `
    + 'There is nothing to look at without the kernels: build with them (./build.sh). '
    + 'Else tools/constant-time/list.ts names what is no more.')
  process.exit(2)
}
const findings = new Map<Expression, Finding & { readonly root: string }>()
const followed = new Set<string>()
for (const [root, parameters] of Object.entries(roots)) {
  const result = analyze({ code, notFollowed, roots, stackFields }, root, parameters)
  for (const [at, finding] of result.findings) if (!findings.has(at)) findings.set(at, { ...finding, root })
  for (const name of result.followed) followed.add(name)
}

const problems: string[] = []
for (const { kind, in: name, count } of exceptions) {
  const matching = [...findings].filter(([, finding]) => finding.kind === kind && finding.function === name)
  if (matching.length === count) for (const [at] of matching) findings.delete(at)
  else problems.push(`the list excepts ${count} × ${kind} in ${name}; there are ${matching.length}`)
}
for (const { kind, function: name, line, from, root } of findings.values()) {
  problems.push(`${kind} in ${name}, line ${line}, by ${from} (from ${root})`)
}
// What was inlined is looked at where it stands now; what stands in the .wasm by its name must have been followed.
for (const name of defined.trim().split('\n')) {
  if (code.has(name) && !followed.has(name) && !(name in notLookedAt)) {
    problems.push(`${name} is a kernel's, and is reached from no function of the list`)
  }
}

for (const problem of problems) console.log(problem)
console.log(
  `constant time: ${Object.keys(roots).length} functions and ${followed.size - Object.keys(roots).length} that they call: `
    + `${problems.length} problems`,
)
process.exitCode = problems.length > 0 ? 1 : 0
