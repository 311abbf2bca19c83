// What OpenSSL asks and tells: the part of the class Ssl that sets callbacks, and what is to be called within them.

import { wantedOf, type RawSslCallbacks } from '../ffi/callbacks.gen.js'
import {
  LEAST_PSK_BYTES, pskClientCallback, pskServerCallback, type CallbackVerdict, type ProtocolMessage, type PskIdentityKey, type PskKey,
} from '../ffi/callbacks.js'
import * as C from '../ffi/functions.gen.js'
import { decodeAlpn } from './alpn.js'
import { readClientHello, type ClientHello } from './client-hello.js'
import { demand, setBytes } from './setters.js'
import { SslSettings } from './ssl-settings.js'

/** An {@link Ssl}, as far as its callbacks go. */
export abstract class SslCallbacks extends SslSettings {
  /** @internal Those that are set: what C calls by the handle. */
  readonly callbacks: RawSslCallbacks = {}

  /**
   * Called when the own certificate is about to be needed; `-1` makes the handshake return
   * SSL_ERROR_WANT_X509_LOOKUP, to be repeated later. @openssl SSL_set_cert_cb
   */
  setCertCb(callback: (() => CallbackVerdict) | undefined): void {
    this.#set({ certCb: callback && (() => callback() ?? 1) })
  }

  /**
   * Called on a server before anything is answered; `-1` makes the handshake return
   * SSL_ERROR_WANT_CLIENT_HELLO_CB. It is called again for the ClientHello that follows a HelloRetryRequest. A
   * `RefusalError` that it throws chooses the alert, as in other callbacks that decide; else that is internal_error.
   * @openssl SSL_CTX_set_client_hello_cb
   */
  setClientHelloCb(callback: (() => CallbackVerdict) | undefined): void {
    this.#set({ clientHelloCb: callback && (() => callback() ?? 1) })
  }

  /**
   * What the client said, within {@link setClientHelloCb}'s callback; throws `ERR_TLS_INVALID_STATE` outside of it. With
   * Encrypted Client Hello the inner one, if it was accepted. @openssl SSL_client_hello_get0_ext SSL_client_hello_get0_ciphers
   */
  getClientHello(): ClientHello {
    return readClientHello(this.lib, this.ptr)
  }

  /**
   * Has a server acknowledge the name that a client asks for, as one that it used: by an empty server_name in the ServerHello (TLS
   * 1.2) or the EncryptedExtensions (TLS 1.3). Call it before the handshake, or inside {@link setClientHelloCb}'s callback. Where a
   * TLS 1.2 session is resumed there is no such answer. @openssl SSL_CTX_set_tlsext_servername_callback @spec RFC 6066 §3
   */
  acknowledgeServername(): void {
    this.lib.ffi[C.SSL_acknowledge_servername](this.ptr)
  }

