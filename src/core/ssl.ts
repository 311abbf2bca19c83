// SSL: one connection. What connect() needs of it is in basic-ssl.ts; here is the rest: what servers need, and programs that drive
// connections by hand. A page that has connect() alone does not carry it: bundlers leave out classes, and no methods of a class.

import { decodeUtf8 } from '../base/bytes.js'
import * as K from '../ffi/callback-numbers.gen.js'
import { LEAST_PSK_BYTES, pskServerCallback, type CallbackVerdict, type PskKey } from '../ffi/callbacks.js'
import * as C from '../ffi/functions.gen.js'
import type { Owned, Ptr } from '../ffi/pointers.js'
import { decodeAlpn } from './alpn.js'
import { BasicSsl } from './basic-ssl.js'
import { readClientHello, type ClientHello } from './client-hello.js'
import { serverAdvice } from './server-advice.js'
import { demand, demandSameInstance, set, setBytes } from './setters.js'
import type { BasicSslCtx } from './basic-ssl-ctx.js'
import type { PeerTmpKey } from './ssl-outcome.js'
import { readX509, readX509Subject, type X509Subject } from './x509-contents.js'
import type { X509 } from './x509.js'

/** One TLS connection, without I/O: it reads and writes its {@link Bio}. Setters throw `ApiMisuseError`. @openssl SSL_new */
export class Ssl extends BasicSsl {
  // ---- state ----

  /** Whether anything is buffered, processed or not. @openssl SSL_has_pending */
  hasPending(): boolean {
    return this.lib.ffi[C.SSL_has_pending](this.ptr) === 1
  }

  /** `SSL_SENT_SHUTDOWN` and `SSL_RECEIVED_SHUTDOWN`, or-ed. @openssl SSL_get_shutdown */
  getShutdown(): number {
    return this.lib.ffi[C.SSL_get_shutdown](this.ptr)
  }

  /** @openssl SSL_set_shutdown */
  setShutdown(mode: number): void {
    this.lib.ffi[C.SSL_set_shutdown](this.ptr, mode)
  }

  /** `true`: `shutdown` sends nothing and answers 1. @openssl SSL_set_quiet_shutdown */
  setQuietShutdown(quiet: boolean): void {
    this.lib.ffi[C.SSL_set_quiet_shutdown](this.ptr, quiet ? 1 : 0)
  }

  // ---- of servers ----

  /** @internal */
  override serverAdvice(code: string): string | undefined {
    return this.isServer() ? serverAdvice(this, code) : undefined
  }

