// `./build.sh demo [HOST:PORT]` shows a handshake in the terminal; `./build.sh demo --browser [HOST:PORT …]` serves a page
// that shows one in a browser, until Ctrl-C.

import { serveDemo } from './browser.js'
import { showHandshake } from './terminal.js'

async function main(args: readonly string[]): Promise<void> {
  const options = args.filter((arg) => arg.startsWith('-'))
  const targets = args.filter((arg) => !arg.startsWith('-'))
  const unknown = options.find((option) => option !== '--browser')
  if (unknown !== undefined) {
    throw new Error(`there is no option ${unknown}; use: ./build.sh demo [HOST:PORT], or ./build.sh demo --browser [HOST:PORT ...]`)
  }
  if (options.length > 0) return serveDemo(targets)
  if (targets.length > 1) throw new Error('one HOST:PORT at a time')
  return showHandshake(targets[0])
}

/** An error and what caused it, a line each. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { name, message, code, cause } = error as Error & { code?: string }
  return `${name}${code ? ` ${code}` : ''}: ${message}${cause === undefined ? '' : `\n  because of ${explain(cause)}`}`
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(`demo failed: ${explain(error)}`)
  process.exitCode = 1
}
