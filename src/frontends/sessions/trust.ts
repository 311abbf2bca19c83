// Whom a client's options trust, as a fingerprint. A resumed handshake verifies nothing: it goes by what the session's first
// handshake has found. So a session is for connections that would have asked the same.

import { asBytes, concat, isBytesLike, utf8 } from '../../base/bytes.js'
import type { LibSsl } from '../../core/lib-ssl.js'

/** Options that have no say in whom to believe. All others count, those that are yet to come, too. */
const NEUTRAL: ReadonlySet<string> = new Set([
  'servername', // compared as itself
  'alpnProtocols', 'minVersion', 'maxVersion', 'ciphers', 'ciphersuites', 'groups',
  'signal', 'handshakeTimeoutMs', 'highWaterMarkBytes', 'libssl', 'onIo', 'onTrace', 'onKeylog', 'keylogFile',
  'maxFragmentLength', 'maxSendFragmentBytes', 'recordPaddingBytes',
  'passphrase',
  'session', 'onSession', 'sessionStore', 'sessionKey', 'earlyData', 'ocspResponse',
  'ech', 'echKeys', // whatever was hidden
  'onClientHello', // its answers count
])

/** SHA-256 of the options that decide whom to believe, and as whom to appear. Of a function it counts that there is one. */
export function trustFingerprint(lib: LibSsl, options: { readonly cert?: unknown }): Uint8Array<ArrayBuffer> {
  // Who we are `cert` says if it is given; else the key is shown itself.
  const neutral = options.cert === undefined ? NEUTRAL : new Set([...NEUTRAL, 'key'])
  const deciding = Object.entries(options).filter(([name, value]) => !neutral.has(name) && value !== undefined)
  return lib.sha256(encode(Object.fromEntries(deciding)))
}

/**
 * Different values have different encodings: a type, a length, the bytes. What options take for the same is the same here:
 * text and its bytes, one and an array of one.
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
