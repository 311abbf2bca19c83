// Where a request wants to go.

import { parseTarget, type Target } from '../../transports/target.js'

/**
 * Reads `/host:port`, percent-decoded; a query beside it is refused, as it would have no effect. Or
 * `?address=host:port`, once, whatever the path and the other parameters are.
 */
export function parseRequestTarget(pathAndQuery: string): Target | undefined {
  const { path, query } = split(pathAndQuery)
  if (query === undefined) return parsePath(path)
  const addresses = new URLSearchParams(query).getAll('address')
  return path.startsWith('/') && addresses.length === 1 && !parsePath(path) ? parseTarget(addresses[0]!) : undefined
}

/**
 * Whether Wisp is asked for: by a path that ends in a slash, as its specification has it, whatever its query says, but for an
 * address. Not by the root, where people look first, nor by a target with slashes behind it.
 */
export function isWispPath(pathAndQuery: string): boolean {
  const { path, query = '' } = split(pathAndQuery)
  return /^\/.+\/$/.test(path) && !parsePath(path.replace(/\/+$/, '')) && !new URLSearchParams(query).has('address')
}

/** Why a path is neither. */
export function wrongPath(pathAndQuery: string): string {
  const { path, query } = split(pathAndQuery)
  if (parsePath(path)) return 'the path must be /host:port, without a query'
  if (parsePath(path.replace(/\/+$/, ''))) return 'the path must be /host:port, without a slash at its end'
  if (query !== undefined && new URLSearchParams(query).has('address')) return 'the query must have one address=host:port'
  return 'the path must be /host:port'
}

function split(pathAndQuery: string): { path: string, query: string | undefined } {
  const [path = '', query] = pathAndQuery.split(/\?(.*)/s)
  return { path, query }
}

function parsePath(path: string): Target | undefined {
  if (!path.startsWith('/')) return undefined
  try {
    return parseTarget(decodeURIComponent(path.slice(1)))
  } catch {
    return undefined // a % without its two digits
  }
}
