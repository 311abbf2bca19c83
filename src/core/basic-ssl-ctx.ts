// SSL_CTX: what connections have in common, as far as connect() and accept() need it; ssl-ctx.ts has the rest. Methods are OpenSSL's
// functions less their prefix. Long because it is one class for one type of OpenSSL's, a few lines a function.

import { requireEntropy } from '../base/entropy.js'
import { asBytes, type BytesLike } from '../base/bytes.js'
import { LSW_TICKET_KEY128_BYTES, LSW_TICKET_KEY_BYTES, SSL_VERIFY_PEER } from '../ffi/constants.gen.js'
import * as C from '../ffi/functions.gen.js'
import { Lifetime } from '../ffi/lifetime.js'
import { NULL, type Ptr } from '../ffi/pointers.js'
import { encodeAlpn } from './alpn.js'
import type { EchStore } from './ech-store.js'
import { outOfMemory } from './err-queue.js'
import type { LibSsl } from './lib-ssl.js'
import { demand, demandSameInstance, demandSize, set, setBytes, setText, useKey } from './setters.js'
import { readX509, readX509Validity, type X509Validity } from './x509-contents.js'
import type { X509 } from './x509.js'
import type { X509Store } from './x509-store.js'

const methods: Readonly<Record<SslMethod, number>> = { TLS_method: 0, TLS_client_method: 1, TLS_server_method: 2 }

/** `TLS_method`: for connections of both sides. */
export type SslMethod = 'TLS_method' | 'TLS_client_method' | 'TLS_server_method'

/** An {@link SslCtx}, as far as connect() and accept() need it. */
export class BasicSslCtx {
  /** @internal */ readonly lib: LibSsl
  readonly #life: Lifetime<'SSL_CTX'>

  /**
   * Unlike OpenSSL, a client's context verifies the peer's certificate unless it is told otherwise; the trust
   * anchors are {@link set1CertStore}'s, the expected name is {@link Ssl.set1Dnsname}'s. Throws `ERR_TLS_NO_ENTROPY`
   * if the platform gives no random bytes, as edge workers do outside of a handler.
   * @openssl SSL_CTX_new
   */
  constructor(lib: LibSsl, method: SslMethod) {
    demand(Object.hasOwn(methods, method), `method must be one of ${Object.keys(methods).join(', ')}, not ${String(method)}`)
    requireEntropy()
    const ptr = lib.ffi[C.SSL_CTX_new](methods[method])
    if (ptr === 0) throw outOfMemory(lib, 'SSL_CTX_new')
    this.lib = lib
    this.#life = new Lifetime('SslCtx', ptr, (owned) => { lib.ffi[C.SSL_CTX_free](owned) })
    if (method === 'TLS_client_method') this.setVerify(SSL_VERIFY_PEER)
  }

  /** @internal */
  get ptr(): Ptr<'SSL_CTX'> {
    return this.#life.ptr
  }

  /** Adds `SSL_OP_…` bits; returns all that are set now. @openssl SSL_CTX_set_options */
  setOptions(options: bigint): bigint {
    return this.lib.ffi[C.SSL_CTX_set_options](this.ptr, options)
  }

  /** Adds `SSL_MODE_…` bits; returns all that are set now. @openssl SSL_CTX_set_mode */
  setMode(mode: number): number {
    return this.lib.ffi[C.SSL_CTX_set_mode](this.ptr, mode)
  }

  /** `TLS1_2_VERSION` or `TLS1_3_VERSION`; 0 for the lowest there is. @openssl SSL_CTX_set_min_proto_version */
  setMinProtoVersion(version: number): void {
    set(this.lib, 'SslCtx.setMinProtoVersion', () => this.lib.ffi[C.SSL_CTX_set_min_proto_version](this.ptr, version))
  }

  /** `TLS1_2_VERSION` or `TLS1_3_VERSION`; 0 for the highest there is. @openssl SSL_CTX_set_max_proto_version */
  setMaxProtoVersion(version: number): void {
    set(this.lib, 'SslCtx.setMaxProtoVersion', () => this.lib.ffi[C.SSL_CTX_set_max_proto_version](this.ptr, version))
  }

