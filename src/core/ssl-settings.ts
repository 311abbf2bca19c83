// What one connection wants: the part of the class Ssl that sets names, algorithms, limits, and whom to trust, before the handshake.

import { asBytes, type BytesLike } from '../base/bytes.js'
import * as C from '../ffi/functions.gen.js'
import { NULL } from '../ffi/pointers.js'
import { encodeAlpn } from './alpn.js'
import type { EchStore } from './ech-store.js'
import { demandSameInstance, demandSize, set, setBytes, setText } from './setters.js'
import type { BasicSslCtx } from './basic-ssl-ctx.js'
import { SslOutcome } from './ssl-outcome.js'

/** An {@link Ssl}, as far as its settings go. */
export abstract class SslSettings extends SslOutcome {
  #expectedAddresses: string[] = []

  /** As {@link SslCtx.setMaxCertList}, of one connection. @openssl SSL_set_max_cert_list */
  setMaxCertList(bytes: number): void {
    demandSize('Ssl.setMaxCertList', bytes)
    this.lib.ffi[C.SSL_set_max_cert_list](this.ptr, bytes)
  }

  /** The name that a client asks for (SNI). It is not what is verified. @openssl SSL_set_tlsext_host_name @spec RFC 6066 §3 */
  setTlsextHostName(name: string): void {
    setText(this.lib, 'Ssl.setTlsextHostName', name, (text) => this.lib.ffi[C.SSL_set_tlsext_host_name](this.ptr, text))
  }

  /** Adds `SSL_OP_…` bits; returns all that are set now. @openssl SSL_set_options */
  setOptions(options: bigint): bigint {
    return this.lib.ffi[C.SSL_set_options](this.ptr, options)
  }

  /** As {@link SslCtx.setVerify}, of one connection. @openssl SSL_set_verify */
  setVerify(mode: number): void {
    this.lib.ffi[C.SSL_set_verify](this.ptr, mode)
  }

  /** As {@link SslCtx.setMinProtoVersion}, of one connection. @openssl SSL_set_min_proto_version */
  setMinProtoVersion(version: number): void {
    set(this.lib, 'Ssl.setMinProtoVersion', () => this.lib.ffi[C.SSL_set_min_proto_version](this.ptr, version))
  }

  /** As {@link SslCtx.setMaxProtoVersion}, of one connection. @openssl SSL_set_max_proto_version */
  setMaxProtoVersion(version: number): void {
    set(this.lib, 'Ssl.setMaxProtoVersion', () => this.lib.ffi[C.SSL_set_max_proto_version](this.ptr, version))
  }

  /** The most plaintext that goes into one record from now on: 512 to 16,384 bytes. @openssl SSL_set_max_send_fragment */
  setMaxSendFragment(bytes: number): void {
    set(this.lib, 'Ssl.setMaxSendFragment', () => this.lib.ffi[C.SSL_set_max_send_fragment](this.ptr, bytes))
  }

  /** What a client offers, most wanted first, in place of {@link SslCtx.setAlpnProtos}'s. @openssl SSL_set_alpn_protos @spec RFC 7301 */
  setAlpnProtos(protocols: readonly string[]): void {
    const ssl = this.ptr
    const encoded = encodeAlpn(protocols)
    // OpenSSL answers 0 for success here.
    setBytes(this.lib, 'Ssl.setAlpnProtos', ssl, encoded, (ptr, buf, length) =>
      (this.lib.ffi[C.SSL_set_alpn_protos](ptr, buf, length) === 0 ? 1 : 0))
  }

  /** Key exchange groups, names separated by colons, in order of preference. @openssl SSL_set1_groups_list */
  set1GroupsList(list: string): void {
    setText(this.lib, 'Ssl.set1GroupsList', list, (text) => this.lib.ffi[C.SSL_set1_groups_list](this.ptr, text))
  }

  /** As {@link SslCtx.set1ClientSigalgsList}, of one connection. @openssl SSL_set1_client_sigalgs_list */
  set1ClientSigalgsList(list: string): void {
    setText(this.lib, 'Ssl.set1ClientSigalgsList', list, (text) => this.lib.ffi[C.SSL_set1_client_sigalgs_list](this.ptr, text))
  }

  /** As {@link SslCtx.usePskIdentityHint}, of one connection. @openssl SSL_use_psk_identity_hint */
  usePskIdentityHint(hint: string | undefined): void {
    setText(this.lib, 'Ssl.usePskIdentityHint', hint, (text) => this.lib.ffi[C.SSL_use_psk_identity_hint](this.ptr, text))
  }

  /** Shows what `ctx` would show: certificates, chains and keys, which are shared. @openssl SSL_use_cert_and_key */
  useIdentityOf(ctx: BasicSslCtx): void {
    demandSameInstance(this.lib, ctx, 'SslCtx')
    set(this.lib, 'Ssl.useIdentityOf', () => this.lib.ffi[C.SSL_use_identity_of](this.ptr, ctx.ptr))
  }

