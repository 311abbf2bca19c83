// Keys that are known beforehand, in place of certificates: external pre-shared keys, and raw public keys (RFC 7250).

import { isBytesLike, utf8, type BytesLike } from '../../base/bytes.js'
import type { BasicSsl } from '../../core/basic-ssl.js'
import { wrongPskKey, type PskIdentityKey, type PskKey } from '../../ffi/callbacks.js'
import { SSL_VERIFY_FAIL_IF_NO_PEER_CERT, SSL_VERIFY_PEER, TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509 } from '../../ffi/constants.gen.js'
import {
  each, isFunctionOr, isOneOrMore, isPemOrDer, isPlainObject, refuse, type Check, type Feature, type ServerFeature,
} from './feature.js'
import type { IdentitiesOptions, IdentityOptions } from './identity.js'

/** A client's pre-shared key. */
export interface ClientPskOptions {
  /**
   * A key that the server knows by `identity`, or a function that is asked for it: at once, not by a promise, with the hint of a TLS
   * 1.2 server. The identity goes in the clear. Without `servername` the key alone will do, and no certificate is accepted;
   * with it, a server that does not know the key may show a certificate, which is verified as ever.
   * TLS 1.2 has `ECDHE-PSK-CHACHA20-POLY1305` for it by default.
   */
  readonly psk?: PskIdentityKey | ((hint: string | undefined) => PskIdentityKey | undefined) | undefined
}

/** A server's pre-shared keys. */
export interface ServerPskOptions {
  /**
   * Keys of clients, or a function that is asked for the key of an identity: at once, not by a promise; `undefined` if there is none.
   * It is asked for any identity that a client sends. Such clients present no certificate, whatever `ca` says. With it a server
   * needs no certificate either; clients without a key are then refused.
   */
  readonly psk?: PskIdentityKey | readonly PskIdentityKey[] | ((identity: string) => PskKey | BytesLike | undefined) | undefined
}

/** Peers that are known by their key. */
export interface RawPublicKeyOptions {
  /**
   * Public keys that the peer may show in the place of a certificate: SubjectPublicKeyInfo, PEM or DER, one or an array.
   * All others are refused (`RPK_UNTRUSTED`). A client that has `servername` takes certificates as well, verified as ever,
   * and without it none; a server, if it has `ca`. A server then requires a key or a certificate of each client.
   */
  readonly acceptedRawPublicKeys?: string | BytesLike | readonly (string | BytesLike)[] | undefined
}

const isPsk: Check = (value) => {
  if (!isPlainObject(value)) return 'must be a function, or { identity, key }'
  const { identity, key, hash, ...rest } = value
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) return `is wrong: there is no ${unknown} in it`
  const size = typeof identity === 'string' && !identity.includes('\0') ? utf8(identity).byteLength : 0
  return size >= 1 && size <= 255 ? wrongPskKey(key, hash) : 'must have an identity of 1 to 255 bytes, without NUL'
}

export const clientPsk: Feature<ClientPskOptions> = {
  checks: { psk: /* @__PURE__ */ isFunctionOr(isPsk) },
  answers: { psk: 'at once' },
  setUpSsl(ssl, { psk }) {
    if (psk !== undefined) ssl.setPskClientCallback(typeof psk === 'function' ? psk : () => psk)
  },
}

export const serverPsk: ServerFeature<ServerPskOptions> = {
  checks: { psk: /* @__PURE__ */ isFunctionOr(/* @__PURE__ */ isOneOrMore(isPsk)) },
  answers: { psk: 'at once' },
  setUpSsl(ssl, { psk }) {
    if (psk === undefined) return
    const keys = typeof psk === 'function' ? undefined : new Map(each(psk).map((one) => [one.identity, one]))
    const ask = typeof psk === 'function' ? psk : (identity: string) => keys!.get(identity)
    ssl.setPskServerCallback((identity) => {
      const key = ask(identity)
      return isBytesLike(key) ? { key } : key
    })
  },
}

const keyChecks = { acceptedRawPublicKeys: isOneOrMore(isPemOrDer) }

export const clientRawPublicKeys: Feature<RawPublicKeyOptions, IdentityOptions> = {
  checks: keyChecks,
  setUpCtx(ctx, { acceptedRawPublicKeys, rawPublicKey, cert, pfx }, keyAlone) {
    if (rawPublicKey) ctx.set1ClientCertType(types((cert ?? pfx) !== undefined))
    if (acceptedRawPublicKeys) ctx.set1ServerCertType(types(!keyAlone))
  },
  setUpSsl: acceptKeys,
}

export const serverRawPublicKeys: Feature<RawPublicKeyOptions, IdentityOptions & IdentitiesOptions & { readonly ca?: unknown }> = {
  checks: keyChecks,
  setUpCtx(ctx, { acceptedRawPublicKeys, rawPublicKey, cert, pfx, identities, ca }) {
    if (rawPublicKey) ctx.set1ServerCertType(types((cert ?? pfx ?? identities) !== undefined))
    if (!acceptedRawPublicKeys) return
    ctx.set1ClientCertType(types(ca !== undefined))
    // Without `ca` the context's own store is empty: no certificate passes.
    if (ca === undefined) ctx.setVerify(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
  },
  setUpSsl: acceptKeys,
}

function types(certificatesToo: boolean): readonly number[] {
  return certificatesToo ? [TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509] : [TLSEXT_cert_type_rpk]
}

function acceptKeys(ssl: BasicSsl, { acceptedRawPublicKeys }: RawPublicKeyOptions): void {
  refuse('acceptedRawPublicKeys', () => {
    for (const key of each(acceptedRawPublicKeys ?? [])) ssl.acceptRpk(key)
  })
}