  /** TLS 1.2's cipher suites, in the syntax of openssl-ciphers(1). @openssl SSL_CTX_set_cipher_list */
  setCipherList(list: string): void {
    setText(this.lib, 'SslCtx.setCipherList', list, (text) => this.lib.ffi[C.SSL_CTX_set_cipher_list](this.ptr, text))
  }

  /** TLS 1.3's cipher suites, names separated by colons, in order of preference. @openssl SSL_CTX_set_ciphersuites */
  setCiphersuites(list: string): void {
    setText(this.lib, 'SslCtx.setCiphersuites', list, (text) => this.lib.ffi[C.SSL_CTX_set_ciphersuites](this.ptr, text))
  }

  /** Key exchange groups, names separated by colons, in order of preference. @openssl SSL_CTX_set1_groups_list */
  set1GroupsList(list: string): void {
    setText(this.lib, 'SslCtx.set1GroupsList', list, (text) => this.lib.ffi[C.SSL_CTX_set1_groups_list](this.ptr, text))
  }

  /**
   * Signature algorithms, separated by colons, in order of preference: those of the peer's certificate and handshake, and of
   * our own. Unknown names are refused, unless they begin with a question mark. @openssl SSL_CTX_set1_sigalgs_list
   */
  set1SigalgsList(list: string): void {
    setText(this.lib, 'SslCtx.set1SigalgsList', list, (text) => this.lib.ffi[C.SSL_CTX_set1_sigalgs_list](this.ptr, text))
  }

  /**
   * Signature algorithms of client certificates, in the same form, in place of {@link set1SigalgsList}'s: what a client may sign
   * with, and what a server asks of its clients. @openssl SSL_CTX_set1_client_sigalgs_list
   */
  set1ClientSigalgsList(list: string): void {
    setText(this.lib, 'SslCtx.set1ClientSigalgsList', list, (text) => this.lib.ffi[C.SSL_CTX_set1_client_sigalgs_list](this.ptr, text))
  }

  /**
   * Whether a TLS 1.2 server has Diffie-Hellman parameters, without which it agrees on no DHE suite: OpenSSL's own, of 2048 bits
   * or more, as strong as the certificate's key and the security level. Default: no. @openssl SSL_CTX_set_dh_auto
   */
  setDhAuto(on: boolean): void {
    set(this.lib, 'SslCtx.setDhAuto', () => this.lib.ffi[C.SSL_CTX_set_dh_auto](this.ptr, on ? 1 : 0))
  }

  /** 0 (everything goes) to 5 (256 bits); OpenSSL's default is 2, for 112 bits. @openssl SSL_CTX_set_security_level */
  setSecurityLevel(level: number): void {
    demand(Number.isInteger(level) && level >= 0 && level <= 5, 'SslCtx.setSecurityLevel: level must be an integer from 0 to 5')
    this.lib.ffi[C.SSL_CTX_set_security_level](this.ptr, level)
  }

  /** What a client offers, most wanted first. @openssl SSL_CTX_set_alpn_protos @spec RFC 7301 */
  setAlpnProtos(protocols: readonly string[]): void {
    const encoded = encodeAlpn(protocols)
    // OpenSSL answers 0 for success here.
    setBytes(this.lib, 'SslCtx.setAlpnProtos', this.ptr, encoded, (ptr, buf, length) =>
      (this.lib.ffi[C.SSL_CTX_set_alpn_protos](ptr, buf, length) === 0 ? 1 : 0))
  }

  /** `SSL_VERIFY_NONE`, or `SSL_VERIFY_PEER` with others or-ed. @openssl SSL_CTX_set_verify */
  setVerify(mode: number): void {
    this.lib.ffi[C.SSL_CTX_set_verify](this.ptr, mode)
  }

  /** @openssl SSL_CTX_get_verify_mode */
  getVerifyMode(): number {
    return this.lib.ffi[C.SSL_CTX_get_verify_mode](this.ptr)
  }

