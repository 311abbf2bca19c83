// The words for a certificate that does not hold the name that was asked for.

import type { X509 } from './x509.js'

/** How many names of each kind an error's message has. */
const MOST_NAMES = 8
/** How many characters of each: a DNS name has up to 253. */
const MOST_CHARACTERS = 253

/** The rest of a sentence: what was asked for, and what the certificate holds. */
export function nameMismatch(asked: readonly string[], { names, subjectAltName }: X509): string {
  const held = [...names.dns.map((name) => `DNS:${printable(name)}`), ...names.ip.map((address) => `IP:${address}`)]
  const wrong = `it is not for ${list(asked, ' or ')}`
  if (held.length > 0) return `${wrong}, but for ${list(held, ', ')}`
  return `${wrong}: ${subjectAltName === '' ? 'it has no subjectAltName, where names must stand (RFC 9525)' : 'its subjectAltName has neither DNS names nor IP addresses'}`
}

function list(names: readonly string[], separator: string): string {
  const more = names.length - MOST_NAMES
  return names.slice(0, MOST_NAMES).join(separator) + (more > 0 ? `${separator}${more} more` : '')
}

/** The certificate's names are the peer's words: one that is more than a host name is quoted, so that it cannot pass for others. */
function printable(name: string): string {
  const cut = name.length > MOST_CHARACTERS ? `${name.slice(0, MOST_CHARACTERS)}…` : name
  if (/^[\w.*-]+…?$/.test(cut)) return cut
  return JSON.stringify(cut).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
