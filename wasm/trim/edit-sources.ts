// OpenSSL's own files, edited by lists: `tsx wasm/trim/edit-sources.ts SOURCE TARGET LIST…`, run by wasm/Makefile.
//
// SOURCE is OpenSSL's tree as it is compiled. Each file that a list names is written, edited, below TARGET, to be compiled in the
// place of the archive's. A list has these lines, comments that begin with `#`, and behind two blanks a reason:
//
//   file PATH                 what follows is about this file
//   cut START                 entries of its tables that begin so are left out; `*` is anything, blanks count as one
//   empty DECLARATION         a table is declared without its values and not const: something else fills it
//   replace TEXT => TEXT      wherever it stands, from the beginning of a word; `\n` is the end of a line
//   rewrite REGEXP => TEXT    the same with a regular expression, whose groups are $1 and $2
//   keep RULE                 rules of earlier lists that begin so are not applied (a list's name: none of its rules; before any file: in
//                             any file). It is for tools/openssl-tests, whose programs need some of what the product does not.
//
// The text that a line names must exist: if a new release of OpenSSL lacks it, the build fails, and names the list and the line.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

interface Rule {
  /** The list and its line, for what goes wrong. */
  readonly where: string
  readonly kind: keyof typeof edit
  readonly what: string
  readonly by: string
}

const [source, target, ...lists] = process.argv.slice(2) as [string, string, ...string[]]
const edit = { cut, empty, replace, rewrite }
const stale: string[] = []
const files = new Map<string, Rule[]>()
for (const list of lists) readList(list)
for (const [path, rules] of files) {
  if (!existsSync(join(source, path))) {
    stale.push(...rules.map(({ where, what }) => `${where}: there is no ${path} that could have ${what}`))
    continue
  }
  let text = readFileSync(join(source, path), 'utf8')
  for (const rule of rules) {
    const edited = edit[rule.kind](text, rule)
    if (edited === text) stale.push(`${rule.where}: ${path} has no ${rule.what}`)
    text = edited
  }
  mkdirSync(dirname(join(target, path)), { recursive: true })
  writeFileSync(join(target, path), text)
}
if (stale.length > 0) fail(`OpenSSL's source is not what these lists were made for. Compare, and change the list:\n${stale.join('\n')}`)

function readList(list: string): void {
  let rules: Rule[] | undefined
  for (const [index, line] of readFileSync(list, 'utf8').split('\n').entries()) {
    const where = `${basename(list)}, line ${index + 1}`
    if (line === '' || line.startsWith('#')) continue
    const [, kind, what, by = ''] = /^(\w+) (.*?)(?: => (.*?))?(?: {2}.*)?$/.exec(line) ?? fail(`${where}: this is no rule: ${line}`)
    if (kind === 'file') files.set(what!, rules = files.get(what!) ?? [])
    else if (kind === 'keep') keep(rules ? [rules] : [...files.values()], where, what!)
    else if (rules && kind! in edit) rules.push({ where, kind: kind as Rule['kind'], what: what!, by: by.replaceAll('\\n', '\n') })
    else fail(`${where}: this is no rule for a file: ${line}`)
  }
}

function keep(lists: Rule[][], where: string, what: string): void {
  let isFound = false
  for (const rules of lists) {
    const applied = rules.filter((rule) => !`${rule.kind} ${rule.what}`.startsWith(what) && !rule.where.startsWith(`${what},`))
    if (applied.length < rules.length) isFound = true
    rules.splice(0, Infinity, ...applied)
  }
  if (!isFound) stale.push(`${where}: no list has a rule ${what}`)
}

function cut(text: string, { what }: Rule): string {
  const begins = new RegExp(`^${what.split('*').map(escaped).join('.*')}${/\w$/.test(what) ? '(?!\\w)' : ''}`)
  return entries(text).filter(({ start, end }) => begins.test(blanksAsOne(text.slice(start, end))))
    .reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end + (rest[end] === ',' ? 1 : 0)), text)
}

function empty(text: string, { what }: Rule): string {
  const begin = text.indexOf(`${what} = {`)
  const end = text.indexOf('\n};', begin)
  return begin < 0 || end < 0 ? text : `${text.slice(0, begin)}${what.replace('const ', '')}${text.slice(end + 2)}`
}

function replace(text: string, { what, by }: Rule): string {
  return text.replace(new RegExp(`${/^\w/.test(what) ? '(?<!\\w)' : ''}${escaped(what)}`, 'g'), () => by)
}

function rewrite(text: string, { what, by }: Rule): string {
  return text.replace(new RegExp(what, 'g'), by)
}

/**
 * Where the entries of a file's tables are: what stands between commas in `= { … }`, and in a file without any, all that stands between
 * commas. Comments and lines of the preprocessor between two entries belong to neither.
 */
function entries(text: string): { start: number, end: number }[] {
  const found: { start: number, end: number }[] = []
  // As long as the text, with blanks for what is no code.
  const plain = text.replace(/\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|^[ \t]*#(?:\\\n|.)*/gm, (part) => (
    part.startsWith('"') ? `"${' '.repeat(part.length - 1)}` : part.replace(/[^\n]/g, ' ')))
  const tables = [...plain.matchAll(/=\s*\{/g)].map(({ index, 0: match }) => index + match.length)
  for (const begin of tables.length > 0 ? tables : [0]) {
    let [depth, start] = [0, -1]
    for (let at = begin; at <= plain.length; at++) {
      const char = plain[at] ?? '}'
      if (depth === 0 && (char === ',' || char === '}')) {
        if (start >= 0) found.push({ start, end: at })
        start = -1
        if (char === '}') break
        continue
      }
      if ('({['.includes(char)) depth++
      if (')}]'.includes(char)) depth--
      if (start < 0 && /\S/.test(char)) start = at
    }
  }
  return found
}

function blanksAsOne(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/\s+/g, ' ').trim()
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
