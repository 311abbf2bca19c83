// Where a request wants to go.

import { parseTarget, type Target } from '../../transports/target.js'

/**
 * Reads `/host:port`, percent-decoded; a query beside it is refused, as it would have no effect. Or
 * `?address=host:port`, once, whatever the path and the other parameters are.
 */
export function parseRequestTarget(pathAndQuery: string): Target | undefined {
  if (!pathAndQuery.startsWith('/')) return undefined
  const [path = '', query] = pathAndQuery.split(/\?(.*)/s)
  if (query === undefined) return parseDecoded(path.slice(1))
  const addresses = new URLSearchParams(query).getAll('address')
  return addresses.length === 1 && !parseDecoded(path.slice(1)) ? parseTarget(addresses[0]!) : undefined
}

function parseDecoded(text: string): Target | undefined {
  try {
    return parseTarget(decodeURIComponent(text))
  } catch {
    return undefined // a % without its two digits
  }
}
