// What the options trust, as a fingerprint. A resumed handshake verifies nothing: it relies on the session's first
// handshake. So a session is for connections that would have asked the same.

import type { LibSsl } from '../../core/lib-ssl.js'
import { contentHash, contentKey } from '../kept.js'

/** Options that have no part in trust. All others count, including those that are yet to come. */
const NEUTRAL: ReadonlySet<string> = new Set([
  'servername', // compared as itself
  'alpnProtocols', 'minVersion', 'maxVersion', 'ciphers', 'ciphersuites', 'groups',
  'signal', 'handshakeTimeoutMs', 'closeTimeoutMs', 'highWaterMarkBytes', 'libssl', 'context', 'onIo', 'onTrace', 'onKeylog', 'keylogFile',
  'maxCertificateListBytes', 'maxFragmentLength', 'maxSendFragmentBytes', 'recordPaddingBytes', 'dangerouslyAllowTruncation',
  'passphrase',
  'session', 'onSession', 'sessionStore', 'sessionKey', 'earlyData', 'ocspResponse',
  'ech', 'echKeys', // hidden or not, the name is the same
  'clientCaNames', // announced, not trusted
  'onClientHello', // its answers count
])

/** What the options of a context have come to, by what a connection adds: a list of anchors takes a while to hash. */
const known = new WeakMap<object, Map<string, Uint8Array<ArrayBuffer>>>()

/** SHA-256 of the options that decide trust, and our own identity. For a callback only its presence counts. */
export function trustFingerprint(
  lib: LibSsl, options: { readonly cert?: unknown; readonly context?: { readonly options: object } | undefined },
): Uint8Array<ArrayBuffer> {
  // `cert` identifies us; without it (raw public key) `key` does.
  const neutral = options.cert === undefined ? NEUTRAL : new Set([...NEUTRAL, 'key'])
  const deciding = Object.entries(options).filter(([name, value]) => !neutral.has(name) && value !== undefined)
  const fingerprint = () => contentHash(lib, Object.fromEntries(deciding))
  const shared = options.context?.options as Readonly<Record<string, unknown>> | undefined
  if (!shared) return fingerprint()
  const added = contentKey(lib, Object.fromEntries(deciding.filter(([name, value]) => shared[name] !== value)))
  const found = known.get(shared) ?? new Map<string, Uint8Array<ArrayBuffer>>()
  known.set(shared, found)
  if (!found.has(added) && found.size >= 100) found.clear()
  if (!found.has(added)) found.set(added, fingerprint())
  return found.get(added)!
}