  /**
   * Chooses among the protocols that a client offers, in place of {@link SslCtx.setAlpnSelectProtos}. `undefined` refuses
   * them all: the handshake ends with the alert no_application_protocol, as it does if the callback throws (or with that of
   * the `RefusalError` that it throws).
   * @openssl SSL_CTX_set_alpn_select_cb @spec RFC 7301 §3.2
   */
  setAlpnSelectCb(callback: ((offered: readonly string[]) => string | undefined) | undefined): void {
    this.#set({
      alpnCb: callback && ((protos) => {
        const offered = decodeAlpn(protos)
        const chosen = callback(offered.map(({ name }) => name))
        if (chosen === undefined) return -1
        const found = offered.find(({ name }) => name === chosen)
        demand(found !== undefined, `the chooser of ALPN protocols must give one that is offered, not ${String(chosen)}`)
        return found.offset
      }),
    })
  }

  /**
   * Called for each certificate of the peer's chain with OpenSSL's verdict; its answer replaces that verdict. `-1`
   * makes a client's handshake return SSL_ERROR_WANT_RETRY_VERIFY; on a server it is a refusal, for OpenSSL's server
   * cannot wait there. @openssl SSL_set_verify SSL_set_retry_verify
   */
  setVerifyCb(callback: ((preverifyOk: boolean, depth: number, verifyCode: number) => CallbackVerdict) | undefined): void {
    this.#set({ verifyCb: callback && ((ok, depth, verifyCode) => callback(ok === 1, depth, verifyCode) ?? ok) })
  }

  /**
   * Called once a chain, when OpenSSL has verified it, with its verdict; the answer replaces that verdict. `-1` makes a
   * client's handshake return SSL_ERROR_WANT_RETRY_VERIFY (all is verified again, and this called again); on a server it
   * is a refusal. {@link getVerifiedChain} gives the chain. @openssl SSL_CTX_set_cert_verify_callback
   */
  setCertVerifyCallback(callback: ((preverifyOk: boolean, verifyCode: number) => CallbackVerdict) | undefined): void {
    this.#set({ chainCb: callback && ((ok, verifyCode) => callback(ok === 1, verifyCode) ?? ok) })
  }

  /**
   * Called for each record header, handshake message, alert and change of cipher spec, both ways, during I/O calls.
   * {@link describeMessage} names them. @openssl SSL_set_msg_callback
   */
  setMsgCallback(callback: ((message: ProtocolMessage) => void) | undefined): void {
    this.#set({
      msgCb: callback && ((sent, version, contentType, bytes) => callback({ sent: sent === 1, version, contentType, bytes })),
    })
  }

  /**
   * Called when a state is passed, or a handshake begins or is done, with `SSL_CB_…` bits; {@link Ssl.stateStringLong}
   * names the state. Alerts are reported by {@link setMsgCallback}, return values by the calls. @openssl SSL_set_info_callback
   */
  setInfoCallback(callback: ((where: number) => void) | undefined): void {
    this.#set({ infoCb: callback })
  }

  /**
   * Called with each secret as a line of the NSS key log format. DANGEROUS: anyone who has these lines can
   * decrypt the connection. @openssl SSL_CTX_set_keylog_callback
   */
  setKeylogCallback(callback: ((line: string) => void) | undefined): void {
    this.#set({ keylogCb: callback && ((line) => callback(line ?? '')) })
  }

  /**
   * Called for each session that may be kept: its id, and itself as {@link SslSession.toBytes} has it. A client's once a
   * TLS 1.3 ticket has come (while reading, that is) or a TLS 1.2 handshake is done; a server's when it is made. The
   * context must have {@link SslCtx.sessSetCallbacks} and a cache mode for this side. @openssl SSL_CTX_sess_set_new_cb
   */
  setNewSessionCb(callback: ((id: Uint8Array<ArrayBuffer>, session: Uint8Array<ArrayBuffer>) => void) | undefined): void {
    this.#set({ newSessionCb: callback })
  }

  /**
   * Called on a server for the session of this id, as {@link setNewSessionCb} gave it; bytes that are not a
   * session count as none, as does a session whose peer's certificate has expired, and a TLS 1.2 session that was made for
   * another name than is asked for now. The context must have {@link SslCtx.sessSetCallbacks}. @openssl SSL_CTX_sess_set_get_cb
   */
  setGetSessionCb(callback: ((id: Uint8Array<ArrayBuffer>) => Uint8Array | undefined) | undefined): void {
    this.#set({
      getSessionCb: callback && ((id, slot) => {
        const session = callback(id)
        return session?.byteLength ? this.lib.memory.give(session, slot) : 0
      }),
    })
  }

  /**
   * Called on a server before it makes a ticket; whether to. `false`: this connection goes on without this ticket. Not called for
   * a ticket that is no more than the id of a remembered session (TLS 1.3 with `SSL_OP_NO_TICKET`).
   * @openssl SSL_CTX_set_session_ticket_cb SSL_CTX_set_tlsext_ticket_key_evp_cb
   */
  setSessionTicketCb(callback: (() => boolean) | undefined): void {
    this.#set({ ticketCb: callback && (() => (callback() ? 1 : 0)) })
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
    this.#set({ pskClientCb: callback && pskClientCallback(callback, this.lib.memory, dangerouslyLeastBytes) })
  }

  /**
   * Asked for the key of each identity that a client offers, including tickets, which are no text. `undefined` if there is
   * none. It must answer at once. `dangerouslyLeastBytes` as of {@link setPskClientCallback}.
   * @openssl SSL_set_psk_find_session_callback SSL_set_psk_server_callback
   */
  setPskServerCallback(
    callback: ((identity: string) => PskKey | undefined) | undefined, dangerouslyLeastBytes = LEAST_PSK_BYTES,
  ): void {
    this.#set({ pskServerCb: callback && pskServerCallback(callback, this.lib.memory, dangerouslyLeastBytes) })
  }

  /** Called on a server whose client asks for OCSP; whether it has set a response. @openssl SSL_CTX_set_tlsext_status_cb */
  setTlsextStatusCb(callback: (() => boolean) | undefined): void {
    this.#set({ statusCb: callback && (() => (callback() ? 1 : 0)) })
  }

  /** To be called by {@link setTlsextStatusCb}'s callback: DER, copied. @openssl SSL_set_tlsext_status_ocsp_resp */
  setTlsextStatusOcspResp(response: Uint8Array): void {
    setBytes(this.lib, 'Ssl.setTlsextStatusOcspResp', this.ptr, response, this.lib.ffi[C.SSL_set_tlsext_status_ocsp_resp])
  }

  #set(change: RawSslCallbacks): void {
    Object.assign(this.callbacks, change)
    this.lib.ffi[C.SSL_set_callbacks](this.ptr, wantedOf(this.callbacks))
  }
}
