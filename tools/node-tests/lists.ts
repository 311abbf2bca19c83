// Which of Node's tests count, by class, and the reasons why some do not pass: lists/*.txt. A line is a file of Node's test/parallel,
// with `# words` behind it that nothing reads; `## words` is the heading of the lines below it.

import { readHeadedList } from '../headed-list.js'

export const CLASSES = {
  'public-api-tls': '`test-tls-*` that need the public interface alone',
  'public-api-https': "`test-https-*`, the same, under Node's own `https`",
  others: 'of both, those that need more: TLS below 1.2, flags of the command line, internals of Node, `openssl` as the peer',
  http2: "`test-http2-*` upon TLS, under Node's own `http2`",
} as const
export type Class = keyof typeof CLASSES
export const classNames = Object.keys(CLASSES) as readonly Class[]

/** By file: the heading that it stands under, or `''`. */
export function readList(name: Class | 'reasons'): Map<string, string> {
  return readHeadedList(new URL(`lists/${name}.txt`, import.meta.url))
}
