// Node's own flags for TLS: what a process was started with holds for our defaults, too.

import { keylogFile } from '#keylog'
import { DEFAULT_CIPHERS } from '../ciphers.js'
import { warnOnce } from './warnings.js'

interface MaybeNode {
  readonly process?: { readonly execArgv?: readonly string[]; readonly env?: Readonly<Record<string, string | undefined>> }
}

/** A variable of the environment. In Deno one that may not be read (`--allow-env`) counts as not set. */
export function variable(name: string): string | undefined {
  try {
    return (globalThis as MaybeNode).process?.env?.[name]
  } catch {
    return undefined
  }
}

/** Those of the command line come after those of NODE_OPTIONS. As in Node, what a process was started with does not change. */
function flags(): readonly string[] {
  const { execArgv = [] } = (globalThis as MaybeNode).process ?? {}
  return known ??= [...variable('NODE_OPTIONS')?.split(/\s+/) ?? [], ...execArgv]
}
let known: readonly string[] | undefined

/** `--tls-min-v1.3`: of several the lowest. Without one TLS 1.2. */
export function defaultMinVersion(): string {
  return versionsOf('min')[0] ?? 'TLSv1.2'
}

/** `--tls-max-v1.2`: of several the highest. Without one TLS 1.3. */
export function defaultMaxVersion(): string {
  return versionsOf('max').at(-1) ?? 'TLSv1.3'
}

function versionsOf(end: 'min' | 'max'): readonly string[] {
  const given = flags().flatMap((flag) => new RegExp(`^--tls-${end}-v(1\\.[0-3])$`).exec(flag)?.[1] ?? []).sort()
  return given.map((version) => (version === '1.0' ? 'TLSv1' : `TLSv${version}`))
}

/** `--use-system-ca`, or NODE_USE_SYSTEM_CA=1: contexts without `ca` trust the system's list, too. */
export function usesSystemCa(): boolean {
  const last = flags().findLast((flag) => /^--(no-)?use-system-ca$/.test(flag))
  return last === undefined ? variable('NODE_USE_SYSTEM_CA') === '1' : last === '--use-system-ca'
}

/** `--trace-tls`: as if each socket were given `enableTrace: true`. */
export function tracesTls(): boolean {
  if (!flags().includes('--trace-tls')) return false
  warnOnce('', 'Enabling --trace-tls can expose sensitive data in the resulting log.')
  return true
}

/** `--tls-keylog=FILE`: where each connection's secrets are written. */
export function logSecrets(line: string): void {
  const file = valueOf('--tls-keylog')
  if (!file) return
  try {
    write ??= keylogFile(file)
    warnOnce('', `Using --tls-keylog makes TLS connections insecure by writing secret key material to file ${file}`)
    write?.(line)
  } catch (error) {
    warnOnce('', `Failed to write TLS keylog (this warning will not be repeated): ${String(error)}`)
  }
}
let write: ((line: string) => void) | undefined

/** `--tls-cipher-list=LIST` */
export function defaultCiphers(): string {
  return valueOf('--tls-cipher-list') ?? DEFAULT_CIPHERS
}

function valueOf(option: string): string | undefined {
  return flags().findLast((flag) => flag.startsWith(`${option}=`))?.slice(option.length + 1)
}