  /**
   * How large a client asks the peer's records to be: `TLSEXT_max_fragment_length_…`.
   * @openssl SSL_CTX_set_tlsext_max_fragment_length @spec RFC 6066 §4
   */
  setTlsextMaxFragmentLength(mode: number): void {
    set(this.lib, 'SslCtx.setTlsextMaxFragmentLength', () => this.lib.ffi[C.SSL_CTX_set_tlsext_max_fragment_length](this.ptr, mode))
  }

  /** The most plaintext that goes into one record: 512 to 16,384 bytes. @openssl SSL_CTX_set_max_send_fragment */
  setMaxSendFragment(bytes: number): void {
    set(this.lib, 'SslCtx.setMaxSendFragment', () => this.lib.ffi[C.SSL_CTX_set_max_send_fragment](this.ptr, bytes))
  }

  /**
   * How long a peer's list of certificates, or of names of their issuers, may be, in bytes; OpenSSL's default is 102,400. A longer
   * one ends the handshake: `ERR_SSL_EXCESSIVE_MESSAGE_SIZE`. @openssl SSL_CTX_set_max_cert_list
   */
  setMaxCertList(bytes: number): void {
    demandSize('SslCtx.setMaxCertList', bytes)
    this.lib.ffi[C.SSL_CTX_set_max_cert_list](this.ptr, bytes)
  }

  /**
   * Pads the plaintext of TLS 1.3 records to a multiple of so many bytes; 0 and 1: no padding.
   * @openssl SSL_CTX_set_block_padding @spec RFC 8446 §5.4
   */
  setBlockPadding(blockBytes: number): void {
    set(this.lib, 'SslCtx.setBlockPadding', () => this.lib.ffi[C.SSL_CTX_set_block_padding](this.ptr, blockBytes))
  }

  /** The context takes a reference of its own. @openssl SSL_CTX_set1_cert_store */
  set1CertStore(store: X509Store): void {
    demandSameInstance(this.lib, store, 'X509Store')
    this.lib.ffi[C.SSL_CTX_set1_cert_store](this.ptr, store.ptr)
  }

  /** Adds `X509_V_FLAG_…` bits. @openssl X509_VERIFY_PARAM_set_flags */
  setVerifyFlags(flags: number): void {
    set(this.lib, 'SslCtx.setVerifyFlags', () => this.lib.ffi[C.SSL_CTX_set_verify_flags](this.ptr, flags))
  }

  /**
   * Names the certificates of `store` to clients that are asked for theirs. Throws `ERR_SSL_LENGTH_TOO_LONG` if all names together take
   * more than `LSW_MAX_CA_LIST_BYTES`, two added to each: no CertificateRequest could carry them.
   * @openssl SSL_CTX_add_client_CA @spec RFC 8446 §4.2.4
   */
  addToCaList(store: X509Store): void {
    demandSameInstance(this.lib, store, 'X509Store')
    set(this.lib, 'SslCtx.addToCaList', () => this.lib.ffi[C.SSL_CTX_add_store_to_CA_list](this.ptr, store.ptr))
  }

  /** For Encrypted Client Hello; the context takes a copy. `undefined`: none. @openssl SSL_CTX_set1_echstore */
  set1Echstore(store: EchStore | undefined): void {
    demandSameInstance(this.lib, store, 'EchStore')
    set(this.lib, 'SslCtx.set1Echstore', () => this.lib.ffi[C.SSL_CTX_set1_echstore](this.ptr, store?.ptr ?? NULL))
  }

  /** Own certificate first, then its chain: PEM; or one certificate, DER. @openssl SSL_CTX_use_certificate_chain_file */
  useCertificateChain(certificates: string | BytesLike): void {
    const bytes = asBytes(certificates)
    setBytes(this.lib, 'SslCtx.useCertificateChain', this.ptr, bytes, this.lib.ffi[C.SSL_CTX_use_certificate_chain])
  }