  /**
   * Called on a server before anything is answered; `-1` makes the handshake return
   * SSL_ERROR_WANT_CLIENT_HELLO_CB. It is called again for the ClientHello that follows a HelloRetryRequest. A
   * `RefusalError` that it throws chooses the alert, as in other callbacks that decide; else that is internal_error.
   * @openssl SSL_CTX_set_client_hello_cb
   */
  setClientHelloCb(callback: (() => CallbackVerdict) | undefined): void {
    this.setCallbacks({ [K.clientHelloCb]: callback && (() => callback() ?? 1) })
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
    this.setCallbacks({
      [K.alpnCb]: callback && ((protos) => {
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
   * Called on a server for the session of this id, as {@link setNewSessionCb} gave it; bytes that are not a
   * session count as none, as does a session whose peer's certificate has expired, and a TLS 1.2 session that was made for
   * another name than is asked for now. The context must have {@link SslCtx.sessSetCallbacks}. @openssl SSL_CTX_sess_set_get_cb
   */
  setGetSessionCb(callback: ((id: Uint8Array<ArrayBuffer>) => Uint8Array | undefined) | undefined): void {
    this.setCallbacks({
      [K.getSessionCb]: callback && ((id, slot) => {
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
    this.setCallbacks({ [K.ticketCb]: callback && (() => (callback() ? 1 : 0)) })
  }

  /**
   * Asked for the key of each identity that a client offers, including tickets, which are no text. `undefined` if there is
   * none. It must answer at once. `dangerouslyLeastBytes` as of {@link setPskClientCallback}.
   * @openssl SSL_set_psk_find_session_callback SSL_set_psk_server_callback
   */
  setPskServerCallback(
    callback: ((identity: string) => PskKey | undefined) | undefined, dangerouslyLeastBytes = LEAST_PSK_BYTES,
  ): void {
    this.setCallbacks({ [K.pskServerCb]: callback && pskServerCallback(callback, this.lib.memory, dangerouslyLeastBytes) })
  }

  /** Called on a server whose client asks for OCSP; whether it has set a response. @openssl SSL_CTX_set_tlsext_status_cb */
  setTlsextStatusCb(callback: (() => boolean) | undefined): void {
    this.setCallbacks({ [K.statusCb]: callback && (() => (callback() ? 1 : 0)) })
  }

  /** To be called by {@link setTlsextStatusCb}'s callback: DER, copied. @openssl SSL_set_tlsext_status_ocsp_resp */
  setTlsextStatusOcspResp(response: Uint8Array): void {
    setBytes(this.lib, 'Ssl.setTlsextStatusOcspResp', this.ptr, response, this.lib.ffi[C.SSL_set_tlsext_status_ocsp_resp])
  }

  /**
   * From now on certificate, key, lists, callbacks, options, versions, the demands on the peer's certificate, and whether
   * raw public keys may stand for certificates are this context's. Groups are not copied: call {@link set1GroupsList}.
   * Sessions and ticket keys stay those of the first context. Call it only inside {@link Ssl.setClientHelloCb}'s callback. Takes a
   * reference of its own. @openssl SSL_set_SSL_CTX
   */
  setSslCtx(ctx: BasicSslCtx): void {
    demandSameInstance(this.lib, ctx, 'SslCtx')
    set(this.lib, 'Ssl.setSslCtx', () => this.lib.ffi[C.SSL_set_SSL_CTX](this.ptr, ctx.ptr))
  }

  // ---- options, and the outcome of a handshake ----

  /** Takes `SSL_OP_…` bits away; returns all that are set now. @openssl SSL_clear_options */
  clearOptions(options: bigint): bigint {
    return this.lib.ffi[C.SSL_clear_options](this.ptr, options)
  }

  /** @openssl SSL_get_options */
  getOptions(): bigint {
    return this.lib.ffi[C.SSL_get_options](this.ptr)
  }

  /**
   * The peer's ephemeral key: for example `{ type: 'ECDH', name: 'X25519', size: 253 }`, `size` in bits; finite fields (`DH`)
   * have no `name`. `undefined` if there is none: on a server of TLS 1.2, in a session of TLS 1.2 that was resumed, with ML-KEM.
   * @openssl SSL_get_peer_tmp_key
   */
  getPeerTmpKey(): PeerTmpKey | undefined {
    const { ffi, memory } = this.lib
    const group = memory.collect((buf, size) => ffi[C.SSL_get_peer_tmp_key_group](this.ptr, buf, size))
    const size = ffi[C.SSL_get_peer_tmp_key_bits](this.ptr)
    if (!group) return undefined
    return group.byteLength === 0 ? { type: 'DH', size } : { type: 'ECDH', name: decodeUtf8(group), size }
  }

  /**
   * Whether the peer has said that it knows RFC 5746. Servers of TLS 1.3, which has no renegotiation, do not say so.
   * @openssl SSL_get_secure_renegotiation_support
   */
  getSecureRenegotiationSupport(): boolean {
    return this.lib.ffi[C.SSL_get_secure_renegotiation_support](this.ptr) === 1
  }

  /** @internal The subject of the peer's certificate, without reading the rest. */
  getPeerSubject(): X509Subject | undefined {
    const cert = this.lib.ffi[C.SSL_get0_peer_certificate](this.ptr)
    return cert === 0 ? undefined : readX509Subject(this.lib, cert)
  }

  /** A copy of the certificate that we have shown or, before that, would show first. @openssl SSL_get_certificate */
  getCertificate(): X509 | undefined {
    const cert = this.lib.ffi[C.SSL_get_certificate](this.ptr)
    return cert === 0 ? undefined : readX509(this.lib, cert)
  }

  /** A copy of that of its issuer: itself, or one of the trust anchors. @openssl X509_STORE_CTX_get1_issuer */
  getCertificateIssuer(): X509 | undefined {
    const { ffi } = this.lib
    const cert = ffi[C.SSL_get_certificate](this.ptr)
    const issuer = cert === 0 ? 0 : ffi[C.SSL_get1_issuer](this.ptr, cert)
    if (issuer === 0) return undefined
    try {
      return readX509(this.lib, issuer)
    } finally {
      ffi[C.X509_free](issuer)
    }
  }

  /**
   * Copies of the peer's certificate, its issuer, and so on: found among those that the peer sent and the trust anchors, whether
   * they prove anything or not. `endsInRoot`: the last one is its own issuer. Empty if the peer showed no certificate.
   * @openssl X509_check_issued X509_STORE_CTX_get1_issuer
   */
  getIssuerChain(): { readonly chain: readonly X509[]; readonly endsInRoot: boolean } {
    const { ffi } = this.lib
    const held: Owned<'X509'>[] = []
    let cert = ffi[C.SSL_get0_peer_certificate](this.ptr)
    const seen: number[] = []
    try {
      for (let issuer; cert !== 0 && !seen.includes(cert); cert = issuer) {
        seen.push(cert)
        issuer = ffi[C.SSL_get1_issuer](this.ptr, cert)
        if (issuer !== 0) held.push(issuer)
      }
      return { chain: seen.map((one) => readX509(this.lib, one as Ptr<'X509'>)), endsInRoot: cert !== 0 && cert === seen.at(-1) }
    } finally {
      for (const one of held) ffi[C.X509_free](one)
    }
  }

  /**
   * What clients show in this connection, and servers: `TLSEXT_cert_type_x509` (also where certificate types were not negotiated)
   * or `TLSEXT_cert_type_rpk`. @openssl SSL_get_negotiated_client_cert_type @spec RFC 7250
   */
  getNegotiatedClientCertType(): number {
    return this.lib.ffi[C.SSL_get_negotiated_client_cert_type](this.ptr)
  }

  /** As {@link getNegotiatedClientCertType}. @openssl SSL_get_negotiated_server_cert_type */
  getNegotiatedServerCertType(): number {
    return this.lib.ffi[C.SSL_get_negotiated_server_cert_type](this.ptr)
  }
}
