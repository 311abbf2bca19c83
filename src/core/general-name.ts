// Names as certificates hold them, and as text that means one thing only: distinguished names, and those of subjectAltName and of
// authority information access.

import { decodeUtf8, hex, utf8 } from '../base/bytes.js'

/** RFC 5280 §4.2.1.6, of any kind. */
export interface GeneralName {
  /** `DNS`, `email`, `URI`, `IP Address`, `DirName`, `Registered ID`; of other names `UPN` and their like. */
  readonly kind: string
  /** An IP address as its octets, all others as UTF-8; `undefined` if OpenSSL knows no form for it. */
  readonly value: Uint8Array | undefined
}

/** The text before the first NUL, and the bytes behind it, if there is one. */
export function firstPart(bytes: Uint8Array): [first: string, rest: Uint8Array | undefined] {
  const end = bytes.indexOf(0)
  return end < 0 ? [decodeUtf8(bytes), undefined] : [decodeUtf8(bytes.subarray(0, end)), bytes.subarray(end + 1)]
}

export function generalName(bytes: Uint8Array): GeneralName {
  const [kind, value] = firstPart(bytes)
  return { kind, value }
}

/** As node:crypto prints them: a value that could be taken for more than one, or for something else, is a JSON string. */
export function printGeneralName({ kind, value }: GeneralName): string {
  if (!value) return `${kind}:<unsupported>`
  switch (kind) {
    case 'IP Address': return `${kind}:${ipAddress(value)?.toUpperCase() ?? `<invalid length=${value.byteLength}>`}`
    case 'Registered ID': return `${kind}:${decodeUtf8(value)}`
    case 'DNS': case 'email': case 'URI': return `${kind}:${quoted(decodeUtf8(value), NOT_ASCII)}`
    case 'DirName': return `${kind}:${quoted(decodeUtf8(value), CONTROL)}`
    default: return `othername:${quoted(`${kind}:${decodeUtf8(value)}`, kind === 'SRVName' ? NOT_ASCII : CONTROL)}`
  }
}

/**
 * A name in the form of RFC 2253, fit to be printed: OpenSSL leaves what is not ASCII as it is, also what a terminal or a reader is
 * led astray by. The RFC allows any octet as `\\XX`.
 */
export function printName(name: string): string {
  return name.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]/gu, (character) => `\\${hex(utf8(character), '\\')}`)
}

/** `192.0.2.1`, `2001:db8:0:0:0:0:0:1`; `undefined` if it is neither. */
export function ipAddress(octets: Uint8Array): string | undefined {
  if (octets.byteLength === 4) return octets.join('.')
  if (octets.byteLength !== 16) return undefined
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  return Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16)).join(':')
}

const CONTROL = '\\x00-\\x1f\\x7f'
const NOT_ASCII = '\\x00-\\x1f\\x7f-\\xff'

/** `text`, or if one of these characters, a quote, a comma or a backslash is in it, a JSON string without commas. */
function quoted(text: string, unwanted: string): string {
  if (!new RegExp(`["'\\\\,${unwanted}]`).test(text)) return text
  return `"${text.replace(/["\\]/g, '\\$&').replace(new RegExp(`[,${unwanted}]`, 'g'), escaped)}"`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