  /**
   * The private key of the certificate that was set before: PEM or DER, PKCS#8, PKCS#1 or SEC1, encrypted ones with
   * `passphrase`. What else stands in a PEM text is passed over; of several keys the one that belongs to the certificate is used.
   * Copies in linear memory are overwritten, but for OpenSSL's own. Throws `ERR_TLS_KEY_UNREADABLE`,
   * `ERR_TLS_PASSPHRASE_MISSING`, `ERR_TLS_PASSPHRASE_WRONG`, `ERR_TLS_KEY_ENCRYPTION_UNSUPPORTED` or `ERR_TLS_KEY_MISMATCH`.
   * @openssl SSL_CTX_use_PrivateKey
   */
  usePrivateKey(key: string | BytesLike, passphrase?: string | BytesLike): void {
    const bytes = asBytes(key)
    const secret = passphrase === undefined ? undefined : asBytes(passphrase)
    const convert = 'openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem'
    useKey(this.lib, 'SslCtx.usePrivateKey', convert, bytes, () => this.lib.memory.scope((scope) => this.lib.ffi[C.SSL_CTX_use_PrivateKey](
      this.ptr, scope.bytes(bytes), bytes.byteLength, secret ? scope.bytes(secret) : NULL, secret?.byteLength ?? 0)))
  }

  /** Throws unless the key belongs to the certificate. @openssl SSL_CTX_check_private_key */
  checkPrivateKey(): void {
    set(this.lib, 'SslCtx.checkPrivateKey', () => this.lib.ffi[C.SSL_CTX_check_private_key](this.ptr))
  }

  /**
   * Key, certificate and chain of a PKCS#12 file, DER or PEM, in place of those that were there. Errors as of {@link usePrivateKey}.
   * Files protected by AES, 3DES and RC2 can be read.
   * @openssl PKCS12_parse SSL_CTX_use_cert_and_key
   */
  usePkcs12(file: BytesLike, passphrase?: string | BytesLike): void {
    const bytes = asBytes(file)
    const secret = passphrase === undefined ? undefined : asBytes(passphrase)
    demand(!secret?.includes(0), 'SslCtx.usePkcs12: the passphrase holds a NUL')
    const convert = 'openssl pkcs12 -legacy -in OLD.p12 -out ALL.pem, then openssl pkcs12 -export -in ALL.pem -out NEW.p12'
    useKey(this.lib, 'SslCtx.usePkcs12', convert, bytes, () => this.lib.memory.scope((scope) => {
      const cstring = secret ? scope.alloc<'char'>(secret.byteLength + 1) : NULL
      if (secret) this.lib.memory.copyIn(secret, cstring)
      return this.lib.ffi[C.SSL_CTX_use_pkcs12](this.ptr, scope.bytes(bytes), bytes.byteLength, cstring)
    }))
  }

  /** The type of the key of the certificate that was set last; {@link X509.keyType} has the names. @openssl EVP_PKEY_get0_type_name */
  getCertKeyType(): string | undefined {
    const cert = this.lib.ffi[C.SSL_CTX_get0_chain_cert](this.ptr, 0)
    return this.lib.memory.optionalCString(cert === 0 ? 0 : this.lib.ffi[C.X509_key_type](cert))
  }

  /** The certificate that was set last, and its chain. @openssl SSL_CTX_get0_certificate SSL_CTX_get0_chain_certs */
  getCertChain(): X509[] {
    return this.#readChain(readX509)
  }

  /** @internal What must be known of each of them before it is used. */
  getCertChainValidity(): X509Validity[] {
    return this.#readChain(readX509Validity)
  }

