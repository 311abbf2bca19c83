// A part of a page that a tool writes: it stands between two marks, and all else is left as it is.

import { readFileSync } from 'node:fs'

export interface MarkedPart {
  /** The page as it is. */
  readonly old: string
  /** The page with what belongs between the marks. */
  readonly wanted: string
}

/**
 * Puts `text` between the marks of `subject` in the page at `path`, in memory. `maker` is what the first mark names. Throws if the page
 * has no such marks.
 */
export function markedPart(path: string, subject: string, maker: string, text: string): MarkedPart {
  const [begin, end] = [`<!-- ${subject}: made by ${maker} -->\n`, `<!-- end of ${subject} -->\n`]
  const old = readFileSync(path, 'utf8')
  const [from, to] = [old.indexOf(begin), old.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} needs two lines, between which the part is to stand:\n${begin}${end}`)
  return { old, wanted: `${old.slice(0, from)}${begin}${text}${old.slice(to)}` }
}
