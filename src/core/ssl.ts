// Long because it is one class for one type of OpenSSL's, a few lines a function.
//
// SSL: one connection; the outcome of its handshake is in ssl-outcome.ts and ssl-peer.ts. Synchronous, no I/O of its own:
// the caller moves the bytes. Methods are OpenSSL's functions less their prefix, and mean what its manual says.

import { ApiMisuseError, type OpensslError } from '../base/errors.js'
import { asBytes, type BytesLike } from '../base/bytes.js'
import { wantedOf, type RawSslCallbacks } from '../ffi/callbacks.gen.js'
import {
  pskClientCallback, pskServerCallback, type CallbackVerdict, type ProtocolMessage, type PskIdentityKey, type PskKey,
} from '../ffi/callbacks.js'
import { SSL_ERROR_SSL, SSL_ERROR_SYSCALL } from '../ffi/constants.gen.js'
import { Lifetime } from '../ffi/lifetime.js'
import { NULL, type Ptr } from '../ffi/pointers.js'
import type { Bio } from './bio.js'
import { decodeAlpn, encodeAlpn } from './alpn.js'
import { readClientHello, type ClientHello } from './client-hello.js'
import type { EchStore } from './ech-store.js'
import { outOfMemory, takeErrors } from './err-queue.js'
import type { IoResult, SslErrorCode } from './io-result.js'
import type { LibSsl } from './lib-ssl.js'
import { demand, demandSameInstance, demandSize, set, setBytes, setText } from './setters.js'
import type { SslCtx } from './ssl-ctx.js'
import { SslOutcome } from './ssl-outcome.js'
import type { SslSession } from './ssl-session.js'

export class Ssl extends SslOutcome {
  /** @internal */ readonly lib: LibSsl
  readonly #life: Lifetime<'SSL'>
  readonly #callbacks: RawSslCallbacks = {}

  /** @openssl SSL_new */
  constructor(ctx: SslCtx) {
    super()
    const { lib } = ctx
    const ctxPtr = ctx.ptr
    const handle = lib.handles.SSL.add(this.#callbacks)
    const ptr = lib.ffi.SSL_new(ctxPtr, handle)
    if (ptr === 0) {
      lib.handles.SSL.delete(handle)
      throw outOfMemory(lib, 'SSL_new')
    }
    this.lib = lib
    this.#life = new Lifetime('Ssl', ptr, (owned) => {
      const free = () => {
        lib.handles.SSL.delete(handle)
        lib.ffi.SSL_free(owned)
      }
      // A callback may free the connection that called it: OpenSSL must have let go of it first.
      if (this.#busy) this.#freeAfterCall = free
      else free()
    })
  }

  /** @internal */
  get ptr(): Ptr<'SSL'> {
    return this.#life.ptr
  }

  /** Whether {@link free} was not called yet. */
  get alive(): boolean {
    return this.#life.alive
  }

  // ---- before the handshake ----

  /** Sets what is beneath, for reading and for writing; takes references of its own. @openssl SSL_set_bio */
  setBio(rbio: Bio, wbio: Bio = rbio): void {
    for (const bio of [rbio, wbio]) demandSameInstance(this.lib, bio, 'BIO')
    this.#refuseWhileBusy()
    if (this.lib.ffi.SSL_set_bio(this.ptr, rbio.ptr, wbio.ptr) !== 1) throw outOfMemory(this.lib, 'SSL_set_bio')
    this.#rbio = rbio
  }

  /** @openssl SSL_set_connect_state */
  setConnectState(): void {
    this.#refuseWhileBusy()
    this.lib.ffi.SSL_set_connect_state(this.ptr)
  }

  /** @openssl SSL_set_accept_state */
  setAcceptState(): void {
    this.#refuseWhileBusy()
    this.lib.ffi.SSL_set_accept_state(this.ptr)
  }

  /** As {@link SslCtx.setMaxCertList}, of one connection. @openssl SSL_set_max_cert_list */
  setMaxCertList(bytes: number): void {
    demandSize('Ssl.setMaxCertList', bytes)
    this.lib.ffi.SSL_set_max_cert_list(this.ptr, bytes)
  }

