// The flags of a command, as a list: parsing and help are made from it.

import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { nearest } from '../../base/option-names.js'

export interface Flag {
  readonly name: string
  /** What its value is; absent for a flag without one. A number's is N (how many) or MS. */
  readonly value?: string
  /** It may be given more than once. */
  readonly repeats?: true
  readonly words: string
  /** What holds without it. */
  readonly initially?: string
}

export const HELP_FLAG: Flag = { name: 'help', words: 'print this' }

/** What the user typed makes no sense: exit status 2. */
export class UsageError extends Error {}

export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** How other programs name a flag of ours, without hyphens, and what to type in its place. */
export type Synonyms = Readonly<Record<string, string>>

/** Throws Node's own errors, `ERR_PARSE_ARGS_…`, or for a flag that there is not, `UsageError`. */
export function parseFlags(
  command: string, flags: readonly Flag[], args: readonly string[], synonyms: Synonyms = {}, allowPositionals = false,
): { readonly values: FlagValues; readonly positionals: readonly string[] } {
  const options = flags.map(({ name, value, repeats = false }) => {
    const short = name === 'help' ? { short: 'h' } : {}
    return [name, { type: value === undefined ? 'boolean' : 'string', multiple: repeats, ...short }] as const
  })
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: Object.fromEntries(options), allowPositionals })
    return { values: values as FlagValues, positionals }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const [, name] = (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' && /--([\w-]+)/.exec(message)) || []
    const flag = flags.find((one) => one.name === name)
    if (flag) throw new UsageError(flag.value === undefined ? `--${name} takes no value` : `--${name} needs a value: ${writtenFlag(flag)}`)
    const [, letters] = (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && /'(-[^' =]*)/.exec(message)) || []
    if (letters === undefined) throw error
    // Node takes -servername for ten flags of a letter.
    const unknown = args.find((arg) => /^-[a-z]\w/i.test(arg)) ?? letters
    const typed = unknown.replace(/^-+/, '')
    const meant = nearest(typed, flags.map((flag) => flag.name))
    const advice = synonyms[typed] ?? (meant === undefined ? undefined : `did you mean '--${meant}'?`)
    throw new UsageError(`${command} has no flag '${unknown}'${advice === undefined ? '' : `: ${advice}`}`)
  }
}

export function wholeNumber(name: string, text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new UsageError(`--${name} must be a whole number, not '${text}'`)
  return Number(text)
}

/** The content of the file that a flag names. */
export function readFlagFile(name: string, file: string): Buffer<ArrayBuffer> {
  try {
    return readFileSync(file)
  } catch (error) {
    throw cannotUse(name, file, error)
  }
}

/** Only its owner can read what is new. */
export function writeFlagFile(name: string, file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content, { mode: 0o600 })
  } catch (error) {
    throw cannotUse(name, file, error)
  }
}

/** Of some of the system's errors the words have no file. */
function cannotUse(name: string, file: string, error: unknown): UsageError {
  const { message } = error as Error
  return new UsageError(`--${name}: ${message}${message.includes(file) ? '' : ` '${file}'`}`)
}

export function readFlagLines(name: string, file: string): string[] {
  return readFlagFile(name, file).toString().split(/\r?\n/).filter((line) => line !== '')
}

/** Of each flag: how it is written, and what it does. */
export function flagHelp(flags: readonly Flag[]): string {
  return flags.map((flag) => {
    const { initially = '' } = flag
    const all = `${wordsOf(flag)}${initially === '' ? '' : ` (default: ${initially})`}`
    const written = `  ${writtenFlag(flag)}`
    return `${written.length > 28 ? `${written}\n${' '.repeat(30)}` : written.padEnd(30)}${wrapped(all, 92).join(`\n${' '.repeat(30)}`)}\n`
  }).join('')
}

/** For docs/command-line.md. */
export function flagTable(flags: readonly Flag[]): string {
  const rows = flags.map((flag) => [`\`${writtenFlag(flag)}\``, flag.initially ?? '', wordsOf(flag)])
  const lines = [['flag', 'default', ''], ['---', '---', '---'], ...rows]
  return lines.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`).join('')
}

export function writtenFlag({ name, value }: Flag): string {
  return `--${name}${value === undefined ? '' : ` ${value}`}`
}

function wordsOf({ words, repeats }: Flag): string {
  return `${words}${repeats ? '; repeat it for more' : ''}`
}

function wrapped(text: string, width: number): string[] {
  return text.match(new RegExp(`.{1,${width}}(?= |$)`, 'g'))!.map((line) => line.trim())
}
