// External pre-shared keys: both sides know a key beforehand, and need no certificate.

import { isBytesLike, type BytesLike } from '../../base/bytes.js'
import { wrongPskKey, type PskIdentityKey, type PskKey } from '../../ffi/callbacks.js'
import { each, isOneOrMore, isPlainObject, type Check, type Feature } from './feature.js'

export interface ClientPskOptions {
  /**
   * A key that the server knows by `identity`, or a function that is asked for it: at once, not by a promise, with the hint of a TLS
   * 1.2 server. The identity goes in the clear. Without `servername` the key alone will do, and no certificate is accepted;
   * with it, a server that does not know the key may show a certificate, which is verified as ever.
   * TLS 1.2 has `ECDHE-PSK-CHACHA20-POLY1305` for it by default.
   */
  readonly psk?: PskIdentityKey | ((hint: string | undefined) => PskIdentityKey | undefined) | undefined
}

export interface ServerPskOptions {
  /**
   * Keys of clients, or a function that is asked for the key of an identity: at once, not by a promise; `undefined` if there is none.
   * It is asked for any identity that a client sends. Such clients present no certificate, whatever `ca` says. With it a server
   * needs no certificate either; clients without a key are then refused.
   */
  readonly psk?: PskIdentityKey | readonly PskIdentityKey[] | ((identity: string) => PskKey | BytesLike | undefined) | undefined
}

const isPsk: Check = (value) => {
  if (!isPlainObject(value)) return 'must be a function, or { identity, key }'
  const { identity, key, hash, ...rest } = value
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) return `is wrong: there is no ${unknown} in it`
  const bytes = typeof identity === 'string' ? new TextEncoder().encode(identity) : undefined
  const right = bytes && bytes.byteLength >= 1 && bytes.byteLength <= 255 && !bytes.includes(0)
  if (!right) return 'must have an identity of 1 to 255 bytes, without NUL'
  return wrongPskKey(key, hash)
}
const orFunction = (check: Check): Check => (value) => (typeof value === 'function' ? undefined : check(value))

export const clientPsk: Feature<ClientPskOptions> = {
  checks: { psk: orFunction(isPsk) },
  answers: { psk: 'at once' },
  setUpSsl(ssl, { psk }) {
    if (psk !== undefined) ssl.setPskClientCallback(typeof psk === 'function' ? psk : () => psk)
  },
}

export const serverPsk: Feature<ServerPskOptions> = {
  checks: { psk: orFunction(isOneOrMore(isPsk)) },
  answers: { psk: 'at once' },
  setUpSsl(ssl, { psk }) {
    if (psk === undefined) return
    if (typeof psk !== 'function') {
      const keys = new Map(each(psk).map((one) => [one.identity, one]))
      ssl.setPskServerCallback((identity) => keys.get(identity))
    } else {
      ssl.setPskServerCallback((identity) => {
        const key = psk(identity)
        return isBytesLike(key) ? { key } : key
      })
    }
  },
}
