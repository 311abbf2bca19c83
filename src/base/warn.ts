// What did not stop us, and yet someone should put right: told to the people who run the program.

import type { WarningCodes } from './error-codes.js'

export type WarningCode = keyof WarningCodes

interface MaybeNode {
  readonly process?: { emitWarning?(warning: string, options: { readonly type: string; readonly code: WarningCode }): void }
}

/** The latest texts: each is told once, however many connections it holds for. */
const told = new Set<string>()
const MOST_TOLD = 1000

/** By process.emitWarning (Node, Deno, Bun), else to the console. */
export function warn(code: WarningCode, message: string): void {
  if (told.has(message)) return
  if (told.size >= MOST_TOLD) told.clear()
  told.add(message)
  const { process } = globalThis as MaybeNode
  if (process?.emitWarning) process.emitWarning(message, { type: 'TlsWarning', code })
  else console.warn(`libssl-wasm: ${message} (${code})`)
}