  /** The name that a client asks for (SNI). It is not what is verified. @openssl SSL_set_tlsext_host_name @spec RFC 6066 §3 */
  setTlsextHostName(name: string): void {
    setText(this.lib, 'Ssl.setTlsextHostName', name, (text) => this.lib.ffi.SSL_set_tlsext_host_name(this.ptr, text))
  }

  /** Adds `SSL_OP_…` bits; returns all that are set now. @openssl SSL_set_options */
  setOptions(options: bigint): bigint {
    return this.lib.ffi.SSL_set_options(this.ptr, options)
  }

  /** Takes `SSL_OP_…` bits away; returns all that are set now. @openssl SSL_clear_options */
  clearOptions(options: bigint): bigint {
    return this.lib.ffi.SSL_clear_options(this.ptr, options)
  }

  /** @openssl SSL_get_options */
  getOptions(): bigint {
    return this.lib.ffi.SSL_get_options(this.ptr)
  }

  /** The most plaintext that goes into one record from now on: 512 to 16,384 bytes. @openssl SSL_set_max_send_fragment */
  setMaxSendFragment(bytes: number): void {
    set(this.lib, 'Ssl.setMaxSendFragment', () => this.lib.ffi.SSL_set_max_send_fragment(this.ptr, bytes))
  }

  /** What a client offers, most wanted first, in place of {@link SslCtx.setAlpnProtos}'s. @openssl SSL_set_alpn_protos @spec RFC 7301 */
  setAlpnProtos(protocols: readonly string[]): void {
    const ssl = this.ptr
    const encoded = encodeAlpn(protocols)
    // OpenSSL answers 0 for success here.
    setBytes(this.lib, 'Ssl.setAlpnProtos', ssl, encoded, (ptr, buf, length) =>
      (this.lib.ffi.SSL_set_alpn_protos(ptr, buf, length) === 0 ? 1 : 0))
  }

  /** The DNS name that the peer's certificate must hold. @openssl SSL_set1_dnsname */
  set1Dnsname(name: string): void {
    setText(this.lib, 'Ssl.set1Dnsname', name, (text) => this.lib.ffi.SSL_set1_dnsname(this.ptr, text))
  }

  /** The IP address that the peer's certificate must hold. @openssl SSL_set1_ipaddr */
  set1Ipaddr(address: string): void {
    setText(this.lib, 'Ssl.set1Ipaddr', address, (text) => this.lib.ffi.SSL_set1_ipaddr(this.ptr, text))
    this.#expectedAddresses = [address]
  }

  /** `X509_CHECK_FLAG_…`. @openssl SSL_set_hostflags */
  setHostflags(flags: number): void {
    this.lib.ffi.SSL_set_hostflags(this.ptr, flags)
  }

  /**
   * Called when the own certificate is about to be needed; `-1` makes the handshake return
   * SSL_ERROR_WANT_X509_LOOKUP, to be repeated later. @openssl SSL_set_cert_cb
   */
  setCertCb(callback: (() => CallbackVerdict) | undefined): void {
    this.#setCallbacks({ certCb: callback && (() => callback() ?? 1) })
  }

  /**
   * Called on a server before anything is answered; `-1` makes the handshake return
   * SSL_ERROR_WANT_CLIENT_HELLO_CB. It is called again for the ClientHello that follows a HelloRetryRequest. A
   * `RefusalError` that it throws chooses the alert, as in other callbacks that decide; else that is internal_error.
   * @openssl SSL_CTX_set_client_hello_cb
   */
  setClientHelloCb(callback: (() => CallbackVerdict) | undefined): void {
    this.#setCallbacks({ clientHelloCb: callback && (() => callback() ?? 1) })
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
    this.lib.ffi.SSL_acknowledge_servername(this.ptr)
  }

