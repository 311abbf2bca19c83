// The words for a certificate that does not hold the name that was asked for.

import { shorten } from '../base/quoted.js'
import type { X509 } from './x509.js'

/** How many names of each side an error's message has, and how many characters of each: a DNS name has up to 253. */
const MOST_NAMES = 8
const MOST_CHARACTERS = 260

/** The rest of a sentence: what was asked for, and what the certificate holds. */
export function nameMismatch(asked: readonly string[], { subjectAltName }: X509): string {
  const wrong = `it is not for ${list(asked, ' or ')}`
  if (subjectAltName === '') return `${wrong}: it has no subjectAltName, where names must stand (RFC 9525)`
  // The peer's words: one that is more than a name is quoted there, and has no comma.
  const held = subjectAltName.split(', ').filter((name) => /^(DNS|IP Address):/.test(name))
  return held.length > 0 ? `${wrong}, but for ${list(held, ', ')}` : `${wrong}: its subjectAltName has neither DNS names nor IP addresses`
}

function list(names: readonly string[], separator: string): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => shorten(name, MOST_CHARACTERS))
  return [...shown, ...(names.length > MOST_NAMES ? [`${names.length - MOST_NAMES} more`] : [])].join(separator)
}
