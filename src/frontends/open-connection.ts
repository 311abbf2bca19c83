// What can be asked of a connection while it is open, beside reading and writing.

import { asBytes, isBytesLike, utf8, type BytesLike } from '../base/bytes.js'
import { ApiMisuseError } from '../base/errors.js'
import { knownOptions } from '../base/options.js'
import type { BasicSsl } from '../core/basic-ssl.js'
import { channelBinding, type ChannelBindingType } from '../core/channel-binding.js'
import { demand, wordsOf } from '../core/setters.js'
import { SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED } from '../ffi/constants.gen.js'
import type { X509 } from '../core/x509.js'
import type { Pump } from '../pump/pump.js'

/** What to derive: both ends get the same bytes for the same of these, and no third party can. */
export interface KeyingMaterialOptions {
  /** Says what the bytes are for: 1 to 249 bytes. IANA has a registry; unregistered ones begin with `EXPERIMENTAL`. */
  readonly label: string
  /** What both ends must know to get the same. Under TLS 1.2 an empty one differs from none at all. */
  readonly context?: BytesLike | undefined
  /** How many: 1 to 8,160. */
  readonly bytes: number
}

/**
 * All of these wait for the handshake, and reject with what ended the connection if it has broken. `ApiMisuseError` leaves
 * the connection as it is; `ERR_TLS_INVALID_STATE`: not with this connection, or no longer.
 */
export interface OpenConnection {
  /**
   * Derives key material that both ends have and no third party does.
   * @openssl SSL_export_keying_material @spec RFC 5705, RFC 8446 §7.5
   */
  exportKeyingMaterial(options: KeyingMaterialOptions): Promise<Uint8Array<ArrayBuffer>>
  /**
   * What an authentication within the connection names, so that it cannot be relayed to another one. `ERR_TLS_INVALID_STATE`:
   * `tls-unique` under TLS 1.3, which does not define it, and `tls-unique` and `tls-exporter` under TLS 1.2 without the
   * extended master secret, with which neither would be unique (RFC 7627 §6.4, RFC 9266 §4.2); `tls-server-end-point` if the
   * server has shown no certificate, or one whose signature has no hash of its own (Ed25519, ML-DSA).
   * @spec RFC 9266, RFC 5929 §3, §4
   */
  channelBinding(type: ChannelBindingType): Promise<Uint8Array<ArrayBuffer>>
  /**
   * Encrypts with new keys from now on; `requestPeer` asks the peer to do so, too. Settles when the transport has accepted
   * the message. TLS 1.3 alone: else `ERR_SSL_WRONG_SSL_VERSION`. The peer's own updates need no call.
   * @openssl SSL_key_update @spec RFC 8446 §4.6.3
   */
  updateKeys(options?: { readonly requestPeer?: boolean | undefined }): Promise<void>
  /**
   * Asks the client for its certificate, and settles with it once it is verified; with `undefined` if the client has none and
   * none is required. A server's, under TLS 1.3, with `ca`, of a client with option `postHandshakeAuth`: else
   * `ERR_SSL_WRONG_SSL_VERSION`, `ERR_SSL_NOT_SERVER`, `ERR_SSL_INVALID_CONFIG`, `ERR_SSL_EXTENSION_NOT_RECEIVED`. One at a
   * time: another is refused at once (`ERR_SSL_REQUEST_SENT`), and the first goes on. A certificate that is refused ends the
   * connection, as in the handshake: `CertificateError`; so does a `verify` that takes longer than `handshakeTimeoutMs`:
   * `DeadlineError`. Plaintext that the client sent before its answer must be read before the answer is seen.
   * @openssl SSL_verify_client_post_handshake @spec RFC 8446 §4.6.2
   */
  requestClientCertificate(): Promise<X509 | undefined>
}

/** What a method settles with. */
export type Answer<Method extends keyof OpenConnection> = Awaited<ReturnType<OpenConnection[Method]>>

/** Has the pump answer one of them. */
export async function answer<Method extends keyof OpenConnection>(
  pump: Pump, method: Method, args: Parameters<OpenConnection[Method]>,
): Promise<Answer<Method>> {
  try {
    return await answers[method](pump, ...args)
  } catch (cause) {
    if (!(cause instanceof ApiMisuseError) || wordsOf(cause) === cause.message) throw cause
    const { code, opensslErrorStack } = cause
    throw new ApiMisuseError(code, `${method}() was refused: ${wordsOf(cause)}`, { cause, opensslErrorStack })
  }
}

const answers: { readonly [Method in keyof OpenConnection]:
  (pump: Pump, ...args: Parameters<OpenConnection[Method]>) => Answer<Method> | Promise<Answer<Method>>
} = {
  exportKeyingMaterial: (pump, options) => pump.inspect((ssl) => exportKeyingMaterial(ssl, options)),
  channelBinding: (pump, type) => pump.inspect((ssl) => channelBinding(ssl, type)),
  updateKeys: (pump, options) => pump.sendMessage((ssl) => updateKeys(ssl, options)),
  requestClientCertificate: (pump) => pump.authenticateClient((ssl) => ssl.getPeerCertificate()),
}

/** What HKDF-Expand of SHA-256 can give, the smallest hash there is. */
const MAX_BYTES = 255 * 32

function exportKeyingMaterial(ssl: BasicSsl, options: KeyingMaterialOptions): Uint8Array<ArrayBuffer> {
  const { label, context, bytes } = knownOptions(options, 'exportKeyingMaterial()', 'label', 'context', 'bytes')
  const labelBytes = typeof label === 'string' ? utf8(label).byteLength : 0
  demand(labelBytes >= 1 && labelBytes <= 249, 'label must be a string of 1 to 249 bytes')
  demand(context === undefined || isBytesLike(context), 'context must be bytes')
  demand(Number.isInteger(bytes) && bytes >= 1 && bytes <= MAX_BYTES, `bytes must be an integer from 1 to ${MAX_BYTES}`)
  return ssl.exportKeyingMaterial(bytes, label, context && asBytes(context))
}

function updateKeys(ssl: BasicSsl, options: { readonly requestPeer?: boolean | undefined } = {}): void {
  const { requestPeer = false } = knownOptions(options, 'updateKeys()', 'requestPeer')
  demand(typeof requestPeer === 'boolean', 'requestPeer must be a boolean')
  ssl.keyUpdate(requestPeer ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED)
}
