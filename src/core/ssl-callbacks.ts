// What OpenSSL asks and tells: the part of the class Ssl that sets callbacks of clients and of both sides.

import * as K from '../ffi/callback-numbers.gen.js'
import { wantedOf, type CallbackOwner, type RawSslCallbacks } from '../ffi/callbacks.gen.js'
import {
  LEAST_PSK_BYTES, pskClientCallback, type CallbackVerdict, type ProtocolMessage, type PskIdentityKey,
} from '../ffi/callbacks.js'
import * as C from '../ffi/functions.gen.js'
import { SslSettings } from './ssl-settings.js'

/** An {@link Ssl}, as far as its callbacks go. */
export abstract class SslCallbacks extends SslSettings {
  /** @internal Those that are set: what C calls by the handle. */
  readonly callbacks: RawSslCallbacks = {}
  /** @internal See {@link CallbackOwner}. */
  declare onAbort: CallbackOwner['onAbort']

  /**
   * Called when the own certificate is about to be needed; `-1` makes the handshake return
   * SSL_ERROR_WANT_X509_LOOKUP, to be repeated later. @openssl SSL_set_cert_cb
   */
  setCertCb(callback: (() => CallbackVerdict) | undefined): void {
    this.setCallbacks({ [K.certCb]: callback && (() => callback() ?? 1) })
  }

  /**
   * Called for each certificate of the peer's chain with OpenSSL's verdict; its answer replaces that verdict. `-1`
   * makes a client's handshake return SSL_ERROR_WANT_RETRY_VERIFY; on a server it is a refusal, for OpenSSL's server
   * cannot wait there. @openssl SSL_set_verify SSL_set_retry_verify
   */
  setVerifyCb(callback: ((preverifyOk: boolean, depth: number, verifyCode: number) => CallbackVerdict) | undefined): void {
    this.setCallbacks({ [K.verifyCb]: callback && ((ok, depth, verifyCode) => callback(ok === 1, depth, verifyCode) ?? ok) })
  }

  /**
   * Called once a chain, when OpenSSL has verified it, with its verdict; the answer replaces that verdict. `-1` makes a
   * client's handshake return SSL_ERROR_WANT_RETRY_VERIFY (all is verified again, and this called again); on a server it
   * is a refusal. {@link getVerifiedChain} gives the chain. @openssl SSL_CTX_set_cert_verify_callback
   */
  setCertVerifyCallback(callback: ((preverifyOk: boolean, verifyCode: number) => CallbackVerdict) | undefined): void {
    this.setCallbacks({ [K.chainCb]: callback && ((ok, verifyCode) => callback(ok === 1, verifyCode) ?? ok) })
  }

  /**
   * Called for each record header, handshake message, alert and change of cipher spec, both ways, during I/O calls.
   * {@link describeMessage} names them. @openssl SSL_set_msg_callback
   */
  setMsgCallback(callback: ((message: ProtocolMessage) => void) | undefined): void {
    this.setCallbacks({
      [K.msgCb]: callback && ((sent, version, contentType, bytes) => callback({ sent: sent === 1, version, contentType, bytes })),
    })
  }

  /**
   * Called when a state is passed, or a handshake begins or is done, with `SSL_CB_…` bits; {@link Ssl.stateStringLong}
   * names the state. Alerts are reported by {@link setMsgCallback}, return values by the calls. @openssl SSL_set_info_callback
   */
  setInfoCallback(callback: ((where: number) => void) | undefined): void {
    this.setCallbacks({ [K.infoCb]: callback })
  }

  /**
   * Called with each secret as a line of the NSS key log format. DANGEROUS: anyone who has these lines can
   * decrypt the connection. @openssl SSL_CTX_set_keylog_callback
   */
  setKeylogCallback(callback: ((line: string) => void) | undefined): void {
    this.setCallbacks({ [K.keylogCb]: callback && ((line) => callback(line ?? '')) })
  }

  /**
   * Called for each session that may be kept: its id, and itself as {@link SslSession.toBytes} has it. A client's once a
   * TLS 1.3 ticket has come (while reading, that is) or a TLS 1.2 handshake is done; a server's when it is made. The
   * context must have {@link SslCtx.sessSetCallbacks} and a cache mode for this side. @openssl SSL_CTX_sess_set_new_cb
   */
  setNewSessionCb(callback: ((id: Uint8Array<ArrayBuffer>, session: Uint8Array<ArrayBuffer>) => void) | undefined): void {
    this.setCallbacks({ [K.newSessionCb]: callback })
  }

  /**
   * Asked for the key to offer, and on a TLS 1.2 server's `hint`. TLS 1.3 asks once or, after a HelloRetryRequest, twice.
   * `undefined` for none. It must answer at once. With it come TLS 1.2's PSK suites, where the list of ciphers has them.
   * `dangerouslyLeastBytes`: how short a key may be, from 1; default 16. Shorter ones can be guessed from one handshake (RFC 9257 §4.2).
   * @openssl SSL_set_psk_use_session_callback SSL_set_psk_client_callback @spec RFC 8446 §4.2.11
   */
  setPskClientCallback(
    callback: ((hint: string | undefined) => PskIdentityKey | undefined) | undefined, dangerouslyLeastBytes = LEAST_PSK_BYTES,
  ): void {
    this.setCallbacks({ [K.pskClientCb]: callback && pskClientCallback(callback, this.lib.memory, dangerouslyLeastBytes) })
  }

  /** @internal */
  setCallbacks(change: RawSslCallbacks): void {
    Object.assign(this.callbacks, change)
    this.lib.ffi[C.SSL_set_callbacks](this.ptr, wantedOf(this.callbacks))
  }
}
