// What the tests have found: as words for who ran them, and as the part of docs/node.md between two marks.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { markedPart } from '../marked-part.js'
import { CLASSES, classNames, readList, type Class } from './lists.js'
import type { Outcome } from './run.js'

/** `empty`: it passed, and does so without TLS, too. It counts for nothing. */
export interface Result extends Omit<Outcome, 'outcome' | 'output'> {
  readonly outcome: Outcome['outcome'] | 'empty'
}
export interface Results {
  /** Node's version, with its `v`. */
  readonly node: string
  readonly classes: { readonly [name in Class]?: Readonly<Record<string, Result>> }
}

export const majors = [22, 24] as const
export type Major = (typeof majors)[number]

const docs = fileURLToPath(new URL('../../docs/node.md', import.meta.url))
const OUTCOMES = ['passed', 'failed', 'timed out', 'skipped', 'empty'] as const

const fileOf = (major: Major) => fileURLToPath(new URL(`../../build/node-tests-${major}.json`, import.meta.url))

/** What the last run of each class under this Node has found. */
export function savedResults(major: Major): Results | undefined {
  return existsSync(fileOf(major)) ? JSON.parse(readFileSync(fileOf(major), 'utf8')) as Results : undefined
}

/** Classes that were not run now stay as they were. */
export function save(major: Major, results: Results): void {
  const classes = { ...savedResults(major)?.classes, ...results.classes }
  mkdirSync(dirname(fileOf(major)), { recursive: true })
  writeFileSync(fileOf(major), `${JSON.stringify({ ...results, classes }, null, 1)}\n`)
}

/** A table by class, then all that has not passed with the first line of its error. */
export function describeResults({ node, classes }: Results): string {
  const rows = Object.entries(classes).filter(([, tests]) => Object.keys(tests).length > 0).map(([name, tests]) => {
    const outcomes = Object.values(tests).map(({ outcome }) => outcome)
    return [name, ...[outcomes.length, ...OUTCOMES.map((wanted) => outcomes.filter((outcome) => outcome === wanted).length)].map(String)]
  })
  const lines = [[`Node ${node}`, 'tests', ...OUTCOMES], ...rows]
    .map((row) => row.map((cell, column) => column === 0 ? cell.padEnd(18) : cell.padStart(11)).join(''))
  const failures = Object.entries(classes).flatMap(([name, tests]) => {
    const failed = Object.entries(tests).filter(([, { outcome }]) => outcome !== 'passed')
    const lines = failed.map(([file, { outcome, why }]) => `  ${outcome.padEnd(9)}  ${file}  ${why ?? ''}`.slice(0, 240))
    return lines.length === 0 ? [] : ['', `${name}:`, ...lines]
  })
  return [...lines, ...failures].join('\n')
}

/** Failures that lists/reasons.txt says nothing of, and tests that it names although they pass. */
export function compareWithReasons({ node, classes }: Results): { unexplained: string[]; needless: string[] } {
  const reasons = reasonsUnder(node)
  const all = Object.values(classes).flatMap((tests) => Object.entries(tests))
  const hasFailed = (outcome: Result['outcome']) => outcome !== 'passed' && outcome !== 'empty'
  return {
    unexplained: all.filter(([file, { outcome }]) => hasFailed(outcome) && !reasons.has(file)).map(([file]) => file),
    needless: all.filter(([file, { outcome }]) => !hasFailed(outcome) && reasons.has(file)).map(([file]) => file),
  }
}

/** Without those that hold under another Node alone. */
function reasonsUnder(node: string): ReadonlyMap<string, string> {
  return new Map([...readList('reasons')].filter(([, reason]) => {
    const [, only] = ONE_VERSION.exec(reason) ?? []
    return only === undefined || node.startsWith(`v${only}.`)
  }))
}

const ONE_VERSION = / \(Node (\d+)\)$/

/** Writes the counts, and what does not pass by its reason, between the marks of docs/node.md. */
export function updateDocs(): void {
  const all = majors.flatMap((major) => savedResults(major) ?? [])
  writeFileSync(docs, markedPart(docs, 'node-tests', 'npm run node-tests -- --update-docs', docsText(all, readList('reasons'))).wanted)
}

export function docsText(all: readonly Results[], reasons: ReadonlyMap<string, string>): string {
  const head = ['', '', ...all.map(({ node }) => `Node ${node.slice(1)}`)]
  const counts = classNames.map((name) => [`\`${name}\``, CLASSES[name], ...all.map(({ classes }) => count(classes[name]))])
  const table = [head, head.map((_, column) => column < 2 ? '---' : '---:'), ...counts].map((row) => `| ${row.join(' | ')} |\n`).join('')
  return `${table}\n${whatFails(all, reasons)}`
}

function count(tests: Readonly<Record<string, Result>> | undefined): string {
  if (!tests) return '–'
  const outcomes = Object.values(tests).map(({ outcome }) => outcome).filter((outcome) => outcome !== 'empty')
  return `${outcomes.filter((outcome) => outcome === 'passed').length} of ${outcomes.length}`
}

function whatFails(all: readonly Results[], reasons: ReadonlyMap<string, string>): string {
  const byReason = new Map<string, string[]>()
  for (const name of classNames) {
    const results = all.flatMap(({ node, classes }) => classes[name] ? [{ node, tests: classes[name] }] : [])
    for (const file of [...new Set(results.flatMap(({ tests }) => Object.keys(tests)))].sort()) {
      const having = results.filter(({ tests }) => file in tests)
      const failing = having.filter(({ tests }) => !['passed', 'empty'].includes(tests[file]!.outcome))
      if (failing.length === 0) continue
      const where = failing.length < having.length ? ` (Node ${failing.map(({ node }) => node.slice(1)).join(', ')})` : ''
      const reason = reasons.get(file)?.replace(ONE_VERSION, '') ?? 'no reason is known'
      byReason.set(reason, [...byReason.get(reason) ?? [], `\`${file.replace(/\.m?js$/, '')}\`${where}`])
    }
  }
  return [...byReason].map(([reason, files]) => `- ${reason}: ${files.join(', ')}\n`).join('')
}
