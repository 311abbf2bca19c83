// What a value is that should be PEM or DER and is neither: mostly a file's path, or a page that came in place of the file.

import { decodeUtf8 } from '../base/bytes.js'
import { quoted } from '../base/quoted.js'

const PATH = /^(?:file:|[a-z]:[/\\]|~?[/\\]|\.{1,2}[/\\])|\.(?:pem|crt|cert|cer|key|der|p12|pfx|crl)$/i
const MARKUP = /^<(?:!|\?|[a-z])/i

/** The rest of an error's message; `''` for PEM and for bytes that are no text. A `secret` is quoted only if it turns out to be none. */
export function contentHint(content: Uint8Array, secret: boolean): string {
  if (content.byteLength === 0) return '; it is empty'
  const text = decodeUtf8(content).trim()
  if (text.includes('-----BEGIN') || /[^\t\r\n\P{Cc}]|\ufffd/u.test(text)) return ''
  const begins = `it begins with ${quoted(content)}`
  if (MARKUP.test(text)) return `; ${begins}: that is a page (HTML or XML), not the file`
  if (PATH.test(text) && !text.includes('\n')) return `; ${begins}: that is a path, and what is wanted is the file's content`
  return secret ? '' : `; ${begins}`
}
