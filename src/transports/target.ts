// Where a tunnel leads, and how that is written: `host:port`.

import { ApiMisuseError } from '../base/errors.js'
import { nearest } from '../base/option-names.js'

/** Where a tunnel or a stream leads. */
export interface Target {
  /** A name or an address; an IPv6 address without its brackets. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

/**
 * Reads `host:port` or `[::1]:port`; undefined if it is neither. The host is given in lower case, an IPv6 address in its
 * shortest form, so that equal targets are equal strings.
 */
export function parseTarget(text: string): Target | undefined {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]{1,253})):([1-9][0-9]{0,4})$/i.exec(text)
  if (!parts) return undefined
  const [, address, name, digits] = parts
  const host = address === undefined ? name?.toLowerCase() : shortest(address)
  const port = Number(digits)
  return host !== undefined && port <= 65535 ? { host, port } : undefined
}

export function formatTarget({ host, port }: Target): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** A host without the brackets that an IPv6 address may have; nothing within them stays as it is. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.+)\]$/, '$1')
}

/**
 * Throws `ERR_TLS_INVALID_ARGUMENT` for what is no object, and `ERR_TLS_UNKNOWN_OPTION` for what stands in a target and is an
 * option of `taker`, as `place` says, or one of the target's own names that is misspelt. It may have other fields: so may any object in
 * TypeScript.
 */
export function demandTarget(target: object, taker: string, known: readonly string[], options: readonly string[], place: string): void {
  if (typeof target !== 'object' || target === null) {
    throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT',
      `the target of ${taker} must be { host, port }: a host name or an address, and 1 to 65535`)
  }
  for (const option of Object.keys(target)) {
    if (known.includes(option)) continue
    const near = nearest(option, known.filter((name) => !(name in target)))
    const meant = nearest(option, options.filter((name) => name.length <= option.length + 1)) // without names that merely begin with it
    const advice = near !== undefined ? `did you mean '${near}'?` : meant !== undefined && `'${meant}' ${place}`
    if (advice) throw new ApiMisuseError('ERR_TLS_UNKNOWN_OPTION', `the target of ${taker} has no '${option}': ${advice}`, { option })
  }
}

/** The platform's own reading of IPv6, which every runtime has. */
function shortest(address: string): string | undefined {
  try {
    return new URL(`http://[${address}]`).hostname.slice(1, -1)
  } catch {
    return undefined
  }
}
