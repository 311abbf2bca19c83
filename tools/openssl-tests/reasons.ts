// Why recipes end otherwise than natively: reasons.txt.

import { readFileSync } from 'node:fs'
import { readHeadedList } from '../headed-list.js'

export interface Reason {
  /** The heading. */
  readonly words: string
  /** `wasm/trim` cuts what it asks for. */
  readonly isCut: boolean
  /** Which tests of the recipe may fail. Without, all may where it is a cut, as the recipe is run without cuts, too; else none is named. */
  readonly mayFail: RegExp | undefined
}

/** By recipe. Throws if a rule that a heading names stands in no list of `wasm/trim`. */
export function readReasons(file = new URL('reasons.txt', import.meta.url)): Map<string, Reason[]> {
  const reasons = new Map<string, Reason[]>()
  for (const [line, words] of readHeadedList(file)) {
    const [, name, pattern] = /^(\w+)(?:: (.*))?$/.exec(line) ?? []
    if (name === undefined) throw new Error(`${file.pathname}: this is no recipe: ${line}`)
    const rule = /^Cut by (\w[\w-]*\.list): (.*)$/.exec(words)
    if (rule) assertRule(rule[1]!, rule[2]!)
    const reason = { words, isCut: rule !== null, mayFail: pattern === undefined ? undefined : new RegExp(pattern) }
    reasons.set(name, [...reasons.get(name) ?? [], reason])
  }
  return reasons
}

function assertRule(list: string, rule: string): void {
  const lines = readFileSync(new URL(`../../wasm/trim/${list}`, import.meta.url), 'utf8').split('\n')
  if (!lines.some((line) => line.startsWith(rule))) throw new Error(`reasons.txt names what wasm/trim/${list} has not: ${rule}`)
}
