// What a handshake has agreed on: the part of the class Ssl that tells algorithms, names, the session, and secrets of both ends.

import type { Alert } from '../base/errors.js'
import { decodeUtf8, utf8 } from '../base/bytes.js'
import * as C from '../ffi/functions.gen.js'
import { NULL, type Ptr } from '../ffi/pointers.js'
import { echStatusName, type EchOutcome } from './ech-status.js'
import { set } from './setters.js'
import { SslPeer } from './ssl-peer.js'
import { SslSession } from './ssl-session.js'

/** The key that the peer has made for this handshake: see `Ssl.getPeerTmpKey()`. */
export interface PeerTmpKey {
  /** Over a finite field (`DH`) or on a curve (`ECDH`). */
  readonly type: 'DH' | 'ECDH'
  /** The curve, for example `X25519` or `prime256v1`. */
  readonly name?: string | undefined
  /** In bits. */
  readonly size: number
}

/** Key types of signature algorithms, where OpenSSL's name of the type is not the one that is usual here. */
const keyTypes: Readonly<Record<string, string>> = {
  'rsaEncryption': 'RSA', 'RSASSA-PSS': 'RSA-PSS', 'id-ecPublicKey': 'ECDSA', 'ED25519': 'Ed25519', 'ED448': 'Ed448',
}

/** An {@link Ssl}, as far as the outcome of its handshake goes. */
export abstract class SslOutcome extends SslPeer {
  /** `TLSEXT_max_fragment_length_…`. @openssl SSL_SESSION_get_max_fragment_length @spec RFC 6066 §4 */
  getMaxFragmentLength(): number {
    return this.lib.ffi[C.SSL_get_max_fragment_length](this.ptr)
  }

  /** `TLSv1.2` or `TLSv1.3`. @openssl SSL_get_version */
  getVersion(): string {
    return this.#text(this.lib.ffi[C.SSL_get_version](this.ptr)) ?? ''
  }

  /** The RFC's name, for example `TLS_AES_128_GCM_SHA256`. @openssl SSL_CIPHER_standard_name */
  getCipherStandardName(): string | undefined {
    return this.#text(this.lib.ffi[C.SSL_get_cipher_standard_name](this.ptr))
  }

  /** OpenSSL's name, for example `ECDHE-RSA-AES128-GCM-SHA256`. @openssl SSL_get_cipher */
  getCipher(): string | undefined {
    return this.#text(this.lib.ffi[C.SSL_get_cipher_name](this.ptr))
  }

  /** The lowest version that has this cipher, for example `TLSv1.2`, also `TLSv1.0` or `SSLv3`. @openssl SSL_CIPHER_get_version */
  getCipherVersion(): string | undefined {
    return this.#text(this.lib.ffi[C.SSL_get_cipher_version](this.ptr))
  }

  /** For example `X25519MLKEM768`. @openssl SSL_get0_group_name */
  get0GroupName(): string | undefined {
    return this.#text(this.lib.ffi[C.SSL_get0_group_name](this.ptr))
  }

  /** IANA's name of the scheme by which the peer has signed; `undefined` if it has not. @openssl SSL_get0_peer_signature_name */
  get0PeerSignatureName(): string | undefined {
    return this.#text(this.lib.ffi[C.SSL_get0_peer_signature_name](this.ptr))
  }

  /** The same of our own signature. @openssl SSL_get0_signature_name */
  get0SignatureName(): string | undefined {
    return this.#text(this.lib.ffi[C.SSL_get0_signature_name](this.ptr))
  }