  /**
   * Chooses among the protocols that a client offers, in place of {@link SslCtx.setAlpnSelectProtos}. `undefined` refuses
   * them all: the handshake ends with the alert no_application_protocol, as it does if the callback throws (or with that of
   * the `RefusalError` that it throws).
   * @openssl SSL_CTX_set_alpn_select_cb @spec RFC 7301 §3.2
   */
  setAlpnSelectCb(callback: ((offered: readonly string[]) => string | undefined) | undefined): void {
    this.#setCallbacks({
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
   * From now on certificate, key, lists, callbacks, options, versions, the demands on the peer's certificate, and whether
   * raw public keys may stand for certificates are this context's. Groups are not copied: call {@link set1GroupsList}.
   * Sessions and ticket keys stay those of the first context. Call it only inside {@link setClientHelloCb}'s callback. Takes a
   * reference of its own. @openssl SSL_set_SSL_CTX
   */
  setSslCtx(ctx: SslCtx): void {
    demandSameInstance(this.lib, ctx, 'SslCtx')
    set(this.lib, 'Ssl.setSslCtx', () => this.lib.ffi.SSL_set_SSL_CTX(this.ptr, ctx.ptr))
  }

  /** Key exchange groups, names separated by colons, in order of preference. @openssl SSL_set1_groups_list */
  set1GroupsList(list: string): void {
    setText(this.lib, 'Ssl.set1GroupsList', list, (text) => this.lib.ffi.SSL_set1_groups_list(this.ptr, text))
  }

  /** As {@link SslCtx.set1ClientSigalgsList}, of one connection. @openssl SSL_set1_client_sigalgs_list */
  set1ClientSigalgsList(list: string): void {
    setText(this.lib, 'Ssl.set1ClientSigalgsList', list, (text) => this.lib.ffi.SSL_set1_client_sigalgs_list(this.ptr, text))
  }

  /**
   * Called for each certificate of the peer's chain with OpenSSL's verdict; its answer replaces that verdict. `-1`
   * makes a client's handshake return SSL_ERROR_WANT_RETRY_VERIFY; on a server it is a refusal, for OpenSSL's server
   * cannot wait there. @openssl SSL_set_verify SSL_set_retry_verify
   */
  setVerifyCb(callback: ((preverifyOk: boolean, depth: number, verifyCode: number) => CallbackVerdict) | undefined): void {
    this.#setCallbacks({ verifyCb: callback && ((ok, depth, verifyCode) => callback(ok === 1, depth, verifyCode) ?? ok) })
  }

  /**
   * Called for each record header, handshake message, alert and change of cipher spec, both ways, during I/O calls.
   * {@link describeMessage} names them. @openssl SSL_set_msg_callback
   */
  setMsgCallback(callback: ((message: ProtocolMessage) => void) | undefined): void {
    this.#setCallbacks({
      msgCb: callback && ((sent, version, contentType, bytes) => callback({ sent: sent === 1, version, contentType, bytes })),
    })
  }

  /**
   * Called when a state is passed, or a handshake begins or is done, with `SSL_CB_…` bits; {@link stateStringLong}
   * names the state. Alerts are reported by {@link setMsgCallback}, return values by the calls. @openssl SSL_set_info_callback
   */
  setInfoCallback(callback: ((where: number) => void) | undefined): void {
    this.#setCallbacks({ infoCb: callback })
  }

  /**
   * Called with each secret as a line of the NSS key log format. DANGEROUS: anyone who has these lines can
   * decrypt the connection. @openssl SSL_CTX_set_keylog_callback
   */
  setKeylogCallback(callback: ((line: string) => void) | undefined): void {
    this.#setCallbacks({ keylogCb: callback && ((line) => callback(line ?? '')) })
  }

  /**
   * The session that a client offers to resume; it takes a reference of its own. `undefined`: none. From now on
   * {@link getVerifyResult} gives the result of when the session was made: a resumed handshake verifies nothing.
   * @openssl SSL_set_session
   */
  setSession(session: SslSession | undefined): void {
    demandSameInstance(this.lib, session, 'SslSession')
    this.#refuseWhileBusy()
    set(this.lib, 'Ssl.setSession', () => this.lib.ffi.SSL_set_session(this.ptr, session?.ptr ?? NULL))
  }

  /**
   * Called for each session that may be kept: its id, and itself as {@link SslSession.toBytes} has it. A client's once a
   * TLS 1.3 ticket has come (while reading, that is) or a TLS 1.2 handshake is done; a server's when it is made. The
   * context must have {@link SslCtx.sessSetCallbacks} and a cache mode for this side. @openssl SSL_CTX_sess_set_new_cb
   */
  setNewSessionCb(callback: ((id: Uint8Array<ArrayBuffer>, session: Uint8Array<ArrayBuffer>) => void) | undefined): void {
    this.#setCallbacks({ newSessionCb: callback })
  }

  /**
   * Called on a server for the session of this id, as {@link setNewSessionCb} gave it; bytes that are not a
   * session count as none, as does a session whose peer's certificate has expired, and a TLS 1.2 session that was made for
   * another name than is asked for now. The context must have {@link SslCtx.sessSetCallbacks}. @openssl SSL_CTX_sess_set_get_cb
   */
  setGetSessionCb(callback: ((id: Uint8Array<ArrayBuffer>) => Uint8Array | undefined) | undefined): void {
    this.#setCallbacks({
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
    this.#setCallbacks({ ticketCb: callback && (() => (callback() ? 1 : 0)) })
  }

  /**
   * Asked for the key to offer, and on a TLS 1.2 server's `hint`. TLS 1.3 asks once or, after a HelloRetryRequest, twice.
   * `undefined` for none. It must answer at once. With it come TLS 1.2's PSK suites, where the list of ciphers has them.
   * @openssl SSL_set_psk_use_session_callback SSL_set_psk_client_callback @spec RFC 8446 §4.2.11
   */
  setPskClientCallback(callback: ((hint: string | undefined) => PskIdentityKey | undefined) | undefined): void {
    this.#setCallbacks({ pskClientCb: callback && pskClientCallback(callback, this.lib.memory) })
  }

  /**
   * Asked for the key of each identity that a client offers, including tickets, which are no text. `undefined` if there is
   * none. It must answer at once. @openssl SSL_set_psk_find_session_callback SSL_set_psk_server_callback
   */
  setPskServerCallback(callback: ((identity: string) => PskKey | undefined) | undefined): void {
    this.#setCallbacks({ pskServerCb: callback && pskServerCallback(callback, this.lib.memory) })
  }

  /** As {@link SslCtx.usePskIdentityHint}, of one connection. @openssl SSL_use_psk_identity_hint */
  usePskIdentityHint(hint: string | undefined): void {
    setText(this.lib, 'Ssl.usePskIdentityHint', hint, (text) => this.lib.ffi.SSL_use_psk_identity_hint(this.ptr, text))
  }

  /**
   * Adds to the raw public keys that pass verification: each of a PEM text, or one as DER (SubjectPublicKeyInfo). All others are
   * `X509_V_ERR_RPK_UNTRUSTED`. Unlike SSL_add_expected_rpk(3) it changes nothing for certificates. @spec RFC 7250
   */
  acceptRpk(key: string | BytesLike): void {
    const bytes = asBytes(key)
    const ssl = this.ptr
    setBytes(this.lib, 'Ssl.acceptRpk', ssl, bytes, this.lib.ffi.SSL_accept_rpk)
  }

  // ---- trust ----

  /** One more DNS name; the peer's certificate must hold one of them. @openssl SSL_add1_dnsname */
  add1Dnsname(name: string): void {
    setText(this.lib, 'Ssl.add1Dnsname', name, (text) => this.lib.ffi.SSL_add1_dnsname(this.ptr, text))
  }

  /** One more IP address; the peer's certificate must hold one of them, and one of the names if there are any. @openssl SSL_add1_ipaddr */
  add1Ipaddr(address: string): void {
    setText(this.lib, 'Ssl.add1Ipaddr', address, (text) => this.lib.ffi.SSL_add1_ipaddr(this.ptr, text))
    this.#expectedAddresses.push(address)
  }

  /**
   * The DNS names and IP addresses that were set, of which the peer's certificate must hold one. If the server has rejected
   * ECH the name is its public name. @openssl X509_VERIFY_PARAM_get0_host
   */
  getExpectedNames(): string[] {
    const { ffi, memory } = this.lib
    const names: string[] = []
    for (let name; (name = memory.optionalCString(ffi.SSL_get0_dnsname(this.ptr, names.length))) !== undefined;) names.push(name)
    return [...names, ...this.#expectedAddresses]
  }

  /**
   * Called once a chain, when OpenSSL has verified it, with its verdict; the answer replaces that verdict. `-1` makes a
   * client's handshake return SSL_ERROR_WANT_RETRY_VERIFY (all is verified again, and this called again); on a server it
   * is a refusal. {@link getVerifiedChain} gives the chain. @openssl SSL_CTX_set_cert_verify_callback
   */
  setCertVerifyCallback(callback: ((preverifyOk: boolean, verifyCode: number) => CallbackVerdict) | undefined): void {
    this.#setCallbacks({ chainCb: callback && ((ok, verifyCode) => callback(ok === 1, verifyCode) ?? ok) })
  }

  /** Shows what `ctx` would show: certificates, chains and keys, which are shared. @openssl SSL_use_cert_and_key */
  useIdentityOf(ctx: SslCtx): void {
    demandSameInstance(this.lib, ctx, 'SslCtx')
    set(this.lib, 'Ssl.useIdentityOf', () => this.lib.ffi.SSL_use_identity_of(this.ptr, ctx.ptr))
  }

  /**
   * Asks for stapled OCSP (`LSW_OCSP_REQUEST` or `LSW_OCSP_REQUIRE`), and checks the responses: the handshake fails unless
   * each says "good", and its signer may say so. Without a response it fails if it is required, or if the certificate
   * promises one. @openssl SSL_set_tlsext_status_type @spec RFC 6066 §8, RFC 7633
   */
  requestOcsp(mode: number): void {
    set(this.lib, 'Ssl.requestOcsp', () => this.lib.ffi.SSL_request_ocsp(this.ptr, mode))
  }

  /** Called on a server whose client asks for OCSP; whether it has set a response. @openssl SSL_CTX_set_tlsext_status_cb */
  setTlsextStatusCb(callback: (() => boolean) | undefined): void {
    this.#setCallbacks({ statusCb: callback && (() => (callback() ? 1 : 0)) })
  }

  /** To be called by {@link setTlsextStatusCb}'s callback: DER, copied. @openssl SSL_set_tlsext_status_ocsp_resp */
  setTlsextStatusOcspResp(response: Uint8Array): void {
    setBytes(this.lib, 'Ssl.setTlsextStatusOcspResp', this.ptr, response, this.lib.ffi.SSL_set_tlsext_status_ocsp_resp)
  }

  /**
   * Leaves a fatal alert in the BIO; the connection cannot be used afterwards. For a refusal that comes after the
   * handshake. @spec RFC 8446 §6.2
   */
  sendFatalAlert(description: number): void {
    this.#refuseWhileBusy()
    this.lib.ffi.SSL_send_fatal_alert(this.ptr, description)
  }

  /**
   * Whether a client offers to show its certificate after the handshake (TLS 1.3).
   * @openssl SSL_set_post_handshake_auth @spec RFC 8446 §4.6.2
   */
  setPostHandshakeAuth(offered: boolean): void {
    this.lib.ffi.SSL_set_post_handshake_auth(this.ptr, offered ? 1 : 0)
  }

  /** For Encrypted Client Hello; the connection takes a copy. `undefined`: none. @openssl SSL_set1_echstore @spec RFC 9849 */
  set1Echstore(store: EchStore | undefined): void {
    demandSameInstance(this.lib, store, 'EchStore')
    set(this.lib, 'Ssl.set1Echstore', () => this.lib.ffi.SSL_set1_echstore(this.ptr, store?.ptr ?? NULL))
  }

  /**
   * The name that a client shows to the outside world; default the configuration's public name; `null` for none. It is
   * also the name that the server must prove if it rejects ECH. @openssl SSL_ech_set1_outer_server_name
   */
  echSet1OuterServerName(name: string | null): void {
    const what = 'Ssl.echSet1OuterServerName'
    const { ffi } = this.lib
    if (name === null) set(this.lib, what, () => ffi.SSL_ech_set1_outer_server_name(this.ptr, NULL, 1))
    else setText(this.lib, what, name, (text) => ffi.SSL_ech_set1_outer_server_name(this.ptr, text, 0))
  }

  // ---- I/O ----

  /** @openssl SSL_connect */
  connect(): IoResult {
    return this.#io((ssl, error) => this.lib.ffi.SSL_connect(ssl, error))
  }

  /** @openssl SSL_accept */
  accept(): IoResult {
    return this.#io((ssl, error) => this.lib.ffi.SSL_accept(ssl, error))
  }

  /** The role must be set before. @openssl SSL_do_handshake */
  doHandshake(): IoResult {
    return this.#io((ssl, error) => this.lib.ffi.SSL_do_handshake(ssl, error))
  }

  /**
   * Reads plaintext into `target`, one record and 64 KiB at most. An empty `target` is refused: OpenSSL's
   * answer to it tells nothing. @openssl SSL_read
   */
  read(target: Uint8Array): IoResult {
    return this.#readInto('read', target, (ssl, buf, size, error) => this.lib.ffi.SSL_read(ssl, buf, size, error))
  }

  /** As {@link read}, and the bytes stay where they are. @openssl SSL_peek */
  peek(target: Uint8Array): IoResult {
    return this.#readInto('peek', target, (ssl, buf, size, error) => this.lib.ffi.SSL_peek(ssl, buf, size, error))
  }

  /**
   * Reads record after record, up to `limit` bytes (64 KiB at most), with one copy out for all of them.
   * @param after called after each SSL_read with its result; whether to go on. Nothing is lost if it says no
   * @param into where to; default an array of the size that is needed
   * @internal
   */
  readAvailable(limit: number, after: (result: IoResult) => boolean, into?: Uint8Array): Uint8Array {
    return this.lib.withBuffer(limit, (buf, size) => {
      let filled = 0
      for (let goOn = true; goOn && filled < size;) {
        const result = this.#io((ssl, error) => this.lib.ffi.SSL_read(ssl, (buf + filled) as typeof buf, size - filled, error))
        if (result.ret > 0) filled += result.ret
        goOn = after(result)
      }
      if (!into) return this.lib.memory.copyOut(buf, filled)
      this.lib.memory.copyOutTo(buf, filled, into)
      return into.subarray(0, filled)
    })
  }

  /**
   * Writes `bytes`, 64 KiB at most; `ret` says how many were taken. After WANT_READ or WANT_WRITE repeat it with
   * the same bytes. An empty write is refused: OpenSSL leaves it undefined. @openssl SSL_write
   */
  write(bytes: Uint8Array): IoResult {
    this.ptr
    if (bytes.byteLength === 0) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'Ssl.write: there is nothing to write')
    return this.lib.withBuffer(bytes.byteLength, (buf, size) => {
      this.lib.memory.copyIn(bytes.subarray(0, size), buf)
      return this.#io((ssl, error) => this.lib.ffi.SSL_write(ssl, buf, size, error))
    })
  }

  /**
   * Writes 0-RTT data, 64 KiB at most. A client does it before {@link connect}, with a session that allows it; a server
   * after {@link readEarlyData} has begun, to a client that has not proved itself yet. 1: all of it was written; 0: not
   * yet (repeat with the same bytes), or not at all. @openssl SSL_write_early_data @spec RFC 8446 §2.3
   */
  writeEarlyData(bytes: Uint8Array): IoResult {
    this.ptr
    if (bytes.byteLength === 0 || bytes.byteLength > 65536) {
      throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', 'Ssl.writeEarlyData: write 1 to 65,536 bytes at a time')
    }
    return this.lib.withBuffer(bytes.byteLength, (buf, size) => {
      this.lib.memory.copyIn(bytes, buf)
      return this.#io((ssl, error) => this.lib.ffi.SSL_write_early_data(ssl, buf, size, error))
    })
  }

  /**
   * Reads 0-RTT data on a server, before {@link accept}: `count` bytes of it stand in `target`. `ret` is
   * `SSL_READ_EARLY_DATA_SUCCESS`: there may be more; `_FINISH`: there is none, or no more, go on with `accept`;
   * `_ERROR`: see `error`. @openssl SSL_read_early_data @spec RFC 8446 §2.3
   */
  readEarlyData(target: Uint8Array): IoResult & { readonly count: number } {
    let count = 0
    const result = this.#readInto('readEarlyData', target, (ssl, buf, size, error) => {
      const ret = this.lib.ffi.SSL_read_early_data(ssl, buf, size, (error + 4) as typeof error, error)
      count = this.lib.memory.readInt32(error + 4)
      return ret
    }, () => count)
    return { ...result, count }
  }

  /**
   * Sends close_notify. 0: sent, the peer's has not come yet, call again (or read) for the two-sided shutdown;
   * 1: both were exchanged. @openssl SSL_shutdown
   */
  shutdown(): IoResult {
    return this.#io((ssl, error) => this.lib.ffi.SSL_shutdown(ssl, error))
  }

  // ---- state ----

  /** What SSL_get_error answered to the last I/O call of this connection. @openssl SSL_get_error */
  getError(): SslErrorCode {
    this.ptr
    return this.#lastError
  }

  /** @internal OpenSSL's reasons for the connection's failure, oldest first. */
  get opensslErrors(): readonly OpensslError[] {
    return this.#errors
  }

  /** @internal See {@link Bio.foreignBytes}. */
  get foreignBytes(): Uint8Array | undefined {
    return this.#rbio?.foreignBytes
  }

  /** Plaintext bytes that `read` gives without looking below. @openssl SSL_pending */
  pending(): number {
    return this.lib.ffi.SSL_pending(this.ptr)
  }

  /** Whether anything is buffered, processed or not. @openssl SSL_has_pending */
  hasPending(): boolean {
    return this.lib.ffi.SSL_has_pending(this.ptr) === 1
  }

  /** `SSL_SENT_SHUTDOWN` and `SSL_RECEIVED_SHUTDOWN`, or-ed. @openssl SSL_get_shutdown */
  getShutdown(): number {
    return this.lib.ffi.SSL_get_shutdown(this.ptr)
  }

  /** @openssl SSL_set_shutdown */
  setShutdown(mode: number): void {
    this.lib.ffi.SSL_set_shutdown(this.ptr, mode)
  }

  /** `true`: `shutdown` sends nothing and answers 1. @openssl SSL_set_quiet_shutdown */
  setQuietShutdown(quiet: boolean): void {
    this.lib.ffi.SSL_set_quiet_shutdown(this.ptr, quiet ? 1 : 0)
  }

  /**
   * OpenSSL's names of the cipher suites that remain of those that were set, by versions and security level, most wanted first.
   * @openssl SSL_get1_supported_ciphers
   */
  getSupportedCiphers(): string[] {
    const names: string[] = []
    for (let name; (name = this.lib.ffi.SSL_get_supported_cipher_name(this.ptr, names.length)) !== 0;) {
      names.push(this.lib.memory.readCString(name))
    }
    return names
  }

  /** `TLS1_2_VERSION` or `TLS1_3_VERSION`; 0: the lowest there is. @openssl SSL_get_min_proto_version */
  getMinProtoVersion(): number {
    return this.lib.ffi.SSL_get_min_proto_version(this.ptr)
  }

  /** `TLS1_2_VERSION` or `TLS1_3_VERSION`; 0: the highest there is. @openssl SSL_get_max_proto_version */
  getMaxProtoVersion(): number {
    return this.lib.ffi.SSL_get_max_proto_version(this.ptr)
  }

  /** @openssl SSL_is_init_finished */
  isInitFinished(): boolean {
    return this.lib.ffi.SSL_is_init_finished(this.ptr) === 1
  }

  /** Whether the handshake is at reading certificates, or names of their issuers. @openssl SSL_get_state */
  readsCertList(): boolean {
    return this.lib.ffi.SSL_reads_cert_list(this.ptr) === 1
  }

  /** @openssl SSL_is_server */
  isServer(): boolean {
    return this.lib.ffi.SSL_is_server(this.ptr) === 1
  }

  /** For example `SSLv3/TLS write client hello`. @openssl SSL_state_string_long */
  stateStringLong(): string {
    return this.lib.memory.readCString(this.lib.ffi.SSL_state_string_long(this.ptr))
  }

  /** New keys for all that is sent from now on (TLS 1.3); `SSL_KEY_UPDATE_…`. Goes out with the next write. @openssl SSL_key_update */
  keyUpdate(type: number): void {
    set(this.lib, 'Ssl.keyUpdate', () => this.lib.ffi.SSL_key_update(this.ptr, type))
  }

  /**
   * Asks the client for its certificate after the handshake (TLS 1.3, servers, if the client offered it). Goes out with the
   * next write; the answer comes with reading. @openssl SSL_verify_client_post_handshake @spec RFC 8446 §4.6.2
   */
  verifyClientPostHandshake(): void {
    set(this.lib, 'Ssl.verifyClientPostHandshake', () => this.lib.ffi.SSL_verify_client_post_handshake(this.ptr))
  }

  /** How many Finished messages of the client a server has read: one a handshake, one an authentication after it. */
  getClientFinishedCount(): number {
    return this.lib.ffi.SSL_get_client_finished_count(this.ptr)
  }

  /** Frees the connection, and its references to BIOs and context. Again does nothing. @openssl SSL_free */
  free(): void {
    this.#life.free()
  }

  // ---- private ----

  #lastError: SslErrorCode = 0
  #errors: readonly OpensslError[] = []
  #busy = false
  #freeAfterCall: (() => void) | undefined
  #expectedAddresses: string[] = []
  #rbio: Bio | undefined

  #io(call: (ssl: Ptr<'SSL'>, error: Ptr<'int'>) => number): IoResult {
    this.#refuseWhileBusy()
    const ssl = this.ptr
    const slot = this.lib.slot<'int'>()
    this.#busy = true
    try {
      const ret = call(ssl, slot)
      return { ret, error: this.#takeError(slot) }
    } catch (thrown) {
      if (!this.lib.border.aborted) this.#takeError(slot) // a callback's: the call has ended as others do
      throw thrown
    } finally {
      this.#busy = false
      this.#freeAfterCall?.()
      this.#freeAfterCall = undefined
    }
  }

  #takeError(slot: Ptr<'int'>): SslErrorCode {
    this.#lastError = this.lib.memory.readInt32(slot) as SslErrorCode
    // The queue is the instance's: the next connection would take errors that are left there for its own.
    if (this.#lastError === SSL_ERROR_SSL || this.#lastError === SSL_ERROR_SYSCALL) this.#keepErrors()
    return this.#lastError
  }

  /** A failed connection that is asked again raises no errors any more; the first ones are the reason. */
  #keepErrors(): void {
    const errors = takeErrors(this.lib)
    if (errors.length > 0) this.#errors = errors
  }

  /** OpenSSL does not expect a callback to use the very connection that called it. */
  #refuseWhileBusy(): void {
    if (this.#busy) throw new ApiMisuseError('ERR_TLS_INVALID_STATE', 'this Ssl is in the middle of a call, whose callback this is')
  }

  #readInto(
    method: string, target: Uint8Array, call: (ssl: Ptr<'SSL'>, buf: Ptr<'uint8_t'>, size: number, error: Ptr<'int'>) => number,
    countOf = (result: IoResult) => result.ret,
  ): IoResult {
    this.ptr
    if (target.byteLength === 0) throw new ApiMisuseError('ERR_TLS_INVALID_ARGUMENT', `Ssl.${method}: there is no room in target`)
    return this.lib.withBuffer(target.byteLength, (buf, size) => {
      const result = this.#io((ssl, error) => call(ssl, buf, size, error))
      if (result.ret > 0) this.lib.memory.copyOutTo(buf, countOf(result), target)
      return result
    })
  }

  #setCallbacks(change: RawSslCallbacks): void {
    Object.assign(this.#callbacks, change)
    this.lib.ffi.SSL_set_callbacks(this.ptr, wantedOf(this.#callbacks))
  }
}
