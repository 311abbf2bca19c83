// Node's own flags for TLS: what a process was started with holds for our defaults, too.

import { DEFAULT_CIPHERS } from '../ciphers.js'

interface MaybeNode {
  readonly process?: { readonly execArgv?: readonly string[]; readonly env?: Readonly<Record<string, string | undefined>> }
}

/** Those of the command line come after those of NODE_OPTIONS. */
function flags(): readonly string[] {
  const { execArgv = [], env } = (globalThis as MaybeNode).process ?? {}
  return [...env?.['NODE_OPTIONS']?.split(/\s+/) ?? [], ...execArgv]
}

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

/** `--tls-cipher-list=LIST` */
export function defaultCiphers(): string {
  const option = '--tls-cipher-list='
  return flags().findLast((flag) => flag.startsWith(option))?.slice(option.length) ?? DEFAULT_CIPHERS
}