  /**
   * Signature algorithms that both ends have, in the order by which one is chosen, as key type and hash: `ECDSA+SHA256`,
   * `RSA-PSS+SHA512`, `Ed25519+UNDEF`. On a client those for its own certificate, once it was asked for one.
   * @openssl SSL_get_shared_sigalgs
   */
  getSharedSigalgs(): string[] {
    const { ffi } = this.lib
    const names: string[] = []
    for (let type; (type = this.#text(ffi[C.SSL_get_shared_sigalg_type](this.ptr, names.length))) !== undefined;) {
      const hash = this.#text(ffi[C.SSL_get_shared_sigalg_hash](this.ptr, names.length))
      names.push(`${keyTypes[type] ?? type}+${hash}`)
    }
    return names
  }

  /** @openssl SSL_get0_alpn_selected */
  get0AlpnSelected(): string | undefined {
    const { ffi, memory } = this.lib
    const slot = this.lib.slot<'uint32_t'>()
    const ptr = ffi[C.SSL_get0_alpn_selected](this.ptr, slot)
    const length = memory.readInt32(slot)
    return length === 0 ? undefined : decodeUtf8(memory.copyOut(ptr, length))
  }

  /**
   * The name that the client asked for in this connection: on a server also where a TLS 1.2 session is resumed, when
   * OpenSSL itself would give the session's. A server has checked it: labels of 1 to 63 letters, digits, hyphens and underscores,
   * 253 in all, no IP address, without a dot at its end. Letters are as the client wrote them. Anything else counts as no name:
   * `undefined`. @openssl SSL_get_servername @spec RFC 6066 §3
   */
  getServername(): string | undefined {
    return this.#text(this.lib.ffi[C.SSL_get_servername](this.ptr))
  }

  /** The outcome of Encrypted Client Hello. @openssl SSL_ech_get1_status */
  echGet1Status(): EchOutcome {
    const { ffi, memory } = this.lib
    const text = (write: (buf: Ptr<'uint8_t'>, capacity: number) => number) => {
      const bytes = memory.collect(write)
      return bytes && decodeUtf8(bytes)
    }
    return {
      status: echStatusName(ffi[C.SSL_ech_get_status](this.ptr)),
      innerServername: text((buf, capacity) => ffi[C.SSL_ech_get_inner_sni](this.ptr, buf, capacity)),
      outerServername: text((buf, capacity) => ffi[C.SSL_ech_get_outer_sni](this.ptr, buf, capacity)),
    }
  }

  /**
   * The configurations that a server handed out in place of the one that was tried, as an ECHConfigList; `undefined` if
   * it handed out none, or they are not to be used. @openssl SSL_ech_get1_retry_config @spec RFC 9849 §6.1.6
   */
  echGet1RetryConfig(): Uint8Array | undefined {
    const config = this.lib.memory.collect((buf, capacity) => this.lib.ffi[C.SSL_ech_get_retry_config](this.ptr, buf, capacity))
    return config?.byteLength ? config : undefined
  }

  /** @openssl SSL_session_reused */
  sessionReused(): boolean {
    return this.lib.ffi[C.SSL_session_reused](this.ptr) === 1
  }

  /**
   * The session as it stands; the caller frees it. Under TLS 1.3 it can be resumed only once a ticket has come:
   * {@link Ssl.setNewSessionCb} tells. @openssl SSL_get1_session
   */
  get1Session(): SslSession | undefined {
    const ptr = this.lib.ffi[C.SSL_get1_session](this.ptr)
    return ptr === 0 ? undefined : new SslSession(this.lib, ptr)
  }

  /** `SSL_EARLY_DATA_NOT_SENT`, `_REJECTED` or `_ACCEPTED`. @openssl SSL_get_early_data_status */
  getEarlyDataStatus(): number {
    return this.lib.ffi[C.SSL_get_early_data_status](this.ptr)
  }

  /** The last alert received or, failing that, sent. @openssl SSL_CTX_set_info_callback */
  getAlert(): Alert | undefined {
    const received = this.lib.ffi[C.SSL_get_alert_received](this.ptr)
    const value = received >= 0 ? received : this.lib.ffi[C.SSL_get_alert_sent](this.ptr)
    if (value < 0) return undefined
    return { from: received >= 0 ? 'peer' : 'us', level: value >> 8 === 2 ? 'fatal' : 'warning', description: value & 0xff }
  }

  /**
   * `bytes` bytes that only the two ends can derive for `label`. `context`: absent and empty differ in TLS 1.2.
   * @openssl SSL_export_keying_material @spec RFC 5705 §4, RFC 8446 §7.5
   */
  exportKeyingMaterial(bytes: number, label: string, context?: Uint8Array): Uint8Array<ArrayBuffer> {
    const name = utf8(label)
    return this.lib.memory.scope((scope) => {
      const out = scope.alloc(bytes)
      const labelPtr = scope.bytes(name) as Ptr<string> as Ptr<'char'>
      const contextPtr = context ? scope.bytes(context) : NULL
      set(this.lib, 'Ssl.exportKeyingMaterial', () => this.lib.ffi[C.SSL_export_keying_material](
        this.ptr, out, bytes, labelPtr, name.byteLength, contextPtr, context?.byteLength ?? 0, context ? 1 : 0))
      return this.lib.memory.copyOut(out, bytes)
    })
  }

  /** Whether the master secret is bound to the whole handshake (TLS 1.2). @openssl SSL_get_extms_support @spec RFC 7627 */
  getExtmsSupport(): boolean {
    return this.lib.ffi[C.SSL_get_extms_support](this.ptr) === 1
  }

  /** Our Finished message of the last handshake; `undefined` before it. @openssl SSL_get_finished @spec RFC 8446 §4.4.4 */
  getFinished(): Uint8Array<ArrayBuffer> | undefined {
    return this.#finished(this.lib.ffi[C.SSL_get_finished])
  }

  /** The peer's. @openssl SSL_get_peer_finished */
  getPeerFinished(): Uint8Array<ArrayBuffer> | undefined {
    return this.#finished(this.lib.ffi[C.SSL_get_peer_finished])
  }

  /**
   * The first Finished message of a TLS 1.2 handshake: the client's of a full one, the server's of a resumed one.
   * @spec RFC 5929 §3.1
   */
  getFirstFinished(): Uint8Array<ArrayBuffer> | undefined {
    const serverIsFirst = this.sessionReused()
    return (this.lib.ffi[C.SSL_is_server](this.ptr) === 1) === serverIsFirst ? this.getFinished() : this.getPeerFinished()
  }

  /**
   * The hash of the server's certificate, by the hash of its signature. `undefined` if there is no certificate, or its
   * signature has no hash of its own, as Ed25519's. @openssl X509_digest @spec RFC 5929 §4.1
   */
  getServerEndPoint(): Uint8Array<ArrayBuffer> | undefined {
    return this.lib.memory.collect((buf, size) => this.lib.ffi[C.SSL_get_server_end_point](this.ptr, buf, size))
  }

  #finished(get: (ssl: Ptr<'SSL'>, buf: Ptr<'void'>, capacity: number) => number): Uint8Array<ArrayBuffer> | undefined {
    const ssl = this.ptr
    const finished = this.lib.memory.collect((buf, size) => get(ssl, buf as Ptr<string> as Ptr<'void'>, size))
    return finished?.byteLength ? finished : undefined
  }

  #text(ptr: number): string | undefined {
    return this.lib.memory.optionalCString(ptr)
  }
}
