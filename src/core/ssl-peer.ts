// What a peer has shown of itself: the part of the class Ssl that says who it is, and whether that was verified.

import { decodeUtf8 } from '../base/bytes.js'
import * as C from '../ffi/functions.gen.js'
import type { Ptr } from '../ffi/pointers.js'
import { verifyName, type VerifyResultName } from './certificate-code.js'
import { printName } from './general-name.js'
import type { LibSsl } from './lib-ssl.js'
import { readX509, spkiSha256 } from './x509-contents.js'
import type { X509 } from './x509.js'

/** An {@link Ssl}, as far as its peer's identity goes. */
export abstract class SslPeer {
  /** @internal */ abstract readonly lib: LibSsl
  /** @internal */ abstract get ptr(): Ptr<'SSL'>

  /** A copy of the peer's certificate. @openssl SSL_get0_peer_certificate */
  getPeerCertificate(): X509 | undefined {
    const cert = this.lib.ffi[C.SSL_get0_peer_certificate](this.ptr)
    return cert === 0 ? undefined : readX509(this.lib, cert)
  }

  /** Copies of all certificates that the peer sent, its own first. @openssl SSL_get_peer_cert_chain */
  getPeerCertChain(): X509[] {
    return this.#peerChain((cert) => readX509(this.lib, cert))
  }

  /** Copies of the certificates from the peer's own to the trust anchor, as far as OpenSSL got. @openssl SSL_get0_verified_chain */
  getVerifiedChain(): X509[] {
    return this.#verifiedChain((cert) => readX509(this.lib, cert))
  }

  /** SHA-256 of the SubjectPublicKeyInfo of each of {@link getVerifiedChain}. @openssl i2d_X509_PUBKEY */
  getVerifiedChainSpkiSha256(): Uint8Array[] {
    return this.#verifiedChain((cert) => spkiSha256(this.lib, cert))
  }

  /** @openssl SSL_set_verify_result */
  setVerifyResult(result: number): void {
    this.lib.ffi[C.SSL_set_verify_result](this.ptr, result)
  }

  /** `X509_V_OK`, also if the peer showed no certificate; or OpenSSL's objection to it. @openssl SSL_get_verify_result */
  getVerifyResult(): number {
    return this.lib.ffi[C.SSL_get_verify_result](this.ptr)
  }

  /** The name of a verification result, for example `X509_V_ERR_CERT_HAS_EXPIRED`. */
  getVerifyResultName(): VerifyResultName {
    return verifyName(this.getVerifyResult())
  }

  /** OpenSSL's words for a verification result, for example `certificate has expired`. @openssl X509_verify_cert_error_string */
  verifyCertErrorString(verifyCode = this.getVerifyResult()): string {
    return this.lib.memory.readCString(this.lib.ffi[C.X509_verify_cert_error_string](verifyCode))
  }

  /** Where verification failed, overruled or not: depth (-1 if it did not) and certificate. @openssl X509_STORE_CTX_get_error_depth */
  getVerifyFailure(): { depth: number; certificate: X509 | undefined } {
    const cert = this.lib.ffi[C.SSL_get0_verify_cert](this.ptr)
    return {
      depth: this.lib.ffi[C.SSL_get_verify_depth](this.ptr),
      certificate: cert === 0 ? undefined : readX509(this.lib, cert),
    }
  }

  /** Of the certificate of {@link getVerifyFailure}: how many trust anchors have its issuer's name. @openssl X509_STORE_get1_all_certs */
  countPossibleIssuers(): number {
    return this.lib.ffi[C.SSL_count_possible_issuers](this.ptr)
  }

  /** Whether the certificate at which verification failed is one of the trust anchors. @openssl X509_STORE_get1_all_certs */
  hasRefusedAnchor(): boolean {
    return this.lib.ffi[C.SSL_has_refused_anchor](this.ptr) === 1
  }

  /** The raw public key that the peer has shown in place of a certificate: SubjectPublicKeyInfo, DER. @openssl SSL_get0_peer_rpk */
  getPeerRpk(): Uint8Array<ArrayBuffer> | undefined {
    const ssl = this.ptr
    return this.lib.memory.collect((buf, size) => this.lib.ffi[C.SSL_get_peer_rpk](ssl, buf, size))
  }

  /** The identity of the external pre-shared key that was used; `undefined` if none was. @openssl SSL_get_psk_identity */
  getPskIdentity(): string | undefined {
    const ssl = this.ptr
    const bytes = this.lib.memory.collect((buf, size) => this.lib.ffi[C.SSL_get_psk_identity](ssl, buf, size))
    return bytes && decodeUtf8(bytes)
  }

  /**
   * The names of CAs that the peer has sent, RFC 2253: a server's CertificateRequest, or a TLS 1.3 client's extension
   * certificate_authorities. @openssl SSL_get0_peer_CA_list
   */
  get0PeerCaList(): string[] {
    const { ffi, memory } = this.lib
    return this.#caList((index) =>
      printName(memory.collectText((buf, size) => ffi[C.SSL_get_peer_CA_name](this.ptr, index, buf, size))))
  }

  /** The same names as DER. @openssl SSL_get0_peer_CA_list i2d_X509_NAME */
  get0PeerCaListDer(): Uint8Array<ArrayBuffer>[] {
    const { ffi, memory } = this.lib
    return this.#caList((index) => memory.collect((buf, size) => ffi[C.SSL_get_peer_CA_name_der](this.ptr, index, buf, size))!)
  }

  /**
   * The stapled OCSP response, DER, a copy: on a client what came, whether it was checked or not (the first one, if there are
   * several); on a server what it has set. `undefined` if there is none. @openssl SSL_get_tlsext_status_ocsp_resp
   */
  getTlsextStatusOcspResp(): Uint8Array<ArrayBuffer> | undefined {
    const ssl = this.ptr
    return this.lib.memory.collect((buf, size) => this.lib.ffi[C.SSL_get_tlsext_status_ocsp_resp](ssl, buf, size))
  }

  #caList<T>(read: (index: number) => T): T[] {
    return Array.from({ length: this.lib.ffi[C.SSL_get_peer_CA_count](this.ptr) }, (_, index) => read(index))
  }

  #peerChain<T>(read: (cert: Ptr<'X509'>) => T): T[] {
    const { ffi } = this.lib
    return Array.from({ length: ffi[C.SSL_get_peer_chain_length](this.ptr) }, (_, index) =>
      read(ffi[C.SSL_get0_peer_chain_cert](this.ptr, index) as Ptr<'X509'>))
  }

  #verifiedChain<T>(read: (cert: Ptr<'X509'>) => T): T[] {
    const { ffi } = this.lib
    return Array.from({ length: ffi[C.SSL_get_verified_chain_length](this.ptr) }, (_, index) =>
      read(ffi[C.SSL_get0_verified_chain_cert](this.ptr, index) as Ptr<'X509'>))
  }
}
