// What a client may ask for, and accept: a host name or an IP address, and nothing beside it.

import { invalid, isString, type Check } from './feature.js'

export const isName: Check = (value) => {
  const wrong = isString(value)
  if (wrong !== undefined) return wrong
  const name = value as string
  if (/[^\0-\x7f]/.test(name)) return `must be ASCII, an internationalised name in its A-label form (xn--…)${hint(name) ?? ''}`
  if (!/^[\x21-\x7e]+$/.test(name)) return `must not have white space or control characters${hint(name) ?? ''}`
  // OpenSSL takes a leading dot for "any name below".
  return name.startsWith('.') ? 'must not start with a dot' : undefined
}

/** As OpenSSL has it. */
const HOST_NAME = /^(?=.{2,256}$)(?!-|.*(-\.|\.-|-$))[\w-]{1,63}(\.[\w-]{1,63})*$/
const HOST_NAME_RULE = ': a host name is 2 to 256 letters, digits, hyphens, underscores and dots;'
  + ' between dots there are 1 to 63, no hyphen first or last'
const WITH_PORT = /^([^:]+|\[.*\]):\d*$/

/** The name without the root's dot, which certificates and SNI (RFC 6066 §3) do not have. Throws if it is no name, or more than one. */
export function hostAlone(option: string, given: string): string {
  const name = given.replace(/\.$/, '')
  const hasPort = WITH_PORT.test(name)
  if (!hasPort && (HOST_NAME.test(name) || isIpAddress(name))) return name
  const found = name.includes('://') ? 'is a URL, and ' : hasPort ? 'has a port, and ' : ''
  throw invalid(option, `${found}must be a host name or an IP address alone${hint(name) ?? HOST_NAME_RULE}`)
}

/** Whether it is meant as one: OpenSSL decides. */
export function isIpAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}\.?$/.test(name) || /^\[?[\da-f.]*:[\da-f.:]*\]?$/i.test(name)
}

/** What to give: the host of a URL, with or without its scheme. */
function hint(name: string): string | undefined {
  try {
    const { hostname } = new URL(name.trim().replace(/^([a-z][a-z\d+.-]*:\/\/)?/i, 'https://'))
    return HOST_NAME.test(hostname) || isIpAddress(hostname) ? `: give '${hostname}'` : undefined
  } catch {
    return undefined
  }
}
