// What the options trust, as a fingerprint. A resumed handshake verifies nothing: it relies on the session's first
// handshake. So a session is for connections that would have asked the same.

import { asBytes, concat, isBytesLike, utf8 } from '../../base/bytes.js'
import type { LibSsl } from '../../core/lib-ssl.js'

/** Options that have no part in trust. All others count, including those that are yet to come. */
const NEUTRAL: ReadonlySet<string> = new Set([
  'servername', // compared as itself
  'alpnProtocols', 'minVersion', 'maxVersion', 'ciphers', 'ciphersuites', 'groups',
  'signal', 'handshakeTimeoutMs', 'highWaterMarkBytes', 'libssl', 'onIo', 'onTrace', 'onKeylog', 'keylogFile',
  'maxFragmentLength', 'maxSendFragmentBytes', 'recordPaddingBytes',
  'passphrase',
  'session', 'onSession', 'sessionStore', 'sessionKey', 'earlyData', 'ocspResponse',
  'ech', 'echKeys', // hidden or not, the name is the same
  'onClientHello', // its answers count
])

/** SHA-256 of the options that decide trust, and our own identity. For a callback only its presence counts. */
export function trustFingerprint(lib: LibSsl, options: { readonly cert?: unknown }): Uint8Array<ArrayBuffer> {
  // `cert` identifies us; without it (raw public key) `key` does.
  const neutral = options.cert === undefined ? NEUTRAL : new Set([...NEUTRAL, 'key'])
  const deciding = Object.entries(options).filter(([name, value]) => !neutral.has(name) && value !== undefined)
  return lib.sha256(encode(Object.fromEntries(deciding)))
}

/**
 * Different values have different encodings: a type, a length, the bytes. Values that mean the same to an option have the same
 * encoding: text and its bytes, one value and an array of it.
 */
function encode(value: unknown): Uint8Array {
  if (isBytesLike(value) || typeof value === 'string') return tagged('b', asBytes(value))
  if (Array.isArray(value) && value.length === 1) return encode(value[0])
  if (typeof value === 'function') return tagged('f', new Uint8Array())
  if (typeof value === 'object' && value !== null) {
    const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
    return tagged('o', concat(entries.flatMap(([name, part]) => [tagged('n', utf8(String(name))), encode(part)])))
  }
  return tagged(typeof value, utf8(String(value)))
}

function tagged(type: string, bytes: Uint8Array): Uint8Array {
  return concat([utf8(`${type} ${bytes.byteLength} `), bytes])
}