  /** The DNS name that the peer's certificate must hold. @openssl SSL_set1_dnsname */
  set1Dnsname(name: string): void {
    setText(this.lib, 'Ssl.set1Dnsname', name, (text) => this.lib.ffi[C.SSL_set1_dnsname](this.ptr, text))
  }

  /** The IP address that the peer's certificate must hold. @openssl SSL_set1_ipaddr */
  set1Ipaddr(address: string): void {
    setText(this.lib, 'Ssl.set1Ipaddr', address, (text) => this.lib.ffi[C.SSL_set1_ipaddr](this.ptr, text))
    this.#expectedAddresses = [address]
  }

  /** One more DNS name; the peer's certificate must hold one of them. @openssl SSL_add1_dnsname */
  add1Dnsname(name: string): void {
    setText(this.lib, 'Ssl.add1Dnsname', name, (text) => this.lib.ffi[C.SSL_add1_dnsname](this.ptr, text))
  }

  /** One more IP address; the peer's certificate must hold one of them, and one of the names if there are any. @openssl SSL_add1_ipaddr */
  add1Ipaddr(address: string): void {
    setText(this.lib, 'Ssl.add1Ipaddr', address, (text) => this.lib.ffi[C.SSL_add1_ipaddr](this.ptr, text))
    this.#expectedAddresses.push(address)
  }

  /**
   * The DNS names and IP addresses that were set, of which the peer's certificate must hold one. If the server has rejected
   * ECH the name is its public name. @openssl X509_VERIFY_PARAM_get0_host
   */
  getExpectedNames(): string[] {
    const { ffi, memory } = this.lib
    const names: string[] = []
    for (let name; (name = memory.optionalCString(ffi[C.SSL_get0_dnsname](this.ptr, names.length))) !== undefined;) names.push(name)
    return [...names, ...this.#expectedAddresses]
  }

  /** `X509_CHECK_FLAG_…`. @openssl SSL_set_hostflags */
  setHostflags(flags: number): void {
    this.lib.ffi[C.SSL_set_hostflags](this.ptr, flags)
  }

  /**
   * Adds to the raw public keys that pass verification: each of a PEM text, or one as DER (SubjectPublicKeyInfo). All others are
   * `X509_V_ERR_RPK_UNTRUSTED`. Unlike SSL_add_expected_rpk(3) it changes nothing for certificates. @spec RFC 7250
   */
  acceptRpk(key: string | BytesLike): void {
    const bytes = asBytes(key)
    const ssl = this.ptr
    setBytes(this.lib, 'Ssl.acceptRpk', ssl, bytes, this.lib.ffi[C.SSL_accept_rpk])
  }

  /**
   * Asks for stapled OCSP (`LSW_OCSP_REQUEST` or `LSW_OCSP_REQUIRE`), and checks the responses: the handshake fails unless
   * each says "good", and its signer may say so. Without a response it fails if it is required, or if the certificate
   * promises one. `LSW_OCSP_UNCHECKED` only asks: {@link getTlsextStatusOcspResp} has what came.
   * @openssl SSL_set_tlsext_status_type @spec RFC 6066 §8, RFC 7633
   */
  requestOcsp(mode: number): void {
    set(this.lib, 'Ssl.requestOcsp', () => this.lib.ffi[C.SSL_request_ocsp](this.ptr, mode))
  }

  /**
   * Whether a client offers to show its certificate after the handshake (TLS 1.3).
   * @openssl SSL_set_post_handshake_auth @spec RFC 8446 §4.6.2
   */
  setPostHandshakeAuth(offered: boolean): void {
    this.lib.ffi[C.SSL_set_post_handshake_auth](this.ptr, offered ? 1 : 0)
  }

  /** For Encrypted Client Hello; the connection takes a copy. `undefined`: none. @openssl SSL_set1_echstore @spec RFC 9849 */
  set1Echstore(store: EchStore | undefined): void {
    demandSameInstance(this.lib, store, 'EchStore')
    set(this.lib, 'Ssl.set1Echstore', () => this.lib.ffi[C.SSL_set1_echstore](this.ptr, store?.ptr ?? NULL))
  }

  /**
   * The name that a client shows to the outside world; default the configuration's public name; `null` for none. It is
   * also the name that the server must prove if it rejects ECH. @openssl SSL_ech_set1_outer_server_name
   */
  echSet1OuterServerName(name: string | null): void {
    const what = 'Ssl.echSet1OuterServerName'
    const { ffi } = this.lib
    if (name === null) set(this.lib, what, () => ffi[C.SSL_ech_set1_outer_server_name](this.ptr, NULL, 1))
    else setText(this.lib, what, name, (text) => ffi[C.SSL_ech_set1_outer_server_name](this.ptr, text, 0))
  }
}