  #readChain<T>(read: (lib: LibSsl, cert: Ptr<'X509'>) => T): T[] {
    const chain: T[] = []
    for (let cert; (cert = this.lib.ffi[C.SSL_CTX_get0_chain_cert](this.ptr, chain.length)) !== 0;) chain.push(read(this.lib, cert))
    return chain
  }

  /**
   * What clients may show: `TLSEXT_cert_type_x509`, `TLSEXT_cert_type_rpk`, most wanted first.
   * @openssl SSL_CTX_set1_client_cert_type @spec RFC 7250
   */
  set1ClientCertType(types: readonly number[]): void {
    setBytes(this.lib, 'SslCtx.set1ClientCertType', this.ptr, Uint8Array.from(types), this.lib.ffi[C.SSL_CTX_set1_client_cert_type])
  }

  /** What servers may show, in the same form. @openssl SSL_CTX_set1_server_cert_type @spec RFC 7250 */
  set1ServerCertType(types: readonly number[]): void {
    setBytes(this.lib, 'SslCtx.set1ServerCertType', this.ptr, Uint8Array.from(types), this.lib.ffi[C.SSL_CTX_set1_server_cert_type])
  }

  /** Needed by a server that asks for certificates and resumes sessions. @openssl SSL_CTX_set_session_id_context */
  setSessionIdContext(id: Uint8Array): void {
    setBytes(this.lib, 'SslCtx.setSessionIdContext', this.ptr, id, this.lib.ffi[C.SSL_CTX_set_session_id_context])
  }

  /** `SSL_SESS_CACHE_…`. @openssl SSL_CTX_set_session_cache_mode */
  setSessionCacheMode(mode: number): void {
    this.lib.ffi[C.SSL_CTX_set_session_cache_mode](this.ptr, mode)
  }

  /** How many sessions OpenSSL's own store holds; its default is 20,480. @openssl SSL_CTX_sess_set_cache_size */
  sessSetCacheSize(count: number): void {
    this.lib.ffi[C.SSL_CTX_sess_set_cache_size](this.ptr, count)
  }

  /** How many TLS 1.3 tickets a server sends after a handshake. @openssl SSL_CTX_set_num_tickets */
  setNumTickets(count: number): void {
    set(this.lib, 'SslCtx.setNumTickets', () => this.lib.ffi[C.SSL_CTX_set_num_tickets](this.ptr, count))
  }

  /** How long new sessions may be resumed, in seconds; OpenSSL's default is 7,200. @openssl SSL_CTX_set_timeout */
  setTimeout(seconds: number): void {
    this.lib.ffi[C.SSL_CTX_set_timeout](this.ptr, seconds)
  }

  /**
   * Has connections call {@link Ssl.setNewSessionCb}'s and {@link Ssl.setGetSessionCb}'s callbacks.
   * @openssl SSL_CTX_sess_set_new_cb SSL_CTX_sess_set_get_cb
   */
  sessSetCallbacks(): void {
    this.lib.ffi[C.SSL_CTX_sess_set_callbacks](this.ptr)
  }

  /**
   * Keys of session tickets, `keyBytes` each: `LSW_TICKET_KEY_BYTES`, 16 for its name, 32 for AES-256-CBC, 32 for HMAC-SHA-256; or
   * `LSW_TICKET_KEY128_BYTES`, as Node has them, 16 for its name, 16 for HMAC-SHA-256, 16 for AES-128-CBC. The first makes tickets;
   * tickets of the others are still accepted, and renewed. Copied. The ticket of a client whose certificate has expired meanwhile
   * makes for a full handshake; so does a TLS 1.2 ticket for another name than is asked for.
   * @openssl SSL_CTX_set_tlsext_ticket_key_evp_cb @spec RFC 5077 §4
   */
  setTicketKeys(keys: Uint8Array, keyBytes: typeof LSW_TICKET_KEY_BYTES | typeof LSW_TICKET_KEY128_BYTES = LSW_TICKET_KEY_BYTES): void {
    setBytes(this.lib, 'SslCtx.setTicketKeys', this.ptr, keys, (ptr, buf, length) =>
      this.lib.ffi[C.SSL_CTX_set_ticket_keys](ptr, buf, length, keyBytes))
  }

  /** How much 0-RTT data new tickets allow, in bytes. @openssl SSL_CTX_set_max_early_data */
  setMaxEarlyData(bytes: number): void {
    set(this.lib, 'SslCtx.setMaxEarlyData', () => this.lib.ffi[C.SSL_CTX_set_max_early_data](this.ptr, bytes))
  }

  /** How much of it is taken, also in records that cannot be decrypted. @openssl SSL_CTX_set_recv_max_early_data */
  setRecvMaxEarlyData(bytes: number): void {
    set(this.lib, 'SslCtx.setRecvMaxEarlyData', () => this.lib.ffi[C.SSL_CTX_set_recv_max_early_data](this.ptr, bytes))
  }

  /** Gives up this reference. Connections made from the context keep theirs. Again does nothing. */
  free(): void {
    this.#life.free()
  }
}
