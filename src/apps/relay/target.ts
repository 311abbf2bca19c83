// Where a tunnel leads: `host:port` in options and logs, `/host:port` in the path of a request.

import { isIPv6 } from 'node:net'

export interface Target {
  /** In lower case; an IPv6 address without its brackets. */
  readonly host: string
  readonly port: number
}

/** Reads `host:port` or `[::1]:port`; undefined if it is neither. */
export function parseTarget(text: string): Target | undefined {
  const parts = /^(?:\[([^\]]+)\]|([a-z0-9._-]{1,253})):([1-9][0-9]{0,4})$/i.exec(text)
  if (!parts) return undefined
  const [, address, name, digits] = parts
  if (address !== undefined && !isIPv6(address)) return undefined
  const port = Number(digits)
  return port <= 65535 ? { host: (address ?? name ?? '').toLowerCase(), port } : undefined
}

/** Reads the path of a request, percent-decoded. A query is refused: it would say something that nobody reads. */
export function parseTargetPath(path: string): Target | undefined {
  if (!path.startsWith('/')) return undefined
  try {
    return parseTarget(decodeURIComponent(path.slice(1)))
  } catch {
    return undefined // a % without its two digits
  }
}

/** The one way to write a target, so that equal targets are equal strings. */
export function formatTarget({ host, port }: Target): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
