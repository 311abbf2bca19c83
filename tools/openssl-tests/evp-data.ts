// `tsx evp-data.ts UNCUT CUT`: evp_test's files in the tree CUT without the stanzas that name an algorithm which wasm/trim cuts from
// OpenSSL's providers. Which those are is read from the providers' tables as they are in UNCUT and as they are compiled for CUT.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What evp_test fetches for a line that does not name it. */
const FETCHED: Readonly<Record<string, string>> = { CtrlMu: 'ml-dsa-mu' }

/** Which operation's table the first word of a stanza asks, if another operation has an algorithm of that name, too. */
const OPERATIONS: Readonly<Record<string, string>> = {
  'Cipher': 'ciphers', 'Digest': 'digests', 'MAC': 'macs', 'KDF': 'kdfs', 'PKEYKDF': 'keyexch', 'RAND': 'rands',
  'Sign-Message': 'signature', 'Verify-Message': 'signature', 'Verify-Message-Public': 'signature', 'Kem': 'asym_kem',
}

const [uncut, cut] = process.argv.slice(2) as [string, string]
const before = algorithmsOf(uncut)
const after = algorithmsOf(join(cut, 'product/trim'))
const everywhere = [...after.values()].flatMap((names) => [...names])
const gone = new Set([...before.values()].flatMap((names) => [...names]).filter((name) => !everywhere.includes(name)))
const data = 'test/recipes/30-test_evp_data'
const counts = { kept: 0, 'left out': 0 }
for (const file of readdirSync(join(uncut, data))) {
  const stanzas = readFileSync(join(uncut, data, file), 'utf8').split(/\n{2,}/)
  const kept = stanzas.filter((stanza) => !asksForCut(stanza))
  counts.kept += kept.length
  counts['left out'] += stanzas.length - kept.length
  rmSync(join(cut, data, file)) // it is the same file in both trees
  writeFileSync(join(cut, data, file), `${kept.join('\n\n')}\n`)
}
console.error(`evp_test: ${counts.kept} stanzas, and ${counts['left out']} are left out, of ${gone.size} names that wasm/trim cuts`)

/** By the operation: the names of the algorithms in the tables, in small letters. */
function algorithmsOf(tree: string): Map<string, Set<string>> {
  const names = new Map([...readFileSync(join(uncut, 'providers/implementations/include/prov/names.h'), 'utf8')
    .matchAll(/^#define (PROV_NAMES_\w+)\s+(?:\\\n\s*)?"(.*)"/gm)].map(([, macro, text]) => [macro!, text!.toLowerCase().split(':')]))
  const tables = new Map<string, Set<string>>()
  for (const provider of ['defltprov.c', 'legacyprov.c']) {
    const edited = join(tree, 'providers', provider)
    const text = readFileSync(existsSync(edited) ? edited : join(uncut, 'providers', provider), 'utf8')
    for (const [, operation, entries] of text.matchAll(/^static const OSSL_ALGORITHM\w* (?:deflt|legacy)_(\w+)\[\] = \{(.*?)^\};/gms)) {
      const found = tables.get(operation!) ?? new Set()
      for (const [macro] of entries!.matchAll(/PROV_NAMES_\w+/g)) for (const name of names.get(macro) ?? []) found.add(name)
      tables.set(operation!, found)
    }
  }
  return tables
}

function asksForCut(stanza: string): boolean {
  const lines = stanza.split('\n').flatMap((line) => {
    const [, key, value] = /^([A-Za-z][\w.-]*) *= *(.*)$/.exec(line) ?? []
    return key === undefined ? [] : [{ key, words: [...value!.toLowerCase().split(/[:,\s]+/), FETCHED[key] ?? ''] }]
  })
  const operation = lines.map(({ key }) => OPERATIONS[key]).find((name) => name !== undefined)
  const asked = lines.find(({ key }) => OPERATIONS[key] !== undefined)?.words[0]
  if (operation !== undefined && before.get(operation)?.has(asked!) && !after.get(operation)!.has(asked!)) return true
  return lines.some(({ words }) => words.some((word) => gone.has(word)))
}
